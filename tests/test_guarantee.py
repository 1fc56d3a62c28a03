"""The guarantee, one test for each of its sentences (docs/guarantee.md).

Where a process has to die, it is a real one, killed by SIGKILL, over a real provider on the
loopback. `test_guarantee_kills.py` kills at every failpoint once, `make night` again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import (
    Bot,
    Person,
    Provider,
    delivery,
    different,
    message,
    shown,
    signed,
    take,
)
from serving import served
from storing import counts, rows, wrote

from bot.clock import DAY, HOUR, MINUTE, Clock
from bot.model import Decision, Event, Journal, Reply, Snapshot
from bot.store.base import Database
from bot.store.rows import Outcome
from bot.store.sqlite import SQLite
from bot.store.store import Store


@pytest.fixture
async def bot(tmp_path: Path, sink: Provider) -> AsyncIterator[Bot]:
    made = Bot(tmp_path / "bot.db", sink)
    yield made
    if made.process is not None and not made.dead:
        made.kill()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def keep_alive(bot: Bot) -> None:
    """Start the bot again whenever it has died."""
    while True:
        if bot.dead:
            await bot.start()
        await asyncio.sleep(0.05)


async def finish(bot: Bot, people: list[Person], conversations: int = 1) -> None:
    until = time.monotonic() + 45
    watch = asyncio.create_task(keep_alive(bot))
    try:
        await asyncio.gather(*(person.walk(conversations, until) for person in people))
    finally:
        watch.cancel()


async def test_g1_accepted_means_durable(
        bot: Bot, sink: Provider, session: aiohttp.ClientSession) -> None:
    """Killed right after the 200, the process finds every message again."""
    await bot.start("outbox.claimed=stall:5")  # no reply leaves before the kill
    for number in range(5):
        body = delivery(message("491", number, "hi"))
        async with session.post(f"{bot.url}/webhooks/main", data=body,
                                headers=signed(body)) as answer:
            assert answer.status == 200
    bot.kill()
    await bot.start()
    person = Person("491", bot, session)
    assert len(await person.replies(5, time.monotonic() + 20)) == 5
    assert bot.stop() == 0


async def test_g1_a_commit_is_flushed_before_it_is_acknowledged(database: Database) -> None:
    async def unit(tx: Any) -> list[Any]:
        if isinstance(database, SQLite):
            return [tx._execute(f"pragma {name}").fetchone()[0]
                    for name in ("synchronous", "journal_mode")]
        return [(await tx._connection.fetchrow("show synchronous_commit"))[0]]

    assert await database.write(unit) == ([2, "wal"] if isinstance(database, SQLite) else ["on"])


async def test_g2_once(bot: Bot, sink: Provider, session: aiohttp.ClientSession) -> None:
    """Fifty times at once, in other batches and after a restart: one change, one reply."""
    await bot.start()
    one = delivery(message("491", 1, "return"))

    async def post(body: bytes) -> int:
        async with session.post(f"{bot.url}/webhooks/main", data=body,
                                headers=signed(body)) as answer:
            return answer.status

    assert await asyncio.gather(*(post(one) for _ in range(50))) == [200] * 50
    batch = delivery(message("492", 1, "return"), message("491", 1, "return"))
    assert await post(batch) == 200
    bot.kill()
    await bot.start()
    assert await post(one) == 200
    last = delivery(message("491", 2, "12"))
    assert await post(last) == 200
    person = Person("491", bot, session)
    replies = await person.replies(2, time.monotonic() + 20)
    assert ["order number" in shown(reply) for reply in replies] == [True, True]
    assert "not an order number" in shown(replies[1])
    assert len(different(sink.ledger.sends["491"])) == 2


async def test_g3_in_order_alone(store: Store, clock: Clock) -> None:
    """Messages, agents, timers and results of one contact, at once: one at a time, in order."""
    async def slow_path() -> None:
        for conversation in await store.ready(100):
            while (event := await store.begin(conversation)) is not None:
                await store.take_turn(conversation, event[0], counts)

    await store.accept([wrote(clock, number=0, text="0")], counts)
    (conversation,) = [row.id for row in (await store.desk.conversations()).rows]
    accepted = ["0"]

    async def message_in(n: int) -> None:
        await store.accept([wrote(clock, number=n, text=str(n))], counts if n % 3 else None)

    async def own(n: int) -> None:
        event = Event(f"e{n}", "agent", clock.now(), {"text": str(n)})
        await store.happen(conversation, event, counts if n % 2 else None)

    for start in range(1, 100, 10):
        await asyncio.gather(*(message_in(n) if n % 4 else own(n)
                               for n in range(start, start + 10)))
        accepted += [str(n) for n in range(start, start + 10)]
        await slow_path()
    snapshot = await store.desk.snapshot(conversation)
    assert snapshot is not None
    seen = snapshot.state["seen"]
    assert sorted(seen) == sorted(accepted)
    thread = (await store.desk.transcript(conversation, limit=500)).rows
    heard = [row.content["text"] for row in thread if row.direction == "in"]
    assert [text for text in seen if text in heard] == heard
    replies = [row.content["text"] for row in thread if row.direction == "out"]
    assert replies == [str(n) for n in range(1, len(accepted) + 1)]
    if not store.shared:  # one writer accepts in the order in which it was asked
        assert seen == accepted


@pytest.mark.parametrize("failpoint", ["step.decided", "step.written", "write.before_commit"])
async def test_g4_all_or_nothing(
        bot: Bot, sink: Provider, session: aiohttp.ClientSession, failpoint: str) -> None:
    """Killed inside a turn, either all of it is there or none: the conversation goes on right."""
    await bot.start(f"{failpoint}=kill@3")
    people = [Person(f"49{n}", bot, session) for n in range(3)]
    await finish(bot, people)
    assert bot.starts >= 2
    for person in people:
        assert len(different(sink.ledger.sends[person.who])) == person.sent


async def test_g5_no_reply_vanishes(store: Store, clock: Clock) -> None:
    """Each reply ends in a state that an agent can read at the desk, whatever became of it."""
    fates = {"491": ("sent", "sent"), "492": ("failed", "failed"), "493": ("parked", "parked"),
             "494": ("retry", "queued"), "495": ("unknown", "unknown")}
    for who, (outcome, _) in fates.items():
        work = await store.accept([wrote(clock, who)], counts)
        await store.settle([Outcome(work.sends[0], outcome, "p" + who, not_before=1 << 60)])
    seen = {}
    for conversation in (await store.desk.conversations()).rows:
        thread = (await store.desk.transcript(conversation.id)).rows
        seen[conversation.phone] = [row.status for row in thread if row.direction == "out"]
    assert seen == {who: [status] for who, (_, status) in fates.items()}


async def test_g6_duplicates_only_under_doubt(
        bot: Bot, sink: Provider, session: aiohttp.ClientSession) -> None:
    """Accepted and then cut off, refused, or answered with nonsense: a copy leaves only where
    nobody could know, and not where a receipt said so in time."""
    doubtful: set[str] = set()

    async def trouble(number: int, body: dict[str, object]) -> web.StreamResponse | None:
        tag = str(body["biz_opaque_callback_data"])
        if tag in doubtful:
            return None
        if number % 5 == 0:
            return web.json_response({"error": {"code": 130429, "message": "slow"}}, status=400)
        if number % 3:
            return None
        doubtful.add(tag)
        provider_id = await take(sink.ledger, body)
        if number % 2:  # the receipt tells what the answer does not
            status = {"id": provider_id, "status": "sent", "timestamp": str(int(time.time())),
                      "recipient_id": str(body["to"]), "biz_opaque_callback_data": tag}
            receipts.append(asyncio.create_task(post(delivery(statuses=(status,)))))
            told.add(tag)
        return web.Response(status=500, text="oops")

    async def post(body: bytes) -> None:
        async with session.post(f"{bot.url}/webhooks/main", data=body,
                                headers=signed(body)) as answer:
            assert answer.status == 200

    receipts: list[asyncio.Task[None]] = []
    told: set[str] = set()
    sink.trouble = trouble
    await bot.start()
    people = [Person(f"49{n}", bot, session) for n in range(6)]
    await finish(bot, people)
    await asyncio.gather(*receipts)
    for person in people:
        tags = [str(body["biz_opaque_callback_data"]) for body in sink.ledger.sends[person.who]]
        assert len(set(tags)) == person.sent
        copies = {tag for tag in tags if tags.count(tag) > 1}
        assert copies <= doubtful - told
    assert doubtful - told
    assert told


async def test_g7_rules_hold_at_the_moment_of_sending(store: Store, clock: Clock) -> None:
    def says(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), replies=[
            Reply({"type": "text", "text": text}) for text in ("one", "two")])

    work = await store.accept([wrote(clock)], says)
    clock.advance(DAY)  # between writing and releasing the second
    work = await store.settle([Outcome(work.sends[0], "sent", "p1")])
    assert work.sends == []
    (conversation,) = (await store.desk.conversations()).rows
    last = (await store.desk.transcript(conversation.id)).rows[-1]
    assert (last.status, last.content["text"]) == ("parked", "two")


async def test_g8_timers(store: Store, clock: Clock) -> None:
    """At most once, never early, not at all when the conversation has moved on."""
    def arms(token: str) -> object:
        def step(snapshot: Snapshot, event: Event) -> Decision:
            return Decision({}, Journal("answer"), timers={
                "timeout": (event.at + HOUR, token)})
        return step

    await store.accept([wrote(clock, "491")], arms("a"))  # type: ignore[arg-type]
    await store.accept([wrote(clock, "492")], arms("a"))  # type: ignore[arg-type]
    clock.advance(HOUR - MINUTE)
    await store.fire()
    assert await store.ready(10) == []
    await store.accept([wrote(clock, "492", 2)], arms("b"))  # type: ignore[arg-type]
    clock.advance(MINUTE)
    for _ in range(3):
        await store.fire()
    assert len(await store.ready(10)) == 1
    clock.advance(HOUR)
    await store.fire()
    assert len(await store.ready(10)) == 2


async def test_g9_human_first(store: Store, clock: Clock) -> None:
    """After a takeover at most the message on the wire still arrives."""
    def says(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), owner="queue", replies=[
            Reply({"type": "text", "text": str(n)}) for n in range(5)])

    def takes(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("agent"), owner="agent:kim")

    work = await store.accept([wrote(clock)], says)
    (on_the_wire,) = work.sends
    (conversation,) = [row.id for row in (await store.desk.conversations()).rows]
    await store.happen(conversation, Event("t", "agent", clock.now(), {}), takes)
    work = await store.settle([Outcome(on_the_wire, "sent", "p1")])
    assert work.sends == []
    assert (await store.claim_sends()).sends == []
    assert [row.status for row in (await store.desk.transcript(conversation)).rows][1:] == [
        "sent", *["suppressed"] * 4]


async def test_g10_one_bad_conversation_stays_one(
        store: Store, clock: Clock, database: Database) -> None:
    def poisoned(snapshot: Snapshot, event: Event) -> Decision:
        if event.payload["text"] == "poison":
            raise RuntimeError("this event can't be handled")
        return counts(snapshot, event)

    batch = [wrote(clock, "491", 1, "poison"), wrote(clock, "492", 1, "fine"),
             wrote(clock, "491", 2, "later")]
    work = await store.accept(batch, poisoned)
    assert [send.to[0].value for send in work.sends] == ["492"]
    (conversation,) = await store.ready(10)
    for attempt in range(1, 6):
        tried = await store.begin(conversation)
        assert tried is not None
        with pytest.raises(RuntimeError):
            await store.take_turn(conversation, tried[0], poisoned)
        await store.failed(conversation, tried[0], "RuntimeError", attempt)
    tried = await store.begin(conversation)
    assert tried is not None
    work = await store.take_turn(conversation, tried[0], poisoned)
    assert [send.to[0].value for send in work.sends] == ["491"]
    assert await rows(database, "select state, attempts from inbox") == [("dead", 5)]


@pytest.fixture(params=["sqlite", "postgres"])
def stands_still(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Any]:
    """A store's address, and what keeps everybody from writing to it while it lasts."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")

        @contextlib.asynccontextmanager
        async def held() -> AsyncIterator[None]:
            connection = await asyncpg.connect(url)
            async with connection.transaction():
                await connection.execute("lock table seen in access exclusive mode")
                yield
            await connection.close()

        return url, held
    file = tmp_path / "bot.db"

    @contextlib.asynccontextmanager
    async def locked() -> AsyncIterator[None]:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("begin immediate")
        yield
        connection.close()

    return f"sqlite:////{file}", locked


