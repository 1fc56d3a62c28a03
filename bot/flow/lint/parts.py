"""A file taken apart: every text and expression in it, where it stands and which names it sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.flow.expressions import sources
from bot.flow.reading.finding import Finding
from bot.flow.reading.source import Node
from bot.flow.spec import (
    Choice,
    Command,
    FlowSpec,
    Next,
    Say,
    Send,
    Step,
    TemplateUse,
    Texts,
    Timer,
)

#: What every expression sees beside the slots.
GLOBALS = frozenset({"config", "contact", "conversation", "now", "today"})
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What an operation is filled with: without the first it can't be asked at all."""

    path: frozenset[str]
    more: frozenset[str] = frozenset()  #: in the query or in the JSON
    only: bool = False  #: anything else is refused, not left out


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the configuration says that flows refer to."""

    default_language: str
    operations: frozenset[str]
    queues: frozenset[str]
    public: Mapping[str, Any] = field(default_factory=dict)
    #: the operations that change something: those that are no GET
    changing: frozenset[str] = frozenset()
    #: slot types and filters of the business's own
    slot_types: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    #: what the operations are filled with, where that is known
    arguments: Mapping[str, Arguments] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read."""

    kind: str
    name: str
    file: str
    root: Node
    spec: Any  #: FlowSpec, AnswersSpec, (name, items) of commands, or TextsSpec
    damaged: frozenset[str] = frozenset()  #: steps in which something could not be read
    doubtful: frozenset[str] = frozenset()  #: slots in which something could not be read
    unclear: bool = False  #: the file itself has mistakes of writing
    _parts: list[Part] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        """Everything in the file that is filled in or worked out."""
        if not self._parts:
            self._parts.extend(_of_document(self))
        return self._parts

    def named(self, section: str) -> Iterable[str]:
        """The names written under `slots` or `steps`, also those with nothing after them."""
        found = self.root.value.get(section) if isinstance(self.root.value, dict) else None
        return found.keys if found is not None else ()

    def error(self, path: Path, message: str) -> Finding:
        return Finding(self.file, *self.root.at(*path).place, "error", message)

    def warning(self, path: Path, message: str) -> Finding:
        return Finding(self.file, *self.root.at(*path).place, "warning", message)

    def error_at_key(self, path: Path, message: str) -> Finding:
        return Finding(self.file, *self.root.key(*path), "error", message)

    def warning_at_key(self, path: Path, message: str) -> Finding:
        return Finding(self.file, *self.root.key(*path), "warning", message)


@dataclass(frozen=True, slots=True)
class Part:
    """One source in a file."""

    source: str
    path: Path
    expression: bool = False
    #: the names it sees beside `GLOBALS` and the slots
    names: frozenset[str] = frozenset()
    step: str = ""
    #: it is sent when the step is entered: before its call, after its `set`
    entering: bool = False

    @property
    def examined(self) -> sources.Examined:
        return sources.expression(self.source) if self.expression else sources.text(self.source)


_NONE: frozenset[str] = frozenset()
_ANSWER = frozenset({"answer"})
_ITEM = frozenset({"item"})
_OUTCOME = frozenset({"outcome"})
_ERROR = frozenset({"error"})


def of_texts(texts: Texts | None, path: Path, **more: Any) -> Iterator[Part]:
    for language, source in (texts or {}).items():
        yield Part(source, (*path, language) if language else path, **more)


def of_say(say: Say, path: Path, **more: Any) -> Iterator[Part]:
    for number, texts in enumerate(say):
        yield from of_texts(texts, (*path, number), **more)


def of_value(value: Any, path: Path, **more: Any) -> Iterator[Part]:
    if isinstance(value, str):
        yield Part(value, path, **more)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from of_value(one, (*path, key), **more)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from of_value(one, (*path, number), **more)


def of_sends(sends: tuple[Send, ...], path: Path, **more: Any) -> Iterator[Part]:
    for number, send in enumerate(sends):
        at = (*path, number, send.kind)
        yield from of_value(send.value, (*at, "url") if send.kind == "link" else at, **more)
        yield from of_texts(send.caption, (*path, number, "caption"), **more)
        yield from of_texts(send.label, (*at, "label"), **more)
        if send.filename is not None:
            yield Part(send.filename, (*path, number, "filename"), **more)


def of_goto(entries: tuple[Next, ...], path: Path, names: frozenset[str] = _NONE,
            **more: Any) -> Iterator[Part]:
    for number, entry in enumerate(entries):
        at = (*path, number)
        if entry.if_ is not None:
            yield Part(entry.if_, (*at, "if"), expression=True, names=names, **more)
        yield from of_say(entry.say, (*at, "say"), names=names | _ANSWER, **more)
        yield from of_value(entry.with_, (*at, "with"), names=names, **more)


