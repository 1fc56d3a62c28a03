"""What came in and waits: admission, and the worker that takes turns on the slow path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.engine import Engine
from bot.errors import Overloaded
from bot.model import Item
from bot.store.store import Store

log = logging.getLogger(__name__)

#: Deliveries that may wait for the store at once; one more is told to come again.
ADMITTED = 320
#: Conversations whose turns are taken side by side.
AT_ONCE = 64
#: The inbox is looked at so often even when nobody says that something waits, seconds.
POLL = 0.5
#: After an unclean stop every event takes the slow path for so long, seconds: an event that
#: killed the process before must not kill it again and again.
CAREFUL = 60.0


class Inbox:
    """The door: everything that happens comes in here."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._admitted = 0

    async def accept(self, items: Sequence[Item]) -> None:
        """Keep a delivery; it is durable when this returns. Raises `Overloaded`, `StoreError`."""
        if self._admitted >= ADMITTED:
            raise Overloaded
        self._admitted += 1
        try:
            await self._engine.accept(items)
        finally:
            self._admitted -= 1

    async def run(self) -> None:
        """Take the turns of conversations with something waiting, until cancelled."""
        if self._store.unclean:
            self._engine.fast = False
            asyncio.get_running_loop().call_later(CAREFUL, self._trust)
        while True:
            wake = self._engine.inbox_wake
            wake.clear()
            async with asyncio.TaskGroup() as group:  # their units share commits
                for conversation in await self._store.ready(AT_ONCE):
                    group.create_task(self._engine.drain(conversation))
            try:
                async with asyncio.timeout(POLL):
                    await wake.wait()
            except TimeoutError:
                continue

    def _trust(self) -> None:
        self._engine.fast = True
