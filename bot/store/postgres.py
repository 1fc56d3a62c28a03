"""PostgreSQL: any number of processes, each unit in a transaction of its own.

Nothing outlives a transaction - no session's setting, no lock, no prepared name that another
statement relies on - so a pooler that hands connections out by transaction may stand between.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from bot import failpoints
from bot.clock import DAY, Clock, real_now
from bot.errors import StoreError, Unfit
from bot.ids import new_id
from bot.model import Address
from bot.store.base import Row, Unit, migrations, split, statements
from bot.store.listening import CHANNEL, listen

log = logging.getLogger(__name__)
T = TypeVar("T")

#: The first PostgreSQL with everything that our statements use.
OLDEST = 120000
#: Connections of one process.
POOL = 8
#: A unit that met another is tried so often.
TRIES = 4
#: The wait for a connection, seconds: then the store can't be used.
PATIENCE = 5.0
#: A server that does not answer for so long is taken for dead, seconds.
SILENT = 10.0

BEGIN = ("begin isolation level read committed; set local synchronous_commit = on; "
         "set local lock_timeout = '2s'; set local statement_timeout = '5s'; "
         # A process that is stopped in the middle of a unit must not hold a conversation for long.
         "set local idle_in_transaction_session_timeout = '3s'")
READ = ("begin isolation level read committed read only; set local statement_timeout = '5s'; "
        "set local idle_in_transaction_session_timeout = '10s'")
#: Nobody else goes on with this name until the transaction ends.
ALONE = "pg_advisory_xact_lock(hashtextextended({}, 0))"
#: The name first, then the row.
LOCK_ALONE = (f"select 1 from conversation v where v.id = $1 and {ALONE.format('$2')} is not null "
              "for no key update of v")
#: The contacts of addresses and messages, with all that are one person with them.
PEOPLE = """with known as materialized (
    select coalesce(o.alias_of, o.id) as id
    from unnest($1::text[], $2::text[], $3::text[]) as w (kind, value, scope)
    join address a on a.kind = w.kind and a.value = w.value and a.scope = w.scope
    join contact o on o.id = a.contact
    union select v.contact from message m join conversation v on v.id = m.conversation
    where m.id = any ($4::text[]) or m.provider_id = any ($4::text[]))
select c.id from contact c where c.id in (
    select id from known union select o.id from contact o join known k on o.alias_of = k.id)
order by c.id for no key update of c"""
THEIRS = """select 1 from conversation v where v.contact = any ($1::text[]) order by v.id
for no key update of v"""
#: One process at a time changes the tables.
MIGRATING = 7_246_120_417

#: Another unit was in the way: run again, this one finds things as the other left them.
MET = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError,
       asyncpg.UniqueViolationError)
#: What was to be written can't be, however often it is tried.
UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError,
         asyncpg.ProgramLimitExceededError)
#: The connection, the server, or the way to it is gone.
GONE = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
        asyncpg.IdleInTransactionSessionTimeoutError, asyncpg.InternalClientError, OSError,
        TimeoutError)


def dialect(sql: str, *, reading: bool = False) -> str:
    """The statement as PostgreSQL takes it: our marks become row locks, unless it only reads."""

    def mark(found: re.Match[str]) -> str:
        if found[1] == "alone":
            return f"and {ALONE.format(found[2])} is not null"
        skip = " skip locked" if found[1] == "claim" else ""
        return "" if reading else f"for no key update of {found[2]}{skip}"

    return re.sub(r"/\*(lock|claim|alone) ([\w, $]+)\*/", mark, sql)


def tables(script: str) -> str:
    """A migration as PostgreSQL takes it. Our ids are compared byte by byte, as SQLite does."""
    script = re.sub(r"(?m)^((?:\s+|alter table \w+ add column )\w+) text\b", r'\1 text collate "C"',
                    script)
    return script.replace("/*clustered*/", "")


@dataclass(frozen=True, slots=True)
class Location:
    """A store's address, taken apart."""

    url: str  #: for asyncpg
    shown: str  #: for people: without the password
    pool: int
    cached: int  #: prepared statements that a connection keeps


