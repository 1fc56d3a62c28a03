from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry

from bot.web import server
from bot.web.connections import HEAD


@asynccontextmanager
async def running(*, most: int = 512, patience: float = 10.0) -> AsyncIterator[int]:
    """The application behind its connections; its port."""

    async def nothing() -> None:
        return

    async def ready() -> str:
        return ""

    app = server.application(ready, CollectorRegistry(), nothing)

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app.router.add_post("/echo", echo)
    connections = app[server.CONNECTIONS]
    connections.most, connections.patience = most, patience
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    connections.server = runner.server
    accepting = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    try:
        yield accepting.sockets[0].getsockname()[1]
    finally:
        accepting.close()
        await runner.cleanup()


async def ask(port: int, *pieces: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with contextlib.suppress(ConnectionResetError):  # refused before all was written
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            while more := await reader.read(65_536):
                answer += more
    writer.close()
    return answer


async def test_a_head_that_never_ends_is_closed_in_time() -> None:
    async with running(patience=0.3) as port:
        began = time.monotonic()
        answers = await asyncio.gather(*(
            ask(port, b"GET /healthz HTTP/1.1\r\nX-Slow: ", b"a") for _ in range(50)))
        assert {answer[:12] for answer in answers} == {b"HTTP/1.1 408"}
        assert time.monotonic() - began < 3
        assert b"ok" in await ask(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
                                        b"Connection: close\r\n\r\n")


async def test_a_drip_does_not_win_time() -> None:
    async with running(patience=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"a: b\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 408")
        dripping.cancel()
        writer.close()


async def test_the_next_head_on_a_connection_has_its_own_time() -> None:
    async with running(patience=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"200" in await reader.readline()
            while (await reader.readline()).strip():
                pass
            assert await reader.readexactly(3) == b"ok\n"
            await asyncio.sleep(0.35)  # quiet for longer than a head may take: kept open
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_a_head_of_more_than_16_kib_is_refused() -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 500) for n in range(40))
    async with running() as port:
        assert len(lines) > HEAD
        answer = await ask(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 431")
        pieces = [lines[start:start + 700] for start in range(0, HEAD, 700)]
        answer = await ask(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", *pieces)
        assert answer.startswith(b"HTTP/1.1 431") or not answer


async def test_a_large_body_is_no_head() -> None:
    body = b"x" * 300_000
    async with running(patience=0.5) as port:
        answer = await ask(port, b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                 b"Content-Length: %d\r\n\r" % len(body), b"\n" + body[:10_000],
                           body[10_000:])
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(body)


async def test_requests_that_come_together_are_answered_one_after_the_other() -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with running() as port:
        assert (await ask(port, one + one + last)).count(b"HTTP/1.1 200") == 3
        assert (await ask(port, one + one[:20], one[20:] + last)).count(b"HTTP/1.1 200") == 3


async def test_beyond_so_many_connections_the_longest_quiet_one_makes_room() -> None:
    async with running(most=4) as port:
        quiet = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        answer = await ask(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"200" in answer
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await quiet[0][0].read() == b""
        for _, writer in quiet:
            writer.close()
