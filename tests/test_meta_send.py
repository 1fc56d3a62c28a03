"""Sending and fetching against a server that plays the Graph API on loopback."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channel.base import Channel
from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.errors import (
    ChannelError,
    ChannelStopped,
    OutcomeUnknown,
    PairThrottled,
    Rejected,
    Throttled,
    Unreachable,
    WindowClosed,
)
from bot.model import Address, Json

TO = (Address("phone", "4912"),)
HELLO: Json = {"type": "text", "text": "hello"}
TAKEN = {"messaging_product": "whatsapp", "contacts": [{"input": "+4912", "wa_id": "4912"}],
         "messages": [{"id": "wamid.OUT"}]}


@dataclass
class Graph:
    """The part of the Graph API that a channel speaks to."""

    server: TestServer
    http: HttpClient
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path_qs, dict(request.headers),
                          await request.read()))
        return await self.answer(request)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def channel(self, **more: Any) -> Meta:
        return Meta(**{
            "name": "main", "phone_number_id": "70001", "graph_url": f"{self.url}/v23.0",
            "app_secrets": ("s",), "access_token": "the-token", "verify_token": "v",
            "http": self.http, "timeout": 5.0, **more})


def saying(body: Any, status: int = 200,
           **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=data, status=status, content_type="application/json",
                            headers=headers)
    return answer


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    app = web.Application()
    server = TestServer(app)
    async with HttpClient() as http:
        made = Graph(server, http, saying(TAKEN))
        app.router.add_route("*", "/{path:.*}", made.take)
        await server.start_server()
        yield made
    await server.close()


async def test_a_message_is_posted_with_the_token_and_its_id_comes_back(graph: Graph) -> None:
    channel: Channel = graph.channel()
    assert await channel.send(TO, HELLO, "01tag") == "wamid.OUT"
    [(method, path, headers, body)] = graph.seen
    assert (method, path) == ("POST", "/v23.0/70001/messages")
    assert headers["Authorization"] == "Bearer the-token"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+4912",
        "type": "text", "text": {"body": "hello"}, "biz_opaque_callback_data": "01tag"}


@pytest.mark.parametrize("url", ["", "/", "/v23.0", "/v23.0/", "/proxy/v23.0"])
async def test_the_graph_url_may_have_any_path(graph: Graph, url: str) -> None:
    await graph.channel(graph_url=graph.url + url).send(TO, HELLO, "t")
    assert graph.seen[0][1] == f"{url.rstrip('/')}/70001/messages"


async def test_what_meta_would_refuse_is_not_sent(graph: Graph) -> None:
    with pytest.raises(Rejected):
        await graph.channel().send(TO, {"type": "text", "text": ""}, "t")
    assert graph.seen == []


@pytest.mark.parametrize("answer", [
    b"", b"garbage", b"[]", b"null", {}, {"messages": []}, {"messages": [{}]},
    {"messages": [{"id": ""}]}, {"messages": [{"id": 5}]}, {"messages": {"id": "x"}},
    {"messages": "wamid"}, {"error": {"code": 100}}, b'{"messages": [{"id": "\xff"}]}',
    {"messages": [{"id": "x" * 3_000}]}, {"messages": [{"id": "x\0"}]},
])
async def test_a_success_without_an_id_leaves_the_outcome_open(graph: Graph, answer: Any) -> None:
    graph.answer = saying(answer)
    with pytest.raises(OutcomeUnknown):
        await graph.channel().send(TO, HELLO, "t")


@pytest.mark.parametrize(("status", "code", "wanted"), [
    (400, 131047, WindowClosed), (400, 131056, PairThrottled), (400, 130429, Throttled),
    (401, 190, ChannelStopped), (400, 131026, Rejected), (500, 131000, OutcomeUnknown),
    (503, 131016, OutcomeUnknown)])
async def test_meta_s_codes_become_our_errors(
        graph: Graph, status: int, code: int, wanted: type[ChannelError]) -> None:
    graph.answer = saying({"error": {"message": "m", "code": code}}, status)
    with pytest.raises(wanted) as caught:
        await graph.channel().send(TO, HELLO, "t")
    assert type(caught.value) is wanted
    assert caught.value.code == code


async def test_the_wish_to_wait_comes_along(graph: Graph) -> None:
    graph.answer = saying({"error": {"code": 130429}}, 429, **{"Retry-After": "17"})
    with pytest.raises(Throttled) as caught:
        await graph.channel().send(TO, HELLO, "t")
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(("status", "wanted"), [
    (400, Rejected), (404, Rejected), (429, Throttled), (500, OutcomeUnknown),
    (502, OutcomeUnknown), (302, ChannelStopped)])
async def test_pages_of_a_proxy_are_classified_by_status(
        graph: Graph, status: int, wanted: type[ChannelError]) -> None:
    graph.answer = saying(b"<html>no</html>", status, Location="http://127.0.0.1:9/x")
    with pytest.raises(wanted):
        await graph.channel().send(TO, HELLO, "t")
    assert len(graph.seen) == 1, "a redirect is not followed"


async def test_no_answer_in_time_leaves_the_outcome_open(graph: Graph) -> None:
    go = asyncio.Event()

    async def never(_request: web.Request) -> web.StreamResponse:
        await go.wait()
        return web.Response()

    graph.answer = never
    with pytest.raises(OutcomeUnknown):
        await graph.channel(timeout=0.2).send(TO, HELLO, "t")
    assert len(graph.seen) == 1
    go.set()


async def test_a_reset_after_the_request_leaves_the_outcome_open(graph: Graph) -> None:
    async def resets(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    graph.answer = resets
    with pytest.raises(OutcomeUnknown):
        await graph.channel().send(TO, HELLO, "t")


async def test_a_server_that_is_down_is_unreachable(graph: Graph) -> None:
    channel = graph.channel()
    await graph.server.close()
    with pytest.raises(Unreachable) as caught:
        await channel.send(TO, HELLO, "t")
    assert caught.value.retryable
    assert not caught.value.unknown


async def test_no_error_tells_the_token(graph: Graph) -> None:
    for body, status in ((b"x", 400), ({"error": {"code": 190, "message": "bad"}}, 401), ({}, 200)):
        graph.answer = saying(body, status)
        with pytest.raises(ChannelError) as caught:
            await graph.channel().send(TO, HELLO, "t")
        assert "the-token" not in f"{caught.value} {caught.value.advice} {vars(caught.value)}"


async def test_a_message_is_marked_as_read(graph: Graph) -> None:
    graph.answer = saying({"success": True})
    await graph.channel().mark_read("wamid.IN", typing=True)
    assert json.loads(graph.seen[0][3]) == {
        "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN",
        "typing_indicator": {"type": "text"}}
    graph.answer = saying({"error": {"code": 131009}}, 400)
    with pytest.raises(Rejected):
        await graph.channel().mark_read("wamid.IN", typing=False)


PICTURE = b"\x89PNG" + bytes(range(256)) * 40


def keeping(graph: Graph, about: Json | None = None, data: bytes = PICTURE, status: int = 200,
            **headers: str) -> None:
    """Let the server keep one file, with `about` changed in what it says of it."""
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/file":
            return web.Response(body=data, status=status, headers=headers)
        return web.json_response({
            "url": f"{graph.url}/file?ext=1", "mime_type": "image/png", "id": "555",
            "sha256": hashlib.sha256(PICTURE).hexdigest(), "file_size": len(PICTURE),
            **(about or {})})
    graph.answer = answer


async def test_a_file_is_fetched_in_two_steps_with_the_token(graph: Graph) -> None:
    keeping(graph)
    assert await graph.channel().media("555") == ("image/png", PICTURE)
    assert [path for _, path, _, _ in graph.seen] == [
        "/v23.0/555?phone_number_id=70001", "/file?ext=1"]
    assert all(h["Authorization"] == "Bearer the-token" for _, _, h, _ in graph.seen)
    assert all("User-Agent" in headers for _, _, headers, _ in graph.seen)


async def test_a_sum_in_base64_is_right_too(graph: Graph) -> None:
    keeping(graph, {"sha256": base64.b64encode(hashlib.sha256(PICTURE).digest()).decode()})
    assert (await graph.channel().media("555"))[1] == PICTURE


async def test_a_damaged_file_is_fetched_again_later(graph: Graph) -> None:
    keeping(graph, {"sha256": "0" * 64})
    with pytest.raises(Unreachable, match="damaged"):
        await graph.channel().media("555")


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:1/x", "http://localhost:{port}/file", "https://127.0.0.1:{port}/file",
    "http://lookaside.fbsbx.com/x", "https://lookaside.fbsbx.com.evil.example/x",
    "https://lookaside.fbsbx.com@evil.example/x", "https://lookaside.fbsbx.com:444/x",
    "http://169.254.169.254/latest", "file:///etc/passwd", "//evil.example/x", "", None, 5,
    "https://evil.example#@lookaside.fbsbx.com", "http://127.0.0.1:{port}\\@evil.example/",
])
async def test_the_token_goes_to_no_host_but_meta_s(graph: Graph, url: Any) -> None:
    made = url.format(port=graph.server.port) if isinstance(url, str) else url
    keeping(graph, {"url": made})
    with pytest.raises(Rejected):
        await graph.channel().media("555")
    assert [path for _, path, _, _ in graph.seen] == ["/v23.0/555?phone_number_id=70001"]


async def test_a_redirect_is_not_followed(graph: Graph) -> None:
    keeping(graph, status=302, Location=f"{graph.url}/elsewhere")
    with pytest.raises(ChannelError):
        await graph.channel().media("555")
    assert len(graph.seen) == 2


async def test_a_file_larger_than_allowed_is_not_fetched(graph: Graph) -> None:
    keeping(graph)
    with pytest.raises(Rejected, match="more than the 100 allowed"):
        await graph.channel(media_limit=100).media("555")
    assert len(graph.seen) == 1


async def test_a_file_that_lies_about_its_size_is_not_kept(graph: Graph) -> None:
    keeping(graph, {"file_size": 10})
    with pytest.raises(Unreachable, match="larger than 100 bytes"):
        await graph.channel(media_limit=100).media("555")


@pytest.mark.parametrize("media_id", [
    "", "../me", "..", ".", "1?fields=x", "1/2", "a b", "x" * 300, "ä", "1\n"])
async def test_an_id_that_is_none_asks_nobody(graph: Graph, media_id: str) -> None:
    with pytest.raises(Rejected):
        await graph.channel().media(media_id)
    assert graph.seen == []


@pytest.mark.parametrize("mime_type", [None, 5, "", "text", "text/html\r\nX: y", "a/" + "b" * 200])
async def test_a_type_that_is_none_becomes_plain_bytes(graph: Graph, mime_type: Any) -> None:
    keeping(graph, {"mime_type": mime_type})
    assert (await graph.channel().media("555"))[0] == "application/octet-stream"


async def test_a_voice_note_keeps_its_codec(graph: Graph) -> None:
    keeping(graph, {"mime_type": "audio/ogg; codecs=opus"})
    assert (await graph.channel().media("555"))[0] == "audio/ogg; codecs=opus"


async def test_a_file_that_is_gone_says_so(graph: Graph) -> None:
    graph.answer = saying({"error": {"code": 100, "message": "gone"}}, 400)
    with pytest.raises(Rejected, match="gone"):
        await graph.channel().media("555")
    graph.answer = saying(b"[]")
    with pytest.raises(Unreachable):
        await graph.channel().media("555")
