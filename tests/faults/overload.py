"""What others feel while something is too much: 100,000 timers due at once, calls that hang, a
flood by one person, connections that never end their heads.

    python tests/faults/overload.py [--database sqlite|postgres] [--seconds 20] [--timers 100000]
        [--only words]

Prints a line for each, with the time to the 200 and to the reply of people who go on as ever, and
exits with 1 where one of them waited for too long.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp
from aiohttp import web
from harness import Bot, Provider, delivery, message, provider, signed
from postgres import Server, server

from bot.clock import Clock
from bot.store.postgres import Postgres
from bot.store.sqlite import SQLite

PROJECT = Path(__file__).parent / "project" / "config.yaml"
#: People who go on as ever write so many messages a second.
RATE = 20


@dataclass
class Felt:
    """What people who go on as ever have waited for, seconds."""

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    refused: int = 0

    def part(self, waits: list[float], share: float) -> float:
        return sorted(waits)[min(len(waits) - 1, int(len(waits) * share))] if waits else 0.0

    def __str__(self) -> str:
        return (f"200 p50 {self.part(self.acknowledged, .5) * 1000:.0f} "
                f"p99 {self.part(self.acknowledged, .99) * 1000:.0f} ms, "
                f"reply p50 {self.part(self.answered, .5) * 1000:.0f} "
                f"p95 {self.part(self.answered, .95) * 1000:.0f} ms, {len(self.answered)} of "
                f"{len(self.acknowledged)} answered, {self.refused} refused")


async def post(session: aiohttp.ClientSession, bot: Bot, body: bytes) -> int:
    async with session.post(f"{bot.url}/webhooks/main", data=body,
                            headers=signed(body)) as answer:
        return answer.status


async def as_ever(bot: Bot, sink: Provider, seconds: float, words: str = "word") -> Felt:
    """So many people write and are answered, one message each at a time."""
    felt = Felt()
    until = time.monotonic() + seconds

    async def reply(who: str, count: int) -> None:
        ledger = sink.ledger
        async with ledger.came:
            await ledger.came.wait_for(lambda: len(ledger.sends[who]) >= count)

    async def person(who: str, session: aiohttp.ClientSession, pause: float) -> None:
        sent = 0
        while time.monotonic() < until:
            began = time.monotonic()
            text = "begin" if sent == 0 else f"{words}-{sent}"
            if await post(session, bot, delivery(message(who, sent, text))) != 200:
                felt.refused += 1
                await asyncio.sleep(0.5)
                continue
            felt.acknowledged.append(time.monotonic() - began)
            sent += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reply(who, sent), 30)
                felt.answered.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(person(f"49{words}{n}".replace("look", "1").replace(
            "change", "2").replace("word", "3"), session, 1.0) for n in range(RATE)))
    return felt


@dataclass(frozen=True)
class Place:
    """An empty store, and a folder for what else there is."""

    folder: Path
    server: Server | None
    name: str = ""  #: of the database

    @property
    def url(self) -> str:
        return "" if self.server is None else self.server.url(self.name)

    def sql(self, *statements: str) -> str:
        """Run them; the first field of the last one's answer."""
        if self.server is not None:
            for statement in statements:
                answer = self.server.sql(statement, self.name)
            return answer
        with contextlib.closing(sqlite3.connect(self.folder / "bot.db")) as store:
            for statement in statements:
                row = store.execute(statement).fetchone()
            store.commit()
        return "" if row is None else str(row[0])


@asynccontextmanager
async def running(place: Place, config: Path = PROJECT,
                  **environ: str) -> AsyncIterator[tuple[Bot, Provider]]:
    async with provider() as sink:
        bot = Bot(place.folder / "bot.db", sink, config=config, environ=environ,
                  url_of_store=place.url)
        await bot.start()
        try:
            yield bot, sink
        finally:
            bot.stop()


async def due_at_once(place: Place, options: argparse.Namespace) -> bool:
    """T-T5."""
    opened = (SQLite.open(place.folder / "bot.db", Clock()) if place.server is None else
              Postgres.open(place.url, Clock()))
    await (await opened).close()
    now = int(time.time() * 1000)
    numbers = (f"with recursive n (i) as (select 1 union all select i + 1 from n "
               f"where i < {options.timers}) ")
    who = "'p' || cast(1000000 + i as text)"
    place.sql(
        f"insert into contact (id, created_at) {numbers} select {who}, 0 from n",
        "insert into conversation (id, contact, channel, reach, created_at, timers) "
        f"{numbers} select {who}, {who}, 'main', '[]', 0, 1 from n",
        "insert into timer (conversation, name, fire_at, token) "
        f"{numbers} select {who}, 'timeout', {now - 1000}, 'passed' from n")
    async with running(place) as (bot, sink):
        began = time.monotonic()
        felt = await as_ever(bot, sink, options.seconds)
        lasted = time.monotonic() - began
        left = int(place.sql("select count(*) from timer where token = 'passed'"))
    rate = (options.timers - left) / lasted
    print(f"{options.timers} timers due at once: {rate:.0f} a second released; {felt}", flush=True)
    return rate <= 130 and felt.part(felt.acknowledged, .99) < 1


