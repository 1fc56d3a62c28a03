from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.channel.http import HttpClient
from bot.channel.meta import SIGNATURE, Meta
from bot.clock import Clock
from bot.errors import Overloaded, StoreBusy, StoreError
from bot.model import Incoming, Item, Notice
from bot.web.webhook import Webhook

SHARED = {"70001": "main", "70002": "second"}  #: numbers of one app, which has one secret
Connect = Callable[[TestServer], Coroutine[Any, Any, TestClient[web.Request, web.Application]]]


@dataclass
class Door:
    """A real server with the door in it, and everything that it took in."""

    client: TestClient[web.Request, web.Application]
    taken: list[list[Item]] = field(default_factory=list)
    trouble: Exception | None = None

    async def accept(self, items: list[Item]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.taken.append(items)

    async def post(self, body: Any, *, path: str = "/webhooks/main", secret: str = "s3cret",
                   **headers: str) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = await self.client.post(
            path, data=io.BytesIO(data) if len(data) > 2**20 else data,
            headers={SIGNATURE: sign(data, secret), **headers})
        return response.status, await response.text()

    @property
    def items(self) -> list[Item]:
        return [item for group in self.taken for item in group]


def sign(body: bytes, secret: str = "s3cret") -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
async def door(aiohttp_client: Connect) -> AsyncIterator[Door]:
    async with HttpClient() as http:
        channels = [Meta(name=name, phone_number_id=number, graph_url="http://127.0.0.1:9/v23.0",
                         app_secrets=secrets, access_token="t", verify_token=f"agreed-{name}",
                         http=http)
                    for name, number, secrets in (("main", "70001", ("s3cret", "former")),
                                                  ("second", "70002", ("s3cret",)),
                                                  ("clinic", "70003", ("other",)))]
        made: list[Door] = []

        async def accept(items: list[Item]) -> None:
            await made[0].accept(items)

        app = web.Application()
        app.add_routes(Webhook(channels={one.name: one for one in channels},
                               numbers={"main": SHARED, "second": SHARED,
                                        "clinic": {"70003": "clinic"}},
                               accept=accept, clock=Clock(), read_timeout=0.3).routes())
        made.append(Door(await aiohttp_client(TestServer(app))))
        yield made[0]


def delivery(number: str = "70001", **more: Any) -> dict[str, Any]:
    message = {"from": "4912", "id": "m1", "timestamp": "1760000001", "type": "text",
               "text": {"body": "hello"}, **more}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [
        {"field": "messages", "value": {"metadata": {"phone_number_id": number},
                                        "messages": [message]}}]}]}


async def test_a_signed_delivery_is_kept_and_answered_200(door: Door) -> None:
    assert await door.post(delivery()) == (200, "")
    [item] = door.items
    assert isinstance(item, Incoming)
    assert (item.channel, item.external_id, item.content["text"]) == ("main", "m1", "hello")


async def test_a_delivery_under_the_former_secret_is_kept(door: Door) -> None:
    assert await door.post(delivery(), secret="former") == (200, "")
    assert len(door.items) == 1


async def test_a_number_of_the_same_app_is_served_at_either_address(door: Door) -> None:
    assert (await door.post(delivery("70002")))[0] == 200
    assert door.items[0].channel == "second"


async def test_a_number_of_another_app_is_kept_and_not_answered(door: Door) -> None:
    assert (await door.post(delivery("70003")))[0] == 200
    [item] = door.items
    assert isinstance(item, Notice)
    assert (item.channel, item.kind) == ("main", "unknown_number")


@pytest.mark.parametrize("headers", [
    {}, {SIGNATURE: ""}, {SIGNATURE: "sha256=" + "0" * 64},
    {"X-Hub-Signature": "sha1=" + "0" * 40}, {SIGNATURE: sign(b"another body")},
    {SIGNATURE: sign(b"{}", "other")}, {SIGNATURE: sign(b"{}").upper()},
])
async def test_without_the_right_signature_nothing_is_kept(
        door: Door, headers: dict[str, str]) -> None:
    for body in (b"{}", b"no json", json.dumps(delivery()).encode(), b""):
        response = await door.client.post("/webhooks/main", data=body, headers=headers or None)
        if headers.get(SIGNATURE) == sign(body):
            continue
        assert response.status == 401
        assert await response.read() == b"invalid signature"
    assert door.items == []


async def test_two_signatures_are_none(door: Door) -> None:
    body = json.dumps(delivery()).encode()
    response = await door.client.post(
        "/webhooks/main", data=body, headers=[(SIGNATURE, sign(body)), (SIGNATURE, sign(body))])
    assert response.status == 401
    assert door.items == []


