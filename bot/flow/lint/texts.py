"""Texts and labels: what WhatsApp takes, in every language, and what can be told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.flow.language.words import normalise
from bot.flow.lint.parts import (
    GLOBALS,
    Document,
    Part,
    Path,
    of_command,
    of_say,
)
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import one_of
from bot.flow.spec import (
    TEMPLATE,
    Choice,
    ChoicesFrom,
    Command,
    FlowSpec,
    Say,
    Send,
    Slot,
    Step,
    Texts,
)

BUTTON, ROW, DESCRIPTION, BODY, PLAIN = 20, 24, 72, 1_024, 4_096
_BUTTONS = 3
_SINGLE = re.compile(r"(?<!\{)\{\s*([a-z_][\w.]*)\s*\}(?!\})")
_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
#: Items of a texts file that stand on a button.
_ON_BUTTONS = frozenset({"confirm", "edit", "cancel", "more", "yes", "no", "change", "choose",
                         "go_on", "leave", "switch_yes", "switch_no"})
#: The longest that a value of each type is written, where that is known.
_LONGEST = {"yes_no": 3, "integer": 20, "number": 25, "date": 30, "time": 20, "datetime": 50,
            "phone": 16}


def length(text: str) -> int:
    """Characters as WhatsApp may count them: the larger of code points and UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


class _Slots:
    """How long the values of a flow's slots can become."""

    def __init__(self, flow: FlowSpec | None) -> None:
        self.longest: dict[str, int] = {}
        for name, slot in flow.slots.items() if flow is not None else ():
            most = _longest(slot)
            if slot.type == "choice" and flow is not None:
                most = max((length(label) for step in flow.steps.values() if step.save == name
                            for choice in step.choices for label in choice.label.values()),
                           default=None)
            if most is not None:
                self.longest[name] = most

    def of(self, source: str) -> tuple[int, int]:
        """The length of a text with nothing filled in, and with the longest values known."""
        text = _TAG.sub("", source.removeprefix(TEMPLATE))
        fixed = length(_HOLE.sub("", text))
        return fixed, fixed + sum(self.longest.get(hole.strip(), 0)
                                  for hole in _HOLE.findall(text))


def _longest(slot: Slot) -> int | None:
    if slot.max is not None and slot.type == "text" and slot.max.isdigit():
        return int(slot.max)
    if slot.pattern is not None:
        return _width(slot.pattern)
    return _LONGEST.get(slot.type)


def _width(pattern: str) -> int | None:
    """The longest text that a simple pattern fits; None when it has no end or is not simple."""
    item = re.compile(r"(?:\[[^\]]+\]|\\[dwsDWS]|\\[^A-Za-z0-9]|[A-Za-z0-9 _@:;,#/-])"
                      r"(?:\{(?:\d*,)?(\d+)\}|(\?)|(?![*+{]))")
    at = total = 0
    while at < len(pattern):
        match = item.match(pattern, at)
        if match is None:
            return None
        total += int(match[1]) if match[1] else 1
        at = match.end()
    return total


def check(documents: list[Document]) -> Iterator[Finding]:
    for doc in documents:
        yield from _loose(doc)
        if doc.kind == "flow":
            yield from _flow(doc)
        elif doc.kind == "answers":
            for name, item in doc.spec.items.items():
                at: Path = ("items", name)
                yield from _languages(doc, at, of_say(item.say, (*at, "say")))
                yield from _said(doc, at, item.say, item.send, _Slots(None), asking=False)
        elif doc.kind == "commands":
            for name, command in doc.spec[1].items():
                if isinstance(command, Command):
                    yield from _command(doc, ("items", name), command)
                    yield from _languages(doc, ("items", name),
                                          of_command(command, ("items", name)))
        else:
            for name, texts in doc.spec.items.items():
                most = BUTTON if name in _ON_BUTTONS else PLAIN
                what = "a button" if name in _ON_BUTTONS else "a message"
                yield from _limit(doc, ("items", name), texts, most, what, _Slots(None))


