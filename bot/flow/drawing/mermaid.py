"""A picture as Mermaid, which code hosts and many editors draw by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.flow.drawing.picture import Arrow, Box, Picture

#: What stands around the text of a box, by the kind of the step.
_SHAPES = {"ask": ("[/", "/]"), "choices": ("[/", "/]"), "review": ("[/", "/]"),
           "call": ("[[", "]]"), "run": ("[[", "]]"), "wait": ("[/", "/]"),
           "handoff": ("{{", "}}"), "end": ("([", "])")}
_MOST = 90


def mermaid(picture: Picture) -> str:
    """A Mermaid flowchart."""
    title = json.dumps(picture.title, ensure_ascii=False)
    return "\n".join(["---", f"title: {title}", "---", "flowchart TD",
                      *(f"  {line}" for line in _lines(picture))]) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    drawn = set()
    for box in picture.boxes:
        left, right = _SHAPES.get(box.kind, ("[", "]"))
        yield f"{_id(box.step)}{left}{_quoted(_text(box))}{right}"
    for box in picture.boxes:
        for arrow in box.arrows:
            target, shape = _target(box, arrow)
            if shape and target not in drawn:
                drawn.add(target)
                yield f"{target}{shape}"
            line = "-.->" if arrow.mishap else "-->"
            label = f"|{_quoted(arrow.label)}|" if arrow.label else ""
            yield f"{_id(box.step)} {line}{label} {target}"


def _target(box: Box, arrow: Arrow) -> tuple[str, str]:
    """The id an arrow points at, and how it is drawn where it is no step."""
    if arrow.to == "step":
        return _id(arrow.target), ""
    if arrow.to == "end":
        return f"end_{arrow.target}", f"(({_quoted(arrow.target)}))"
    if arrow.to == "flow":
        return f"flow_{arrow.target}", f"[[{_quoted('→ ' + arrow.target)}]]"
    if arrow.to == "person":
        return f"person_{arrow.target}", "{{" + _quoted(_person(arrow.target)) + "}}"
    return _id(box.step), ""


def _person(queue: str) -> str:
    return f"a colleague ({queue})" if queue else "a colleague"


def _text(box: Box) -> str:
    text = box.text if len(box.text) <= _MOST else box.text[:_MOST - 1] + "…"
    people = "" if box.people is None else f" · {box.people} here"
    return f"{box.step}{people}" + (f"\n{text}" if text else "")


def _id(step: str) -> str:
    # `end` alone is a word of Mermaid's.
    return f"step_{step}"


def _quoted(text: str) -> str:
    for character, entity in (("#", "#35;"), ("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"),
                              (">", "#gt;"), ("`", "#96;"), ("\n", "<br/>")):
        text = text.replace(character, entity)
    return f'"{text}"'
