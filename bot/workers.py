"""`bot run --workers N`: starts the processes that do the work, and starts again those that die."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time

log = logging.getLogger(__name__)

#: The variable that tells a worker which of how many it is.
WORKER = "BOT_WORKER"
#: A worker has so long to finish what is in hand, seconds.
GRACE = 20.0
#: A worker is up within so many seconds, or something is wrong with it.
UP = 60.0
#: The pause before a worker that died is started again grows from the first to the last, seconds;
#: one that has lived for so long as the last has earned the first again.
FIRST_PAUSE, LAST_PAUSE = 0.1, 10.0


class Workers:
    """Children that run `bot run` with these arguments; each says a line once it serves.

    Its input stays open for as long as this process lives, so that it knows when it is alone.
    """

    def __init__(self, count: int, *arguments: str) -> None:
        self._count = count
        self._command = [sys.executable, "-m", "bot", "run", *arguments]
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
        _, late = await asyncio.wait(keepers, timeout=GRACE)
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
            child = await self._start(place)
            code = await child.wait()
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

    async def _start(self, place: int) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            *self._command, env={**os.environ, WORKER: f"{place + 1}/{self._count}"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True)  # Ctrl-C is ours to pass on
        self._children[place] = child
        if self._stopping.is_set():  # asked while it was being started
            _signal(child, signal.SIGTERM)
        if await self._serves(child):
            self._served = True
            self._up[place].set()
        return child

    async def _serves(self, child: asyncio.subprocess.Process) -> bool:
        assert child.stdout is not None
        try:
            async with asyncio.timeout(UP):
                return bool(await child.stdout.readline())
        except TimeoutError:
            log.error("worker does not come up", extra={"pid": child.pid})
            _signal(child, signal.SIGKILL)
            return False

    async def _roll(self) -> None:
        """Each worker in turn: ask it to stop, and go on when its follower serves."""
        for place in range(self._count):
            before = self._children.get(place)
            if before is not None:
                self._up[place].clear()
                _signal(before, signal.SIGTERM)
                await before.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(UP):
                    await self._up[place].wait()
        log.info("workers started anew")


def _signal(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(number)