def _flow(doc: Document) -> Iterator[Finding]:
    flow: FlowSpec = doc.spec
    slots = _Slots(flow)
    for language, title in flow.title.items():
        if length(title) > BUTTON:
            yield doc.warning(("title", language),
                              f"the title has {length(title)} characters: on a button it is cut "
                              f"to {BUTTON}")
    for name, step in flow.steps.items():
        at: Path = ("steps", name)
        asked = flow.slots.get(step.ask or "")
        buttons = step.kind in {"choices", "review"} or (
            asked is not None and asked.type == "yes_no")
        yield from _said(doc, at, step.say, step.send, slots, asking=buttons)
        for reason, texts in step.errors.items():
            yield from _limit(doc, (*at, "errors", reason), texts, PLAIN, "a message", slots)
        for word, entries in (("goto", step.goto), *(
                (choice.id, choice.goto) for choice in step.choices)):
            for number, entry in enumerate(entries):
                here = (*at, "goto") if word == "goto" else (*at, "choices", word, "goto")
                yield from _say(doc, (*here, number, "say"), entry.say, slots, asking=False)
        yield from _offered(doc, at, step.choices, step.choices_from, step.button, slots)
        for number, slot in enumerate(step.review or ()):
            label = flow.slots[slot].label if slot in flow.slots else None
            if any(length(one) > ROW for one in (label or {}).values()):
                yield doc.warning((*at, "review", number),
                                  f"the label of `{slot}` is longer than {ROW} characters: in the "
                                  "list under *Edit* it is cut")
        yield from _never_said(doc, at, flow, step)


def _never_said(doc: Document, at: Path, flow: FlowSpec, step: Step) -> Iterator[Finding]:
    """Error texts for reasons that this question does not have."""
    slot = flow.slots.get(step.ask or "")
    has = {"pattern": slot is not None and slot.pattern is not None,
           "range": slot is not None and any((slot.min, slot.max, slot.after, slot.before)),
           "choice": step.kind == "choices" or (slot is not None and slot.type == "yes_no")}
    if at[1] in doc.damaged or (
            step.ask is not None and (slot is None or step.ask in doc.doubtful)):
        return
    for reason in step.errors:
        if not has.get(reason, True):
            yield doc.warning_at_key((*at, "errors", reason),
                                     f"this is never said: the question has no `{reason}`")


def _loose(doc: Document) -> Iterator[Finding]:
    """Names in single braces, which would be sent as they stand."""
    slots = doc.spec.slots if doc.kind == "flow" else {}
    for part in doc.parts:
        if part.expression or "{" not in part.source or part.source.startswith(TEMPLATE):
            continue
        for match in _SINGLE.finditer(part.source):
            if match[1].split(".")[0] in slots.keys() | GLOBALS | part.names:
                yield doc.warning(part.path, f"{match[0]} is sent as it stands: write "
                                             f"{{{{ {match[1]} }}}} for its value")


def _addresses(doc: Document, at: Path, send: tuple[Send, ...]) -> Iterator[Finding]:
    for number, one in enumerate(send):
        path: Path = (*at, "send", number, one.kind)
        if one.kind in {"location", "contact", "reaction", "whatsapp_template"}:
            continue
        if "{{" not in one.value and not _ADDRESS.match(one.value):
            yield doc.error((*path, "url") if one.kind == "link" else path,
                            f"`{one.value[:40]}` is no address: it begins with https://")


def _command(doc: Document, at: Path, command: Command) -> Iterator[Finding]:
    slots = _Slots(None)
    yield from _said(doc, at, command.say, command.send, slots, asking=bool(command.choices))
    yield from _offered(doc, at, command.choices, None, command.button, slots)


def _said(doc: Document, at: Path, say: Say, send: tuple[Send, ...], slots: _Slots, *,
          asking: bool) -> Iterator[Finding]:
    yield from _say(doc, (*at, "say"), say, slots, asking=asking)
    yield from _addresses(doc, at, send)
    for number, one in enumerate(send):
        here: Path = (*at, "send", number)
        if one.label is not None:
            yield from _limit(doc, (*here, "link", "label"), one.label, BUTTON, "a link button",
                              slots)
        if one.caption is not None:
            yield from _limit(doc, (*here, "caption"), one.caption, BODY, "a caption", slots)


def _say(doc: Document, at: Path, say: Say, slots: _Slots, *, asking: bool) -> Iterator[Finding]:
    for number, texts in enumerate(say):
        here: Path = (*at, number)
        yield from _limit(doc, here, texts, PLAIN, "a message", slots)
        if not asking or number < len(say) - 1:
            continue
        for language, source in texts.items():
            fixed = slots.of(source)[0]
            last = slots.of(source.rstrip().rpartition("\n\n")[2])[0]
            path = (*here, language) if language else here
            if last > BODY:
                yield doc.error(path, f"the last paragraph has {last} characters: with buttons or "
                                      f"a list WhatsApp takes {BODY}")
            elif BODY < fixed <= PLAIN:
                yield doc.warning(path, f"the text has {fixed} characters: with buttons or a list "
                                        f"WhatsApp takes {BODY}, so the last paragraph becomes a "
                                        "message of its own")


