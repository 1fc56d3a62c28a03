"""Runs that show what a broken build does: who writes, who dies, what the provider says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from fleet import PROJECT
from harness import CONFIG, Bot, Provider, delivery, message, provider, shown, signed
from postgres import Server
from shop import Agent

from bot import witness
from bot.clock import Clock
from bot.store.base import Database
from bot.store.postgres import Postgres
from bot.store.reading import Read, of_file, of_postgres
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.verify import Asked, Report, rows_of, verify

LEASE, DOUBT = 1_000, 1_000


def _now() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Stand:
    """A provider, a store, and the build that works on it; what is known outside."""

    folder: Path
    source: Path
    sink: Provider
    session: aiohttp.ClientSession
    url: str  #: of the PostgreSQL; "": a file
    lease: int = LEASE
    acks: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    bots: list[Bot] = field(default_factory=list)

    def bot(self, config: Path = PROJECT) -> Bot:
        """Another process on the store, not started."""
        name = "bot.db" if not self.url else f"bot{len(self.bots)}.db"
        made = Bot(self.folder / name, self.sink, config=config, url_of_store=self.url, environ={
            "PYTHONPATH": str(self.source), "PYTHONSAFEPATH": "1",
            "FAULTS_LEASE": f"{self.lease}ms", "FAULTS_DOUBT": f"{DOUBT}ms"})
        self.bots.append(made)
        return made

    async def open(self) -> Database:
        """The store, while no process of ours has the file."""
        if self.url:
            return await Postgres.open(self.url, Clock())
        return await SQLite.open(self.folder / "bot.db", Clock())

    def reading(self) -> contextlib.AbstractAsyncContextManager[Read]:
        return of_postgres(self.url) if self.url else of_file(self.folder / "bot.db")

    async def say(self, bot: Bot, who: str, number: int, text: str, **more: str) -> None:
        """Deliver until it is acknowledged, as Meta does."""
        item = {**message(who, number, text), **more}
        body = delivery(item)
        async with asyncio.timeout(40):
            while True:
                assert bot.starts < 12, bot.log()[-3000:]
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with asyncio.timeout(10), self.session.post(
                            f"{bot.url}/webhooks/main", data=body, headers=signed(body)) as answer:
                        if answer.status == 200:
                            self.acks.append({"id": item["id"], "channel": "main"})
                            return
                await asyncio.sleep(0.05)

    async def until(self, there: Callable[[], bool], within: float = 20.0) -> None:
        async with asyncio.timeout(within):
            while not there():
                await asyncio.sleep(0.02)

    def said(self, words: str) -> bool:
        """Did the provider take such a message?"""
        return any(words in shown(body) for sends in self.sink.ledger.sends.values()
                   for body in sends)

    async def judged(self) -> Report:
        """Wait until nothing waits - a broken build may wait for ever - stop, and look."""
        ends = time.monotonic() + 12
        async with self.reading() as read:
            while await rows_of(read, "anything_waits") and time.monotonic() < ends:
                for bot in self.bots:
                    if bot.dead:
                        await bot.start()
                await asyncio.sleep(0.1)
        for bot in self.bots:
            if not bot.dead:
                bot.stop()
        asked = Asked(_now(), _now(), lease=self.lease, settled=True, pause=0)
        async with self.reading() as read:
            report = await verify(read, asked)
            await witness.acknowledged(read, report, self._file("acks", self.acks))
            await witness.taken(read, report, self._file("ledger", self.ledger), asked)
        if not report.examined["acknowledged"]:
            raise AssertionError("nothing was acknowledged")
        return report

    def _file(self, name: str, lines: list[dict[str, Any]]) -> Path:
        file = self.folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return file


@asynccontextmanager
async def stand(folder: Path, source: Path, running: Server | None) -> AsyncIterator[Stand]:
    """Everything on the loopback, and an empty store."""
    async with provider() as sink, aiohttp.ClientSession() as session:
        url = running.url(running.database("template0")) if running is not None else ""
        made = Stand(folder, source, sink, session, url)
        sink.ledger.taken.append(lambda body, id_: made.ledger.append({
            "tag": body["biz_opaque_callback_data"], "id": id_, "at": _now(),
            "to": body["to"].lstrip("+")}))
        try:
            yield made
        finally:
            for bot in made.bots:
                if bot.process is not None and not bot.dead:
                    bot.kill()


async def _killed(stand: Stand, *plans: str) -> None:
    """Thirty people say one thing each - what a later turn writes would cover up what is missing -
    while the process dies as the plans say, one after the other.
    """
    project = stand.folder / "project"
    shutil.copytree(CONFIG.parent, project)
    config = project / "config.yaml"
    text = config.read_text()
    assert text.count("{unknown_after: 2s}") == 1
    config.write_text(text.replace(
        "{unknown_after: 2s}", f"{{unknown_after: {DOUBT}ms, lease: {LEASE}ms}}"))
    bot = stand.bot(config)
    waiting = iter(plans)
    await bot.start(next(waiting))

    async def keep() -> None:
        while True:
            if bot.dead:
                await bot.start(next(waiting, ""))
            await asyncio.sleep(0.02)

    keeper = asyncio.create_task(keep())
    for five in range(0, 30, 5):
        await asyncio.gather(*(stand.say(bot, f"49{n}", 0, "hi") for n in range(five, five + 5)))
    await stand.until(lambda: bot.starts > 1 and not bot.dead)
    keeper.cancel()


async def killed_before_a_commit(stand: Stand) -> None:
    """It dies where a delivery was about to be kept, after a moment in which it could say 200."""
    await _killed(stand, "accept.before=stall:0.3@8,accept.done=kill@8")


async def killed_in_a_turn(stand: Stand) -> None:
    """It dies where a turn was written, three times."""
    await _killed(stand, *(f"step.written=kill@{hit}" for hit in (3, 4, 5)))


async def killed_after_a_commit(stand: Stand) -> None:
    """It dies where something was kept and nothing else was done yet."""
    await _killed(stand, *(f"write.committed=kill@{hit}" for hit in (9, 12, 15)))


async def many_at_once(stand: Stand) -> None:
    """One person's messages come eight at a time."""
    bot = stand.bot()
    await bot.start()
    await stand.say(bot, "491", 0, "begin")
    for start in range(1, 49, 8):
        await asyncio.gather(*(stand.say(bot, "491", number, f"word-{number}")
                               for number in range(start, start + 8)))


