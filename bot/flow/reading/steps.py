"""Steps: what each of their words holds."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from bot.flow.reading import pieces
from bot.flow.reading.pieces import Reading, mapping
from bot.flow.reading.source import Node
from bot.flow.spec import Choice, ChoicesFrom, Handoff, Next, Run, Send, Texts, Timer

RESERVED_STEPS = frozenset({"stay", "end", "handoff", "back"})
RESERVED_CHOICES = frozenset({"confirm", "edit", "cancel", "more", "back"})
RESERVED_OUTCOMES = frozenset({"cancelled", "gave_up", "timed_out", "failed", "handed_over",
                               "left", "abandoned"})
REASONS = ("pattern", "type", "range", "check", "media", "choice")
LATER_STEP = ("wait", "gather", "outside", "on_undelivered")
LATER_SEND = ("whatsapp_template",)
_TARGETS = ("step", "refuse", "edit", "flow", "end")
_CHOICE_ID = re.compile(r"[a-z0-9_]{1,40}")
_MEDIA = ("image", "video", "audio", "document", "sticker")


def outcome(r: Reading, node: Node) -> str | None:
    name = pieces.ident(r, node)
    if name in RESERVED_OUTCOMES:
        r.warning(node, f"`{name}` is an outcome that the system gives by itself: reports can't "
                        "tell the two apart")
    return name


def step_name(r: Reading, node: Node) -> str | None:
    name = pieces.ident(r, node)
    if name == "end":
        r.error(node, "`end` is not a step: write {end: outcome}, or a step that has `end:`")
        return None
    if name in RESERVED_STEPS:
        r.error(node, f"`{name}` can't be used here: name a step")
        return None
    return name


_NEXT = {
    "if": pieces.expression, "step": step_name, "refuse": step_name, "say": pieces.say,
    "edit": pieces.ident, "flow": pieces.ident, "with": pieces.values, "end": outcome,
}
_ERROR_NEXT = {"if": pieces.expression, "step": step_name}


def _entry(r: Reading, node: Node, words: dict[str, Any]) -> Next | None:
    if isinstance(node.value, str):
        name = step_name(r, node)
        return None if name is None else Next(step=name)
    before = r.errors
    if words is _ERROR_NEXT and isinstance(node.value, dict):
        for word in set(_NEXT) - set(words) & node.value.keys():
            r.error(node.keys[word], f"`on_error` holds only `if` and `step`: name a step, and "
                                     f"write `{word}` in the `goto` of that step")
            return None
    found = mapping(r, node, "an entry of `goto`", words)
    if found is None or r.errors > before:
        return None
    assert isinstance(node.value, dict)
    targets = [word for word in _TARGETS if word in found]
    if len(targets) != 1:
        r.error(node, "this leads nowhere: write step, refuse, edit, flow or end" if not targets
                else f"one entry can't have both {pieces.one_of(targets)}".replace(" or ", " and "))
        return None
    if "say" in found and targets != ["refuse"]:
        r.error(node.keys["say"], "`say` goes with `refuse` only: put it into the next step")
        return None
    if "with" in found and targets != ["flow"]:
        r.error(node.keys["with"], "`with` goes with `flow` only")
        return None
    return Next(**found)


def _entries(r: Reading, node: Node, words: dict[str, Any]) -> tuple[Next, ...] | None:
    parts = node.value if isinstance(node.value, list) else [node]
    if not parts:
        r.error(node, "the list is empty")
        return None
    out: list[Next] = []
    for number, part in enumerate(parts):
        entry = _entry(r, part, words)
        if entry is None:
            continue
        last = number == len(parts) - 1
        if last and entry.if_ is not None and all(one.if_ for one in out):
            r.error(part, "the last entry can't have an `if`: add one below that says where to go "
                          "otherwise")
        elif not last and entry.if_ is None:
            r.error(part, "what follows is never taken: only the last entry has no `if`")
        out.append(entry)
    return tuple(out) or None


def goto(r: Reading, node: Node) -> tuple[Next, ...] | None:
    return _entries(r, node, _NEXT)


def on_error(r: Reading, node: Node) -> tuple[Next, ...] | None:
    return _entries(r, node, _ERROR_NEXT)


def settings(r: Reading, node: Node) -> dict[str, Any] | None:
    """`set:` - slots, or `contact.<field>`."""
    found = pieces.values(r, node)
    assert found is None or isinstance(node.value, dict)
    for name in found or ():
        if name.startswith("contact."):
            if not pieces.ID.fullmatch(name.removeprefix("contact.")):
                r.error(node.keys[name], f"`{name}` is not a field of the contact: write for "
                                         "example contact.email")
        elif not pieces.is_id(r, node.keys[name], name):
            return None
    return found


def errors(r: Reading, node: Node) -> dict[str, Texts] | None:
    return mapping(r, node, "`errors`", dict.fromkeys(REASONS, pieces.text))


def _choice(r: Reading, node: Node, name: str) -> Choice | None:
    if isinstance(node.value, str):
        node = Node({"label": node}, *node.place, {"label": node.place})
    found = mapping(r, node, "a choice", {
        "label": pieces.label, "also": pieces.phrases, "description": pieces.text,
        "if": pieces.expression, "set": settings, "say": pieces.say, "goto": goto, "end": outcome,
    }, needs=("label",))
    if found is None:
        return None
    end = found.pop("end", None)
    if end is not None:
        if "goto" in found:
            assert isinstance(node.value, dict)
            r.error(node.keys["end"], "a choice has `goto` or `end`, not both")
        found["goto"] = (Next(end=end),)
    return Choice(id=name, **found)


def choices(r: Reading, node: Node) -> tuple[Choice, ...] | None:
    if not isinstance(node.value, dict):
        r.error(node, "choices are written as `name: {label: ...}`, not as " + pieces.shown(node))
        return None
    out: list[Choice] = []
    for name, part in node.value.items():
        place = node.keys[name]
        if not _CHOICE_ID.fullmatch(name):
            r.error(place, f"`{name}` can't name a choice: use small letters, digits and _")
        elif name in RESERVED_CHOICES:
            r.error(place, f"`{name}` is a name of the system: call the choice otherwise, for "
                           f"example `{name}_it`")
        choice = _choice(r, part, name)
        if choice is not None:
            out.append(choice)
    if not node.value:
        r.error(node, "there is no choice")
    return tuple(out) or None


def _with_item(expression: str) -> str:
    """The expression with every leading dot written out: `.id` is `item.id`."""
    out, at = "", 0
    for match in re.finditer(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\.(?=[A-Za-z_])",
                             expression):
        out += expression[at:match.start()]
        if match[0] == ".":
            before = out.rstrip()
            last = re.search(r"(\w+)$", before)
            joined = bool(before) and (before[-1] in ")]'\"" or last is not None)
            if last and last[1] in {"and", "or", "not", "in", "is", "if", "else"} and (
                    before != out):
                joined = False
            out += "." if joined else "item."
        else:
            out += match[0]
        at = match.end()
    return out + expression[at:]


def _texts_with_item(texts: Texts) -> Texts:
    return {language: re.sub(r"\{\{.*?\}\}", lambda match: _with_item(match[0]), one,
                             flags=re.DOTALL)
            for language, one in texts.items()}


def choices_from(r: Reading, node: Node) -> ChoicesFrom | None:
    found = mapping(r, node, "`choices_from`", {
        "each": pieces.expression, "id": pieces.expression, "label": pieces.label,
        "description": pieces.text,
    }, needs=("each", "id", "label"))
    if found is None:
        return None
    found["id"] = _with_item(found["id"])
    for word in ("label", "description"):
        if word in found:
            found[word] = _texts_with_item(found[word])
    return ChoicesFrom(**found)


def _link(r: Reading, node: Node) -> Send | None:
    found = mapping(r, node, "a link", {"label": pieces.text, "url": pieces.source},
                    needs=("label", "url"))
    return None if found is None else Send(kind="link", value=found["url"], label=found["label"])


def _fields(kind: Any, needs: tuple[str, ...], more: tuple[str, ...], r: Reading,
            node: Node) -> Send | None:
    found = mapping(r, node, f"a {kind}", dict.fromkeys(needs + more, pieces.source), needs=needs)
    return None if found is None else Send(kind=kind, value=found)


def _one(kind: Any, r: Reading, node: Node) -> Send | None:
    found = pieces.source(r, node)
    return None if found is None else Send(kind=kind, value=found)


_SEND: dict[str, pieces.Reader] = {
    **{kind: partial(_one, kind) for kind in (*_MEDIA, "reaction")},
    "link": _link,
    "location": partial(_fields, "location", ("latitude", "longitude"), ("name", "address")),
    "contact": partial(_fields, "contact", ("name", "phone"), ()),
    "caption": pieces.text, "filename": pieces.source,
}


def _send(r: Reading, node: Node) -> Send | None:
    before = r.errors
    found = mapping(r, node, "`send`", _SEND, later=LATER_SEND)
    if found is None or r.errors > before:
        return None
    assert isinstance(node.value, dict)
    kinds = [word for word in found if word not in {"caption", "filename"}]
    if len(kinds) != 1:
        r.error(node, "say what to send: " + pieces.one_of(
            word for word in _SEND if word not in {"caption", "filename"}) if not kinds else
            "one thing each: write a list of them")
        return None
    send: Send = found[kinds[0]]
    for word, kinds_with in (("caption", ("image", "video", "document")),
                             ("filename", ("document",))):
        if word in found and send.kind not in kinds_with:
            r.error(node.keys[word], f"`{word}` goes with {pieces.one_of(kinds_with)} only")
    return send.model_copy(update={word: found[word] for word in ("caption", "filename")
                                   if word in found})


def sends(r: Reading, node: Node) -> tuple[Send, ...] | None:
    parts = node.value if isinstance(node.value, list) else [node]
    found = [_send(r, part) for part in parts]
    return tuple(one for one in found if one is not None) or None


def run(r: Reading, node: Node) -> Run | None:
    def save(r: Reading, node: Node) -> dict[str, str] | None:
        if not isinstance(node.value, dict):
            r.error(node, "`save` of `run` is written as {ours: theirs}")
            return None
        pairs = {ours: pieces.ident(r, part) for ours, part in node.value.items()}
        if not all(pieces.is_id(r, node.keys[ours], ours) for ours in pairs):
            return None
        return {ours: theirs for ours, theirs in pairs.items() if theirs is not None}

    if isinstance(node.value, str):
        flow = pieces.ident(r, node)
        return None if flow is None else Run(flow=flow)
    found = mapping(r, node, "`run`", {"flow": pieces.ident, "with": pieces.values, "save": save},
                    needs=("flow",))
    return None if found is None else Run(**found)


def handoff(r: Reading, node: Node) -> Handoff | None:
    if isinstance(node.value, str):
        r.error(node, f"`handoff` holds words: write {{queue: {node.value.strip() or 'support'}}}"
                      ", or {} for the queue of the flow")
        return None
    found = mapping(r, node, "`handoff`", {
        "queue": pieces.ident, "priority": pieces.choose("low", "normal", "high", "urgent"),
        "note": pieces.text, "return_to": step_name, "if_closed": step_name,
    })
    return None if found is None else Handoff(**found)


_NO_TIMER = "none"


def timer(r: Reading, node: Node, *, bare: bool) -> dict[str, Any] | str | None:
    """A timer's words; a step's name alone where `bare`; or `none`."""
    if isinstance(node.value, str) and (bare or node.value.strip() == _NO_TIMER):
        return _NO_TIMER if node.value.strip() == _NO_TIMER else step_name(r, node)
    return mapping(r, node, "a time-out or reminder", {
        "after": pieces.duration, "say": pieces.say, "then": _then})


def _then(r: Reading, node: Node) -> str | None:
    text = pieces.word(r, node)
    if text is None or pieces.ID.fullmatch(text):
        return text
    r.error(node, f"`then` is stay, end, handoff or the name of a step, not `{text[:60]}`")
    return None


def on_timeout(r: Reading, node: Node) -> dict[str, Any] | str | None:
    return timer(r, node, bare=True)


def remind(r: Reading, node: Node) -> tuple[Timer, ...] | None:
    """Reminders; () is `none`. They leave before the 24-hour window closes or never."""
    if isinstance(node.value, str) and node.value.strip() == _NO_TIMER:
        return ()
    out: list[Timer] = []
    for part in node.value if isinstance(node.value, list) else [node]:
        found = timer(r, part, bare=False)
        if not isinstance(found, dict):
            if found == _NO_TIMER:
                r.error(part, "`none` stands alone, not in a list")
            continue
        if "after" not in found:
            if isinstance(part.value, dict) and "after" not in part.value:
                r.error(part, "a reminder needs `after`, for example 23h")
            continue
        if found["after"] >= 86_400_000:
            r.error(part.at("after"), "a reminder has to leave before the 24-hour window closes: "
                                      "after less than 24h")
        out.append(Timer(after_ms=found.pop("after"), **found))
    return tuple(out) or None


def save(r: Reading, node: Node) -> str | None:
    if isinstance(node.value, dict):
        r.error(node, "`save` names one slot; only `run` holds {ours: theirs}")
        return None
    return pieces.ident(r, node)


def tags(r: Reading, node: Node) -> tuple[str, ...] | None:
    parts = node.value if isinstance(node.value, list) else [node]
    out: list[str] = []
    for part in parts:
        text = pieces.word(r, part)
        if text is not None and pieces.is_id(r, part, text.removeprefix("-")):
            out.append(text)
    return tuple(out) or None


STEP: dict[str, pieces.Reader] = {
    "skip_if": pieces.expression, "set": settings, "tag": tags, "say": pieces.say, "send": sends,
    "ask": pieces.ident, "choices": choices, "choices_from": choices_from,
    "if_empty": step_name, "otherwise": step_name, "button": pieces.label, "call": pieces.word,
    "with": pieces.values,
    "retries": pieces.whole(0, 10), "timeout": pieces.duration, "run": run, "review": pieces.names,
    "handoff": handoff, "end": outcome, "save": save, "goto": goto, "errors": errors,
    "attempts": pieces.whole(1, 20), "on_give_up": step_name, "on_media": step_name,
    "on_cancel": step_name, "on_error": on_error, "on_timeout": on_timeout, "remind": remind,
}
