"""Who may use the desk: passwords, tries, sign-ins and forms that came from our own pages.

Sign-ins, tries and delays follow real time, never the business clock, which a demo moves.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from bot.clock import HOUR, MINUTE, SECOND
from bot.model import Json
from bot.store.rows import Agent, SignedIn
from bot.store.store import Store

#: A sign-in ends at the latest after this long; the store ends one that nobody uses.
LONGEST_SIGN_IN: Final = 12 * HOUR
#: Of a password. The upper bound keeps one request from costing more than one hash should.
SHORTEST, LONGEST = 12, 128
LARGEST_FORM: Final = 256 * 1024  #: bytes; a reply has 4,096 characters
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_hasher = PasswordHasher()  # argon2id, 64 MiB, 3 passes: above what OWASP asks for


def password_problem(password: str) -> str:
    """Why `password` can't be one, or ""."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if len(set(password)) < 5:
        return "a password needs at least five different characters"
    return ""


def hash_password(password: str) -> str:
    """The argon2id hash to keep; takes a quarter of a second of one core."""
    return _hasher.hash(password)


class Passwords:
    """Checks passwords off the event loop, two at a time: each check takes 64 MiB."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(2)
        # An unknown login is checked against this one, so that both answers take as long.
        self._nobody: str | None = None

    async def check(self, agent: Agent | None, password: str) -> bool:
        """Whether `password` is the one of `agent`; as slow for nobody as for somebody."""
        usable = agent is not None and not agent.disabled and len(password) <= LONGEST
        async with self._places:
            if self._nobody is None:
                self._nobody = await asyncio.to_thread(hash_password, secrets.token_urlsafe(16))
            kept = agent.password_hash if agent is not None else self._nobody
            right = await asyncio.to_thread(_matches, kept, password[:LONGEST])
        return right and usable


def _matches(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(password_hash)


@dataclass(frozen=True, slots=True)
class Limit:
    tries: int
    within_ms: int


@dataclass(slots=True)
class Tries:
    """Failed sign-ins in memory: a limit per login and address, and a wider one per address.

    The login alone is not limited: that would let a stranger lock an agent out.
    """

    now: Callable[[], int]  #: real time, ms
    per_login: Limit = Limit(10, 15 * MINUTE)
    per_address: Limit = Limit(100, 15 * MINUTE)
    #: Entries kept, the oldest forgotten first, so that random logins can't fill the memory.
    most: int = 20_000
    _seen: OrderedDict[tuple[str, str], list[int]] = field(default_factory=OrderedDict)

    def begin(self, login: str, address: str) -> int:
        """Count a try before it is checked; the ms to wait when there were too many, else 0.

        Counted first, so that a hundred tries at the same moment are a hundred tries.
        """
        now = self.now()
        for key, limit in self._limits(login, address):
            times = self._recent(key, limit, now)
            if len(times) >= limit.tries:
                return max(times[0] + limit.within_ms - now, SECOND)
        for key, limit in self._limits(login, address):
            times = self._recent(key, limit, now)
            times.append(now)
            self._seen[key] = times
            self._seen.move_to_end(key)
        while len(self._seen) > self.most:
            self._seen.popitem(last=False)
        return 0

    def delay(self, login: str, address: str) -> int:
        """How long the answer to a wrong password is held back, ms: growing from the third on."""
        count = len(self._recent(_key(login, address), self.per_login, self.now()))
        return 0 if count < 3 else min(250 * 2 ** (count - 3), 4 * SECOND)

    def succeed(self, login: str, address: str) -> None:
        """The right password: its earlier tries count no longer."""
        self._seen.pop(_key(login, address), None)

    def _limits(self, login: str, address: str) -> list[tuple[tuple[str, str], Limit]]:
        return [(_key(login, address), self.per_login), (("", address), self.per_address)]

    def _recent(self, key: tuple[str, str], limit: Limit, now: int) -> list[int]:
        return [at for at in self._seen.get(key, ()) if at > now - limit.within_ms]


def _key(login: str, address: str) -> tuple[str, str]:
    # A digest, because a login typed wrong may be a password typed into the wrong field.
    digest = hashlib.sha256(login.casefold().encode("utf-8", "replace")).hexdigest()
    return f"login:{digest}", address


def token_hash(token: str) -> str:
    """What the store keeps in place of the token, so that a stolen copy signs nobody in."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


