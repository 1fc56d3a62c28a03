"""Builds that are broken on purpose: what holds a store against the guarantee must see each of
them, and nothing in the build as it is, under the very same run.

    python tests/faults/broken.py [--database sqlite,postgres] [--only words]

Prints a line for each and exits with 1 if one was not seen, or if the whole one was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import flushes
import scenes
from harness import ROOT
from postgres import Server, programs, server

BOTH = ("sqlite", "postgres")


@dataclass(frozen=True)
class Piece:
    """A piece of source that stands in a file exactly once, and what is put in its place."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Control:
    """A broken build, the run that shows it, and the guarantee that is not kept."""

    name: str
    guarantee: str  #: the one that must be found not kept
    scene: Callable[[scenes.Stand], Awaitable[None]]
    pieces: tuple[Piece, ...]
    databases: tuple[str, ...] = BOTH


CONTROLS = (
    Control("acknowledged first", "G1", scenes.killed_before_a_commit, (
        Piece("web/webhook.py", "            await self._accept(items)\n",
              "            asyncio.get_running_loop().create_task(self._accept(items))\n"),)),
    Control("state and replies apart", "G4", scenes.killed_in_a_turn, (
        Piece("store/work.py", '    refused: str = ""\n',
              '    refused: str = ""\n    later: list[object] = field(default_factory=list)\n'),
        Piece("store/turns.py", "async def _reply(",
              "async def _later(work, *statement):\n    work.later.append(statement)\n\n\n"
              "async def _reply("),
        Piece("store/turns.py", 'await tx.run("add_outbound",',
              'await _later(work, "add_outbound",'),
        Piece("store/turns.py", 'await tx.run("add_send",', 'await _later(work, "add_send",'),
        Piece("store/turns.py", '    failpoints.hit("step.written")\n', ""),
        Piece("store/store.py", "        return await self._db.write(unit, lazy=lazy)\n",
              "        work = await self._db.write(unit, lazy=lazy)\n\n"
              "        async def rest(tx: Tx) -> None:\n"
              "            for statement in work.later:\n"
              "                await tx.run(*statement)\n\n"
              "        if work.later:\n"
              "            failpoints.hit('step.written')\n"
              "            await self._db.write(rest)\n"
              "        return work\n"))),
    Control("no lock", "G3", scenes.many_at_once, (
        Piece("store/postgres.py", 'return "" if reading else ', 'return "" if True else '),
        Piece("store/queries.sql", "where id = $1 and rev = $2",
              "where id = $1 and cast($2 as bigint) >= 0"),
        Piece("store/migrations/0003_side_by_side.postgres.sql", "create unique index outbox_alone",
              "create index outbox_alone")), ("postgres",)),
    # Noted once it is kept: PostgreSQL runs the unit of a new customer twice, and keeps one.
    Control("seen in memory", "G2", scenes.killed_after_a_commit, (
        Piece("store/turns.py", 'if await tx.run("see", *key, now)}', "if key not in SEEN}"),
        Piece("store/turns.py", "log = logging.getLogger(__name__)\n",
              "log = logging.getLogger(__name__)\nSEEN: set[tuple[str, str]] = set()\n"),
        Piece("store/store.py",
              "return await met(lambda alone: self._moved(lambda tx, work: turns.accept(",
              "work = await met(lambda alone: self._moved(lambda tx, work: turns.accept("),
        Piece("store/store.py",
              "            tx, items, step, work, alone=alone or not self.shared)))\n",
              "            tx, items, step, work, alone=alone or not self.shared)))\n"
              "        turns.SEEN.update((item.channel, item.external_id) for item in items\n"
              "                          if hasattr(item, 'external_id'))\n"
              "        return work\n"))),
    Control("window judged when written", "G7", scenes.late, (
        Piece("store/sends.py", "elif free and work.now >= window_until - MARGIN:",
              "elif False:"),)),
    Control("take-over not looked for", "G9", scenes.taken_over, (
        Piece("store/turns.py",
              '            await tx.run("suppress", id_, TAKEN_OVER)\n'
              '            await tx.run("drop_suppressed", id_)\n', "            pass\n"),
        Piece("store/sends.py", 'elif origin == "bot" and written_under < owner_epoch and '
                                'owner.startswith("agent:"):', "elif False:"))),
    Control("lease not looked at", "G6", scenes.asleep, (
        Piece("outbox.py", "        if left <= 0:", "        if False:"),
        Piece("outbox.py", "asyncio.timeout(left)", "asyncio.timeout(60)")), ("postgres",)),
)
#: Found by what is asked of the kernel, not by the store.
CARELESS = (Piece("store/sqlite.py", "synchronous=full", "synchronous=normal"),
            Piece("store/postgres.py", "set local synchronous_commit = on",
                  "set local synchronous_commit = off"))


