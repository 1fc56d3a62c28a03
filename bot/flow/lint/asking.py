"""Words of a step that want a certain kind of slot, or of message."""

from __future__ import annotations

from collections.abc import Iterator

from bot.flow.lint.parts import Document
from bot.flow.reading.source import Finding
from bot.flow.spec import FlowSpec

_FREE = frozenset({"text", "any"})


def check(documents: list[Document]) -> Iterator[Finding]:
    for doc in documents:
        if doc.kind == "flow":
            yield from _gathered(doc, doc.spec)


def _gathered(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    for name, step in flow.steps.items():
        slot = flow.slots.get(step.ask or "")
        if step.gather_ms is not None and slot is not None and slot.type not in _FREE:
            yield doc.error_at_key(("steps", name, "gather"),
                                   f"`gather` is for free text, and `{step.ask}` is a "
                                   f"`{slot.type}`: it is answered with one message")
