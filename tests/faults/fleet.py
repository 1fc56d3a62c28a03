"""Processes of the bot on one store that are killed and started again: one on SQLite, any number,
each at an address of its own, on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness import Bot, Provider
from postgres import Server

from bot.clock import Clock
from bot.store.base import Database
from bot.store.postgres import Postgres
from bot.store.sqlite import SQLite

PROJECT = Path(__file__).parent / "project" / "config.yaml"


@dataclass
class Fleet:
    """So many processes; `keep` starts again whichever dies."""

    folder: Path
    sink: Provider
    dice: random.Random
    size: int = 1
    server: Server | None = None  #: None: SQLite
    name: str = ""  #: of the database
    environ: dict[str, str] = field(default_factory=dict)
    config: Path = PROJECT
    bots: list[Bot] = field(default_factory=list)
    serving: list[bool] = field(default_factory=list)
    kills: int = 0
    ready_in: float = 0.0  #: the longest time from a start to the first answer of /readyz
    keeping: bool = True
    #: What a process that is started anew gets as BOT_FAILPOINTS: (which one) -> plan.
    plan: Callable[[int], str] = lambda place: ""
    #: Called with the place of a process when it serves, and when it was started.
    up: Callable[[int, float], None] = lambda place, started: None

    @property
    def file(self) -> Path:
        return self.folder / "bot.db"

    def make(self) -> None:
        for place in range(self.size):
            self.bots.append(Bot(
                self.file if self.server is None else self.folder / f"bot{place}.db", self.sink,
                config=self.config, environ=self.environ,
                url_of_store="" if self.server is None else self.server.url(self.name)))
            self.serving.append(False)

    async def open(self, clock: Clock) -> Database:
        """The store beside the processes (SQLite: while none of them runs)."""
        if self.server is None:
            return await SQLite.open(self.file, clock)
        return await Postgres.open(self.server.url(self.name), clock)

    def url(self) -> str:
        """The address of a process that is probably there."""
        there = [bot for bot, up in zip(self.bots, self.serving, strict=True) if up]
        return self.dice.choice(there or self.bots).url

    async def keep(self, place: int) -> None:
        """Start this one, and again whenever it dies, until told to stop."""
        bot = self.bots[place]
        while self.keeping:
            if bot.process is not None:
                self.trust(place)
            started = time.monotonic()
            bot.spawn(self.plan(place))
            await bot.served(within=60)
            if not bot.dead:
                self.ready_in = max(self.ready_in, time.monotonic() - started)
                self.serving[place] = True
                self.up(place, started)
            while self.keeping and not bot.dead:
                await asyncio.sleep(0.01)
            self.serving[place] = False
            if bot.dead:
                assert bot.process is not None
                code = bot.process.returncode
                if code == -signal.SIGKILL:
                    self.kills += 1
                elif code != 0:
                    raise AssertionError(f"it ended with {code}\n{bot.log()[-3000:]}")

    def trust(self, place: int) -> None:
        """Half of those that died count as stopped cleanly.

        After an unclean stop every event is handled in three transactions for a while, and the one
        that does all at once must be met too.
        """
        if self.dice.random() < 0.5:
            return
        if self.server is None:
            with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(
                    sqlite3.connect(self.file, isolation_level=None, timeout=1)) as connection:
                connection.execute("update setting set value = '1' where name = 'clean'")
        else:
            with contextlib.suppress(Exception):
                self.sql("delete from setting where name like "
                         f"'process:%:{self.bots[place].port}:%'")

    def sql(self, statement: str) -> list[list[str]]:
        """What stands in the tables, asked beside the processes."""
        if self.server is not None:
            done = self.server.sql(statement, self.name)
            return [line.split("|") for line in done.splitlines()]
        with contextlib.closing(sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True,
                                                timeout=5)) as connection:
            return [["" if value is None else str(value) for value in row]
                    for row in connection.execute(statement)]

    def stop(self) -> list[int]:
        """Ask all to stop: their exit codes."""
        self.keeping = False
        for bot in self.bots:
            if bot.process is not None and not bot.dead:
                bot.process.send_signal(signal.SIGCONT)
                bot.process.send_signal(signal.SIGTERM)
        return [bot.process.wait(30) for bot in self.bots if bot.process is not None]

    def log(self) -> str:
        return "\n".join(bot.log()[-2500:] for bot in self.bots
                         if bot.store.with_suffix(".log").exists())


@asynccontextmanager
async def fleet(folder: Path, sink: Provider, dice: random.Random, size: int = 1,
                server: Server | None = None, **environ: str) -> AsyncIterator[Fleet]:
    """A fleet on an empty store, for as long as the context lasts; nothing runs yet."""
    made = Fleet(folder, sink, dice, size, server, environ=environ)
    if server is not None:
        made.name = server.database()
    made.make()
    try:
        yield made
    finally:
        made.keeping = False
        for bot in made.bots:
            if bot.process is not None and not bot.dead:
                bot.kill()
        if server is not None and server.process is not None and server.process.poll() is None:
            server.drop(made.name)
