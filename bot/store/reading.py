"""A store that is only read, beside whoever has it open: each unit sees one moment of it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, TypeVar

import asyncpg

from bot.errors import StoreError
from bot.store import postgres, sqlite
from bot.store.base import Unit, migrations, statements
from bot.store.sqlite_file import to_read

T = TypeVar("T")

FILE = ("verify.sql",)
OLD = "its tables are not those of this version: `bot db upgrade` brings them up to date"


class Read(Protocol):
    """Runs a unit that only reads."""

    async def __call__(self, unit: Unit[T]) -> T: ...


@contextlib.asynccontextmanager
async def of_file(path: Path) -> AsyncIterator[Read]:
    """A SQLite file, also while a process writes to it. Raises `StoreError`."""
    sql = {name: sqlite.dialect(text) for name, text in statements(FILE).items()}
    try:
        connection = sqlite3.connect(to_read(path), uri=True, timeout=10, isolation_level=None,
                                     check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreError(f"{path} can't be read: {error}") from error

    def run(unit: Unit[T]) -> T:
        connection.execute("begin")
        try:
            return sqlite.drive(unit(sqlite.SQLiteTx(connection, sql)))
        except sqlite3.Error as error:
            raise StoreError(f"{path} can't be read: {error}") from error
        finally:
            connection.execute("rollback")

    async def read(unit: Unit[T]) -> T:
        return await asyncio.to_thread(run, unit)

    try:
        try:
            done = {row[0] for row in connection.execute("select name from migration")}
        except sqlite3.Error as error:
            raise StoreError(f"{path} can't be read: {error}") from error
        if not {name for name, _ in migrations("sqlite")} <= done:
            raise StoreError(f"{path}: {OLD}")
        yield read
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def of_postgres(url: str) -> AsyncIterator[Read]:
    """A PostgreSQL. Raises `StoreError`."""
    at = postgres.location(url)
    sql = {name: postgres.dialect(text, reading=True) for name, text in statements(FILE).items()}
    failures = (*postgres.GONE, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)
    try:
        connection = await asyncpg.connect(at.url, timeout=postgres.PATIENCE,
                                           statement_cache_size=at.cached)
    except failures as error:
        raise StoreError(f"{at.shown} can't be used: {error}") from error

    async def read(unit: Unit[T]) -> T:
        try:
            await connection.execute(
                "begin isolation level repeatable read read only; set local statement_timeout = 0")
            result = await unit(postgres.PostgresTx(connection, sql))
            await connection.execute("commit")
        except failures as error:
            raise StoreError(f"{at.shown} can't be read: {error}") from error
        return result

    try:
        try:
            done = {row[0] for row in await connection.fetch("select name from migration")}
        except failures as error:
            raise StoreError(f"{at.shown} can't be read: {error}") from error
        if not {name for name, _ in migrations("postgres")} <= done:
            raise StoreError(f"{at.shown}: {OLD}")
        yield read
    finally:
        connection.terminate()
