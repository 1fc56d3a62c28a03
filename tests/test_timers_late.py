"""Timers when processes race, die or sleep, and when the clock jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tally import FrontDesk, Still

from bot.clock import DAY, HOUR, MINUTE
from bot.timers import AT_ONCE, Timers

SECOND = 1_000


async def events(desk: FrontDesk, kind: str) -> list[tuple[object, ...]]:
    """Every event of that kind, waiting or handled: (conversation, rule)."""
    return [*await desk.sql(f"select conversation, 'waits' from inbox where kind = '{kind}'"),
            *await desk.sql(f"select conversation, rule from turn where kind = '{kind}'")]


@pytest.mark.parametrize("rounds", [5])
async def test_timers_that_race_fire_once_though_their_commits_break(
        counter: FrontDesk, rounds: int) -> None:
    """Two loops at once; every other commit breaks, before or after it was kept."""
    people = [f"49{n}" for n in range(12)]
    for who in people:
        await counter.hear(who, "tally")
    other = Timers(counter.engine, counter.store, counter.clock)  # type: ignore[arg-type]
    for fired in range(1, rounds + 1):
        counter.clock.advance(2 * HOUR)
        while len(await events(counter, "timer")) < fired * len(people):
            counter.database.breaks = ("before", "after", "")[fired % 3]
            await asyncio.gather(counter.timers.look(), other.look(), return_exceptions=True)
        counter.database.breaks = ""
        for _ in range(2):
            await counter.timers.look()
        await counter.handle()
        assert len(await events(counter, "timer")) == fired * len(people)
        for who in people:  # a word arms it anew
            await counter.hear(who, "tally")


@pytest.mark.parametrize(("late", "rule"), [
    (MINUTE, "reminder"), (50 * MINUTE, "reminder"), (61 * MINUTE, "expired"),
    (3 * DAY, "expired")])
async def test_a_reminder_that_comes_too_late_is_recorded_as_expired_and_not_sent(
        counter: FrontDesk, late: int, rule: str) -> None:
    conversation = await counter.hear("491", "tally")
    await counter.timers.look()
    counter.clock.advance(23 * HOUR + late)
    await counter.die()
    await counter.timers.look()
    await counter.handle()
    await counter.die()
    await counter.timers.look()
    await counter.handle()
    assert await events(counter, "reminder") == [(conversation, rule)]
    said = [text for text, _ in await counter.shown(conversation)]
    assert any("one more hour" in text for text in said) == (rule == "reminder")
    assert "Still there?" not in said  # as late, it had better say nothing


async def test_a_clock_that_goes_back_fires_nothing_twice_and_nothing_early(
        counter: FrontDesk) -> None:
    await counter.hear("491", "tally")
    counter.clock.advance(2 * HOUR - SECOND)
    assert not await counter.timers.look()  # never early
    counter.clock.advance(SECOND)
    assert await counter.timers.look()
    for moved in (-HOUR, -HOUR, 0, HOUR, HOUR, 2 * DAY - HOUR):
        counter.clock.advance(moved)
        await counter.timers.look()
        await counter.handle()
    assert len(await events(counter, "timer")) == 1
    assert len(await events(counter, "reminder")) == 1


async def test_a_clock_that_stands_keeps_everything_waiting(counter: FrontDesk) -> None:
    await counter.hear("491", "tally")
    assert [await counter.timers.look() for _ in range(5)] == [False] * 5


async def test_hosts_whose_clocks_differ_fire_once_and_not_earlier_than_they_differ(
        counter: FrontDesk) -> None:
    await counter.hear("491", "tally")
    armed = counter.clock.now()
    fast, slow = Still(), Still()
    hosts = [counter.store, type(counter.store)(counter.inner, fast),  # type: ignore[arg-type]
             type(counter.store)(counter.inner, slow)]  # type: ignore[arg-type]
    fired = []
    for minute in range(115, 126):
        for store, clock, skew in zip(hosts, (counter.clock, fast, slow),
                                      (0, 5 * SECOND, -5 * SECOND), strict=True):
            for second in (0, 54, 57):
                clock.at = armed + minute * MINUTE + second * SECOND + skew
                if (await store.fire()).waiting:
                    fired.append(clock.at - skew - armed)
    assert len(fired) == 1
    assert fired[0] >= 2 * HOUR - 5 * SECOND


async def test_leases_do_not_move_with_the_business_clock(counter: FrontDesk) -> None:
    """What is on the wire stays with its process, whatever the clock of the business does."""
    await counter.hear("491", "tally")
    (tag,) = counter.wire.waiting
    for moved in (HOUR, -2 * HOUR, 2 * DAY):
        counter.clock.advance(moved)
        if counter.store.shared:
            assert await counter.store.recover(counter.outbox._lost) == 0
        assert (await counter.store.claim_sends()).sends == []
    counter.wire.answer(tag, "taken")
    await counter.settle()
    assert counter.wire.started == [tag]


async def test_after_a_jump_what_is_due_together_is_released_bit_by_bit(
        counter: FrontDesk) -> None:
    for n in range(AT_ONCE + 5):
        await counter.hear(f"49{n}", "tally")
    counter.clock.advance(2 * DAY)
    await counter.timers.look()
    assert len(await events(counter, "timer")) + len(await events(counter, "reminder")) == AT_ONCE
    while await counter.timers.look():
        pass
    assert len(await events(counter, "timer")) == AT_ONCE + 5
    assert len(await events(counter, "reminder")) == AT_ONCE + 5


@pytest.mark.parametrize(("zone", "written"), [
    ("Europe/Berlin", "2026-03-28T12:00"), ("Europe/Berlin", "2026-10-24T12:00"),
    ("America/New_York", "2026-03-07T12:00"), ("America/New_York", "2026-10-31T12:00"),
    ("Australia/Lord_Howe", "2026-10-03T12:00"), ("Africa/Cairo", "2026-04-23T12:00"),
    ("Pacific/Apia", "2011-12-29T12:00"), ("Asia/Kolkata", "2026-03-28T12:00"),
    ("America/Sao_Paulo", "2026-03-28T12:00")])
async def test_twenty_three_hours_are_elapsed_hours_wherever_the_clocks_change(
        counter: FrontDesk, zone: str, written: str) -> None:
    at = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    counter.clock.at = int(at.timestamp() * SECOND)
    conversation = await counter.hear("491", "tally")
    ((due,),) = await counter.sql("select remind_at from conversation")
    assert datetime.fromtimestamp(due / SECOND, UTC) - at == timedelta(hours=23)
    counter.clock.at = due - 1
    await counter.timers.look()
    assert await events(counter, "reminder") == []
    counter.clock.at = due
    await counter.timers.look()
    assert await events(counter, "reminder") == [(conversation, "waits")]
    await counter.timers.look()
    assert len(await events(counter, "reminder")) == 1


