"""A store of the first version, with work pending, is brought up to date - or killed on the way.

    python tests/faults/upgrading.py

kills the upgrade at each of its steps, of an empty store and of one with work pending, on SQLite
and on PostgreSQL, and looks whether the next start goes on where it was.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import asyncpg
from postgres import Server, programs, server
from storing import counts, rows, wrote

from bot.clock import HOUR, Clock
from bot.model import CallRequest, Decision, Event, Reply, Snapshot
from bot.store import postgres, sqlite
from bot.store.base import Database, migrations, split
from bot.store.postgres import Postgres
from bot.store.rows import Outcome
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.store.work import Work

ROOT = Path(__file__).parents[2]
FIRST = "0001_first.sql"
OPEN = """import asyncio, sys
from pathlib import Path
from bot.clock import Clock
from bot.store.postgres import Postgres
from bot.store.sqlite import SQLite
where = sys.argv[1]
asyncio.run(Postgres.open(where, Clock()) if "://" in where else SQLite.open(Path(where), Clock()))
"""
#: Of whom there is something to do, and what.
PENDING = {"491": "queued", "492": "sending", "493": "unknown", "494": "timer", "495": "inbox",
           "496": "call"}


async def work(store: Store, clock: Clock) -> None:
    """Leave one conversation of each kind behind."""
    def asks(snapshot: Snapshot, event: Event) -> Decision:
        kind = PENDING[snapshot.contact.phone]
        decision = counts(snapshot, event)
        decision.remind_at = None
        if kind == "timer":
            decision.timers = {"timeout": (event.at + HOUR, "t")}
        if kind == "call":
            decision.calls = [CallRequest("c.1", "orders.find", {})]
        if kind == "queued":
            decision.replies.append(Reply({"type": "text", "text": "behind"}))
        return decision

    for who, kind in PENDING.items():
        done = await store.accept([wrote(clock, who)], None if kind == "inbox" else asks)
        for send in done.sends:
            if kind == "queued":
                await store.settle([Outcome(send, "retry", not_before=1)])
            elif kind == "unknown":
                await store.settle([Outcome(send, "unknown")])
            elif kind != "sending":
                await store.settle([Outcome(send, "sent", f"wamid.{who}")])


async def finish(database: Database, clock: Clock) -> dict[str, int]:
    """Do what is pending as a process does; how often each message left since."""
    store = Store(database, clock, unknown_after=1)
    left: dict[str, int] = {}
    clock.advance(HOUR)
    if store.shared:
        await store.recover(lambda *_: True)
    else:
        await store.adopt()
    for _ in range(6):
        done: list[Work | None] = [await store.fire()]
        for conversation, _channel, call in await store.claim_calls():
            result = {"key": call.key, "call": call.operation, "ok": True, "value": 1}
            done.append(await store.end_call(conversation, result, counts))
        for conversation in await store.ready(100):
            while (begun := await store.begin(conversation)) is not None:
                done.append(await store.take_turn(conversation, begun[0], counts))
        done.append(await store.claim_sends())
        waiting = [send for each in done if each is not None for send in each.sends]
        while waiting:
            send = waiting.pop()
            left[send.id] = left.get(send.id, 0) + 1
            waiting += (await store.settle([Outcome(send, "sent", f"wamid.{send.id}")])).sends
    return left


async def faults(database: Database, clock: Clock) -> list[str]:
    """What is wrong once everything pending of `work` has been finished; closes the database."""
    try:
        return await _faults(database, clock)
    finally:
        await database.close()


async def _faults(database: Database, clock: Clock) -> list[str]:
    found = []
    left = await finish(database, clock)
    if any(count != 1 for count in left.values()):
        found.append(f"left more than once: {left}")
    found += [f"something is left in {table}" for table in ("inbox", "outbox", "timer", "call")
              if await rows(database, f"select count(*) from {table}") != [(0,)]]
    # hello of all six, the timer, the result of the call
    ((replies, turns),) = await rows(
        database, "select (select count(*) from message where direction = 'out' "
                  "and status in ('sent')), (select count(*) from turn)")
    if (replies, turns) != (9, 8):
        found.append(f"{replies} replies of 9, {turns} turns of 8")
    return found


async def copied(source: Database, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    return {table: await rows(source, f"select {', '.join(names)} from {table}")
            for table, names in columns.items()}


async def first_sqlite(path: Path, clock: Clock, *, pending: bool = True) -> None:
    """A store as the first version made it."""
    script = dict(migrations("sqlite"))[FIRST]
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("create table migration (name text primary key, at bigint not null)")
        for statement in split(sqlite.dialect(script)):
            made.execute(statement)
        made.execute("insert into migration values (?, 0)", (FIRST,))
        if not pending:
            return
        tables = [row[0] for row in made.execute(
            "select name from sqlite_master where type = 'table' and name <> 'migration'")]
        columns = {table: [row[1] for row in made.execute(f"pragma table_info({table})")]
                   for table in tables}
        source = await SQLite.open(path.with_name("new.db"), clock)
        await work(Store(source, clock, unknown_after=1), clock)
        for table, found in (await copied(source, columns)).items():
            marks = ", ".join("?" * len(columns[table]))
            made.executemany(f"insert into {table} values ({marks})", found)
        await source.close()
        for left in path.parent.glob("new.db*"):
            left.unlink()


async def first_postgres(running: Server, clock: Clock, *, pending: bool = True) -> str:
    """The same in a new database; its address."""
    name, other = running.database(), running.database()
    made = await asyncpg.connect(running.url(name))
    await made.execute('create table migration (name text collate "C" primary key, '
                       "at bigint not null)")
    for statement in split(postgres.tables(dict(migrations("postgres"))[FIRST])):
        await made.execute(statement)
    await made.execute("insert into migration values ($1, 0)", FIRST)
    if pending:
        columns: dict[str, list[str]] = {}
        for table, column in await made.fetch(
                "select table_name, column_name from information_schema.columns where "
                "table_schema = 'public' and table_name <> 'migration' order by ordinal_position"):
            columns.setdefault(table, []).append(column)
        source = await Postgres.open(running.url(other), clock)
        await work(Store(source, clock, unknown_after=1), clock)
        await made.execute("set session_replication_role = replica")  # in any order
        for table, found in (await copied(source, columns)).items():
            await made.copy_records_to_table(table, records=found, columns=columns[table])
        await source.close()
    await made.close()
    running.drop(other)
    return running.url(name)


def steps(database: str, *, done: int = 0) -> int:
    """So many statements an upgrade runs that finds so many migrations done."""
    return sum(len(split(script)) for _, script in migrations(database)[done:])


def killed(where: str, step: int) -> None:
    """Begin to open the store, killed at that step."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, where], capture_output=True, text=True, check=False,
        timeout=30, env={**os.environ, "PYTHONPATH": str(ROOT),
                         "BOT_FAILPOINTS": f"migration.step=kill@{step}"})
    assert done.returncode == -signal.SIGKILL, done.stderr


