"""Names that lead nowhere, and expressions that can't be worked out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.flow.expressions import sources
from bot.flow.expressions.filters import NAMES
from bot.flow.lint.parts import GLOBALS, CheckOptions, Document, Part, Path, clock_path
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import ID, did_you_mean, one_of
from bot.flow.spec import TEMPLATE, Choice, Command, FlowSpec, Next, Step
from bot.nearest import nearest

_CONTACT = frozenset({"name", "language", "timezone", "phone", "id", "tags"})
_CONVERSATION = frozenset({"channel", "window_closes", "queue_open", "queue_opens"})
_ELSEWHERE = {
    "answer": "in `check`, in `errors` and where an answer is refused",
    "item": "in `choices_from`",
    "outcome": "in the `goto` of a step that has `run`",
    "error": "in `on_error`",
    "event": "in a flow that an event starts: triggers: {event: order.shipped}",
}
_ASKED_OTHERWISE = {
    "choice": "a choice is asked with `choices` or `choices_from`, and `save`",
    "object": "an object is data from a call and never asked",
    "list": "a list is data from a call and never asked",
}


def check(documents: list[Document], options: CheckOptions, unread: frozenset[str],
          texts_names: dict[str, set[str]]) -> Iterator[Finding]:
    flows = {doc.name: doc for doc in documents if doc.kind == "flow"}
    # What is set in a file that could not be read is not missed.
    fields = _contact_fields(documents) if not unread else None
    for doc in documents:
        yield from _expressions(doc, options, fields, texts_names)
        if doc.kind == "flow":
            yield from _flow(doc, flows, options, unread)
        elif doc.kind == "commands":
            yield from _commands(doc, flows, options, unread)
    yield from _circles(flows)


def _contact_fields(documents: list[Document]) -> frozenset[str]:
    found: set[str] = set()
    for doc in documents:
        if doc.kind == "flow":
            for step in doc.spec.steps.values():
                for names in (step.set, *(choice.set for choice in step.choices)):
                    found |= {name.removeprefix("contact.") for name in names
                              if name.startswith("contact.")}
    return frozenset(found)


def _expressions(doc: Document, options: CheckOptions, fields: frozenset[str] | None,
                 texts_names: dict[str, set[str]]) -> Iterator[Finding]:
    slots = doc.spec.slots if doc.kind == "flow" else {}
    started = {"event"} if doc.kind == "flow" and doc.spec.triggers.event else set()
    for part in doc.parts:
        if not part.expression and "{" not in part.source:
            continue
        found = part.examined
        wrong = sources.fault(part.source, found, options.filters)
        if wrong is not None:
            if not part.source.startswith(TEMPLATE):  # those are looked at in their own files
                yield doc.error(part.path, f"this can't be worked out: {wrong.message}")
            continue
        for path in found.paths:
            if doc.kind == "texts":
                known: Iterable[str] = GLOBALS | texts_names.get(str(part.path[1]), set())
            else:
                known = GLOBALS | part.names | slots.keys() | started
            if path[0] not in known and path[0] not in doc.named("slots"):
                yield _unknown_name(doc, part, path[0], known)
            else:
                yield from _fields(doc, part, path, options, fields)


def _unknown_name(doc: Document, part: Part, name: str, known: Iterable[str]) -> Finding:
    if name in _ELSEWHERE:
        return doc.error(part.path, f"`{name}` is known only {_ELSEWHERE[name]}")
    what = "slot" if doc.kind == "flow" else "name"
    hint = did_you_mean(name, known)
    if not hint and name in NAMES:
        hint = f": {name} is written after a bar, as in `answer | {name}`"
    elif not hint and part.expression and (_is_word(doc, name) or re.search(
            rf"[=!]=\s*{name}\b", part.source)):
        hint = f": put it in quotes, '{name}', if it is the word that you mean"
    return doc.error(part.path, f"there is no {what} `{name}`{_long_text(doc, part)}{hint}")


def _is_word(doc: Document, name: str) -> bool:
    """Whether a choice or an outcome is called so, with which something can be compared."""
    steps = doc.spec.steps.values() if doc.kind == "flow" else ()
    return any(name == step.end or any(name == choice.id for choice in step.choices)
               for step in steps)


def _long_text(doc: Document, part: Part) -> str:
    """Which long text the name stands in, since its place is that of `{file: ...}`."""
    file = doc.root.at(*part.path, "file").value
    if not part.source.startswith(TEMPLATE) or not isinstance(file, str):
        file = doc.root.at(*part.path[:-1], "file").value
    if not part.source.startswith(TEMPLATE) or not isinstance(file, str):
        return ""
    return f" for templates/{file}.{part.path[-1]}.j2"


def _fields(doc: Document, part: Part, path: tuple[str, ...], options: CheckOptions,
            fields: frozenset[str] | None) -> Iterator[Finding]:
    if len(path) > 1 and path[-1] == "length":
        yield doc.warning(part.path, "a dot finds a field of the data: the number of items is "
                                     f"{'.'.join(path[:-1])} | length")
    if len(path) < 2 or path[0] not in {"config", "contact", "conversation"}:
        return
    name, of = path[1], path[0]
    if of == "config" and name not in options.public:
        yield doc.error(part.path, f"`public:` of config.yaml has no `{name}`"
                                   + did_you_mean(name, options.public))
    elif of == "contact" and fields is not None and name not in _CONTACT | fields:
        yield doc.warning(part.path, f"nothing sets `contact.{name}`"
                                     + did_you_mean(name, _CONTACT | fields))
    elif of == "conversation":
        if name not in _CONVERSATION:
            yield doc.error(part.path, f"a conversation has no `{name}`"
                                       + did_you_mean(name, _CONVERSATION))
        elif name.startswith("queue_") and len(path) > 2 and path[2] not in options.queues:
            yield doc.error(part.path, f"there is no queue `{path[2]}`"
                                       + did_you_mean(path[2], options.queues))


def _flow(doc: Document, flows: dict[str, Document], options: CheckOptions,
          unread: frozenset[str]) -> Iterator[Finding]:
    flow: FlowSpec = doc.spec
    if flow.queue is not None:
        yield from _queue(doc, ("queue",), flow.queue, options)
    for name, slot in flow.slots.items():
        if slot.pattern is not None:
            mistake = sources.pattern(slot.pattern)
            if mistake is not None:
                yield doc.error(("slots", name, "pattern"),
                                f"this pattern can't be read: {mistake.message}")
    for name, step in flow.steps.items():
        yield from _step(doc, flow, name, step)
        at: Path = ("steps", name)
        if step.call is not None and step.call not in options.operations:
            hint = did_you_mean(step.call, options.operations) or (
                "" if "." in step.call else ": write backend.operation, for example orders.find")
            yield doc.error((*at, "call"),
                            f"there is no operation `{step.call}` in config.yaml{hint}")
        if step.handoff is not None and step.handoff.queue is not None:
            yield from _queue(doc, (*at, "handoff", "queue"), step.handoff.queue, options)
        if step.run is not None:
            yield from _other_flow(doc, step.run.flow, step.run.with_, (*at, "run"), flows, unread)
            target = flows.get(step.run.flow)
            for ours, theirs in step.run.save.items():
                if target is not None and theirs not in target.spec.slots:
                    yield doc.error((*at, "run", "save", ours),
                                    f"the flow `{step.run.flow}` has no slot `{theirs}`"
                                    + did_you_mean(theirs, target.spec.slots))
        for path, entries in ways_on(name, step):
            yield from _ways(doc, flow, path, entries, flows, unread)


def ways_on(name: str, step: Step) -> Iterator[tuple[Path, tuple[Next, ...]]]:
    yield ("steps", name, "goto"), step.goto
    yield ("steps", name, "on_error"), step.on_error
    for choice in step.choices:
        yield (("steps", name, "choices", choice.id, "goto"), choice.goto)


def _ways(doc: Document, flow: FlowSpec, path: Path, entries: tuple[Next, ...],
          flows: dict[str, Document], unread: frozenset[str]) -> Iterator[Finding]:
    for number, entry in enumerate(entries):
        at = (*path, number)
        if entry.step is not None:
            yield from _named(doc, flow, (*at, "step"), entry.step)
        if entry.refuse is not None:
            yield from _named(doc, flow, (*at, "refuse"), entry.refuse)
            asked = flow.steps.get(entry.refuse)
            if asked is not None and asked.slot is None and entry.refuse not in doc.damaged:
                yield doc.error((*at, "refuse"), f"`{entry.refuse}` keeps no answer that could be "
                                                 "refused")
        if entry.edit is not None and not any(
                step.slot == entry.edit for step in flow.steps.values()):
            asked_slots = {step.slot for step in flow.steps.values() if step.slot}
            yield doc.error((*at, "edit"), f"no step of this flow asks for `{entry.edit}`"
                                           + did_you_mean(entry.edit, asked_slots))
        if entry.flow is not None:
            yield from _other_flow(doc, entry.flow, entry.with_, at, flows, unread)


def _other_flow(doc: Document, name: str, given: dict[str, object], path: Path,
                flows: dict[str, Document], unread: frozenset[str]) -> Iterator[Finding]:
    target = flows.get(name)
    if target is None:
        if name not in unread:
            yield doc.error((*path, "flow"),
                            f"there is no flow `{name}`{did_you_mean(name, flows)}")
        return
    for slot in given:
        if slot not in target.spec.slots and slot not in target.named("slots"):
            yield doc.error_at_key((*path, "with", slot), f"the flow `{name}` has no slot `{slot}`"
                                   + did_you_mean(slot, target.spec.slots))


def _queue(doc: Document, path: Path, name: str, options: CheckOptions) -> Iterator[Finding]:
    if name not in options.queues:
        yield doc.error(path, f"there is no queue `{name}` in config.yaml"
                              + did_you_mean(name, options.queues))


def _named(doc: Document, flow: FlowSpec, path: Path, name: str) -> Iterator[Finding]:
    if name not in flow.steps and name not in doc.named("steps"):
        near = nearest(name, flow.steps)
        if near is not None and not ID.fullmatch(near):
            return  # the step has a name that can't be one, which is said there
        yield doc.error(path, f"there is no step `{name}`{did_you_mean(name, flow.steps)}")


def _step(doc: Document, flow: FlowSpec, name: str, step: Step) -> Iterator[Finding]:
    at: Path = ("steps", name)
    for word in ("on_give_up", "on_media", "on_undelivered", "on_cancel", "if_empty", "otherwise"):
        target = getattr(step, word)
        if target is not None:
            yield from _named(doc, flow, (*at, word), target)
    if step.otherwise in flow.steps and flow.steps[step.otherwise].kind != "ask":
        yield doc.error((*at, "otherwise"), f"`{step.otherwise}` has no `ask`: `otherwise` names "
                                            "the question that takes what is none of the choices")
    if step.handoff is not None:
        for word in ("return_to", "if_closed"):
            target = getattr(step.handoff, word)
            if target is not None:
                yield from _named(doc, flow, (*at, "handoff", word), target)
    for word, timers in (("on_timeout", (step.on_timeout,)), ("remind", step.remind or ())):
        for number, timer in enumerate(timers):
            if timer is not None and timer.then not in {"stay", "end", "handoff", *flow.steps}:
                yield doc.error((*clock_path(doc, name, word), number, "then"),
                                f"`then` is stay, end, handoff or a step; there is no step "
                                f"`{timer.then}`"
                                + did_you_mean(timer.then, {"stay", "end", "handoff", *flow.steps}))
    used = [("ask", step.ask), ("save", step.save)]
    if step.wait is not None and step.wait.save is not None:
        yield from _slot(doc, flow, (*at, "wait", "save"), step.wait.save)
    used += [("set", slot) for slot in step.set]
    for word, slot in used:
        if slot is not None and not slot.startswith("contact."):
            yield from _slot(doc, flow, (*at, word, slot) if word == "set" else (*at, word), slot)
    for choice in step.choices:
        for slot in choice.set:
            if not slot.startswith("contact."):
                yield from _slot(doc, flow, (*at, "choices", choice.id, "set", slot), slot)
    for number, slot in enumerate(step.review or ()):
        yield from _slot(doc, flow, (*at, "review", number), slot)
        declared = flow.slots.get(slot)
        if declared is not None and declared.label is None:
            label = doc.root.at("slots", slot)
            if not (isinstance(label.value, dict) and "label" in label.value):
                yield doc.error((*at, "review", number), f"`{slot}` is shown in a review: the slot "
                                                         "needs a `label`")
    asked = flow.slots.get(step.ask or "")
    if asked is not None and asked.type in _ASKED_OTHERWISE:
        yield doc.error((*at, "ask"), f"`{step.ask}` can't be asked: "
                                      + _ASKED_OTHERWISE[asked.type])
    fills = step.slot or (step.save if step.kind == "call" else None)
    if step.skip_if == "known" and fills is None and name not in doc.damaged:
        yield doc.error((*at, "skip_if"), "`known` needs a step that fills a slot")


def _slot(doc: Document, flow: FlowSpec, path: Path, name: str) -> Iterator[Finding]:
    if name in flow.slots or name in doc.named("slots"):
        return
    near = nearest(name, flow.slots)
    if near is not None and not ID.fullmatch(near):
        return
    message = (f"there is no slot `{name}`"
               + (did_you_mean(name, flow.slots) or ": add it under `slots:`"))
    yield doc.error_at_key(path, message) if path[-1] == name else doc.error(path, message)


def _commands(doc: Document, flows: dict[str, Document], options: CheckOptions,
              unread: frozenset[str]) -> Iterator[Finding]:
    for name, command in doc.spec[1].items():
        if not isinstance(command, Command):
            continue
        at: Path = ("items", name)
        if command.queue is not None:
            yield from _queue(doc, (*at, "queue"), command.queue, options)
        ways: list[tuple[Path, tuple[Next, ...]]] = [((*at, "goto"), command.goto)]
        ways += [((*at, "choices", choice.id, "goto"), choice.goto) for choice in command.choices]
        for path, entries in ways:
            for number, entry in enumerate(entries):
                if entry.flow is None:
                    yield doc.error((*path, number), "a command has no steps: write "
                                                     "{flow: name}")
                else:
                    yield from _other_flow(doc, entry.flow, entry.with_, (*path, number), flows,
                                           unread)
        for choice in command.choices:
            yield from _no_slots(doc, (*at, "choices", choice.id), choice)


def _no_slots(doc: Document, path: Path, choice: Choice) -> Iterator[Finding]:
    for name in choice.set:
        if not name.startswith("contact."):
            yield doc.error_at_key((*path, "set", name), "a command has no slots: only "
                                                         "contact.<field> can be set here")


def _circles(flows: dict[str, Document]) -> Iterator[Finding]:
    """A flow that runs itself, directly or through others."""
    told: set[frozenset[str]] = set()
    runs = {name: {step.run.flow for step in doc.spec.steps.values() if step.run}
            for name, doc in flows.items()}
    for name, doc in flows.items():
        for step_name, step in doc.spec.steps.items():
            if step.run is None:
                continue
            seen, todo = set[str](), [step.run.flow]
            while todo:
                flow = todo.pop()
                if flow not in seen:
                    seen.add(flow)
                    todo += runs.get(flow, ())
            if name in seen and frozenset(seen) not in told:
                told.add(frozenset(seen))
                through = sorted(seen - {name})
                by = f" through {one_of(through)}" if step.run.flow != name else ""
                yield doc.error(("steps", step_name, "run", "flow"),
                                f"the flow `{name}` would run itself{by}: use goto: "
                                f"{{flow: {step.run.flow}}} instead")
