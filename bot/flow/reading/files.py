"""Whole files: a flow, answers, commands, texts."""

from __future__ import annotations

import re
from typing import Any, get_args
from zoneinfo import available_timezones

from bot.flow.reading import clocks, pieces, steps, ways
from bot.flow.reading.pieces import Reading, Words, mapping
from bot.flow.reading.source import Node
from bot.flow.reading.together import together
from bot.flow.spec import (
    SLOT_TYPES,
    Answer,
    AnswersSpec,
    Command,
    Does,
    FlowSpec,
    Next,
    Slot,
    Step,
    Texts,
    TextsSpec,
    Triggers,
)
from bot.nearest import nearest

DOES: tuple[str, ...] = get_args(Does)
#: Names that expressions know already, or that the language of expressions uses.
RESERVED_SLOTS = frozenset({
    "config", "contact", "conversation", "now", "today", "event", "item", "answer", "outcome",
    "error", "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "self",
})
_INTEGER = re.compile(r"-?\d{1,15}")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?")
_SLOT_WORDS: dict[str, tuple[str, ...]] = {
    "pattern": ("text",), "clean": ("text",), "min": ("text", "number", "integer"),
    "max": ("text", "number", "integer"), "after": ("date", "time", "datetime"),
    "before": ("date", "time", "datetime"), "in_trigger": ("text",),
}


TRIGGERS: Words = {
    "keywords": pieces.phrases, "examples": pieces.phrases, "event": pieces.event,
    "first_message": pieces.yes_no, "referral": pieces.words}


def triggers(r: Reading, node: Node) -> Triggers | None:
    found = mapping(r, node, "`triggers`", TRIGGERS)
    return None if found is None else Triggers(**found)


def _timezone(r: Reading, node: Node) -> str | None:
    name = pieces.word(r, node)
    if name is None or name == "contact" or name in available_timezones():
        return name
    r.error(node, f"`{name}` is not a time zone{pieces.did_you_mean(name, available_timezones())}")
    return None


#: What types are called elsewhere.
_OTHERWISE = {"string": "text", "str": "text", "int": "integer", "float": "number",
              "bool": "yes_no",
              "boolean": "yes_no", "choices": "choice", "enum": "choice", "select": "choice",
              "photo": "image", "picture": "image", "file": "document", "pdf": "document",
              "voice": "audio", "mail": "email", "telephone": "phone", "day": "date",
              "place": "location", "json": "object", "dict": "object", "array": "list"}


def slot_type(r: Reading, node: Node) -> Any:
    if isinstance(node.value, str) and (meant := _OTHERWISE.get(node.value.strip())) is not None:
        r.error(node, f"`{node.value.strip()}` is no type of a slot - did you mean `{meant}`?")
        return None
    return pieces.choose(*SLOT_TYPES, *sorted(r.slot_types))(r, node)


SLOT: Words = {
    "type": slot_type, "pattern": pieces.word, "min": pieces.expression,
    "max": pieces.expression, "after": pieces.limit, "before": pieces.limit,
    "clean": pieces.choose("upper", "lower", "trim", "digits"), "check": pieces.expression,
    "label": pieces.text, "also": pieces.phrases, "personal": pieces.yes_no,
    "in_trigger": pieces.yes_no, "keep": pieces.duration}


