from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from storing import counts, wrote

from bot import logs
from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.clock import Clock
from bot.metrics import Counts
from bot.outbox import FIRST_PAUSE, LAST_PAUSE, Outbox, pause_before
from bot.pace import Pacer
from bot.store.rows import MessageRow
from bot.store.store import Store

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
TAKEN = 200, {"messages": [{"id": "wamid.OUT"}]}
NO_TOKEN = 401, {"error": {"code": 190, "message": "the token has expired"}}
BUSY = 503, {"error": {"code": 131016, "message": "busy"}}
SLOWER = 429, {"error": {"code": 130429, "message": "slower"}}


@dataclass
class Provider:
    """Gives the answers that a test wants, one after the other; then it takes everything."""

    answers: list[tuple[int, object]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        status, body = self.answers.pop(0) if self.answers else TAKEN
        return web.json_response(body, status=status)


@dataclass
class Post:
    """An outbox, its provider and its store."""

    outbox: Outbox
    provider: Provider
    store: Store
    clock: Clock
    counts: Counts
    eventually: Eventually

    async def reply(self, who: str = "4912345", channel: str = "main") -> MessageRow:
        """Somebody writes and is answered: the answer, once its attempt is settled."""
        work = await self.store.accept([wrote(self.clock, who)], counts)
        (send,) = work.sends
        before = self.counts.sends.total()
        self.outbox.start([replace(send, channel=channel)])

        async def settled() -> bool:
            row = await self.store.desk.message(send.id)
            return (self.counts.sends.total() > before and row is not None
                    and row.status != "sending")

        await self.eventually(settled)
        found = await self.store.desk.message(send.id)
        assert found is not None
        return found


@pytest.fixture
async def post(store: Store, clock: Clock, eventually: Eventually) -> AsyncIterator[Post]:
    provider, figures = Provider(), Counts()
    app = web.Application()
    app.router.add_post("/v23.0/1/messages", provider.take)
    async with TestServer(app) as server, HttpClient() as http:
        channel = Meta(name="main", phone_number_id="1", app_secrets=("s",), access_token="t",
                       verify_token="v", http=http, graph_url=f"{server.make_url('/v23.0')}")
        outbox = Outbox(store, {"main": channel}, Pacer({}), {}, figures)
        yield Post(outbox, provider, store, clock, figures, eventually)


@pytest.mark.parametrize(("answer", "outcome", "status"), [
    (TAKEN, "sent", "sent"),
    ((400, {"error": {"code": 131026, "message": "no"}}), "failed", "failed"),
    ((400, {"error": {"code": 131047, "message": "too late"}}), "parked", "parked"),
    (SLOWER, "retry", "queued"),
    (BUSY, "unknown", "unknown"),
])
async def test_what_the_provider_answers_becomes_of_the_message(
        post: Post, answer: tuple[int, object], outcome: str, status: str) -> None:
    post.provider.answers.append(answer)
    assert (await post.reply()).status == status
    assert post.counts.sends == {outcome: 1}


async def test_a_number_that_is_refused_is_stopped_until_a_message_gets_through(
        post: Post) -> None:
    post.provider.answers.append(NO_TOKEN)
    assert (await post.reply()).status == "queued"
    assert "valid access token" in post.outbox.stopped["main"]
    await post.reply("4900000")
    assert post.outbox.stopped == {}


async def test_a_message_of_a_channel_that_is_gone_fails_and_says_so(post: Post) -> None:
    row = await post.reply(channel="old")
    assert (row.status, row.reason) == ("failed", "There is no channel old any more.")


async def test_what_is_logged_of_a_send_names_its_conversation(post: Post) -> None:
    named = []
    handler = logging.Handler()
    handler.emit = lambda record: named.append(  # type: ignore[method-assign]
        (record.getMessage(), logs.conversation.get()))
    logging.getLogger("bot.outbox").addHandler(handler)
    try:
        post.provider.answers.append(SLOWER)
        await post.reply()
    finally:
        logging.getLogger("bot.outbox").removeHandler(handler)
    (conversation,) = (await post.store.desk.conversations()).rows
    assert named == [("not sent", conversation.id)]


def test_pauses_grow_to_a_limit_and_are_never_the_same_for_everybody() -> None:
    for attempt in range(1, 40):
        most = min(LAST_PAUSE, FIRST_PAUSE * 2 ** attempt)
        assert most // 2 <= pause_before(attempt) <= most
    assert len({pause_before(10) for _ in range(20)}) > 1
