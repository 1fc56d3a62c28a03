"""A whole front desk that counts, with every outside in the test's hand: who writes, the provider,
the business's API, the clock, the commit that breaks and the process that dies.

Nothing runs by itself: each worker looks once when it is asked to.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from storing import rows
from talking import flows

from bot.actions import Backends
from bot.calls import Calls
from bot.clock import real_now
from bot.engine import Engine
from bot.errors import OutcomeUnknown, Rejected, StoreError, Unreachable
from bot.feed import Feed
from bot.flow.flows import Flows, Queue
from bot.hours import Hours
from bot.metrics import Counts
from bot.model import Address, Incoming, Json
from bot.outbox import Outbox
from bot.pace import Pacer
from bot.settings import Backend
from bot.store.base import Database
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.timers import Timers

TALLY = """flow: tally
title: Tally
queue: support
interruptible: no
old_taps: decline
triggers: {keywords: {en: [tally]}}
on_timeout: {after: 2h, say: Still there?, then: stay}
slots: {n: {type: integer}, found: {type: object}}
steps:
  ask:
    say: "At {{ n or 0 }}."
    choices:
      alpha: {label: Alpha, goto: added}
      beta: {label: Beta, goto: looked}
      gamma: {label: Gamma, goto: bought}
      delta: {label: Delta, goto: person}
  added:
    set: {n: "{{ (n or 0) + 1 }}"}
    send: {location: {latitude: "52.5", longitude: "13.4"}}
    goto: ask
  looked: {call: shop.list, save: found, on_error: missed, goto: ask}
  bought: {call: shop.buy, save: found, on_error: missed, goto: ask}
  missed: {say: Failed., goto: ask}
  person: {say: Somebody comes., handoff: {return_to: ask}}
"""
#: `list` may be repeated; what became of a `buy` that nobody answered, nobody knows.
SHOP = {"list": {"get": "/list", "retries": 0, "timeout": "60s"},
        "buy": {"post": "/buy", "timeout": "60s"}}


def counting(folder: Path) -> Flows:
    """The flow, with a queue that is always open."""
    return flows(folder, TALLY, fallback=("rephrase",), idle_ms=1 << 50,
                 queues={"support": Queue(Hours.parse("Mon-Sun 00:00-24:00"))})


class Still:
    """A clock that stands until it is moved, forwards or back."""

    def __init__(self) -> None:
        self.at = real_now()

    def now(self) -> int:
        return self.at

    def advance(self, ms: int) -> None:
        self.at += ms

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class Wire:
    """The provider: each message stays on the wire until a test answers it."""

    name: str = "main"
    waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)  #: by tag
    taken: Counter[str] = field(default_factory=Counter)  #: how many copies of a tag arrived
    started: list[str] = field(default_factory=list)  #: every attempt, by its tag

    async def send(self, to: tuple[Address, ...], content: Json, tag: str) -> str:
        assert tag not in self.waiting, "twice on the wire at once"
        self.started.append(tag)
        self.waiting[tag] = asyncio.get_running_loop().create_future()
        try:
            return await self.waiting[tag]
        finally:
            self.waiting.pop(tag, None)

    async def mark_read(self, external_id: str, *, typing: bool) -> None:
        return

    def answer(self, tag: str, outcome: str) -> None:
        """taken | refused | slower | lost (not taken, no answer) | silent (taken, no answer)"""
        future = self.waiting.pop(tag)
        if outcome in ("taken", "silent"):
            self.taken[tag] += 1
        if outcome == "taken":
            future.set_result(self.id_of(tag))
        elif outcome == "refused":
            future.set_exception(Rejected("no such number", code=131026))
        elif outcome == "slower":
            future.set_exception(Unreachable("too fast", retry_after=3600))
        else:
            future.set_exception(OutcomeUnknown("no answer"))

    def id_of(self, tag: str) -> str:
        """The provider's id of the last copy that it took."""
        return f"wamid.{tag}.{self.taken[tag]}"


class Breaking:
    """A database whose commits can be told to break."""

    def __init__(self, database: Database) -> None:
        self._inner = database
        self.breaks = ""  #: before | after: the next write breaks there, and says it could not
        self.unclean, self.shared, self.holder = (
            database.unclean, database.shared, database.holder)

    async def write(self, unit: Any, *, lazy: bool = False) -> Any:
        if not self.breaks:
            return await self._inner.write(unit, lazy=lazy)

        async def broken(tx: Any) -> Any:
            result = await unit(tx)
            if self.breaks == "before":
                self.breaks = ""
                raise StoreError("broken before the commit")
            return result

        await self._inner.write(broken)
        self.breaks = ""
        raise StoreError("broken after the commit")

    async def read(self, unit: Any) -> Any:
        return await self._inner.read(unit)

    async def tell(self, hint: str) -> None:
        return

    async def listen(self, heard: Callable[[str], None]) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        await self._inner.close()


