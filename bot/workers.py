"""`bot run --workers N`: starts the processes that do the work, and starts again those that die."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence

log = logging.getLogger(__name__)

#: The variable that tells a worker which of how many it is.
WORKER = "BOT_WORKER"
#: The line that a worker says once it serves.
SERVING = "serving"
#: A worker has so long to finish what is in hand, seconds.
GRACE = 20.0
#: A worker is up within so many seconds, or something is wrong with it.
UP = 60.0
#: The pause before a worker that died is started again grows from the first to the last, seconds;
#: one that has lived for so long as the last has earned the first again.
FIRST_PAUSE, LAST_PAUSE = 0.1, 10.0


class Workers:
    """Children that run this command; each says `SERVING` once it does.

    Its input stays open for as long as this process lives, so that it knows when it is alone.
    """

    def __init__(self, count: int, command: Sequence[str], grace: float = GRACE) -> None:
        self._count = count
        self._command = command
        self._grace = grace
        self._children: dict[int, asyncio.subprocess.Process] = {}
        self._up = [asyncio.Event() for _ in range(count)]
        self._stopping = asyncio.Event()
        self._served = False
        self._code = 0

    async def run(self) -> int:
        """Until asked to stop by SIGTERM or SIGINT; the exit code. SIGHUP: start all anew, in turn.

        A worker that gives up before any has served ends all: its reason would not change.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        rolling: set[asyncio.Task[None]] = set()

        def roll() -> None:
            if not rolling:
                task = loop.create_task(self._roll())
                rolling.add(task)
                task.add_done_callback(rolling.discard)

        loop.add_signal_handler(signal.SIGHUP, roll)
        keepers = [loop.create_task(self._keep(place)) for place in range(self._count)]
        await self._stopping.wait()
        for task in rolling:
            task.cancel()
        for child in self._children.values():
            _signal(child, signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=self._grace)
        if late:
            log.error("workers killed", extra={"count": len(late)})
            for child in self._children.values():
                _signal(child, signal.SIGKILL)
            await asyncio.wait(late)
            self._code = self._code or 1
        return self._code

    async def _keep(self, place: int) -> None:
        """Have a child in this place, for as long as nobody asks to stop."""
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._live(place)
            if self._stopping.is_set():
                # One that was only just starting knows of no work in hand, and simply ends.
                self._code = self._code or int(code not in (0, -signal.SIGTERM))
                return
            if code == 0:  # it was asked to, to be started anew
                continue
            if code > 0 and not self._served:
                self._code = code
                self._stopping.set()
                return
            log.error("worker died", extra={"worker": place + 1, "code": code})
            if time.monotonic() - began > LAST_PAUSE:
                pause = FIRST_PAUSE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(pause * 2, LAST_PAUSE)

    async def _live(self, place: int) -> int:
        """Start a child and wait for its end; its exit code."""
        try:
            child = await self._start(place)
        except OSError as error:  # no memory, no room for one more process: perhaps in a while
            log.error("worker not started", extra={"worker": place + 1, "error": str(error)})
            return 1
        hearing = asyncio.get_running_loop().create_task(self._hear(place, child))
        code = await child.wait()
        hearing.cancel()
        return code

    async def _start(self, place: int) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            *self._command, env={**os.environ, WORKER: f"{place + 1}/{self._count}"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True)  # Ctrl-C is ours to pass on
        self._children[place] = child
        if self._stopping.is_set():  # asked while it was being started
            _signal(child, signal.SIGTERM)
        return child

    async def _hear(self, place: int, child: asyncio.subprocess.Process) -> None:
        """Learn that it serves, and pass on what else it says: nobody may wait to be heard."""
        assert child.stdout is not None
        late = asyncio.get_running_loop().call_later(UP, self._give_up, child)
        rest = b""
        try:
            while more := await child.stdout.read(65_536):
                *lines, rest = (rest + more).split(b"\n")
                for line in lines:
                    if line != SERVING.encode():
                        sys.stdout.write(line.decode(errors="replace") + "\n")
                        sys.stdout.flush()
                        continue
                    late.cancel()
                    self._served = True
                    self._up[place].set()
        finally:
            late.cancel()

    @staticmethod
    def _give_up(child: asyncio.subprocess.Process) -> None:
        log.error("worker does not come up", extra={"pid": child.pid})
        _signal(child, signal.SIGKILL)

    async def _roll(self) -> None:
        """Each worker in turn: ask it to stop, and go on when its follower serves."""
        for place in range(self._count):
            before = self._children.get(place)
            if before is not None:
                self._up[place].clear()
                _signal(before, signal.SIGTERM)
                try:
                    async with asyncio.timeout(self._grace):
                        await before.wait()
                except TimeoutError:
                    log.error("workers killed", extra={"count": 1})
                    _signal(before, signal.SIGKILL)
                    await before.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(UP):
                    await self._up[place].wait()
        log.info("workers started anew")


def _signal(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(number)