def _slot(r: Reading, node: Node) -> Slot | None:
    found = mapping(r, node, "a slot", SLOT, needs=("type",))
    if found is None:
        return None
    assert isinstance(node.value, dict)
    for word, types in _SLOT_WORDS.items():
        if word in found and found["type"] not in types:
            instead = {"min": "after", "max": "before"}.get(word, "")
            better = instead and found["type"] in _SLOT_WORDS[instead]
            r.error(node.keys[word], f"`{word}` is for {pieces.one_of(types)}, not for "
                                     f"`{found['type']}`" + f": write `{instead}`" * bool(better))
            del found[word]
    for word in ("after", "before"):
        if re.fullmatch(r"-?\d+(\.\d+)?", found.get(word, "")):
            like = "18:30" if found["type"] == "time" else "today + days(2) or 2026-12-24"
            r.error(node.at(word), f"`{found.pop(word)}` is no {found['type']}: write for example "
                                   f"{like}")
    least, most = found.get("min", ""), found.get("max", "")
    if _NUMBER.fullmatch(least) and _NUMBER.fullmatch(most) and float(least) > float(most):
        r.error(node.at("min"), f"`min` is larger than `max` ({most}): no answer would do")
    if found.get("in_trigger") and "pattern" not in node.value:
        r.error(node.keys["in_trigger"], "`in_trigger` needs a `pattern` to find the value by")
    found.setdefault("personal", found["type"] not in {"choice", "yes_no"})
    if "keep" in found:
        found["keep_ms"] = found.pop("keep")
    return Slot(**found)


def _slots(r: Reading, node: Node) -> dict[str, Slot] | None:
    if not isinstance(node.value, dict):
        r.error(node, "slots are written as `name: {type: ...}`")
        return None
    out: dict[str, Slot] = {}
    for name, part in node.value.items():
        place, before = node.keys[name], r.errors
        if name in RESERVED_SLOTS:
            r.error(place, f"no slot can be called `{name}`: expressions use that name already")
        else:
            pieces.is_id(r, place, name)
        # A slot with a mistake in it is still a slot: nobody should read "unknown slot" as well.
        out[name] = _slot(r, part) or Slot(type="any")
        if r.errors > before:
            r.doubtful.add(name)
    return out


def _step(r: Reading, name: str, node: Node) -> dict[str, Any] | None:
    before = r.errors
    r.words, r.misplaced = frozenset(steps.STEP), set()
    found = mapping(r, node, "a step", steps.STEP)
    r.words = frozenset()
    if found is not None:
        assert isinstance(node.value, dict)
        if not node.value:
            r.error(node, f"the step `{name}` is empty")
        # A misspelt word stands for the one that was meant: it has its own finding.
        together(r, node, {word if word in steps.STEP else nearest(word, steps.STEP) or word: part
                            for word, part in node.value.items()}
                 | dict.fromkeys(r.misplaced, node))
    if r.errors > before:
        r.damaged.add(name)
    return found


def _steps(r: Reading, node: Node) -> dict[str, dict[str, Any]] | None:
    if not isinstance(node.value, dict):
        r.error(node, "steps are written as `name:` with the words of the step below")
        return None
    out: dict[str, dict[str, Any]] = {}
    for name, part in node.value.items():
        if name in ways.RESERVED_STEPS:
            r.error(node.keys[name], f"no step can be called `{name}`: the word has a meaning of "
                                     "its own")
        else:
            pieces.is_id(r, node.keys[name], name)
        out[name] = _step(r, name, part) or {}
        if part.value == {}:
            r.damaged.add(name)
    if not out:
        r.error(node, "a flow needs a step")
    return out or None


def _moved(r: Reading, node: Node) -> dict[str, str] | None:
    if not isinstance(node.value, dict):
        r.error(node, "`moved` is written as {old_step: new_step}")
        return None
    named = {name: ways.step_name(r, part) for name, part in node.value.items()
             if pieces.is_id(r, node.keys[name], name)}
    return {name: to for name, to in named.items() if to is not None}


def _title(r: Reading, root: Node) -> Texts | None:
    assert isinstance(root.value, dict)
    node = root.value.get("title")
    if node is None:
        return None
    title = pieces.text(r, node)
    if title is None:
        return None
    if "" not in title:
        # A language whose title is wrong is a language all the same.
        written = [code for code in node.keys if code not in title and pieces.is_code(code)]
        r.languages = tuple(sorted([*title, *written],
                                   key=lambda code: code != r.default_language))
    return title


