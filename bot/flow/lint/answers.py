"""Questions and their answers: asked aloud, kept where they fit, compared with what can be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.flow.expressions import sources
from bot.flow.lint.parts import Document, Path
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import did_you_mean, one_of
from bot.flow.reading.ways import RESERVED_OUTCOMES
from bot.flow.spec import FlowSpec, Next, Step

#: The slots that can keep a choice.
_KEEPS_CHOICES = frozenset({"choice", "object", "text", "any"})
#: What `error.kind` can be; `expression` where a step's own expression failed.
ERROR_KINDS = ("refused", "conflict", "unavailable", "timeout", "invalid", "expression")
_COMPARED = re.compile(
    r"\b([a-z_][a-z0-9_]*)\s*(?:==|!=)\s*(?:'([^'{}]*)'|\"([^\"{}]*)\")|"
    r"(?:'([^'{}]*)'|\"([^\"{}]*)\")\s*(?:==|!=)\s*([a-z_][a-z0-9_]*)\b(?!\s*[.(\[])")


def check(documents: list[Document]) -> Iterator[Finding]:
    flows = {doc.name: doc for doc in documents if doc.kind == "flow"}
    for doc in flows.values():
        flow: FlowSpec = doc.spec
        yield from _kept(doc, flow)
        if not doc.damaged and not doc.unclear:
            yield from _silent(doc, flow)
            yield from _compared(doc, flow, flows)


def _kept(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    for name, step in flow.steps.items():
        slot = flow.slots.get(step.save or "")
        if step.kind == "choices" and slot is not None and slot.type not in _KEEPS_CHOICES:
            yield doc.error(("steps", name, "save"),
                            f"`{step.save}` is of type `{slot.type}` and can't keep a choice: its "
                            "type has to be `choice`, or `object` for the whole row")
        if _may_be_empty(flow, step) and name not in doc.damaged:
            yield doc.error_at_key(("steps", name, "choices_from"),
                                   "this list can be empty: write `if_empty: step`, where to go "
                                   "then")


def _may_be_empty(flow: FlowSpec, step: Step) -> bool:
    """Whether a list might have nothing to choose from, and nobody has thought of it."""
    if step.choices_from is None or step.if_empty is not None or any(
            choice.if_ is None for choice in step.choices):
        return False
    data = sources.expression(step.choices_from.each).paths
    return not any(entry.if_ is not None and data & sources.expression(entry.if_).paths
                   for other in flow.steps.values() for entry in other.goto)


def _silent(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    """Questions before which, in the same turn, nothing is said."""
    first = next(iter(flow.steps))
    after: set[str] = set()
    for step in flow.steps.values():
        ways: list[Next] = list(step.goto) if step.kind == "ask" else []
        ways += [entry for choice in step.choices if not choice.say for entry in choice.goto]
        after |= {entry.step for entry in ways if entry.step}
    for name, step in flow.steps.items():
        if step.kind == "ask" and not step.say and not step.send and (
                name == first or (name in after and not _spoken_before(flow, name))):
            yield doc.warning_at_key(("steps", name, "ask"),
                                     "nothing is said before this question: add `say`")


def _spoken_before(flow: FlowSpec, name: str) -> bool:
    """Whether a step without a question of its own that leads here has said something."""
    return any(step.kind in {"", "call"} and (step.say or step.send)
               and any(entry.step == name for entry in step.goto)
               for step in flow.steps.values())


def _ids(flow: FlowSpec, slot: str) -> set[str]:
    """Every value that a slot for choices can have; none where they are made from data."""
    out: set[str] = set()
    for step in flow.steps.values():
        if slot in step.set or any(slot in choice.set for choice in step.choices) or (
                step.save == slot and step.choices_from is not None) or (
                step.run is not None and slot in step.run.save):
            return set()
        if step.save == slot:
            out |= {choice.id for choice in step.choices}
    return out


def _outcomes(flow: FlowSpec) -> set[str]:
    out = set(RESERVED_OUTCOMES)
    for step in flow.steps.values():
        ways = [*step.goto, *(entry for choice in step.choices for entry in choice.goto)]
        out |= {name for name in (step.end, *(entry.end for entry in ways)) if name}
    return out


def _compared(doc: Document, flow: FlowSpec, flows: dict[str, Document]) -> Iterator[Finding]:
    choices = {name: _ids(flow, name) for name, slot in flow.slots.items()
               if slot.type == "choice"}
    for part in doc.parts:
        if "==" not in part.source and "!=" not in part.source:
            continue
        for match in _COMPARED.finditer(part.source):
            name = match[1] or match[6]
            value = next(one for one in (match[2], match[3], match[4], match[5]) if one is not None)
            before = part.source[:match.start()].rstrip()
            if name == "kind" and before.endswith("error.") and value not in ERROR_KINDS:
                yield doc.error(part.path, f"`error.kind` is never `{value}`: it is "
                                           f"{one_of(ERROR_KINDS)}"
                                           + did_you_mean(value, ERROR_KINDS))
            if before.endswith((".", "|")):
                continue
            ids = choices.get(name)
            if ids and value not in ids:
                yield doc.error(part.path, f"`{name}` is never `{value}`: it is "
                                           f"{one_of(sorted(ids))}{did_you_mean(value, ids)}")
            elif name == "outcome":
                yield from _outcome(doc, part.path, flow.steps[part.step], value, flows)


def _outcome(doc: Document, path: Path, step: Step, value: str,
             flows: dict[str, Document]) -> Iterator[Finding]:
    target = flows.get(step.run.flow) if step.run is not None else None
    if target is not None and target is not doc and not target.damaged and not target.unclear:
        known = _outcomes(target.spec)
        if value not in known:
            yield doc.error(path, f"the flow `{target.name}` never ends with `{value}`"
                                  + did_you_mean(value, known))