async def test_a_refused_delivery_leaves_no_word_of_it_in_the_log(
        door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = json.dumps(delivery(text={"body": "my secret words"})).encode()
    await door.client.post("/webhooks/main", data=body, headers={SIGNATURE: sign(body, "wrong")})
    logged = " ".join(str(vars(record)) for record in caplog.records
                      if record.name.startswith("bot"))
    assert "signature refused" in logged
    assert "secret words" not in logged
    assert sign(body)[7:] not in logged


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"\xff\xfe\x00", b'{"a": NaN}',
                                  b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40])
async def test_broken_json_with_a_right_signature_is_400_and_no_trace(
        door: Door, body: bytes) -> None:
    status, text = await door.post(body)
    assert status == 400
    assert "Traceback" not in text
    assert len(text) < 100
    assert door.items == []


async def test_an_unknown_channel_is_404(door: Door) -> None:
    assert (await door.post(delivery(), path="/webhooks/nobody"))[0] == 404
    assert (await door.client.get("/webhooks/nobody")).status == 404
    assert (await door.client.put("/webhooks/main")).status == 405
    assert door.items == []


async def test_a_body_beyond_the_limit_is_413_however_it_comes(door: Door) -> None:
    body = b"{" + b" " * (4 * 1024 * 1024) + b"}"
    assert (await door.post(body))[0] == 413

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 65536):
            yield body[at:at + 65536]

    response = await door.client.post("/webhooks/main", data=pieces(),
                                      headers={SIGNATURE: sign(body)})
    assert response.status == 413
    assert door.items == []


async def test_a_body_of_just_the_limit_is_read(door: Door) -> None:
    body = json.dumps(delivery()).encode()
    body += b" " * (4 * 1024 * 1024 - len(body))
    assert (await door.post(body))[0] == 200
    assert len(door.items) == 1


async def test_a_body_in_pieces_is_read(door: Door) -> None:
    body = json.dumps(delivery()).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 7):
            yield body[at:at + 7]

    response = await door.client.post("/webhooks/main", data=pieces(),
                                      headers={SIGNATURE: sign(body)})
    assert response.status == 200
    assert len(door.items) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "odd"])
async def test_a_packed_body_is_refused_unopened(door: Door, encoding: str) -> None:
    body = zlib.compress(b"0" * 50_000_000)
    response = await door.client.post(
        "/webhooks/main", data=body,
        headers={SIGNATURE: sign(body), "Content-Encoding": encoding})
    assert response.status in (400, 415)
    assert door.items == []


async def raw(door: Door, data: bytes, *, end: bool = False) -> bytes:
    server = door.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(data)
    if end:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(65536), 20)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_body_that_never_comes_ends_the_connection(door: Door) -> None:
    answer = await raw(door, b"POST /webhooks/main HTTP/1.1\r\nHost: a\r\n"
                             b"Content-Length: 100\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()


async def test_a_body_that_breaks_off_is_no_fault_of_ours(
        door: Door, caplog: pytest.LogCaptureFixture) -> None:
    await raw(door, b"POST /webhooks/main HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
              end=True)
    assert (await door.post(delivery()))[0] == 200
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


async def test_pieces_that_lie_about_their_size_are_refused(door: Door) -> None:
    answer = await raw(door, b"POST /webhooks/main HTTP/1.1\r\nHost: a\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert b" 400 " in answer.splitlines()[0]


@pytest.mark.parametrize("trouble", [Overloaded(), StoreError(), StoreBusy()])
async def test_what_can_t_be_kept_is_asked_for_again(door: Door, trouble: Exception) -> None:
    door.trouble = trouble
    data = json.dumps(delivery()).encode()
    response = await door.client.post("/webhooks/main", data=data,
                                      headers={SIGNATURE: sign(data)})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0
    door.trouble = None
    assert (await door.post(delivery()))[0] == 200


ASKED = {"hub.mode": "subscribe", "hub.challenge": "0<script>1", "hub.verify_token": "agreed-main"}


async def test_the_handshake_is_answered_verbatim_as_plain_text(door: Door) -> None:
    response = await door.client.get("/webhooks/main", params=ASKED)
    assert response.status == 200
    assert await response.text() == "0<script>1"
    assert response.content_type == "text/plain"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_handshake_with_another_channel_s_token_is_403(door: Door) -> None:
    response = await door.client.get("/webhooks/second", params=ASKED)
    assert response.status == 403
    assert "<script>" not in await response.text()


@pytest.mark.parametrize("missing", list(ASKED))
async def test_a_handshake_that_lacks_something_is_400(door: Door, missing: str) -> None:
    params = {key: value for key, value in ASKED.items() if key != missing}
    response = await door.client.get("/webhooks/main", params=params)
    assert response.status == 400
    assert "<script>" not in await response.text()
