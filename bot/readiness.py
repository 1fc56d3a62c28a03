"""Whether this process can serve: what `/readyz` answers."""

from __future__ import annotations

import time

from bot.disk import Disk
from bot.errors import StoreError
from bot.inbox import Inbox
from bot.outbox import Outbox
from bot.store.store import Store

#: An answer is good for so long, seconds: whoever asks in a loop disturbs nobody.
FRESH = 1.0


class Readiness:
    """Looks at everything that a delivery needs, by writing to the store, too."""

    def __init__(self, store: Store, inbox: Inbox, outbox: Outbox, disk: Disk) -> None:
        self._store = store
        self._inbox = inbox
        self._outbox = outbox
        self._disk = disk
        self._asked = float("-inf")
        self._missing = ""

    async def missing(self) -> str:
        """What is missing, "" when the process can serve."""
        if time.monotonic() - self._asked < FRESH:
            return self._missing
        self._missing = await self._look()
        self._asked = time.monotonic()
        return self._missing

    async def _look(self) -> str:
        if problem := self._disk.short() or self._inbox.trouble():
            return problem
        try:
            await self._store.probe()
        except StoreError as error:
            return str(error)
        return "; ".join(f"{name}: {why}" for name, why in self._outbox.stopped.items())
