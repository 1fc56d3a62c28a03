"""`bot doctor --verify` as an operator asks it: beside a bot that serves, and of other stores."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from harness import Bot, Person, Provider

from bot.clock import Clock
from bot.store.postgres import Postgres
from bot.store.sqlite import SQLite


@dataclass(frozen=True)
class Asked:
    """A bot that may run on a store, the store, and the doctor of its project."""

    bot: Bot

    def doctor(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", "doctor", "--verify", "--config", str(self.bot.config),
             *options], capture_output=True, text=True, check=False,
            env={**os.environ, **self.bot.environment()})

    def found(self, *options: str) -> tuple[int, dict[str, object]]:
        """The exit code and what `--json` says."""
        done = self.doctor("--json", *options)
        return done.returncode, json.loads(done.stdout)

    async def make(self) -> None:
        """An empty store with all its tables."""
        opened = (await Postgres.open(self.bot.url_of_store, Clock()) if self.bot.url_of_store else
                  await SQLite.open(self.bot.store, Clock()))
        await opened.close()

    async def change(self, statement: str) -> None:
        if self.bot.url_of_store:
            connection = await asyncpg.connect(self.bot.url_of_store)
            await connection.execute(statement)
            await connection.close()
        else:
            with contextlib.closing(sqlite3.connect(self.bot.store, timeout=10)) as store:
                store.execute(statement)
                store.commit()


@pytest.fixture(params=["sqlite", "postgres"])
def asked(request: pytest.FixtureRequest, sink: Provider, tmp_path: Path) -> Iterator[Asked]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    bot = Bot(tmp_path / "bot.db", sink, url_of_store=url)
    yield Asked(bot)
    if bot.process is not None and not bot.dead:
        bot.kill()


@pytest.mark.timeout(120)
async def test_beside_a_bot_that_serves_it_reads_on_and_sees_what_is_planted(
        asked: Asked, tmp_path: Path) -> None:
    await asked.bot.start()
    async with aiohttp.ClientSession() as session:
        person = Person("491", asked.bot, session)
        await person.walk(1, time.monotonic() + 60)
        code, report = asked.found()
        assert (code, report["violations"], report["count"]) == (0, [], 0)
        assert report["examined"]["conversations"] == 1  # type: ignore[index]
        await asked.change("update conversation set rev = rev + 1, in_seq = in_seq + 1")
        acks = tmp_path / "acks"
        acks.write_text("".join(f'{{"id": "{each}"}}\n' for each in
                                [*person.acknowledged, "wamid.never"]))
        done = asked.doctor("--acks", str(acks))
        assert done.returncode == 1, done.stderr
        assert [line[:4] for line in done.stdout.splitlines()[:2]] == ["G4  ", "G1  "]
        assert "wamid.never: it was acknowledged" in done.stdout
        assert done.stdout.splitlines()[-1] == "2 violations"
        await person.walk(1, time.monotonic() + 60)  # nobody was disturbed
    assert asked.bot.stop() == 0


async def test_an_empty_store_has_nothing_wrong(asked: Asked) -> None:
    await asked.make()
    code, report = asked.found("--settled")
    assert (code, report["violations"]) == (0, [])
    assert set(report["examined"].values()) == {0}  # type: ignore[attr-defined]


async def test_a_store_of_an_older_version_or_none_is_not_judged(asked: Asked) -> None:
    if asked.bot.url_of_store:
        await asked.change("drop table migration")
    none = asked.doctor("--json")
    assert (none.returncode, none.stdout) == (1, "")
    assert "can't be read" in none.stderr
    await asked.make() if not asked.bot.url_of_store else await asked.change(
        'create table migration (name text collate "C" primary key, at bigint)')
    await asked.change("delete from migration where name like '0004%'")
    old = asked.doctor()
    assert (old.returncode, old.stdout) == (1, "")
    assert "bot db upgrade" in old.stderr
    assert "Traceback" not in none.stderr + old.stderr