def location(url: str) -> Location:
    """`postgresql://user@host/db`, with `?pool_size=` and `?statement_cache_size=` for us.

    Raises `StoreError`.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    try:
        pool = int(options.pop("pool_size", POOL))
        cached = int(options.pop("statement_cache_size", 200))
    except ValueError:
        raise StoreError("`store`: pool_size and statement_cache_size are numbers") from None
    netloc = parts.netloc
    if parts.password is not None:
        netloc = netloc.replace(f":{parts.password}@", "@")
    return Location(urlunsplit(parts._replace(query=urlencode(options))),
                    urlunsplit(("postgresql", netloc, parts.path, "", "")), pool, cached)


class PostgresTx:
    """The statements of one unit, on its connection."""

    __slots__ = ("_connection", "_sql")

    def __init__(self, connection: Any, sql: dict[str, str]) -> None:
        self._connection = connection
        self._sql = sql

    async def all(self, name: str, *args: Any) -> list[Row]:
        rows: list[Row] = await self._connection.fetch(self._sql[name], *args)
        return rows

    async def one(self, name: str, *args: Any) -> Row | None:
        row: Row | None = await self._connection.fetchrow(self._sql[name], *args)
        return row

    async def run(self, name: str, *args: Any) -> int:
        status: str = await self._connection.execute(self._sql[name], *args)
        return int(status.rpartition(" ")[2])

    async def many(self, name: str, rows: Iterable[Row]) -> None:
        await self._connection.executemany(self._sql[name], rows)

    async def lock(self, conversation: str, name: str | None = None) -> bool:
        if name is None:
            await self.one("lock", conversation)
        else:
            await self._connection.fetchrow(LOCK_ALONE, conversation, name)
        return True

    async def alone(self, names: Iterable[str]) -> None:
        await self._connection.fetch(
            f"select {ALONE.format('name')} from unnest($1::text[]) as name", sorted(names))

    async def line_up(self, addresses: Iterable[Address], messages: Iterable[str]) -> None:
        columns = list(zip(*((a.kind, a.value, a.scope) for a in addresses), strict=True))
        people = await self._connection.fetch(PEOPLE, *(columns or [()] * 3), list(messages))
        if people:
            await self._connection.fetch(THEIRS, [row[0] for row in people])


class Postgres:
    """A `Database` that many processes share."""

    shared = True

    def __init__(self, at: Location, pool: asyncpg.Pool, process: str | None,
                 unclean: bool) -> None:
        self.unclean = unclean
        self.holder = new_id()
        self.at = at
        self._pool = pool
        self._process = process
        named = statements()
        self._sql = {name: dialect(sql) for name, sql in named.items()}
        self._reading = {name: dialect(sql, reading=True) for name, sql in named.items()}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @classmethod
    async def open(cls, url: str, clock: Clock, process: str | None = None) -> Postgres:
        """Connect and bring the tables up to date. Raises `StoreError`.

        With the name of a `process`, it is noted whether the one of that name before stopped
        cleanly.
        """
        at = location(url)
        pool = None
        try:
            pool = await asyncpg.create_pool(
                # None is kept ready: while the server is away the pool would try, and say so.
                at.url, min_size=0, max_size=at.pool, timeout=PATIENCE, command_timeout=SILENT,
                statement_cache_size=at.cached, max_inactive_connection_lifetime=300.0,
                reset=_leave)
            async with pool.acquire() as connection:
                unclean = await _start(connection, clock.now(), process)
        except BaseException as error:
            if pool is not None:
                pool.terminate()
            if isinstance(error, (*GONE, asyncpg.PostgresError, asyncpg.InterfaceError,
                                  ValueError)):
                raise StoreError(f"{at.shown} can't be used: {error}") from error
            raise
        return cls(at, pool, process, unclean)

    async def write(self, unit: Unit[T], *, lazy: bool = False) -> T:
        if self._closed:
            raise StoreError("the store is closed")
        # Who asked may go away; a unit that was begun is run to its end, as on SQLite.
        task = asyncio.get_running_loop().create_task(self._write(unit))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the asker has it, or has gone

    async def _write(self, unit: Unit[T]) -> T:
        for tries in range(1, TRIES + 1):
            try:
                return await self._once(unit)
            except MET as error:
                met = error
                log.info("unit met another", extra={"error": str(error), "tries": tries})
                await asyncio.sleep(random.uniform(0, 0.01 * tries))
            except _Gone as error:
                # Before the commit: nothing was kept. At the commit nobody knows; run again, a
                # unit that was kept finds its traces and changes nothing.
                if tries == TRIES:
                    raise StoreError(f"the store could not write: {error.__cause__}") from error
                log.warning("connection lost", extra={"error": str(error.__cause__)})
        raise StoreError(f"the store could not write: {met}") from met

    async def _once(self, unit: Unit[T]) -> T:
        async with self._connected() as connection:
            try:
                await connection.execute(BEGIN)
                failpoints.hit("write.begun")
                result = await unit(PostgresTx(connection, self._sql))
                failpoints.hit("write.before_commit")
                if await connection.execute("commit") != "COMMIT":
                    raise StoreError("the store could not write: the transaction was undone")
            except BaseException as error:
                await self._undo(connection, error)
                raise
            failpoints.hit("write.committed")
        return result

    async def read(self, unit: Unit[T]) -> T:
        if self._closed:
            raise StoreError("the store is closed")
        for tries in range(1, TRIES + 1):
            try:
                async with self._connected() as connection:
                    try:
                        await connection.execute(READ)
                        result = await unit(PostgresTx(connection, self._reading))
                        await connection.execute("commit")
                    except BaseException as error:
                        await self._undo(connection, error)
                        raise
                return result
            except _Gone as error:
                if tries == TRIES:
                    raise StoreError(f"the store can't be read: {error.__cause__}") from error
        raise AssertionError("unreachable")

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        try:
            connection = await self._pool.acquire(timeout=PATIENCE)
        except (*GONE, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            what = str(error) or "no connection in time"
            raise StoreError(f"{self.at.shown} can't be used: {what}") from error
        try:
            yield connection
        finally:
            with contextlib.suppress(*GONE, asyncpg.InterfaceError):
                await self._pool.release(connection)

    async def _undo(self, connection: Any, error: BaseException) -> None:
        """Leave a transaction that failed. Raises what the failure means, if that says more."""
        late = isinstance(error, asyncpg.QueryCanceledError)
        gone = _closed(connection) or (
            isinstance(error, (*GONE, asyncio.CancelledError)) and not late)
        if not gone:
            try:
                await connection.execute("rollback")
            except (*GONE, asyncpg.PostgresError, asyncpg.InterfaceError):
                gone = True
        if gone:
            _cut(connection)
            await self._pool.expire_connections()  # what broke this one may have broken all
            if isinstance(error, Exception):
                raise _Gone from error
        elif isinstance(error, UNFIT) and not isinstance(error, MET):
            raise Unfit(f"the store can't hold it: {error}") from error
        elif isinstance(error, asyncpg.PostgresError) and not isinstance(error, MET):
            raise StoreError(f"the store could not do it: {error}") from error

    async def tell(self, hint: str) -> None:
        # In a transaction with no other work: one with NOTIFY keeps all others from committing.
        async with self._connected() as connection:
            try:
                await connection.fetch("select pg_notify($1, $2)", CHANNEL, hint)
            except (*GONE, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _cut(connection)
                raise StoreError(f"no hint: {error}") from error

    async def listen(self, heard: Callable[[str], None]) -> None:
        await listen(self.at.url, heard)

    async def shrink(self) -> bool:
        return False  # autovacuum sees to it

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        try:
            if self._process is not None:
                async with self._connected() as connection:
                    await connection.execute("delete from setting where name = $1",
                                             f"process:{self._process}")
            async with asyncio.timeout(PATIENCE):
                await self._pool.close()
        except (StoreError, *GONE, asyncpg.PostgresError):  # it is gone by itself
            self._pool.terminate()


class _Gone(Exception):
    """The connection broke; its cause says how."""


def _closed(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has thrown it away already
        return True


def _cut(connection: Any) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _leave(connection: Any) -> None:
    """Nothing of a unit is left on a connection: every setting and lock was its transaction's."""


