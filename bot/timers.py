"""Time: timers and the reminder before the window closes, fired when they are due."""

from __future__ import annotations

import asyncio

from bot.clock import Clock
from bot.engine import Engine
from bot.store.store import Store

#: A jump of the clock is noticed within so many seconds.
TICK = 1.0
#: So many events are made in one go, and in a second: what comes due together - after a stop, after
#: a jump of the clock - must not keep the customers of this moment waiting.
AT_ONCE, PER_SECOND = 20, 100


class Timers:
    """Looks for what is due; asks the store only when something can be."""

    def __init__(self, engine: Engine, store: Store, clock: Clock) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Fire until cancelled."""
        wake = self._engine.timers_wake
        due = await self._store.next_due()
        while True:
            if wake.is_set() or self._store.shared:  # others arm timers too
                wake.clear()
                due = await self._store.next_due()
            if due is not None and due <= self._clock.now():
                fired = await self.look()
                due = await self._store.next_due()
                if fired:
                    if due is not None and due <= self._clock.now():
                        await asyncio.sleep(AT_ONCE / PER_SECOND)
                    continue
                # What is due stands in a conversation that another process holds just now.
            await self._clock.pause(TICK)

    async def look(self) -> bool:
        """Make events of what is due, of so much as goes in one go; False: of nothing."""
        work = await self._store.fire(AT_ONCE)
        self._engine.follow(work)
        return work.waiting
