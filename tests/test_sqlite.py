from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.errors import StoreBusy, StoreError
from bot.store.base import Tx, statements
from bot.store.sqlite import SQLite, dialect
from bot.store.store import Store


@pytest.fixture
async def database(tmp_path: Path, clock: Clock) -> AsyncIterator[SQLite]:
    opened = await SQLite.open(tmp_path / "bot.db", clock)
    yield opened
    await opened.close()


async def test_units_that_wait_share_a_commit_and_each_fails_alone(
        database: SQLite, tmp_path: Path) -> None:
    async def unit(tx: Tx, n: int) -> int:
        await tx.run("set_setting", f"n{n}", str(n))
        if n % 10 == 3:
            raise ValueError(n)
        return n

    results = await asyncio.gather(
        *(database.write(lambda tx, n=n: unit(tx, n)) for n in range(60)),  # type: ignore[misc]
        return_exceptions=True)
    assert [r for r in results if isinstance(r, int)] == [n for n in range(60) if n % 10 != 3]
    assert await rows(database, "select count(*) from setting where name like 'n%'") == [(54,)]


async def test_a_unit_that_awaits_something_else_is_refused(database: SQLite) -> None:
    async def unit(tx: Tx) -> None:
        await tx.run("set_setting", "half", "1")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something other"):
        await database.write(unit)
    assert await rows(database, "select * from setting where name = 'half'") == []


async def test_a_lazy_unit_is_kept_without_another_to_ride_with(database: SQLite) -> None:
    await database.write(lambda tx: tx.run("set_setting", "lazy", "1"), lazy=True)
    assert await rows(database, "select value from setting where name = 'lazy'") == [("1",)]


async def test_an_abandoned_wait_does_not_undo_the_work(database: SQLite) -> None:
    task = asyncio.create_task(database.write(lambda tx: tx.run("set_setting", "kept", "1")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.write(lambda tx: tx.run("set_setting", "next", "1"))
    assert await rows(database, "select value from setting where name = 'kept'") == [("1",)]


async def test_every_named_statement_can_be_prepared(database: SQLite, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "bot.db")
    for name, sql in statements().items():
        count = max((int(n) for n in __import__("re").findall(r"\?(\d+)", dialect(sql))), default=0)
        try:
            connection.execute(f"explain {dialect(sql)}", [None] * count)
        except sqlite3.Error as error:
            pytest.fail(f"{name}: {error}")
    connection.close()


async def test_a_file_is_open_in_one_process_at_a_time(database: SQLite, tmp_path: Path) -> None:
    with pytest.raises(StoreBusy, match="another process"):
        await SQLite.open(tmp_path / "bot.db", Clock())


async def test_a_damaged_file_is_refused_at_the_start(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "bot.db"
    database = await SQLite.open(file, clock)
    store = Store(database, clock)
    for number in range(200):
        await store.accept([wrote(clock, who=f"49{number}", text="x" * 500)], counts)
    await database.close()
    with file.open("r+b") as pages:
        for page in range(20, 60):
            pages.seek(4096 * page + 4)
            pages.write(b"\xff" * 200)
    with pytest.raises(StoreError, match=r"bot\.db"):
        await SQLite.open(file, clock)


async def test_a_place_that_can_not_be_written_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "bot.db"):
        with pytest.raises(StoreError, match=str(place)):
            await SQLite.open(place, clock)


async def test_a_reader_can_not_write(database: SQLite) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(lambda tx: tx.run("set_setting", "a", "b"))


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    database = await SQLite.open(tmp_path / "bot.db", Clock())
    await database.close()
    with pytest.raises(StoreError, match="closed"):
        await database.write(lambda tx: tx.run("set_setting", "a", "b"))


async def test_while_it_closes_what_waits_is_kept_and_what_comes_is_refused(
        tmp_path: Path, clock: Clock) -> None:
    database = await SQLite.open(tmp_path / "bot.db", clock)
    waits = asyncio.create_task(database.write(lambda tx: tx.run("set_setting", "waits", "1")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match="closed"):
        await database.write(lambda tx: tx.run("set_setting", "comes", "1"))
    await closing
    assert await waits == 1


async def test_a_stop_that_was_not_clean_is_noticed(tmp_path: Path) -> None:
    async def opened() -> bool:
        database = await SQLite.open(tmp_path / "bot.db", Clock())
        await database.close()
        return database.unclean

    assert not await opened()
    script = ("import asyncio,os,sys,pathlib\nfrom bot.clock import Clock\n"
              "from bot.store.sqlite import SQLite\n"
              "asyncio.run(SQLite.open(pathlib.Path(sys.argv[1]), Clock())); os._exit(9)")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path / "bot.db"))
    assert await process.wait() == 9
    assert await opened()
    assert not await opened()


async def test_what_was_accepted_survives_a_kill_before_and_after_each_commit(
        tmp_path: Path) -> None:
    """The process is killed at the failpoints of the writer; nothing acknowledged is lost."""
    worker = Path(__file__).with_name("faults") / "accepting.py"
    for name in ("write.begun", "write.before_commit", "write.committed"):
        for hit in (3, 7):
            path = tmp_path / f"{name}{hit}.db"
            done = subprocess.run(
                [sys.executable, str(worker), str(path)], capture_output=True, text=True,
                env={**os.environ, "BOT_FAILPOINTS": f"{name}=kill@{hit}",
                     "PYTHONPATH": str(Path(__file__).parents[1])}, timeout=30)
            assert done.returncode == -signal.SIGKILL, done.stderr
            acknowledged = [int(line) for line in done.stdout.split()]
            database = await SQLite.open(path, Clock())
            kept = await rows(database, "select content from message where direction='in'"
                                        " order by id")
            state = await rows(database, "select state from conversation")
            replies = await rows(database, "select count(*) from message where direction='out'")
            await database.close()
            numbers = [int(content[0].rpartition('"text":"')[2].strip('"}')) for content in kept]
            assert numbers == list(range(len(numbers)))
            assert set(acknowledged) <= set(numbers)
            assert replies == [(len(numbers),)]
            assert all(str(n) in state[0][0] for n in numbers)


async def test_a_database_that_is_full_refuses_and_recovers_without_a_restart(
        database: SQLite, store: Store, clock: Clock) -> None:
    async def pages(tx: Tx, limit: int) -> None:
        tx._execute(f"pragma max_page_count={limit}")  # type: ignore[attr-defined]

    await store.accept([wrote(clock, number=0)], counts)
    await database.write(lambda tx: pages(tx, 1))  # SQLite takes the present size as the least
    refused = 0
    for n in range(1, 200):
        try:
            await store.accept([wrote(clock, number=n, text="x" * 4000)], counts)
        except StoreError:
            refused += 1
    assert refused > 100
    await database.write(lambda tx: pages(tx, 1_000_000))
    await store.accept([wrote(clock, number=999, text="after")], counts)
    (conversation,) = (await store.desk.conversations()).rows
    assert conversation.last_text == "200" or (await store.desk.snapshot(conversation.id))
    seen = (await store.desk.snapshot(conversation.id)).state["seen"]  # type: ignore[union-attr]
    assert seen[-1] == "after"
    assert len(seen) == 200 - refused + 1
