"""Processes that die: at each failpoint, again and again, and who must not be blamed for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from harness import Bot, Provider
from storing import rows, wrote

from bot.clock import Clock
from bot.store.sqlite import SQLite
from bot.store.store import Store

pytestmark = pytest.mark.timeout(120)


async def test_events_beside_which_a_process_died_again_and_again_are_not_put_aside(
        tmp_path: Path, sink: Provider, clock: Clock) -> None:
    """Twelve people wait. The process dies in the first turn that it takes, then in its second …"""
    bot = Bot(tmp_path / "bot.db", sink)
    store = Store(await SQLite.open(bot.store, clock), clock)
    await store.accept([wrote(clock, f"49{number}") for number in range(12)], None)
    await store.close()
    for turn in range(1, 7):
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
