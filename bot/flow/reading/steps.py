"""Steps: what each of their words holds."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from bot.flow.reading import clocks, pieces, registered
from bot.flow.reading.pieces import Reading, mapping
from bot.flow.reading.source import Node
from bot.flow.reading.ways import goto, on_error, outcome, step_name
from bot.flow.spec import Choice, ChoicesFrom, Handoff, Next, Run, Send, Texts, Wait

RESERVED_CHOICES = frozenset({"confirm", "edit", "cancel", "more", "back"})
REASONS = ("pattern", "type", "range", "check", "media", "choice")
#: What a contact is known by, and what has a word of its own.
_GIVEN = frozenset({"contact.id", "contact.phone", "contact.tags"})
_CHOICE_ID = re.compile(r"[a-z0-9_]{1,40}")
_MEDIA = ("image", "video", "audio", "document", "sticker")


def settings(r: Reading, node: Node) -> dict[str, Any] | None:
    """`set:` - slots, or `contact.<field>`."""
    found = pieces.values(r, node)
    assert found is None or isinstance(node.value, dict)
    for name in found or ():
        if name.startswith("contact."):
            if name in _GIVEN:
                r.error(node.keys[name], f"`{name}` can't be set" + (
                    ": the word `tag` puts tags on" if name == "contact.tags" else
                    ": it is how the contact is known"))
            elif not pieces.ID.fullmatch(name.removeprefix("contact.")):
                r.error(node.keys[name], f"`{name}` is not a field of the contact: write for "
                                         "example contact.email")
        elif not pieces.is_id(r, node.keys[name], name):
            return None
    return found


ERRORS: pieces.Words = dict.fromkeys(REASONS, pieces.text)


def errors(r: Reading, node: Node) -> dict[str, Texts] | None:
    return mapping(r, node, "`errors`", ERRORS)


CHOICE: pieces.Words = {
    "label": pieces.label, "also": pieces.phrases, "description": pieces.text,
    "if": pieces.expression, "set": settings, "say": pieces.say, "goto": goto, "end": outcome}


def _choice(r: Reading, node: Node, name: str) -> Choice | None:
    if isinstance(node.value, str):
        node = Node({"label": node}, *node.place, {"label": node.place})
    if isinstance(node.value, dict) and node.value and all(map(pieces.is_code, node.value)):
        languages = "{" + ", ".join(f"{code}: ..." for code in node.value) + "}"
        r.error(node, f"a choice needs `label`: write {{label: {languages}}}")
        return None
    found = mapping(r, node, "a choice", CHOICE, needs=("label",))
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


CHOICES_FROM: pieces.Words = {"each": pieces.expression, "id": pieces.expression,
                              "label": pieces.label, "description": pieces.text}


def choices_from(r: Reading, node: Node) -> ChoicesFrom | None:
    found = mapping(r, node, "`choices_from`", CHOICES_FROM, needs=("each", "id", "label"))
    if found is None:
        return None
    found["id"] = _with_item(found["id"])
    for word in ("label", "description"):
        if word in found:
            found[word] = _texts_with_item(found[word])
    return ChoicesFrom(**found)


LINK: pieces.Words = {"label": pieces.text, "url": pieces.source}


def _link(r: Reading, node: Node) -> Send | None:
    found = mapping(r, node, "a link", LINK, needs=("label", "url"))
    return None if found is None else Send(kind="link", value=found["url"], label=found["label"])


def fields(kind: Any, needs: tuple[str, ...], more: tuple[str, ...], r: Reading,
            node: Node) -> Send | None:
    found = mapping(r, node, f"a {kind}", dict.fromkeys(needs + more, pieces.source), needs=needs)
    return None if found is None else Send(kind=kind, value=found)


def _template(r: Reading, node: Node) -> Send | None:
    found = registered.use(r, node)
    return None if found is None else Send(
        kind="whatsapp_template", value=found.model_dump(by_alias=True))


def one(kind: Any, r: Reading, node: Node) -> Send | None:
    found = pieces.source(r, node)
    return None if found is None else Send(kind=kind, value=found)


SEND: pieces.Words = {
    **{kind: partial(one, kind) for kind in (*_MEDIA, "reaction")},
    "link": _link,
    "location": partial(fields, "location", ("latitude", "longitude"), ("name", "address")),
    "contact": partial(fields, "contact", ("name", "phone"), ()),
    "whatsapp_template": _template, "caption": pieces.text, "filename": pieces.source,
}


def _send(r: Reading, node: Node) -> Send | None:
    before = r.errors
    found = mapping(r, node, "`send`", SEND)
    if found is None or r.errors > before:
        return None
    assert isinstance(node.value, dict)
    kinds = [word for word in found if word not in {"caption", "filename"}]
    if len(kinds) != 1:
        r.error(node, "say what to send: " + pieces.one_of(
            word for word in SEND if word not in {"caption", "filename"}) if not kinds else
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


def _brought_back(r: Reading, node: Node) -> dict[str, str] | None:
    if not isinstance(node.value, dict):
        r.error(node, "`save` of `run` is written as {ours: theirs}")
        return None
    pairs = {ours: pieces.ident(r, part) for ours, part in node.value.items()}
    if not all(pieces.is_id(r, node.keys[ours], ours) for ours in pairs):
        return None
    return {ours: theirs for ours, theirs in pairs.items() if theirs is not None}


RUN: pieces.Words = {"flow": pieces.ident, "with": pieces.values, "save": _brought_back}


def run(r: Reading, node: Node) -> Run | None:
    if isinstance(node.value, str):
        flow = pieces.ident(r, node)
        return None if flow is None else Run(flow=flow)
    found = mapping(r, node, "`run`", RUN, needs=("flow",))
    return None if found is None else Run(**found)


WAIT: pieces.Words = {
    "event": pieces.event, "about": pieces.source, "for": pieces.duration,
    "until": pieces.source, "save": pieces.ident}


def wait(r: Reading, node: Node) -> Wait | None:
    if isinstance(node.value, str):
        r.error(node, "`wait` holds words: write {event: payment.received, for: 3d}, {for: 2h} or "
                      "{until: \"{{ start }}\"}")
        return None
    before = r.errors
    found = mapping(r, node, "`wait`", WAIT)
    if found is None or r.errors > before:
        return None
    assert isinstance(node.value, dict)
    if not {"event", "for", "until"} & found.keys():
        r.error(node, "say what to wait for: `event`, `for` (2h) or `until` (a time)")
    if {"for", "until"} <= found.keys():
        r.error(node.keys["until"], "`for` and `until` exclude each other")
    for word in ("about", "save"):
        if word in found and "event" not in found:
            r.error(node.keys[word], f"`{word}` goes with `event` only")
    if "for" in found:
        found["for_ms"] = found.pop("for")
    return Wait(**found)


HANDOFF: pieces.Words = {
    "queue": pieces.ident, "priority": pieces.choose("low", "normal", "high", "urgent"),
    "note": pieces.text, "return_to": step_name, "if_closed": step_name}


def handoff(r: Reading, node: Node) -> Handoff | None:
    if isinstance(node.value, str):
        r.error(node, f"`handoff` holds words: write {{queue: {node.value.strip() or 'support'}}}"
                      ", or {} for the queue of the flow")
        return None
    found = mapping(r, node, "`handoff`", HANDOFF)
    return None if found is None else Handoff(**found)


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


STEP: pieces.Words = {
    "skip_if": pieces.expression, "set": settings, "tag": tags, "say": pieces.say, "send": sends,
    "ask": pieces.ident, "choices": choices, "choices_from": choices_from,
    "if_empty": step_name, "otherwise": step_name, "button": pieces.label, "call": pieces.word,
    "with": pieces.values,
    "retries": pieces.whole(0, 10), "timeout": pieces.duration, "run": run, "review": pieces.names,
    "wait": wait, "handoff": handoff, "end": outcome, "save": save, "goto": goto, "errors": errors,
    "attempts": pieces.whole(1, 20), "on_give_up": step_name, "on_media": step_name,
    "on_cancel": step_name, "on_error": on_error,
    "outside": registered.outside, "gather": pieces.duration, "on_undelivered": step_name,
    "on_timeout": clocks.on_timeout, "remind": clocks.remind,
}
