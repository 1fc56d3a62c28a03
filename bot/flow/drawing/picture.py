"""What a picture of a flow shows, in the words of its author: a box a step, an arrow a way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.clock import DAY, HOUR, MINUTE, SECOND
from bot.flow.language.tags import text_for
from bot.flow.spec import TEMPLATE, FlowSpec, Step, Wait
from bot.flow.ways import Way, ways_of

#: What an arrow leads to beside a step: where the flow ends, another flow, a person, itself.
To = Literal["step", "end", "flow", "person", "stay"]
_MISHAPS = frozenset({"failed", "gave_up", "elapsed", "reminded", "media", "empty", "closed",
                      "undelivered"})
_TOLD = {"failed": "the call fails", "gave_up": "no attempt is left", "media": "a picture or voice "
         "note instead", "empty": "there is nothing to choose", "closed": "nobody works now",
         "cancelled": "Cancel", "undelivered": "it can't be delivered",
         "otherwise": "anything else is written"}
_HOLE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Arrow:
    to: To
    target: str
    label: str
    #: Not the way that the author hopes for: drawn with a broken line.
    mishap: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    step: str
    kind: str  #: of the step: ask, choices, call, run, review, handoff, end, wait, ""
    text: str  #: what it says or does, in one line
    arrows: tuple[Arrow, ...] = ()
    people: int | None = None  #: who stand there now; None: not asked for


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    boxes: tuple[Box, ...] = field(default_factory=tuple)


def picture(flow: FlowSpec, language: str, people: Mapping[str, int] | None = None) -> Picture:
    """The flow in this language; `people`: how many stand at each step."""
    boxes = []
    for name, step in flow.steps.items():
        arrows = tuple(_arrow(flow, step, way, language) for way in ways_of(name, step))
        count = None if people is None else people.get(name, 0)
        boxes.append(Box(name, step.kind, _says(flow, step, language), arrows, count))
    return Picture(text_for(flow.title, language, flow.languages[0]), tuple(boxes))


def plain(text: str) -> str:
    """A text in one line, with the names of what is filled in."""
    text = _TAG.sub(" ", text.removeprefix(TEMPLATE))
    return " ".join(_HOLE.sub(r"‹\1›", text).split())


def _says(flow: FlowSpec, step: Step, language: str) -> str:
    said = " ".join(plain(text_for(texts, language, flow.languages[0])) for texts in step.say)
    if step.call is not None:
        return f"{step.call} – {said}" if said else step.call
    if step.run is not None:
        return f"{step.run.flow} – {said}" if said else step.run.flow
    if step.wait is not None and not said:
        return step.wait.event or _how_long(step.wait)
    if step.review is not None:
        named = (flow.slots[name].label if name in flow.slots else None for name in step.review)
        labels = [text_for(label, language, flow.languages[0]) if label else name
                  for name, label in zip(step.review, named, strict=True)]
        return said or ", ".join(labels)
    if step.handoff is not None and not said:
        return plain(text_for(step.handoff.note, language, flow.languages[0]))
    if not said and step.send:
        return ", ".join(one.kind.replace("_", " ") for one in step.send)
    if not said and step.set:
        return ", ".join(step.set)
    return said


def _arrow(flow: FlowSpec, step: Step, way: Way, language: str) -> Arrow:
    label = _why(flow, step, way, language)
    plain_wait = step.wait is not None and step.wait.event is None
    mishap = (way.event in _MISHAPS and not plain_wait) or way.to == "refuse"
    if way.to in ("step", "refuse"):
        return Arrow("step", way.target, label, mishap)
    if way.to == "edit":
        asked = next((name for name, other in flow.steps.items() if other.slot == way.target), "")
        return Arrow("step", asked, label, mishap)
    if way.to == "handoff":
        return Arrow("person", way.target or flow.queue or "", label, mishap)
    return Arrow("end" if way.to == "end" else "flow" if way.to == "flow" else "stay",
                 way.target, label, mishap)


def _why(flow: FlowSpec, step: Step, way: Way, language: str) -> str:
    parts = []
    if way.choice:
        choice = next(one for one in step.choices if one.id == way.choice)
        parts.append(plain(text_for(choice.label, language, flow.languages[0])))
    if step.wait is not None and way.event in ("event", "elapsed"):
        parts.append(step.wait.event or "" if way.event == "event" else _how_long(step.wait))
    elif way.timer is not None:
        parts.append(f"no answer for {length(way.timer.after_ms)}")
    elif way.event in _TOLD:
        parts.append(_TOLD[way.event])
    if way.event == "returned" and step.handoff is not None:
        parts.append("given back")
    if way.if_ is not None:
        parts.append(f"if {way.if_}")
    if way.to == "refuse":
        parts.append("asked again")
    if way.to == "edit":
        parts.append(f"changes {way.target}")
    return ", ".join(parts)


def _how_long(wait: Wait) -> str:
    if wait.for_ms is not None:
        return f"after {length(wait.for_ms)}"
    return f"until {plain(wait.until)}" if wait.until is not None else "no event came"


def length(ms: int) -> str:
    """A length of time as the files have it: 1d 12h."""
    parts = []
    for name, unit in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)):
        count, ms = divmod(ms, unit)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts) or "0s"
