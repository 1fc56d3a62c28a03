"""Registered WhatsApp templates: their files, and the places in a flow that send one."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from bot.flow.reading import pieces
from bot.flow.reading.pieces import Reading, mapping
from bot.flow.reading.source import Node
from bot.flow.spec import TemplateSpec, TemplateUse, Texts

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CODE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_BRACES = re.compile(r"\{\{.*?\}\}|[{}]{2}", re.DOTALL)
_HOLE = re.compile(r"\{\{\s*[a-z][a-z0-9_]*\s*\}\}")
#: Meta's limits, in characters.
_LIMITS = {"header": 60, "body": 1_024, "footer": 60}
_BUTTON, _BUTTONS = 25, 10


def _name(r: Reading, node: Node) -> str | None:
    text = pieces.word(r, node)
    if text is None or _NAME.fullmatch(text):
        return text
    r.error(node, f"`{text[:60]}` can't be the name of a template: WhatsApp takes small letters, "
                  "digits and _")
    return None


def use(r: Reading, node: Node) -> TemplateUse | None:
    """`whatsapp_template: {name, with}`, or its name alone."""
    if isinstance(node.value, str):
        name = _name(r, node)
        return None if name is None else TemplateUse(name=name)
    found = mapping(r, node, "`whatsapp_template`", USE, needs=("name",))
    return None if found is None else TemplateUse(**found)


def _values(r: Reading, node: Node) -> dict[str, str] | None:
    if not isinstance(node.value, dict):
        r.error(node, "the parameters of the template are expected here: {name: \"{{ value }}\"}")
        return None
    out = {name: pieces.source(r, part) for name, part in node.value.items()}
    return {name: value for name, value in out.items() if value is not None}


USE: pieces.Words = {"name": _name, "with": _values}
OUTSIDE: pieces.Words = {"whatsapp_template": use}


def outside(r: Reading, node: Node) -> TemplateUse | None:
    """`outside: {whatsapp_template: …}`"""
    found = mapping(r, node, "`outside`", OUTSIDE, needs=("whatsapp_template",))
    return None if found is None else found["whatsapp_template"]


def _codes(r: Reading, node: Node) -> dict[str, str] | None:
    if not isinstance(node.value, dict):
        r.error(node, "`codes` are written as {en: en_US}: your language, and the one at WhatsApp")
        return None
    out: dict[str, str] = {}
    for language, part in node.value.items():
        code = pieces.word(r, part)
        if code is not None and not _CODE.fullmatch(code):
            r.error(part, f"`{code[:20]}` is no language of WhatsApp: write for example en_US")
        elif code is not None:
            out[language] = code
    return out


def _texts(word: str) -> pieces.Reader:
    return partial(_limited, word)


def _limited(word: str, r: Reading, node: Node) -> Texts | None:
    found = pieces.text(r, node)
    for language, text in (found or {}).items():
        place = node.at(language) if language else node
        if len(text) > _LIMITS[word]:
            r.error(place, f"{len(text)} characters are too long for the {word} of a template:"
                           f" {_LIMITS[word]} at most")
        wrong = next((one for one in _BRACES.findall(text)
                      if word != "body" or not _HOLE.fullmatch(one)), None)
        if wrong is not None:
            r.error(place, f"`{wrong[:40]}`: only `body` has parameters, and they are names "
                           "alone; write {{ day }} here and `{{ day | date }}` in `with`")
        elif word == "body" and (text.endswith("}}") or text.startswith("{{")):
            r.warning(place, "WhatsApp takes no template that begins or ends with a parameter")
    return found


def _buttons(r: Reading, node: Node) -> dict[str, Texts] | None:
    if not isinstance(node.value, dict):
        r.error(node, "buttons are written as `name: label`")
        return None
    if len(node.value) > _BUTTONS:
        r.error(node, f"a template has {_BUTTONS} buttons at most")
    out: dict[str, Texts] = {}
    for name, part in node.value.items():
        label = pieces.label(r, part)
        if not pieces.is_id(r, node.keys[name], name) or label is None:
            continue
        for language, text in label.items():
            if len(text) > _BUTTON or "{{" in text:
                r.error(part.at(language) if language else part,
                        f"the button of a template has {_BUTTON} characters at most and no "
                        "parameters")
        out[name] = label
    return out


TEMPLATE: pieces.Words = {
    "template": _name, "category": pieces.choose("utility", "marketing", "authentication"),
    "codes": _codes, "header": _texts("header"), "body": _texts("body"),
    "footer": _texts("footer"), "buttons": _buttons, "links": pieces.words}


def template(r: Reading, root: Node) -> TemplateSpec | None:
    """The template in `root`."""
    found: dict[str, Any] | None = mapping(r, root, "a template", TEMPLATE,
                                           needs=("template", "body"))
    return None if found is None else TemplateSpec(**found)