async def sign_in(store: Store, agent: Agent, now: int) -> str:
    """Sign `agent` in and return the token for the cookie: always a new one."""
    token = secrets.token_urlsafe(32)
    await store.desk.sign_in(token_hash(token), secrets.token_urlsafe(32), agent.id, now,
                        now + LONGEST_SIGN_IN)
    return token


def is_plain(request: web.Request) -> bool:
    """Whether this is plain http on this very machine, where a browser keeps no `Secure` cookie.

    A proxy that speaks https says so in X-Forwarded-Proto, or the browser in Origin.
    """
    host = _hostname(request.host)
    over_https = (_forwarded(request) == "https"
                  or request.headers.get("Origin", "").startswith("https:"))
    return request.scheme == "http" and host in LOOPBACK and not over_https


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that don't close: nobody's own browser sends that
        return ""


def _forwarded(request: web.Request) -> str:
    """What the outermost proxy says it spoke; believing it only ever makes cookies stricter."""
    return request.headers.get("X-Forwarded-Proto", "").split(",")[0].strip().lower()


def is_servable(request: web.Request, public_url: str) -> bool:
    """Whether a sign-in can work here: over https, or on this very machine."""
    return (is_plain(request) or request.scheme == "https"
            or urlsplit(public_url).scheme == "https"
            or _forwarded(request) == "https")


def cookie_name(request: web.Request, name: str = "session") -> str:
    return name if is_plain(request) else f"__Host-{name}"


def set_cookie(request: web.Request, response: web.StreamResponse, value: str,
               name: str = "session") -> None:
    response.set_cookie(cookie_name(request, name), value, path="/", httponly=True, samesite="Lax",
                        secure=not is_plain(request))


def drop_cookie(request: web.Request, response: web.StreamResponse, name: str = "session") -> None:
    response.del_cookie(cookie_name(request, name), path="/", httponly=True, samesite="Lax",
                        secure=not is_plain(request))


def token_of(request: web.Request) -> str:
    return request.cookies.get(cookie_name(request), "")


async def signed_in(store: Store, request: web.Request, now: int, *,
                    active: bool = True) -> SignedIn | None:
    """Who sent this request, or None. Not `active`: the page asked on its own."""
    token = token_of(request)
    if not 20 <= len(token) <= 100:
        return None
    return await store.desk.signed_in(token_hash(token), now, active=active)


def from_our_pages(request: web.Request, public_url: str) -> bool:
    """Whether a browser says that this form was sent from the desk itself.

    `Referrer-Policy: no-referrer` makes browsers send `Origin: null` with our own forms too;
    then Sec-Fetch-Site, which no page can set, has to vouch for it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("Origin")
    if origin is None or (origin == "null" and site == "same-origin"):
        return True
    public = urlsplit(public_url)
    return origin in {f"{public.scheme}://{public.netloc}", f"http://{request.host}",
                      f"https://{request.host}"}


def same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time; an empty one equals nothing."""
    return bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"),
                                                  expected.encode())


#: A form comes within so many seconds.
FORM_TIME = 15.0


async def read_form(request: web.Request) -> Json:
    """The text fields of a form. Raises 415 and 400 for what no page of ours sends."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(text="Send the form of the page.")
    if request.content_length is None or request.content_length > LARGEST_FORM:
        raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, request.content_length or 0)
    try:
        async with asyncio.timeout(FORM_TIME):
            fields = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="The form took too long.") from None
    except (ValueError, LookupError):
        raise web.HTTPBadRequest(text="This form can't be read.") from None
    return {name: value.replace("\0", "") for name, value in fields.items()
            if isinstance(value, str)}


_RELATIVE = re.compile(r"/desk(?:[/?][A-Za-z0-9/_.~%?=&:+-]*)?")


def next_page(wanted: str) -> str:
    """Where to go after signing in: a page of the desk, whatever `wanted` says."""
    inside = _RELATIVE.fullmatch(wanted) and not wanted.startswith("/desk/sign-")
    return wanted if inside and len(wanted) <= 500 else "/desk"
