"""What the readers of dates give, and what they share."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.flow.dates.wording import Part


@dataclass(frozen=True, slots=True)
class Read:
    """A day or a time that was said. The likeliest reading stands first, the others follow."""

    days: tuple[date, ...] = ()
    clocks: tuple[time, ...] = ()
    part: Part | None = None
    moment: datetime | None = None  #: said as a whole: in two hours, now
    relative: bool = False  #: not a date of the calendar: a person should see which it is


def add_months(day: date, months: int) -> date:
    """The same day some months later, the last of the month where there is none."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def coming(day: int, month: int, today: date) -> tuple[date, ...]:
    """A day without its year: the next to come, then the one before it."""
    found = []
    for year in range(today.year - 8, today.year + 9):  # 29 February
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    later = next((one for one in found if one >= today), None)
    before = max((one for one in found if one < today), default=None)
    return tuple(one for one in (later, before) if one is not None)


def weekday(number: int, today: date, *, which: str = "") -> tuple[date, ...]:
    """A day of the week (Monday 0): the coming one, or `this` or `next` week's."""
    monday = today - timedelta(days=today.weekday())
    this_week = monday + timedelta(days=number)
    coming_one = today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    if which == "next":
        next_week = this_week + timedelta(weeks=1)
        return tuple(dict.fromkeys((next_week, coming_one)))
    if which == "this":
        return (this_week if this_week >= today else coming_one,)
    if number == today.weekday():
        return (coming_one, today)
    return (coming_one,)


def moved(unit: str, count: int, now: datetime) -> Read:
    """So many minutes, days or months from now."""
    if unit in ("minute", "hour"):
        step = timedelta(minutes=count) if unit == "minute" else timedelta(hours=count)
        return Read(moment=now + step, relative=True)
    today = now.date()
    if unit in ("month", "year"):
        return Read(days=(add_months(today, count * (12 if unit == "year" else 1)),),
                    relative=True)
    days = {"day": 1, "week": 7, "fortnight": 14}[unit]
    return Read(days=(today + timedelta(days=count * days),), relative=True)


def clocks(hour: int, minute: int, *, half: str = "", part: Part | None = None,
           exact: bool = False) -> tuple[time, ...]:
    """The times of day that an hour may mean. `half`: am or pm, `exact`: of 24 hours."""
    if hour == 24 and minute == 0:
        return (time(0),)
    if not 0 <= hour <= 23 or not 0 <= minute <= 59:
        return ()
    if half:
        if not 1 <= hour <= 12:
            return (time(hour, minute),) if half == "pm" and hour > 12 else ()
        return (time(hour % 12 + (12 if half == "pm" else 0), minute),)
    if hour > 12 or hour == 0 or exact:
        return (time(hour, minute),)
    early, late = time(hour % 12, minute), time(hour % 12 + 12, minute)
    if part is not None:
        if part.name == "morning":
            return (early,)
        if part.name == "night" and hour in (12, 1, 2, 3, 4, 5):
            return (early,)
        if part.name == "noon":
            return (time(hour, minute) if hour >= 10 else late,)
        return (late,)
    return (late, early) if hour <= 6 or hour == 12 else (early, late)
