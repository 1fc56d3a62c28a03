"""Words of a step that want a certain kind of slot, or of message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.flow.lint import registered
from bot.flow.lint.parts import Document, Path, clock_path
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import did_you_mean, one_of
from bot.flow.spec import FlowSpec, Send, TemplateSpec, TemplateUse

#: A field that holds an address.
_LINK = re.compile(r"\.(?:link|url)\s*\}\}")
_FREE = frozenset({"text", "any"})


def check(documents: list[Document], known: Mapping[str, TemplateSpec]) -> Iterator[Finding]:
    for doc in documents:
        if doc.kind == "flow":
            yield from _gathered(doc, doc.spec)
            for path, use in _uses(doc, doc.spec):
                yield from _template(doc, path, use, known)
        elif doc.kind == "answers":
            for name, item in doc.spec.items.items():
                for path, use in _sent(("items", name), item.send):
                    yield from _template(doc, path, use, known)
        elif doc.kind == "commands":
            for name, item in doc.spec[1].items():
                for path, use in _sent(("items", name), getattr(item, "send", ())):
                    yield from _template(doc, path, use, known)


def _gathered(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    for name, step in flow.steps.items():
        slot = flow.slots.get(step.ask or "")
        if step.gather_ms is None or slot is None or step.ask in doc.doubtful:
            continue
        if slot.pattern is not None:
            yield doc.warning_at_key(("steps", name, "gather"),
                                     f"`{step.ask}` has a `pattern`, and several messages become "
                                     "several lines: `gather` is for free text")
        elif slot.type not in _FREE and slot.type not in {"choice", "object", "list"}:
            yield doc.error_at_key(("steps", name, "gather"),
                                   f"`gather` is for free text, and `{step.ask}` is a "
                                   f"`{slot.type}`: it is answered with one message")


def _uses(doc: Document, flow: FlowSpec) -> Iterator[tuple[Path, TemplateUse]]:
    """Every place that sends a registered template."""
    for name, step in flow.steps.items():
        at: Path = ("steps", name)
        yield from _sent(at, step.send)
        if step.outside is not None:
            yield (*at, "outside", "whatsapp_template"), step.outside
        for word, timers in (("on_timeout", (step.on_timeout,)), ("remind", step.remind or ())):
            for number, timer in enumerate(timers):
                if timer is not None and timer.outside is not None:
                    yield ((*clock_path(doc, name, word), number, "outside", "whatsapp_template"),
                           timer.outside)


def _sent(at: Path, sends: tuple[Send, ...]) -> Iterator[tuple[Path, TemplateUse]]:
    for number, one in enumerate(sends):
        if one.kind == "whatsapp_template":
            yield (*at, "send", number, one.kind), TemplateUse.model_validate(one.value)


def _template(doc: Document, path: Path, use: TemplateUse,
              known: Mapping[str, TemplateSpec]) -> Iterator[Finding]:
    spec = known.get(use.name)
    if spec is None:
        yield doc.error((*path, "name"), f"there is no template `{use.name}`"
                        + (did_you_mean(use.name, known)
                           or f": describe it in templates/{use.name}.yaml"))
        return
    for name, value in use.with_.items():
        for address in registered.ADDRESS.findall(value.partition("{{")[0]):
            if not registered.declared(address, spec):
                yield doc.error((*path, "with", name),
                                f"the template `{use.name}` does not declare this link: write "
                                f"links: [{registered.beginning(address)}] in its file")
        if _LINK.search(value) and not spec.links:
            yield doc.warning((*path, "with", name),
                              "this seems to be a link: say where it leads in the file of the "
                              f"template `{use.name}`, for example links: [https://example.com/]")
    takes = {name for text in spec.body.values() for name in registered.HOLE.findall(text)}
    missing = takes - use.with_.keys()
    for name in use.with_.keys() - takes:
        yield doc.error_at_key((*path, "with", name), f"the template `{use.name}` has no parameter "
                               f"`{name}`" + did_you_mean(name, missing))
    if missing and not use.with_.keys() - takes:
        every = one_of(sorted(missing)).replace(" or ", " and ")
        yield doc.error((*path, "name"), f"the template `{use.name}` needs {every}: write "
                                         f"with: {{{min(missing)}: ...}}")
