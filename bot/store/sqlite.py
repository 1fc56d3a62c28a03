"""SQLite: one file, one process, one writing connection, several units to a commit."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import aiosqlite

from bot import failpoints
from bot.clock import Clock
from bot.errors import StoreError
from bot.ids import new_id
from bot.model import Address
from bot.store.base import Row, Tx, Unit, migrations, split, statements
from bot.store.sqlite_file import (
    LOOKED_THROUGH,
    damaged,
    is_damage,
    is_larger,
    take,
    to_read,
    whole,
)

log = logging.getLogger(__name__)
T = TypeVar("T")

#: The first SQLite with everything that our statements use.
OLDEST = (3, 38)
#: Units that share a commit at most. A commit with many is one flush, but all wait for the last.
BATCH = 64
#: How long a lazy unit may wait for a commit to ride with, seconds.
LAZY = 0.02
#: Free pages that a file keeps for what comes next; so many of the others go at a time.
SPARE, GIVEN_BACK = 1_000, 500
#: The writer checkpoints itself when the log has so many pages.
CHECKPOINT_PAGES = 2_000

PRAGMAS = ("auto_vacuum=incremental",  # of a new file; an old one keeps its size
           "journal_mode=wal", "synchronous=full", "busy_timeout=5000", "foreign_keys=on",
           "secure_delete=on", "trusted_schema=off", "temp_store=memory",
           f"wal_autocheckpoint={CHECKPOINT_PAGES}", "journal_size_limit=67108864")

#: The file, not what a unit wanted to write, is what failed: no subclass of these.
DISK = (sqlite3.OperationalError, sqlite3.DatabaseError)


def dialect(sql: str) -> str:
    """The statement as SQLite takes it: `?1` for `$1`; its row locks are the one writer."""
    return re.sub(r"\$(\d+)", r"?\1", sql).replace("/*clustered*/", "without rowid")


class SQLiteTx:
    """The statements of one unit, run at once in the connection's thread."""

    __slots__ = ("_execute", "_executemany", "_sql")

    def __init__(self, connection: sqlite3.Connection, sql: dict[str, str]) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._sql = sql

    async def all(self, name: str, *args: Any) -> list[Row]:
        return self._execute(self._sql[name], args).fetchall()

    async def one(self, name: str, *args: Any) -> Row | None:
        # All rows are taken: a RETURNING statement half read would keep the transaction open.
        rows = self._execute(self._sql[name], args).fetchall()
        return rows[0] if rows else None

    async def run(self, name: str, *args: Any) -> int:
        return self._execute(self._sql[name], args).rowcount

    async def many(self, name: str, rows: Iterable[Row]) -> None:
        self._executemany(self._sql[name], rows)

    async def lock(self, conversation: str, name: str | None = None) -> bool:
        return False  # there is one writer, and it is this one

    async def alone(self, names: Iterable[str]) -> None:
        return

    async def line_up(self, addresses: Iterable[Address], messages: Iterable[str]) -> None:
        return


def drive(awaitable: Awaitable[T]) -> T:
    """Run a unit to its end in this thread; its `tx` never suspends it."""
    coroutine: Any = awaitable
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a unit of work awaited something other than its transaction")


