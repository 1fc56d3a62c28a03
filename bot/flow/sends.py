"""What a step sends beside its text: media, a place, a contact, a link button, a reaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import registered
from bot.flow.messages import BODY, BUTTON, Media, shorten
from bot.flow.spec import Send, TemplateUse
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn

#: Of a file and of its ending: with what a customer wrote in it, it could be of any length.
_LONGEST_NAME, _LONGEST_ENDING = 200, 10


def send(turn: Turn, sends: tuple[Send, ...]) -> None:
    """Send these; one without an address is left out, and staff hear of it."""
    for one in sends:
        content = _content(turn, one)
        if content is not None:
            turn.out.append(Media(content))


def _content(turn: Turn, send: Send) -> Json | None:
    kind = send.kind
    if kind == "whatsapp_template":
        return registered.content(turn, TemplateUse.model_validate(send.value))
    value = turn.value(send.value)
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
        return {"type": kind, "label": shorten(label, BUTTON), "url": str(value)}
    content: Json = {"type": kind, "url": str(value)}
    if send.caption:
        content["caption"] = shorten(turn.text(send.caption), BODY)
    if send.filename:
        content["name"] = _name(str(turn.value(send.filename)))
    return content


def _name(text: str) -> str:
    """The name of a file on one line, no longer than any file's."""
    name = " ".join(text.split())
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST_NAME]
    return stem[:_LONGEST_NAME] + dot + ending
