"""People who stand in a version of a flow that is not the current one any more.

Nobody is moved by the publish itself. When a conversation is next looked at, each of its runs
follows to the newer version where its visit can go on there: the same step, or the one that
`moved` names. Where it can't - the step is gone, or asks something else now - the run goes on as
it was until its customer writes, and is then entered anew where it makes sense:

* `in_flight: restart`: the first step.
* The step that stands in its place.
* An answer whose slot is of another type now is asked anew.
* Behind the last question that was answered and is still there; what it leads to now is next.
* The first step, where there is no such question.

Nothing that a call has changed is done twice: whoever would have to go back behind such a call
finishes in the old version, and so does who waits for a call, an event, a colleague or a sub-flow
until that is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import ExpressionError
from bot.flow import review, slots
from bot.flow.turn import DONE
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.machine import Node
    from bot.flow.onward import Between
    from bot.flow.turn import Turn

#: What is asked anew in its new shape. Whatever else a step waits for comes to its end first.
_ASKS = frozenset({"ask", "choices", "review"})


def follow(turn: Turn) -> None:
    """Every run under way goes on in the newest version in which its visit can."""
    if not turn.flows.onward:
        return
    changed = False
    for run in turn.runs:
        while (between := turn.flows.between(run["flow"], run["version"])) is not None:
            if not _follows(turn, run, between):
                break
            changed = True
    if changed:
        turn.bind()


def arrive(turn: Turn) -> bool:
    """Enter anew what can't go on as it is. False: nothing has changed for the run on top."""
    node = turn.waits
    if not turn.flows.onward or node is None or node.kind not in _ASKS:
        return False
    run, target = turn.run, ""
    begun = any(len(entry) > 3 for entry in run["questions"])
    while (between := turn.flows.between(run["flow"], run["version"])) is not None:
        found = _place(turn, between, target or turn.step)
        if found is None:
            break
        if between.restarts and begun:
            turn.tell("started_over")
            begun = False
        target = found
        run["version"] = between.new.id
        run["step"] = DONE
        turn.bind()
    if not target:
        return False
    run.pop("held", None)
    run["refused"] = {name: used for name, used in run["refused"].items()
                      if name in turn.version.nodes}
    event = f"anew_{target}"
    if event not in turn.version.machine.events:
        turn.version.machine.add_transition(event, DONE, target)
    turn.next = event
    turn.go()
    return True


def _follows(turn: Turn, run: Json, between: Between) -> bool:
    """Go on with the visit in the new version; False: that can't be done, and nothing changed."""
    step = run["step"]
    if between.restarts or not between.goes_on(step):
        return False
    to = between.places[step]
    held = _held(run.get("held"), between.old.nodes[step], between.new.nodes[to])
    if held is None:
        return False
    journal, sealed = _journal(run, between)
    lost = _lost(turn, run, between)
    if _asked(journal, lost, between) is not None:
        return False
    _rename(run, between, journal, sealed)
    for slot in lost:
        run["slots"].pop(slot)
    if held or "held" in run:
        run["held"] = held
    run["version"], run["step"] = between.new.id, to
    return True


def _held(held: Json | None, old: Node, new: Node) -> Json | None:
    """What the visit keeps, as the new version of its step wants it; None: it can't go on."""
    kept = dict(held or {})
    if new.kind == "ask" and (old.slot_spec and old.slot_spec.type) != (
            new.slot_spec and new.slot_spec.type):
        kept.pop("understood", None)
    if new.kind != "choices":
        return kept
    rows = kept.get("rows")
    if rows is None and (not new.fixed or not old.fixed):
        rows = [[choice.id] for choice in old.step.choices]
    if rows is not None:
        rows = [row for row in rows if len(row) > 1 or row[0] in new.by_id]
        wants_items = new.slot_spec is not None and new.slot_spec.type == "object"
        if not rows or (new.fixed and len(rows[0]) > 1) or (
                wants_items and "items" not in kept and len(rows[0]) > 1):
            return None
        kept["rows"] = rows
    if "left" in kept:
        there = {row[0] for row in rows} if rows is not None else set(new.by_id)
        kept["left"] = [one for one in kept["left"] if one in there]
        if not kept["left"]:
            del kept["left"]
    return kept


