from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.clock import Clock
from bot.errors import BotError, StoreError
from bot.model import Notice
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.web import control


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    clock = Clock()
    held = Store(await SQLite.open(tmp_path / "bot.db", clock), clock)
    yield held
    await held.close()


async def test_a_running_process_is_asked_as_if_it_were_the_store(store: Store,
                                                                  tmp_path: Path) -> None:
    file = tmp_path / "bot.db.control"
    async with control.listening(store, file), control.remote(file) as remote:
        added = await remote.desk.add_agent("ana", "Ana", "hash")
        assert await remote.desk.agents() == await store.desk.agents() == [added]
        assert await remote.desk.set_agent("ana", disabled=True)
        found = await remote.desk.agent("ana")
        assert found is not None
        assert found.disabled
        assert await remote.desk.agent("nobody") is None
        assert (await remote.desk.events()).rows == []
        await remote.desk.audit("command line", "agent added", "ana")
        await store.accept([Notice("main", "malformed.message", "{}", "no id")], None)
        (letter,) = (await remote.dead.listed()).rows
        assert letter == (await store.dead.listed()).rows[0]
        with pytest.raises(BotError, match="can't be read"):
            await remote.dead.retry(letter.id, "command line")
        assert await remote.dead.skip(letter.id, "command line") is None
        with pytest.raises(BotError, match="ana"):
            await remote.desk.add_agent("ana", "Ana", "hash")
    assert not file.exists()


async def test_only_who_can_read_the_file_is_answered(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "bot.db.control"
    async with control.listening(store, file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        content = file.read_text("utf-8")
        port = int(content.split('"port": ')[1].split(",")[0])
        async with aiohttp.ClientSession() as session, session.post(
                f"http://127.0.0.1:{port}/", json={"ask": "desk.agents", "args": [], "named": {}},
                headers={"Authorization": "Bearer guessed"}) as response:
            assert response.status == 401


async def test_only_a_few_questions_are_answered(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "bot.db.control"
    async with control.listening(store, file), control.remote(file) as remote:
        with pytest.raises(StoreError, match="404"):
            await remote.ask("close")
    assert await store.desk.agents() == []


async def test_a_process_that_was_killed_leaves_a_door_that_says_so(tmp_path: Path) -> None:
    file = tmp_path / "bot.db.control"
    with pytest.raises(StoreError, match="stop it first"):
        async with control.remote(file):
            pass
    file.write_text('{"port": 1, "key": "x"}', "utf-8")
    async with control.remote(file) as remote:
        with pytest.raises(StoreError, match="does not answer"):
            await remote.desk.agents()
