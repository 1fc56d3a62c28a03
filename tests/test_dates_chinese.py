from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.flow import dates

TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(("text", "day", "clock"), [
    ("今天", "2026-11-24", ""), ("明天上午10点", "2026-11-25", "10:00"), ("后天", "2026-11-26", ""),
    ("大后天", "2026-11-27", ""), ("周五", "2026-11-27", ""), ("星期五", "2026-11-27", ""),
    ("下周二", "2026-12-01", ""), ("下週二", "2026-12-01", ""), ("下下周一", "2026-12-07", ""),
    ("这周日", "2026-11-29", ""), ("周一", "2026-11-30", ""), ("三月五号", "2027-03-05", ""),
    ("3月5日", "2027-03-05", ""), ("2026年12月1日", "2026-12-01", ""),
    ("二〇二七年三月五日", "2027-03-05", ""), ("明年三月五号", "2027-03-05", ""),
    ("15号", "2026-12-15", ""), ("三十号", "2026-11-30", ""), ("下个月5号", "2026-12-05", ""),
    ("两周后", "2026-12-08", ""), ("三天后", "2026-11-27", ""), ("今晚八点", "2026-11-24", "20:00"),
    ("后天下午两点半左右可以吗", "2026-11-26", "14:30"),
    ("12月24号早上九点", "2026-12-24", "09:00"),
    ("下周二下午3:30", "2026-12-01", "15:30"), ("改到明天十五点一刻吧", "2026-11-25", "15:15"),
    ("明天中午十二点", "2026-11-25", "12:00"), ("2026-12-01 15:00", "2026-12-01", "15:00"),
    ("1990年3月5日", "1990-03-05", ""), ("我想约在下周三上午", "2026-12-02", "")])
def test_days_and_times(text: str, day: str, clock: str) -> None:
    found = dates.read(text, "zh", TUESDAY)
    assert found is not None
    assert found.days[0].isoformat() == day
    assert [one.isoformat("minutes") for one in found.clocks[:1]] == ([clock] if clock else [])


@pytest.mark.parametrize(("text", "clocks"), [
    ("下午三点半", ["15:30"]), ("三点", ["15:00", "03:00"]), ("9点", ["09:00", "21:00"]),
    ("晚上8点", ["20:00"]), ("凌晨两点", ["02:00"]), ("15:30", ["15:30"]), ("二十点", ["20:00"])])
def test_times_alone(text: str, clocks: list[str]) -> None:
    found = dates.read(text, "zh", TUESDAY)
    assert found is not None
    assert [one.isoformat("minutes") for one in found.clocks] == clocks


@pytest.mark.parametrize("text", [
    "四", "我想退货", "你好", "不要周二", "周二或周三", "下周", "三十二号", "十三月五号",
    "二十五点", "两件",
    "订单号是三月", "一"])
def test_what_names_no_single_day_or_time_is_none(text: str) -> None:
    found = dates.read(text, "zh", TUESDAY)
    assert found is None or not found.days
