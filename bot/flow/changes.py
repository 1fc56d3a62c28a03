"""What is different between two versions of a flow, in the words of its file, and what follows.

*text*: what people read, or may type for a choice or a slot. *rules*: everything else, as long as
every step and slot that somebody may be at is still there and is the same kind of thing.
*structure*: the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.flow.drawing.picture import length, plain
from bot.flow.onward import Onward
from bot.flow.spec import FlowSpec, Part, Step

Level = Literal["text", "rules", "structure"]
LEVELS: tuple[Level, ...] = ("text", "rules", "structure")
#: Words of a flow, a slot, a step, a choice, a clock, an entry: what people read or may type.
_TEXT = frozenset({"title", "languages", "say", "send", "outside", "errors", "button", "label",
                   "also", "description", "note"})
_LONGEST = 60
_GONE = object()
_KINDS = {"ask": "a question (`ask`)", "choices": "a question (`choices`)", "": "no question",
          "end": "an end", "call": "a `call`", "run": "a sub-flow (`run`)", "review": "a `review`",
          "wait": "a `wait`", "handoff": "a `handoff`"}
_ITEMS = ("choices",)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    level: Level
    path: tuple[str, ...]  #: where it is written in the newer file, or would be
    what: str


def level(changes: list[Change]) -> Level | None:
    """The gravest of them; None: there is none."""
    return max((change.level for change in changes), key=LEVELS.index, default=None)


def onward(old: FlowSpec, new: FlowSpec, in_flight: str | None = None,
           moved: Mapping[str, str] | None = None) -> Onward | None:
    """Where those go who stand in the old version; None: they finish in it.

    Only a change of structure asks how; without an answer they are moved.
    """
    moved = new.moved if moved is None else moved
    how = (in_flight or new.in_flight or "move") if level(
        changes(old, new, moved)) == "structure" else "move"
    if how == "finish":
        return None
    return Onward(new.version, "restart" if how == "restart" else "move", moved)


def changes(old: FlowSpec, new: FlowSpec, moved: Mapping[str, str] | None = None) -> list[Change]:
    """Every difference, in the order of the newer file."""
    moved = new.moved if moved is None else moved
    return [*_words(_plain(old, "slots", "steps", "flow"), _plain(new, "slots", "steps", "flow"),
                    ()),
            *_slots(old, new), *_steps(old, new, moved)]


def _slots(old: FlowSpec, new: FlowSpec) -> Iterator[Change]:
    for name in old.slots:
        if name not in new.slots:
            yield Change("structure", ("slots",), f"the slot {name} is gone")
    for name, slot in new.slots.items():
        path = ("slots", name)
        if name not in old.slots:
            yield Change("rules", path, f"the slot {name} is new")
            continue
        before = old.slots[name]
        if before.type != slot.type:
            yield Change("structure", (*path, "type"),
                         f"the slot {name}: `type`: {before.type} → {slot.type}")
        yield from _words(_plain(before, "type"), _plain(slot, "type"), path)


def _steps(old: FlowSpec, new: FlowSpec, moved: Mapping[str, str]) -> Iterator[Change]:
    first = next(iter(old.steps))
    begins = next(iter(new.steps))
    if moved.get(first, first) != begins:
        yield Change("rules", ("steps",), f"the flow begins with {begins}, no longer with {first}")
    came_from = {to: name for name, to in moved.items() if name in old.steps and to in new.steps}
    for name in old.steps:
        if name not in new.steps and name not in came_from.values():
            yield Change("structure", ("steps",), f"the step {name} is gone")
    for name, step in new.steps.items():
        path = ("steps", name)
        before = came_from.get(name, name)
        if before != name:
            yield Change("structure", path, f"the step {before} is called {name} now")
        if before not in old.steps:
            yield Change("rules", path, f"the step {name} is new")
        else:
            yield from _step(old.steps[before], step, path, moved)


def _step(old: Step, new: Step, path: tuple[str, ...], moved: Mapping[str, str]
          ) -> Iterator[Change]:
    name = path[1]
    if old.kind != new.kind:
        yield Change("structure", path,
                     f"the step {name} was {_KINDS[old.kind]} and is {_KINDS[new.kind]} now")
        return
    if old.slot != new.slot:
        yield Change("structure", (*path, "ask" if new.ask else "save"),
                     f"the step {name} fills {new.slot or 'no slot'}, no longer "
                     f"{old.slot or 'none'}")
    was, now = (step.run.flow if step.run else None for step in (old, new))
    if was != now:
        yield Change("structure", (*path, "run"), f"the step {name} runs {now}, no longer {was}")
    hidden = ("ask", *(("save",) if new.kind == "choices" else ()))
    yield from _words(_renamed(_plain(old, *hidden), moved), _plain(new, *hidden), path)


def _words(old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...],
           within: str = "") -> Iterator[Change]:
    """The differences between two mappings of words."""
    for key in dict.fromkeys([*new, *old]):
        before, after = old.get(key, _GONE), new.get(key, _GONE)
        if before == after:
            continue
        word = key.removesuffix("_ms")
        where = (*path, word)
        if key in _ITEMS and isinstance(before, list) and isinstance(after, list):
            yield from _items(before, after, where)
        elif key in ("handoff", "choices_from", "on_timeout", "run") and isinstance(
                before, dict) and isinstance(after, dict):
            yield from _words(before, after, where, f"`{word}`: ")
        else:
            shown = f"{_name(path)}{within}`{word}`{_told(key, before, after)}"
            yield Change(_level(key, before, after), where, shown)


def _items(old: list[Any], new: list[Any], path: tuple[str, ...]) -> Iterator[Change]:
    """The differences between the choices of a step."""
    before, after = ({item["id"]: item for item in items} for items in (old, new))
    step = _name(path)
    for id_ in before:
        if id_ not in after:
            yield Change("rules", path, f"{step}the choice {id_} is gone")
    for id_, item in after.items():
        if id_ not in before:
            yield Change("rules", (*path, id_), f"{step}the choice {id_} is new")
        else:
            yield from _words(before[id_], item, (*path, id_), f"the choice {id_}: ")
    if list(before) != list(after) and set(before) == set(after):
        yield Change("text", path, f"{step}the choices stand in another order")


def _level(key: str, before: Any, after: Any) -> Level:
    if key in _TEXT:
        return "text"
    if isinstance(before, list) and isinstance(after, list) and _silent(before) == _silent(after):
        return "text"
    return "rules"


def _silent(value: Any) -> Any:
    """A value without what is said in it."""
    if isinstance(value, dict):
        return {key: _silent(item) for key, item in value.items() if key not in _TEXT}
    return [_silent(item) for item in value] if isinstance(value, list) else value


def _name(path: tuple[str, ...]) -> str:
    kinds = {"slots": "the slot ", "steps": "the step "}
    return f"{kinds[path[0]]}{path[1]}: " if len(path) > 1 and path[0] in kinds else ""


def _told(key: str, before: Any, after: Any) -> str:
    """A difference as people read it: what stood there, and what stands there."""
    one_each = [value for value in (before, after) if isinstance(value, list) and len(value) == 1]
    if key == "say" and len(one_each) == 2:
        before, after = before[0], after[0]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        other = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
        before, after = ([pair[side] for pair in other] for side in (0, 1))
    if isinstance(before, dict) and isinstance(after, dict):
        parts = [f" ({name}){_arrow(key, before.get(name, _GONE), after.get(name, _GONE))}"
                 if name else _arrow(key, before.get(name, _GONE), after.get(name, _GONE))
                 for name in dict.fromkeys([*after, *before])
                 if before.get(name, _GONE) != after.get(name, _GONE)]
        return ";".join(parts)
    return _arrow(key, before, after)


def _arrow(key: str, before: Any, after: Any) -> str:
    if before is _GONE:
        return f" is new: {_shown(key, after)}"
    if after is _GONE:
        return f" is gone: {_shown(key, before)}"
    return f": {_shown(key, before)} → {_shown(key, after)}"


def _shown(key: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and key.endswith("_ms"):
        return length(value)
    if key in _TEXT and isinstance(value, str):
        return f"“{_short(plain(value))}”"
    return _short(json.dumps(_compact(value), ensure_ascii=False).replace('"', ""))


def _compact(value: Any) -> Any:
    """`{step: x}` is written x, and a length of time as people write it."""
    if isinstance(value, dict):
        if value.keys() == {"step"}:
            return value["step"]
        if value.keys() == {""}:
            return value[""]
        return {key.removesuffix("_ms"): length(item) if key.endswith("_ms") else _compact(item)
                for key, item in value.items()}
    if isinstance(value, list):
        return _compact(value[0]) if len(value) == 1 else [_compact(item) for item in value]
    return value


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST - 1]}…"


def _plain(part: Part, *but: str) -> dict[str, Any]:
    found: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {key: value for key, value in found.items() if key not in but}


def _renamed(value: Any, moved: Mapping[str, str]) -> Any:
    """The same with the new names of steps, so that a new name alone makes no difference."""
    if isinstance(value, dict):
        return {key: moved.get(item, item) if key in _STEPS and isinstance(item, str)
                else _renamed(item, moved) for key, item in value.items()}
    return [_renamed(item, moved) for item in value] if isinstance(value, list) else value


_STEPS = frozenset({"step", "refuse", "on_give_up", "on_media", "on_undelivered", "on_cancel",
                    "if_empty", "otherwise", "then", "return_to", "if_closed"})
