"""A picture, a voice note, a place: asked for, or answered in words."""

from __future__ import annotations

from bot.flow import commands, question, registered, steps, topics
from bot.flow.language.choose import Chosen
from bot.flow.language.commands import Said
from bot.flow.language.match import Candidate
from bot.flow.machine import Node
from bot.flow.turn import Turn
from bot.model import ANSWERS, Json


def came(turn: Turn, content: Json, caption: str | None, said: Said | None) -> None:
    """A picture, a voice note, a place: asked for, or answered in words."""
    node = turn.waits
    if said is not None:
        turn.rule, turn.item = "command", said.item
        commands.obey(turn, said)
        return
    if node is not None and registered.opened(turn):
        return
    reason = ""
    if node is not None and node.kind == "ask" and content["type"] in ANSWERS:
        reason = steps.answer(turn, node, content)
        if not reason:
            turn.rule, turn.item = "answer", node.slot or ""
            return
    if caption is not None and _caption(turn, node, caption):
        return
    turn.rule = "answer"
    turn.item = str(content["type"])
    if node is not None and node.step.on_media is not None:
        turn.next = "media"
        return
    own = node.step.errors.get("media") if node is not None else None
    if node is not None and own is not None:
        steps.complain(turn, node, "media")
        steps.offer(turn, node)
        return
    kind = str(content["type"])
    media = content.get("media")
    if kind == "audio" and isinstance(media, dict) and media.get("voice"):
        kind = "voice"
    if reason and node is not None and node.slot_spec is not None \
            and node.slot_spec.type in ("image", "video", "audio", "document", "location"):
        steps.complain(turn, node, "type")
    else:
        name = f"media_{kind}"
        turn.tell(name if name in turn.flows.texts else "media_unsupported")
    turn.repeat()


def _caption(turn: Turn, node: Node | None, caption: str) -> bool:
    """What was written under a picture counts as text, where it can be understood."""
    if node is not None:
        found = question.find(turn, node, caption)
        if isinstance(found, Chosen):
            question.choose(turn, found.id)
            return True
        if node.kind == "ask" and not steps.answer(turn, node,
                                                   {"type": "text", "text": caption}):
            turn.rule, turn.item = "answer", node.slot or ""
            return True
        return topics.another(turn, caption, turn.flows.about(caption))
    about = turn.flows.about(caption)
    if isinstance(about, Candidate):
        topics.follow(turn, caption, about)
        return True
    return False
