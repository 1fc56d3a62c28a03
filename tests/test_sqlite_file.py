"""What can be wrong with the file of a store, and who else may hold it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.errors import StoreBusy, StoreError
from bot.store.base import Tx
from bot.store.sqlite import SQLite
from bot.store.store import Store

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def filled(file: Path, clock: Clock, messages: int = 200) -> bytes:
    """A store with some messages, closed; what is in its file."""
    store = Store(await SQLite.open(file, clock), clock)
    for number in range(messages):
        await store.accept([wrote(clock, who=f"49{number}", text="x" * 500)], counts)
    await store.close()
    return file.read_bytes()


async def test_a_flipped_byte_is_refused_with_what_to_do_or_harms_nothing_but_itself(
        tmp_path: Path, clock: Clock) -> None:
    """SQLite keeps no sums: it finds what breaks its trees, and not a letter that has changed."""
    file, dice, refused = tmp_path / "bot.db", random.Random(1), []
    good = await filled(file, clock)
    pages = len(good) // 4096
    # In the head of a page, where its cells are told of; and anywhere.
    places = [4096 * dice.randrange(1, pages) + dice.randrange(8, 24) for _ in range(20)]
    for place in [*places, *(dice.randrange(len(good)) for _ in range(20))]:
        file.write_bytes(good[:place] + bytes([good[place] ^ 0x40]) + good[place + 1:])
        try:
            database = await SQLite.open(file, clock)
        except StoreError as error:
            refused.append(str(error))
        else:
            assert await rows(database, "select count(*) from message") == [(400,)]
            await database.close()
        for left in ("-wal", "-shm"):
            file.with_name(file.name + left).unlink(missing_ok=True)
    assert len(refused) >= 15
    assert [text for text in refused if "put the last backup in its place" not in text] == []


async def test_a_large_file_is_looked_through_beside_the_work_and_refused_once_it_is_known(
        tmp_path: Path, clock: Clock, eventually: Eventually) -> None:
    file = tmp_path / "bot.db"
    good = await filled(file, clock)
    middle = len(good) // 8192 * 4096
    file.write_bytes(good[:middle] + b"\xff" * 4096 + good[middle + 4096:])
    database = await SQLite.open(file, clock, looked_through=len(good) - 1)

    async def refused() -> bool:
        try:
            await database.read(lambda tx: tx.one("setting", "clean"))
        except StoreError as error:
            return "put the last backup in its place" in str(error)
        return False

    await eventually(refused)
    with pytest.raises(StoreError, match="is damaged"):
        await database.write(lambda tx: tx.run("set_setting", "a", "b"))
    await database.close()


async def test_a_large_file_that_is_whole_is_used(
        tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "bot.db"
    size = len(await filled(file, clock, 1))
    store = Store(await SQLite.open(file, clock, looked_through=size - 1), clock)
    await store.accept([wrote(clock, number=2)], counts)
    await store.close()


async def test_the_second_process_hears_who_is_there_and_what_to_do(
        tmp_path: Path, clock: Clock) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", "import sys; from pathlib import Path; "
         "from bot.store.sqlite_file import take; held = take(Path(sys.argv[1])); "
         "print('held', flush=True); sys.stdin.read()", str(tmp_path / "bot.db")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[1])})
    assert first.stdout is not None
    assert first.stdout.readline() == b"held\n"
    with pytest.raises(StoreBusy, match=rf"another process \({first.pid}\).*PostgreSQL"):
        await SQLite.open(tmp_path / "bot.db", clock)
    first.communicate(timeout=10)
    await (await SQLite.open(tmp_path / "bot.db", clock)).close()


async def test_a_store_of_a_newer_version_is_refused(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "bot.db"
    await filled(file, clock, 1)
    with sqlite3.connect(file) as beside:
        beside.execute("insert into migration values ('9999_later.sql', 0)")
    beside.close()
    with pytest.raises(StoreError, match=r"newer version of Frontdesk \(9999_later.sql\)"):
        await SQLite.open(file, clock)


@pytest.mark.parametrize("held", [1.0, 5.5])
async def test_another_program_that_writes_is_waited_for_and_then_refused(
        tmp_path: Path, clock: Clock, held: float) -> None:
    """A second is waited for; after five, whoever asks hears that nothing was kept."""
    store = Store(await SQLite.open(tmp_path / "bot.db", clock), clock)
    beside = sqlite3.connect(tmp_path / "bot.db", isolation_level=None, check_same_thread=False)
    beside.execute("begin immediate")
    asyncio.get_running_loop().call_later(held, beside.execute, "rollback")
    refused = []
    while True:
        try:
            await store.accept([wrote(clock)], counts)
        except StoreError as error:
            refused.append(str(error))
        else:
            break
    assert len(refused) == (held > 5)
    assert all("database is locked" in text for text in refused)
    beside.close()
    assert await rows(store._db, "select count(*) from message") == [(2,)]
    await store.close()


async def test_the_log_stays_as_it_is_when_a_long_reader_has_ended(
        tmp_path: Path, clock: Clock) -> None:
    log = tmp_path / "bot.db-wal"
    store = Store(await SQLite.open(tmp_path / "bot.db", clock), clock)
    await store.accept([wrote(clock, number=0)], counts)
    beside = sqlite3.connect(f"file:{tmp_path}/bot.db?mode=ro", uri=True, isolation_level=None)
    beside.execute("begin")
    beside.execute("select count(*) from message").fetchone()

    async def write(start: int) -> int:
        for number in range(start, start + 60):
            await store.accept([wrote(clock, who=f"49{number % 9}", number=number,
                                      text="x" * 40_000)], None)
        return log.stat().st_size

    small = await write(1)
    large = await write(100)
    assert large > small * 1.5, "nothing can be taken out of it while somebody reads"
    beside.execute("rollback")
    beside.close()
    await write(200)
    for start in (300, 400, 500, 600):
        assert await write(start) <= large * 1.3
    await store.close()
    assert not log.exists()


async def test_what_the_disk_refuses_is_no_fault_of_the_event(
        tmp_path: Path, clock: Clock) -> None:
    database = await SQLite.open(tmp_path / "bot.db", clock)

    async def broken(tx: Tx) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StoreError, match="disk I/O error"):
        await database.write(broken)

    async def wrong(tx: Tx) -> None:
        raise sqlite3.IntegrityError("not null")

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(wrong)
    await database.close()
