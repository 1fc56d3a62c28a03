"""Malformed deliveries of every kind, at a bot that serves: kept or refused, never an error.

`make night` throws a hundred times as many (tests/faults/dirt.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from dirt import dirty, project, silent
from harness import Bot, Provider
from memory import reading_file, reading_server
from postgres import Server

EACH = 500


@pytest.mark.timeout(300)
@pytest.mark.parametrize("where", ["sqlite", "postgres"])
async def test_what_is_malformed_is_kept_or_refused_and_never_an_error(
        where: str, request: pytest.FixtureRequest, tmp_path: Path, sink: Provider) -> None:
    """The seed is fixed: what fails here fails again."""
    silent(sink)
    bot = Bot(tmp_path / "bot.db", sink, config=project(tmp_path))
    ask = reading_file(bot.store)
    if where == "postgres":
        server: Server = request.getfixturevalue("postgres")
        bot.url_of_store = request.getfixturevalue("postgres_url")
        ask = reading_server(server, bot.url_of_store.split("@/")[1].split("?")[0])
    await bot.start()
    try:
        assert await dirty(bot, ask, EACH, 20261122) == []
    finally:
        bot.kill()
