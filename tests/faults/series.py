"""The series of the long proof: each puts a crowd before a fleet, harms the fleet, and looks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from checks import Found, look
from crowd import Crowd, crowd
from people import NeverAnswered
from postgres import Server

#: Failpoints that are met only now and then: every process has them, at the first hits.
RARE = frozenset({"timer.fired", "call.claimed", "call.answered", "call.stored",
                  "takeover.written", "outbox.lapsed"})
#: After so many seconds a process that was started has answered somebody.
SOON = 2.0
#: A process that dies while it sends leaves a doubt to those that come after it.
DOUBT = ",outbox.written=kill@6"


@dataclass
class Series:
    """What a series did and left behind."""

    name: str
    database: str
    kills: int = 0
    found: Found = field(default_factory=Found)
    ready_in: float = 0.0
    first_in: float = 0.0
    lasted: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return self.problems + self.found.violations


@dataclass(frozen=True)
class Place:
    """Where a series runs: on SQLite, or with so many processes on PostgreSQL."""

    server: Server | None
    seed: int
    keep: Path | None = None  #: where the folder of a series goes in which something was wrong
    processes: int = 8  #: on PostgreSQL

    @property
    def database(self) -> str:
        return "sqlite" if self.server is None else "postgres"

    @property
    def size(self) -> int:
        return 1 if self.server is None else self.processes


@asynccontextmanager
async def on(place: Place, series: Series, seconds: float, **more: object) -> AsyncIterator[
        tuple[Crowd, Callable[[Callable[[], bool]], Awaitable[None]]]]:
    """A crowd, and `walk(enough)` that has it write until then and come to rest; the fleet is
    started by it, kept alive, and looked at in the end.
    """
    began = time.monotonic()
    until = began + seconds
    dice = random.Random(f"{place.seed} {series.name}")
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        async with crowd(Path(folder), dice, server=place.server,
                         **{"size": place.size, **more}) as us:  # type: ignore[arg-type]
            fleet = us.fleet

            async def walk(enough: Callable[[], bool]) -> None:
                keepers = [asyncio.create_task(fleet.keep(each)) for each in range(fleet.size)]
                try:
                    walking = asyncio.gather(*(us.walk(pair, enough, until) for pair in us.pairs))
                    await asyncio.wait([walking, *keepers],
                                       return_when=asyncio.FIRST_COMPLETED)
                    for keeper in keepers:
                        if keeper.done():
                            walking.cancel()
                            keeper.result()
                    await walking
                    await us.quiet(until + 30)
                except NeverAnswered as error:
                    series.problems.append(str(error))
                finally:
                    codes = fleet.stop()
                    await asyncio.gather(*keepers, return_exceptions=True)
                if {*codes} - {0, -signal.SIGTERM}:  # the second: it was only just starting
                    series.problems.append(f"asked to stop they ended with {codes}")

            yield us, walk
            series.kills = fleet.kills
            series.ready_in, series.first_in = fleet.ready_in, max(us.first_in, default=0.0)
            if us.first_in and median(us.first_in) > SOON:
                series.problems.append(f"half of the starts had answered nobody after {SOON} s")
            series.found = look(us)
            if series.violations:
                series.problems.append(fleet.log())
                if place.keep is not None:
                    shutil.copytree(folder, place.keep / f"{place.database} {series.name}",
                                    dirs_exist_ok=True)
    series.lasted = time.monotonic() - began


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Harm is done for as long as the context lasts, or until it has been done."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        if task.done():
            task.result()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def killed_at(place: Place, failpoint: str, hits: int) -> Series:
    """Killed at a failpoint, at its first hit, its second …"""
    series = Series(failpoint, place.database)
    also = DOUBT if failpoint == "outbox.lapsed" else ""
    kills = hits * (2 if also else 1)
    async with on(place, series, 60 + 8 * kills) as (us, walk):
        armed = 0

        def plan(which: int) -> str:
            nonlocal armed
            if us.fleet.kills >= kills or (which > 1 and failpoint not in RARE):
                return ""
            armed += 1
            hit = 1 + (armed - 1) % (3 if failpoint in RARE else hits)
            return f"{failpoint}=kill@{1 if also else hit}{also}"

        us.fleet.plan, us.fleet.up = plan, us.probe
        await walk(lambda: us.fleet.kills >= kills)
        if us.fleet.kills < kills:
            series.problems.append(f"only {us.fleet.kills} of {kills} kills in time")
    return series


async def killed_in_turn(place: Place, failpoints: Sequence[str]) -> Series:
    """Killed once at each of these: whoever is started gets the next."""
    series = Series("one after the other", place.database)
    left, armed = list(failpoints), {}
    async with on(place, series, 240, pairs=4, troubles=False, FAULTS_LEASE="2s") as (us, walk):
        for pair in us.pairs:
            pair.rare = 0.5

        def plan(which: int) -> str:
            armed[which] = left.pop(0) if left else ""
            return f"{armed[which]}=kill@1" if armed[which] else ""

        us.fleet.plan = plan
        await walk(lambda: us.fleet.kills >= len(failpoints))
        if us.fleet.kills < len(failpoints):
            series.problems.append(f"not reached: {[*filter(None, armed.values()), *left]}")
    return series


async def killed_at_random(place: Place, kills: int) -> Series:
    """One is killed, or some, or all, at any moment: while they start, too."""
    series = Series("random kills", place.database)
    async with on(place, series, 60 + 3 * kills) as (us, walk):
        us.fleet.up = us.probe

        async def reap() -> None:
            dice, fleet = us.dice, us.fleet
            while fleet.kills < kills:
                count = (1 if fleet.size == 1 else
                         dice.choice([1] * 16 + [2, 3, fleet.size // 2, fleet.size]))
                which_ones = dice.sample(range(fleet.size), min(count, fleet.size))
                early = dice.random() < 0.1  # while it starts
                while not (early or all(fleet.serving[which] for which in which_ones)):
                    await asyncio.sleep(0.02)
                # Counted from when it serves: a process that never gets to anything proves nothing.
                await asyncio.sleep(dice.uniform(0.0, 0.6))
                for which in which_ones:
                    if fleet.bots[which].process is not None and not fleet.bots[which].dead:
                        fleet.bots[which].kill()

        async with beside(reap()):
            await walk(lambda: us.fleet.kills >= kills)
        if us.fleet.kills < kills:
            series.problems.append(f"only {us.fleet.kills} of {kills} kills in time")
    return series


async def asleep(place: Place, cycles: int) -> Series:
    """Some of the processes sleep past their lease, and wake."""
    series = Series("asleep past the lease", place.database)
    async with on(place, series, 60 + 8 * cycles, FAULTS_LEASE="2s") as (us, walk):
        done = 0

        async def lull() -> None:
            nonlocal done
            while done < cycles:
                await asyncio.sleep(us.dice.uniform(0.2, 1.0))
                up = [each for each in range(us.fleet.size) if us.fleet.serving[each]]
                if len(up) < us.fleet.size:
                    continue
                victims = us.dice.sample(up, us.dice.randint(1, 3))
                for which in victims:
                    us.fleet.serving[which] = False
                    os.kill(us.fleet.bots[which].process.pid, signal.SIGSTOP)  # type: ignore[union-attr]
                await asyncio.sleep(us.dice.uniform(2.0, 4.0))
                for which in victims:
                    os.kill(us.fleet.bots[which].process.pid, signal.SIGCONT)  # type: ignore[union-attr]
                    us.fleet.serving[which] = True
                done += 1

        async with beside(lull()):
            await walk(lambda: done >= cycles)
    return series


async def started_anew(place: Place, times: int) -> Series:
    """Stopped by SIGTERM under load and started again, each in turn: no doubt, not one copy."""
    series = Series("graceful restarts", place.database)
    async with on(place, series, 60 + 8 * times, troubles=False) as (us, walk):
        done = 0

        async def roll() -> None:
            nonlocal done
            fleet = us.fleet
            while done < times:
                for which in range(fleet.size):
                    while not fleet.serving[which]:
                        await asyncio.sleep(0.02)
                    await asyncio.sleep(us.dice.uniform(0.1, 0.4))
                    bot, starts = fleet.bots[which], fleet.bots[which].starts
                    fleet.serving[which] = fleet.size == 1
                    bot.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
                    while bot.starts == starts or not fleet.serving[which]:
                        await asyncio.sleep(0.02)
                    done += 1
                    if done == times:
                        return

        async with beside(roll()):
            await walk(lambda: done >= times)
        if done < times:
            series.problems.append(f"only {done} of {times} in time")
    if series.found.copies or series.found.doubts:
        series.problems.append(f"{series.found.copies} copies and {series.found.doubts} doubts "
                               "although every process was stopped gracefully")
    return series


async def killed_while_migrating(place: Place, hits: int) -> Series:
    """Killed while it makes the tables of an empty store, at one statement after the other."""
    series = Series("migration.step", place.database)
    async with on(place, series, 60 + 8 * hits, desk=False) as (us, walk):
        def plan(which: int) -> str:
            return f"migration.step=kill@{1 + us.fleet.kills * 4}" if us.fleet.kills < hits else ""

        us.fleet.plan, us.fleet.up = plan, us.probe
        await walk(lambda: us.fleet.kills >= hits)
    return series


async def away(place: Place, times: int, least: float = 5.0, most: float = 40.0) -> Series:
    """The database is stopped under load for a while, again and again; every process stays."""
    series = Series("database away", place.database)
    async with on(place, series, 60 + times * (most + 15)) as (us, walk):
        server, done = place.server, 0
        assert server is not None

        async def stop() -> None:
            nonlocal done
            while not all(us.fleet.serving):
                await asyncio.sleep(0.05)
            while done < times:
                await asyncio.sleep(us.dice.uniform(1.0, 4.0))
                how = us.dice.choice(("immediate", "fast"))
                await asyncio.to_thread(server.stop, how)
                try:
                    await asyncio.sleep(us.dice.uniform(least, most))
                finally:
                    server.start()
                done += 1

        async with beside(stop()):
            await walk(lambda: done >= times)
        if done < times:
            series.problems.append(f"only {done} of {times} in time")
        starts = sum(bot.starts for bot in us.fleet.bots) - us.fleet.size
        if starts:
            series.problems.append(f"{starts} processes had to be started anew")
    return series
