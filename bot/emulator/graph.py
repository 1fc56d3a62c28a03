"""The Graph API: Meta's own paths under the emulator's prefix."""

from __future__ import annotations

import asyncio
import functools
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from bot.emulator.bodies import body_of, parts_of
from bot.emulator.chats import CUSTOMER, BadRequest, Chat, digits
from bot.emulator.emulator import EMULATOR, Emulator, Trouble
from bot.emulator.graph_errors import GraphError
from bot.emulator.media import ALLOWED, check, plain
from bot.emulator.settings import MIB, Json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes() -> list[web.RouteDef]:
    """Every path of the Graph API that is emulated."""
    version = r"/{version:v\d+\.\d+}"
    return [
        web.post(version + "/{id}/messages", _graph(_messages)),
        web.post(version + "/{id}/media", _graph(_upload)),
        web.post(version + "/{id}/subscribed_apps", _graph(_subscribe)),
        web.get(version + "/{id}/message_templates", _graph(_templates)),
        web.post(version + "/{id}/message_templates", _graph(_add_template)),
        web.get(version + "/{id}", _graph(_object)),
        web.delete(version + "/{id}", _graph(_delete)),
        web.get("/lookaside", _graph(_download)),
        web.route("*", version + "/{rest:.*}", _graph(_unknown)),
    ]


def _graph(handler: Handler) -> Handler:
    """Check the token first and write refusals the way Meta does."""

    @functools.wraps(handler)
    async def checked(request: web.Request) -> web.StreamResponse:
        token = request.app[EMULATOR].settings.access_token
        given = request.headers.get("Authorization", "")
        try:
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                raise GraphError(190, "The access token is missing or not the one of this number.")
            return await handler(request)
        except GraphError as error:
            return web.json_response(error.body(), status=error.status)

    return checked


def _here(request: web.Request, expected: str) -> Emulator:
    emulator = request.app[EMULATOR]
    if request.match_info["id"] != expected:
        raise _no_object(request.match_info["id"])
    return emulator


def _no_object(name: str) -> GraphError:
    return GraphError(100, f"Unsupported request. Object with ID '{name}' does not exist, cannot "
                           "be loaded due to missing permissions, or does not support this "
                           "operation.", subcode=33)


async def _json(request: web.Request) -> Json:
    try:
        value: Any = json.loads(await body_of(request, MIB))
    except (ValueError, RecursionError) as error:
        raise GraphError(100, "The body is no JSON.") from error
    if not isinstance(value, dict):
        raise GraphError(100, "The body is no JSON object.")
    return value


async def _messages(request: web.Request) -> web.StreamResponse:
    emulator = _here(request, request.app[EMULATOR].settings.phone_number_id)
    body = await _json(request)
    if "status" in body:
        return _mark_read(emulator, body)
    trouble = emulator.troubles.popleft() if emulator.troubles else None
    if trouble and trouble.kind == "drop":
        return _break(request)
    if trouble and trouble.kind == "error":
        error = GraphError(trouble.code, "Asked for by a test.", status=trouble.status)
        after = {"Retry-After": str(trouble.retry_after)} if trouble.retry_after else {}
        return web.json_response(error.body(), status=error.status, headers=after)
    answer = _send(emulator, body, trouble)
    if trouble and trouble.kind == "hang":
        with suppress(TimeoutError):
            await asyncio.wait_for(emulator.closing.wait(), trouble.seconds)
        return _break(request)
    return web.json_response(answer)


def _break(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


def _send(emulator: Emulator, body: Json, trouble: Trouble | None) -> Json:
    chat, contact = _recipient(emulator, body)
    failure = None
    try:
        outbound = emulator.rules.read(body)
        if trouble:
            failure = GraphError(trouble.code, "Asked for by a test.")
        if outbound.type != "template" and emulator.clock.now() >= chat.window_until():
            failure = GraphError(131047, "Message failed to send because more than 24 hours have "
                                         "passed since the customer last replied to this number.")
            if emulator.settings.window_error == "sync":
                raise failure
        if outbound.type == "reaction" and not emulator.chats.find(outbound.body["message_id"]):
            raise GraphError(131009, "reaction['message_id'] is no message of this chat.")
    except GraphError as error:
        emulator.chats.note(chat, f"Refused what the business wanted to send: {error}. "
                                  f"{error.details}")
        raise
    message = emulator.send(chat, outbound, body, failure)
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [
        {"id": message.id, "message_status": "accepted"}]}