def _refused(after: float) -> web.Response:
    return web.json_response({"error": {"code": 131056, "message": "too fast"}}, status=400,
                             headers={"Retry-After": str(after)})


async def late(stand: Stand) -> None:
    """The provider refuses a reply for now; when it may be tried again the window is closed."""
    bot = stand.bot()
    await bot.start()
    await stand.say(bot, "491", 0, "begin")
    await stand.until(lambda: stand.said("begin"))
    refused: list[float] = []

    def trouble(number: int, body: dict[str, Any]) -> web.Response | None:
        if body["to"].endswith("492") and not refused:
            refused.append(time.monotonic())
            return _refused(17)
        return None

    stand.sink.trouble = trouble
    written = int(time.time()) - 24 * 3600 + 14  # the window closes in 14 seconds
    await stand.say(bot, "492", 0, "begin", timestamp=str(written))
    await stand.until(lambda: bool(refused))
    await stand.until(lambda: time.monotonic() > refused[0] + 19)


async def taken_over(stand: Stand) -> None:
    """The provider refuses a reply for now; before it may be tried again an agent takes over."""
    bot = stand.bot()
    store = Store(await stand.open(), Clock())
    agent = await Agent.hired(store, lambda: bot.url)
    await store.close()
    await bot.start()
    await stand.say(bot, "491", 0, "begin")
    await stand.until(lambda: stand.said("begin"))
    refused: list[float] = []

    def trouble(number: int, body: dict[str, Any]) -> web.Response | None:
        if "desk-1" in shown(body) and not refused:
            refused.append(time.monotonic())
            return _refused(5)
        return None

    stand.sink.trouble = trouble
    await stand.say(bot, "491", 1, "desk-1")
    await stand.until(lambda: bool(refused))
    async with stand.reading() as read:
        ((conversation,),) = await rows_of(read, "conversation_page", "", 10)
    await agent.act(conversation, "take", time.monotonic() + 10)
    await stand.until(lambda: time.monotonic() > refused[0] + 7)


async def asleep(stand: Stand) -> None:
    """A process sleeps between its claim and the sending; when it wakes, another has sent it, and
    one more after it."""
    one, other = stand.bot(), stand.bot()
    await other.start()
    await one.start("outbox.claimed=stall:8@1")
    began = time.monotonic()
    await stand.say(one, "491", 0, "begin")
    await stand.until(lambda: stand.said("begin"))
    await stand.say(other, "491", 1, "word-1")
    await stand.until(lambda: stand.said("word-1"))
    await stand.until(lambda: time.monotonic() > began + 9)
