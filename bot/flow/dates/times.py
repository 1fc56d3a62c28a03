"""Times of day in languages that put spaces between words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time

import regex

from bot.flow.dates.found import clocks
from bot.flow.dates.patterns import Patterns
from bot.flow.dates.wording import DateWords, Part

_HALF = r"(?:\s?(a|p)\.?\s?m\b\.?)"
_CLOCK = regex.compile(
    rf"(?<![\d.:/])(\d{{1,2}})(?:\s?[:h]\s?|\.)(\d{{2}})(?::\d{{2}})?(?:{_HALF})?(?![\d:/]|\.\d)")
_HALF_DAY = regex.compile(rf"(?<![\d.:/])(\d{{1,2}}){_HALF}")
GONE = " \x00 "


@dataclass(slots=True)
class Reading:
    """A text from which what has been understood is taken out, bit by bit."""

    text: str
    language: str
    now: datetime
    words: DateWords
    days: list[tuple[date, ...]] = field(default_factory=list)
    times: list[tuple[time, ...]] = field(default_factory=list)
    hours: list[tuple[int, int]] = field(default_factory=list)  #: of which half is unknown
    part: Part | None = None
    moment: datetime | None = None
    relative: bool = False
    next_week: bool = False
    weak: bool = False  #: "the 15th" is a date only when hardly anything else is said

    def take(self, pattern: regex.Pattern[str],
             use: Callable[[regex.Match[str]], bool]) -> None:
        """Let `use` read each match; what it accepts is taken out."""
        def replaced(match: regex.Match[str]) -> str:
            return GONE if use(match) else str(match[0])
        self.text = pattern.sub(replaced, self.text)


def read_clocks(reading: Reading, known: Patterns) -> None:
    """Take the times of day out of the text."""
    words = reading.words

    def full(match: regex.Match[str]) -> bool:
        hour, minute = int(match[1]), int(match[2])
        if match[3]:
            found = clocks(hour, minute, half=f"{match[3]}m")
        elif match[1].startswith("0") or hour > 12 or not reading.language.startswith("en"):
            found = clocks(hour, minute, exact=True)
        else:
            found = clocks(hour, minute)
            reading.hours.append((hour, minute))
        return _clock(reading, found)

    def half_day(match: regex.Match[str]) -> bool:
        return _clock(reading, clocks(int(match[1]), 0, half=f"{match[2]}m"))

    def named(match: regex.Match[str]) -> bool:
        for pattern, clock in words.clocks.items():
            if regex.fullmatch(pattern, match[0]):
                return _clock(reading, (clock,))
        return False

    def spoken(hour: int | None, minute: int) -> bool:
        if hour is None or not 1 <= hour <= 24:
            return False
        if minute < 0:
            hour, minute = (hour - 1 if hour > 1 else 12), minute + 60
        reading.hours.append((hour, minute))
        return _clock(reading, clocks(hour, minute))

    def half(match: regex.Match[str]) -> bool:
        return spoken(numbered(match["hour"], words), -30 if match["before"] else 30)

    def quarter(match: regex.Match[str]) -> bool:
        count = 15 if match["quarter"] else numbered(match["minutes"], words)
        if count is None or count > 30:
            return False
        return spoken(numbered(match["hour"], words), -count if match["to"] else count)

    def hour(match: regex.Match[str]) -> bool:
        count, minute = numbered(match["hour"], words), int(match["minute"] or 0)
        if count is not None and count > 12:
            return _clock(reading, clocks(count, minute))
        return spoken(count, minute)

    reading.take(_CLOCK, full)
    reading.take(_HALF_DAY, half_day)
    if words.half or words.half_to:
        reading.take(known.half, half)
    if words.past:
        reading.take(known.quarter, quarter)
    reading.take(known.named_clock, named)
    reading.take(known.hour, hour)


def read_range(reading: Reading, known: Patterns) -> None:
    """Take hours said as a stretch out of the text: between 2 and 4, 9-11am."""
    def use(match: regex.Match[str]) -> bool:
        last = match["until_half"]
        first = match["from_half"] or last
        numbers = int(match["from"]), int(match["until"])
        if not (match["sure"] or last or match["sign"] or max(numbers) > 12):
            return False
        minutes = int(match["from_minute"] or 0), int(match["until_minute"] or 0)
        if last and not match["from_half"] and last == "p" and numbers[0] > numbers[1] % 12:
            first = "a"  # 10-2pm
        begin = clocks(numbers[0], minutes[0], half=f"{first}m" if first else "")
        end = clocks(numbers[1], minutes[1], half=f"{last}m" if last else "")
        if not begin or not end:
            return False
        until = next((one for one in end if one > begin[0]), None)
        if until is None or reading.part is not None:
            return False
        reading.part = Part("", begin[0], until)
        return True

    reading.take(known.hours_range, use)


def _clock(reading: Reading, found: tuple[time, ...]) -> bool:
    if found:
        reading.times.append(found)
    return bool(found)


def numbered(text: str | None, words: DateWords) -> int | None:
    """The number that digits or a word say."""
    if not text:
        return None
    return int(text) if text.isdigit() else words.numbers.get(text.strip())
