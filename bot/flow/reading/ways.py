"""Where next: steps, outcomes and the entries of `goto`."""

from __future__ import annotations

from typing import Any

from bot.flow.reading import pieces
from bot.flow.reading.pieces import Reading, mapping
from bot.flow.reading.source import Node
from bot.flow.spec import Next

RESERVED_STEPS = frozenset({"stay", "end", "handoff", "back"})
RESERVED_OUTCOMES = frozenset({"cancelled", "gave_up", "timed_out", "failed", "handed_over",
                               "left", "abandoned"})
_TARGETS = ("step", "refuse", "edit", "flow", "end")


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


NEXT: pieces.Words = {
    "if": pieces.expression, "step": step_name, "refuse": step_name, "say": pieces.say,
    "edit": pieces.ident, "flow": pieces.ident, "with": pieces.values, "end": outcome,
}
ERROR_NEXT: pieces.Words = {"if": pieces.expression, "step": step_name}


def _entry(r: Reading, node: Node, words: dict[str, Any]) -> Next | None:
    if isinstance(node.value, str):
        name = step_name(r, node)
        return None if name is None else Next(step=name)
    before = r.errors
    if words is ERROR_NEXT and isinstance(node.value, dict):
        for word in set(NEXT) - set(words) & node.value.keys():
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
    return _entries(r, node, NEXT)


def on_error(r: Reading, node: Node) -> tuple[Next, ...] | None:
    return _entries(r, node, ERROR_NEXT)
