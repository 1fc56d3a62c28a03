from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from storing import counts, receipt, rows, wrote
from test_store_dead import bury

from bot.clock import DAY, HOUR, Clock
from bot.model import Notice
from bot.store import pruning
from bot.store.base import Database
from bot.store.pruning import KINDS, Keep, Pruning
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.upkeep import Upkeep


async def counted(database: Database, *tables: str) -> list[int]:
    return [(await rows(database, f"select count(*) from {table}"))[0][0] for table in tables]


async def test_what_was_kept_long_enough_goes_and_what_is_younger_stays(
        store: Store, database: Database, clock: Clock) -> None:
    work = await store.accept([wrote(clock), Notice("main", "field.x", "{}", "")], counts)
    (send,) = work.sends
    await store.accept([receipt(send.id, "read", clock)], counts)
    await store.desk.audit("somebody", "did", "something")
    tables = ("seen", "notice", "receipt", "message", "turn", "audit")
    assert await counted(database, *tables) == [2, 1, 1, 2, 1, 1]
    upkeep = Upkeep(store, clock)
    clock.advance(30 * DAY - HOUR)
    await upkeep.look()
    assert await counted(database, *tables) == [2, 1, 1, 2, 1, 1]
    clock.advance(2 * HOUR)
    await upkeep.look()
    assert await counted(database, *tables) == [0, 1, 1, 2, 1, 1]
    clock.advance(60 * DAY)
    await store.accept([wrote(clock, number=2)], counts)
    await upkeep.look()
    assert await counted(database, *tables) == [1, 0, 0, 4, 2, 1]
    clock.advance(275 * DAY)  # a year after the first message, and not yet after the second
    await upkeep.look()
    assert await counted(database, *tables) == [0, 0, 0, 2, 1, 1]
    clock.advance(365 * DAY)
    await upkeep.look()
    assert await counted(database, "audit", "conversation", "contact") == [0, 1, 1]


async def test_what_still_waits_keeps_its_message(
        store: Store, database: Database, clock: Clock) -> None:
    await store.accept([wrote(clock)], None)  # its turn was not taken
    clock.advance(400 * DAY)
    await Upkeep(store, clock).look()
    assert await counted(database, "message", "inbox") == [1, 1]
    (conversation,) = await store.ready(1)
    begun = await store.begin(conversation)
    assert begun is not None
    await store.take_turn(conversation, begun[0], counts)
    assert await counted(database, "inbox", "turn") == [0, 1]


async def test_a_reply_that_nobody_came_back_for_goes_with_the_transcript(
        store: Store, database: Database, clock: Clock) -> None:
    old = clock.now() - 2 * DAY
    await store.accept([wrote(clock, sent_at=old)], counts)  # the window is closed: parked
    assert await rows(database, "select state from outbox") == [("parked",)]
    clock.advance(366 * DAY)
    await Upkeep(store, clock).look()
    assert await counted(database, "outbox", "message", "turn") == [0, 0, 0]


async def test_a_dead_letter_that_nobody_decided_goes_with_a_line_in_the_audit(
        store: Store, database: Database, clock: Clock) -> None:
    conversation = await bury(store, clock, "poison")
    (letter,) = (await store.dead.listed()).rows
    clock.advance(366 * DAY)
    await Upkeep(store, clock).look()
    assert await counted(database, "inbox", "message") == [0, 0]
    assert await rows(database, "select object, detail from audit "
                      "where what = 'dead letter expired'") == [
        (conversation, f"{letter.id} (message)")]
    work = await store.accept([wrote(clock, number=2)], counts)
    assert len(work.sends) == 1  # and the conversation goes on


async def test_a_key_that_is_off_keeps_for_ever(database: Database, clock: Clock) -> None:
    store = Store(database, clock, keep=Keep(messages=None, journal=None))
    await store.accept([wrote(clock)], counts)
    clock.advance(4_000 * DAY)
    await Upkeep(store, clock).look()
    assert await counted(database, "message", "turn", "seen") == [2, 1, 0]


async def test_the_transcript_goes_however_much_waits_for_customers_who_never_come_back(
        store: Store, database: Database, clock: Clock) -> None:
    await store.accept([wrote(clock)], counts)
    clock.advance(400 * DAY)
    many = 1_500
    await store.accept([wrote(clock, f"49{n}", sent_at=clock.now() - 2 * DAY)
                        for n in range(many)], counts)
    assert await rows(database, "select count(*) from outbox where state = 'parked'") == [(many,)]
    assert not await store.pruning.batch("messages")
    assert await counted(database, "message") == [2 * many + 1]  # one reply is on the wire


async def test_pruning_goes_in_small_steps_and_can_stop_between_any_two(
        store: Store, database: Database, clock: Clock) -> None:
    many = pruning.BATCH + 50
    await store.accept([wrote(clock, number=n) for n in range(many)], None)
    clock.advance(31 * DAY)
    assert await store.pruning.batch("seen")
    assert await counted(database, "seen") == [50]
    assert not await Pruning(database, clock, Keep()).batch("seen")  # another goes on
    assert await counted(database, "seen") == [0]


async def test_one_process_prunes_and_not_again_within_the_hour(
        store: Store, database: Database, clock: Clock) -> None:
    others = [Pruning(database, clock, Keep()) for _ in range(4)]
    claims = await asyncio.gather(*(other.claim() for other in others))
    assert sorted(claims) == [False, False, False, True]
    clock.advance(HOUR)
    claims = await asyncio.gather(*(other.claim() for other in others))
    assert sorted(claims) == [False, False, False, True]
    clock.advance(-30 * DAY)  # a clock that was wrong and is put right
    assert await store.pruning.claim()


async def test_the_worker_prunes_when_the_clock_gets_there(
        store: Store, database: Database, clock: Clock, eventually: Any) -> None:
    worker = asyncio.create_task(Upkeep(store, clock).run())
    try:
        await store.accept([wrote(clock)], counts)
        clock.advance(31 * DAY)

        async def gone() -> bool:
            clock.advance(HOUR)
            return await counted(database, "seen") == [0]

        await eventually(gone)
    finally:
        worker.cancel()


async def test_an_sqlite_file_gives_its_pages_back(tmp_path: Path, clock: Clock) -> None:
    database = await SQLite.open(tmp_path / "bot.db", clock)
    store = Store(database, clock)
    text = "x" * 16_000
    await store.accept([wrote(clock, number=n, text=text) for n in range(700)], None)
    clock.advance(400 * DAY)

    async def unit(tx: Any) -> None:
        tx._execute("delete from inbox")

    await database.write(unit)
    full = (tmp_path / "bot.db").stat().st_size
    await Upkeep(store, clock).look()
    assert await counted(database, "message") == [0]
    assert (tmp_path / "bot.db").stat().st_size < full * 0.7
    assert (tmp_path / "bot.db-wal").stat().st_size < 3_000_000
    await database.close()


def test_every_kind_has_its_own_step() -> None:
    assert len(set(KINDS)) == len(KINDS)


async def test_a_process_that_died_makes_all_of_them_careful_for_a_while(
        database: Database, clock: Clock) -> None:
    one, other = Store(database, clock), Store(database, clock)
    assert not await other.caution.called()
    await one.caution.call(60_000)
    assert await other.caution.called()
    await one.caution.call(-1)
    assert not await other.caution.called()
