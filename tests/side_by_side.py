"""Stores on one PostgreSQL that know nothing of each other: what processes are to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.clock import Clock
from bot.store.postgres import Postgres
from bot.store.store import Store

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@asynccontextmanager
async def processes(url: str, clock: Clock, count: int = 2,
                    **more: Any) -> AsyncIterator[list[Store]]:
    """So many stores on one database, each with connections of its own."""
    made = [Store(await Postgres.open(url, clock), clock, unknown_after=1_000, **more)
            for _ in range(count)]
    yield made
    for store in made:
        await store.close()


async def only(store: Store) -> str:
    (row,) = (await store.desk.conversations()).rows
    return row.id


async def seen(store: Store) -> list[str]:
    snapshot = await store.desk.snapshot(await only(store))
    assert snapshot is not None
    found: list[str] = snapshot.state.get("seen", [])
    return found
