from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bot.feed import TICKETS, Feed


async def listening(feed: Feed) -> tuple[AsyncIterator[set[str]], asyncio.Task[set[str]]]:
    """A subscriber, and what it will hear next."""
    stream = feed.subscribe()
    heard = asyncio.ensure_future(anext(stream))
    while not feed._subscribers:
        await asyncio.sleep(0)
    return stream, heard


async def test_who_listens_hears_what_changed() -> None:
    feed = Feed()
    _, heard = await listening(feed)
    feed.publish(["c1", TICKETS])
    assert await heard == {"c1", TICKETS}


async def test_a_slow_listener_hears_everything_at_once_and_nothing_twice() -> None:
    feed = Feed()
    stream, heard = await listening(feed)
    feed.publish(["c1"])
    assert await heard == {"c1"}
    for changed in (["c2"], ["c3", "c2"], []):
        feed.publish(changed)
    assert await anext(stream) == {"c2", "c3"}
    feed.publish(["c4"])
    assert await anext(stream) == {"c4"}


async def test_who_has_gone_is_forgotten() -> None:
    feed = Feed()
    _, heard = await listening(feed)
    heard.cancel()
    await asyncio.gather(heard, return_exceptions=True)
    assert feed._subscribers == set()
