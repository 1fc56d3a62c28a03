"""Whether a process stays as large as it is: a steady load, a provider that errs, then a burst.

    python tests/faults/memory.py [--minutes 30] [--rate 50] [--database sqlite|postgres]

5,000 people walk through the project of the load test at a steady rate while every twentieth
send fails; after that one minute of ten times the rate. Prints a row a minute and exits with 1
when the process grew, left something undone, or wrote an error to its log.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp
from aiohttp import web
from harness import SCRIPT, Bot, Ledger, Provider, buttons, delivery, message, signed
from postgres import Server, server

PEOPLE = 5_000
WARM_UP = 300.0
SAMPLE = 10.0
ERRORS = 0.05
BURST, BURST_FOR = 10, 60.0
#: What the process may grow after the warm-up, and in all.
GROWTH, LARGEST = 1.0, 200.0  # MiB in ten minutes, MiB
#: Answers a question whose row is of numbers.
Ask = Callable[[str], tuple[int, ...]]
QUEUES = "select (select count(*) from inbox), (select count(*) from outbox)"


@dataclass
class Person:
    """Somebody who answers what was asked last."""

    who: str
    step: int = 0
    sent: int = 0
    shown: dict[str, str] = field(default_factory=dict)  #: the buttons of the last message

    def next(self) -> dict[str, Any]:
        kind, words, _ = SCRIPT[self.step % len(SCRIPT)]
        if kind == "press" and words not in self.shown:  # the question is still on its way
            words, tap = "one moment", None
        else:
            tap = (self.shown[words], words) if kind == "press" else None
            self.step += 1
        self.sent += 1
        return message(self.who, self.sent, words, tap)


@dataclass
class Load:
    """What people and the provider have done so far."""

    session: aiohttp.ClientSession
    dice: random.Random
    people: dict[str, Person]
    bot: Bot | None = None
    errors: float = ERRORS
    answers: Counter[int] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    replied: set[str] = field(default_factory=set)  #: the tags of what the provider took
    receipts: deque[tuple[str, str, str]] = field(default_factory=deque)
    acknowledged: int = 0
    taken: int = 0  #: by the provider, with copies
    took: list[float] = field(default_factory=list)

    async def deliver(self, body: bytes) -> None:
        """As Meta does: until a 200 comes, with growing pauses."""
        pause = 0.5
        while True:
            began = time.monotonic()
            assert self.bot is not None
            try:
                async with self.session.post(f"{self.bot.url}/webhooks/main", data=body,
                                             headers=signed(body)) as answer:
                    self.answers[answer.status] += 1
                    if answer.status == 200:
                        self.took.append(time.monotonic() - began)
                        return
            except (aiohttp.ClientError, OSError):
                self.answers[0] += 1
            await asyncio.sleep(pause * self.dice.uniform(0.5, 1.5))
            pause = min(pause * 2, 10)

    async def say(self, person: Person) -> None:
        await self.deliver(delivery(person.next()))
        self.acknowledged += 1

    def take(self, body: dict[str, Any]) -> web.Response | None:
        """The provider's answer to a send; one in twenty goes wrong in one of four ways."""
        trouble = self.dice.choice(("429", "500", "reset", "taken, then reset")) if (
            self.dice.random() < self.errors) else ""
        if trouble:
            self.troubles[trouble] += 1
        if trouble == "429":
            return failing(429, 131056)
        if trouble == "500":
            return failing(500, 131000)
        if trouble == "reset":
            return None
        tag = body["biz_opaque_callback_data"]
        self.replied.add(tag)
        who = body["to"].lstrip("+")
        self.people[who].shown = buttons(body)
        self.taken += 1
        provider_id = f"wamid.OUT{self.taken}"
        self.receipts.append((provider_id, tag, who))
        return None if trouble else web.json_response({"messages": [{"id": provider_id}]})

    async def tell(self) -> None:
        """The receipts of what was taken: sent and delivered, a few in a delivery."""
        while True:
            await asyncio.sleep(0.1)
            some = [self.receipts.popleft() for _ in range(min(20, len(self.receipts)))]
            if some:
                at = str(int(time.time()))
                await self.deliver(delivery(statuses=tuple(
                    {"id": provider_id, "status": status, "timestamp": at, "recipient_id": who,
                     "biz_opaque_callback_data": tag}
                    for provider_id, tag, who in some for status in ("sent", "delivered"))))

    async def at(self, rate: float, seconds: float) -> None:
        """So many messages a second, whether they are answered quickly or not."""
        people = list(self.people.values())
        began = time.monotonic()
        sent = 0
        async with asyncio.TaskGroup() as group:
            while (elapsed := time.monotonic() - began) < seconds:
                while sent < elapsed * rate:
                    group.create_task(self.say(people[sent % len(people)]))
                    sent += 1
                await asyncio.sleep(0.02)


def failing(status: int, code: int) -> web.Response:
    return web.json_response({"error": {"code": code, "message": "scripted"}}, status=status)


