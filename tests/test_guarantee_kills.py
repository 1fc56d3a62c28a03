"""Processes that die: at each failpoint, again and again, and who must not be blamed for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from harness import Bot, Provider
from postgres import Server
from series import Place, killed_in_turn
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.failpoints import NAMES
from bot.store.sqlite import SQLite
from bot.store.store import Store

pytestmark = pytest.mark.timeout(330)

#: Every failpoint but those of an upgrade, which has tests of its own; a message in doubt is there
#: to be found after a process has died while it was sending.
MET = [name for name in NAMES if name not in ("migration.step", "outbox.lapsed")]
MET.insert(MET.index("outbox.written") + 1, "outbox.lapsed")
HALVES = (MET[:len(MET) // 2], MET[len(MET) // 2:])


@pytest.mark.parametrize("half", HALVES, ids=["first", "second"])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_killed_at_every_failpoint_nothing_is_lost_doubled_or_out_of_order(
        request: pytest.FixtureRequest, kind: str, half: list[str]) -> None:
    server: Server | None = request.getfixturevalue("postgres") if kind == "postgres" else None
    done = await killed_in_turn(Place(server, seed=1, processes=2), half)
    assert done.violations == []
    assert done.kills >= len(half)


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
