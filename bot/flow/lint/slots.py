"""Slots that nobody reads, and those that nobody fills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.flow.lint.names import ways_on
from bot.flow.lint.parts import Document
from bot.flow.reading.finding import Finding
from bot.flow.spec import FlowSpec, Step
from bot.nearest import nearest


def check(documents: list[Document]) -> Iterator[Finding]:
    yield from _used({doc.name: doc for doc in documents if doc.kind == "flow"})


def _meant(name: str | None, known: Iterable[str]) -> str | None:
    """The one of these that was meant: a misspelt name has its own finding."""
    if name is None or name in known:
        return name
    return nearest(name, known)


def _fills_wrongly(flow: FlowSpec, step: Step) -> bool:
    """Whether what a step fills can't be what was meant, which has its own finding."""
    asked, kept = flow.slots.get(step.ask or ""), flow.slots.get(step.save or "")
    return (asked is not None and asked.type in {"choice", "object", "list"}) or (
        step.kind == "choices" and kept is not None
        and kept.type not in {"choice", "object", "text", "any"})


def _filled(flow: FlowSpec) -> set[str]:
    """The slots that some step of the flow fills."""
    out: set[str] = set()
    for step in flow.steps.values():
        out |= {slot for slot in (step.ask, step.save) if slot} | set(step.set)
        for choice in step.choices:
            out |= set(choice.set)
        if step.run is not None:
            out |= set(step.run.save)
        if step.wait is not None and step.wait.save is not None:
            out.add(step.wait.save)
    return out | {name for name, slot in flow.slots.items() if slot.in_trigger}


def _used(flows: dict[str, Document]) -> Iterator[Finding]:
    """Slots that nobody reads, and those that nobody fills."""
    given: dict[str, set[str | None]] = {name: set() for name in flows}
    taken: dict[str, set[str | None]] = {name: set() for name in flows}
    for doc in flows.values():
        for name, step in doc.spec.steps.items():
            for _, entries in ways_on(name, step):
                for entry in entries:
                    if (to := _meant(entry.flow, flows)) is not None:
                        given[to] |= {_meant(slot, flows[to].spec.slots) for slot in entry.with_}
            if step.run is not None and (to := _meant(step.run.flow, flows)) is not None:
                slots = flows[to].spec.slots
                given[to] |= {_meant(slot, slots) for slot in step.run.with_}
                taken[to] |= {_meant(slot, slots) for slot in step.run.save.values()}
    for doc in flows.values():
        flow: FlowSpec = doc.spec
        filled = _filled(flow)
        if doc.damaged or doc.unclear or any(
                name not in flow.slots for name in filled if not name.startswith("contact.")):
            continue
        read: set[str | None] = set(taken[doc.name])
        for part in doc.parts:
            if part.expression or "{" in part.source:
                read |= part.examined.names
        for step in flow.steps.values():
            read |= set(step.review or ())
        asked = {step.slot for step in flow.steps.values()}
        wrong = any(_fills_wrongly(flow, step) for step in flow.steps.values())
        # What a customer answered is read by the agent in the ticket, if by nothing else.
        for name in flow.slots:
            if not _declared(doc, name):
                continue
            if wrong and name not in filled:
                continue
            if name not in read and name not in asked and name not in filled:
                yield doc.warning_at_key(("slots", name), f"the slot `{name}` is never used")
            elif name in read and name not in filled | given[doc.name]:
                yield doc.warning_at_key(("slots", name), f"nothing ever fills the slot `{name}`")
            elif name not in read and name not in asked:
                yield doc.warning_at_key(("slots", name), f"the slot `{name}` is filled and never "
                                                          "used")


def _declared(doc: Document, slot: str) -> bool:
    slots = doc.root.at("slots").value
    return isinstance(slots, dict) and slot in slots
