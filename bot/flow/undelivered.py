"""A message that the provider could not deliver, where a step has another way then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.flow.messages import compose
from bot.model import BOT, Reply

if TYPE_CHECKING:
    from bot.flow.turn import Turn


def marked(turn: Turn, replies: list[Reply]) -> list[Reply]:
    """The replies, those of the visit that listens for a failure with its name on them."""
    node = turn.node
    if node is None or node.step.on_undelivered is None or turn.owner != BOT:
        return replies
    earlier = compose(turn.out[:turn.mark[0]])
    first = len(earlier)
    if earlier and replies[first - 1:first] != earlier[-1:]:
        first -= 1  # what an earlier step said is joined to what this one says
    visit = _visit(turn)
    return [*replies[:first], *(replace(reply, visit=visit) for reply in replies[first:])]


def _visit(turn: Turn) -> str:
    return f"{turn.run['number']}.{turn.run['visit']}"


def came(turn: Turn) -> None:
    """The news of it: {message, visit, code}. It counts only while that visit lasts."""
    node = turn.waits
    if node is None or node.step.on_undelivered is None or (
            turn.event.payload.get("visit") != _visit(turn)):
        turn.rule = "stale"
        return
    turn.rule, turn.item = "undelivered", str(turn.event.payload.get("code") or "")
    turn.next = "undelivered"
