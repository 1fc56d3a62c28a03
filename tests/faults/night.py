"""The long proof: processes under load are killed at every failpoint and at random, put to sleep,
started anew; their database goes away.

    python tests/faults/night.py [--database sqlite,postgres] [--only words] [--hits 10]
        [--random 1000] [--restarts 20] [--sleeps 20] [--outages 20] [--seed N] [--report file.md]

Prints a line for each series and exits with 1 if anything was lost, wrong, out of order, left
unfinished, or sent twice without a doubt.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import series
from postgres import server
from programs import PROGRAMS, Ended, run
from series import Place, Series

from bot.failpoints import NAMES

#: Name of a column, its width, and what stands in it.
COLUMNS: tuple[tuple[str, int, Callable[[Series], str]], ...] = (
    ("series", 24, lambda s: s.name),
    ("database", 10, lambda s: s.database),
    ("kills", 6, lambda s: str(s.kills)),
    ("turns", 7, lambda s: str(s.found.turns)),
    ("acked lost", 11, lambda s: str(len(s.found.lost))),
    ("wrong", 6, lambda s: str(len(s.found.wrong))),
    ("unfinished", 11, lambda s: str(len(s.found.unfinished))),
    ("doubts", 7, lambda s: str(s.found.doubts)),
    ("copies", 7, lambda s: str(s.found.copies)),
    ("unexplained", 12, lambda s: str(len(s.found.unexplained))),
    ("doctor", 7, lambda s: str(len(s.found.doctor))),
    ("ready s", 8, lambda s: f"{s.ready_in:.2f}" if s.ready_in else "–"),
    ("handled s", 10, lambda s: f"{s.first_in:.2f}" if s.first_in else "–"),
    ("lasted s", 9, lambda s: f"{s.lasted:.0f}"),
)


@dataclass(frozen=True)
class Plan:
    """A series of the night, not yet run."""

    name: str
    database: str
    run: Callable[[], Awaitable[Series]]


def plans(arguments: argparse.Namespace) -> Iterator[Plan]:
    """Everything that the night has, in its order."""
    for database in ("sqlite", "postgres"):
        def on_it(what: Callable[..., Awaitable[Series]], *more: object,
                  database: str = database) -> Callable[[], Awaitable[Series]]:
            return partial(placed, database, arguments.seed, what, *more)

        for name in NAMES:
            run = (on_it(series.killed_while_migrating, arguments.hits)
                   if name == "migration.step" else
                   on_it(series.killed_at, name, arguments.hits))
            yield Plan(name, database, run)
        yield Plan("random kills", database, on_it(series.killed_at_random, arguments.random))
        yield Plan("graceful restarts", database, on_it(series.started_anew, arguments.restarts))
        if database == "postgres":
            yield Plan("asleep past the lease", database, on_it(series.asleep, arguments.sleeps))
            yield Plan("database away", database, on_it(series.away, arguments.outages))


async def placed(database: str, seed: int, what: Callable[..., Awaitable[Series]],
                 *more: object) -> Series:
    """Run a series on an empty store of that kind."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(server()) if database == "postgres" else None
        return await what(Place(running, seed), *more)


def table(done: list[Series], ended: list[Ended], seed: int, began: float) -> str:
    """The night as Markdown."""
    lines = [f"{time.strftime('%Y-%m-%d', time.gmtime())}, seed {seed}, Python "
             f"{platform.python_version()}, {platform.system()}, "
             f"{(time.time() - began) / 60:.0f} minutes.", "",
             "| " + " | ".join(name for name, _, _ in COLUMNS) + " |",
             "|" + "---|" * 2 + "--:|" * (len(COLUMNS) - 2)]
    lines += ["| " + " | ".join(cell(each) for _, _, cell in COLUMNS) + " |" for each in done]
    if ended:
        lines += ["", "| program | ended with | lasted s | its last line |", "|---|--:|--:|---|"]
        lines += [f"| {each.program.name} | {each.code} | {each.lasted:.0f} | {each.last} |"
                  for each in ended]
    return "\n".join(lines) + "\n"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite,postgres", help="one of them, or both")
    parser.add_argument("--only", default="", help="series whose names have one of these words")
    parser.add_argument("--hits", type=int, default=10, help="kills at each failpoint")
    parser.add_argument("--random", type=int, default=1000, help="kills at random")
    parser.add_argument("--restarts", type=int, default=20, help="graceful restarts")
    parser.add_argument("--sleeps", type=int, default=20, help="times that processes sleep")
    parser.add_argument("--outages", type=int, default=20, help="times that PostgreSQL is stopped")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--programs", action="store_true", help="the other programs, too")
    parser.add_argument("--report", type=Path, help="the table as Markdown goes to this file")
    return parser.parse_args()


async def main() -> int:
    arguments, began = parsed(), time.time()
    databases, words = arguments.database.split(","), arguments.only.split(",")
    print(f"seed {arguments.seed}")
    print("".join(f"{name:<{width}}" if place < 2 else f"{name:>{width}}"
                  for place, (name, width, _) in enumerate(COLUMNS)), flush=True)
    done: list[Series] = []
    for plan in plans(arguments):
        if plan.database not in databases or not any(word in plan.name for word in words):
            continue
        one = await plan.run()
        done.append(one)
        print("".join(f"{cell(one):<{width}}" if place < 2 else f"{cell(one):>{width}}"
                      for place, (_, width, cell) in enumerate(COLUMNS)), flush=True)
        for problem in one.violations[:20]:
            print(f"    {problem}", flush=True)
        if arguments.report:
            arguments.report.write_text(table(done, [], arguments.seed, began), "utf-8")
    ended: list[Ended] = []
    for program in PROGRAMS if arguments.programs else ():
        if not any(word in program.name for word in words):
            continue
        one_ended = await run(program)
        ended.append(one_ended)
        print(f"{program.name:<34}ended with {one_ended.code} after {one_ended.lasted:.0f} s: "
              f"{one_ended.last}", flush=True)
        if one_ended.code:
            print(one_ended.output[-5000:], flush=True)
        if arguments.report:
            arguments.report.write_text(table(done, ended, arguments.seed, began), "utf-8")
    return 1 if any(one.violations for one in done) or any(each.code for each in ended) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
