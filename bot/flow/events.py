"""Business events: what a step waits for, and what starts a flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import clocks, stack, starts, waiting
from bot.model import BOT, Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn

#: The timer that lets a flow begin which a question, answered by nobody, holds up.
TIMER = "pending"
#: So many flows wait until the customer is free.
_MOST = 20


def happened(turn: Turn) -> None:
    """A business event: {name, id, contact, about?, …data}."""
    event = turn.event.payload
    turn.rule, turn.item = "event", event["name"]
    flow = turn.flows.by_event.get(event["name"])
    run = waiting.expects(turn, event)
    if run is not None:
        _comes(turn, run, {"event": event})
    elif flow is not None and not clocks.opted_out(turn):
        pending = [*turn.state.get("pending", ()), [flow, event]]
        turn.state["pending"] = pending[-_MOST:]
        start_next(turn)
    elif not waiting.keep(turn, event):
        turn.rule = "ignored"


def _comes(turn: Turn, run: Json, due: Json) -> None:
    """A run goes on with what has come; an interrupted one where nothing else is under way."""
    waiting.comes(turn, run, due)
    if not turn.runs and turn.owner == BOT:
        stack.resume(turn, next(one for one in turn.state["stacked"] if run in one["runs"]))


def rings(turn: Turn, name: str, token: str) -> bool:
    """A timer of a wait, or of a flow that waits to begin; False: it is an old one."""
    if name == TIMER:
        if timer(turn) != {TIMER: (int(token), token)}:
            return False
        start_next(turn)
        return True
    run = waiting.ended(turn, name, token)
    if run is None:
        return False
    _comes(turn, run, {})
    return True


def start_next(turn: Turn) -> None:
    """Begin the flow that an event has called for, once the customer is in nothing else.

    A flow that waits for no answer is no hindrance, nor one that nobody answers.
    """
    pending = turn.state.get("pending")
    if not pending or turn.owner != BOT or turn.next is not None:
        return
    if turn.runs:
        node = turn.waits
        if node is None or (node.kind != "wait" and not clocks.is_idle(turn)):
            return
    waits = {run["flow"] for run in waiting.runs(turn) if "awaits" in run.get("held", {})}
    following = next((one for one in pending if one[0] not in waits), None)
    if following is None:
        return  # each is under way already and waits: one after the other
    rest = [one for one in pending if one is not following]
    if rest:
        turn.state["pending"] = rest
    else:
        del turn.state["pending"]
    flow, event = following
    if flow in turn.flows.current:
        starts.start(turn, flow)
        turn.run["event"] = event
        turn.go()
    start_next(turn)


def timer(turn: Turn) -> dict[str, tuple[int, str]]:
    """When a flow that waits to begin may do so though nobody has answered."""
    if "pending" not in turn.state or turn.waits is None:
        return {}
    at = clocks.idle_at(turn) + 1
    return {TIMER: (at, str(at))}
