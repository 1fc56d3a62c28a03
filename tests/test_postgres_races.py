"""Moments in which two things meet on PostgreSQL, each held open by the test."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import pytest
from postgres import Server
from side_by_side import processes
from storing import counts, receipt, rows, wrote
from wire import wire

from bot.clock import Clock, real_now
from bot.metrics import Counts
from bot.model import Address, Item, Json, Notice
from bot.outbox import Outbox
from bot.pace import Pacer
from bot.store import sends
from bot.store.base import Tx
from bot.store.postgres import Postgres
from bot.store.rows import Outcome
from bot.store.store import Store, unlimited, unpaced
from bot.store.work import Limits, Work

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def test_a_receipt_without_our_tag_that_comes_while_its_send_is_settled_is_not_lost(
        postgres_url: str, clock: Clock, eventually: Eventually) -> None:
    async with processes(postgres_url, clock) as (mine, other):
        (send,) = (await mine.accept([wrote(clock)], counts)).sends
        read, go = asyncio.Event(), asyncio.Event()

        async def settling(tx: Tx) -> None:
            work = Work(clock.now(), real_now(), Limits(unpaced, unpaced, unlimited),
                        mine.holder, 0)
            await sends.settle(tx, [Outcome(send, "sent", "wamid.1")], 1_000, work)
            read.set()  # it has looked for receipts that came before it
            await go.wait()

        settled = asyncio.create_task(mine._db.write(settling))
        await read.wait()
        told = asyncio.create_task(other.accept([receipt(None, "read", clock, "wamid.1")], counts))

        async def met() -> bool:
            waiting = await rows(mine._db, "select count(*) from pg_locks where not granted "
                                           "and locktype = 'advisory'")
            return told.done() or waiting != [(0,)]

        await eventually(met)
        go.set()
        await asyncio.gather(settled, told)
        assert await rows(mine._db, "select status from message where direction = 'out'") == [
            ("read",)]
        assert await rows(mine._db, "select count(*) from receipt where message is null") == [(0,)]


class Provider:
    """A channel that takes everything at once."""

    name = "main"

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, to: Sequence[Address], content: Json, tag: str) -> str:
        self.sent.append(tag)
        return f"wamid.{tag}"


async def test_a_claim_that_was_put_back_before_it_was_heard_of_does_not_begin(
        postgres_url: str, clock: Clock, eventually: Eventually) -> None:
    """The unit is kept, but its answer is slow: meanwhile the process takes it for lost."""
    room = [0, 60_000]  # the first may leave, and nothing after it for a while
    async with processes(postgres_url, clock, lease=1_000,
                         pace=lambda *_: room.pop(0) if len(room) > 1 else room[0]) as (mine, _):
        late = (await mine.accept([wrote(clock)], counts)).sends
        provider = Provider()
        outbox = Outbox(mine, {"main": provider}, Pacer({}), {}, Counts())  # type: ignore[dict-item]
        running = asyncio.create_task(outbox.run())

        async def put_back() -> bool:
            return await rows(mine._db, "select state from outbox") == [("queued",)]

        await eventually(put_back)
        outbox.start(late)
        await outbox.finish()
        running.cancel()
        assert provider.sent == []
        assert await rows(mine._db, "select state from outbox") == [("queued",)]


async def test_a_unit_that_is_run_again_is_counted_once_by_the_limits(
        postgres: Server, postgres_url: str, clock: Clock) -> None:
    asked: list[str] = []

    def pace(channel: str, conversation: str) -> int:
        asked.append("pace")
        return 0

    def flooded(channel: str, conversation: str) -> bool:
        asked.append("flooded")
        return False

    async with wire(postgres) as line:
        store = Store(await Postgres.open(line.url(postgres_url), clock), clock, pace=pace,
                      flooded=flooded)
        (send,) = (await store.accept([wrote(clock, number=0)], counts)).sends
        await store.settle([Outcome(send, "sent", "wamid.0")])
        asked.clear()
        line.cut = "before"
        await store.accept([wrote(clock, number=n) for n in (1, 2)], counts)
        assert line.cuts == 1
        assert asked == ["flooded", "pace", "flooded"]
        await store.close()


async def test_deliveries_of_anything_in_any_order_never_wait_for_each_other_in_a_ring(
        postgres_url: str, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Messages of people who turn out to be one, receipts known and unknown, sends settled."""
    caplog.set_level(logging.INFO, "bot.store.postgres")
    dice = random.Random(20261122)
    phones = [Address("phone", f"49{n}") for n in range(8)]
    ids = [Address("bsuid", f"DE.{n}", "acc") for n in range(8)]
    numbers = count(1)
    async with processes(postgres_url, clock, 3) as stores:
        sends = (await stores[0].accept(
            [wrote(clock, number=next(numbers), addresses=(each,)) for each in (*phones, *ids)],
            counts)).sends

        def message() -> Item:
            some = [each for pair in zip(phones, ids, strict=True) for each in pair]
            at = dice.randrange(len(some) - 2)
            addresses = dice.sample(some[at:at + 3], dice.choice((1, 1, 2, 3)))
            return wrote(clock, number=next(numbers), addresses=tuple(addresses))

        def told() -> Item:
            send = dice.choice(sends)
            return receipt(dice.choice((send.id, None)), dice.choice(("sent", "delivered", "read")),
                           clock, f"wamid.{dice.choice(sends).id}")

        def notice() -> Item:
            return Notice("main", "field.x", str(dice.randrange(5)))

        async def work(store: Store) -> None:
            for _ in range(12):
                items = [dice.choice((message, message, told, told, notice))()
                         for _ in range(dice.choice((1, 2, 8, 16)))]
                await store.accept(items, counts)
                outcomes = [Outcome(send, "sent", f"wamid.{send.id}")
                            for send in dice.sample(sends, 4)]
                sends.extend((await store.settle(outcomes)).sends)

        await asyncio.gather(*(work(store) for store in stores * 2))
    rings = [record for record in caplog.records
             if "deadlock" in str(vars(record).get("error", ""))]
    assert rings == []
