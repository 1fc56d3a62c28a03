"""Every way out of every step of a flow, as the file has it: for drawing, walking and counting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.flow.spec import FlowSpec, Next, Step, Timer

#: What the machine is told when a step of that kind is done with.
DONE_WITH = {"": "passed", "end": "passed", "ask": "answered", "choices": "chosen",
             "call": "result", "wait": "event", "run": "returned", "review": "confirmed",
             "handoff": "returned"}

To = Literal["step", "refuse", "edit", "flow", "end", "handoff", "stay"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a step."""

    step: str
    event: str  #: what the machine is told
    to: To
    target: str  #: of step, refuse: a step; of edit: a slot; of flow: a flow; of end: the outcome
    choice: str = ""  #: only when this one was chosen
    if_: str | None = None  #: only when this holds
    timer: Timer | None = None  #: only when so long nothing was said
    path: tuple[str | int, ...] = ()  #: where it is written, under `steps`


def ways(flow: FlowSpec) -> Iterator[Way]:
    """Step by step in the order of the file, the expected ways before those of mishaps."""
    for name, step in flow.steps.items():
        yield from ways_of(name, step)


def ways_of(name: str, step: Step) -> Iterator[Way]:
    done = DONE_WITH[step.kind]
    if step.wait is not None and step.wait.event is None:
        done = "elapsed"
    if step.end is not None:
        yield Way(name, done, "end", step.end, path=(name, "end"))
        return
    if step.handoff is not None:
        yield from _handed_over(name, step)
        return
    for choice in step.choices:
        yield from _entries(name, done, choice.goto, (name, "choices", choice.id, "goto"),
                            choice.id)
    if step.kind != "choices" or step.choices_from is not None or any(
            not choice.goto for choice in step.choices):
        yield from _entries(name, done, step.goto or (Next(end="done"),), (name, "goto"))
    if step.kind == "choices" and step.if_empty is None and (
            step.choices_from is not None or all(choice.if_ for choice in step.choices)):
        yield from _entries(name, "empty", step.goto or (Next(end="done"),), (name, "goto"))
    for event, target, word in (
            ("otherwise", step.otherwise, "otherwise"), ("empty", step.if_empty, "if_empty"),
            ("cancelled", step.on_cancel, "on_cancel"), ("media", step.on_media, "on_media"),
            ("gave_up", step.on_give_up, "on_give_up"),
            ("undelivered", step.on_undelivered, "on_undelivered")):
        if target is not None:
            yield Way(name, event, "step", target, path=(name, word))
    if step.kind in ("ask", "choices", "review", "wait"):
        yield from _clock(name, "elapsed", step.on_timeout, (name, "on_timeout"))
        for timer in step.remind or ():
            yield from _clock(name, "reminded", timer, (name, "remind"))
    yield from _entries(name, "failed", step.on_error, (name, "on_error"))


def _entries(name: str, event: str, entries: tuple[Next, ...], path: tuple[str | int, ...],
             choice: str = "") -> Iterator[Way]:
    for number, entry in enumerate(entries):
        to: To
        for to in ("step", "refuse", "edit", "flow", "end"):
            target = getattr(entry, to)
            if target is not None:
                yield Way(name, event, to, target, choice, entry.if_, None, (*path, number))


def _clock(name: str, event: str, timer: Timer | None,
           path: tuple[str | int, ...]) -> Iterator[Way]:
    if timer is None:
        return
    if timer.then in ("stay", "handoff"):
        to: To = "stay" if timer.then == "stay" else "handoff"
        yield Way(name, event, to, "", timer=timer, path=path)
    elif timer.then == "end":
        yield Way(name, event, "end", "timed_out", timer=timer, path=path)
    else:
        yield Way(name, event, "step", timer.then, timer=timer, path=path)


def _handed_over(name: str, step: Step) -> Iterator[Way]:
    assert step.handoff is not None
    yield Way(name, "handed_over", "handoff", step.handoff.queue or "", path=(name, "handoff"))
    if step.handoff.return_to is not None:
        yield Way(name, "returned", "step", step.handoff.return_to,
                  path=(name, "handoff", "return_to"))
    if step.handoff.if_closed is not None:
        yield Way(name, "closed", "step", step.handoff.if_closed,
                  path=(name, "handoff", "if_closed"))
