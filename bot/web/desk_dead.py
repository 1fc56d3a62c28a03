"""Dead letters at the desk: what could not be handled, why, and what to do with it."""

from __future__ import annotations

import re

from aiohttp import web

from bot.errors import BotError
from bot.feed import TICKETS
from bot.web.desk_pages import DESK, agent, failure, page
from bot.web.desk_queue import PER_PAGE, cursor, listed

_ID = re.compile(r"[0-9a-z]{1,40}")


async def show(request: web.Request) -> web.Response:
    """All of them, the newest first."""
    after = cursor(request, _ID)
    found = await request.app[DESK].store.dead.listed(after=after, limit=PER_PAGE)
    return page(request, "dead.html", **listed("/desk/dead", found, after))


async def act(request: web.Request) -> web.Response:
    """Try one again, or close it. One that is no longer there is a 409."""
    desk, id_ = request.app[DESK], request.match_info["letter"]
    who = f"agent:{agent(request).id}"
    try:
        if request.match_info["action"] == "retry":
            conversation: str | None = await desk.store.dead.retry(id_, who)
        elif request.match_info["action"] == "skip":
            conversation = await desk.store.dead.skip(id_, who)
        else:
            raise web.HTTPNotFound
    except BotError:
        return failure(request, 409, "Somebody has decided about this one already.")
    desk.engine.inbox_wake.set()
    desk.feed.publish((TICKETS,) if conversation is None else (conversation, TICKETS))
    raise web.HTTPSeeOther("/desk/dead")
