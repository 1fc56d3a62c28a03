"""Upgrades of a store with work pending, and upgrades that are killed (all: faults/upgrading)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from postgres import Server
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.store.postgres import Postgres
from bot.store.sqlite import SQLite
from bot.store.store import Store

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from upgrading import after_a_kill, faults, first_postgres, first_sqlite, steps


async def test_everything_pending_in_a_store_of_the_first_version_is_finished_once(
        tmp_path: Path, clock: Clock) -> None:
    await first_sqlite(tmp_path / "bot.db", clock)
    database = await SQLite.open(tmp_path / "bot.db", clock)
    assert await faults(database, clock) == []


async def test_everything_pending_in_a_database_of_the_first_version_is_finished_once(
        postgres: Server, clock: Clock) -> None:
    database = await Postgres.open(await first_postgres(postgres, clock), clock)
    assert await faults(database, clock) == []


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
async def test_an_upgrade_that_is_killed_goes_on_at_the_next_start(
        tmp_path: Path, place: float, pending: bool) -> None:
    step = 1 + int((steps("sqlite", done=int(pending)) - 1) * place)
    assert await after_a_kill(tmp_path, None, step, pending=pending) == []


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
async def test_an_upgrade_of_postgresql_that_is_killed_goes_on_at_the_next_start(
        tmp_path: Path, postgres: Server, place: float) -> None:
    step = 1 + int((steps("postgres", done=1) - 1) * place)
    assert await after_a_kill(tmp_path, postgres, step, pending=True) == []


async def test_a_process_works_on_tables_that_a_newer_one_has_changed(
        postgres: Server, postgres_url: str, clock: Clock,
        caplog: pytest.LogCaptureFixture) -> None:
    """While a fleet is brought up to date a worker of the old version may die and start again."""
    name = postgres_url.partition("@/")[2].partition("?")[0]
    old = Store(await Postgres.open(postgres_url, clock), clock)
    postgres.sql("insert into migration values ('9999_later.sql', 0); "
                 "alter table conversation add column mood text not null default ''; "
                 "create table later (id text)", name)
    again = Store(await Postgres.open(postgres_url, clock), clock)
    assert "the store is newer than this program" in caplog.text
    for n, store in enumerate((old, again, old, again)):
        await store.accept([wrote(clock, number=n)], counts)
    assert await rows(old._db, "select count(*) from turn") == [(4,)]
    for store in (old, again):
        await store.close()