class Shop:
    """The business's API: each request stays until a test answers it."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[int]] = {}  #: by idempotency key
        self.requests: Counter[str] = Counter()
        self.came = asyncio.Event()
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _handle(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        self.requests[key] += 1
        future = self.waiting[key] = asyncio.get_running_loop().create_future()
        self.came.set()
        status = await future
        return web.json_response({"key": key}, status=status)

    def forget(self) -> None:
        """Whoever asked is dead."""
        for future in self.waiting.values():
            if not future.done():
                future.set_result(500)
        self.waiting.clear()

    async def close(self) -> None:
        self.forget()
        assert self._runner is not None
        await self._runner.cleanup()


class FrontDesk:
    """One process, until it dies; `open` starts the next on the same store."""

    def __init__(self, flows: Flows, reopen: Callable[[Still], Awaitable[Database]]) -> None:
        self.flows, self._reopen = flows, reopen
        self.clock = Still()
        self.wire = Wire()
        self.shop = Shop()
        self._ids = itertools.count(1)

    async def start(self) -> None:
        await self.shop.open()
        await self.open()

    async def open(self) -> None:
        self.wire.waiting.clear()
        self.shop.forget()
        self.http = aiohttp.ClientSession()
        self.inner = await self._reopen(self.clock)
        self.database = Breaking(self.inner)
        self.store = Store(self.database, self.clock,  # type: ignore[arg-type]
                           unknown_after=3_600_000, lease=3_600_000)
        self.outbox = Outbox(self.store, {"main": self.wire},  # type: ignore[dict-item]
                             Pacer({}), {}, Counts())
        self.engine = Engine(self.flows, self.store, self.outbox, Feed(),
                             self.clock, Counts())  # type: ignore[arg-type]
        self.outbox.follow = self.engine.follow
        self.timers = Timers(self.engine, self.store, self.clock)  # type: ignore[arg-type]
        shop = Backend.model_validate({"base_url": self.shop.url, "operations": SHOP})
        self.calls = Calls(self.engine, self.store, Backends({"shop": shop}, self.http),
                           lambda arguments, channel: arguments)

    async def die(self) -> None:
        """As by SIGKILL: nothing is finished, nothing is noted; then the next process begins.

        On PostgreSQL the leases of the dead one are over by then.
        """
        await self._drop()
        await self.open()
        for table in ("outbox", "inbox", "call"):
            await self.sql(f"update {table} set lease_until = 0")
        await self.sql("update conversation set ready_at = 0 where ready_at is not null")
        if self.store.shared:
            await self.store.recover(self.outbox._lost)
        else:
            await self.store.adopt()

    async def _drop(self) -> None:
        mine = asyncio.current_task()
        for task in asyncio.all_tasks():
            if task is not mine and task.get_coro().__qualname__.startswith(  # type: ignore[union-attr]
                    ("Outbox.", "Calls.")):
                task.cancel()
        await asyncio.sleep(0)
        await self.http.close()
        await kill(self.inner)

    async def close(self) -> None:
        await self._drop()
        await self.shop.close()

    async def hear(self, who: str, text: str) -> str:
        """A message of a person comes in; the id of the conversation."""
        await self.engine.accept([Incoming(
            "main", f"wamid.in{next(self._ids)}", (Address("phone", who),),
            {"type": "text", "text": text}, self.clock.now(), who)])
        await self.settle()
        ((id_,),) = await self.sql("select v.id from conversation v join contact c "
                                   f"on c.id = v.contact where c.phone = '{who}'")
        return str(id_)

    async def handle(self) -> None:
        """The turns of all that waits."""
        for conversation in await self.store.ready(1_000):
            await self.engine.drain(conversation)
        await self.settle()

    async def shown(self, conversation: str) -> list[tuple[str, str]]:
        """What the bot and agents said to that person: (text, status)."""
        found = (await self.store.desk.transcript(conversation, limit=500)).rows
        return [(row.content.get("text", "pin"), row.status)
                for row in found if row.direction == "out"]

    async def sql(self, statement: str, *args: Any) -> list[tuple[Any, ...]]:
        if not statement.startswith("select"):
            await write(self.inner, statement, *args)
            return []
        return await rows(self.inner, statement, *args)

    async def settle(self) -> None:
        """Until every send is on the wire or settled, and every call with the shop or answered."""
        for tries in range(1_000):
            await asyncio.sleep(0 if tries < 10 else 0.001)
            sending = self.outbox._under_way - self.wire.waiting.keys()
            calling = self.calls._under_way - {
                key for key, future in self.shop.waiting.items() if not future.done()}
            if not sending and not calling:
                return
            if tries % 5 == 4:  # what may ride with the next commit gets one
                await self.inner.write(_nothing)
        raise AssertionError(f"still under way: {sending} {calling}")


async def _nothing(tx: Any) -> None:
    return


async def write(database: Database, statement: str, *args: Any) -> None:
    async def unit(tx: Any) -> None:
        if hasattr(tx, "_execute"):
            tx._execute(statement, args)
        else:
            await tx._connection.execute(statement, *args)

    await database.write(unit)


async def kill(database: Database) -> None:
    """Close the files and connections as the end of a process does."""
    if isinstance(database, SQLite):
        await database._reader.close()
        await database._writer.close()
        database._lock.close()
    else:
        database._pool.terminate()  # type: ignore[attr-defined]