@contextlib.asynccontextmanager
async def erring(load: Load) -> AsyncIterator[str]:
    """A provider that answers as the load says, and keeps nothing but tags; its address."""
    app = web.Application()

    async def messages(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        response = load.take(body)
        if response is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return response

    app.router.add_post("/v23.0/{number}/messages", messages)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@dataclass(frozen=True)
class Sample:
    """The process at a moment."""

    second: float
    rss: float  #: MiB
    own: float  #: MiB of it that are the process's own, not of files
    fds: int
    inbox: int
    outbox: int
    wal: float  #: MiB
    store: float  #: MiB


def sampled(bot: Bot, began: float, ask: Ask,
            size: Callable[[], tuple[float, float]]) -> Sample:
    assert bot.process is not None
    process = Path(f"/proc/{bot.process.pid}")
    lines = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    rss, own = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    return Sample(time.monotonic() - began, rss, own, len(list((process / "fd").iterdir())),
                  *ask(QUEUES), *size())


def show(title: str, samples: list[Sample], load: Load) -> None:
    last = samples[-1]
    took = sorted(load.took) or [0.0]
    load.took.clear()
    print(f"{title:>8}{last.second:>7.0f}{load.acknowledged:>8}{load.answers[503]:>6}"
          f"{1000 * took[len(took) // 2]:>8.1f}{1000 * took[len(took) * 99 // 100]:>8.1f}"
          f"{last.rss:>8.1f}{last.own:>8.1f}{last.fds:>5}{last.inbox:>7}{last.outbox:>7}"
          f"{last.wal:>7.1f}{last.store:>7.1f}", flush=True)


def reading_file(file: Path) -> Ask:
    def ask(sql: str) -> tuple[int, ...]:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            return tuple(db.execute(sql).fetchone())

    return ask


def reading_server(running: Server, name: str) -> Ask:
    return lambda sql: tuple(int(each) for each in running.sql(sql, name).split("|"))


@contextlib.contextmanager
def stores(database: str, folder: Path) -> Iterator[tuple[
        str, Ask, Callable[[], tuple[float, float]]]]:
    """A store's address ("" for the bot's own file), whom to ask for numbers in it, and the size
    of its WAL and of all, MiB."""
    if database == "sqlite":
        file = folder / "bot.db"

        def size() -> tuple[float, float]:
            wal = file.with_name("bot.db-wal")
            return (wal.stat().st_size / 2**20 if wal.exists() else 0.0,
                    file.stat().st_size / 2**20)

        yield "", reading_file(file), size
        return
    with server() as running:
        name = running.database()

        def on_disk() -> tuple[float, float]:
            wal = running.sql("select sum(size) from pg_ls_waldir()")
            return int(wal) / 2**20, int(running.sql(f"select pg_database_size('{name}')")) / 2**20

        yield running.url(name), reading_server(running, name), on_disk


async def measured(arguments: argparse.Namespace) -> list[str]:
    """Run the load; what was wrong."""
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=400)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address, ask, size = stack.enter_context(stores(arguments.database, folder))
        load = Load(session, random.Random(arguments.seed),
                    {f"49{n:06}": Person(f"49{n:06}") for n in range(PEOPLE)})
        url = await stack.enter_async_context(erring(load))
        load.bot = bot = Bot(folder / "bot.db", Provider(url, Ledger()), url_of_store=address)
        await bot.start()
        samples: list[Sample] = []
        began = time.monotonic()
        phase = "steady"

        async def watch() -> None:
            while True:
                samples.append(await asyncio.to_thread(sampled, bot, began, ask, size))
                if len(samples) % round(60 / SAMPLE) == 0:
                    show(phase, samples, load)
                await asyncio.sleep(SAMPLE)

        print(f"{'':>8}{'s':>7}{'kept':>8}{'503':>6}{'ms p50':>8}{'p99':>8}{'RSS':>8}"
              f"{'own':>8}{'fds':>5}{'inbox':>7}{'outbox':>7}{'WAL':>7}{'store':>7}")
        beside = [asyncio.create_task(each) for each in (
            watch(), *(load.tell() for _ in range(4)))]
        await load.at(arguments.rate, 60 * arguments.minutes)
        steady = [each for each in samples if each.second > WARM_UP]
        phase = "burst"
        await load.at(BURST * arguments.rate, BURST_FOR)
        phase = "after"
        until = time.monotonic() + 120
        left = -1
        while time.monotonic() < until and left:
            await asyncio.sleep(1)
            left = sum(await asyncio.to_thread(ask, QUEUES))
        samples.append(await asyncio.to_thread(sampled, bot, began, ask, size))
        show(phase, samples, load)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        crashed = bot.dead
        bot.stop()
        return judged(load, bot, steady, samples, left, crashed)


def judged(load: Load, bot: Bot, steady: list[Sample], samples: list[Sample], left: int,
           crashed: bool) -> list[str]:
    """The figures, printed, and what of them is wrong."""
    wrong = []
    largest = max(each.rss for each in samples)
    print(f"largest {largest:.1f} MiB; provider's troubles {dict(load.troubles)}; "
          f"answers {dict(load.answers)}; replies {len(load.replied)} and "
          f"{load.taken - len(load.replied)} copies to {load.acknowledged} messages")
    if largest > LARGEST:
        wrong.append(f"the process grew to {largest:.1f} MiB")
    if len(steady) > 2:
        slope = linear_regression([each.second for each in steady],
                                  [each.rss for each in steady]).slope * 600
        print(f"after the warm-up {slope:+.2f} MiB in ten minutes")
        if slope > GROWTH:
            wrong.append(f"the process grows by {slope:.2f} MiB in ten minutes")
    if left:
        wrong.append(f"{left} were left undone")
    if len(load.replied) != load.acknowledged:
        wrong.append(f"{load.acknowledged} messages have {len(load.replied)} replies")
    if crashed:
        wrong.append("the process died")
    lines = [json.loads(line) if line.startswith("{") else {"level": line}
             for line in bot.log().splitlines()]
    errors = Counter(str(line.get("event", line)) for line in lines
                     if line["level"] not in ("info", "warning", "debug")
                     and line.get("event") != "delivery not kept")  # it was answered with 503
    if errors:
        wrong.append(f"errors in the log: {dict(errors.most_common(5))}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    wrong = asyncio.run(measured(arguments))
    print(*(f"WRONG: {each}" for each in wrong), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
