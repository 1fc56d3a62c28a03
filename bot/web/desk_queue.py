"""The lists of the desk: tickets by urgency, and every conversation."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.store.rows import Page
from bot.web.desk_pages import DESK, page

PER_PAGE = 30
_OFFSET = re.compile(r"[0-9]{1,9}")
_PLACE = re.compile(r"[0-9]{1,15}:[0-9a-z]{1,40}")


async def queue(request: web.Request) -> web.Response:
    """Open tickets, the most urgent first."""
    after = cursor(request, _OFFSET)
    store = request.app[DESK].store
    found = await store.desk.queue(after=after, limit=PER_PAGE)
    return page(request, "queue.html", current=request.query.get("current", ""),
                dead=await store.dead.count(),
                **listed("/desk", found, after))


async def conversations(request: web.Request) -> web.Response:
    """Every conversation, the latest first."""
    desk, after = request.app[DESK], cursor(request, _PLACE)
    found = await desk.store.desk.conversations(after=after, limit=PER_PAGE)
    names = {f"agent:{a.id}": a.name for a in await desk.store.desk.agents()}
    return page(request, "conversations.html", names=names,
                **listed("/desk/conversations", found, after))


def listed(path: str, found: Page[Any], after: str | None) -> dict[str, Any]:
    """What the template of a paged list needs."""
    return {"rows": found.rows, "after": after,
            "reload": path + ("?" + urlencode({"after": after}) if after else ""),
            "more": path + "?" + urlencode({"after": found.next}) if found.next else ""}


def cursor(request: web.Request, shape: re.Pattern[str]) -> str | None:
    """The place to go on from, as a page of ours wrote it; one that is not ours starts anew."""
    given = request.query.get("after", "")
    return given if shape.fullmatch(given) else None