FLOW: Words = {
    "flow": pieces.ident, "title": pieces.text, "queue": pieces.ident, "triggers": triggers,
    "timezone": _timezone, "interruptible": pieces.choose("ask", "yes", "no"),
    "old_taps": pieces.choose("decline", "jump"), "on_timeout": clocks.of_flow,
    "remind": clocks.remind, "slots": _slots, "steps": _steps, "moved": _moved,
    "in_flight": pieces.choose("finish", "move", "restart")}
FLOW_NEEDS = ("flow", "title", "steps")


def flow(r: Reading, root: Node) -> FlowSpec | None:
    """The flow in `root`, as far as it could be read."""
    assert isinstance(root.value, dict)
    title = _title(r, root)
    found = mapping(r, root, "a flow", {**FLOW, "title": lambda r, node: title},
                    needs=FLOW_NEEDS)
    if found is None:
        return None
    timeout, remind = found.pop("on_timeout", None), found.pop("remind", None)
    if isinstance(timeout, dict) and "after" not in timeout:
        if "after" not in (root.value["on_timeout"].value or ()):
            r.error(root.value["on_timeout"], "a time-out needs `after`, for example 2h")
        timeout = None
    raw = found.pop("steps")
    for name, to in found.get("moved", {}).items():
        if to not in raw:
            r.error(root.at("moved", name),
                    f"there is no step `{to}`{pieces.did_you_mean(to, raw)}")
    compiled: dict[str, Step] = {}
    slots: dict[str, Slot] = found.pop("slots", {})
    for name, words in raw.items():
        _constants(r, root.at("steps", name), words, slots)
        clocks.fill_in(r, root.at("steps", name), words, timeout, remind)
        for word in ("timeout", "gather"):
            if word in words:
                words[f"{word}_ms"] = words.pop(word)
        compiled[name] = Step(**words)
    for step in compiled.values():
        results = [step.save] if step.kind == "call" and step.save else list(
            step.run.save) if step.run else [step.wait.save] if (
            step.wait and step.wait.save) else []
        for name in results:
            slots.setdefault(name, Slot(type="object"))
    for name in r.damaged:  # what could not be read would have filled its slot all the same
        for place in ((), ("wait",)):
            kept = root.at("steps", name, *place, "save").value
            if isinstance(kept, str) and pieces.ID.fullmatch(kept):
                slots.setdefault(kept, Slot(type="object"))
    return FlowSpec(**found, languages=r.languages or (r.default_language,), slots=slots,
                    steps=_falling_through(compiled))


def _constants(r: Reading, node: Node, words: dict[str, Any], slots: dict[str, Slot]) -> None:
    """What `set` gives without braces is text in the file: make of it what its slot holds."""
    if "set" in words:
        words["set"] = _typed(r, node.at("set"), words["set"], slots)
    if "choices" in words:
        words["choices"] = tuple(
            choice.model_copy(update={
                "set": _typed(r, node.at("choices", choice.id, "set"), choice.set, slots)})
            if choice.set else choice for choice in words["choices"])


def _typed(r: Reading, node: Node, sets: dict[str, Any], slots: dict[str, Slot]) -> dict[str, Any]:
    out = dict(sets)
    for name, value in sets.items():
        if not isinstance(value, str) or "{{" in value:
            continue
        kind = slots[name].type if name in slots else "text"
        if value == "none":
            out[name] = "{{ none }}"
        elif kind == "yes_no":
            flag = pieces.yes_no(r, node.at(name))
            out[name] = "{{ true }}" if flag else "{{ false }}"
        elif kind in {"number", "integer"}:
            number = _INTEGER if kind == "integer" else _NUMBER
            if number.fullmatch(value):
                out[name] = f"{{{{ {value} }}}}"
            else:
                r.error(node.at(name), f"`{value}` is no "
                                       + ("whole number" if kind == "integer" else "number"))
    return out