async def hanging(place: Place, options: argparse.Namespace, hung: int) -> bool:
    """T-L2: so many people's calls hang; others call another operation, or none."""

    async def look(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.json_response({"value": "late"})

    async def change(_: web.Request) -> web.Response:
        return web.json_response({"value": "done"})

    app = web.Application()
    app.add_routes([web.get("/look/{word}", look), web.post("/change", change)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with running(place, FAULTS_SHOP=shop) as (bot, sink), aiohttp.ClientSession() as session:

        async def stuck(who: str) -> None:
            for number, text in enumerate(("begin", *(f"look-{n}" for n in range(100)))):
                if time.monotonic() > until:
                    return
                await post(session, bot, delivery(message(who, number, text)))
                await asyncio.sleep(1)

        until = time.monotonic() + options.seconds
        waiting = [asyncio.create_task(stuck(f"48{n}")) for n in range(hung)]
        await asyncio.sleep(2)
        plain, calling = await asyncio.gather(
            as_ever(bot, sink, options.seconds - 4),
            as_ever(bot, sink, options.seconds - 4, "change"))
        await asyncio.gather(*waiting)
    await runner.cleanup()
    print(f"{hung} people's calls hang: who calls nothing: {plain}\n"
          f"{'':26}who calls another: {calling}", flush=True)
    return plain.part(plain.answered, .95) < 1 and calling.part(calling.answered, .95) < 2


async def flood(place: Place, options: argparse.Namespace) -> bool:
    """T-L5: 1,000 messages of one person in ten seconds."""
    text = PROJECT.read_text("utf-8").replace("flood: off", "flood: 30")
    for path in PROJECT.parent.rglob("*.yaml"):
        target = place.folder / "project" / path.relative_to(PROJECT.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text("utf-8"), "utf-8")
    config = place.folder / "project" / "config.yaml"
    config.write_text(text, "utf-8")
    async with running(place, config) as (bot, sink), aiohttp.ClientSession() as session:

        async def machine() -> None:
            for number in range(1_000):
                await post(session, bot, delivery(message("471", number, f"w-{number}")))
                await asyncio.sleep(0.005)

        flooding = asyncio.create_task(machine())
        felt = await as_ever(bot, sink, options.seconds)
        await flooding
        await asyncio.sleep(5)  # the pause, and the answer to what was too much
        replies = len(sink.ledger.sends["471"])
        waits = int(place.sql("select count(*) from inbox"))
    print(f"1,000 messages of one person: {replies} replies to them; others: {felt}", flush=True)
    # Thirty a minute, which may turn meanwhile, the answer to the others, and the time-outs.
    return 31 <= replies <= 70 and waits == 0 and felt.part(felt.answered, .95) < 1


async def slow_heads(place: Place, options: argparse.Namespace) -> bool:
    """T-L4: 600 connections that send a byte a second and never end their heads."""
    async with running(place) as (bot, sink):
        closed = 0

        async def slow() -> None:
            nonlocal closed
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", bot.port)
                writer.write(b"POST /webhooks/main HTTP/1.1\r\nX: ")
                for _ in range(25):
                    await asyncio.sleep(1)
                    writer.write(b"x")
                    await writer.drain()
                writer.close()
                return
            closed += 1

        slowly = [asyncio.create_task(slow()) for _ in range(600)]
        await asyncio.sleep(0.5)
        felt = await as_ever(bot, sink, 15)
        await asyncio.gather(*slowly)
    print(f"600 heads that never end: {closed} were closed; others: {felt}", flush=True)
    return closed == 600 and felt.part(felt.acknowledged, .99) < 1


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--timers", type=int, default=100_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    runs: dict[str, Callable[[Place], Awaitable[bool]]] = {
        "timers": lambda place: due_at_once(place, options),
        "hang": lambda place: hanging(place, options, 20),
        "hang-all": lambda place: hanging(place, options, 200),
        "flood": lambda place: flood(place, options),
        "slow": lambda place: slow_heads(place, options),
    }
    failed = []
    with server() if options.database == "postgres" else contextlib.nullcontext() as held:
        for name, run in runs.items():
            if options.only and name not in options.only.split(","):
                continue
            with tempfile.TemporaryDirectory() as folder:
                made = "" if held is None else held.database()
                if not await run(Place(Path(folder), held, made)):
                    failed.append(name)
    if failed:
        print(f"too much for others: {', '.join(failed)}")
    else:
        print("nobody waited for too long")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