def _lost(turn: Turn, run: Json, between: Between) -> list[str]:
    """The slots whose value the new version can't use."""
    return [slot for slot, value in run["slots"].items() if between.is_retyped(slot)
            and not _fits(turn, between, slot, value)]


def _fits(turn: Turn, between: Between, slot: str, value: Any) -> bool:
    try:
        return slots.is_valid(between.new.slots[slot], value, turn.scope())
    except ExpressionError:
        return False


def _asked(journal: list[list[Any]], lost: list[str], between: Between) -> int | None:
    """The first question that has filled one of these slots and can do so again."""
    fillers = {step for slot in lost for step in between.new.fillers.get(slot, ())}
    return next((index for index, entry in enumerate(journal)
                 if entry[0] in fillers and len(entry) > 3 and entry[3] is not None), None)


def _journal(run: Json, between: Between) -> tuple[list[list[Any]], int | None]:
    """The questions of a run that are still there, by their new names, and how many are sealed."""
    journal: list[list[Any]] = []
    sealed: int | None = run.get("sealed")
    for index, (step, visit, undo, *answer) in enumerate(run["questions"]):
        to = between.places.get(step)
        if to is not None and between.new.nodes[to].question:
            journal.append([to, visit, dict(undo), *answer])
            continue
        if journal:  # what it has changed belongs to the question before
            for slot, before in undo.items():
                journal[-1][2].setdefault(slot, before)
        if sealed and index < run["sealed"]:
            sealed -= 1
    return journal, sealed


def _rename(run: Json, between: Between, journal: list[list[Any]], sealed: int | None) -> None:
    run["questions"] = journal
    if sealed is not None:
        run["sealed"] = sealed
    for kept in ("refused", "kept", "aside"):
        if kept in run:
            run[kept] = {between.places[step]: value for step, value in run[kept].items()
                         if step in between.places}


def _place(turn: Turn, between: Between, step: str) -> str | None:
    """Make the run ready to be entered anew in the new version, and say at which step.

    None: it would have to go back behind a call that has changed something; nothing is touched.
    """
    run = turn.run
    first = next(iter(between.new.nodes))
    if between.restarts:
        if "sealed" in run:
            return None
        lost = _lost(turn, run, between)
        _begin_again(run, lost)
        return first
    journal, sealed = _journal(run, between)
    lost = _lost(turn, run, between)
    asked = _asked(journal, lost, between)
    to = between.places.get(step)
    answered = next((index for index in range(len(journal) - 1, -1, -1)
                     if len(journal[index]) > 3 and journal[index][3] is not None), None)
    index = asked if asked is not None else answered if to is None else None
    if index is not None and index < (sealed or 0):
        return None
    if index is None and to is None:
        if "sealed" in run:
            return None
        _begin_again(run, lost)
        return first
    _rename(run, between, journal, sealed)
    for slot in lost:
        run["slots"].pop(slot)
    if index is not None:
        target, answer = str(journal[index][0]), journal[index][3]
        review.rewind(turn, index)
        if asked is None:  # it is not asked again: what it leads to now is next
            run["aside"].pop(target, None)
            run["kept"][target] = answer
        return target
    if journal and len(journal[-1]) == 3:  # the question that is open is opened anew
        _, _, undo = journal.pop()
        for slot, before in undo.items() if journal else ():
            journal[-1][2].setdefault(slot, before)
    return to


def _begin_again(run: Json, lost: list[str]) -> None:
    for slot in lost:
        run["slots"].pop(slot)
    run["questions"], run["refused"] = [], {}
    for kept in ("kept", "aside"):
        run.pop(kept, None)
