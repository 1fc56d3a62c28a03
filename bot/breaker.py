"""A backend that fails again and again is left alone for a while, so that nobody waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from bot.metrics import Counts
from bot.settings import BreakerSettings

log = logging.getLogger(__name__)


class Breaker:
    """Closed, open, or letting one try through to see whether the backend is back.

    Who was allowed a try says afterwards what became of it: `worked`, `failed`, or `left` where
    nobody knows.
    """

    def __init__(self, backend: str, settings: BreakerSettings, counts: Counts, *,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._backend = backend
        self._most = settings.failures
        self._pause = settings.pause_ms / 1000
        self._counts = counts
        self._now = now
        self._failed = 0  #: tries in a row
        self._opened: float | None = None  #: when it was; None: closed
        self._probing = False
        counts.open_backends[backend] = 0

    def allows(self) -> bool:
        """Whether a try may be made now. While open, one after each pause."""
        if self._opened is None:
            return True
        if not self._probing and self._now() >= self._opened + self._pause:
            self._probing = True
            return True
        self._counts.not_asked[self._backend] += 1
        return False

    def worked(self) -> None:
        """The backend has answered a try."""
        self._failed = 0
        self._probing = False
        if self._opened is not None:
            self._opened = None
            self._counts.open_backends[self._backend] = 0
            log.warning("backend is back", extra={"backend": self._backend})

    def failed(self) -> None:
        """A try came to nothing: no answer in time, no connection, or an error of the server's."""
        self._failed += 1
        if self._probing:
            self._probing = False
            self._opened = self._now()
        elif self._opened is None and self._most is not None and self._failed >= self._most:
            self._opened = self._now()
            self._counts.open_backends[self._backend] = 1
            log.error("backend is left alone", extra={
                "backend": self._backend, "failures": self._failed, "seconds": self._pause})

    def left(self) -> None:
        """Nobody waited for what became of a try: the next one may look."""
        self._probing = False