async def test_g11_bounded(project: Path, sink: Provider, clock: Clock,
                           session: aiohttp.ClientSession, stands_still: tuple[str, Any]) -> None:
    """While the store stands still, only so many wait; the others are told so, and nobody else."""
    store, held = stands_still
    bodies = [delivery(message(f"49{n:04}", 1, "return")) for n in range(90)]
    async with served(project, sink, clock, store) as (frontdesk, url):

        async def post(body: bytes) -> int:
            async with session.post(f"{url}/webhooks/main", data=body,
                                    headers=signed(body)) as answer:
                assert answer.status == 200 or int(answer.headers["Retry-After"]) > 0
                return answer.status

        async with held():
            waiting = [asyncio.create_task(post(body)) for body in bodies]
            done, _ = await asyncio.wait(waiting, timeout=10, return_when=asyncio.FIRST_COMPLETED)
            refused = [one.result() for one in done]
            assert set(refused) == {503}
        statuses = await asyncio.gather(*waiting)
        assert set(statuses) == {200, 503}
        kept = {row.phone for row in (await frontdesk.store.desk.conversations(limit=100)).rows}
        assert kept == {f"49{n:04}" for n, status in enumerate(statuses) if status == 200}
        assert set(await asyncio.gather(*map(post, bodies))) == {200}
        assert len((await frontdesk.store.desk.conversations(limit=100)).rows) == len(bodies)
