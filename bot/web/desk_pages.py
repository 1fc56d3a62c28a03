"""What every page of the desk is made with: its parts, its templates, its static files."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.clock import Clock
from bot.model import Snapshot
from bot.store.rows import Agent, MessageRow, SignedIn
from bot.store.store import Store
from bot.web import auth, desk_words

if TYPE_CHECKING:
    from bot.engine import Engine
    from bot.feed import Feed


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with."""

    store: Store
    engine: Engine
    feed: Feed
    clock: Clock  #: business time: waiting, the window, the times of messages
    zone: ZoneInfo
    public_url: str
    default_language: str
    answers: Callable[[Snapshot], list[tuple[str, str]]]  #: (label, value) as people read it
    media: Callable[[MessageRow], Awaitable[tuple[str, bytes]]]
    """Fetch what a customer sent, (mime type, bytes). Raises `ChannelError`."""
    title: str = "Frontdesk"
    real: Clock = field(default_factory=Clock)  #: real time: sign-ins and tries


DESK = web.AppKey("desk", Desk)
SIGNED_IN = web.RequestKey("signed_in", SignedIn)

#: No inline code, no styles, no addresses but our own: text of a customer that slipped through
#: as markup still could do nothing.
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
       "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
       "base-uri 'none'; object-src 'none'")

#: A conflict (409) and a wrong input (422) are pages to read; what else fails leaves the page be.
HTMX = {
    "includeIndicatorStyles": False, "allowEval": False, "allowScriptTags": False,
    "selfRequestsOnly": True, "historyCacheSize": 0, "defaultSwapStyle": "outerHTML",
    "responseHandling": [{"code": "204", "swap": False}, {"code": "[23]..", "swap": True},
                         {"code": "409|422", "swap": True, "error": False},
                         {"code": "[45]..", "swap": False, "error": True}],
}


@dataclass(frozen=True, slots=True)
class Static:
    content_type: str
    body: bytes
    packed: bytes  #: the same, gzipped


_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@cache
def statics() -> tuple[dict[str, Static], dict[str, str]]:
    """Static files by the name they are served under, and that name by their own.

    The served name holds a hash of the content, so that a browser may keep it for ever.
    """
    folder = resources.files("bot.web").joinpath("static")
    files, names = {}, {}
    for place in (folder, folder.joinpath("vendor")):
        for entry in place.iterdir():
            stem, _, ending = entry.name.rpartition(".")
            if ending not in _TYPES:
                continue
            body = entry.read_bytes()
            served = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}"
            files[served] = Static(_TYPES[ending], body, gzip.compress(body, 9))
            names[entry.name] = served
    return files, names


def static_url(name: str) -> str:
    return f"/desk/static/{statics()[1][name]}"


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("bot.web", "pages"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(static=static_url, htmx_config=json.dumps(HTMX),
                               words=desk_words, new_id=lambda: secrets.token_urlsafe(18))
    return environment


@dataclass(frozen=True, slots=True)
class Moment:
    """The one `now` of a page, and how the page says times."""

    now: int
    zone: ZoneInfo

    def window(self, until: int) -> desk_words.Window:
        return desk_words.window(until, self.now)

    def since(self, at: int | None) -> str:
        return "" if at is None else desk_words.duration(self.now - at)

    def when(self, at: int) -> str:
        return desk_words.when(at, self.now, self.zone)

    def today(self) -> str:
        return desk_words.exact(self.now, self.zone)[:10]

    def exact(self, at: int) -> str:
        return desk_words.exact(at, self.zone)


def moment(desk: Desk) -> Moment:
    return Moment(desk.clock.now(), desk.zone)


def signed_in(request: web.Request) -> SignedIn:
    """Who sent the request; the guard has seen to it that there is somebody."""
    return request[SIGNED_IN]


def agent(request: web.Request) -> Agent:
    return signed_in(request).agent


def is_partial(request: web.Request) -> bool:
    """Whether htmx asks, which wants the part that changed and no redirect."""
    return request.headers.get("HX-Request") == "true"


def page(request: web.Request, template: str, *, status: int = 200, **names: Any) -> web.Response:
    """Render a template of pages/ into an answer."""
    desk = request.app[DESK]
    who = request.get(SIGNED_IN)
    names.setdefault("at", moment(desk))
    text = _environment().get_template(template).render(
        title=desk.title, me=who.agent if who else None, csrf=who.csrf if who else "", **names)
    return web.Response(text=text, status=status, content_type="text/html")


def failure(request: web.Request, status: int, text: str) -> web.Response:
    """A page that says what went wrong, or its words alone for htmx."""
    if is_partial(request):
        return web.Response(text=text, status=status)
    return page(request, "failure.html", status=status, status_code=status, text=text)


def client_address(request: web.Request) -> str:
    return request.remote or ""


async def still_signed_in(request: web.Request, *, active: bool = True) -> SignedIn | None:
    desk = request.app[DESK]
    return await auth.signed_in(desk.store, request, desk.real.now(), active=active)
