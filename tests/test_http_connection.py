"""One connection of the sending client against servers that misbehave."""

from __future__ import annotations

import asyncio
import inspect
import time

import pytest

from bot.channel.http import HttpClient
from bot.errors import OutcomeUnknown
from tests.peering import OK, Line, call, once, peer, until


@pytest.mark.parametrize(("answer", "status", "body"), [
    (OK, 200, b"hi"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\n\r\n",
     200, b"hi"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n" + OK, 200, b"hi"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    (b"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", 500, b""),
    (b"HTTP/1.1 200 OK\r\ncontent-LENGTH:   2\r\n\r\nhi", 200, b"hi"),
])
async def test_every_form_of_an_answer_is_read(answer: bytes, status: int, body: bytes) -> None:
    async def piecemeal(line: Line) -> None:
        await line.request()
        for at in range(len(answer)):
            await line.say(answer[at:at + 1])
            await asyncio.sleep(0)
        await line.reader.read()

    for behave in (once(answer), piecemeal):
        async with peer(behave) as server, HttpClient() as client:
            got = await call(client, server.origin)
            assert (got.status, got.body) == (status, body)


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\n\r\nhi", b"HTTP/1.0 200 OK\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
])
async def test_an_answer_that_ends_with_its_connection_is_whole(answer: bytes) -> None:
    async with peer(once(answer, then="close")) as server, HttpClient() as client:
        for n in (1, 2):
            assert (await call(client, server.origin)).body == b"hi"
            assert server.opened == n


async def test_headers_are_found_by_any_spelling() -> None:
    answer = b"HTTP/1.1 429 Slow\r\nRETRY-after: 7\r\nContent-Length: 0\r\n\r\n"
    async with peer(once(answer)) as server, HttpClient() as client:
        got = await call(client, server.origin)
        assert got.header("Retry-After") == "7"
        assert got.header("X-None") is None


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("answer", [
    b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
])
async def test_a_connection_that_ends_before_the_answer_does_leaves_it_open(
        answer: bytes, then: str) -> None:
    async with peer(once(answer, then=then)) as server, HttpClient() as client:
        with pytest.raises(OutcomeUnknown):
            await call(client, server.origin)


@pytest.mark.parametrize("answer", [
    b"garbage\r\n\r\n", b"\x16\x03\x01\x02\x00", b"HTTP/2 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
    b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
])
async def test_an_answer_that_can_t_be_read_leaves_the_outcome_open(answer: bytes) -> None:
    async with peer(once(answer)) as server, HttpClient() as client:
        with pytest.raises(OutcomeUnknown):
            await call(client, server.origin)
        await until(lambda: server.open_now == 0)


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1001,
])
async def test_an_answer_larger_than_asked_for_is_not_kept(answer: bytes) -> None:
    async with peer(once(answer)) as server, HttpClient() as client:
        with pytest.raises(OutcomeUnknown, match="larger than 1000 bytes"):
            await call(client, server.origin, limit=1000)
        await until(lambda: server.open_now == 0)


async def test_an_answer_in_drops_does_not_put_off_the_end() -> None:
    async def drip(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await line.say(b"x")
            await asyncio.sleep(0.01)

    async with peer(drip) as server, HttpClient() as client:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="in time"):
            await call(client, server.origin, within=0.3)
        assert time.monotonic() - began < 2


async def test_endless_interim_answers_do_not_put_off_the_end() -> None:
    async def continues(line: Line) -> None:
        await line.request()
        while True:
            await line.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.001)

    async with peer(continues) as server, HttpClient() as client:
        with pytest.raises(OutcomeUnknown):
            await call(client, server.origin, within=0.3)


@pytest.mark.parametrize("more", [OK, b"HTTP/1.1 403 No\r\n", b"trailing rubbish"])
async def test_a_second_answer_meets_no_other_request(more: bytes) -> None:
    async with peer(once(OK + more)) as server, HttpClient() as client:
        for n in (1, 2, 3):
            assert (await call(client, server.origin)).body == b"hi"
            assert server.opened == n


async def test_an_answer_to_nothing_ends_the_connection() -> None:
    told = asyncio.Event()

    async def talks(line: Line) -> None:
        await line.request()
        await line.say(OK)
        if line.number == 1:
            await told.wait()
            await line.say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await line.reader.read()

    async with peer(talks) as server, HttpClient() as client:
        await call(client, server.origin)
        told.set()
        await until(lambda: client.open_connections == 0)
        assert (await call(client, server.origin)).status == 200
        assert server.opened == 2


@pytest.mark.parametrize("name", sorted(
    name for name, test in globals().items()
    if name.startswith("test_") and inspect.iscoroutinefunction(test)
    and not inspect.signature(test).parameters))
def test_all_of_it_holds_on_the_faster_event_loop_too(name: str) -> None:
    """`bot run` takes uvloop where there is one, whose transports differ in small things."""
    pytest.importorskip("uvloop").run(asyncio.wait_for(globals()[name](), 20))
