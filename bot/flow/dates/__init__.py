"""Days and times as people say them, read strictly: what is not understood whole is not
guessed at. English and Chinese are at home here, German, Spanish, French, Italian, Portuguese
and Dutch nearly so; other languages go through dateparser.

The rules where people differ. *Next Tuesday* is the one of next week, counted from Monday; a
bare *Tuesday* is the coming one, in a week if today is one. A day without a year is the next
one to come. Hours from 1 to 6 without more are in the afternoon. 3/4 is read in the order of
the language. All of these are to be read back, and come with their other readings.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.flow.dates import chinese, other, spaced
from bot.flow.dates.found import Read
from bot.flow.dates.wording import SPOKEN, Part
from bot.flow.language.tags import base

_LONGEST = 120


def read(text: str, language: str, now: datetime) -> Read | None:
    """What day or time a text says; `now` in the zone in which it is meant."""
    if not text.strip() or len(text) > _LONGEST:
        return None
    tongue = base(language)
    readers: list[Callable[[str, str, datetime], Read | None]] = []
    if any("\u4e00" <= character <= "\u9fff" for character in text) and tongue != "ja":
        readers.append(chinese.read)
    if tongue in SPOKEN:
        readers.append(spaced.read)
    elif tongue != "zh":
        readers.append(other.read)
    # Digits are written alike everywhere, and English words are used everywhere.
    if tongue not in ("en", "zh"):
        readers.append(lambda said, _, at: spaced.read(said, "en-GB", at))
    elif tongue == "zh":
        readers.append(lambda said, _, at: spaced.read(said, "en", at))
    for reader in readers:
        try:
            found = reader(text, language, now)
        except (OverflowError, ValueError):  # a year 99999, or in 9999999 weeks
            continue
        if found is not None:
            return found
    return None


def part_of_day(text: str, language: str) -> tuple[time, time] | None:
    """From when until when the part of the day lasts that a text names (00:00 ends the day)."""
    found = chinese.part_in(text)
    if found is None:
        for tongue in dict.fromkeys((base(language), "en")):
            words = SPOKEN.get(tongue)
            found = found or (spaced.part_in(text, words) if words else None)
    return (found.start, found.until) if found else None


def at(day: date, clock: time, zone: tzinfo) -> datetime:
    """The moment of a wall clock; one that summer time leaves out is the hour after it."""
    return datetime.combine(day, clock, zone).astimezone(UTC).astimezone(zone)


def span(day: date, part: Part, zone: tzinfo) -> tuple[datetime, datetime]:
    """From when until when a part of this day lasts."""
    until = day + timedelta(days=1) if part.until <= part.start else day
    return at(day, part.start, zone), at(until, part.until, zone)
