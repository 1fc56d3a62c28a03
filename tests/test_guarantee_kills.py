"""Processes that die: at each failpoint, again and again, and who must not be blamed for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from harness import Bot, Provider
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.store.sqlite import SQLite
from bot.store.store import Store

pytestmark = pytest.mark.timeout(120)


async def test_events_beside_which_a_process_died_again_and_again_are_not_put_aside(
        tmp_path: Path, sink: Provider, clock: Clock) -> None:
    """Twelve people wait. The process dies in the first turn that it takes, in its second …"""
    bot = Bot(tmp_path / "bot.db", sink)
    store = Store(await SQLite.open(bot.store, clock), clock)
    await store.accept([wrote(clock, f"49{number}") for number in range(12)], None)
    await store.close()
    for turn in (1, 2, 1, 2, 1, 2):
        await bot.start(f"step.decided=kill@{turn}")
        async with asyncio.timeout(20):
            while not bot.dead:
                await asyncio.sleep(0.01)
    await bot.start()
    async with asyncio.timeout(20), sink.ledger.came:
        await sink.ledger.came.wait_for(lambda: len(sink.ledger.sends) == 12)
    assert bot.stop() == 0
    database = await SQLite.open(bot.store, clock)
    assert await rows(database, "select conversation, error from inbox") == []
    await database.close()


async def test_only_who_was_in_hand_when_a_process_ended_is_suspected(
        store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock, f"49{number}") for number in range(4)], None)
    first, second, third, _ = await store.ready(10)
    for conversation in (first, second, third):
        assert await store.begin(conversation) is not None
    event = (await store.begin(first) or ("", 0))[0]
    assert event == ""  # it is in hand: nobody else may begin it
    assert await store.ready(10, suspects=True) == []
    await store.adopt()  # the process that had them is no more
    assert {*await store.ready(10, suspects=True)} == {first, second, third}
    tried = await store.begin(first)
    assert tried is not None
    await store.take_turn(first, tried[0], counts)
    tried = await store.begin(second)
    assert tried is not None
    await store.failed(second, tried[0], "RuntimeError", 2)  # this one said why
    await store.adopt()
    assert await store.ready(10, suspects=True) == [third]
