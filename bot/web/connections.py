"""What comes in before there is a request: so many connections, a head of so much in so long.

aiohttp waits for ever for a head that never ends. Here each connection is watched until its head
is complete; what a request does after that is its handler's affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

#: Connections at once; one more closes the one that has been quiet for longest.
MOST: Final = 512
#: A head comes within so many seconds, and has so many bytes at most.
PATIENCE: Final = 10.0
HEAD: Final = 16 * 1024

_END: Final = b"\r\n\r\n"


class Connections:
    """All open connections of the server; makes the protocol of each new one."""

    def __init__(self, *, most: int = MOST, patience: float = PATIENCE) -> None:
        self.most = most
        self.patience = patience
        self.server: Callable[[], Any] | None = None
        self.open: dict[asyncio.BaseTransport, Connection] = {}
        #: Those without a request, the longest first.
        self.quiet: dict[Connection, None] = {}

    def __call__(self) -> Any:  # a protocol in all but name: nothing here inherits
        assert self.server is not None
        return Connection(self, self.server())

    def begun(self, request: web.Request) -> None:
        """A handler has the request."""
        if request.transport is not None and (
                connection := self.open.get(request.transport)) is not None:
            connection.busy()

    def ended(self, request: web.Request) -> None:
        """The next head may come."""
        if request.transport is not None and (
                connection := self.open.get(request.transport)) is not None:
            connection.rest()


class Connection:
    """Hands on to the server's own protocol what it is called with."""

    __slots__ = ("__weakref__", "_deadline", "_head", "_inner", "_owner", "_resting", "_transport")

    def __init__(self, owner: Connections, inner: Any) -> None:
        self._owner = owner
        self._inner = inner
        self._transport: Any = None
        self._deadline: asyncio.TimerHandle | None = None
        #: What came of a head that is not complete; None: a request is being handled.
        self._head: bytearray | None = bytearray()
        self._resting = False  #: kept alive, and nothing of the next head has come

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        owner = self._owner
        if len(owner.open) >= owner.most:
            if not owner.quiet:
                transport.abort()
                self._inner = None
                return
            next(iter(owner.quiet)).drop()
        owner.open[transport] = self
        owner.quiet[self] = None
        self._watch()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._inner is None:
            return
        if self._head is not None:
            if self._resting:
                self._resting = False
                self._watch()
            head = self._head
            seen = max(0, len(head) - len(_END))
            head += data[:HEAD + len(_END)]
            end = head.find(_END, seen)
            if end < 0 and len(head) <= HEAD:
                self._inner.data_received(data)
                return
            if end < 0 or end > HEAD:
                self._refuse(b"431 Request Header Fields Too Large")
                return
            self.busy()
        self._inner.data_received(data)

    def busy(self) -> None:
        self._head = None
        self._resting = False
        self._owner.quiet.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def rest(self) -> None:
        self._head = bytearray()
        self._resting = True
        self._owner.quiet[self] = None

    def drop(self) -> None:
        """Close it at once."""
        self._transport.abort()
        self._forget()

    def _watch(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(self._owner.patience, self._late)

    def _late(self) -> None:
        self._deadline = None
        self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        self._transport.write(b"HTTP/1.1 " + status +
                              b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self._transport.close()
        self._forget()

    def _forget(self) -> None:
        self.busy()
        self._owner.open.pop(self._transport, None)

    def connection_lost(self, error: Exception | None) -> None:
        self._forget()
        if self._inner is not None:
            self._inner.connection_lost(error)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()
