"""What the provider may do to a message, and what becomes of it: over real HTTP."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from storing import receipt, rows, wrote
from troubles import CutOff

from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.clock import DAY, MINUTE, Clock
from bot.metrics import Counts
from bot.model import Decision, Event, Journal, Reply, Snapshot
from bot.outbox import Outbox
from bot.pace import Pacer
from bot.store.base import Database
from bot.store.sqlite import SQLiteTx
from bot.store.store import Store

Eventually = Callable[..., Awaitable[None]]
Answer = Callable[[web.Request, str], Awaitable[web.StreamResponse]]

#: A doubt waits so long for its receipt, and an answer of the provider may take so long, seconds.
W, PATIENCE = 2.0, 0.4


@dataclass
class Provider:
    """Takes messages; `answer` may then say something else than that."""

    taken: list[tuple[str, str]] = field(default_factory=list)  #: (text, tag)
    calls: int = 0
    answer: Callable[[web.Request, str, str], Awaitable[web.StreamResponse | None]] | None = None

    async def message(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls += 1
        text, tag = body["text"]["body"], body["biz_opaque_callback_data"]
        answer = await self.answer(request, text, tag) if self.answer is not None else None
        if answer is not None:
            return answer
        self.taken.append((text, tag))
        return web.json_response({"messages": [{"id": f"wamid.{len(self.taken)}"}]})


@asynccontextmanager
async def posting(database: Database, clock: Clock,
                  provider: Provider) -> AsyncIterator[tuple[Store, Outbox]]:
    """The part that sends, at work."""
    app = web.Application()
    app.router.add_post("/v23.0/1/messages", provider.message)
    async with TestServer(app) as server, HttpClient() as http:
        channel = Meta(name="main", phone_number_id="1", app_secrets=("s",), access_token="t",
                       verify_token="v", http=http, graph_url=f"{server.make_url('/v23.0')}",
                       timeout=PATIENCE)
        pacer = Pacer({})
        store = Store(database, clock, unknown_after=int(W * 1000), pace=pacer)
        outbox = Outbox(store, {"main": channel}, pacer, {}, Counts())
        running = asyncio.create_task(outbox.run())
        try:
            yield store, outbox
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await outbox.finish()


async def the_minute_is_over(tx: Any) -> None:
    """What waits need not wait any longer."""
    statement = "update outbox set not_before = 0"
    if isinstance(tx, SQLiteTx):
        tx._execute(statement, ())
    else:
        await tx._connection.execute(statement)


def says(*texts: str, once: bool = False) -> Callable[[Snapshot, Event], Decision]:
    def step(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), owner=snapshot.owner, replies=[
            Reply({"type": "text", "text": text}, once=once) for text in texts])
    return step


async def cut_off(request: web.Request) -> web.StreamResponse:
    return CutOff()


async def late(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(PATIENCE * 2)
    return web.json_response({"messages": [{"id": "wamid.late"}]})


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return CutOff()


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    while request.transport is not None:
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def garbage(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Thank you!</html>")


async def no_id(request: web.Request) -> web.StreamResponse:
    return web.json_response({"messages": []})


FAULTS = {"reset": cut_off, "timeout": late, "half-open": never, "drip": drip,
          "garbage": garbage, "no id": no_id}
#: When the receipt comes, counted from when the provider took the message.
RECEIPTS = {"at once": 0.1, "in time": W / 2, "too late": PATIENCE + W + 2, "never": None}
EACH = 4


async def test_a_copy_leaves_only_where_no_receipt_came_in_time_and_of_class_once_never(
        database: Database, clock: Clock, eventually: Eventually) -> None:
    """Taken by the provider and then not acknowledged, in every way that there is."""
    provider, first = Provider(), Counter[str]()
    cases = [(f"{fault}/{when}/{kind}/{n}", fault, when, kind)
             for fault, when, kind, n in itertools.product(
                 FAULTS, RECEIPTS, ("reply", "once"), range(EACH))]
    how = {name: (fault, when) for name, fault, when, _ in cases}
    telling: set[asyncio.Task[None]] = set()

    async def tell(name: str, tag: str, after: float) -> None:
        await asyncio.sleep(after)
        work = await store.accept([receipt(tag, "sent", clock, f"wamid.first.{name}")], None)
        outbox.follow(work)

    async def answer(request: web.Request, text: str, tag: str) -> web.StreamResponse | None:
        first[text] += 1
        if first[text] > 1:
            return None
        fault, when = how[text]
        provider.taken.append((text, tag))
        if (after := RECEIPTS[when]) is not None:
            telling.add(asyncio.create_task(tell(text, tag, after)))
        return await FAULTS[fault](request)

    provider.answer = answer
    async with posting(database, clock, provider) as (store, outbox):
        for number, (name, _, _, kind) in enumerate(cases):
            work = await store.accept([wrote(clock, f"49{number:05}")],
                                      says(name, once=kind == "once"))
            outbox.follow(work)

        async def settled() -> bool:
            left = await rows(database, "select count(*) from outbox where state <> 'held'")
            return left == [(0,)] and all(task.done() for task in telling)

        await eventually(settled, 40.0)
    copies = Counter(text for text, _ in provider.taken)
    wrong = {name: copies[name] for name, _, when, kind in cases
             if copies[name] != (2 if kind == "reply" and when in ("too late", "never") else 1)}
    assert wrong == {}
    status = {content.split('"text":"')[1].rstrip('"}'): state for content, state in await rows(
        database, "select content, status from message where direction = 'out'")}
    assert {name: status[name] for name, _, when, kind in cases if status[name] != (
        "held" if kind == "once" and when == "never" else "sent")} == {}


async def test_what_stands_behind_a_message_in_doubt_keeps_its_order_and_leaves(
        database: Database, clock: Clock, eventually: Eventually) -> None:
    provider = Provider()

    async def answer(request: web.Request, text: str, tag: str) -> web.StreamResponse | None:
        if provider.calls > 1:
            return None
        provider.taken.append((text, tag))
        return CutOff()

    provider.answer = answer
    began = time.monotonic()
    async with posting(database, clock, provider) as (store, outbox):
        outbox.follow(await store.accept([wrote(clock)], says(*"abcdef")))

        async def all_left() -> bool:
            return len(provider.taken) == 7

        await eventually(all_left, W + 10)
    assert [text for text, _ in provider.taken] == [*"aabcdef"]
    assert W <= time.monotonic() - began < W + 5


@pytest.mark.parametrize("refusal", [
    {"code": 190, "error_subcode": code} for code in (458, 460, 463, 467)] + [{"code": 0}])
async def test_a_number_whose_token_is_refused_is_left_alone_and_goes_on_with_a_new_token(
        database: Database, clock: Clock, eventually: Eventually,
        refusal: dict[str, Any]) -> None:
    provider = Provider()

    async def refuses(request: web.Request, text: str, tag: str) -> web.StreamResponse | None:
        return web.json_response({"error": {"message": "expired", **refusal}}, status=401)

    async def queued() -> bool:
        return (await rows(database, "select count(*) from outbox where state = 'queued'")
                == [(count,)])

    async def all_left() -> bool:
        return len(provider.taken) == count

    provider.answer = refuses
    async with posting(database, clock, provider) as (store, outbox):
        for count in range(1, 6):
            outbox.follow(await store.accept([wrote(clock, f"49{count}")], says(str(count))))
            await eventually(queued)
        assert provider.calls == 1
        assert "access token" in outbox.stopped["main"]
    provider.answer = None
    async with posting(database, clock, provider):  # anew, with a token that is valid
        await database.write(the_minute_is_over)
        await eventually(all_left)
    assert sorted(text for text, _ in provider.taken) == ["1", "2", "3", "4", "5"]


async def test_what_could_not_leave_before_the_window_closed_is_parked_and_not_tried(
        database: Database, clock: Clock, eventually: Eventually) -> None:
    """Written half a minute before the end, held up by the provider for a minute."""
    provider = Provider()

    async def slower(request: web.Request, text: str, tag: str) -> web.StreamResponse | None:
        clock.advance(MINUTE)
        return web.json_response({"error": {"code": 130429, "message": "slower"}}, status=429)

    async def parked() -> bool:
        return await rows(database, "select state from outbox") == [("parked",)] * 2

    provider.answer = slower
    async with posting(database, clock, provider) as (store, outbox):
        early = wrote(clock, sent_at=clock.now() - DAY + MINUTE // 2)
        outbox.follow(await store.accept([early], says("one", "two")))
        await eventually(parked)
        assert provider.calls == 1
        provider.answer = None
        outbox.follow(await store.accept([wrote(clock, number=2)], says("three")))

        async def all_left() -> bool:
            return len(provider.taken) == 3

        await eventually(all_left)
    assert [text for text, _ in provider.taken] == ["one", "two", "three"]


async def test_a_provider_that_says_afterwards_that_it_was_too_late_closes_the_window(
        database: Database, clock: Clock, eventually: Eventually) -> None:
    provider = Provider()
    async with posting(database, clock, provider) as (store, outbox):
        outbox.follow(await store.accept([wrote(clock)], says("one")))

        async def sent() -> bool:
            return await rows(database, "select status from message where direction = 'out'") == [
                ("sent",)]

        await eventually(sent)
        ((_, tag),) = provider.taken
        late = receipt(tag, "failed", clock, "wamid.1", code=131047, closes_window=True)
        outbox.follow(await store.accept([late], None))
        assert await rows(database, "select state from outbox") == [("parked",)]
        outbox.follow(await store.accept([wrote(clock, number=2)], says("two")))

        async def all_left() -> bool:
            return len(provider.taken) == 3

        await eventually(all_left)
    assert [text for text, _ in provider.taken] == ["one", "one", "two"]
