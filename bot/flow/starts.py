"""Starting a flow, leaving one for another, and giving an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import offers, slots, stack
from bot.flow.expressions import render
from bot.flow.sends import send
from bot.flow.spec import Slot
from bot.flow.turn import DONE
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn


def start(turn: Turn, flow: str, given: Json | None = None) -> None:
    """Start a flow; what is under way rests until it has ended."""
    if any(run["flow"] == flow for run in turn.runs):
        turn.drop_runs("abandoned")  # the customer begins anew
    elif turn.runs and "rests" in turn.run:
        turn.drop_runs("failed")
    elif turn.runs:
        stack.push(turn)
    if (before := stack.holds(turn, flow)) is not None:
        stack.leave(turn, before)
    known = turn.flows.current[flow].slots
    turn.begin(flow, {name: value for name, value in (given or {}).items() if name in known})
    kept = {}
    for name in turn.slots:
        # The step that asks for it takes it silently, unless the flow refuses it later.
        fillers = turn.version.fillers.get(name)
        if fillers and known[name].in_trigger:
            kept[fillers[0]] = turn.slots[name]
    if kept:
        turn.run["kept"] = kept


def start_at(turn: Turn, flow: str, given: Json, step: str) -> None:
    """Start a flow, not at its first step where another is named."""
    turn.rule, turn.item = "trigger", f"flow:{flow}"
    start(turn, flow, given)
    if step:
        machine = turn.version.machine
        turn.next = f"start_{step}"
        if turn.next not in machine.events:
            machine.add_transition(turn.next, DONE, step)


def wish(turn: Turn, flow: str, text: str | None) -> None:
    """Another flow is wanted: the one that waits decides whether it lets go."""
    if any(run["flow"] == flow for run in turn.runs) and turn.waits is not None:
        turn.next = "repeated"  # it is under way already
        return
    given = given_in(turn, flow, text) if text else {}
    manner = turn.version.spec.interruptible if turn.waits is not None else "yes"
    if manner == "no":
        stay(turn)
    elif manner == "ask":
        title = turn.flows.title(f"flow:{turn.run['flow']}", turn.language)
        what = turn.flows.title(f"flow:{flow}", turn.language)
        turn.tell("switch_ask", title=title, what=what)
        offers.show(turn, [(f"switch:{flow}", turn.system("switch_yes"), ""),
                           ("do:stay", turn.system("switch_no"), "")])
        if given:
            turn.state["given"] = given
    else:
        switch(turn, flow, given)


def switch(turn: Turn, flow: str, given: Json | None = None) -> None:
    """Leave what waits for a flow, or go on with it where it rests.

    Only a flow that must not be interrupted holds on to the customer.
    """
    resting = stack.holds(turn, flow)
    if held(turn):
        stay(turn)
    elif resting is not None and not given and stack.is_fresh(turn, resting):
        stack.resume(turn, resting)
    else:
        start(turn, flow, given)


def held(turn: Turn) -> bool:
    """Whether what waits must not be interrupted."""
    return turn.waits is not None and turn.version.spec.interruptible == "no"


def stay(turn: Turn) -> None:
    """The flow that waits holds on: this first, and its question again."""
    turn.tell("finish_first")
    turn.repeat()


def given_in(turn: Turn, flow: str, text: str) -> Json:
    """Slots that the message which starts a flow fills: exactly one part of it fits."""
    found = {}
    for name, slot in turn.flows.current[flow].slots.items():
        if slot.in_trigger and slot.pattern:
            part = render.found_once(slot.pattern, _cleaned(slot, text))
            if part is not None:
                parsed = slots.parse(slot, {"type": "text", "text": part}, turn.scope(), turn.now)
                if isinstance(parsed, slots.Accepted):
                    found[name] = parsed.value
    return found


def _cleaned(slot: Slot, text: str) -> str:
    return text.upper() if slot.clean == "upper" else (
        text.lower() if slot.clean == "lower" else text)


def give(turn: Turn, item: str) -> None:
    """An answer to a frequent question; then the waiting question is repeated."""
    answer = turn.flows.answers[item]
    turn.say(answer.say)
    send(turn, answer.send)
    turn.repeat()
