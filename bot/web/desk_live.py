"""The stream that tells an open page that something changed; the page then asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp_sse import EventSourceResponse

from bot.feed import TICKETS
from bot.web.desk_pages import DESK, Desk, still_signed_in

#: Times and the window are shown in minutes: an open page is never further behind.
REFRESH = 30.0
#: A sign-in that ended closes the stream within this many seconds.
CHECK = 5.0
#: Lists follow a busy front desk at this pace, whatever happens in between.
CALM = 1.0

CLOSING = web.AppKey("desk_closing", asyncio.Event)


async def stream(request: web.Request) -> web.StreamResponse:
    """`changed` at once, so that a page that lost its connection catches up, then as it happens.

    `?only=` narrows it to one conversation, or to the tickets; without it everything counts.
    """
    desk = request.app[DESK]
    only = request.query.get("only", "")
    changes: asyncio.Queue[set[str]] = asyncio.Queue(maxsize=1)
    response = EventSourceResponse(ping_interval=15)
    response.headers["Cache-Control"] = "no-store"
    await response.prepare(request)
    async with response:
        follower = asyncio.create_task(_follow(desk.feed.subscribe(), only, changes))
        try:
            await response.send("1", event="changed", retry=1_000)
            await _tell(request, desk, response, changes, calm=only in ("", TICKETS))
        except ConnectionError:
            pass  # the page was closed
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
    return response


async def _follow(feed: AsyncIterator[set[str]], only: str,
                  changes: asyncio.Queue[set[str]]) -> None:
    """Put what concerns this page into `changes`; one note is enough, however much happens."""
    async for ids in feed:
        if (not only or only in ids) and changes.empty():
            changes.put_nowait(ids)


async def _tell(request: web.Request, desk: Desk, response: EventSourceResponse,
                changes: asyncio.Queue[set[str]], *, calm: bool) -> None:
    closing = request.app[CLOSING]
    since = 0.0
    while not closing.is_set() and response.is_connected():
        before = desk.clock.offset
        waits = [asyncio.create_task(changes.get()), asyncio.create_task(closing.wait()),
                 asyncio.create_task(desk.clock.pause(CHECK))]
        done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        since = since + CHECK if waits[2] in done else since
        over = await still_signed_in(request, active=False) is None
        moved = desk.clock.offset != before
        if over or waits[0] in done or moved or since >= REFRESH:
            since = 0.0
            await response.send("1", event="changed")
        if over:
            return  # its next question is answered with the way to the sign-in page
        if calm and waits[0] in done:
            try:
                async with asyncio.timeout(CALM):
                    await closing.wait()
            except TimeoutError:
                pass  # calm enough
