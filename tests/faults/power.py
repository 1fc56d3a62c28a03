"""The power fails: what is left on the disk when every write since the last flush may be lost.

    python tests/faults/power.py [--cuts 500] [--seed 1] [--careless]

Needs `strace`. A process accepts messages while strace writes down what it asks of the disk. At
each cut point the files are made anew as they may be found after a power cut: what was flushed is
there, of every later write chance decides whether it is there, is not, or is torn between two
sectors. The store is opened on them, and everything acknowledged must be in it, whole and in order.
`--careless` flushes nothing at a commit: then something must be found missing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from flushes import CARELESS, calls, missing
from storing import rows

from bot.clock import Clock
from bot.store.base import load
from bot.store.sqlite import SQLite

ROOT = Path(__file__).parents[2]
WATCHED = "pwrite64,write,ftruncate,fdatasync,fsync,unlink"
SECTOR = 512


@dataclass
class Disk:
    """One file: what is safely there, and what was asked since."""

    safe: bytearray = field(default_factory=bytearray)
    later: list[tuple[int, bytes | None]] = field(default_factory=list)  #: None: cut off there

    def flush(self) -> None:
        for at, data in self.later:
            put(self.safe, at, data)
        self.later.clear()

    def found(self, dice: random.Random) -> bytearray:
        """The file as it may be after the power has failed."""
        image = bytearray(self.safe)
        for at, data in self.later:
            fate = dice.choice(("kept", "lost", "torn"))
            if fate == "torn" and data is not None:
                data = data[:SECTOR * dice.randrange(1 + len(data) // SECTOR)]
            if fate != "lost":
                put(image, at, data)
        return image


def put(image: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del image[at:]
        image.extend(bytes(at - len(image)))
    else:
        image.extend(bytes(max(0, at - len(image))))
        image[at:at + len(data)] = data


@dataclass
class Step:
    """Something that the process asked for: of a file, or the news that a message is kept."""

    file: str
    what: str  #: write | cut | flush | gone | said
    at: int = 0
    data: bytes = b""


def plain(shown: str) -> bytes:
    """A string as strace shows it with -xx."""
    return bytes.fromhex("".join(re.findall(r"\\x(..)", shown)))


def steps(trace: Iterable[str]) -> list[Step]:
    """What the process asked of the store's files, and what it said, in order."""
    found = []
    for call in calls(trace):
        where, words = call.words.partition("<")[2].partition(">")[::2]
        name = Path(plain(where or call.words).decode()).name
        if call.name == "write" and call.words.startswith("1<"):
            found.append(Step("", "said", data=plain(words)))
        elif not name.startswith("bot.db") or name.endswith((".lock", "-shm")):
            continue
        elif call.name == "pwrite64":
            shown, at = words[words.index('"') + 1:].split('"', 1)
            found.append(Step(name, "write", int(at.split(",")[2].split(")")[0]), plain(shown)))
        elif call.name == "ftruncate":
            found.append(Step(name, "cut", int(words.split(",")[1].split(")")[0])))
        elif call.name in ("fdatasync", "fsync"):
            found.append(Step(name, "flush"))
        elif call.name == "unlink":
            found.append(Step(name, "gone"))
    return found


@dataclass
class Cuts:
    """What was found at all cut points."""

    cuts: int = 0
    torn: int = 0  #: with writes that were not safe
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (f"{self.cuts} cuts, {self.torn} with writes on their way, {len(self.faults)} faults"
                + "".join(f"\n{fault}" for fault in self.faults[:5]))


async def look(folder: Path, cuts: int, dice: random.Random, *, messages: int = 300,
               length: int = 9_000, careless: bool = False) -> Cuts:
    """Record a run, cut it at so many points, judge each."""
    trace = folder / "trace"
    if careless:
        (folder / "sitecustomize.py").write_text(CARELESS)
    done = subprocess.run(
        ["strace", "-f", "-y", "-q", "-xx", "-s", "70000", "-o", str(trace), "-e",
         f"trace={WATCHED}", sys.executable, str(Path(__file__).with_name("accepting.py")),
         str(folder / "bot.db"), str(messages), "7", str(length)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"})
    assert done.returncode == 0, done.stderr
    with trace.open() as lines:
        asked = steps(lines)
    made = 1 + next(i for i, step in enumerate(asked) if step.what == "said")
    points = set(dice.sample(range(made, len(asked)), min(cuts, len(asked) - made)))
    disks: dict[str, Disk] = {}
    said: list[int] = []
    found = Cuts()
    for place, step in enumerate(asked):
        disk = disks.setdefault(step.file, Disk())
        if step.what == "said":
            said += [int(word) for word in step.data.split()]
        elif step.what == "flush":
            disk.flush()
        elif step.what == "gone":
            del disks[step.file]
        else:
            disk.later.append((step.at, step.data if step.what == "write" else None))
        if place in points:
            found.cuts += 1
            found.torn += any(disk.later for disk in disks.values())
            there = folder / "found"
            there.mkdir(exist_ok=True)
            for old in there.iterdir():
                old.unlink()
            for name, disk in disks.items():
                if name:
                    (there / name).write_bytes(disk.found(dice))
            if fault := await judged(there / "bot.db", said):
                found.faults.append(f"cut at {place}: {fault}")
    return found


async def judged(store: Path, said: list[int]) -> str:
    """What is wrong with a store in which these must be; nothing, mostly."""
    try:
        database = await SQLite.open(store, Clock())
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    try:
        ((whole,),) = await rows(database, "pragma integrity_check")
        if whole != "ok":
            return str(whole)
        kept = [int(load(content)["text"].strip(".")) for (content,) in await rows(
            database, "select content from message where direction = 'in' order by id")]
        if kept != list(range(len(kept))):
            return f"not in order: {kept}"
        if lost := set(said) - set(kept):
            return f"acknowledged and lost: {sorted(lost)}"
        seen = sorted(int(text.strip(".")) for (state,) in await rows(
            database, "select state from conversation") for text in load(state)["seen"])
        ((replies, turns),) = await rows(
            database, "select (select count(*) from message where direction = 'out'), "
                      "(select count(*) from turn)")
        if seen != kept or not replies == turns == len(kept):
            return f"half a turn: {len(kept)} messages, {len(seen)} seen, {replies} replies"
    finally:
        await database.close()
    return ""


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--careless", action="store_true")
    given = parser.parse_args()
    if why := missing():
        print(f"skipped: {why}")
        return 0
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        found = await look(Path(folder), given.cuts, random.Random(given.seed),
                           careless=given.careless)
    print(found)
    if given.careless:
        return 0 if found.faults else 1
    return 1 if found.faults or not found.torn else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
