"""What many tests stand on: a real store in a temporary folder, and a clock that they move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.store.sqlite import SQLite
from bot.store.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path, clock: Clock) -> AsyncIterator[SQLite]:
    opened = await SQLite.open(tmp_path / "bot.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: SQLite, clock: Clock) -> Store:
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
