"""What a database must offer, and the transaction that every question is asked in.

`Store` (bot/store/store.py) holds the questions, written once in SQL of both databases. A
`Database` runs them: SQLite in the thread of its one writing connection, several units to a
commit; PostgreSQL each in a transaction of its own. A unit of work is one `async def unit(tx)`
that awaits nothing but its `tx`. It may be run more than once - after a deadlock, or when a
connection broke at the commit and nobody knows whether it was kept - so what it does must be the
same when it has been done before.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, Protocol, TypeVar

from pydantic_core import from_json, to_json

from bot.model import Address

T = TypeVar("T")
Row = Sequence[Any]


class Tx(Protocol):
    """One transaction. Statements go by their names in the files of `FILES`."""

    async def all(self, name: str, *args: Any) -> list[Row]:
        """Every row of the answer."""

    async def one(self, name: str, *args: Any) -> Row | None:
        """The first row, if there is one."""

    async def run(self, name: str, *args: Any) -> int:
        """How many rows were changed."""

    async def many(self, name: str, rows: Iterable[Row]) -> None:
        """The statement once for each row."""

    async def lock(self, conversation: str, name: str | None = None) -> bool:
        """Nobody else changes the conversation until the transaction ends.

        With a `name`, it is alone with that first. True: what was read of it before may be old
        by now.
        """

    async def alone(self, names: Iterable[str]) -> None:
        """Nobody else goes on with one of these names until the transaction ends."""

    async def line_up(self, addresses: Iterable[Address], messages: Iterable[str]) -> None:
        """Nobody else changes these people and their conversations, nor those of the messages
        (ids of ours or of providers), until the transaction ends.

        A unit that takes several comes here before it holds any: who then waits for whom goes
        one way round. The whole order: names, ids seen before, contacts, conversations.
        """


Unit = Callable[[Tx], Awaitable[T]]


class Database(Protocol):
    """Where the questions are asked: SQLite and PostgreSQL implement it."""

    #: True: the process before this one did not stop cleanly.
    unclean: bool
    #: True: other processes work on it too. False: what they had begun is nobody's any more.
    shared: bool
    #: Under this name the process holds what it has claimed.
    holder: str

    async def write(self, unit: Unit[T], *, lazy: bool = False) -> T:
        """Run the unit; when this returns, what it wrote is on disk.

        A lazy unit may wait a moment for another write to share its commit. Raises `StoreError`
        where nobody can say that it was kept.
        """

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, beside the writes."""

    async def tell(self, hint: str) -> None:
        """Say something short to the other processes; it may get lost."""

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with what the other processes say, until cancelled."""

    async def shrink(self) -> bool:
        """Give some of the room that nothing needs back to the disk; False: there is none."""

    async def close(self) -> None:
        """Finish what is under way and let go of the database."""


#: Where the statements stand that units run; `verify.sql` is read beside them.
FILES = ("queries.sql", "desk.sql", "versions.sql", "upkeep.sql")


@cache
def statements(files: tuple[str, ...] = FILES) -> dict[str, str]:
    """The named statements of those files, as they stand there."""
    found: dict[str, str] = {}
    for file in files:
        text = resources.files("bot.store").joinpath(file).read_text("utf-8")
        parts = re.split(r"^-- name: (\w+)\s*$", text, flags=re.MULTILINE)
        found |= {name: re.sub(r"^--.*$", "", sql, flags=re.MULTILINE).strip()
                  for name, sql in zip(parts[1::2], parts[2::2], strict=True)}
    return found


def migrations(database: str) -> list[tuple[str, str]]:
    """(name, SQL) of every migration of that database, in their order.

    `NNNN_name.sql` is for all, `NNNN_name.postgres.sql` for PostgreSQL alone.
    """
    folder = resources.files("bot.store").joinpath("migrations")
    return sorted((file.name, file.read_text("utf-8")) for file in folder.iterdir()
                  if re.fullmatch(rf"\d+_\w+(\.{database})?\.sql", file.name))


def split(script: str) -> list[str]:
    """The statements of a migration."""
    found, current = [], ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found


def dump(value: Any) -> str:
    """A value as the JSON text that is stored."""
    return to_json(value).decode()


load = from_json