async def after_a_kill(folder: Path, running: Server | None, step: int, *,
                       pending: bool) -> list[str]:
    """Kill an upgrade at that step, start again, finish what is pending: what is wrong then."""
    clock = Clock()
    if running is None:
        path = folder / "bot.db"
        for left in folder.glob("bot.db*"):
            left.unlink()
        if pending:
            await first_sqlite(path, clock)
        killed(str(path), step)
        database: Database = await SQLite.open(path, clock)
    else:
        url = await first_postgres(running, clock) if pending else running.url(running.database())
        killed(url, step)
        database = await Postgres.open(url, clock)
    if pending:
        return await faults(database, clock)
    await database.close()
    return []


async def every_step(folder: Path, running: Server | None) -> tuple[int, list[str]]:
    """(kills, what was wrong)."""
    name = "sqlite" if running is None else "postgres"
    kills, wrong = 0, []
    for pending in (False, True):
        for step in range(1, steps(name, done=int(pending)) + 1):
            kills += 1
            found = await after_a_kill(folder, running, step, pending=pending)
            wrong += [f"{name}, step {step}: {fault}" for fault in found]
    return kills, wrong


async def main() -> int:
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        kills, wrong = await every_step(Path(folder), None)
        print(f"sqlite: {kills} kills, {len(wrong)} faults", *wrong, sep="\n")
        worst += len(wrong)
    if programs() is None:
        print("postgres: skipped, there is none here")
        return int(worst > 0)
    with server() as running, tempfile.TemporaryDirectory() as folder:
        kills, wrong = await every_step(Path(folder), running)
        print(f"postgres: {kills} kills, {len(wrong)} faults", *wrong, sep="\n")
        worst += len(wrong)
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
