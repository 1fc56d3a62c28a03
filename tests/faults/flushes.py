"""Is everything on disk before it is acknowledged? What the processes ask of the kernel says so.

    python tests/faults/flushes.py [--acks 500] [--store sqlite|postgres] [--careless]

Needs `strace`. For every 200 it looks for the write that put the message into the database's log, a
flush of that log which began after it and ended, and only then the first byte of the 200.
`--careless` breaks the promise on purpose (synchronous=normal, synchronous_commit=off): then most
must be found missing, or the looking is worth nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp
from harness import ROOT, Bot, delivery, message, provider, signed
from postgres import Server, programs, server

WATCHED = "pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,sendto,sendmsg,recvfrom,read"
#: So many conversations write at once.
PEOPLE = 20
#: A build that is broken on purpose: a commit that nobody waits for (see `--careless`).
CARELESS = """import bot.store.sqlite as s, bot.store.postgres as p
s.PRAGMAS = tuple(x.replace("=full", "=normal") for x in s.PRAGMAS)
p.BEGIN = p.BEGIN.replace("synchronous_commit = on", "synchronous_commit = off")
"""


@dataclass(slots=True)
class Call:
    """A call of the kernel: when it began and ended, in lines of the trace."""

    process: str
    name: str
    words: str  #: its arguments, as strace shows them
    began: int
    ended: int = 0


def calls(trace: Iterable[str]) -> Iterator[Call]:
    """What stands in a trace of several processes, in the order of their ends."""
    open_: dict[str, Call] = {}
    for place, line in enumerate(trace):
        found = re.match(r"(?:\[pid +)?(\d+)\]? +(.*)", line, re.DOTALL)
        if found is None:
            continue
        process, words = found[1], found[2]
        if resumed := re.match(r"<\.\.\. (\w+) resumed>(.*)", words, re.DOTALL):
            if (call := open_.pop(process, None)) is not None:
                call.words += resumed[2]
                call.ended = place
                yield call
        elif begun := re.match(r"(\w+)\((.*)", words, re.DOTALL):
            call = Call(process, begun[1], begun[2], place, place)
            if call.words.rstrip().endswith("<unfinished ...>"):
                open_[process] = call
            else:
                yield call


@dataclass
class Flushed:
    """What a look at a trace found."""

    acknowledged: int = 0
    flushes: int = 0
    missing: list[str] = field(default_factory=list)  #: acknowledged before they were on disk

    def __str__(self) -> str:
        return (f"{self.acknowledged} acknowledged, {self.flushes} flushes, "
                f"{len(self.missing)} acknowledged before their flush")


def judge(trace: Iterable[str], ids: Sequence[str], log: str) -> Flushed:
    """`log`: what the paths of the database's log have in them."""
    found = Flushed()
    wanted = re.compile("|".join(map(re.escape, ids)))
    asked: dict[str, set[str]] = {}  # connection -> the messages of the request on it
    written: dict[str, int] = {}  # message -> when it was in the log
    last_begun, safe = -1, {}  # message -> when its flush had ended
    for call in calls(trace):
        where = call.words.partition(",")[0]
        if call.name in ("recvfrom", "read") and "POST /webhooks" in call.words:
            asked[where] = set(wanted.findall(call.words))
        elif log in where and call.name.startswith(("pwrite", "write")):
            for id_ in wanted.findall(call.words):
                written.setdefault(id_, call.ended)
        elif log in where and call.name in ("fdatasync", "fsync"):
            found.flushes += 1
            last_begun = max(last_begun, call.began)
            for id_, at in written.items():
                if at < call.began:
                    safe.setdefault(id_, call.ended)
        elif call.name in ("sendto", "sendmsg", "write") and '"HTTP/1.1 200' in call.words:
            for id_ in asked.pop(where, ()):
                found.acknowledged += 1
                if safe.get(id_, call.began) >= call.began:
                    found.missing.append(id_)
    return found


def threads(process: int) -> list[int]:
    """A process and everything that it started."""
    below = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True,
                           check=False).stdout.split()
    return [process, *(each for pid in below for each in threads(int(pid)))]


async def look(acks: int, folder: Path, running: Server | None = None, *,
               careless: bool = False, source: Path = ROOT) -> Flushed:
    """Have so many messages acknowledged under strace, and judge what it saw.

    `source`: where the program is taken from.
    """
    trace = folder / "trace"
    async with provider() as sink, aiohttp.ClientSession() as session:
        bot = Bot(folder / "bot.db", sink, environ={
            "PYTHONPATH": str(source), "PYTHONSAFEPATH": "1"})
        if running is not None:
            bot.url_of_store = running.url(running.database())
        if careless:
            (folder / "sitecustomize.py").write_text(CARELESS)
            bot.environ = {"PYTHONPATH": f"{folder}:{ROOT}"}
        await bot.start()
        assert bot.process is not None
        assert not bot.dead, bot.log()
        pids = threads(bot.process.pid)
        if running is not None and running.process is not None:
            pids += threads(running.process.pid)
        watch = subprocess.Popen(
            ["strace", "-f", "-y", "-q", "-s", "200000", "-o", str(trace), "-e",
             f"trace={WATCHED}", *(word for pid in pids for word in ("-p", str(pid)))],
            stderr=subprocess.DEVNULL)
        async with asyncio.timeout(20):  # it has all of them once it has stopped them once
            while any("TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text() for pid in pids):
                await asyncio.sleep(0.02)
        ids: list[str] = []

        async def person(who: str, count: int) -> None:
            for number in range(count):
                item = message(who, f"{number:05}.", "hi")
                ids.append(item["id"])
                body = delivery(item)
                async with session.post(f"{bot.url}/webhooks/main", data=body,
                                        headers=signed(body)) as answer:
                    assert answer.status == 200

        await asyncio.gather(*(person(f"49{n:03}", acks // PEOPLE) for n in range(PEOPLE)))
        watch.send_signal(signal.SIGINT)  # it lets go of them
        watch.wait(20)
        bot.stop()
    with trace.open(errors="replace") as lines:
        return judge(lines, ids, "pg_wal" if running is not None else ".db-wal")


def missing() -> str:
    """Why it can't be looked at here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True,
                           check=False)
    return "" if tried.returncode == 0 else f"strace may not look: {tried.stderr.strip()}"


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acks", type=int, default=500)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--careless", action="store_true")
    given = parser.parse_args()
    if why := missing():
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = None
        if given.store == "postgres":
            if programs() is None:
                print("skipped: no PostgreSQL")
                return 0
            running = stack.enter_context(server(fsync="on", full_page_writes="on"))
        found = await look(given.acks, Path(folder), running, careless=given.careless)
    print(f"{given.store}: {found}")
    if given.careless:
        return 0 if len(found.missing) > found.acknowledged / 2 else 1
    return 1 if found.missing or found.acknowledged < given.acks else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
