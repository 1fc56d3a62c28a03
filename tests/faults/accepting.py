"""Accepts numbered messages and prints each number once it is acknowledged.

    python accepting.py STORE [COUNT] [PEOPLE] [CHARACTERS OF EACH]
"""

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
    count, people, length = (int(word) for word in sys.argv[2:] or ("20", "1", "0"))
    for n in range(count):
        text = "." * length + str(n)
        await store.accept([wrote(clock, who=f"49{n % people}", number=n, text=text)], counts)
        print(n, flush=True)
    await database.close()


asyncio.run(main())
