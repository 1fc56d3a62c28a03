"""The desk: the pages at /desk where agents take conversations over from the bot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from bot.errors import StoreError
from bot.web import auth, desk_dead, desk_live, desk_media, desk_queue, desk_sign_in, desk_thread
from bot.web.desk_pages import (
    CSP,
    DESK,
    SIGNED_IN,
    Desk,
    failure,
    is_partial,
    statics,
    still_signed_in,
)

__all__ = ["Desk", "setup"]

log = logging.getLogger(__name__)

#: Routes that anybody may use; every other one needs a signed-in agent.
PUBLIC = frozenset({"sign_in", "static"})

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def setup(app: web.Application, desk: Desk) -> None:
    """Serve the desk under /desk of `app`."""
    part = web.Application(middlewares=[_failures, _guard], client_max_size=1 << 20)
    part[DESK] = desk
    part[desk_sign_in.PASSWORDS] = auth.Passwords()
    part[desk_sign_in.TRIES] = auth.Tries(desk.real.now)
    part[desk_live.CLOSING] = asyncio.Event()
    part.on_response_prepare.append(_headers)
    part.on_shutdown.append(_close_streams)
    part.add_routes([
        web.get("", desk_queue.queue),
        web.get("/conversations", desk_queue.conversations),
        web.get("/dead", desk_dead.show),
        web.post("/dead/{letter}/{action}", desk_dead.act),
        web.get("/c/{conversation}", desk_thread.show),
        web.get("/c/{conversation}/older", desk_thread.older),
        web.get("/c/{conversation}/live", desk_thread.live),
        web.post("/c/{conversation}/{action}", desk_thread.act),
        web.get("/feed", desk_live.stream, name="feed"),
        web.get("/media/{message}", desk_media.media),
        web.get("/sign-in", desk_sign_in.show, name="sign_in"),
        web.post("/sign-in", desk_sign_in.sign_in, name="sign_in"),
        web.post("/sign-out", desk_sign_in.sign_out),
        web.get("/static/{name}", _static, name="static"),
    ])
    app.add_subapp("/desk", part)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Deny by default: nobody gets further without a sign-in, no form without its token."""
    desk = request.app[DESK]
    route = request.match_info.route.name
    if route in PUBLIC:
        return await handler(request)
    # What a page asks on its own keeps nobody signed in who has left the desk.
    active = route != "feed" and "Desk-Live" not in request.headers
    who = await still_signed_in(request, active=active)
    if who is None:
        return _to_sign_in(request)
    request[SIGNED_IN] = who
    if request.method not in ("GET", "HEAD"):
        ours = auth.from_our_pages(request, desk.public_url)
        if not ours or not auth.same((await auth.read_form(request)).get("csrf", ""), who.csrf):
            return failure(request, 403, "This form did not come from this page, or the page is "
                                         "out of date. Reload it and try again.")
    return await handler(request)


def _to_sign_in(request: web.Request) -> web.Response:
    """To the sign-in page and back here; an open page is told to go there as a whole."""
    if request.method in ("GET", "HEAD") and not is_partial(request):
        if request.headers.get("Accept", "").startswith("text/event-stream"):
            return web.Response(status=401)
        here = request.path_qs
        return web.Response(status=303, headers={"Location": _sign_in_then(here)})
    if is_partial(request):
        page = request.headers.get("HX-Current-URL", "")
        here = page[page.find("/desk"):] if "/desk" in page else "/desk"
        return web.Response(status=401, headers={"HX-Redirect": _sign_in_then(here)})
    return failure(request, 401, "You are no longer signed in. Sign in and try again.")


def _sign_in_then(page: str) -> str:
    return f"/desk/sign-in?next={quote(page)}" if page != "/desk" else "/desk/sign-in"


@web.middleware
async def _failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What goes wrong is a page with words, in the house's own looks."""
    try:
        return await handler(request)
    except web.HTTPError as error:
        text = {404: "There is nothing here.", 405: "That can't be done here.",
                413: "That is too much at once."}.get(error.status, error.text or error.reason)
        return failure(request, error.status, text)
    except StoreError:
        log.exception("the desk has no store")
        return failure(request, 503, "The front desk can't reach its store. Try again shortly.")


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not auth.is_plain(request):
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    response.headers["Server"] = "Frontdesk"  # not which versions of what serve it


async def _static(request: web.Request) -> web.Response:
    files, _ = statics()
    file = files.get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.packed if packed else file.body, headers=headers,
                        content_type=file.content_type, charset="utf-8")


async def _close_streams(app: web.Application) -> None:
    """Open streams would hold up the end of the process."""
    app[desk_live.CLOSING].set()
