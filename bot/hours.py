"""Weekly opening hours: is somebody there, and when will somebody be."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

import regex

from bot.clock import local
from bot.nearest import nearest

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHOLE_DAY: Final = 24 * 60
_EXAMPLE: Final = "for example: Mon-Fri 09:00-12:00 13:00-18:00, Sat 10:00-14:00"
_INTERVAL: Final = regex.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
#: How far ahead the next opening is looked for; only a plan of holidays alone goes beyond.
_AHEAD: Final = 400


@dataclass(frozen=True, slots=True)
class Hours:
    """A weekly plan: (weekday, start, end) with minutes since midnight; an end may pass midnight.

    An interval belongs to the day on which it starts, so a holiday cancels the night that
    begins on it and leaves the one that began the day before. On the days when the clocks
    change it runs from the first time that the clock shows its start to the last time that it
    shows its end.
    """

    intervals: tuple[tuple[int, int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Read a plan as people write it; `ValueError` says what is wrong and what would do."""
        intervals: list[tuple[int, int, int]] = []
        days: list[int] = []
        for part in regex.sub(r"\s*[-–]\s*", "-", text).split(","):
            times: list[tuple[int, int]] = []
            named: list[int] = []
            for word in part.split():
                if word[0].isdigit():
                    times.append(_interval(word))
                elif times:
                    raise ValueError(f"“{part.strip()}” needs a comma before {word}: {_EXAMPLE}")
                else:
                    named += _days(word)
            days = named or days
            if not times or not days:
                missing = "the times" if days else "the days"
                where = f"“{part.strip()}”" if part.strip() else "an empty part"
                raise ValueError(f"{where} lacks {missing}: {_EXAMPLE}")
            intervals += [(day, start, end) for day in days for start, end in times]
        return cls(tuple(sorted(set(intervals))))

    def is_open(self, at: int, zone: tzinfo, holidays: Collection[date] = ()) -> bool:
        """Whether somebody is there at `at` (epoch milliseconds)."""
        today = local(at, zone).date()
        return any(start <= at < end for day in (today - timedelta(1), today)
                   for start, end in self._on(day, zone, holidays))

    def opens(self, at: int, zone: tzinfo, holidays: Collection[date] = ()) -> int | None:
        """When it opens next after `at`; None if it never closes or never opens again."""
        today = local(at, zone).date()
        for ahead in range(_AHEAD):
            starts = [start for start, end in self._on(today + timedelta(ahead), zone, holidays)
                      if at < start < end and not self.is_open(start - 1, zone, holidays)]
            if starts:
                return min(starts)
        return None

    def _on(self, day: date, zone: tzinfo, holidays: Collection[date]) -> Iterator[tuple[int, int]]:
        if day in holidays:
            return
        for weekday, start, end in self.intervals:
            if weekday == day.weekday():
                yield _instant(day, start, zone, fold=0), _instant(day, end, zone, fold=1)


def _instant(day: date, minute: int, zone: tzinfo, *, fold: int) -> int:
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    # A time that the clock skips in spring stands for the first one that it shows after it.
    while True:
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return int(moment.timestamp() * 1000)
        wall += timedelta(minutes=1)


def _days(word: str) -> list[int]:
    first, _, last = word.partition("-")
    start = _day(first)
    if not last:
        return [start]
    return [(start + step) % 7 for step in range((_day(last) - start) % 7 + 1)]


def _day(word: str) -> int:
    name = word.lower().rstrip(".")
    fits = [day for day in range(7) if len(name) >= 2 and _DAYS[day].startswith(name)]
    if fits:
        return fits[0]
    near = nearest(name, (*_DAYS, *(day[:3] for day in _DAYS)))
    hint = f"did you mean {near[:3].capitalize()}?" if near else _EXAMPLE
    raise ValueError(f"“{word}” is no day - {hint}")


def _interval(word: str) -> tuple[int, int]:
    found = _INTERVAL.fullmatch(word)
    if found is None:
        raise ValueError(f"“{word}” is no interval of time; write it as 09:00-18:00")
    hour, minute, until_hour, until_minute = (int(part) for part in found.groups())
    start, end = hour * 60 + minute, until_hour * 60 + until_minute
    if minute > 59 or until_minute > 59 or start >= _WHOLE_DAY or end > _WHOLE_DAY:
        raise ValueError(f"“{word}” holds a time that no clock shows; 00:00 to 24:00 do")
    if start == end:
        raise ValueError(f"“{word}” is empty; a whole day is 00:00-24:00")
    return start, end if end > start else end + _WHOLE_DAY
