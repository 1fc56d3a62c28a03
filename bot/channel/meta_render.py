"""`Reply.content` as the body of a request to Meta, within Meta's limits or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_json

from bot.errors import Rejected
from bot.model import Address, Json

#: Meta's limits, in characters. A list's text may be longer by its documentation (4096) and not by
#: its specification (1024); the smaller always works.
TEXT = 4096
BODY = 1024
CAPTION = 1024
BUTTONS, BUTTON_TITLE, BUTTON_ID = 3, 20, 256
ROWS, ROW_TITLE, ROW_DESCRIPTION, ROW_ID = 10, 24, 72, 200
LINK_LABEL = 20
URL = 2048
TEMPLATE_NAME = 512
FILE_NAME = 240
TAG = 512
NAME = 1000

_ADVICE = "Shorten or correct the text in the flow; `bot check` names the place."
_WHITESPACE = re.compile(r"\s+")
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def message(to: Sequence[Address], content: Json, tag: str) -> bytes:
    """The body that sends `content`; raises `Rejected` when Meta would not take it."""
    kind = content.get("type")
    part = _PARTS.get(kind) if isinstance(kind, str) else None
    if part is None:
        raise _no(f"this channel can't send {kind!r}")
    if not tag or len(tag) > TAG:
        raise _no(f"the tag has to have 1 to {TAG} characters")
    try:
        name, body = part(content)
        return to_json({
            "messaging_product": "whatsapp", "recipient_type": "individual", **_recipient(to),
            "type": name, name: body, "biz_opaque_callback_data": tag})
    except (KeyError, TypeError, AttributeError) as error:
        raise _no(f"the {kind} message is incomplete: {error!r}") from None
    except ValueError as error:
        raise _no(f"the {kind} message can't be written as JSON: {error}") from None


def read_mark(external_id: str, *, typing: bool) -> bytes:
    """The body that marks a customer's message as read and may show that we are typing."""
    body: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    return to_json(body)


