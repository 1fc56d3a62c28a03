"""Accepts numbered messages of one person and prints each number once it is acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from storing import counts, wrote

from bot.clock import Clock
from bot.store.sqlite import SQLite
from bot.store.store import Store


async def main() -> None:
    clock = Clock()
    database = await SQLite.open(Path(sys.argv[1]), clock)
    store = Store(database, clock)
    for n in range(20):
        await store.accept([wrote(clock, number=n, text=str(n))], counts)
        print(n, flush=True)
    await database.close()


asyncio.run(main())