def _recipient(emulator: Emulator, body: Json) -> tuple[Chat, Json]:
    """Whom a request names; a number wins over a business-scoped id when it names both."""
    to, recipient = body.get("to"), body.get("recipient")
    if to is not None:
        phone = digits(to) if isinstance(to, str) else ""
        if not re.fullmatch(r"\d{7,15}", phone):
            raise GraphError(131009, "to must be a phone number with its country code.")
        if phone == digits(emulator.settings.display_phone_number):
            raise GraphError(131021, "The business can't write to itself.")
        chat = emulator.chats.by_phone(phone)
        contact = {"input": to, "wa_id": phone}
    elif recipient is not None:
        chat = emulator.chats.by_user_id(recipient) if isinstance(recipient, str) else None
        contact = {"input": recipient, "user_id": recipient}
    else:
        raise GraphError(131008, "The parameter to (or recipient) is required.")
    if chat is None:
        raise GraphError(131026, "Nobody in the emulator has this number or id.")
    return chat, contact


def _mark_read(emulator: Emulator, body: Json) -> web.Response:
    if body.get("messaging_product") != "whatsapp" or body["status"] != "read":
        raise GraphError(100, "messaging_product must be whatsapp, and status read.")
    found = emulator.chats.find(str(body.get("message_id", "")))
    if not found or found[1].sender != CUSTOMER:
        raise GraphError(131009, "message_id is no message of a customer.")
    chat, last = found
    for message in list(chat.messages):
        if message.sender == CUSTOMER and message.seq <= last.seq:
            emulator.chats.progress(chat, message, "read")
    if typing := body.get("typing_indicator"):
        if typing != {"type": "text"}:
            raise GraphError(131009, "typing_indicator['type'] must be text.")
        emulator.chats.publish({"type": "typing", "customer": chat.id, "on": True})
    return web.json_response({"success": True})


async def _upload(request: web.Request) -> web.StreamResponse:
    emulator = _here(request, request.app[EMULATOR].settings.phone_number_id)
    if request.content_type != "multipart/form-data":
        raise GraphError(100, "Files come as multipart/form-data.")
    try:
        words, upload = await parts_of(request, emulator.media.max_file)
    except BadRequest as error:
        raise GraphError(100, str(error)) from error
    if words.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product must be whatsapp.")
    if upload is None or not upload[0]:
        raise GraphError(131008, "The parameter file is required.")
    data, said, name = upload
    mime_type = plain(said or words.get("type", ""))
    kind = "sticker" if mime_type == "image/webp" else mime_type.split("/")[0]
    check(kind if kind in ALLOWED else "document", mime_type, data)
    return web.json_response({"id": emulator.media.put(data, mime_type, name).id})


async def _object(request: web.Request) -> web.StreamResponse:
    emulator = request.app[EMULATOR]
    name = request.match_info["id"]
    if name == emulator.settings.phone_number_id:
        return web.json_response({
            "id": name, "verified_name": emulator.settings.business_name,
            "display_phone_number": emulator.settings.display_phone_number,
            "quality_rating": "GREEN", "platform_type": "CLOUD_API"})
    file = emulator.media.get(name)
    number = request.query.get("phone_number_id", emulator.settings.phone_number_id)
    if file is None or number != emulator.settings.phone_number_id:
        raise _no_object(name)
    prefix = request.path[:-len(f"/{request.match_info['version']}/{name}")]
    url = f"{request.url.origin()}{prefix}/lookaside?{emulator.media.ticket(file.id)}"
    return web.json_response({"messaging_product": "whatsapp", "url": url, "id": file.id,
                              "mime_type": file.mime_type, "sha256": file.sha256.hex(),
                              "file_size": len(file.data)})


async def _download(request: web.Request) -> web.StreamResponse:
    query = request.query
    file = request.app[EMULATOR].media.redeem(query.get("mid", ""), query.get("ext", ""),
                                              query.get("hash", ""))
    if file is None:
        return web.Response(status=404, text="URL signature expired")
    return web.Response(body=file.data, headers={
        "Content-Type": file.mime_type, "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "attachment"})


async def _delete(request: web.Request) -> web.StreamResponse:
    if not request.app[EMULATOR].media.remove(request.match_info["id"]):
        raise _no_object(request.match_info["id"])
    return web.json_response({"success": True})


async def _subscribe(request: web.Request) -> web.StreamResponse:
    _here(request, request.app[EMULATOR].settings.business_account_id)
    return web.json_response({"success": True})


async def _templates(request: web.Request) -> web.StreamResponse:
    emulator = _here(request, request.app[EMULATOR].settings.business_account_id)
    return web.json_response({"data": emulator.templates.all()})


async def _add_template(request: web.Request) -> web.StreamResponse:
    emulator = _here(request, request.app[EMULATOR].settings.business_account_id)
    return web.json_response(emulator.templates.add(await _json(request)))


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise GraphError(2500, f"Nothing is emulated at {request.method} {request.path}.")
