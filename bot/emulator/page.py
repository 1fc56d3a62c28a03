"""The phone in the browser: its page, its static files, its socket and the files of the chats."""

from __future__ import annotations

import asyncio
import hashlib
import json
import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from urllib.parse import quote

import jinja2
from aiohttp import WSMsgType, web

from bot.emulator.api import now, same_site
from bot.emulator.emulator import EMULATOR, Emulator
from bot.emulator.media import plain
from bot.emulator.settings import Json

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
          "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
          "base-uri 'none'")

#: What a browser may show in place; everything else is saved to disk.
INLINE = {"image/jpeg", "image/png", "image/webp", "image/gif", "audio/aac", "audio/amr",
          "audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm", "video/mp4", "video/3gpp",
          "video/webm"}

_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Page:
    """What the package ships, read once."""

    def __init__(self) -> None:
        home = resources.files("bot.emulator")
        self._static = {item.name: _static(item) for item in (home / "static").iterdir()
                        if item.is_file()}
        # A page that is a string needs no loader; autoescape is what matters.
        environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                         undefined=jinja2.StrictUndefined)
        self._page = environment.from_string((home / "pages" / "phone.html")
                                             .read_text(encoding="utf-8"))

    def routes(self) -> list[web.RouteDef]:
        """Every path that a browser asks for."""
        return [web.get("", self.phone), web.get("/", self.phone),
                web.get("/static/{name}", self.static), web.get("/files/{id}", file),
                web.get("/socket", socket)]

    async def phone(self, request: web.Request) -> web.Response:
        settings = request.app[EMULATOR].settings
        # Links are relative, so that the page works under any prefix and behind any proxy: from
        # `/emulator` they have to go into the folder, from `/emulator/` they are in it already.
        root = "" if request.path.endswith("/") else request.path.rsplit("/", 1)[-1] + "/"
        text = self._page.render(root=root, business=settings.business_name,
                                 number=settings.display_phone_number, hints=settings.hints)
        return web.Response(text=text, content_type="text/html", headers={
            **_HEADERS, "Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    async def static(self, request: web.Request) -> web.Response:
        found = self._static.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, mime_type, tag = found
        headers = {**_HEADERS, "ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers={**headers, "Content-Type": mime_type})


def _static(item: Traversable) -> tuple[bytes, str, str]:
    body = item.read_bytes()
    # Not left to the machine: some Windows registries say that .js is text/plain.
    known = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    mime_type = known.get(item.name.rsplit(".", 1)[-1]) or mimetypes.guess_type(item.name)[0]
    text = mime_type and not mime_type.startswith("image/")
    return (body, f"{mime_type or 'application/octet-stream'}{'; charset=utf-8' if text else ''}",
            f'"{hashlib.sha256(body).hexdigest()[:16]}"')


async def file(request: web.Request) -> web.Response:
    """A file of a chat, for the page; scripts in it have nowhere to run."""
    found = request.app[EMULATOR].media.get(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound
    inline = plain(found.mime_type) in INLINE
    # The same file may have gone out under another name than it came in with.
    name = quote(request.query.get("name") or found.name or "file", safe="")
    headers = {**_HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'",
               "Content-Type": found.mime_type if inline else "application/octet-stream",
               "Content-Disposition": f"{'inline' if inline else 'attachment'}; "
                                      f"filename*=UTF-8''{name}",
               "Cache-Control": "private, max-age=3600", "Accept-Ranges": "bytes"}
    size = len(found.data)
    try:
        wanted = request.http_range
    except ValueError:
        wanted = slice(None)
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=found.data, headers=headers)
    # Browsers tell how long a recording is only when they may ask for its end.
    start, stop, _ = wanted.indices(size)
    if start >= stop:
        return web.Response(status=416, headers={**_HEADERS, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return web.Response(status=206, body=found.data[start:stop], headers=headers)


def _hello(emulator: Emulator) -> Json:
    """Everything a page has to know when it starts."""
    return {"type": "hello", "clock": now(emulator.clock),
            "business": {"name": emulator.settings.business_name,
                         "number": emulator.settings.display_phone_number},
            "webhook": emulator.deliveries.state,
            "customers": [{**chat.as_json(),
                           "messages": [message.as_json() for message in chat.messages]}
                          for chat in emulator.chats]}


async def socket(request: web.Request) -> web.StreamResponse:
    """Tells a page what changes, and hears from it which chats are on the screen."""
    if not same_site(request):
        raise web.HTTPForbidden
    emulator = request.app[EMULATOR]
    answer = web.WebSocketResponse(heartbeat=20.0, max_msg_size=10_000)
    await answer.prepare(request)
    with emulator.chats.listen() as changes:
        await answer.send_json(_hello(emulator))
        sender = asyncio.create_task(_send(answer, changes))
        try:
            async for message in answer:
                if message.type is WSMsgType.TEXT:
                    emulator.receipts.show(answer, _shown(message.data))
        finally:
            emulator.receipts.show(answer, frozenset())
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
    return answer


async def _send(answer: web.WebSocketResponse, changes: asyncio.Queue[Json | None]) -> None:
    while (event := await changes.get()) is not None:
        await answer.send_json(event)
    await answer.close()


def _shown(text: str) -> frozenset[str]:
    try:
        names = json.loads(text)["shown"]
        return frozenset(name for name in names if isinstance(name, str))
    except (ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
