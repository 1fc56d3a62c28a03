from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours import Hours

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Hours.parse("Mon-Fri 09:00-18:00, Sat 10:00-14:00")


def at(text: str, zone: tzinfo = BERLIN, *, fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize(("moment", "expected"), [
    ("2026-03-02T08:59", False), ("2026-03-02T09:00", True), ("2026-03-06T17:59", True),
    ("2026-03-06T18:00", False), ("2026-03-07T10:00", True), ("2026-03-07T14:00", False),
    ("2026-03-08T12:00", False),
])
def test_the_start_is_open_and_the_end_is_not(moment: str, expected: bool) -> None:
    assert WEEK.is_open(at(moment), BERLIN) is expected


def test_hours_are_those_of_the_zone() -> None:
    nine_in_berlin = at("2026-03-02T09:00")
    assert WEEK.is_open(nine_in_berlin, BERLIN)
    assert not WEEK.is_open(nine_in_berlin, ZoneInfo("America/New_York"))
    assert not WEEK.is_open(nine_in_berlin, UTC)


def test_the_next_opening_is_after_the_weekend() -> None:
    assert WEEK.opens(at("2026-03-07T14:00"), BERLIN) == at("2026-03-09T09:00")
    assert WEEK.opens(at("2026-03-09T08:00"), BERLIN) == at("2026-03-09T09:00")
    assert WEEK.opens(at("2026-03-09T09:00"), BERLIN) == at("2026-03-10T09:00")


def test_a_day_may_have_several_intervals() -> None:
    for text in ("Mon 09:00-12:00 13:00-18:00", "Mon 09:00-12:00, Mon 13:00-18:00",
                 "Mon 09:00-12:00, 13:00-18:00"):
        hours = Hours.parse(text)
        assert hours.is_open(at("2026-03-02T11:59"), BERLIN)
        assert not hours.is_open(at("2026-03-02T12:30"), BERLIN)
        assert hours.opens(at("2026-03-02T12:30"), BERLIN) == at("2026-03-02T13:00")


def test_an_evening_may_pass_midnight() -> None:
    bar = Hours.parse("Fri-Sat 20:00-02:00")
    assert bar.is_open(at("2026-03-07T01:59"), BERLIN)
    assert not bar.is_open(at("2026-03-07T02:00"), BERLIN)
    assert bar.is_open(at("2026-03-08T01:00"), BERLIN)
    assert not bar.is_open(at("2026-03-06T01:00"), BERLIN)


def test_a_holiday_cancels_what_starts_on_it_and_nothing_else() -> None:
    bar = Hours.parse("Mon-Sun 20:00-02:00")
    closed = (date(2026, 12, 25),)
    assert bar.is_open(at("2026-12-25T01:00"), BERLIN, closed)
    assert not bar.is_open(at("2026-12-25T21:00"), BERLIN, closed)
    assert not bar.is_open(at("2026-12-26T01:00"), BERLIN, closed)
    assert bar.opens(at("2026-12-25T10:00"), BERLIN, closed) == at("2026-12-26T20:00")


def test_round_the_clock_never_opens_because_it_never_closes() -> None:
    always = Hours.parse("Mon-Sun 00:00-24:00")
    assert always.is_open(at("2026-03-04T00:00"), BERLIN)
    assert always.opens(at("2026-03-04T00:00"), BERLIN) is None


def test_days_that_touch_at_midnight_are_one_opening() -> None:
    hours = Hours.parse("Mon-Fri 00:00-24:00")
    assert hours.opens(at("2026-03-04T12:00"), BERLIN) == at("2026-03-09T00:00")


def test_a_range_of_days_may_pass_the_end_of_the_week() -> None:
    hours = Hours.parse("fri-mon 9:00-10:00")
    assert {day for day, _, _ in hours.intervals} == {4, 5, 6, 0}


def test_single_days_and_full_names_are_understood() -> None:
    assert Hours.parse("Mon Wed Friday 09:00 – 10:00") == Hours.parse(
        "Mon 09:00-10:00, Wed 09:00-10:00, Fri 09:00-10:00")


def test_an_hour_skipped_in_spring_opens_when_the_clock_goes_on() -> None:
    hours = Hours.parse("Sun 02:30-05:00")          # 29 March 2026: 02:00 becomes 03:00
    assert hours.opens(at("2026-03-29T01:00"), BERLIN) == at("2026-03-29T03:00")
    assert hours.is_open(at("2026-03-29T03:00"), BERLIN)
    assert Hours.parse("Sun 02:00-03:00").opens(at("2026-03-28T12:00"), BERLIN) == at(
        "2026-04-05T02:00")


def test_an_hour_that_comes_twice_in_autumn_is_open_through() -> None:
    hours = Hours.parse("Sun 01:00-02:30")          # 25 October 2026: 03:00 becomes 02:00
    assert hours.is_open(at("2026-10-25T02:15", fold=0), BERLIN)
    assert hours.is_open(at("2026-10-25T02:45", fold=0), BERLIN)
    assert hours.is_open(at("2026-10-25T02:15", fold=1), BERLIN)
    assert not hours.is_open(at("2026-10-25T02:30", fold=1), BERLIN)


@pytest.mark.parametrize(("text", "message"), [
    ("Mno 09:00-18:00", "did you mean Mon?"),
    ("Mon-Fir 09:00-18:00", "did you mean Fri?"),
    ("Mon", "lacks the times"),
    ("09:00-18:00", "lacks the days"),
    ("", "an empty part lacks the days"),
    ("Mon 9-18", "write it as 09:00-18:00"),
    ("Mon 09:00-25:00", "no clock shows"),
    ("Mon 09:60-10:00", "no clock shows"),
    ("Mon 24:00-10:00", "no clock shows"),
    ("Mon 09:00-09:00", "is empty"),
    ("Mon 09:00-18:00 Sat 10:00-14:00", "needs a comma before Sat"),
])
def test_a_plan_that_cannot_be_read_says_what_would_do(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Hours.parse(text)


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_it_is_open_at_each_opening_and_closed_just_before(moment: int) -> None:
    hours = Hours.parse("Mon-Thu 22:00-03:00, Sat 01:30-02:30 12:00-24:00, Sun 02:15-04:00")
    opening = hours.opens(moment, BERLIN)
    assert opening is not None
    assert opening > moment
    assert hours.is_open(opening, BERLIN)
    assert not hours.is_open(opening - 1, BERLIN)
