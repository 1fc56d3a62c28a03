"""What a customer does with the phone, made into the message that Meta would deliver."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.emulator import samples
from bot.emulator.chats import BUSINESS, CUSTOMER, BadRequest, Chat, Message, choices, digits
from bot.emulator.emulator import Emulator
from bot.emulator.media import File, sniff
from bot.emulator.settings import Json
from bot.emulator.webhook import message_value

FILES = ("image", "video", "audio", "voice", "document", "sticker")

#: Said beside what is sent; everything else in a request must be exactly one kind of message.
BESIDE = ("reply_to", "of", "forwarded")


@dataclass(slots=True)
class Said:
    """A customer's message before it is sent."""

    type: str
    body: Json
    text: str = ""
    context: Json | None = None
    file: File | None = None


def say(emulator: Emulator, chat: Chat, request: Json, upload: File | None = None) -> Message:
    """Send what the request says as the customer; raises `BadRequest`."""
    kinds = [key for key in request if key not in BESIDE]
    if len(kinds) != 1 or kinds[0] not in (*_KINDS, *FILES):
        raise BadRequest(f"say exactly one of {', '.join((*_KINDS, *FILES))}")
    value = request[kinds[0]]
    if kinds[0] in FILES:
        said = _file(emulator, kinds[0], value, upload)
    else:
        said = _KINDS[kinds[0]](emulator, chat, value, request)
    if request.get("forwarded"):
        said.context = {"forwarded": True}
    elif request.get("reply_to"):
        said.context = _context(emulator, chat, _message(emulator, chat, request["reply_to"]))
    message = emulator.chats.append(chat, CUSTOMER, said.type, said.body, text=said.text,
                                    context=said.context,
                                    media=said.file.summary() if said.file else None)
    message.status = "sent"
    if said.type == "reaction":
        emulator.react(said.body["message_id"], CUSTOMER, said.body.get("emoji", ""))

    def done(taken: bool) -> None:
        if taken:
            emulator.chats.progress(chat, message, "delivered")
        elif message.status == "sent":
            emulator.chats.progress(chat, message, "failed")

    emulator.deliveries.post(chat, message_value(chat, message), done)
    return message


def _message(emulator: Emulator, chat: Chat, message_id: Any) -> Message:
    found = emulator.chats.find(message_id) if isinstance(message_id, str) else None
    if not found or found[0] is not chat:
        raise BadRequest(f"{message_id!r} is no message of this chat")
    return found[1]


def _context(emulator: Emulator, chat: Chat, message: Message) -> Json:
    context: Json = {"id": message.id}
    if message.sender == BUSINESS:
        context["from"] = digits(emulator.settings.display_phone_number)
    elif chat.customer.phone:
        context["from"] = chat.customer.phone
    return context


def _text(emulator: Emulator, chat: Chat, value: Any, request: Json) -> Said:
    if not isinstance(value, str) or not value.strip():
        raise BadRequest("text is words")
    if len(value) > 65_536:
        raise BadRequest("text is longer than a phone would send")
    return Said("text", {"body": value}, value)


def _tap(emulator: Emulator, chat: Chat, value: Any, request: Json) -> Said:
    """A button or a row, by its id or title, on the message `of` or the newest that has it."""
    if not isinstance(value, str):
        raise BadRequest("tap is the id or the title of a choice")
    if request.get("of"):
        among = [_message(emulator, chat, request["of"])]
    else:
        among = list(reversed(chat.messages))
    for same in (lambda one: one["id"] == value,
                 lambda one: one["title"].casefold() == value.strip().casefold()):
        for message in among:
            if choice := next(filter(same, choices(message)), None):
                return _tapped(emulator, chat, message, choice)
    offered = next((choices(message) for message in among if choices(message)), [])
    titles = ", ".join(choice["title"] for choice in offered) or "none"
    raise BadRequest(f"no choice {value!r} in this chat; offered last: {titles}")


def _tapped(emulator: Emulator, chat: Chat, message: Message, choice: Json) -> Said:
    context = _context(emulator, chat, message)
    title = choice["title"]
    if choice["kind"] == "quick_reply":
        return Said("button", {"payload": choice["id"], "text": title}, title, context)
    if choice["kind"] == "button":
        reply = {"id": choice["id"], "title": title}
        return Said("interactive", {"type": "button_reply", "button_reply": reply}, title, context)
    reply = {key: choice[key] for key in ("id", "title", "description") if key in choice}
    return Said("interactive", {"type": "list_reply", "list_reply": reply}, title, context)


