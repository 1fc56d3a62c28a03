"""The parts of one emulator, wired, and what both its doors need."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from bot.clock import Clock
from bot.emulator.chats import BUSINESS, BadRequest, Chat, Chats, Message
from bot.emulator.delivery import Deliveries
from bot.emulator.graph_errors import TITLES, GraphError
from bot.emulator.media import MediaStore
from bot.emulator.receipts import Receipts
from bot.emulator.rules import Outbound, Rules
from bot.emulator.settings import EmulatorSettings, Json
from bot.emulator.templates import Templates


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with one send: asked for by a test, or by somebody who is curious."""

    kind: str
    """error: refused with `status` and `code` - drop: the connection breaks, nothing is taken -
    hang: taken, but no answer for `seconds` - failed: taken, then a failed receipt"""
    status: int = 500
    code: int = 131000
    seconds: float = 60.0
    retry_after: int | None = None


@dataclass(slots=True)
class Emulator:
    """Everything that the handlers work on."""

    settings: EmulatorSettings
    clock: Clock
    chats: Chats
    media: MediaStore
    templates: Templates
    rules: Rules
    deliveries: Deliveries
    receipts: Receipts
    troubles: deque[Trouble] = field(default_factory=deque)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, chat: Chat, outbound: Outbound, request: Json,
             failure: GraphError | None) -> Message:
        """Put a message of the business on the customer's phone and see it through."""
        context = None
        if request.get("context"):
            context = {"id": request["context"]["message_id"]}
        about = None
        if outbound.file:
            about = outbound.file.summary()
        elif outbound.fetch:
            about = {"state": "loading", "name": outbound.fetch[2], "mime_type": "", "size": 0}
        self.chats.publish({"type": "typing", "customer": chat.id, "on": False})
        message = self.chats.append(chat, BUSINESS, outbound.type, outbound.body,
                                    text=outbound.text, context=context, media=about,
                                    tag=request.get("biz_opaque_callback_data"),
                                    category=outbound.category)
        if outbound.type == "reaction":
            self.react(message.body["message_id"], BUSINESS, message.body["emoji"])
        self.receipts.follow(chat, message, outbound, failure)
        return message

    def react(self, message_id: str, who: str, emoji: str) -> None:
        """Put an emoji on a message, or take it off ("")."""
        if found := self.chats.find(message_id):
            chat, message = found
            message.reactions.pop(who, None)
            if emoji:
                message.reactions[who] = emoji
            self.chats.update(chat, message)


EMULATOR: web.AppKey[Emulator] = web.AppKey("emulator", Emulator)


def build(settings: EmulatorSettings, clock: Clock) -> Emulator:
    """All the parts; nothing runs yet."""
    chats = Chats(settings, clock)
    media = MediaStore(settings.keep_media, settings.max_file)
    templates = Templates(settings.templates)
    deliveries = Deliveries(settings, chats, clock)
    return Emulator(settings, clock, chats, media, templates, Rules(media, templates), deliveries,
                    Receipts(settings, chats, media, deliveries, clock))


def trouble_of(body: Json) -> list[Trouble]:
    """What a request for trouble asks for; raises `BadRequest`."""
    count, kind, status = body.get("next", 1), body.get("kind", "error"), body.get("status", 500)
    code = body.get("code", {429: 130429, 503: 131016, 401: 190}.get(status, 131000))
    seconds, retry_after = body.get("seconds", 60), body.get("retry_after")
    if not isinstance(count, int) or not 1 <= count <= 1000:
        raise BadRequest("next is a number from 1 to 1000")
    if kind not in ("error", "drop", "hang", "failed"):
        raise BadRequest("kind is error, drop, hang or failed")
    if not isinstance(status, int) or not 400 <= status <= 599:
        raise BadRequest("status is a number from 400 to 599")
    if not isinstance(code, int) or code not in TITLES:
        raise BadRequest(f"code is one of {', '.join(map(str, TITLES))}")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 120:
        raise BadRequest("seconds is a number from 0 to 120")
    if retry_after is not None and not isinstance(retry_after, int):
        raise BadRequest("retry_after is a whole number of seconds")
    return [Trouble(kind, status, code, float(seconds), retry_after)] * count
