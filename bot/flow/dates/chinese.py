"""Days and times in Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import regex

from bot.flow.dates.found import Read, add_months, clocks, coming, moved, weekday
from bot.flow.dates.wording import AFTERNOON, EVENING, MORNING, NIGHT, NOON, Part
from bot.flow.language.numerals import HAN_DIGITS, han

_SIMPLIFIED = str.maketrans("後個點號禮拜週這兩鐘個時間們見過來間",
"后个点号礼拜周这两钟个时间们见过来间")
_N = rf"(?:\d{{1,4}}|[{HAN_DIGITS}]{{1,6}})"
_DAYS: Mapping[str, int] = {
    "大后天": 3, "后天": 2, "后日": 2, "明天": 1, "明日": 1, "明儿": 1, "明早": 1, "明晚": 1,
    "今天": 0, "今日": 0, "今儿": 0, "今晚": 0, "今早": 0, "当天": 0, "大前天": -3, "前天": -2,
    "昨天": -1, "昨日": -1, "昨晚": -1}
_PARTS: Mapping[str, Part] = {
    "凌晨": Part("night", time(0), time(6)), "清晨": Part("morning", time(6), time(9)),
    "早上": MORNING, "早晨": MORNING, "上午": MORNING, "今早": MORNING, "明早": MORNING,
    "一早": MORNING, "早": MORNING, "中午": NOON, "正午": NOON, "午后": AFTERNOON,
    "下午": AFTERNOON, "傍晚": Part("evening", time(17), time(19)), "晚上": EVENING,
    "今晚": EVENING, "明晚": EVENING, "昨晚": EVENING, "夜里": NIGHT, "半夜": NIGHT,
    "深夜": NIGHT, "夜晚": EVENING, "晚": EVENING}
_WEEKDAYS = {**dict(zip("一二三四五六日天1234567", [*range(7), 6, *range(7)], strict=True))}

_DATE = regex.compile(
    rf"(?:(?P<year>\d{{4}}|[〇零一二三四五六七八九]{{4}})年|(?P<which>今年|明年|后年|去年))?"
    rf"(?:(?P<month>{_N})月(?:份)?|(?P<moon>这个月|本月|当月|下个月|下月|上个月|上月))的?"
    rf"(?P<day>{_N})(?:日|号)?")
_DAY_ONLY = regex.compile(rf"(?P<day>{_N})(?:日|号)(?![楼线店])")
_NUMERIC = regex.compile(r"(?<![\d/.-])(?:(\d{4})([-/.]))?(\d{1,2})([-/.])(\d{1,2})(?![\d/.:-])")
_WEEKDAY = regex.compile(
    r"(?P<which>下下个?|下个?|这个?|本|上个?)?(?:星期|礼拜|周)(?P<day>[一二三四五六日天1-7])")
_RELATIVE_DAY = regex.compile("|".join(sorted(_DAYS, key=len, reverse=True)))
_LATER = regex.compile(
    rf"(?:过|再过)?(?P<half>半)?(?P<count>{_N})?个?(?P<unit>分钟|小时|钟头|天|日|星期|礼拜|周|月|年)"
    r"(?:之|以)?(?P<way>后|前)")
_CLOCK = regex.compile(
    rf"(?P<hour>{_N})(?:点钟?|时)(?:(?P<half>半)|(?P<quarter>[一三])刻|过?(?P<minute>{_N})分?|整)?"
    r"|(?<![\d:])(?P<digits>\d{1,2})[::](?P<minutes>\d{2})(?!\d)")
_RANGE = regex.compile(
    rf"(?P<first>{_N})点?(?P<half>半)?[到至-](?:上午|中午|下午|晚上)?(?P<last>{_N})点(?P<last_half>半)?")
_PART = regex.compile("|".join(sorted(_PARTS, key=len, reverse=True)))
_FILLER = regex.compile(
    r"我想要?|我要|我们?|想要?|希望|可以|能不能|能|可不可以|行不行|行|吗|吧|呢|啊|的|请|麻烦|帮忙?|给|约|预约|"
    r"预定|定|订|改到|改成|改|换到|换成|换|在|到|去|来|是|就|那|左右|之前|以前|之后|以后|前|后|大概|大约|差不多|"
    r"时间|时候|日期|号|日|谢谢|好的?|有空|有没有|没问题|怎么样|如何|比较|方便|都|一|个|你好|您好|您|你|出生|生日|"
    r"开始|见|过来|看看|看|下|了|应该|最好|段|钟|也|[\s,。.!?!?,、~~()()〜]+")
_NEGATED = regex.compile(r"不(?!行|可)|别|没(?!问题|有)")


def read(text: str, language: str, now: datetime) -> Read | None:
    """What day or time a Chinese text says."""
    left = unicodedata.normalize("NFKC", text).casefold().translate(_SIMPLIFIED)
    left = regex.sub(r"(?<=\d)\s+(?=[年月日号点时:天])|(?<=[年月])\s+(?=\d)", "", left)
    if _NEGATED.search(left):
        return None
    today = now.date()
    moment: datetime | None = None
    days: list[tuple[date, ...]] = []
    relative = False

    for match in _LATER.finditer(left):
        found = _later(match, now)
        if found is not None:
            moment, relative = found.moment, True
            days += [found.days] if found.days else []
            left = _without(left, match)
            break
    part_match = _PART.search(left)
    part = _PARTS[part_match[0]] if part_match else None
    for match in _DATE.finditer(left):
        found_days, guessed = _date(match, today)
        if found_days:
            days.append(found_days)
            relative = relative or guessed
            left = _without(left, match)
            break
    for match in _NUMERIC.finditer(left):
        found_days = _numeric(match, today)
        if found_days:
            days.append(found_days)
            left = _without(left, match)
            break
    for match in _WEEKDAY.finditer(left):
        number = _WEEKDAYS[match["day"]]
        if not days:
            days.append(_weekday(number, match["which"] or "", today))
            relative = True
        else:
            days[0] = tuple(day for day in days[0] if day.weekday() == number)
            if not days[0]:
                return None  # Monday or Tuesday: which is meant is not ours to say
        left = _without(left, match)
    for match in _RELATIVE_DAY.finditer(left):
        days.append((today + timedelta(days=_DAYS[match[0]]),))
        relative = True
        left = _without(left, match)
        break
    times: list[tuple[time, ...]] = []
    for match in _RANGE.finditer(left):
        found_part = _range(match, part)
        if found_part is not None:
            part = found_part
            left = _without(left, match)
            break
    for match in _CLOCK.finditer(left):
        found_times = _clocks(match, part)
        if found_times:
            times.append(found_times)
            left = _without(left, match)
    left = _PART.sub(" ", left)
    if not days:
        for match in _DAY_ONLY.finditer(left):
            one = _of_month(match, today)
            if one:
                days.append((one,))
                relative = True
                left = _without(left, match)
                break
    return _result(left, days, times, part, moment, relative)


def part_in(text: str) -> Part | None:
    """The part of the day that is named in the text."""
    match = _PART.search(unicodedata.normalize("NFKC", text).translate(_SIMPLIFIED))
    return _PARTS[match[0]] if match and (len(match[0]) > 1 or len(text) <= 4) else None


def _result(left: str, days: list[tuple[date, ...]], times: list[tuple[time, ...]],
            part: Part | None, moment: datetime | None, relative: bool) -> Read | None:
    if len(days) > 1 or len(times) > 1:
        return None
    rest = _FILLER.sub("", left).replace("\x00", "")
    if "月" in rest or any(character.isdigit() for character in rest) or _WEEKDAY.search(rest):
        return None
    if len(rest) > (6 if days or moment else 0):
        return None
    if not days and not times and part is None and moment is None:
        return None
    return Read(days[0] if days else (), times[0] if times else (),
                None if times else part, moment, relative)


def _without(text: str, match: regex.Match[str]) -> str:
    """The text with the place of the match blotted out, everything else where it was."""
    return text[:match.start()] + "\x00" * len(match[0]) + text[match.end():]


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else han(text)


def _later(match: regex.Match[str], now: datetime) -> Read | None:
    units = {"分钟": "minute", "小时": "hour", "钟头": "hour", "天": "day", "日": "day",
             "星期": "week", "礼拜": "week", "周": "week", "月": "month", "年": "year"}
    unit, sign = units[match["unit"]], 1 if match["way"] == "后" else -1
    if match["half"] and not match["count"]:
        halves = {"hour": ("minute", 30), "year": ("month", 6), "month": ("day", 15)}
        return moved(halves[unit][0], sign * halves[unit][1], now) if unit in halves else None
    count = _number(match["count"]) if match["count"] else None
    return moved(unit, sign * count, now) if count is not None else None


def _date(match: regex.Match[str], today: date) -> tuple[tuple[date, ...], bool]:
    day = _number(match["day"])
    if day is None or not 1 <= day <= 31:
        return (), False
    if match["moon"]:
        shift = 1 if match["moon"].startswith("下") else -1 if match["moon"].startswith("上") else 0
        first = add_months(today.replace(day=1), shift)
        return _valid(first.year, first.month, day), True
    month = _number(match["month"])
    if month is None or not 1 <= month <= 12:
        return (), False
    if match["year"]:
        year = _number(match["year"])
        return (_valid(year, month, day) if year else ()), False
    if match["which"]:
        year = today.year + {"今年": 0, "明年": 1, "后年": 2, "去年": -1}[match["which"]]
        return _valid(year, month, day), False
    return coming(day, month, today), False


def _valid(year: int, month: int, day: int) -> tuple[date, ...]:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()


def _numeric(match: regex.Match[str], today: date) -> tuple[date, ...]:
    month, day = int(match[3]), int(match[5])
    if match[1]:
        return _valid(int(match[1]), month, day)
    found = coming(day, month, today) if 1 <= month <= 12 and 1 <= day <= 31 else ()
    if match[4] != "/":
        return found
    other = coming(month, day, today) if 1 <= day <= 12 else ()
    return tuple(dict.fromkeys((*found, *other)))


def _range(match: regex.Match[str], part: Part | None) -> Part | None:
    """Hours said as such: 3点到5点."""
    first, last = _number(match["first"]), _number(match["last"])
    if first is None or last is None:
        return None
    begin = clocks(first, 30 if match["half"] else 0, part=part)
    until = [one for one in clocks(last, 30 if match["last_half"] else 0)
             if begin and one > begin[0]]
    return Part("", begin[0], until[0]) if begin and until else None


def _of_month(match: regex.Match[str], today: date) -> date | None:
    day = _number(match["day"])
    if day is None or not 1 <= day <= 31:
        return None
    first = today.replace(day=1)
    for months in range(3):
        month = add_months(first, months)
        for one in _valid(month.year, month.month, day):
            if one >= today:
                return one
    return None


def _weekday(number: int, which: str, today: date) -> tuple[date, ...]:
    monday = today - timedelta(days=today.weekday())
    if which.startswith("下下"):
        return (monday + timedelta(days=14 + number),)
    if which.startswith("下"):
        return (monday + timedelta(days=7 + number),)
    if which.startswith("上"):
        return (monday + timedelta(days=number - 7),)
    if which:
        return weekday(number, today, which="this")
    # A bare 周五 is this week's while it has not passed.
    this_week = monday + timedelta(days=number)
    return (this_week,) if this_week > today else weekday(number, today)


def _clocks(match: regex.Match[str], part: Part | None) -> tuple[time, ...]:
    if match["digits"]:
        hour, minute = int(match["digits"]), int(match["minutes"])
        if part is None and (match["digits"].startswith("0") or hour > 12):
            return clocks(hour, minute, exact=True)
        return clocks(hour, minute, part=part)
    count = _number(match["hour"])
    if count is None:
        return ()
    minute = 30 if match["half"] else 0
    if match["quarter"]:
        minute = 15 if match["quarter"] == "一" else 45
    if match["minute"]:
        minute = _number(match["minute"]) or 0
    return clocks(count, minute, part=part)
