"""One `transitions` machine for each version of a flow, shared by every conversation.

States are the steps and `_done`, at which every run begins and ends. Conditions and callbacks
are closures made here from the spec; they read the `Turn` that is the machine's model and append
to its effects. No string of an author ever reaches `transitions` as the name of a callback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

from transitions import Machine, State

from bot.flow import clocks, review, steps, tickets
from bot.flow.expressions import sources
from bot.flow.language.choose import ChoiceLabels
from bot.flow.spec import Choice, FlowSpec, Next, Slot, Step, Timer
from bot.flow.turn import DONE, Turn

logging.getLogger("transitions").setLevel(logging.WARNING)

#: Called with transitions' EventData, whose `model` is the Turn.
Call = Callable[[Any], Any]
_WAITS = frozenset({"ask", "choices", "review", "wait"})
_UNDECLARED = Slot(type="object")


class Node:
    """A step as the machine uses it, with what never changes worked out once."""

    __slots__ = ("by_id", "fixed", "kind", "labels", "minds_outcome", "name", "plain", "question",
                 "shown", "slot", "slot_spec", "step", "waits")

    def __init__(self, name: str, step: Step, slots: dict[str, Slot]) -> None:
        self.name = name
        self.step = step
        self.kind = step.kind
        self.slot = step.slot
        self.slot_spec = slots.get(self.slot) if self.slot is not None else None
        self.question = self.kind in ("ask", "choices")
        self.waits = self.kind in _WAITS
        self.by_id: dict[str, Choice] = {choice.id: choice for choice in step.choices}
        #: The choices are the same for everybody: the visit need not keep them.
        self.fixed = (self.kind == "choices" and step.choices_from is None
                      and all(choice.if_ is None for choice in step.choices))
        #: Nothing in their labels is filled in, so these two are worked out once.
        self.plain = not any("{" in text for choice in step.choices
                             for texts in (choice.label, choice.description or {})
                             for text in texts.values())
        self.shown: dict[str, list[tuple[str, str, str]]] = {}
        self.labels: list[ChoiceLabels] | None = None
        self.minds_outcome = any("outcome" in sources.expression(entry.if_).names
                                 for entry in step.goto if entry.if_ is not None)


class Version:
    """One version of a flow. The spec is read and the machine built when first needed."""

    def __init__(self, flow: str, id_: str, spec: FlowSpec | None = None,
                 source: str = "") -> None:
        self.flow = flow
        self.id = id_
        self._spec = spec
        self._source = source

    @property
    def spec(self) -> FlowSpec:
        if self._spec is None:
            self._spec = FlowSpec.from_source(self._source)
            self._source = ""
        return self._spec

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Every slot, those that only a `save` names included."""
        found = dict(self.spec.slots)
        for step in self.spec.steps.values():
            for name in (step.save, step.wait.save if step.wait else None,
                         *(step.run.save if step.run else ())):
                if name is not None:
                    found.setdefault(name, _UNDECLARED)
        return found

    @cached_property
    def nodes(self) -> dict[str, Node]:
        return {name: Node(name, step, self.slots) for name, step in self.spec.steps.items()}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The type of each slot."""
        return {name: slot.type for name, slot in self.slots.items()}

    @cached_property
    def spared(self) -> tuple[tuple[str, str, int], ...]:
        """The slots that are kept for the next runs: (name, type, how long)."""
        return tuple((name, slot.type, slot.keep_ms) for name, slot in self.spec.slots.items()
                     if slot.keep_ms is not None)

    @cached_property
    def fillers(self) -> dict[str, tuple[str, ...]]:
        """The questions that fill each slot."""
        found: dict[str, list[str]] = {}
        for node in self.nodes.values():
            if node.question and node.slot is not None:
                found.setdefault(node.slot, []).append(node.name)
        return {slot: tuple(names) for slot, names in found.items()}

    @cached_property
    def awaited(self) -> frozenset[str]:
        """The events that some step waits for."""
        return frozenset(step.wait.event for step in self.spec.steps.values()
                         if step.wait is not None and step.wait.event is not None)

    @cached_property
    def timezone(self) -> str | None:
        return self.spec.timezone

    @cached_property
    def machine(self) -> Machine:
        return build(self)

    def edit_event(self, slot: str, source: str) -> str:
        """The event that asks a slot anew; its transitions are made when first wanted."""
        event = f"edit_{slot}"
        if not self._known(event, source):
            for filler in self.fillers[slot]:
                self.machine.add_transition(event, source, filler, _fills(slot, filler),
                                            before=_rewinds)
        return event

    def back_event(self, step: str, source: str) -> str:
        """The event that asks the question of a step again."""
        event = f"back_{step}"
        if not self._known(event, source):
            self.machine.add_transition(event, source, step, before=_rewinds)
        return event

    def _known(self, event: str, source: str) -> bool:
        events = self.machine.events
        return event in events and source in events[event].transitions


def build(version: Version) -> Machine:
    """The machine of a flow. Destinations were checked when the flow was read."""
    nodes = version.nodes
    states = [State(name, on_enter=_enters(node)) for name, node in nodes.items()]
    machine = Machine(
        model=None, initial=None, states=[*states, State(DONE, on_enter=_ends_run)],
        auto_transitions=False, send_event=True, model_attribute="step")
    machine.add_transition("started", DONE, next(iter(nodes)))
    ways = _Ways(machine, version)
    for node in nodes.values():
        _BUILD[node.kind](ways, node)
        ways.out(node, "skipped", node.step.goto)
        if node.step.on_error:
            ways.out(node, "failed", node.step.on_error)
        else:
            ways.add("failed", node, DONE, [_caller_minds], [_ending("failed")])
            ways.add("failed", node, None, [], [_rests])
        if node.waits:
            _waiting(ways, node)
    return machine


class _Ways:
    """Adds the transitions of one machine."""

    __slots__ = ("machine", "version")

    def __init__(self, machine: Machine, version: Version) -> None:
        self.machine = machine
        self.version = version

    def add(self, event: str, node: Node, to: str | None, when: list[Call] | None = None,
            before: list[Call] | None = None) -> None:
        conditions: list[Any] | None = list(when) if when else None
        calls: list[Any] | None = list(before) if before else None
        self.machine.add_transition(event, node.name, to, conditions, before=calls)

    def out(self, node: Node, event: str, entries: tuple[Next, ...],
            when: list[Call] | None = None) -> None:
        """A `goto`: its entries in order, the first whose condition holds wins."""
        when = when or []
        for entry in entries:
            conditions = [*when, _holds(entry.if_)] if entry.if_ is not None else when
            if entry.step is not None:
                self.add(event, node, entry.step, conditions)
            elif entry.refuse is not None:
                self._refuse(node, event, entry, conditions)
            elif entry.edit is not None:
                for filler in self.version.fillers.get(entry.edit, ()):
                    self.add(event, node, filler,
                             [*conditions, _finds(entry.edit), _fills(entry.edit, filler)],
                             [_asks_again])
            elif entry.flow is not None:
                self.add(event, node, DONE, conditions, [_leaves(entry)])
            else:
                self.add(event, node, DONE, conditions, [_ending(entry.end or "done")])
        if not entries:
            self.add(event, node, DONE, when, [_ending("done")])

    def _refuse(self, node: Node, event: str, entry: Next, conditions: list[Call]) -> None:
        asked = self.version.nodes[entry.refuse or ""]
        if asked.step.attempts is not None and asked.step.on_give_up is not None:
            self.add(event, node, asked.step.on_give_up, [*conditions, _last_attempt(asked)],
                     [_gives_up(entry, asked)])
        self.add(event, node, asked.name, conditions, [_refuses(entry, asked)])


def _waiting(ways: _Ways, node: Node) -> None:
    """What every step that waits for the customer knows beside its answers."""
    step = node.step
    ways.add("repeated", node, None, [], [_repeats(node)])
    if step.on_undelivered is not None:
        ways.add("undelivered", node, step.on_undelivered)
    if step.on_media is not None:
        ways.add("media", node, step.on_media)
    if node.question:
        ways.add("refused", node, None, [], [_complains(node)])
        if step.on_give_up is not None:
            ways.add("gave_up", node, step.on_give_up)
    if step.on_timeout is not None:
        _ring(ways, node, "elapsed", step.on_timeout, [])
    if step.remind is None:
        ways.add("reminded", node, None, [], [_reminds])
    for number, timer in enumerate(step.remind or ()):
        _ring(ways, node, "reminded", timer, [_is_reminder(number)])


def _ring(ways: _Ways, node: Node, event: str, timer: Timer, when: list[Call]) -> None:
    to = clocks.destination(timer, DONE)
    before = [_rings(node, timer)]
    if to == DONE:
        before.append(_ending("timed_out"))
    ways.add(event, node, to, when, before)


def _build_auto(ways: _Ways, node: Node) -> None:
    ways.out(node, "passed", node.step.goto)


def _build_end(ways: _Ways, node: Node) -> None:
    ways.add("passed", node, DONE, [], [_ending(node.step.end or "done")])


def _build_ask(ways: _Ways, node: Node) -> None:
    ways.out(node, "answered", node.step.goto)


def _build_choices(ways: _Ways, node: Node) -> None:
    for choice in node.step.choices:
        if choice.goto:
            ways.out(node, "chosen", choice.goto, [_chose(choice.id)])
    ways.out(node, "chosen", node.step.goto)
    if node.step.otherwise is not None:
        ways.add("otherwise", node, node.step.otherwise)
    if node.step.if_empty is not None:
        ways.add("empty", node, node.step.if_empty)
    else:
        ways.out(node, "empty", node.step.goto)


def _build_call(ways: _Ways, node: Node) -> None:
    ways.out(node, "result", node.step.goto)


def _build_wait(ways: _Ways, node: Node) -> None:
    ways.out(node, "event", node.step.goto)
    if node.step.on_timeout is None:
        ways.out(node, "elapsed", node.step.goto)


def _build_run(ways: _Ways, node: Node) -> None:
    ways.out(node, "returned", node.step.goto)


def _build_review(ways: _Ways, node: Node) -> None:
    ways.out(node, "confirmed", node.step.goto)
    if node.step.on_cancel is not None:
        ways.add("cancelled", node, node.step.on_cancel)


def _build_handoff(ways: _Ways, node: Node) -> None:
    handoff = node.step.handoff
    assert handoff is not None
    if handoff.return_to is not None:
        ways.add("returned", node, handoff.return_to)
    else:
        ways.add("returned", node, DONE, [], [_ending("handed_over")])
    if handoff.if_closed is not None:
        ways.add("closed", node, handoff.if_closed)


_BUILD: dict[str, Callable[[_Ways, Node], None]] = {
    "": _build_auto, "end": _build_end, "ask": _build_ask, "choices": _build_choices,
    "call": _build_call, "wait": _build_wait, "run": _build_run, "review": _build_review,
    "handoff": _build_handoff,
}


def _enters(node: Node) -> Call:
    return lambda event: steps.enter(event.model, node)


def _ends_run(event: Any) -> None:
    event.model.end_run()


def _holds(expression: str) -> Call:
    return lambda event: event.model.truth(expression)


def _chose(choice: str) -> Call:
    return lambda event: event.model.choice == choice


def _ending(outcome: str) -> Call:
    def end(event: Any) -> None:
        event.model.ending = outcome
    return end


def _leaves(entry: Next) -> Call:
    flow = entry.flow or ""

    def leave(event: Any) -> None:
        turn: Turn = event.model
        turn.leaving = (flow, turn.value(entry.with_))
        turn.ending = "left"
    return leave


def _finds(slot: str) -> Call:
    """Looks for the question that last filled the slot; always true."""
    def find(event: Any) -> bool:
        review.aim(event.model, slot)
        return True
    return find


def _fills(slot: str, step: str) -> Call:
    return lambda event: review.filler(event.model, slot) == step


def _rewinds(event: Any) -> None:
    turn: Turn = event.model
    review.rewind(turn, turn.target)
    turn.editing = True


def _asks_again(event: Any) -> None:
    """The answer that has led back is not kept: it would lead back for ever."""
    _rewinds(event)
    event.model.run["kept"].pop(event.model.step, None)


def _last_attempt(asked: Node) -> Call:
    most = asked.step.attempts or 0
    return lambda event: event.model.run["refused"].get(asked.name, 0) + 1 >= most


def _refuses(entry: Next, asked: Node) -> Call:
    return lambda event: steps.refuse_afterwards(event.model, entry, asked)


def _gives_up(entry: Next, asked: Node) -> Call:
    return lambda event: steps.give_up_afterwards(event.model, entry, asked)


def _repeats(node: Node) -> Call:
    return lambda event: steps.repeat(event.model, node)


def _complains(node: Node) -> Call:
    return lambda event: steps.refuse(event.model, node, event.model.reason)


def _rings(node: Node, timer: Timer) -> Call:
    return lambda event: clocks.ring(event.model, node, timer)


def _is_reminder(number: int) -> Call:
    return lambda event: event.model.state.get("reminders", 0) == number


def _reminds(event: Any) -> None:
    event.model.tell("remind")


def _caller_minds(event: Any) -> bool:
    turn: Turn = event.model
    return turn.caller_minds()


def _rests(event: Any) -> None:
    tickets.rest(event.model)
