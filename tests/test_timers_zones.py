"""Times of the wall clock on the days when clocks change: each has one moment, and only one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.flow.dates import at
from bot.hours import Hours

#: (zone, day, time on the wall, the moment in UTC)
TABLE = [
    ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30"),  # left out: 03:30 of summer
    ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),  # twice: the first
    ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30"),
    ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
    ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45"),  # half an hour
    ("Africa/Cairo", "2026-04-24", "00:30", "2026-04-23T22:30"),  # at midnight
    ("Pacific/Apia", "2011-12-30", "10:00", "2011-12-30T20:00"),  # a day that never was
    ("Asia/Kolkata", "2026-03-29", "02:30", "2026-03-28T21:00"),
    ("America/Sao_Paulo", "2026-03-29", "02:30", "2026-03-29T05:30"),
]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day", "clock", "expected"), TABLE)
def test_a_time_that_a_customer_says_is_one_moment(
        zone: str, day: str, clock: str, expected: str) -> None:
    found = at(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
    assert found.astimezone(UTC) == moment(expected)


@pytest.mark.parametrize(("zone", "day", "clock", "expected"), TABLE)
def test_opening_hours_open_once_on_such_a_day(
        zone: str, day: str, clock: str, expected: str) -> None:
    """Where the clock never shows the hour, they open with the first that it shows after it."""
    wall, where = datetime.fromisoformat(f"{day}T{clock}"), ZoneInfo(zone)
    hours = Hours.parse(f"Mon-Sun {clock}-23:00")
    start = moment(expected) - timedelta(days=1, hours=12)
    opened, end = [], int((start + timedelta(days=3)).timestamp() * 1000)
    when = hours.opens(int(start.timestamp() * 1000), where)
    while when is not None and when < end:
        opened.append(datetime.fromtimestamp(when / 1000, UTC).astimezone(where))
        assert hours.is_open(when, where)
        assert not hours.is_open(when - 1, where)
        when = hours.opens(when, where)
    days = [one.date() for one in opened]
    assert len(days) == len(set(days)), "twice on one day"
    on_the_day = [one for one in opened if one.date() == wall.date()]
    exists = (wall.replace(tzinfo=where).astimezone(UTC).astimezone(where).replace(tzinfo=None)
              == wall)
    if exists:
        assert [one.astimezone(UTC) for one in on_the_day] == [moment(expected)]
    elif zone == "Pacific/Apia":
        assert on_the_day == []
    else:
        (one,) = on_the_day
        assert one.astimezone(UTC) <= moment(expected)
        assert one.replace(tzinfo=None) > wall
