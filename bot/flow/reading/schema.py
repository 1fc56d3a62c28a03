"""The language as JSON Schema, for editors: made from the very tables that the readers read by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from bot.flow.reading import clocks, files, pieces, registered, steps, ways
from bot.flow.reading.meanings import MEANINGS
from bot.flow.reading.pieces import Reader, Words
from bot.flow.spec import SLOT_TYPES

Schema = dict[str, Any]
KINDS: Final = ("flow", "answers", "commands", "texts", "template")
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

_ID: Final = "[a-z][a-z0-9_]{0,39}"
#: Everything is text to the reader; an editor takes 12 for a number and true for yes.
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"], "minLength": 1}
_NAME: Final[Schema] = {"type": "string", "pattern": f"^{_ID}$"}
_LANGUAGE: Final = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _either(*shapes: Schema) -> Schema:
    return {"anyOf": list(shapes)}


def _list_or_one(shape: Schema) -> Schema:
    return _either(shape, {"type": "array", "items": shape, "minItems": 1})


def _per_language(shape: Schema) -> Schema:
    return {"type": "object", "minProperties": 1, "propertyNames": {"pattern": _LANGUAGE},
            "additionalProperties": shape}


def _names_of(names: str, shape: Schema, but: Iterable[str] = (), **more: Any) -> Schema:
    allowed: Schema = {"pattern": f"^{names}$"}
    if but:
        allowed["not"] = {"enum": sorted(but)}
    return {"type": "object", "propertyNames": allowed, "additionalProperties": shape, **more}


def _words(group: str, words: Words, needs: Iterable[str] = (), **more: Any) -> Schema:
    """A mapping of these words and no others."""
    return {"type": "object", "additionalProperties": False,
            "properties": {word: {**shape(reader), "description": MEANINGS[group][word]}
                           for word, reader in words.items()},
            **({"required": list(needs)} if needs else {}), **more}


def shape(reader: Reader) -> Schema:
    """What a reader takes."""
    if not isinstance(reader, partial):
        return _SHAPES[reader]
    if reader.func is pieces.chosen:
        return {"enum": [*reader.args[0], *(flag for word, flag in (("yes", True), ("no", False))
                                            if word in reader.args[0])]}
    if reader.func is pieces.counted:
        least, most = reader.args
        return _either({"type": "integer", "minimum": least, "maximum": most},
                       {"enum": [str(number) for number in range(least, most + 1)]})
    if reader.func is steps.fields:
        kind, needs, more = reader.args
        return _words(f"a {kind}", dict.fromkeys(needs + more, pieces.source), needs)
    return _ref("text") if reader.func is steps.one else _ref("texts")


_DURATION: Final[Schema] = {"type": "string", "pattern": r"^\s*([0-9]{1,9}(ms|s|m|h|d)\s*)+$"}
_TEMPLATE: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9_]{1,512}$"}
_TARGETS: Final = ("step", "refuse", "edit", "flow", "end")

_SHAPES: Final[dict[Reader, Schema]] = {
    pieces.ident: _NAME, ways.step_name: _NAME, ways.outcome: _NAME, steps.save: _NAME,
    clocks.TIMER["then"]: _NAME,
    pieces.word: _ref("text"), pieces.expression: _ref("text"), pieces.limit: _ref("text"),
    pieces.source: _ref("text"), files.FLOW["timezone"]: _ref("text"),
    pieces.event: {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$"},
    pieces.yes_no: {"enum": ["yes", "no", "on", "off", "true", "false", True, False]},
    pieces.duration: _DURATION, pieces.text: _ref("texts"), pieces.label: _ref("texts"),
    pieces.say: _ref("say"), pieces.phrases: _ref("phrases"),
    pieces.words: _list_or_one(_ref("text")), pieces.names: _list_or_one(_NAME),
    pieces.values: _ref("values"),
    files.triggers: _ref("triggers"), files.slot_type: _ref("slot_type"),
    files.FLOW["slots"]: _names_of(_ID, _ref("slot"), files.RESERVED_SLOTS),
    files.FLOW["steps"]: _names_of(_ID, _ref("step"), ways.RESERVED_STEPS, minProperties=1),
    files.FLOW["moved"]: _names_of(_ID, _NAME),
    clocks.of_flow: _either({"const": "none"}, _ref("timer")),
    clocks.on_timeout: _either(_NAME, _ref("timer")),
    clocks.remind: _either({"const": "none"}, _list_or_one({**_ref("timer"),
                                                            "required": ["after"]})),
    steps.settings: _names_of(rf"(contact\.)?{_ID}", _ref("value")),
    steps.tags: _list_or_one({"type": "string", "pattern": f"^-?{_ID}$"}),
    steps.sends: _list_or_one(_ref("send")),
    steps.choices: _names_of("[a-z0-9_]{1,40}", _ref("choice"), steps.RESERVED_CHOICES,
                             minProperties=1),
    steps.choices_from: _ref("choices_from"), steps.run: _ref("run"), steps.wait: _ref("wait"),
    steps.handoff: _ref("handoff"), steps.errors: _ref("errors"),
    steps.RUN["save"]: _names_of(_ID, _NAME),
    steps.SEND["link"]: _ref("link"), steps.SEND["whatsapp_template"]: _ref("use"),
    ways.goto: _ref("goto"), ways.on_error: _ref("on_error"),
    registered.outside: _ref("outside"), registered.use: _ref("use"),
    registered.USE["name"]: _TEMPLATE,
    registered.USE["with"]: {"type": "object", "additionalProperties": _ref("text")},
    registered.TEMPLATE["codes"]: _per_language({"type": "string",
                                                 "pattern": "^[a-z]{2,3}(_[A-Z]{2})?$"}),
    registered.TEMPLATE["buttons"]: _names_of(_ID, _ref("texts"), maxProperties=10),
}

_PARTS: Final[dict[str, Callable[[], Schema]]] = {
    "text": lambda: _SCALAR,
    "texts": lambda: _either(_ref("text"), {
        "type": "object", "properties": {"file": _SCALAR}, "required": ["file"],
        "additionalProperties": False}, _per_language(_ref("text"))),
    "say": lambda: _list_or_one(_ref("texts")),
    "phrases": lambda: _either(_list_or_one(_ref("text")),
                               _per_language(_list_or_one(_ref("text")))),
    "value": lambda: _either({"type": ["string", "number", "boolean"]},
                             {"type": "array", "items": _ref("value")}, _ref("values")),
    "values": lambda: {"type": "object", "additionalProperties": _ref("value")},
    "triggers": lambda: _words("triggers", files.TRIGGERS),
    "slot": lambda: _words("a slot", files.SLOT, ("type",)),
    "step": lambda: _words("a step", steps.STEP, minProperties=1,
                           dependentRequired={"attempts": ["on_give_up"]}),
    "choice": lambda: _either(_ref("text"), _words("a choice", steps.CHOICE, ("label",))),
    "choices_from": lambda: _words("choices_from", steps.CHOICES_FROM, ("each", "id", "label")),
    "run": lambda: _either(_NAME, _words("run", steps.RUN, ("flow",))),
    "wait": lambda: _words("wait", steps.WAIT, anyOf=[
        {"required": [word]} for word in ("event", "for", "until")]),
    "handoff": lambda: _words("handoff", steps.HANDOFF),
    "errors": lambda: _words("errors", steps.ERRORS),
    "timer": lambda: _words("a time-out or reminder", clocks.TIMER),
    "outside": lambda: _words("outside", registered.OUTSIDE, ("whatsapp_template",)),
    "use": lambda: _either(_TEMPLATE, _words("whatsapp_template", registered.USE, ("name",))),
    "link": lambda: _words("a link", steps.LINK, ("label", "url")),
    "send": lambda: _words("send", steps.SEND, oneOf=[
        {"required": [word]} for word in steps.SEND if word not in ("caption", "filename")]),
    "goto": lambda: _list_or_one(_either(_NAME, _ref("next"))),
    "next": lambda: _words("an entry of goto", ways.NEXT, oneOf=[
        {"required": [word]} for word in _TARGETS]),
    "on_error": lambda: _list_or_one(_either(_NAME, _words(
        "an entry of on_error", ways.ERROR_NEXT, ("step",)))),
}


def _items(kind: str, what: str, item: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": [kind, "items"],
            "properties": {kind: {**_NAME, "description": "the name; always the first line"},
                           "items": {**_names_of(_ID, item), "description": what}}}


def schema(kind: str, slot_types: Iterable[str] = ()) -> Schema:
    """The schema of a kind of file; `slot_types`: those of the business's own."""
    roots: dict[str, Callable[[], Schema]] = {
        "flow": lambda: _words("a flow", files.FLOW, files.FLOW_NEEDS),
        "answers": lambda: _items("answers", "the questions, each by a name of your own", _words(
            "an answer", files.ANSWER, anyOf=[{"required": ["say"]}, {"required": ["send"]}])),
        "commands": lambda: _items("commands", "the commands, by their names",
                                   _words("a command", files.COMMAND, anyOf=[
                                       {"required": ["keywords"]}, {"required": ["off"]}])),
        "texts": lambda: _items("texts", "what the system says, by its name", _ref("texts")),
        "template": lambda: _words("a template", registered.TEMPLATE, ("template", "body")),
    }
    root = roots[kind]()
    parts = {name: part() for name, part in _PARTS.items()}
    parts["slot_type"] = {"enum": [*SLOT_TYPES, *sorted(slot_types)]}
    return {"$schema": DRAFT, "title": f"Frontdesk: {kind}", **root,
            "$defs": {name: parts[name] for name in sorted(_used(root, parts))}}


def _used(root: Schema, parts: dict[str, Schema]) -> set[str]:
    """The parts that are referred to, directly or by others."""
    found: set[str] = set()
    waiting: list[Any] = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(parts[name])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found
