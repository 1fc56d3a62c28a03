"""A turn that does not come to its end is broken off.

Turns take milliseconds. One that goes on and on would keep everybody else waiting, for turns are
taken in one thread; a thread beside it looks on and raises an error in the one that works.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from bot.errors import RunawayTurn

T = TypeVar("T")
P = ParamSpec("P")

#: A turn may take so many seconds of processor time; looked at so often. PostgreSQL ends a
#: transaction that nothing comes of after 3 seconds, and the unit is then run again.
MOST, LOOK = 0.5, 0.05


class Runaway:
    """Looks on while turns are taken, in whichever thread."""

    def __init__(self, most: float = MOST) -> None:
        self._most = most
        #: The thread that takes a turn, and a mark of that turn.
        self._turn: tuple[int, object] | None = None
        self._raising = threading.Lock()

    def watched(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do the work. Raises `RunawayTurn` in the midst of it where it takes too long."""
        self._turn = threading.get_ident(), object()
        try:
            return work(*args, **named)
        finally:
            self._turn = None
            with self._raising:  # whoever has just found that it takes too long has raised it now
                pass
            # An error raised from outside comes at the next call: here, and nowhere later.
            _pass()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look on for as long as the context lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._look, args=(over,), name="runaway", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _look(self, over: threading.Event) -> None:
        seen: object = None
        began = 0.0
        while not over.wait(LOOK):
            turn = self._turn
            if turn is None:
                seen = None
                continue
            thread, mark = turn
            try:
                used = time.clock_gettime(time.pthread_getcpuclockid(thread))
            except (OSError, AttributeError):  # no such clock on this system: time will do
                used = time.monotonic()
            if mark is not seen:
                seen, began = mark, used
            elif used - began > self._most:
                with self._raising:
                    if self._turn is turn:
                        _raise_in(ctypes.c_ulong(thread), _ERROR)
                seen = None


_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_ERROR = ctypes.py_object(RunawayTurn)


def _pass() -> None:
    """A call, at which Python looks whether another thread wants to raise something."""
