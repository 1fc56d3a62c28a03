"""Steps that wait for no answer: for a business event, or for a while.

What a visit waits for stands in its `held` as `awaits`: {event, about, until}; what came while its
run could not go on - it was interrupted, an agent had the contact - as `due` in it.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from bot.errors import ExpressionError
from bot.flow.expressions.values import moment
from bot.flow.state import weighs_more
from bot.model import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.flow.machine import Node
    from bot.flow.spec import Wait
    from bot.flow.turn import Turn

#: Timers of waits are called so, with the number of the run behind it.
TIMER = "wait."
#: So many events that a run may still wait for are kept, and so much of them, in characters.
KEPT, HEAVIEST = 50, 262_144


def begin(turn: Turn, node: Node) -> None:
    """Wait; an event of this run that nothing has used yet counts at once."""
    wait = node.step.wait
    assert wait is not None
    run = turn.run
    run["since"] = turn.now
    awaits: Json = {}
    if wait.event is not None:
        awaits["event"] = wait.event
        if wait.about is not None:
            awaits["about"] = _about(turn, wait.about)
        early = next((one for one in run.get("events", ()) if _fits(awaits, one)), None)
        if early is not None:
            _use(turn, early)
            take(turn, node, early)
            return
    until = _until(turn, wait)
    if until is not None and until <= turn.now:
        turn.next = "elapsed"
        return
    if until is not None:
        awaits["until"] = until
    run["held"] = {"awaits": awaits}


def _about(turn: Turn, source: Any) -> str:
    value = turn.value(source)
    if value is None or value == "":
        raise ExpressionError("what is waited for has no name", expression=str(source))
    return str(value)


def _until(turn: Turn, wait: Wait) -> int | None:
    if wait.for_ms is not None:
        return turn.now + wait.for_ms
    if wait.until is None:
        return None
    at: date | None = moment(turn.value(wait.until), turn.zone)
    if at is None:
        raise ExpressionError("this is no time", expression=wait.until)
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(), turn.zone)
    return int(at.timestamp() * 1000)


def take(turn: Turn, node: Node, event: Json) -> None:
    """This is what was waited for."""
    wait = node.step.wait
    if wait is not None and wait.save is not None:
        turn.put(wait.save, event)
    turn.next = "event"


def _fits(awaits: Json, event: Json) -> bool:
    """Whether an event is the one that is waited for; an id that is a number is its text too."""
    return awaits.get("event") == event["name"] and (
        "about" not in awaits or awaits["about"] == str(event.get("about", event["id"])))


def runs(turn: Turn) -> Iterator[Json]:
    """Every run, those that were interrupted included: the latest first."""
    yield from reversed(turn.runs)
    for stack in reversed(turn.state.get("stacked", ())):
        yield from reversed(stack["runs"])


def expects(turn: Turn, event: Json) -> Json | None:
    """The run whose step waits for this event now."""
    for run in runs(turn):
        awaits = run.get("held", {}).get("awaits", {})
        if "due" not in awaits and _fits(awaits, event):
            return run
    return None


def keep(turn: Turn, event: Json) -> bool:
    """Keep an event for the runs in which a later step waits for one like it; False: none does."""
    found = False
    for run in runs(turn):
        if event["name"] in turn.flows.version(run["flow"], run["version"]).awaited:
            kept = [*run.get("events", ()), event][-KEPT:]
            while len(kept) > 1 and weighs_more(kept, HEAVIEST):
                del kept[0]
            run["events"] = kept
            found = True
    return found


def _use(turn: Turn, event: Json) -> None:
    for run in runs(turn):
        if "events" in run:
            run["events"] = [one for one in run["events"] if one["id"] != event["id"]]


def comes(turn: Turn, run: Json, due: Json) -> None:
    """What a run waited for has come: {event}, or {} when its time is over.

    It goes on with it now, or as soon as it can.
    """
    awaits = {word: value for word, value in run["held"]["awaits"].items() if word != "until"}
    run["held"] = {**run["held"], "awaits": {**awaits, "due": due}}
    if run is turn.run:
        go_on(turn)


def go_on(turn: Turn) -> bool:
    """Go on with what came meanwhile; False: the step that waits goes on waiting."""
    node = turn.waits
    awaits = turn.run.get("held", {}).get("awaits", {})
    if node is None or "due" not in awaits:
        return False
    due = awaits["due"]
    turn.run["held"] = {"awaits": {word: value for word, value in awaits.items() if word != "due"}}
    if "event" in due:
        take(turn, node, due["event"])
    else:
        turn.next = "elapsed"
    return True


def ended(turn: Turn, name: str, token: str) -> Json | None:
    """The run whose wait is over by this timer; None: that wait is over already."""
    run = next((run for run in runs(turn) if f"{TIMER}{run['number']}" == name), None)
    if run is None or token != _token(run) or "until" not in run["held"]["awaits"]:
        return None
    return run


def timers(turn: Turn) -> dict[str, tuple[int, str]]:
    """The ends of all waits, those of interrupted flows included."""
    found = {}
    for run in runs(turn):
        awaits = run.get("held", {}).get("awaits")
        if awaits is not None and "until" in awaits and "rests" not in run:
            found[f"{TIMER}{run['number']}"] = (awaits["until"], _token(run))
    return found


def _token(run: Json) -> str:
    return f"{run['visit']}.{run.get('held', {}).get('awaits', {}).get('until')}"
