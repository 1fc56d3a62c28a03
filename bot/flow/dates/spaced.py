"""Days and times in languages that put spaces between words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import regex

from bot.flow.dates import wording
from bot.flow.dates.found import Read, clocks, coming, moved, weekday
from bot.flow.dates.patterns import Patterns, any_of, part_pattern, patterns
from bot.flow.dates.times import Reading, numbered, read_clocks, read_range
from bot.flow.dates.wording import DateWords, Part
from bot.flow.language.lexicon import NEGATIONS
from bot.flow.language.numerals import ORDINALS
from bot.flow.language.words import folded

_ISO = regex.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:t(?=\d))?")
_DOTTED = regex.compile(r"(?<![\d.:])(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}|\d{2})(?!\d))?(?!\d)"
                        r"|(?<![\d.:])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?!\d)")
_SLASHED = regex.compile(r"(?<![\d/:-])(\d{1,2})(?:(/)|-(?=\d{1,2}-\d))(\d{1,2})"
                         r"(?:[/-](\d{4}|\d{2}))?(?![\d/:-])")
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}'’-]+")
_EITHER = frozenset(["or", "oder", "ou"])
_HALF_HOUR = regex.compile(r"\bhalf an hour\b")


def read(text: str, language: str, now: datetime) -> Read | None:
    """What day or time is said in a language of `date_words.SPOKEN`."""
    words = wording.of_language(language)
    if words is None:
        return None
    known = patterns(language)
    said = _HALF_HOUR.sub("30 minutes", folded(text).replace("’", "'"))
    said = known.ordinal.sub(lambda match: str(ORDINALS[match["word"]]), _spelt(said, known))
    reading = Reading(said, language, now, words)
    _read_whole_dates(reading, known)
    if "por la" in reading.text:
        _read_parts(reading, known)  # "mañana por la mañana": the part before the day
    _read_relative(reading, known)
    _read_named_dates(reading, known)
    _read_slashed(reading)
    read_range(reading, known)
    _read_parts(reading, known)
    read_clocks(reading, known)
    if not reading.days:
        reading.take(known.the_nth, lambda match: _nth(reading, int(match[1] or match[2])))
    _read_weekdays(reading, known)
    return _result(reading, known)


def part_in(text: str, words: DateWords) -> Part | None:
    """The part of the day that is named in the text."""
    match = part_pattern(words).search(folded(text))
    return _part_of(match[0], words) if match else None


def _read_whole_dates(reading: Reading, known: Patterns) -> None:
    def iso(match: regex.Match[str]) -> bool:
        return _date(reading, int(match[1]), int(match[2]), int(match[3]))

    def dotted(match: regex.Match[str]) -> bool:
        day, month, year = (match[1], match[2], match[3]) if match[1] else (
            match[4], match[5], match[6])
        return _day_of(reading, int(day), int(month), year)

    reading.take(_ISO, iso)
    def unfinished(match: regex.Match[str]) -> bool:
        # 10.12 without a last point: a time of day to English readers where it can be one.
        if reading.language.startswith("en") and int(match[1]) < 24:
            return False
        return _day_of(reading, int(match[1]), int(match[2]), None)

    reading.take(_DOTTED, dotted)
    reading.take(known.day_dot_month, unfinished)


def _read_slashed(reading: Reading) -> None:
    def slashed(match: regex.Match[str]) -> bool:
        first, second, year = int(match[1]), int(match[3]), match[4]
        orders = [(first, second), (second, first)]  # day, month
        if wording.month_first(reading.language):
            orders.reverse()
        found: list[date] = []
        for day, month in orders:
            found += [one for one in _days(day, month, year, reading.now.date())
                      if one not in found]
        # Without a year the next to come of either order goes before the past of both.
        found.sort(key=lambda one: one < reading.now.date() and year is None)
        if found:
            reading.days.append(tuple(found))
        return bool(found)

    reading.take(_SLASHED, slashed)


def _nth(reading: Reading, day: int) -> bool:
    """The 15th: of this month, or of the next that has one."""
    today = reading.now.date()
    found = []
    year, month = today.year, today.month
    for _ in range(4):
        try:
            one = date(year, month, day)
            if one >= today:
                found.append(one)
        except ValueError:
            pass
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    if not found:
        return False
    reading.days.append(tuple(found))
    reading.relative = reading.weak = True
    return True


def _read_relative(reading: Reading, known: Patterns) -> None:
    words, today = reading.words, reading.now.date()

    def counted(sign: int) -> Callable[[regex.Match[str]], bool]:
        def use(match: regex.Match[str]) -> bool:
            count = numbered(match["count"], words)
            unit = _unit(match["unit"], words)
            if count is None or unit is None:
                return False
            found = moved(unit, sign * count, reading.now)
            if found.moment is not None:
                reading.moment = found.moment
            else:
                reading.days.append(found.days)
            reading.relative = True
            return True
        return use

    def from_day(match: regex.Match[str]) -> bool:
        count = numbered(match["count"], words)
        if count is None:
            return False
        days = words.days.get(match["day"])
        start = (today + timedelta(days=days) if days is not None else
                 weekday(wording.weekdays(reading.language)[match["day"]], today)[0])
        reading.days.append((start + timedelta(weeks=count),))
        reading.relative = True
        return True

    def named(match: regex.Match[str]) -> bool:
        reading.days.append((today + timedelta(days=words.days[match[0]]),))
        reading.relative = True
        # "tonight" and "this evening" say a part of the day too.
        if reading.part is None:
            reading.part = part_in(match[0], words)
        return True

    reading.take(known.week_from, from_day)
    reading.take(known.ahead, counted(1))
    reading.take(known.ago, counted(-1))
    if reading.words.numbers.get("vier"):  # German and Dutch
        _read_morning_of_tomorrow(reading)
    reading.take(known.relative_day, named)


def _read_morning_of_tomorrow(reading: Reading) -> None:
    """Where tomorrow and the morning are one word, the second of the two is the morning."""
    names = any_of([*wording.weekdays(reading.language), "heute", "gestern", "morgen"])
    pattern = regex.compile(rf"(?<=\b(?:{names})\s)morgen\b")

    def use(match: regex.Match[str]) -> bool:
        reading.part = wording.MORNING
        return True

    reading.take(pattern, use)


def _read_named_dates(reading: Reading, known: Patterns) -> None:
    names = wording.months(reading.language)

    def use(match: regex.Match[str]) -> bool:
        return _day_of(reading, int(match["day"]), names[match["month"]],
                       match["year"] or match["short"])

    reading.take(known.day_month, use)
    reading.take(known.month_day, use)


def _read_weekdays(reading: Reading, known: Patterns) -> None:
    names = wording.weekdays(reading.language)
    calendar = bool(reading.days)

    def week(match: regex.Match[str]) -> bool:
        reading.next_week = True
        return True

    def use(match: regex.Match[str]) -> bool:
        which = "this" if match["this"] else ""
        if match["next"] or match["after"] or reading.next_week:
            which = "next"
        found = weekday(names[match["name"]], reading.now.date(), which=which)
        if not calendar:
            reading.days.append(found)
            reading.relative = True
        else:  # "Tuesday, 10 March": both have to agree
            fitting = tuple(day for day in reading.days[0]
                            if day.weekday() == names[match["name"]])
            reading.days[0] = fitting or reading.days[0]
            reading.weak = reading.weak and not fitting
            reading.relative = reading.relative or not fitting
        return True

    reading.take(known.next_week, week)
    reading.take(known.weekday, use)


def _read_parts(reading: Reading, known: Patterns) -> None:
    def use(match: regex.Match[str]) -> bool:
        if reading.part is None:
            reading.part = _part_of(match[0], reading.words)
        return True

    reading.take(known.part, use)


def _result(reading: Reading, known: Patterns) -> Read | None:
    if reading.next_week and not reading.days:
        return None  # which day of it nobody said
    left = list(_WORD.findall(reading.text))
    if len(reading.days) > 1 or len(reading.times) > 1:
        same = {days[:1] for days in reading.days}
        if len(same) > 1 or len(reading.times) > 1:
            return None  # two days or two times: which is meant is not ours to say
    if any(word in NEGATIONS or word in _EITHER for word in left):
        return None
    bare = [word for word in left if word.isdigit()]
    if len(bare) == 1 and (reading.days or reading.part or len(left) == 1) and not reading.times:
        # "tomorrow 10": a number beside a day, or alone, is an hour.
        hour = int(bare[0])
        if len(bare[0]) <= 2 and 1 <= hour <= 23 and not reading.moment:
            reading.times.append(clocks(hour, 0))
            reading.hours.append((hour, 0))
            left.remove(bare[0])
    if any(character.isdigit() for word in left for character in word):
        return None
    unknown = [word for word in left if word.strip("'-") not in known.filler]
    sure = (reading.days and not reading.weak) or reading.moment is not None
    if len(unknown) > (3 if sure else 0):
        return None
    times = reading.times[0] if reading.times else ()
    if reading.hours and reading.part is not None:
        times = clocks(*reading.hours[0], part=reading.part) or times
    if not reading.days and not times and reading.moment is None and reading.part is None:
        return None
    return Read(reading.days[0] if reading.days else (), times,
                None if times else reading.part, reading.moment, reading.relative)


def _date(reading: Reading, year: int, month: int, day: int) -> bool:
    try:
        reading.days.append((date(year, month, day),))
    except ValueError:
        return False
    return True


def _days(day: int, month: int, year: str | None, today: date) -> tuple[date, ...]:
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return ()
    if year is None:
        return coming(day, month, today)
    number = int(year)
    years = [number] if len(year) == 4 else [2000 + number, 1900 + number]
    found = []
    for one in years:
        try:
            found.append(date(one, month, day))
        except ValueError:
            continue
    # 12/5/87 is no year to come.
    if len(year) == 2:
        found.sort(key=lambda one: one.year > today.year + 20)
    return tuple(found)


def _day_of(reading: Reading, day: int, month: int, year: str | None) -> bool:
    found = _days(day, month, year, reading.now.date())
    if found:
        reading.days.append(found)
    return bool(found)


def _unit(text: str, words: DateWords) -> str | None:
    for pattern, unit in words.units.items():
        if regex.fullmatch(pattern, text):
            return unit
    return None


def _part_of(text: str, words: DateWords) -> Part | None:
    for pattern, part in words.parts.items():
        if regex.search(rf"\b(?:{pattern})\b", text):
            return part
    return None


def _spelt(text: str, known: Patterns) -> str:
    """The text with mistyped names of days and months put right: tuseday, febuary."""
    def use(match: regex.Match[str]) -> str:
        word = str(match[0])
        if word in known.short:
            return known.short[word]
        if len(word) < 6 or word in known.filler or any(map(str.isdigit, word)):
            return word
        forms = known.vocabulary.forms(word)
        return next(iter(forms)) if len(forms) == 1 and word not in forms else word

    return str(_WORD.sub(use, text))
