"""PgBouncer between the processes and PostgreSQL, handing connections out by transaction."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from harness import free_port
from postgres import UP, Server, user
from side_by_side import processes, seen
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.errors import StoreError
from bot.store.rows import Outcome

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
BOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")

pytestmark = pytest.mark.skipif(BOUNCER is None, reason="pgbouncer is not installed")


@pytest.fixture
def pooled(tmp_path: Path, postgres: Server, postgres_url: str) -> Iterator[str]:
    """The address of an empty store by a pooler with fewer connections than the processes have."""
    assert BOUNCER is not None
    who, port = user() or "", free_port()
    name = postgres_url.partition("@/")[2].partition("?")[0]
    folder = tmp_path / "pooler"
    folder.mkdir()
    (folder / "users").write_text(f'"{postgres_url.split("//")[1].split("@")[0]}" ""\n')
    (folder / "ini").write_text(f"""[databases]
{name} = host={postgres.folder} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
logfile = {folder}/log
""")
    if who:
        for each in (folder, *folder.iterdir()):
            shutil.chown(each, who)
        for parent in folder.parents:  # pytest keeps its folders to itself
            if not (mode := parent.stat().st_mode) & 0o001:
                parent.chmod(mode | 0o011)
    process = subprocess.Popen([BOUNCER, "-q", str(folder / "ini")], user=who or None, cwd="/",
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + UP
    while subprocess.run([postgres.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
                         check=False).returncode:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline
    account = postgres_url.split("//")[1].split("@")[0]
    yield f"postgresql://{account}@127.0.0.1:{port}/{name}?statement_cache_size=0"
    process.kill()
    process.wait()


async def test_many_processes_work_through_a_pooler(
        pooled: str, postgres: Server, clock: Clock) -> None:
    async with processes(pooled, clock, 3) as stores:
        (send,) = (await stores[0].accept([wrote(clock, number=0)], counts)).sends
        await stores[0].settle([Outcome(send, "sent", "wamid.0")])
        await asyncio.gather(*(stores[n % 3].accept([wrote(clock, number=n)], counts)
                               for n in range(1, 60)))
        assert len(await seen(stores[0])) == 60
        await asyncio.gather(*(stores[n % 3].accept([wrote(clock, "492", n)], counts)
                               for n in range(24)))  # somebody new, in three processes at once
        assert await rows(stores[1]._db, "select count(*) from contact") == [(2,)]
        await stores[2].recover(lambda *_: True)
        await stores[1].tell("a hint that nobody hears")
        assert await rows(stores[0]._db, "select count(*) from pg_locks "
                                         "where locktype = 'advisory'") == [(0,)]
        assert await rows(stores[0]._db, "select current_setting('lock_timeout')") == [("0",)]


async def test_connections_that_the_server_ends_behind_the_pooler_lose_nothing(
        pooled: str, postgres: Server, postgres_url: str, clock: Clock,
        eventually: Eventually) -> None:
    name = postgres_url.partition("@/")[2].partition("?")[0]
    kept = 0
    async with processes(pooled, clock, 2) as stores:

        async def work() -> None:
            nonlocal kept
            for n in range(60):
                while True:  # as the provider does
                    try:
                        await stores[n % 2].accept([wrote(clock, f"49{n % 3}", n)], counts)
                    except StoreError:
                        continue
                    break
                kept += 1

        working = asyncio.create_task(work())
        for enough in (5, 15, 25, 35, 45):

            async def so_many(enough: int = enough) -> bool:
                return kept >= enough

            await eventually(so_many)
            await asyncio.to_thread(
                postgres.sql, "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                f" where datname = '{name}'")
        await working
        assert await rows(stores[0]._db, "select count(*) from message where direction = 'in'"
                          ) == [(60,)]
