from __future__ import annotations

import asyncio

import pytest

from bot.clock import DAY, HOUR, Clock, duration, local


@pytest.mark.parametrize(("text", "ms"), [
    ("0s", 0), ("250ms", 250), ("3s", 3_000), ("15m", 900_000), ("23h", 23 * HOUR), ("3d", 3 * DAY),
    ("1d12h", DAY + 12 * HOUR), ("1d 12h", DAY + 12 * HOUR),
])
def test_a_length_of_time_is_read_as_people_write_it(text: str, ms: int) -> None:
    assert duration(text) == ms


@pytest.mark.parametrize("text", ["", "3", "h", "3 weeks", "-1h", "1.5h", "3H", "3h later", "٣h x"])
def test_what_is_no_length_of_time_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 30s, 15m, 2h or 3d"):
        duration(text)


def test_a_moved_clock_runs_ahead_of_the_wall() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(DAY)
    assert DAY <= clock.now() - before < DAY + HOUR
    assert clock.offset == DAY


async def test_moving_the_clock_wakes_who_waits() -> None:
    clock = Clock()
    waiting = asyncio.create_task(clock.pause(3600))
    await asyncio.sleep(0)
    clock.advance(HOUR)
    await asyncio.wait_for(waiting, 5)


def test_a_moment_is_shown_in_utc_unless_a_zone_is_named() -> None:
    assert local(0).isoformat() == "1970-01-01T00:00:00+00:00"
