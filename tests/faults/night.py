"""The long proof: a process under load is killed at every failpoint, ten times each, and at random.

    python tests/faults/night.py [--hits 10] [--random 100] [--seed 1]

Prints a row for each series and exits with 1 if anything was lost, out of order, left unfinished,
or sent twice without doubt.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp
from harness import Bot, Person, different, provider
from storing import rows

from bot.clock import Clock
from bot.failpoints import NAMES
from bot.store.sqlite import SQLite

#: These are met only on the way to something else: a timer, a call, a first start.
RARE = frozenset({"timer.fired", "call.claimed", "call.answered", "call.stored", "migration.step"})


@dataclass
class Series:
    """What a series of kills left behind."""

    turns: int = 0
    kills: int = 0
    unfinished: int = 0
    copies: int = 0
    doubted: int = 0
    recovery: float = 0.0  #: the longest time from a start to the first answer of /readyz


async def killed(failpoint: str | None, hits: int, kills: int, dice: random.Random) -> Series:
    """Walk people through the script while the process is killed again and again."""
    series = Series()
    async with provider() as sink, aiohttp.ClientSession() as session:
        with tempfile.TemporaryDirectory() as folder:
            bot = Bot(Path(folder) / "bot.db", sink)
            done = asyncio.Event()

            async def reaper() -> None:
                hit = 0
                while not done.is_set():
                    if bot.dead:
                        series.kills += 1
                        hit += 1
                        started = time.monotonic()
                        again = failpoint is not None and hit < hits
                        await bot.start(f"{failpoint}=kill@{hit + 1}" if again else "")
                        series.recovery = max(series.recovery, time.monotonic() - started)
                    elif failpoint is None and series.kills < kills:
                        await asyncio.sleep(dice.uniform(0.05, 1.0))
                        bot.kill()
                    await asyncio.sleep(0.02)

            await bot.start(f"{failpoint}=kill@1" if failpoint else "")
            people = [Person(f"49{n:04}", bot, session) for n in range(8)]
            watch = asyncio.create_task(reaper())
            until = time.monotonic() + 60 + 6 * max(hits, kills)

            async def walk(person: Person) -> None:
                await person.walk(1, until)
                while series.kills < (hits if failpoint else kills) and time.monotonic() < until:
                    await person.walk(1, until)

            await asyncio.gather(*(walk(person) for person in people))
            done.set()
            await watch
            bot.stop()
            database = await SQLite.open(bot.store, Clock())
            ((waiting, leaving, series.doubted),) = await rows(
                database, "select (select count(*) from inbox), (select count(*) from outbox), "
                          "(select sum(doubt) from message)")
            await database.close()
            series.unfinished = waiting + leaving
            series.turns = sum(person.sent for person in people)
            sends = [sink.ledger.sends[person.who] for person in people]
            series.unfinished += series.turns - sum(len(different(sent)) for sent in sends)
            series.copies = sum(len(sent) for sent in sends) - series.turns
    return series


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hits", type=int, default=10)
    parser.add_argument("--random", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    print(f"{'killed at':<22}{'kills':>6}{'turns':>7}{'unfinished':>11}{'in doubt':>9}"
          f"{'copies':>7}{'recovery s':>11}")
    wrong = 0
    names = [name for name in NAMES if name not in RARE]
    for name in [*names, None]:
        series = await killed(name, arguments.hits, arguments.random,
                              random.Random(arguments.seed))
        wrong += series.unfinished + max(0, series.copies - series.doubted)
        print(f"{name or 'random':<22}{series.kills:>6}{series.turns:>7}{series.unfinished:>11}"
              f"{series.doubted:>9}{series.copies:>7}{series.recovery:>11.2f}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