def of_choice(choice: Choice, path: Path, **more: Any) -> Iterator[Part]:
    yield from of_texts(choice.label, (*path, "label"), **more)
    yield from of_texts(choice.description, (*path, "description"), **more)
    if choice.if_ is not None:
        yield Part(choice.if_, (*path, "if"), expression=True, **more)
    yield from of_value(choice.set, (*path, "set"), **more)
    yield from of_say(choice.say, (*path, "say"), **more)
    yield from of_goto(choice.goto, (*path, "goto"), **more)


def _timers(timers: tuple[Timer, ...], path: Path, step: str) -> Iterator[Part]:
    for number, timer in enumerate(timers):
        yield from of_say(timer.say, (*path, number, "say"), step=step)
        yield from _outside(timer.outside, (*path, number), step=step)


def _outside(use: TemplateUse | None, path: Path, **more: Any) -> Iterator[Part]:
    if use is not None:
        yield from of_value(use.with_, (*path, "outside", "whatsapp_template", "with"), **more)


def clock_path(doc: Document, step: str, word: str) -> Path:
    """Where the clock of a step is written: in the step, else at the top of the flow."""
    own = doc.root.at("steps", step)
    if isinstance(own.value, dict) and word in own.value:
        return ("steps", step, word)
    return (word,)


def of_step(doc: Document, name: str, step: Step) -> Iterator[Part]:
    at: Path = ("steps", name)
    more: dict[str, Any] = {"step": name}
    if step.skip_if is not None and step.skip_if != "known":
        yield Part(step.skip_if, (*at, "skip_if"), expression=True, step=name)
    yield from of_value(step.set, (*at, "set"), **more)
    yield from of_say(step.say, (*at, "say"), entering=True, **more)
    yield from of_sends(step.send, (*at, "send"), entering=True, **more)
    yield from _outside(step.outside, at, entering=True, **more)
    for reason, texts in step.errors.items():
        yield from of_texts(texts, (*at, "errors", reason), names=_ANSWER, **more)
    for choice in step.choices:
        yield from of_choice(choice, (*at, "choices", choice.id), **more)
    if step.choices_from is not None:
        data = step.choices_from
        here = (*at, "choices_from")
        yield Part(data.each, (*here, "each"), expression=True, step=name)
        yield Part(data.id, (*here, "id"), expression=True, names=_ITEM, step=name)
        yield from of_texts(data.label, (*here, "label"), names=_ITEM, **more)
        yield from of_texts(data.description, (*here, "description"), names=_ITEM, **more)
    yield from of_texts(step.button, (*at, "button"), **more)
    yield from of_value(step.with_, (*at, "with"), **more)
    if step.wait is not None:
        yield from of_value(step.wait.about, (*at, "wait", "about"), **more)
        yield from of_value(step.wait.until, (*at, "wait", "until"), **more)
    if step.run is not None:
        yield from of_value(step.run.with_, (*at, "run", "with"), **more)
    if step.handoff is not None:
        yield from of_texts(step.handoff.note, (*at, "handoff", "note"), **more)
    yield from of_goto(step.goto, (*at, "goto"), _OUTCOME if step.run else _NONE, **more)
    yield from of_goto(step.on_error, (*at, "on_error"), _ERROR, **more)
    if step.on_timeout is not None:
        yield from _timers((step.on_timeout,), clock_path(doc, name, "on_timeout"), name)
    yield from _timers(step.remind or (), clock_path(doc, name, "remind"), name)


def _of_flow(doc: Document) -> Iterator[Part]:
    flow: FlowSpec = doc.spec
    yield from of_texts(flow.title, ("title",))
    for name, slot in flow.slots.items():
        at: Path = ("slots", name)
        for word in ("min", "max", "after", "before"):
            source = getattr(slot, word)
            if source is not None:
                yield Part(source, (*at, word), expression=True)
        if slot.check is not None:
            yield Part(slot.check, (*at, "check"), expression=True, names=_ANSWER)
        yield from of_texts(slot.label, (*at, "label"))
    for name, step in flow.steps.items():
        yield from of_step(doc, name, step)


def of_command(command: Command, path: Path) -> Iterator[Part]:
    yield from of_say(command.say, (*path, "say"))
    yield from of_sends(command.send, (*path, "send"))
    yield from of_texts(command.button, (*path, "button"))
    for choice in command.choices:
        yield from of_choice(choice, (*path, "choices", choice.id))
    yield from of_goto(command.goto, (*path, "goto"))


def _of_document(doc: Document) -> Iterator[Part]:
    if doc.kind == "flow":
        yield from _of_flow(doc)
    elif doc.kind == "answers":
        for name, item in doc.spec.items.items():
            yield from of_say(item.say, ("items", name, "say"))
            yield from of_sends(item.send, ("items", name, "send"))
    elif doc.kind == "commands":
        for name, command in doc.spec[1].items():
            if isinstance(command, Command):
                yield from of_command(command, ("items", name))
    else:
        for name, texts in doc.spec.items.items():
            yield from of_texts(texts, ("items", name))
