"""What a customer's message contains, in the shapes that every channel shares."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeGuard

from bot.model import Json

#: Longer than any id of Meta's by far; two of so many bytes are as much as an index may hold.
LONGEST_ID, LARGEST_ID = 512, 1_024


class Unreadable(ValueError):
    """The item is not what Meta describes."""


def content(message: Json) -> tuple[Json, bool]:
    """`Incoming.content`, and whether it says all that the message does."""
    kind = message.get("type")
    if kind == "text":
        body = message.get("text")
        if type(body) is not dict or type(body.get("body")) is not str:
            raise Unreadable("the text has no body")
        return {"type": "text", "text": body["body"]}, True
    if type(kind) is not str or not kind:
        kind = next((name for name in ("text", *_READERS) if name in message), "")
        if not kind:
            raise Unreadable("the message has no type")
        if kind == "text":
            return content({**message, "type": kind})
    reader = _READERS.get(kind)
    if reader is None:
        return {"type": "unknown", "what": kind[:60]}, False
    body = message.get(kind)
    if type(body) is not dict and kind not in _WITHOUT_BODY:
        raise Unreadable(f"the {kind} message has no {kind}")
    return reader(kind, body, message)


def _media(kind: str, body: Any, message: Json) -> tuple[Json, bool]:
    media_id = identifier(body.get("id"))
    if not media_id:
        if message.get("errors") or body.get("errors"):
            return {"type": "unsupported", "what": kind}, False  # Meta could not keep the file
        raise Unreadable(f"the {kind} has no id")
    media: Json = {"id": media_id, "mime_type": _text(body, "mime_type") or _USUAL[kind]}
    name = _text(body, "filename")
    if name:
        media["name"] = name
    if kind == "voice" or body.get("voice") is True:
        media["voice"] = True
    shape: Json = {"type": "audio" if kind == "voice" else kind, "media": media}
    caption = _text(body, "caption")
    if caption:
        shape["text"] = caption
    return shape, False


def _location(_kind: str, body: Any, _message: Json) -> tuple[Json, bool]:
    shape: Json = {"type": "location", "latitude": _degrees(body, "latitude", 90),
                   "longitude": _degrees(body, "longitude", 180)}
    for key in ("name", "address"):
        text = _text(body, key)
        if text:
            shape[key] = text
    return shape, "url" not in body


def _contacts(_kind: str, body: Any, message: Json) -> tuple[Json, bool]:
    cards = message.get("contacts")
    if type(cards) is not list or not cards:
        raise Unreadable("the message has no contacts")
    people = []
    for card in cards:
        if type(card) is not dict:
            raise Unreadable("a contact is no object")
        name = card.get("name")
        name = name if type(name) is dict else {}
        parts = (_text(name, "first_name"), _text(name, "last_name"))
        phones = card.get("phones")
        people.append({
            "name": _text(name, "formatted_name") or " ".join(part for part in parts if part),
            "phones": [phone for entry in (phones if type(phones) is list else ())
                       if type(entry) is dict
                       and (phone := _text(entry, "phone") or _text(entry, "wa_id"))]})
    return {"type": "contacts", "contacts": people}, False


def _reaction(_kind: str, body: Any, _message: Json) -> tuple[Json, bool]:
    to = _text(body, "message_id")
    if not to:
        raise Unreadable("the reaction is to no message")
    # A reaction that is taken back comes without an emoji, or with an empty one.
    return {"type": "reaction", "emoji": _text(body, "emoji"), "to": to}, True


def _interactive(_kind: str, body: Any, _message: Json) -> tuple[Json, bool]:
    body = body if type(body) is dict else {}
    what = _text(body, "type") or next(
        (key for key in ("button_reply", "list_reply", "nfm_reply", "call_permission_reply")
         if key in body), "")
    reply = body.get(what)
    if what in ("button_reply", "list_reply"):
        if type(reply) is not dict:
            raise Unreadable(f"the {what} is empty")
        tap_id, title = identifier(reply.get("id")), _text(reply, "title")
        if not tap_id and not title:
            raise Unreadable(f"the {what} is empty")
        return {"type": "tap", "id": tap_id, "title": title}, "description" not in reply
    return {"type": "unknown", "what": f"interactive.{what[:60]}" if what else "interactive"}, False


def _button(_kind: str, body: Any, _message: Json) -> tuple[Json, bool]:
    tap_id, title = identifier(body.get("payload")), _text(body, "text")
    if not tap_id and not title:
        raise Unreadable("the button is empty")
    return {"type": "tap", "id": tap_id, "title": title}, True


def _order(_kind: str, body: Any, _message: Json) -> tuple[Json, bool]:
    shape: Json = {"type": "unknown", "what": "order"}
    if type(body) is dict and _text(body, "text"):
        shape["text"] = _text(body, "text")
    return shape, False


def _system(_kind: str, body: Any, message: Json) -> tuple[Json, bool]:
    shape: Json = {"type": "system", "text": _text(body, "body") or _text(body, "type")}
    new = _text(body, "wa_id") or _text(body, "new_wa_id")
    old = _text(message, "from") if new else ""
    previous = old if old != new else ""
    previous = previous or _text(body, "previous_user_id")
    if previous:
        shape["previous"] = previous
    return shape, False


def _changed(kind: str, body: Any, _message: Json) -> tuple[Json, bool]:
    """A message that was edited or deleted."""
    of = _text(body, "original_message_id")
    if not of:
        raise Unreadable(f"the {kind} names no message")
    shape: Json = {"type": kind, "of": of}
    edited = body.get("message")
    if type(edited) is dict:
        inner = edited.get(edited["type"]) if type(edited.get("type")) is str else None
        if type(inner) is dict and (text := _text(inner, "body") or _text(inner, "caption")):
            shape["text"] = text
    return shape, False


def _unsupported(_kind: str, body: Any, message: Json) -> tuple[Json, bool]:
    what = _text(body, "type") if type(body) is dict else ""
    errors = message.get("errors")
    if not what and type(errors) is list and errors and type(errors[0]) is dict:
        what = _text(errors[0], "title")
    return {"type": "unsupported", "what": what[:60] or "unsupported"}, False


def is_id(value: Any) -> TypeGuard[str]:
    """Whether an id can be kept as it is."""
    return (type(value) is str and 0 < len(value) <= LONGEST_ID and "\0" not in value
            and (len(value) <= LARGEST_ID // 4 or len(value.encode()) <= LARGEST_ID))


def identifier(value: Any) -> str:
    """An id as text, whichever way it was written; "" for what can be none."""
    if type(value) is str:
        return value if is_id(value) else ""
    if type(value) is int and 0 <= value < 10**40:
        return str(value)
    return ""


def _text(body: Json, key: str) -> str:
    value = body.get(key)
    return value if type(value) is str else ""


def _degrees(body: Json, key: str, most: int) -> float:
    try:
        value = float(body[key])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Unreadable(f"the location has no {key}") from None
    if math.isnan(value) or not -most <= value <= most:
        raise Unreadable(f"the location has no possible {key}")
    return value


#: What a file is when the provider does not say.
_USUAL = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "voice": "audio/ogg",
          "document": "application/octet-stream", "sticker": "image/webp"}

_WITHOUT_BODY = frozenset({"contacts", "interactive", "order", "unsupported"})

_READERS: dict[str, Callable[[str, Any, Json], tuple[Json, bool]]] = {
    "interactive": _interactive,
    "button": _button,
    **dict.fromkeys(_USUAL, _media),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "order": _order,
    "system": _system,
    "edit": _changed,
    "revoke": _changed,
    "unsupported": _unsupported,
}
