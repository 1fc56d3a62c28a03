"""What a turn costs with two processes against one, on PostgreSQL at a steady rate.

    python tests/bench/processes.py [--rate 500] [--seconds 20] [--rounds 4]

In each round both are measured, in alternating order, on stores of their own: the processor time of
the bot and of PostgreSQL for each message that was answered. Prints both and the ratio of the bots,
and at the end the median of the ratios. A machine that does something else beside measures that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

HERE = Path(__file__)
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1]), str(HERE.parents[1] / "faults")]

import aiohttp
from harness import Bot, Ledger, Provider
from memory import Load, Person, erring
from postgres import Server, server

PEOPLE = 2_000
#: So long everything runs before it is measured, seconds.
WARM_UP = 3.0
TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += family(int(child))
    return found


def busy(pid: int) -> float:
    """Processor time of a process and of all that it started, seconds."""
    total = 0
    for each in family(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


async def measured(running: Server, size: int, rate: float, seconds: float) -> tuple[float, float]:
    """Processor time for each turn, of the bot and of PostgreSQL, microseconds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        session = await stack.enter_async_context(aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100)))
        load = Load(session, random.Random(1),
                    {f"49{n:06}": Person(f"49{n:06}") for n in range(PEOPLE)}, errors=0.0)
        url = await stack.enter_async_context(erring(load))
        name = running.database()
        stack.callback(running.drop, name)
        load.bot = bot = Bot(folder / "bot.db", Provider(url, Ledger()),
                             url_of_store=running.url(name),
                             arguments=("--workers", str(size), "--log", "warning"))
        await bot.start()
        stack.callback(bot.stop)
        telling = asyncio.create_task(load.tell())
        await load.at(rate, WARM_UP)
        assert bot.process is not None
        assert running.process is not None
        pids = bot.process.pid, running.process.pid
        before, turns = [busy(pid) for pid in pids], load.acknowledged
        await load.at(rate, seconds)
        spent = [busy(pid) - was for pid, was in zip(pids, before, strict=True)]
        turns = load.acknowledged - turns
        telling.cancel()
        if load.answers[503] or turns < 0.95 * rate * seconds:
            print(f"    the machine is too slow for this rate: {turns} turns in {seconds} s, "
                  f"{load.answers[503]} refused")
        return 1e6 * spent[0] / turns, 1e6 * spent[1] / turns


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=500, help="turns a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    ratios = []
    print(f"{'µs for a turn':<16}{'one: bot':>10}{'database':>10}{'two: bot':>10}{'database':>10}"
          f"{'ratio':>8}")
    with server(fsync="on", full_page_writes="on", shared_buffers="128MB") as running:
        for number in range(arguments.rounds):
            found = {}
            for size in (1, 2) if number % 2 == 0 else (2, 1):
                found[size] = await measured(running, size, arguments.rate, arguments.seconds)
            ratios.append(found[2][0] / found[1][0])
            print(f"{f'round {number + 1}':<16}" + "".join(
                f"{each:>10.0f}" for size in (1, 2) for each in found[size])
                + f"{ratios[-1]:>8.2f}", flush=True)
    print(f"two processes against one: {median(ratios):.2f} (from {min(ratios):.2f} to "
          f"{max(ratios):.2f})")


if __name__ == "__main__":
    asyncio.run(main())
