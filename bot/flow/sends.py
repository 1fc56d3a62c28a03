"""What a step sends beside its text: media, a place, a contact, a link button, a reaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow.messages import Media
from bot.flow.spec import Send
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn


def send(turn: Turn, sends: tuple[Send, ...]) -> None:
    """Send these; one without an address is left out, and staff hear of it."""
    for one in sends:
        content = _content(turn, one)
        if content is not None:
            turn.out.append(Media(content))


def _content(turn: Turn, send: Send) -> Json | None:
    value = turn.value(send.value)
    kind = send.kind
    if kind in ("location", "contact"):
        return {"type": kind, **value} if isinstance(value, dict) else None
    if kind == "reaction":
        # `to` is the event that is answered; the outbox knows its id at the provider.
        if turn.event.kind != "message" or not value:
            return None
        return {"type": kind, "emoji": str(value), "to": turn.event.id}
    if isinstance(value, dict):
        value = value.get("url")
    if not value:
        turn.note(f"{turn.here}: nothing to send, the address is empty")
        return None
    if kind == "link":
        label = turn.text(send.label) if send.label else str(value)
        return {"type": kind, "label": label, "url": str(value)}
    content: Json = {"type": kind, "url": str(value)}
    if send.caption:
        content["caption"] = turn.text(send.caption)
    if send.filename:
        content["name"] = str(turn.value(send.filename))
    return content
