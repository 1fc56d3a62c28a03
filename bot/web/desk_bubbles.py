"""Lines of a transcript as the conversation page shows them.

What a customer's phone sent can have any shape: each part is taken only when it is what it
should be, and all of it stays text until the template escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.model import Json
from bot.store.rows import MessageRow
from bot.web import desk_words
from bot.web.desk_pages import Moment

MEDIA = {"image": "Photo", "sticker": "Sticker", "video": "Video", "audio": "Audio",
         "document": "Document"}


@dataclass(frozen=True, slots=True)
class Media:
    kind: str  #: image | sticker | video | audio | document
    label: str
    href: str
    inline: bool  #: shown in the page, by our own proxy; else a link


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message, ready to be shown."""

    id: str
    side: str  #: in | bot | agent
    who: str
    at: int
    day: str  #: heading above it, "" when it is the day of the one before
    first: bool  #: the first of a run by the same person
    kind: str
    label: str = ""  #: what the text is, where that isn't plain: Tapped, Template …
    text: str = ""
    media: Media | None = None
    place: str = ""  #: address of a map
    link: tuple[str, str] | None = None  #: (label, href)
    choices: tuple[tuple[str, str], ...] = ()  #: (title, description) of buttons and rows
    status: desk_words.Status | None = None


def bubbles(rows: Iterable[MessageRow], at: Moment, customer: str,
            before: MessageRow | None = None) -> list[Bubble]:
    """The rows of a transcript, oldest first; `before` is the one already shown above them."""
    shown = []
    for row in rows:
        heading = desk_words.day(row.at, at.now, at.zone)
        same_day = before is not None and heading == desk_words.day(before.at, at.now, at.zone)
        first = before is None or before.origin != row.origin or not same_day
        shown.append(bubble(row, customer, day="" if same_day else heading, first=first))
        before = row
    return shown


def bubble(row: MessageRow, customer: str, *, day: str = "", first: bool = True) -> Bubble:
    side = "in" if row.direction == "in" else "bot" if row.origin == "bot" else "agent"
    who = {"in": customer, "bot": "Bot"}.get(side) or row.origin_name or "Agent"
    content = row.content if isinstance(row.content, dict) else {}
    kind = _text(content.get("type")) or "unknown"
    parts = _PARTS.get(kind, _unknown)(content, row)
    return Bubble(id=row.id, side=side, who=who, at=row.at, day=day, first=first, kind=kind,
                  status=desk_words.status(row), **parts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _plain(content: Json, row: MessageRow) -> dict[str, Any]:
    return {"text": _text(content.get("text"))}


def _tap(content: Json, row: MessageRow) -> dict[str, Any]:
    return {"label": "Tapped", "text": _text(content.get("title"))}


def _media(content: Json, row: MessageRow) -> dict[str, Any]:
    kind = _text(content.get("type"))
    word = MEDIA[kind]
    if row.direction == "out":
        href = desk_words.safe_link(content.get("url"))
        name = _text(content.get("name")) or word
        return {"label": word, "text": _text(content.get("caption")),
                "media": Media(kind, name, href, inline=False) if href else None}
    media = _mapping(content.get("media"))
    if media.get("voice") is True:
        word = "Voice message"
    name = _text(media.get("name")) or word
    return {"label": word, "text": _text(content.get("text")),
            "media": Media(kind, name, f"/desk/media/{row.id}", inline=kind != "document")}


def _location(content: Json, row: MessageRow) -> dict[str, Any]:
    latitude, longitude = content.get("latitude"), content.get("longitude")
    words = [_text(content.get("name")), _text(content.get("address"))]
    found: dict[str, Any] = {"label": "Location", "text": "\n".join(filter(None, words))}
    numbers = [n for n in (latitude, longitude)
               if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) <= 180]
    if len(numbers) == 2:
        found["place"] = ("https://www.openstreetmap.org/?mlat={0:.6f}&mlon={1:.6f}"
                          "#map=16/{0:.6f}/{1:.6f}".format(*numbers))
        found["text"] = found["text"] or "{:.5f}, {:.5f}".format(*numbers)
    return found


def _contacts(content: Json, row: MessageRow) -> dict[str, Any]:
    cards = []
    for card in _items(content.get("contacts")):
        phones = card.get("phones")
        numbers = [p for p in phones if isinstance(p, str)] if isinstance(phones, list) else []
        cards.append((_text(card.get("name")) or "No name", ", ".join(numbers)))
    return {"label": "Contact card", "choices": tuple(cards)}


def _contact(content: Json, row: MessageRow) -> dict[str, Any]:
    return {"label": "Contact card",
            "choices": ((_text(content.get("name")), _text(content.get("phone"))),)}


def _buttons(content: Json, row: MessageRow) -> dict[str, Any]:
    header = _mapping(content.get("header"))
    href = desk_words.safe_link(header.get("url"))
    kind = _text(header.get("type"))
    media = None
    if href and kind in MEDIA:
        media = Media(kind, _text(header.get("name")) or MEDIA[kind], href, inline=False)
    return {"text": _text(content.get("text")), "media": media,
            "choices": tuple((_text(b.get("title")), "") for b in _items(content.get("buttons")))}


def _list(content: Json, row: MessageRow) -> dict[str, Any]:
    rows = tuple((_text(r.get("title")), _text(r.get("description")))
                 for r in _items(content.get("rows")))
    return {"text": _text(content.get("text")), "choices": rows}


def _link(content: Json, row: MessageRow) -> dict[str, Any]:
    href = desk_words.safe_link(content.get("url"))
    label = _text(content.get("label")) or "Link"
    return {"text": _text(content.get("text")), "link": (label, href) if href else None}


def _template(content: Json, row: MessageRow) -> dict[str, Any]:
    values = [f"{name}: {value}" for name, value in _mapping(content.get("with")).items()]
    return {"label": f"Template {_text(content.get('name'))} ({_text(content.get('language'))})",
            "text": _text(content.get("text")) or "\n".join(values),
            "choices": tuple((_text(b.get("title")), "") for b in _items(content.get("buttons")))}


def _reaction(content: Json, row: MessageRow) -> dict[str, Any]:
    emoji = _text(content.get("emoji"))
    return {"label": "Reacted" if emoji else "Took a reaction back", "text": emoji}


def _edit(content: Json, row: MessageRow) -> dict[str, Any]:
    return {"label": "Edited an earlier message", "text": _text(content.get("text"))}


def _revoke(content: Json, row: MessageRow) -> dict[str, Any]:
    return {"label": "Deleted an earlier message"}


def _system(content: Json, row: MessageRow) -> dict[str, Any]:
    return {"label": "WhatsApp says", "text": _text(content.get("text"))}


def _unknown(content: Json, row: MessageRow) -> dict[str, Any]:
    what = _text(content.get("what")) or _text(content.get("type"))
    return {"label": "A message that can't be shown here", "text": what}


_PARTS = {"text": _plain, "tap": _tap, "location": _location, "contacts": _contacts,
          "contact": _contact, "buttons": _buttons, "list": _list, "link": _link,
          "template": _template, "reaction": _reaction, "edit": _edit, "revoke": _revoke,
          "system": _system, **dict.fromkeys(MEDIA, _media)}
