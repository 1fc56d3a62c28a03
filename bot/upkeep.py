"""What is looked after when nothing else is to do: the end of what was kept, dead letters."""

from __future__ import annotations

import asyncio
import logging
import time

from bot.clock import Clock
from bot.store.store import Store

log = logging.getLogger(__name__)

#: Looked at so often, seconds.
TICK = 60.0
#: Of its time pruning takes one part in so many; the rest is for those who wait.
SHARE = 5


class Upkeep:
    """Lets go of what has been kept long enough; one process at a time does."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look after things until cancelled."""
        while True:
            if await self._store.pruning.claim():
                await self.look()
            await self._clock.pause(TICK)

    async def look(self) -> None:
        """Once through everything."""
        if dead := await self._store.dead.count():
            log.error("dead letters", extra={"count": dead})
        for kind in self._store.pruning.kinds:
            more = True
            while more:
                began = time.monotonic()
                more = await self._store.pruning.batch(kind)
                if more:
                    await asyncio.sleep(SHARE * (time.monotonic() - began))
        await self._store.versions.prune()
        more = True
        while more:
            more = await self._store.pruning.shrink()
            await asyncio.sleep(0)
