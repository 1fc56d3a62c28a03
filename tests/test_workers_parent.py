"""The process that starts the workers, with workers that are a few lines each."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.workers import Workers

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

#: Notes its start in the folder; the words `deaf` and `loud` are files there.
WORKER = """
import os, pathlib, signal, sys
folder = pathlib.Path(sys.argv[1])
if (folder / "loud").exists():
    print(("x" * 99 + "\\n") * 20_000, flush=True)
if (folder / "deaf").exists():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("serving", flush=True)
(folder / f"{os.getpid()}.up").touch()
sys.stdin.read()
"""


@asynccontextmanager
async def one_worker(folder: Path, grace: float) -> AsyncIterator[Callable[[int], bool]]:
    """A parent of one; yields: have so many been up?"""
    workers = Workers(1, (sys.executable, "-c", WORKER, str(folder)), grace)
    running = asyncio.create_task(workers.run())
    yield lambda count: len(list(folder.glob("*.up"))) >= count
    os.kill(os.getpid(), signal.SIGTERM)
    await running


async def test_a_worker_that_says_much_is_heard_to_the_end(
        tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "loud").touch()
    async with one_worker(tmp_path, 5.0) as up:

        async def came() -> bool:
            return up(1)

        await eventually(came)


async def test_a_worker_that_does_not_stop_when_asked_is_killed_and_started_anew(
        tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "deaf").touch()
    async with one_worker(tmp_path, 0.2) as up:

        async def first() -> bool:
            return up(1)

        async def second() -> bool:
            return up(2)

        await eventually(first)
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(second)


async def test_a_worker_that_can_t_be_started_is_no_empty_place(tmp_path: Path) -> None:
    async with asyncio.timeout(10):
        assert await Workers(2, (str(tmp_path / "nothing"),)).run() == 1
