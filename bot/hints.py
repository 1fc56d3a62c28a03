"""What processes that share a store tell each other, so that nobody has to wait for a look.

A hint may get lost: everything that it speeds up is found by looking, too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping

from bot.clock import real_now
from bot.errors import StoreError
from bot.feed import TICKETS, Feed
from bot.ids import stamp
from bot.store.base import dump, load
from bot.store.store import Store
from bot.store.work import Work

log = logging.getLogger(__name__)

#: Hints are gathered for so long, seconds: one for many units.
GATHER = 0.05
#: Ids in one hint; PostgreSQL takes 8,000 bytes.
IDS = 250
#: Pages that somebody watches are looked after so often even without a hint, seconds.
LOOK = 2.0
#: A look goes so far back (ms), for the clocks of hosts differ.
OVERLAP = 5_000


class Hints:
    """Tells the other processes what this one has done, and listens to them."""

    def __init__(self, store: Store, feed: Feed, roles: Collection[str],
                 wakes: Mapping[str, asyncio.Event]) -> None:
        """`wakes`: the workers here that a hint may wake, by their role."""
        self._store = store
        self._feed = feed
        self._roles = roles
        self._wakes = wakes
        self._changed: set[str] = set()
        self._wanted: set[str] = set()
        self._due = asyncio.Event()

    def tell(self, work: Work) -> None:
        """Let the others know of a committed unit, soon."""
        if not work.changed and not work.tickets and not work.waiting:
            return
        self._changed |= work.changed
        if work.tickets:
            self._changed.add(TICKETS)
        if work.waiting and "inbox" not in self._roles:
            self._wanted.add("inbox")
        if work.changed and "outbox" not in self._roles:
            self._wanted.add("outbox")
        self._due.set()

    async def run(self) -> None:
        """Tell, listen and look until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._store.listen(self._heard))
            group.create_task(self._send())
            group.create_task(self._look())

    async def _send(self) -> None:
        while True:
            await self._due.wait()
            await asyncio.sleep(GATHER)
            self._due.clear()
            changed, self._changed = list(self._changed), set()
            wanted, self._wanted = sorted(self._wanted), set()
            try:
                for start in range(0, len(changed) or 1, IDS):
                    await self._store.tell(dump({"by": self._store.holder, "wake": wanted,
                                                 "changed": changed[start:start + IDS]}))
            except StoreError as error:
                log.info("hint lost", extra={"error": str(error)})

    def _heard(self, text: str) -> None:
        hint = load(text)
        if hint["by"] == self._store.holder:
            return
        self._feed.publish(hint["changed"])
        for role in hint["wake"]:
            if role in self._wakes:
                self._wakes[role].set()

    async def _look(self) -> None:
        while True:
            before = real_now()
            await asyncio.sleep(LOOK)
            if self._feed.watched:
                try:
                    found = await self._store.touched(stamp(before - OVERLAP))
                except StoreError:
                    continue
                if found:  # perhaps in a way that moves the list of tickets, too
                    self._feed.publish((*found, TICKETS))
