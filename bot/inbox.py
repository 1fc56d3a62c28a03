"""What came in and waits: admission, and the worker that takes turns on the slow path."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from bot.disk import Disk
from bot.engine import Engine
from bot.errors import Overloaded, StoreError
from bot.model import Item
from bot.store.store import Store

log = logging.getLogger(__name__)

#: Deliveries that the store has in hand at once; so many more may wait for their turn, for so
#: many seconds. One more, or one that waited for longer, is told to come again.
AT_STORE, WAITING, PATIENCE = 64, 256, 2.0
#: For so many seconds a delivery that could not be kept is held against the process.
GRUDGE = 10.0
#: Conversations whose turns are taken side by side.
AT_ONCE = 64
#: Those in whose turn a process ended, so many after each look at the others; all of them.
ALONE, EVERY = 8, 10_000
#: The inbox is looked at so often even when nobody says that something waits, seconds.
POLL = 0.5
#: After an unclean stop every event takes the slow path for so long, seconds: an event that
#: killed the process before must not kill it again and again.
CAREFUL = 60.0


class Inbox:
    """The door: everything that happens comes in here."""

    def __init__(self, engine: Engine, store: Store, disk: Disk) -> None:
        self._engine = engine
        self._store = store
        self._disk = disk
        self._at_store = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._trouble = (float("-inf"), "")

    async def accept(self, items: Sequence[Item]) -> None:
        """Keep a delivery; it is durable when this returns. Raises `Overloaded`, `StoreError`."""
        if short := self._disk.short():
            raise Overloaded(short)
        await self._enter()
        try:
            await self._engine.accept(items)
        except StoreError as error:
            self._trouble = time.monotonic(), str(error)
            raise
        finally:
            self._leave()

    def trouble(self) -> str:
        """Why a delivery could not be kept a moment ago."""
        at, why = self._trouble
        return why if time.monotonic() - at < GRUDGE else ""

    async def _enter(self) -> None:
        if self._at_store < AT_STORE:
            self._at_store += 1
            return
        if len(self._waiting) >= WAITING:
            raise Overloaded
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(PATIENCE):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self._leave()  # its turn came at the same moment
            else:
                self._waiting.remove(place)
            if isinstance(error, TimeoutError):
                raise Overloaded from None
            raise

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._at_store -= 1

    async def run(self) -> None:
        """Take the turns of conversations with something waiting, until cancelled."""
        if self._store.unclean:
            self._engine.fast = False
            if self._store.shared:
                await self._store.caution.call(int(CAREFUL * 1000))
            else:
                asyncio.get_running_loop().call_later(CAREFUL, self._trust)
        looked = float("-inf")
        while True:
            if self._store.shared and time.monotonic() - looked >= POLL:
                looked = time.monotonic()
                self._engine.fast = not await self._store.caution.called()
            wake = self._engine.inbox_wake
            wake.clear()
            suspects = await self._suspects()
            async with asyncio.TaskGroup() as group:  # their units share commits
                for conversation in await self._store.ready(AT_ONCE):
                    if conversation not in suspects:
                        group.create_task(self._engine.drain(conversation))
            for conversation in suspects[:ALONE]:
                await self._engine.drain(conversation)
            if len(suspects) > ALONE:  # those who came meanwhile first, and then the rest of them
                continue
            try:
                async with asyncio.timeout(POLL):
                    await wake.wait()
            except TimeoutError:
                continue

    async def _suspects(self) -> list[str]:
        """Conversations in whose turn a process ended. Each is tried alone: of many that were in
        hand at most one can have been the reason, and the others must not be put aside with it.
        """
        return await self._store.ready(EVERY, suspects=True)

    def _trust(self) -> None:
        self._engine.fast = True
