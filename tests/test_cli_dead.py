from __future__ import annotations

import json
from pathlib import Path

import pytest
from storing import wrote
from test_cli import bot, project
from test_store_dead import bury

from bot.clock import Clock
from bot.store.sqlite import SQLite
from bot.store.store import Store

__all__ = ["project"]


@pytest.fixture
async def letters(project: Path, clock: Clock) -> list[str]:
    """Two events that were put aside, the newest first."""
    database = await SQLite.open(project / "data" / "bot.db", clock)
    store = Store(database, clock)
    await bury(store, clock, "poison", 1)
    await bury(store, clock, "venom", 2)
    await store.accept([wrote(clock, number=3)], None)
    found = [each.id for each in (await store.dead.listed()).rows]
    await database.close()
    return found


def test_dead_letters_are_listed_tried_again_and_closed(
        project: Path, letters: list[str]) -> None:
    listed = bot("db", "dead", "list", "--json", at=project)
    rows = json.loads(listed.stdout)
    assert [row["id"] for row in rows] == letters
    assert rows[1]["text"] == "poison"
    assert "can't stand poison" in rows[1]["error"]
    assert rows[1]["attempts"] == 5
    assert 0 <= rows[1]["age_ms"] < 60_000
    shown = bot("db", "dead", "list", at=project)
    assert all(letter in shown.stdout for letter in letters)
    retried = bot("db", "dead", "retry", letters[1], "nonsense", at=project)
    assert retried.returncode == 1
    assert f"{letters[1]} waits to be handled again." in retried.stdout
    assert "there is no dead letter nonsense" in retried.stdout
    skipped = bot("db", "dead", "skip", letters[0], at=project)
    assert (skipped.returncode, skipped.stdout) == (0, f"{letters[0]} is closed.\n")
    assert bot("db", "dead", "list", at=project).stdout == "There are no dead letters.\n"
