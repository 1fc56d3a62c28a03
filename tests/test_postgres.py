"""What PostgreSQL makes possible and what it asks for: two stores here are two processes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from postgres import Server
from side_by_side import only, processes, seen
from storing import counts, receipt, rows, wrote

from bot.clock import HOUR, Clock
from bot.feed import TICKETS, Feed
from bot.hints import Hints
from bot.ids import new_id
from bot.model import Address, CallRequest, Decision, Event, Journal, Snapshot
from bot.store.base import statements
from bot.store.postgres import Postgres, dialect
from bot.store.rows import Outcome
from bot.store.store import Store
from bot.store.work import Work
from bot.timers import Timers

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
async def two(postgres_url: str, clock: Clock) -> AsyncIterator[list[Store]]:
    async with processes(postgres_url, clock) as made:
        yield made


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
    for row in (await two[0].desk.conversations()).rows:
        snapshot = await two[0].desk.snapshot(row.id)
        assert snapshot is not None
        assert len(snapshot.state["seen"]) == 11


async def test_who_waits_for_a_new_address_holds_nobody_meanwhile(
        two: list[Store], clock: Clock, eventually: Eventually) -> None:
    """Or the two wait for each other, for a second, until PostgreSQL ends one of them."""
    old, new = Address("phone", "4912345"), Address("phone", "4967890")
    await two[0].accept([wrote(clock, addresses=(old,))], counts)
    conversation = await only(two[0])
    moved = wrote(clock, number=2, addresses=(old, new))
    waits: list[asyncio.Task[Work]] = []

    async def unit(tx: Any) -> None:
        await tx.alone([f"phone:{new.value}:"])
        waits[:] = [asyncio.create_task(two[1].accept([moved], counts))]

        async def waiting() -> bool:
            return bool(await tx._connection.fetchval(
                "select count(*) from pg_locks where locktype = 'advisory' and not granted"))

        await eventually(waiting)
        await tx._connection.execute("set local lock_timeout = '0.5s'")
        await tx.one("conversation", conversation)

    await two[0]._db.write(unit)
    await waits[0]
    assert len(await seen(two[0])) == 2


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
    thread = (await two[0].desk.transcript(await only(two[0]), limit=200)).rows
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
            return await alive.recover(lambda *_: True) == 1

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
        await dead.settle([Outcome(stale, "sent", "wamid.0")])
        assert await rows(alive._db, "select state from outbox") == [("sending",)], "not its own"
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
            await mine.recover(lambda id_, _: id_ != held.id)  # after half the lease
            again.extend(send.id for send in (await other.claim_sends()).sends)
            return bool(again)

        await eventually(released)
        assert again == [lost.id]
        assert await rows(mine._db, "select sum(doubt) from message") == [(0,)]


async def test_doubts_wait_anew_when_no_process_lived_to_take_receipts(
        two: list[Store], clock: Clock) -> None:
    work = await two[0].accept([wrote(clock)], counts)
    await two[0].recover(lambda *_: False)
    await two[0].settle([Outcome(work.sends[0], "unknown")])

    async def long_ago(tx: Any) -> None:
        await tx._connection.execute("update outbox set not_before = 0")
        await tx._connection.execute("update setting set value = '0' where name = 'beat'")

    await two[0]._db.write(long_ago)
    await two[1].recover(lambda *_: True)
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


class Watched:
    """A store that counts how often it is asked to fire."""

    shared = True

    def __init__(self, store: Store) -> None:
        self.store = store
        self.next_due = store.next_due
        self.asked = 0

    async def fire(self, limit: int) -> Work:
        self.asked += 1
        return await self.store.fire(limit)


async def test_a_timer_of_a_conversation_that_another_holds_is_not_asked_for_without_a_pause(
        two: list[Store], clock: Clock, eventually: Eventually) -> None:
    def arms(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), timers={"timeout": (event.at + HOUR, "t")})

    await two[0].accept([wrote(clock)], arms)
    conversation = await only(two[0])
    clock.advance(2 * HOUR)
    holds, release = asyncio.Event(), asyncio.Event()

    async def hold(tx: Any) -> None:
        await tx.lock(conversation)
        holds.set()
        await release.wait()

    holding = asyncio.create_task(two[0]._db.write(hold))
    await holds.wait()
    watched = Watched(two[1])
    engine: Any = SimpleNamespace(timers_wake=asyncio.Event(), follow=lambda work: None)
    firing = asyncio.create_task(Timers(engine, watched, clock).run())  # type: ignore[arg-type]

    async def asked() -> bool:
        return watched.asked > 0

    try:
        await eventually(asked)
        for _ in range(100):  # as long as a hundred questions take
            await two[0].next_due()
        meanwhile = watched.asked
    finally:
        release.set()
        await holding

    async def fired() -> bool:
        return await rows(two[0]._db, "select kind from inbox") == [("timer",)]

    await eventually(fired)
    firing.cancel()
    assert meanwhile < 10


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
            await alive.keep_calls(mine)
            taken.extend(call.key for _, _, call in await alive.adopt_calls(20))
            return set(taken) == set(keys) - mine

        await eventually(lapsed)
        assert len(taken) == len(set(taken))


async def test_a_call_that_a_busy_process_lost_sight_of_is_taken_up(
        postgres_url: str, clock: Clock, eventually: Eventually) -> None:
    def asks(snapshot: Snapshot, event: Event) -> Decision:
        call = CallRequest(f"c.{event.id}", "orders.find", {})
        return Decision({}, Journal("answer"), calls=[call], busy=True)

    async with processes(postgres_url, clock, 1, lease=300) as (store,):
        await store.accept([wrote(clock, "491"), wrote(clock, "492")], asks)
        making, lost = [call.key for _, _, call in await store.claim_calls(2)]
        taken: list[str] = []

        async def found() -> bool:
            await store.keep_calls({making})
            taken.extend(call.key for _, _, call in await store.adopt_calls(2))
            return bool(taken)

        await eventually(found)
        assert taken == [lost]


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


async def test_pages_are_looked_after_when_no_hint_comes(
        two: list[Store], clock: Clock) -> None:
    feed = Feed()
    looking = asyncio.create_task(Hints(two[1], feed, (), {}).run())
    changes = feed.subscribe()
    changed = asyncio.create_task(anext(changes))
    await two[0].accept([wrote(clock)], counts)  # and tells nobody
    conversation = await only(two[0])
    async with asyncio.timeout(10):
        assert await changed == {conversation, TICKETS}
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    last = new_id()
    assert await two[1].touched(last) == []
    await two[0].desk.audit("agent:1", "take", conversation)
    assert await two[1].touched(last) == [conversation]
