"""Who wants to know that something changed: the desk's live pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

#: Published beside conversation ids when a ticket opened, moved or closed.
TICKETS = "tickets"


class Feed:
    """Tells subscribers which conversations changed. A slow one gets them joined, never lost."""

    def __init__(self) -> None:
        self._subscribers: set[_Subscriber] = set()

    def publish(self, ids: Iterable[str]) -> None:
        """Tell everybody who listens."""
        if self._subscribers and (changed := set(ids)):
            for subscriber in self._subscribers:
                subscriber.changed |= changed
                subscriber.wake.set()

    @property
    def watched(self) -> bool:
        """Does anybody listen?"""
        return bool(self._subscribers)

    async def subscribe(self) -> AsyncIterator[set[str]]:
        """Sets of ids of conversations that changed since the last one, and `TICKETS`."""
        subscriber = _Subscriber()
        self._subscribers.add(subscriber)
        try:
            while True:
                await subscriber.wake.wait()
                subscriber.wake.clear()
                changed, subscriber.changed = subscriber.changed, set()
                yield changed
        finally:
            self._subscribers.discard(subscriber)


class _Subscriber:
    __slots__ = ("changed", "wake")

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.wake = asyncio.Event()