def _languages(doc: Document, at: Path, parts: Iterable[Part]) -> Iterator[Finding]:
    """Texts of one item that are there in fewer languages than the others."""
    found: dict[Path, set[str]] = {}
    for part in parts:
        last = part.path[-1]
        value = doc.root.at(*part.path[:-1]).value
        if isinstance(last, str) and isinstance(value, dict) and last in value:
            found.setdefault(part.path[:-1], set()).add(last)
    every = set().union(*found.values()) if found else set()
    for path, languages in found.items():
        if every - languages and "set" not in path and "with" not in path:
            yield doc.warning(path, f"the text is missing in {one_of(sorted(every - languages))}, "
                                    "other texts of this item are not")


def _limit(doc: Document, at: Path, texts: Texts, most: int, what: str,
           slots: _Slots) -> Iterator[Finding]:
    for language, source in texts.items():
        fixed, filled = slots.of(source)
        path = (*at, language) if language else at
        if fixed > most:
            yield doc.error(path, f"{fixed} characters are too long for {what}: {most} at most")
        elif filled > most:
            yield doc.warning(path, f"with its longest values this has {filled} characters, too "
                                    f"long for {what}: {most} at most")


def _offered(doc: Document, at: Path, choices: tuple[Choice, ...], data: ChoicesFrom | None,
             button: Texts | None, slots: _Slots) -> Iterator[Finding]:
    if button is not None:
        yield from _limit(doc, (*at, "button"), button, BUTTON, "a button", slots)
    if data is not None:
        here: Path = (*at, "choices_from")
        yield from _limit(doc, (*here, "label"), data.label, ROW, "a row of a list", slots)
        if data.description is not None:
            yield from _limit(doc, (*here, "description"), data.description, DESCRIPTION,
                              "the description of a row", slots)
    buttons = data is None and len(choices) <= _BUTTONS and not any(
        choice.description for choice in choices)
    for choice in choices:
        path: Path = (*at, "choices", choice.id)
        yield from _limit(doc, (*path, "label"), choice.label, ROW,
                          f"a button ({BUTTON}) and for a row of a list" if buttons else
                          "a row of a list", slots)
        if choice.description is not None:
            yield from _limit(doc, (*path, "description"), choice.description, DESCRIPTION,
                              "the description of a row", slots)
        for language, label in choice.label.items():
            if buttons and BUTTON < slots.of(label)[0] <= ROW:
                yield doc.warning((*path, "label", language) if language else (*path, "label"),
                                  f"{length(label)} characters are too long for a button "
                                  f"({BUTTON} at most): these choices become a list")
        yield from _say(doc, (*path, "say"), choice.say, slots, asking=False)
    yield from _distinct(doc, at, choices)


def _distinct(doc: Document, at: Path, choices: tuple[Choice, ...]) -> Iterator[Finding]:
    """Choices that a typed answer could not tell apart."""
    seen: dict[tuple[str, ...], tuple[Choice, str]] = {}
    for choice in choices:
        words: list[tuple[str, str, Path]] = [
            (language, label, ("label", language) if language else ("label",))
            for language, label in choice.label.items()]
        words += [(language, phrase, ("also", language, number) if language else ("also", number))
                  for language, phrases in choice.also.items()
                  for number, phrase in enumerate(phrases)]
        own: set[tuple[str, ...]] = set()
        for language, phrase, path in words:
            key = normalise(phrase)
            if not key or key in own:
                continue
            own.add(key)
            other = seen.setdefault(key, (choice, language))
            if other[0] is choice or not _together(choice, other[0]):
                continue
            where: Path = (*at, "choices", choice.id, *path)
            message = f"“{phrase}” means the choice `{other[0].id}` too: nobody can tell them apart"
            same = path[0] == "label" and language in {other[1], ""}
            yield doc.error(where, message) if same else doc.warning(where, message)


def _together(one: Choice, other: Choice) -> bool:
    """Whether both can be shown at once: two with an `if` each may exclude one another."""
    return one.if_ is None or other.if_ is None