class SQLite:
    """A `Database` in one file."""

    shared = False

    def __init__(self, path: Path, lock: IO[bytes], writer: aiosqlite.Connection,
                 reader: aiosqlite.Connection, unclean: bool) -> None:
        self.path = path
        self.unclean = unclean
        self.holder = new_id()
        self._lock = lock
        self._writer = writer
        self._reader = reader
        self._sql = {name: dialect(sql) for name, sql in statements().items()}
        self._pending: list[tuple[Unit[Any], asyncio.Future[Any]]] = []
        self._pump: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._damage = ""  #: found while at work: nothing is read or written any more

    @classmethod
    async def open(cls, path: Path, clock: Clock, *,
                   looked_through: int = LOOKED_THROUGH) -> SQLite:
        """Take the file for this process, bring its tables up to date. Raises `StoreError`."""
        if sqlite3.sqlite_version_info < OLDEST:
            least = ".".join(map(str, OLDEST))
            raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; {least} is the least")
        lock = take(path)
        connections: list[aiosqlite.Connection] = []
        try:
            writer = await aiosqlite.connect(path, isolation_level=None, cached_statements=512)
            connections.append(writer)
            for pragma in PRAGMAS:
                await writer.execute(f"pragma {pragma}")
            if not (large := is_larger(path, looked_through)):
                await _in_thread(writer, whole)
            unclean = await _in_thread(writer, lambda c: _start(c, clock.now()))
            reader = await aiosqlite.connect(to_read(path), uri=True, isolation_level=None,
                                             cached_statements=128)
            connections.append(reader)
            await reader.execute("pragma query_only=on")
        except BaseException as error:
            for connection in connections:
                await connection.close()
            lock.close()
            if isinstance(error, sqlite3.Error):
                raise StoreError(damaged(path, str(error)) if is_damage(error) else
                                 f"{path} can't be used: {error}") from error
            raise
        made = cls(path, lock, writer, reader, unclean)
        if large:
            made._looking = asyncio.get_running_loop().create_task(made._look_through())
        return made

    async def _look_through(self) -> None:
        try:
            async with aiosqlite.connect(to_read(self.path), uri=True,
                                         isolation_level=None) as connection:
                await _in_thread(connection, whole)
        except StoreError as error:
            self._damage = str(error)
            log.error("the store is damaged", extra={"error": self._damage})
        except sqlite3.Error as error:
            if is_damage(error):
                self._damage = damaged(self.path, str(error))
            log.error("the store is not looked through", extra={"error": str(error)})

    def _refuse(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")
        if self._damage:
            raise StoreError(self._damage)

    async def write(self, unit: Unit[T], *, lazy: bool = False) -> T:
        self._refuse()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._pending.append((unit, future))
        if self._pump is None:
            if not lazy:
                self._start_pump()
            elif self._timer is None:
                self._timer = loop.call_later(LAZY, self._start_pump)
        return await future

    def _start_pump(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._run_pending())

    async def _run_pending(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
                units = [unit for unit, _ in batch]
                try:
                    results = await _in_thread(self._writer, partial(self._commit, units))
                except Exception as error:  # the commit itself failed: nobody's work was kept
                    if isinstance(error, sqlite3.Error):
                        log.error("commit failed", extra={"error": str(error)})
                    failure = self._failure(error)
                    results = [(None, failure)] * len(units)
                for (_, future), (value, failed) in zip(batch, results, strict=True):
                    if future.done():  # whoever asked has gone; the work is kept all the same
                        continue
                    if failed is None:
                        future.set_result(value)
                    else:  # of what it holds, or of the file under it
                        future.set_exception(self._failure(failed) if type(failed) in DISK
                                             else failed)
        finally:
            self._pump = None

    def _failure(self, error: Exception) -> StoreError:
        if isinstance(error, sqlite3.Error) and is_damage(error):
            return StoreError(damaged(self.path, str(error)))
        return StoreError(f"the store could not write: {error}")

    def _commit(self, units: list[Unit[Any]],
                connection: sqlite3.Connection) -> list[tuple[Any, Exception | None]]:
        execute = connection.execute
        tx: Tx = SQLiteTx(connection, self._sql)
        results: list[tuple[Any, Exception | None]] = []
        # Units rarely fail, so a batch goes without savepoints first; if one did fail, all is
        # undone and run again with a savepoint each, and only that one's work is left out.
        careful = False
        execute("begin immediate")
        try:
            failpoints.hit("write.begun")
            while True:
                for unit in units:
                    if careful:
                        execute("savepoint unit")
                    try:
                        results.append((drive(unit(tx)), None))
                    except Exception as error:
                        if not connection.in_transaction:  # a full disk: SQLite rolled it back
                            raise
                        results.append((None, error))
                        if not careful:
                            break
                        execute("rollback to unit")
                    if careful:
                        execute("release unit")
                if careful or not results or results[-1][1] is None:
                    break
                execute("rollback")
                if len(units) == 1:
                    return results
                results.clear()
                careful = True
                execute("begin immediate")
            failpoints.hit("write.before_commit")
            execute("commit")
        except BaseException:
            if connection.in_transaction:
                execute("rollback")
            raise
        failpoints.hit("write.committed")
        return results

    async def read(self, unit: Unit[T]) -> T:
        if self._damage:
            raise StoreError(self._damage)

        def run(connection: sqlite3.Connection) -> T:
            connection.execute("begin")
            try:
                return drive(unit(SQLiteTx(connection, self._sql)))
            finally:
                connection.execute("commit")

        return await _in_thread(self._reader, run)

    async def tell(self, hint: str) -> None:
        return  # there is nobody else

    async def listen(self, heard: Callable[[str], None]) -> None:
        await asyncio.Event().wait()

    async def shrink(self) -> bool:
        try:
            return await _in_thread(self._writer, _shrink)
        except sqlite3.Error as error:
            raise StoreError(f"the store could not be made smaller: {error}") from error

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True  # what comes from now on is refused, and not begun and cut off
        if self._pending:
            self._start_pump()
        if self._pump is not None:
            await self._pump
        if self._looking is not None:
            await self._looking
        await self._reader.close()
        await _in_thread(self._writer, _stop)
        await self._writer.close()
        self._lock.close()


async def _in_thread(connection: aiosqlite.Connection,
                     work: Callable[[sqlite3.Connection], T]) -> T:
    """Run a function in the thread of the connection: one hop, however much it does.

    aiosqlite has no public call for it; `_execute` and `_conn` are why its version is pinned.
    """
    execute: Any = connection._execute
    result: T = await execute(work, connection._conn)
    return result


def _start(connection: sqlite3.Connection, now: int) -> bool:
    """Bring the tables up to date and note that the file is in use; was it closed cleanly?"""
    connection.execute("create table if not exists migration "
                       "(name text primary key, at bigint not null)")
    done = {row[0] for row in connection.execute("select name from migration")}
    known = migrations("sqlite")
    if newer := sorted(done - {name for name, _ in known}):
        raise StoreError(f"the store was made by a newer version of Frontdesk ({newer[-1]}): run "
                         "that one, or put the backup from before it in its place")
    for name, sql in known:
        if name in done:
            continue
        # executescript would commit before it starts; one transaction keeps a kill harmless.
        connection.execute("begin immediate")
        for statement in split(dialect(sql)):
            connection.execute(statement)
            failpoints.hit("migration.step")
        connection.execute("insert into migration values (?, ?)", (name, now))
        connection.execute("commit")
    row = connection.execute("select value from setting where name = 'clean'").fetchone()
    connection.execute("insert into setting values ('clean', '0') "
                       "on conflict (name) do update set value = '0'")
    return row is not None and row[0] != "1"


def _shrink(connection: sqlite3.Connection) -> bool:
    (free,) = connection.execute("pragma freelist_count").fetchone()
    (mode,) = connection.execute("pragma auto_vacuum").fetchone()
    if mode != 2 or free < SPARE + GIVEN_BACK:
        return False
    # `execute` would give back one page: it takes a step, and each step is a page.
    connection.executescript(f"pragma incremental_vacuum({GIVEN_BACK})")
    if free < SPARE + 2 * GIVEN_BACK:  # the last: what is in the log takes no room twice
        connection.execute("pragma busy_timeout=0")  # a reader is not waited for
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()
        connection.execute("pragma busy_timeout=5000")
    return True


def _stop(connection: sqlite3.Connection) -> None:
    connection.execute("update setting set value = '1' where name = 'clean'")
    connection.execute("pragma wal_checkpoint(truncate)")
