"""One connection of the lean HTTP client: one request at a time, one whole answer to each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from bot import failpoints
from bot.errors import OutcomeUnknown, Unreachable

HEAD_LIMIT = 64 * 1024
HEADERS_LIMIT = 256

Parts = tuple[int, list[tuple[bytes, bytes]], bytes]


class Exchange:
    """One request and the future of its answer."""

    __slots__ = ("connection", "data", "deadline", "future", "limit")

    def __init__(self, future: asyncio.Future[Parts], data: bytes, limit: int,
                 deadline: float) -> None:
        self.future = future
        self.data = data
        self.limit = limit
        self.deadline = deadline
        self.connection: Connection | None = None  #: None: nothing was written yet

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def give_up(self) -> None:
        """Nobody waits for the answer any more: it must not meet the next request."""
        if self.connection is not None and self.connection.exchange is self:
            self.connection.abort()


class Connection(asyncio.Protocol):
    """Writes requests and reads answers; `freed` and `lost` tell the pool."""

    __slots__ = ("_body", "_complete", "_freed", "_head_size", "_headers", "_in_body", "_keep",
                 "_loop", "_lost", "_parser", "_refused", "_size", "_transport", "exchange",
                 "idle_since")

    def __init__(self, loop: asyncio.AbstractEventLoop, freed: Callable[[Connection], None],
                 lost: Callable[[Connection], None]) -> None:
        self._loop = loop
        self._freed = freed
        self._lost = lost
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.idle_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._head_size = 0
        self._in_body = False
        self._complete = False
        self._keep = False
        self._refused = ""

    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, exchange: Exchange) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            exchange.fail(Unreachable("the connection was closed; nothing was written"))
            return
        self.exchange = exchange
        exchange.connection = self
        failpoints.hit("outbox.connected")
        transport.write(exchange.data)
        failpoints.hit("outbox.written")

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one only in deed
        self.idle_since = self._loop.time()

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            self.abort()  # an answer to nothing: the next one could not be trusted either
            return
        if not self._in_body:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._complete:
                exchange.fail(OutcomeUnknown(f"the answer can't be read: {self._refused or error}"))
            self.abort()
            return
        if not self._complete:
            if not self._in_body and self._head_size > HEAD_LIMIT:
                exchange.fail(OutcomeUnknown("the answer's headers are too large"))
                self.abort()
        elif self._keep and self.is_open():
            self.exchange = None
            self._reset()
            self.idle_since = self._loop.time()
            self._freed(self)
        else:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        exchange, self.exchange = self.exchange, None
        if exchange is not None and not self._complete:
            if exc is None and self._in_body and self._ends_with_connection():
                self._deliver(exchange)
            else:
                why = f": {exc}" if exc else ""
                exchange.fail(OutcomeUnknown(f"the connection ended before the answer{why}"))
        self._lost(self)

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._complete:
            # Whatever follows the answer belongs to no request: this connection is not used again.
            self._refuse("a second answer came to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) == HEADERS_LIMIT:
            self._refuse(f"it has more than {HEADERS_LIMIT} headers")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        failpoints.hit("outbox.headers")
        self._in_body = True

    def on_body(self, part: bytes) -> None:
        self._size += len(part)
        exchange = self.exchange
        if exchange is not None and self._size > exchange.limit:
            self._refuse(f"it is larger than {exchange.limit} bytes")
        self._body.append(part)

    def on_message_complete(self) -> None:
        if 100 <= self._parser.get_status_code() < 200:
            self._reset()  # "continue" and its like announce the answer and are none
            return
        self._complete = True
        self._keep = self._parser.should_keep_alive()
        if self.exchange is not None:
            self._deliver(self.exchange)

    def _refuse(self, why: str) -> None:
        self._refused = why
        raise ValueError(why)  # makes the parser stop and `feed_data` raise

    def _deliver(self, exchange: Exchange) -> None:
        if not exchange.future.done():
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            exchange.future.set_result((self._parser.get_status_code(), self._headers, body))

    def _ends_with_connection(self) -> bool:
        return not any(name.lower() in (b"content-length", b"transfer-encoding")
                       for name, _ in self._headers)
