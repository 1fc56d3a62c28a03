"""The 24 hours after a customer's last message, in which alone WhatsApp takes free text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.flow.lint.parts import Document, Path, clock_path
from bot.flow.reading.finding import Finding
from bot.flow.spec import FlowSpec, Step

_DAY: Final = 86_400_000
_ASKING: Final = frozenset({"ask", "choices", "review"})


def check(documents: list[Document]) -> Iterator[Finding]:
    for doc in documents:
        if doc.kind == "flow":
            yield from _timers(doc, doc.spec)
            yield from _late(doc, doc.spec)


def _timers(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    told: set[Path] = set()
    for name, step in flow.steps.items():
        timer = step.on_timeout
        if timer is None or not timer.say or timer.outside is not None or max(
                timer.after_ms, _lasts(step)) < _DAY:
            continue
        path = (*clock_path(doc, name, "on_timeout"), "after" if timer.after_ms else "say")
        if path not in told:
            told.add(path)
            yield doc.warning(path, "after 24 hours WhatsApp takes no free text: this is held back "
                                    "until the customer writes. Give it `outside`: a registered "
                                    "template")


def _late(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    """Texts of steps that can be entered when the customer has been silent for a day."""
    silent = _silences(flow)
    for name, step in flow.steps.items():
        if silent.get(name, 0) >= _DAY and step.say and step.outside is None:
            yield doc.warning(("steps", name, "say"),
                              "this can come more than 24 hours after the customer's last message, "
                              "when WhatsApp takes no free text: it is held back until they write. "
                              "Give the step `outside`: a registered template")


def _silences(flow: FlowSpec) -> dict[str, int]:
    """For how long the customer may have been silent when a step is entered, a day at most."""
    first = next(iter(flow.steps))
    silent = {first: _DAY if flow.triggers.event is not None else 0}
    todo = [first]
    while todo:
        name = todo.pop()
        for target, after in _on(flow.steps[name], silent[name]):
            after = min(after, _DAY)
            if target in flow.steps and after > silent.get(target, -1):
                silent[target] = after
                todo.append(target)
    return silent


def _on(step: Step, silent: int) -> Iterator[tuple[str, int]]:
    """The steps that follow, and how long the silence is then."""
    # What was said late stands for all that follows in the same breath.
    here = 0 if step.say and silent >= _DAY else silent
    after = 0 if step.kind in _ASKING or step.kind == "run" else here + _lasts(step)
    for entry in (*step.goto, *(one for choice in step.choices for one in choice.goto)):
        for target in (entry.step, entry.refuse):
            if target is not None:
                yield target, after
    for entry in step.on_error:
        yield entry.step or "", here
    for target in (step.on_give_up, step.on_media, step.on_cancel, step.otherwise):
        if target is not None:
            yield target, 0
    for target in (step.if_empty, step.on_undelivered,
                   step.handoff.if_closed if step.handoff else None):
        if target is not None:
            yield target, here
    if step.handoff is not None and step.handoff.return_to is not None:
        yield step.handoff.return_to, 0
    if step.on_timeout is not None and not step.on_timeout.say:
        yield step.on_timeout.then, here + max(step.on_timeout.after_ms, _lasts(step))
    for timer in step.remind or ():
        yield timer.then, timer.after_ms


def _lasts(step: Step) -> int:
    """How long a step waits for something else than the customer, a day at most."""
    if step.wait is None:
        return 0
    return min(step.wait.for_ms, _DAY) if step.wait.for_ms is not None else _DAY