def _falling_through(steps: dict[str, Step]) -> dict[str, Step]:
    """Write out "the step below" where no `goto` stands."""
    names = list(steps)
    out: dict[str, Step] = {}
    for name, below in zip(names, [*names[1:], None], strict=True):
        step = steps[name]
        if not step.goto and below is not None and step.kind not in {"end", "handoff"}:
            step = step.model_copy(update={"goto": (Next(step=below),)})
        out[name] = step
    return out


def _items(r: Reading, root: Node, what: str, read_item: pieces.Reader,
           needs: tuple[str, ...] = ("items",)) -> tuple[str, dict[str, Any]] | None:
    """The id of a file of items, and the items."""
    def items(r: Reading, node: Node) -> dict[str, Any] | None:
        if not isinstance(node.value, dict):
            r.error(node, "items are written as `name: {...}`")
            return None
        out = {}
        for name, part in node.value.items():
            pieces.is_id(r, node.keys[name], name)
            item = read_item(r, part)
            if item is not None:
                out[name] = item
        return out

    found = mapping(r, root, f"a file of {what}", {what: pieces.ident, "items": items},
                    needs=(what, *needs))
    return None if found is None else (found[what], found["items"])


ANSWER: Words = {"keywords": pieces.phrases, "examples": pieces.phrases, "say": pieces.say,
                 "send": steps.sends}


def _answer(r: Reading, node: Node) -> Answer | None:
    before = r.errors
    found = mapping(r, node, "an answer", ANSWER)
    if found is None:
        return None
    assert isinstance(node.value, dict)
    if not {"keywords", "examples"} & node.value.keys() and r.errors == before:
        r.error(node, "an answer needs `keywords` or `examples`")
    if not {"say", "send"} & node.value.keys() and r.errors == before:
        r.error(node, "an answer needs `say` or `send`")
    asked = {word: found.pop(word) for word in ("keywords", "examples") if word in found}
    return Answer(triggers=Triggers(**asked), **found)


def answers(r: Reading, root: Node) -> AnswersSpec | None:
    found = _items(r, root, "answers", _answer)
    return None if found is None else AnswersSpec(answers=found[0], items=found[1])


#: What an item of a commands file says when it takes a command away.
OFF = "off"
COMMAND: Words = {
    "keywords": pieces.phrases, "does": pieces.choose(*DOES), "queue": pieces.ident,
    "to": pieces.word, "say": pieces.say, "send": steps.sends, "choices": steps.choices,
    "button": pieces.label, "goto": ways.goto, "off": pieces.yes_no}


def _command(r: Reading, node: Node) -> Command | str | None:
    before = r.errors
    found = mapping(r, node, "a command", COMMAND)
    if found is None:
        return None
    assert isinstance(node.value, dict)
    written = node.value
    if found.pop("off", False):
        more = [word for word in written if word != "off"]
        if more:
            r.error(node.keys[more[0]], f"`{more[0]}` does nothing beside `off: true`")
        return OFF
    does = found.get("does")
    if "keywords" not in written:
        r.error(node, "a command needs `keywords`")
    for word, needed in (("queue", "handoff"), ("to", "language")):
        if word in written and does != needed and (does is not None or r.errors == before):
            r.error(node.keys[word], f"`{word}` goes with `does: {needed}`")
    if does == "language" and "to" in found:
        pieces.is_language(r, written["to"].place, found["to"])
    if does is not None:
        for word in ("choices", "goto", "button"):
            if word in written:
                r.error(node.keys[word], f"`{word}` can't stand beside `does`")
    return None if r.errors > before and "keywords" not in found else Command(**found)


def commands(r: Reading, root: Node) -> tuple[str, dict[str, Command | str]] | None:
    """The id of the file and its items; an item may be `OFF`."""
    return _items(r, root, "commands", _command)


def texts(r: Reading, root: Node) -> TextsSpec | None:
    found = _items(r, root, "texts",
                   lambda r, node: pieces.text(r, node, whole=False))
    return None if found is None else TextsSpec(items=found[1])
