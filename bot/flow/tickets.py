"""A person of the business is asked for: the ticket, and what the customer is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clock import local
from bot.model import QUEUE, TicketChange

if TYPE_CHECKING:
    from bot.flow.turn import Turn


def hand_over(turn: Turn, queue: str | None, *, reason: str, priority: str = "normal",
              note: str = "", return_to: str | None = None, said: bool = False) -> None:
    """Open a ticket and tell the customer what happens next; `said`: the flow has told it."""
    queue = turn.flows.queue_name(queue or (turn.version.spec.queue if turn.runs else None))
    is_open, opens = turn.flows.queue_hours(queue, turn.now)
    turn.ticket = TicketChange("open", queue, priority, note, reason, return_to)
    turn.owner = QUEUE
    if is_open:
        if not said:
            turn.tell("handoff_open")
    elif opens is None:
        turn.tell("handoff_someday")
    else:
        turn.tell("handoff_closed", opens=local(opens, turn.zone))


def rest(turn: Turn) -> None:
    """A failure that nobody planned for: the apology, and a person."""
    turn.run["rests"] = True
    turn.tell("apology")
    kind = (turn.error or {}).get("kind", "")
    hand_over(turn, None, reason="failure", note=f"{turn.here}: {kind}")