async def _start(connection: Any, now: int, process: str | None) -> bool:
    """Bring the tables up to date; did the process of this name before not stop cleanly?"""
    version = connection.get_server_version()
    if version.major * 10_000 < OLDEST:
        raise StoreError(f"PostgreSQL {version.major}.{version.minor} is too old; 12 is the least")
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '60s'; "
                                 f"select pg_advisory_xact_lock({MIGRATING})")
        await connection.execute('create table if not exists migration (name text collate "C" '
                                 "primary key, at bigint not null)")
        done = {row[0] for row in await connection.fetch("select name from migration")}
        known = migrations("postgres")
        if newer := sorted(done - {name for name, _ in known}):
            log.warning("the store is newer than this program", extra={"migration": newer[-1]})
        for name, script in known:
            if name in done:
                continue
            for statement in split(tables(script)):
                await connection.execute(statement)
                failpoints.hit("migration.step")
            await connection.execute("insert into migration values ($1, $2)", name, now)
        if process is None:
            return False
        name, real = f"process:{process}", real_now()
        await connection.execute("delete from setting where name like 'process:%' "
                                 "and cast(value as bigint) < $1", real - 30 * DAY)
        made = await connection.execute(
            "insert into setting values ($1, $2) on conflict do nothing", name, str(real))
        return bool(made.endswith(" 0"))