def build(pieces: tuple[Piece, ...], folder: Path) -> Path:
    """A copy of the program with these pieces in place; the folder for PYTHONPATH."""
    shutil.copytree(ROOT / "bot", folder / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("config.yaml", "flows", "templates"):  # the project that comes with it
        (folder / name).symlink_to(ROOT / name)
    for piece in pieces:
        file = folder / "bot" / piece.file
        source = file.read_text("utf-8")
        found = source.count(piece.before)
        if found != 1:
            raise AssertionError(f"{piece.file} has {piece.before!r} {found} times, not once")
        file.write_text(source.replace(piece.before, piece.after), "utf-8")
    return folder


async def run(scene: Callable[[scenes.Stand], Awaitable[None]], pieces: tuple[Piece, ...],
              running: Server | None) -> list[str]:
    """The guarantees that are found violated after the scene, each with what was said."""
    with tempfile.TemporaryDirectory(prefix="broken") as folder:
        source = build(pieces, Path(folder) / "source") if pieces else ROOT
        async with scenes.stand(Path(folder), source, running) as made:
            try:
                await scene(made)
            except (AssertionError, TimeoutError) as error:
                return [f"the run came to no end: {error!r}"]
            report = await made.judged()
    found = [f"{each.guarantee} {each.what}" for each in report.violations]
    if not pieces and not report.examined["taken by the provider"]:
        found.append("nothing was sent")
    return found


async def careless(pieces: tuple[Piece, ...], running: Server | None) -> str:
    """What is wrong with what was found of a build that does not wait for the disk, or of one
    that does."""
    with tempfile.TemporaryDirectory(prefix="broken") as folder:
        source = build(pieces, Path(folder) / "source") if pieces else ROOT
        found = await flushes.look(100, Path(folder), running, source=source)
    wrong = found.missing if not pieces else found.acknowledged // 2 - len(found.missing) > 0
    return str(found) if wrong else ""


def tried(databases: list[str], words: list[str]) -> Iterator[tuple[Control, str]]:
    for control in CONTROLS:
        if any(word in control.name for word in words):
            yield from ((control, each) for each in control.databases if each in databases)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite,postgres")
    parser.add_argument("--only", default="", help="builds whose names have one of these words")
    given = parser.parse_args()
    databases, words = given.database.split(","), given.only.split(",")
    if programs() is None and "postgres" in databases:
        print("skipped on PostgreSQL: there is none")
        databases.remove("postgres")
    missed = 0
    whole: set[tuple[object, str]] = set()
    with contextlib.ExitStack() as stack:
        servers: dict[str, Server | None] = {"sqlite": None}
        if "postgres" in databases:
            servers["postgres"] = stack.enter_context(server())
        for control, database in tried(databases, words):
            began = time.monotonic()
            if (control.scene, database) not in whole:
                whole.add((control.scene, database))
                if found := await run(control.scene, (), servers[database]):
                    missed += 1
                    print(f"{database:<10}as it is, {control.scene.__name__}: {found[:3]}")
            found = await run(control.scene, control.pieces, servers[database])
            seen = next((each for each in found if each.startswith(f"{control.guarantee} ")), "")
            missed += not seen
            print(f"{database:<10}{control.name:<28}{'seen' if seen else 'NOT SEEN':<10}"
                  f"{time.monotonic() - began:5.1f} s  {seen or found[:3]}", flush=True)
    if any(word in "commit not waited for" for word in words):
        missed += await _flushes(databases)
    return 1 if missed else 0


async def _flushes(databases: list[str]) -> int:
    if why := flushes.missing():
        print(f"skipped: commit not waited for: {why}")
        return 0
    missed = 0
    for database in databases:
        with contextlib.ExitStack() as stack:
            running = (stack.enter_context(server(fsync="on", full_page_writes="on"))
                       if database == "postgres" else None)
            for pieces in ((), CARELESS):
                wrong = await careless(pieces, running)
                missed += bool(wrong)
                name = "commit not waited for" if pieces else "as it is, flushes"
                print(f"{database:<10}{name:<28}{wrong or 'seen' if pieces else wrong or 'right'}",
                      flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