def _file(emulator: Emulator, kind: str, value: Any, upload: File | None) -> Said:
    """Bytes in the request or beside it, or {"sample": true}: what the emulator has at hand."""
    if not isinstance(value, dict):
        raise BadRequest(f"{kind} is an object")
    file = upload
    if file is None:
        if value.get("sample") and kind in samples.MAKERS:
            made = samples.make(kind)
            name, mime_type, data = str(value.get("name") or made.name), made.mime_type, made.data
        else:
            name, mime_type, data = _decoded(kind, value)
        if len(data) > emulator.media.max_file:
            raise BadRequest(f"a file has at most {emulator.media.max_file} bytes")
        file = emulator.media.put(data, mime_type, name)
    body = file.inbound()
    caption = value.get("caption", "")
    if not isinstance(caption, str):
        raise BadRequest("caption is words")
    if caption and kind in ("image", "video", "document"):
        body["caption"] = caption
    if kind == "document":
        body["filename"] = file.name or "document"
    elif kind == "sticker":
        body["animated"] = False
    elif kind in ("audio", "voice"):
        body["voice"] = kind == "voice"
        kind = "audio"
    return Said(kind, body, body.get("caption", ""), None, file)


def _decoded(kind: str, value: Json) -> tuple[str, str, bytes]:
    try:
        data = base64.b64decode(value["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise BadRequest(f"{kind} needs data in base64, a file beside it, or sample: true") \
            from error
    if not data:
        raise BadRequest("an empty file can't be sent")
    mime_type = value.get("mime_type") or sniff(data) or "application/octet-stream"
    name = value.get("name", "")
    if not isinstance(mime_type, str) or not isinstance(name, str) \
            or not re.fullmatch(r"[\w.+-]+/[\w.+-]+(; ?[\w=.+-]+)?", mime_type):
        raise BadRequest("mime_type looks like image/jpeg, and name is words")
    return name, mime_type, data


def _location(emulator: Emulator, chat: Chat, value: Any, request: Json) -> Said:
    place = value if isinstance(value, dict) else {}
    for key, limit in (("latitude", 90), ("longitude", 180)):
        number = place.get(key)
        if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > limit:
            raise BadRequest(f"{key} is a number from -{limit} to {limit}")
    body = {key: place[key] for key in ("latitude", "longitude")}
    for key in ("name", "address"):
        if place.get(key):
            body[key] = str(place[key])
    return Said("location", body, str(place.get("name", "")))


def _contacts(emulator: Emulator, chat: Chat, value: Any, request: Json) -> Said:
    if not isinstance(value, list) or not value or not all(isinstance(x, dict) for x in value):
        raise BadRequest("contacts is a list of {name, phone}")
    people = []
    for person in value:
        name, phone = str(person.get("name", "")), digits(str(person.get("phone", "")))
        if not name or not phone:
            raise BadRequest("a contact has a name and a phone")
        people.append({"name": {"formatted_name": name, "first_name": name.split(" ")[0]},
                       "phones": [{"phone": f"+{phone}", "wa_id": phone, "type": "CELL"}]})
    return Said("contacts", {"contacts": people}, ", ".join(str(x["name"]) for x in value))


def _reaction(emulator: Emulator, chat: Chat, value: Any, request: Json) -> Said:
    if not isinstance(value, dict) or not isinstance(value.get("emoji", ""), str):
        raise BadRequest("reaction is {message_id, emoji}")
    message = _message(emulator, chat, value.get("message_id"))
    body = {"message_id": message.id}
    if value.get("emoji"):
        body["emoji"] = value["emoji"]
    return Said("reaction", body, value.get("emoji", ""))


def _raw(emulator: Emulator, chat: Chat, value: Any, request: Json) -> Said:
    """Any type that Meta might deliver: {type, <type>: ...}."""
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or not re.fullmatch(r"\w{1,40}", kind):
        raise BadRequest("raw is {type: ..., <type>: ...}")
    return Said(kind, value.get(kind, {}), "")


_KINDS: dict[str, Callable[[Emulator, Chat, Any, Json], Said]] = {
    "text": _text, "tap": _tap, "location": _location, "contacts": _contacts,
    "reaction": _reaction, "raw": _raw,
}
