"""A server on loopback that does on each connection what a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.channel import http
from bot.channel.http import Answer, HttpClient, Origin, head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@dataclass
class Line:
    """One connection as the server sees it."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """The next request's body; an empty line ends the head, Content-Length is heeded."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next((int(line.split(b":")[1]) for line in lines
                       if line.startswith(b"content-length:")), 0)
        return await self.reader.readexactly(length)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        self.writer.transport.abort()


@dataclass
class Peer:
    """A server that does on each connection what a test tells it to."""

    behave: Callable[[Line], Awaitable[None]]
    port: int = 0
    scheme: str = "http"
    opened: int = 0
    open_now: int = 0
    most: int = 0

    @property
    def origin(self) -> Origin:
        return Origin(self.scheme, "127.0.0.1", self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        try:
            await self.behave(Line(self.opened, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went, as some tests want it to
        finally:
            self.open_now -= 1
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def peer(behave: Callable[[Line], Awaitable[None]],
               tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    made = Peer(behave, scheme="https" if tls else "http")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


async def answering(line: Line, answer: bytes = OK) -> None:
    while True:
        await line.request()
        await line.say(answer)


def once(answer: bytes, *, then: str = "wait") -> Callable[[Line], Awaitable[None]]:
    async def behave(line: Line) -> None:
        await line.request()
        await line.say(answer)
        if then == "wait":
            await line.reader.read()
        elif then == "reset":
            line.reset()
    return behave


async def call(client: HttpClient, origin: Origin, body: bytes = b"{}", *, within: float = 5,
               limit: int = http.ANSWER_LIMIT) -> Answer:
    data = head("POST", origin, "/v23.0/1/messages", {"Content-Type": "application/json"})
    return await client.request(
        origin, data + b"Content-Length: %d\r\n\r\n%b" % (len(body), body), within=within,
        limit=limit)


async def closed_port() -> Origin:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return Origin("http", "127.0.0.1", port)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)
