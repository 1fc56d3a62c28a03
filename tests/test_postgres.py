"""What PostgreSQL makes possible and what it asks for: two stores here are two processes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from postgres import Server
from storing import counts, receipt, rows, wrote
from wire import wire

from bot.clock import HOUR, Clock
from bot.errors import StoreError
from bot.model import Address, CallRequest, Decision, Event, Journal, Reply, Snapshot
from bot.store.base import Tx, migrations, statements
from bot.store.postgres import Postgres, address, dialect
from bot.store.rows import Outcome
from bot.store.store import Store

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@asynccontextmanager
async def processes(url: str, clock: Clock, count: int = 2,
                    **more: Any) -> AsyncIterator[list[Store]]:
    """So many stores on one database, each with connections of its own."""
    made = [Store(await Postgres.open(url, clock), clock, unknown_after=1_000, **more)
            for _ in range(count)]
    yield made
    for store in made:
        await store.close()


@pytest.fixture
async def two(postgres_url: str, clock: Clock) -> AsyncIterator[list[Store]]:
    async with processes(postgres_url, clock) as made:
        yield made


async def only(store: Store) -> str:
    (row,) = (await store.conversations()).rows
    return row.id


async def seen(store: Store) -> list[str]:
    snapshot = await store.snapshot(await only(store))
    assert snapshot is not None
    found: list[str] = snapshot.state.get("seen", [])
    return found


async def test_every_named_statement_can_be_prepared(postgres_url: str, clock: Clock) -> None:
    database = await Postgres.open(postgres_url, clock)

    async def unit(tx: Any) -> None:
        for name, sql in statements().items():
            for text in (dialect(sql), dialect(sql, reading=True)):
                assert not re.search(r"/\*", text), name
                await tx._connection.prepare(text)

    await database.write(unit)
    await database.close()


async def test_ids_are_compared_as_on_sqlite_whatever_the_database_sorts_by(
        postgres: Server, postgres_url: str, clock: Clock) -> None:
    database = await Postgres.open(postgres_url, clock)
    columns = await rows(database, "select table_name, column_name from information_schema.columns"
                         " where table_schema = 'public' and data_type = 'text'"
                         " and collation_name is distinct from 'C'")
    await database.close()
    assert columns == []


async def test_the_first_messages_of_one_person_in_many_processes_make_one_contact(
        postgres_url: str, clock: Clock) -> None:
    phone, bsuid = Address("phone", "4912345"), Address("bsuid", "DE.1", "acc")
    async with processes(postgres_url, clock, 4) as stores:
        await asyncio.gather(*(
            store.accept([wrote(clock, number=n, text=str(n), addresses=addresses)], counts)
            for n, (store, addresses) in enumerate(zip(
                stores * 2, [(phone,), (bsuid, phone), (phone, bsuid), (phone,)] * 2,
                strict=True))))
        assert sorted(await seen(stores[0])) == [str(n) for n in range(8)]
        assert await rows(stores[0]._db, "select count(*) from contact") == [(1,)]


async def test_batches_with_the_same_people_in_any_order_do_not_wait_for_each_other_forever(
        two: list[Store], clock: Clock) -> None:
    people = [f"49{n}" for n in range(20)]
    await two[0].accept([wrote(clock, who) for who in people], counts)
    for round_ in range(1, 6):
        batches = [[wrote(clock, who, f"{round_}.{side}") for who in order]
                   for side, order in enumerate((people, people[::-1]))]
        async with asyncio.timeout(0.9):  # PostgreSQL looks for deadlocks after a second
            await asyncio.gather(*(store.accept(batch, counts)
                                   for store, batch in zip(two, batches, strict=True)))
    for row in (await two[0].conversations()).rows:
        snapshot = await two[0].snapshot(row.id)
        assert snapshot is not None
        assert len(snapshot.state["seen"]) == 11


async def test_the_same_delivery_in_many_processes_changes_its_conversations_once(
        postgres_url: str, clock: Clock) -> None:
    async with processes(postgres_url, clock, 4) as stores:
        batch = [wrote(clock, f"49{n % 3}", n, str(n)) for n in range(12)]
        works = await asyncio.gather(*(stores[n % 4].accept(batch[::-1] if n % 2 else batch, counts)
                                       for n in range(12)))
        assert sum(len(work.sends) for work in works) == 3
        assert await rows(stores[0]._db, "select count(*) from message where direction = 'in'"
                          ) == [(12,)]


async def test_replies_leave_in_the_order_of_the_turns_whichever_process_took_them(
        two: list[Store], clock: Clock) -> None:
    for n in range(60):
        await two[n % 2].accept([wrote(clock, number=n, text=str(n))], counts)
    assert (await two[0].claim_sends()).sends == []  # the first is on the wire since its turn
    thread = (await two[0].transcript(await only(two[0]), limit=200)).rows
    left = [row.content["text"] for row in thread if row.direction == "out"]
    assert left == [str(n) for n in range(1, 61)]


async def test_an_event_is_begun_by_one_process_at_a_time(two: list[Store], clock: Clock) -> None:
    await two[0].accept([wrote(clock)], None)
    conversation = await only(two[0])
    begun = await asyncio.gather(*(store.begin(conversation) for store in two * 4))
    (event,) = [each for each in begun if each is not None]
    assert await two[1].ready(10) == []
    assert event[1] == 0
    works = await asyncio.gather(*(store.take_turn(conversation, event[0], counts)
                                   for store in two * 2))
    assert sum(len(work.sends) for work in works) == 1
    assert await seen(two[0]) == ["hello"]


async def test_what_waits_to_leave_is_claimed_by_one_process(
        postgres_url: str, clock: Clock) -> None:
    async with processes(postgres_url, clock, 4) as stores:
        work = await stores[0].accept([wrote(clock, f"49{n:02}") for n in range(60)], counts)
        await stores[0].settle([Outcome(send, "retry", not_before=1) for send in work.sends])
        works = await asyncio.gather(*(store.claim_sends(20) for store in stores))
        ids = [send.id for work in works for send in work.sends]
        assert len(ids) == len(set(ids)) >= 20
        left = await asyncio.gather(*(store.claim_sends(100) for store in stores))
        ids += [send.id for work in left for send in work.sends]
        assert sorted(ids) == sorted({send.id for send in work.sends})


async def test_a_silent_process_loses_what_it_was_sending_and_settles_nothing_late(
        postgres_url: str, clock: Clock, eventually: Eventually) -> None:
    async with processes(postgres_url, clock, lease=200) as (dead, alive):
        work = await dead.accept([wrote(clock)], counts)
        (stale,) = work.sends

        async def in_doubt() -> bool:
            return await alive.recover(frozenset()) == 1

        assert not await in_doubt(), "its lease is not over"
        await eventually(in_doubt)
        assert (await alive.claim_sends()).sends == [], "its receipt may still come"
        again: list[Any] = []

        async def sent_again() -> bool:
            again.extend((await alive.claim_sends()).sends)
            return bool(again)

        await eventually(sent_again)
        assert (again[0].id, again[0].epoch) == (stale.id, stale.epoch + 1)
        await dead.settle([Outcome(stale, "failed", error="zombie")])
        await alive.settle([Outcome(again[0], "sent", "wamid.1")])
        assert await rows(alive._db, "select status, doubt from message where direction = 'out'"
                          ) == [("sent", 1)]


async def test_what_a_process_released_and_lost_sight_of_leaves_without_a_doubt(
        postgres_url: str, clock: Clock, eventually: Eventually) -> None:
    async with processes(postgres_url, clock, lease=1_000) as (mine, other):
        work = await mine.accept([wrote(clock, "491"), wrote(clock, "492")], counts)
        held, lost = work.sends
        again: list[str] = []

        async def released() -> bool:
            await mine.recover({held.id})  # after half the lease
            again.extend(send.id for send in (await other.claim_sends()).sends)
            return bool(again)

        await eventually(released)
        assert again == [lost.id]
        assert await rows(mine._db, "select sum(doubt) from message") == [(0,)]


async def test_doubts_wait_anew_when_no_process_lived_to_take_receipts(
        two: list[Store], clock: Clock) -> None:
    work = await two[0].accept([wrote(clock)], counts)
    await two[0].recover(frozenset(send.id for send in work.sends))
    await two[0].settle([Outcome(work.sends[0], "unknown")])

    async def long_ago(tx: Any) -> None:
        await tx._connection.execute("update outbox set not_before = 0")
        await tx._connection.execute("update setting set value = '0' where name = 'beat'")

    await two[0]._db.write(long_ago)
    await two[1].recover(frozenset())
    assert (await two[1].claim_sends()).sends == []
    await two[1].accept([receipt(work.sends[0].id, "delivered", clock)], counts)
    assert await rows(two[0]._db, "select count(*) from outbox") == [(0,)]


async def test_a_timer_and_a_reminder_fire_in_one_process(two: list[Store], clock: Clock) -> None:
    def arms(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), remind_at=event.at + HOUR,
                        timers={"timeout": (event.at + HOUR, "t")})

    await two[0].accept([wrote(clock, f"49{n}") for n in range(10)], arms)
    clock.advance(2 * HOUR)
    await asyncio.gather(*(store.fire() for store in two * 4))
    assert await rows(two[0]._db, "select kind, count(*) from inbox group by kind order by kind"
                      ) == [("reminder", 10), ("timer", 10)]


async def test_a_call_is_made_by_one_process_and_taken_up_when_it_falls_silent(
        postgres_url: str, clock: Clock, eventually: Eventually) -> None:
    def asks(snapshot: Snapshot, event: Event) -> Decision:
        call = CallRequest(f"c.{event.id}", "orders.find", {})
        return Decision({}, Journal("answer"), calls=[call], busy=True)

    async with processes(postgres_url, clock, lease=300) as (dead, alive):
        await dead.accept([wrote(clock, f"49{n}") for n in range(10)], asks)
        claims = await asyncio.gather(*(store.claim_calls(20) for store in (dead, alive) * 2))
        keys = [call.key for claim in claims for _, _, call in claim]
        assert len(keys) == len(set(keys)) == 10
        mine = {call.key for claim in claims[1::2] for _, _, call in claim}
        taken: list[str] = []

        async def lapsed() -> bool:
            await alive.keep_calls()
            taken.extend(call.key for _, _, call in await alive.adopt_calls(20))
            return set(taken) == set(keys) - mine

        await eventually(lapsed)
        assert len(taken) == len(set(taken))


async def test_one_contact_in_two_channels_keeps_both_changes(
        two: list[Store], clock: Clock) -> None:
    def learns(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"),
                        contact={"fields": {event.payload["text"]: "known"}})

    await asyncio.gather(*(
        two[n % 2].accept([wrote(clock, number=n, text=f"f{n}", channel=f"c{n % 2}")], learns)
        for n in range(20)))
    ((fields,),) = await rows(two[0]._db, "select fields from contact")
    assert fields.count("known") == 20


async def test_an_agent_and_the_customer_at_once_lose_nothing(
        two: list[Store], clock: Clock) -> None:
    await two[0].accept([wrote(clock, number=0)], counts)
    conversation = await only(two[0])
    await asyncio.gather(
        *(two[0].accept([wrote(clock, number=n, text="c")], counts) for n in range(1, 20)),
        *(two[1].happen(conversation, Event(f"a{n}", "agent", clock.now(), {"text": "a"}), counts,
                        key=f"desk:{n % 10}") for n in range(20)))
    found = await seen(two[0])
    assert (found.count("c"), found.count("a")) == (19, 10)


# The connection


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
        for row in (await store.conversations()).rows:
            snapshot = await store.snapshot(row.id)
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
        await broken(store.begin(conversation))
        await rows(store._db, "select 1")
        ((event, attempts),) = await rows(store._db, "select id, attempts from inbox")
        assert attempts == 1
        await broken(store.take_turn(conversation, event, asks))
        await broken(store.put_back(frozenset()))
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
        await broken(store.add_agent("ana", "Ana", "hash"))
        await broken(store.audit("system", "tried", "store"))
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
    ids = [row.id for row in (await two[0].conversations()).rows]
    held = [asyncio.Event(), asyncio.Event()]

    async def cross(side: int) -> None:
        async def unit(tx: Tx) -> None:
            await tx.lock(ids[side])
            held[side].set()
            await held[1 - side].wait()
            await tx.lock(ids[1 - side])
            await tx.run("retry_event", ids[side], 7)

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
    await two[0].conversations()
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
    assert address("postgresql://bot:secret@h/db?pool_size=3&sslmode=require").pool == 3


async def test_a_closed_store_says_so(postgres_url: str, clock: Clock) -> None:
    database = await Postgres.open(postgres_url, clock)
    await database.close()
    for ask in (database.write, database.read):
        with pytest.raises(StoreError, match="closed"):
            await ask(lambda tx: tx.one("setting", "a"))


# Starting side by side


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