def length(text: str) -> int:
    """How long Meta may count a text: in UTF-16 units, of which an emoji takes two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _recipient(to: Sequence[Address]) -> Json:
    for address in to:
        if address.kind == "phone":
            return {"to": f"+{address.value}"}
    for address in to:
        if address.kind == "bsuid":
            return {"recipient": address.value}
    raise _no("the contact has no address that WhatsApp knows")


def _text(content: Json) -> tuple[str, Json]:
    text = _within("the text", content["text"], TEXT)
    body: Json = {"body": text}
    if "https://" in text or "http://" in text:
        body["preview_url"] = True
    return "text", body


def _buttons(content: Json) -> tuple[str, Json]:
    buttons = content["buttons"]
    if not 1 <= len(buttons) <= BUTTONS:
        raise _no(f"a message has 1 to {BUTTONS} buttons, not {len(buttons)}")
    interactive: Json = {
        "type": "button",
        "body": {"text": _within("the text above buttons", content["text"], BODY)},
        "action": {"buttons": [
            {"type": "reply", "reply": {
                "id": _within("a button's id", button["id"], BUTTON_ID),
                "title": _within("a button's title", button["title"], BUTTON_TITLE)}}
            for button in buttons]}}
    _distinct("two buttons have the same id", [button["id"] for button in buttons])
    _distinct("two buttons have the same title", [button["title"] for button in buttons])
    header = content.get("header")
    if header is not None:
        kind = header["type"]
        if kind not in ("image", "video", "document"):
            raise _no(f"buttons can't have {kind!r} above them")
        interactive["header"] = {"type": kind, kind: _file(header, kind)}
    return "interactive", interactive


def _list(content: Json) -> tuple[str, Json]:
    rows = content["rows"]
    if not 1 <= len(rows) <= ROWS:
        raise _no(f"a list has 1 to {ROWS} rows, not {len(rows)}")
    shown = []
    for row in rows:
        line = {"id": _within("a row's id", row["id"], ROW_ID),
                "title": _within("a row's title", row["title"], ROW_TITLE)}
        if row.get("description"):
            line["description"] = _within("a row's description", row["description"],
                                          ROW_DESCRIPTION)
        shown.append(line)
    _distinct("two rows have the same id", [row["id"] for row in rows])
    return "interactive", {
        "type": "list",
        "body": {"text": _within("the text above a list", content["text"], BODY)},
        "action": {"button": _within("a list's button", content["button"], BUTTON_TITLE),
                   "sections": [{"rows": shown}]}}


def _link(content: Json) -> tuple[str, Json]:
    return "interactive", {
        "type": "cta_url",
        "body": {"text": _within("the text above a link", content["text"], BODY)},
        "action": {"name": "cta_url", "parameters": {
            "display_text": _within("a link's label", content["label"], LINK_LABEL),
            "url": _url(content["url"])}}}


def _media(content: Json) -> tuple[str, Json]:
    kind = content["type"]
    body = _file(content, kind)
    if content.get("caption"):
        if kind not in ("image", "video", "document"):
            raise _no(f"WhatsApp shows no caption with {kind}")
        body["caption"] = _within("a caption", content["caption"], CAPTION)
    return kind, body


def _file(content: Json, kind: str) -> Json:
    """A file by its address, or by the id under which Meta keeps it."""
    body: Json = ({"id": _within("a file's id", content["id"], NAME)} if content.get("id")
                  else {"link": _url(content["url"])})
    if kind == "document" and content.get("name"):
        body["filename"] = _within("a document's name", content["name"], FILE_NAME)
    return body


def _location(content: Json) -> tuple[str, Json]:
    latitude, longitude = float(content["latitude"]), float(content["longitude"])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise _no(f"there is no place at {latitude}, {longitude}")
    body: Json = {"latitude": latitude, "longitude": longitude}
    for key in ("name", "address"):
        if content.get(key):
            body[key] = _within(f"a place's {key}", content[key], NAME)
    return "location", body


def _contact(content: Json) -> tuple[str, list[Json]]:
    name = _within("a contact's name", content["name"], NAME)
    # Meta wants one part of the name beside the whole of it.
    return "contacts", [{"name": {"formatted_name": name, "first_name": name},
                         "phones": [{"phone": _within("a phone number", content["phone"], 40)}]}]


def _reaction(content: Json) -> tuple[str, Json]:
    emoji = content["emoji"]
    if not isinstance(emoji, str) or length(emoji) > 40:
        raise _no("a reaction is one emoji, or none to take it back")
    return "reaction", {"message_id": _within("a message's id", content["to"], NAME),
                        "emoji": emoji}


def _template(content: Json) -> tuple[str, Json]:
    name = _within("a template's name", content["name"], TEMPLATE_NAME)
    language = content["language"].replace("-", "_")
    if not _TEMPLATE_NAME.fullmatch(name):
        raise _no(f"a template's name has small letters, digits and _, unlike {name!r}")
    if not _LANGUAGE.fullmatch(language):
        raise _no(f"{content['language']!r} is no language of a template: write en or en_US")
    template: Json = {"name": name, "language": {"code": language}}
    parameters = content.get("with") or {}
    if parameters:
        template["components"] = [{"type": "body", "parameters": [
            _parameter(key, value) for key, value in sorted(parameters.items(), key=_position)]}]
    for place, button in enumerate(content.get("buttons") or ()):
        if button["id"]:  # without one, a tap says the label
            template.setdefault("components", []).append({
                "type": "button", "sub_type": "quick_reply", "index": str(place),
                "parameters": [{"type": "payload", "payload": _within(
                    "a button's id", button["id"], BUTTON_ID)}]})
    return "template", template


def _position(parameter: tuple[str, Any]) -> tuple[int, int]:
    """Numbered parameters go by number; named ones may stand in any order."""
    return (0, int(parameter[0])) if parameter[0].isdecimal() else (1, 0)


def _parameter(key: str, value: Any) -> Json:
    # Meta refuses line breaks, tabs and runs of spaces in what is put into a template.
    text = _WHITESPACE.sub(" ", value if isinstance(value, str) else str(value)).strip()
    body: Json = {"type": "text"}
    if not key.isdecimal():
        body["parameter_name"] = key
    body["text"] = _within(f"the template's {key}", text, BODY)
    return body


def _within(what: str, text: Any, most: int) -> str:
    if not isinstance(text, str):
        raise _no(f"{what} is no text")
    if not text or text.isspace():
        raise _no(f"{what} is empty")
    if len(text) * 2 > most and length(text) > most:
        raise _no(f"{what} has {length(text)} characters, WhatsApp takes {most}")
    return text


def _url(url: Any) -> str:
    text = _within("an address", url, URL)
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or _WHITESPACE.search(text):
        raise _no("an address has to start with https:// and name a host")
    return text


def _distinct(message_: str, values: list[str]) -> None:
    if len(set(values)) < len(values):
        raise _no(message_)


def _no(why: str) -> Rejected:
    return Rejected(why, advice=_ADVICE)


_PARTS: dict[str, Callable[[Json], tuple[str, Any]]] = {
    "text": _text,
    "buttons": _buttons,
    "list": _list,
    "link": _link,
    **dict.fromkeys(("image", "video", "audio", "document", "sticker"), _media),
    "location": _location,
    "contact": _contact,
    "reaction": _reaction,
    "template": _template,
}
