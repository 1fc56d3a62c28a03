"""The emulator's own JSON API: be a customer without a browser, move the clock, make trouble."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.clock import DAY, HOUR, MINUTE, SECOND, Clock, local
from bot.emulator.bodies import json_of, parts_of
from bot.emulator.chats import BUSINESS, CUSTOMER, NOTE, BadRequest, Chat
from bot.emulator.emulator import EMULATOR, Emulator, trouble_of
from bot.emulator.inbound import FILES, say
from bot.emulator.media import File, plain, sniff
from bot.emulator.settings import Customer, Json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}

#: Longest wait of a long poll, in seconds.
PATIENCE = 60.0


def routes() -> list[web.RouteDef]:
    """Every path of the JSON API."""
    one = "/api/customers/{customer}"
    return [
        web.get("/clock", _api(_clock)),
        web.post("/clock", _api(_move_clock)),
        web.post("/trouble", _api(_trouble)),
        web.get("/trouble", _api(_troubles)),
        web.delete("/trouble", _api(_no_trouble)),
        web.post("/handshake", _api(_handshake)),
        web.get("/api/customers", _api(_customers)),
        web.post("/api/customers", _api(_add_customer)),
        web.get(one, _api(_customer)),
        web.get(one + "/messages", _api(_messages)),
        web.post(one + "/messages", _api(_say)),
        web.post(one + "/read", _api(_read)),
    ]


def _api(handler: Handler) -> Handler:
    """Write what the caller did wrong as {"error": ...}; refuse pages of other sites."""

    @functools.wraps(handler)
    async def checked(request: web.Request) -> web.StreamResponse:
        if request.method != "GET" and not same_site(request):
            return web.json_response({"error": "this is not for other sites"}, status=403)
        try:
            return await handler(request)
        except BadRequest as error:
            return web.json_response({"error": str(error)}, status=400)

    return checked


def same_site(request: web.Request) -> bool:
    """Whether the request comes from our own page, or from no page at all."""
    origin = request.headers.get("Origin")
    return origin is None or origin.split("://")[-1] == request.host


def now(clock: Clock) -> Json:
    """The virtual time, for people and for programs."""
    at = clock.now()
    return {"now": at, "iso": local(at).isoformat(timespec="seconds"), "offset": clock.offset}


def duration(text: object) -> int:
    """`23h`, `1d 2h`, `90m` in milliseconds; raises `BadRequest`. Time never runs backwards."""
    if not isinstance(text, str) or not re.fullmatch(r"(\s*\d{1,5}\s*[dhms])+\s*", text):
        raise BadRequest("advance looks like 23h, 1d 2h or 90m")
    total = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)\s*([dhms])", text))
    if not 0 < total <= 3660 * DAY:
        raise BadRequest("the clock moves forward, by ten years at most")
    return total


async def _clock(request: web.Request) -> web.StreamResponse:
    return web.json_response(now(request.app[EMULATOR].clock))


async def _move_clock(request: web.Request) -> web.StreamResponse:
    emulator = request.app[EMULATOR]
    emulator.clock.advance(duration((await json_of(request, 10_000)).get("advance")))
    emulator.chats.publish({"type": "clock", **now(emulator.clock)})
    return web.json_response(now(emulator.clock))


async def _trouble(request: web.Request) -> web.StreamResponse:
    emulator = request.app[EMULATOR]
    emulator.troubles.extend(trouble_of(await json_of(request, 10_000)))
    return web.json_response({"waiting": len(emulator.troubles)})


async def _troubles(request: web.Request) -> web.StreamResponse:
    return web.json_response({"waiting": len(request.app[EMULATOR].troubles)})


async def _no_trouble(request: web.Request) -> web.StreamResponse:
    request.app[EMULATOR].troubles.clear()
    return web.json_response({"waiting": 0})


async def _handshake(request: web.Request) -> web.StreamResponse:
    return web.json_response(await request.app[EMULATOR].deliveries.handshake())


async def _customers(request: web.Request) -> web.StreamResponse:
    return web.json_response({"customers": [chat.as_json() for chat in
                                            request.app[EMULATOR].chats]})


async def _add_customer(request: web.Request) -> web.StreamResponse:
    body = await json_of(request, 10_000)
    if unknown := set(body) - {"name", "phone", "language", "user_id", "username"}:
        raise BadRequest(f"a customer has no {sorted(unknown)[0]}")
    if not all(isinstance(value, str) for value in body.values() if value is not None):
        raise BadRequest("name, phone and language are words")
    given = {key: value[:200] for key, value in body.items() if value}
    phone = given.get("phone", "")
    if not re.fullmatch(r"[\d\s()+./-]*", phone) or not re.fullmatch(
            r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", given.get("language", "en")):
        raise BadRequest("phone has digits, and language looks like en or zh-CN")
    chat = request.app[EMULATOR].chats.add(Customer(given.pop("name", ""), **given))
    return web.json_response({"customer": chat.as_json()}, status=201)


def _chat(request: web.Request) -> tuple[Emulator, Chat]:
    emulator = request.app[EMULATOR]
    chat = emulator.chats.get(request.match_info["customer"])
    if chat is None:
        raise web.HTTPNotFound(text=json.dumps({"error": "there is no such customer"}),
                               content_type="application/json")
    return emulator, chat


async def _customer(request: web.Request) -> web.StreamResponse:
    return web.json_response({"customer": _chat(request)[1].as_json()})


async def _messages(request: web.Request) -> web.StreamResponse:
    emulator, chat = _chat(request)
    sender = request.query.get("from")
    if sender not in (None, CUSTOMER, BUSINESS, NOTE):
        raise BadRequest(f"from is {CUSTOMER}, {BUSINESS} or {NOTE}")
    try:
        after = int(request.query.get("after", "0"))
        wait = min(float(request.query.get("wait", "0")), PATIENCE)
    except ValueError as error:
        raise BadRequest("after and wait are numbers") from error
    if not wait >= 0:  # also what is no number at all
        raise BadRequest("wait is a number of seconds")
    found = await emulator.chats.after(chat, after, sender, wait)
    return web.json_response({"messages": [message.as_json() for message in found],
                              "next": found[-1].seq if found else after})


async def _say(request: web.Request) -> web.StreamResponse:
    emulator, chat = _chat(request)
    if request.content_type == "multipart/form-data":
        body, file = await _form(request, emulator)
    else:
        body, file = await json_of(request, emulator.media.max_file * 4 // 3 + 10_000), None
    message = say(emulator, chat, body, file)
    return web.json_response({"message": message.as_json()}, status=201)


async def _form(request: web.Request, emulator: Emulator) -> tuple[Json, File]:
    """A file with what is said of it: parts `kind`, `file`, and maybe `caption`, `reply_to`."""
    words, upload = await parts_of(request, emulator.media.max_file)
    if upload is None or not upload[0] or words.get("kind") not in FILES:
        raise BadRequest(f"a form has a file that is not empty and a kind: {', '.join(FILES)}")
    data, said, name = upload
    mime_type = sniff(data) or plain(said) or "application/octet-stream"
    body: Json = {words["kind"]: {"caption": words.get("caption", "")}}
    if words.get("reply_to"):
        body["reply_to"] = words["reply_to"]
    return body, emulator.media.put(data, mime_type, name)


async def _read(request: web.Request) -> web.StreamResponse:
    emulator, chat = _chat(request)
    emulator.receipts.read(chat)
    return web.json_response({"customer": chat.as_json()})
