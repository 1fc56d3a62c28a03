"""A lean HTTP/1.1 client for the one call that every turn makes: sending a message.

Why it is here, and what it costs, is told in docs/decisions/0020-sending-client.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from bot.channel.http_connection import Connection, Exchange
from bot.errors import ConfigError, OutcomeUnknown, Unreachable

#: How often deadlines are looked at. One timer for all calls costs less than one timer for each.
SWEEP = 0.25
#: A connection unused for longer is not used again: the other side may be closing it just now,
#: and a request that meets the closing has an unknown outcome.
IDLE = 15.0
CONNECT = 10.0
#: An answer to a call is small; a file has its own limit.
ANSWER_LIMIT = 1024 * 1024

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_TARGET = re.compile(r"[!-~]+")


class Origin(NamedTuple):
    """Where requests go: connections are kept for each."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side answered."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers
                     if key.lower() == wanted), None)


def origin_of(url: str) -> tuple[Origin, str]:
    """The origin and the request target of a URL; raises `ValueError` when it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is no http(s) address")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(target) or not _TARGET.fullmatch(parts.hostname):
        raise ValueError(f"{url!r} has characters that an address can't have")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Origin(parts.scheme, parts.hostname, port), target


def head(method: str, origin: Origin, target: str, headers: Mapping[str, str]) -> bytes:
    """The first lines of a request, without the length of its body and the empty line."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    if origin.port != (443 if origin.scheme == "https" else 80):
        host = f"{host}:{origin.port}"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers.items():
        if _FORBIDDEN.search(name + value):
            raise ConfigError(f"the header {name} has characters that a header can't have")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, ""]).encode("latin-1")


class HttpClient:
    """Keep-alive connections, a bounded number to each origin.

    Every call ends in an `Answer`, in `Unreachable` (nothing was written) or in
    `OutcomeUnknown` (something was, and no whole answer came back).
    """

    def __init__(self, *, connections: int = 128, idle: float = IDLE,
                 tls: ssl.SSLContext | None = None) -> None:
        self._limit = connections
        self._keep = idle
        self._tls = tls
        self._pools: dict[Origin, _Pool] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        await self.close()

    async def request(self, origin: Origin, data: bytes, *, within: float,
                      limit: int = ANSWER_LIMIT) -> Answer:
        """Send the whole request `data` and wait for the answer, at most `within` seconds."""
        if self._closed:
            raise Unreachable("the client is closed")
        loop = asyncio.get_running_loop()
        exchange = Exchange(loop.create_future(), data, limit, loop.time() + within)
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = _Pool(origin, self._limit, self._keep,
                                                self._tls_for(origin))
        pool.start(exchange, loop.time())
        if self._timer is None:
            self._timer = loop.call_later(SWEEP, self._sweep)
        try:
            return Answer(*await exchange.future)
        except asyncio.CancelledError:
            exchange.give_up()
            raise

    @property
    def open_connections(self) -> int:
        """How many connections there are now, to all origins."""
        return sum(pool.size for pool in self._pools.values())

    async def close(self) -> None:
        """End every connection; calls under way fail as their state demands."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for pool in self._pools.values():
            await pool.close()

    def _tls_for(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme != "https":
            return None
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        busy = [pool.sweep(now) for pool in self._pools.values()]
        self._timer = loop.call_later(SWEEP, self._sweep) if any(busy) else None


class _Pool:
    """The connections to one origin, and the calls that wait for one."""

    def __init__(self, origin: Origin, limit: int, keep: float,
                 tls: ssl.SSLContext | None) -> None:
        self._origin = origin
        self._limit = limit
        self._keep = keep
        self._tls = tls
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._waiting: deque[Exchange] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._all_lost: asyncio.Future[None] | None = None

    @property
    def size(self) -> int:
        return len(self._all)

    def start(self, exchange: Exchange, now: float) -> None:
        """Send on the connection that was used last, or wait for one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open() and now - connection.idle_since < self._keep:
                connection.send(exchange)
                return
            connection.abort()
        self._waiting.append(exchange)
        # One connection is opened for each call that waits, not one for each that came.
        if (len(self._opening) < len(self._waiting)
                and len(self._all) + len(self._opening) < self._limit):
            self._open()

    def _open(self) -> None:
        task = asyncio.get_running_loop().create_task(self._connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        host = self._origin.host
        try:
            async with asyncio.timeout(CONNECT):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, self.free, self._lost), host, self._origin.port,
                    ssl=self._tls, server_hostname=host if self._tls else None)
        except (OSError, ValueError) as error:
            self._no_connection(str(error) or type(error).__name__)
            return
        if not connection.is_open():
            self._no_connection("it was closed at once")
            return
        self._all.add(connection)
        self.free(connection)

    def _no_connection(self, why: str) -> None:
        # Everybody who waits would meet the same wall, one after the other.
        error = f"no connection to {self._origin.host}:{self._origin.port}: {why}"
        while self._waiting:
            self._waiting.popleft().fail(Unreachable(error))

    def free(self, connection: Connection) -> None:
        """Give a connection that has nothing to do to who waits longest."""
        while self._waiting:
            exchange = self._waiting.popleft()
            if not exchange.future.done():
                connection.send(exchange)
                return
        self._idle.append(connection)

    def _lost(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._all_lost is not None:
            if not self._all and not self._all_lost.done():
                self._all_lost.set_result(None)
        elif self._waiting and not self._opening:
            self._open()

    def sweep(self, now: float) -> bool:
        """End the calls whose time is over; whether any is left."""
        late = [exchange for exchange in self._waiting if exchange.deadline <= now]
        for exchange in late:
            self._waiting.remove(exchange)
            exchange.fail(Unreachable("no connection became free in time; nothing was written"))
        busy = bool(self._waiting)
        for connection in list(self._all):
            exchange_ = connection.exchange
            if exchange_ is None:
                continue
            if exchange_.deadline <= now:
                exchange_.fail(OutcomeUnknown("no answer came in time"))
                connection.abort()
            else:
                busy = True
        return busy

    async def close(self) -> None:
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().fail(Unreachable("the client is closed"))
        if not self._all:
            return
        self._all_lost = asyncio.get_running_loop().create_future()
        for connection in list(self._all):
            connection.abort()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_lost, 2)
