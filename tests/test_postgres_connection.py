"""Connections to PostgreSQL break, stand still and come between; processes start side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from postgres import Server
from side_by_side import only, processes, seen
from storing import counts, receipt, rows, wrote
from wire import wire

from bot.clock import HOUR, Clock
from bot.errors import StoreError
from bot.model import CallRequest, Decision, Event, Journal, Reply, Snapshot
from bot.store.base import Tx, migrations
from bot.store.postgres import Postgres, location
from bot.store.rows import Outcome
from bot.store.store import Store

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
async def two(postgres_url: str, clock: Clock) -> AsyncIterator[list[Store]]:
    async with processes(postgres_url, clock) as made:
        yield made


async def test_a_connection_lost_at_the_commit_leaves_each_message_in_once(
        postgres: Server, postgres_url: str, clock: Clock) -> None:
    """Whether it was kept nobody can know; the unit is run again and finds out."""
    async with wire(postgres) as line:
        store = Store(await Postgres.open(line.url(postgres_url), clock), clock)
        for n in range(100):
            line.cut = ("after", "before", None)[n % 3]
            await store.accept([wrote(clock, f"49{n % 7}", n, str(n))], counts)
        assert line.cuts >= 60
        kept = []
        for row in (await store.desk.conversations()).rows:
            snapshot = await store.desk.snapshot(row.id)
            assert snapshot is not None
            kept += snapshot.state["seen"]
            assert snapshot.state["seen"] == sorted(snapshot.state["seen"], key=int)
        assert sorted(kept, key=int) == [str(n) for n in range(100)]
        await store.close()


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_no_question_does_twice_what_was_kept_when_the_connection_broke(
        postgres: Server, postgres_url: str, clock: Clock, cut: str) -> None:
    def asks(snapshot: Snapshot, event: Event) -> Decision:
        decision = counts(snapshot, event)
        decision.calls = [CallRequest(f"c.{event.id}", "orders.find", {})]
        decision.timers = {"timeout": (event.at + HOUR, "t")}
        return decision

    async with wire(postgres) as line:
        store = Store(await Postgres.open(line.url(postgres_url), clock), clock)

        async def broken(question: Awaitable[Any]) -> Any:
            line.cut, before = cut, line.cuts
            answer = await question
            assert line.cuts == before + 1
            return answer

        await broken(store.accept([wrote(clock, text="a")], None))
        conversation = await only(store)
        begun = await broken(store.begin(conversation))
        ((event, attempts),) = await rows(store._db, "select id, attempts from inbox")
        assert (begun, attempts) == ((event, 0), 1)
        await broken(store.take_turn(conversation, event, asks))
        await broken(store.put_back(lambda *_: True))
        assert await rows(store._db, "select state from outbox") == [("queued",)]
        work = await store.claim_sends()
        await broken(store.settle([Outcome(work.sends[0], "unknown")]))
        await broken(store.settle([Outcome(work.sends[0], "sent", "wamid.1")]))
        await broken(store.accept([receipt(None, "read", clock, "wamid.1")], counts))
        await broken(store.claim_calls())
        result = {"key": f"c.{event}", "call": "orders.find", "ok": True, "value": 1}
        await broken(store.end_call(conversation, result, counts))
        clock.advance(HOUR)
        await broken(store.happen(conversation, Event("e1", "agent", clock.now(), {"text": "b"}),
                                  counts, key="desk:1"))
        await broken(store.desk.add_agent("ana", "Ana", "hash"))
        await broken(store.desk.audit("system", "tried", "store"))
        assert await seen(store) == ["a", "result", "b"]
        assert await rows(store._db, "select count(*) from audit") == [(1,)]
        assert await rows(store._db, "select status from message where direction = 'out'"
                          " order by id limit 1") == [("read",)]
        await store.close()


async def test_connections_that_the_server_ends_are_made_anew(
        postgres: Server, postgres_url: str, clock: Clock) -> None:
    store = Store(await Postgres.open(postgres_url, clock), clock)
    name = postgres_url.partition("@/")[2].partition("?")[0]

    async def work() -> None:
        for n in range(60):
            while True:  # as the provider does
                try:
                    await store.accept([wrote(clock, f"49{n % 3}", n, str(n))], counts)
                except StoreError:
                    continue
                break

    working = asyncio.create_task(work())
    while not working.done():
        await asyncio.to_thread(
            postgres.sql, "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            f" where datname = '{name}'")
    await working
    assert await rows(store._db, "select count(*) from message where direction = 'in'") == [(60,)]
    await store.close()


async def test_a_unit_in_the_way_is_waited_for_and_a_deadlock_is_tried_again(
        two: list[Store], clock: Clock) -> None:
    await two[0].accept([wrote(clock, "491"), wrote(clock, "492")], counts)
    ids = [row.id for row in (await two[0].desk.conversations()).rows]
    held = [asyncio.Event(), asyncio.Event()]

    async def cross(side: int) -> None:
        async def unit(tx: Tx) -> None:
            await tx.lock(ids[side])
            held[side].set()
            await held[1 - side].wait()
            await tx.lock(ids[1 - side])
            await tx.run("look_again", ids[side], 7)

        await two[side]._db.write(unit)

    await asyncio.gather(cross(0), cross(1))
    assert await rows(two[0]._db, "select ready_at from conversation") == [(7,), (7,)]


async def test_a_process_that_stands_still_in_a_unit_holds_a_conversation_for_moments_only(
        two: list[Store], clock: Clock) -> None:
    await two[0].accept([wrote(clock)], counts)
    conversation = await only(two[0])
    held = asyncio.Event()

    async def unit(tx: Tx) -> None:
        await tx.lock(conversation)
        held.set()
        await asyncio.sleep(30)

    frozen = asyncio.create_task(two[0]._db.write(unit))
    await held.wait()
    async with asyncio.timeout(10):
        await two[1].accept([wrote(clock, number=2, text="later")], counts)
    assert await seen(two[1]) == ["hello", "later"]
    for task in list(two[0]._db._tasks):  # type: ignore[attr-defined]
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await frozen


async def test_without_prepared_names_everything_works_the_same(
        postgres_url: str, clock: Clock) -> None:
    async with processes(f"{postgres_url}&statement_cache_size=0&pool_size=3", clock) as stores:
        await asyncio.gather(*(stores[n % 2].accept([wrote(clock, number=n)], counts)
                               for n in range(20)))
        assert len(await seen(stores[0])) == 20


async def test_nothing_of_a_unit_is_left_on_its_connection(two: list[Store], clock: Clock) -> None:
    names = ("synchronous_commit", "lock_timeout", "statement_timeout",
             "idle_in_transaction_session_timeout", "transaction_read_only")
    pool = two[0]._db._pool  # type: ignore[attr-defined]
    async with pool.acquire() as connection:
        before = [await connection.fetchval(f"show {name}") for name in names]
    await two[0].accept([wrote(clock)], counts)
    await two[0].desk.conversations()
    async with pool.acquire() as connection:
        assert [await connection.fetchval(f"show {name}") for name in names] == before
        assert await connection.fetchval("select count(*) from pg_locks where locktype = 'advisory'"
                                         " and pid = pg_backend_pid()") == 0


async def test_a_reader_can_not_write(postgres_url: str, clock: Clock) -> None:
    database = await Postgres.open(postgres_url, clock)
    with pytest.raises(StoreError, match="read-only"):
        await database.read(lambda tx: tx.run("set_setting", "a", "b"))
    await database.close()


async def test_a_server_that_is_not_there_is_named_without_the_password(clock: Clock) -> None:
    with pytest.raises(StoreError, match="can't be used") as caught:
        await Postgres.open("postgresql://bot:secret@127.0.0.1:1/db", clock)
    assert "secret" not in str(caught.value)
    assert location("postgresql://bot:secret@h/db?pool_size=3&sslmode=require").pool == 3


async def test_a_closed_store_says_so(postgres_url: str, clock: Clock) -> None:
    database = await Postgres.open(postgres_url, clock)
    await database.close()
    for ask in (database.write, database.read):
        with pytest.raises(StoreError, match="closed"):
            await ask(lambda tx: tx.one("setting", "a"))


async def test_many_processes_make_the_tables_at_once(postgres: Server, clock: Clock) -> None:
    name = postgres.database()
    opened = await asyncio.gather(*(Postgres.open(postgres.url(name), clock) for _ in range(6)))
    made = await rows(opened[0], "select name from migration order by name")
    assert [row[0] for row in made] == [name for name, _ in migrations("postgres")]
    keys = await asyncio.gather(*(Store(each, clock).setting("key", str(n))
                                  for n, each in enumerate(opened)))
    assert len(set(keys)) == 1
    for each in opened:
        await each.close()
    postgres.drop(name)


async def test_a_process_that_did_not_stop_cleanly_is_noticed_by_the_next_in_its_place(
        postgres_url: str, clock: Clock) -> None:
    first = await Postgres.open(postgres_url, clock, "host:8080:1")
    second = await Postgres.open(postgres_url, clock, "host:8080:2")
    await second.close()
    first._pool.terminate()
    unclean = []
    for name in ("host:8080:1", "host:8080:2", "host:8080:1"):
        again = await Postgres.open(postgres_url, clock, name)
        unclean.append(again.unclean)
        await again.close()
    assert unclean == [True, False, False]


async def test_a_hint_reaches_the_other_processes(
        two: list[Store], clock: Clock, eventually: Eventually) -> None:
    heard: list[str] = []
    listening = asyncio.create_task(two[1].listen(heard.append))

    async def arrived() -> bool:
        await two[0].tell("something changed")
        return bool(heard)

    await eventually(arrived)
    assert set(heard) == {"something changed"}
    listening.cancel()


async def test_two_messages_of_one_conversation_are_never_on_the_wire(
        two: list[Store], clock: Clock) -> None:
    """The database refuses it, should our own locks fail."""
    def says(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), replies=[
            Reply({"type": "text", "text": text}) for text in ("1", "2")])

    await two[0].accept([wrote(clock)], says)

    async def force(tx: Any) -> None:
        await tx._connection.execute("update outbox set state = 'sending'")

    with pytest.raises(StoreError, match="outbox_alone"):
        await two[0]._db.write(force)
