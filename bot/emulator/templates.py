"""Registered templates: the only thing that may be sent outside the 24 hours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.emulator import fields
from bot.emulator.graph_errors import GraphError
from bot.emulator.settings import Json

_HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with its parameters in place."""

    body: Json  #: {name, language, header?, text, footer?, buttons: [{payload, text}], links}
    text: str
    category: str


class Templates:
    """All templates of the account, approved as soon as they are there."""

    def __init__(self, definitions: Iterable[Json]) -> None:
        self._known: dict[tuple[str, str], Json] = {}
        for definition in definitions:
            self.add(definition)

    def add(self, definition: Any) -> Json:
        """Register one, as Meta's management API does; returns {id, status, category}."""
        body = fields.table(definition, "template")
        name = fields.text(body, "name", "", 512)
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise GraphError(100, "name is made of a-z, 0-9 and _ only.")
        language = fields.text(body, "language", "", 20)
        category = str(body.get("category", "UTILITY")).upper()
        if category not in ("MARKETING", "UTILITY", "AUTHENTICATION"):
            raise GraphError(100, f"category {category!r} is none of Meta's.")
        components = [fields.table(item, "components")
                      for item in fields.rows(body, "components", "", 1, 10)]
        if not _component(components, "BODY").get("text"):
            raise GraphError(131008, "A template needs a component BODY with a text.")
        number = str(10**14 + len(self._known))
        self._known[name, language] = {"id": number, "status": "APPROVED", "name": name,
                                       "language": language, "category": category,
                                       "components": components}
        return {"id": number, "status": "APPROVED", "category": category}

    def all(self) -> list[Json]:
        """Every template, as Meta lists them."""
        return list(self._known.values())

    def fill(self, value: Any) -> Filled:
        """The message that a request's `template` makes; raises `GraphError` as Meta would."""
        request = fields.table(value, "template", ("name", "language", "components", "namespace"))
        name = fields.text(request, "name", "template", 512)
        language = fields.table(fields.needed(request, "language", "template"),
                                "template['language']", ("code", "policy"))
        code = fields.text(language, "code", "template['language']", 20)
        known = self._known.get((name, code))
        if known is None:
            raise GraphError(132001, f"template name ({name}) does not exist in {code}")
        given: dict[str, list[Json]] = {}
        quick: dict[int, str] = {}
        for item in fields.rows({"components": request.get("components") or []}, "components",
                                "template", 0, 40):
            part = fields.table(item, "template['components']",
                                ("type", "sub_type", "index", "parameters"))
            values = [fields.table(one, "parameters") for one in part.get("parameters") or []]
            kind = str(part.get("type", "")).lower()
            if kind == "button" and str(part.get("sub_type", "")).lower() == "quick_reply":
                at = fields.number(part, "index", "template['components']", 9)
                quick[int(at)] = str(values[0].get("payload", "")) if values else ""
            else:
                given[kind] = values
        components = known["components"]
        body = _fill(_component(components, "BODY")["text"], given.get("body", []))
        filled: Json = {"name": name, "language": code, "text": body}
        header = _component(components, "HEADER")
        if header.get("text"):
            filled["header"] = _fill(header["text"], given.get("header", []))
        if footer := _component(components, "FOOTER").get("text"):
            filled["footer"] = footer
        buttons = _component(components, "BUTTONS").get("buttons", [])
        filled["buttons"] = [{"text": button["text"], "payload": quick.get(at) or button["text"]}
                             for at, button in enumerate(buttons)
                             if button.get("type") == "QUICK_REPLY"]
        filled["links"] = [{"text": button["text"], "url": button["url"]} for button in buttons
                           if button.get("type") == "URL"]
        return Filled(filled, body, known["category"].lower())


def _component(components: list[Json], kind: str) -> Json:
    return next((item for item in components if str(item.get("type", "")).upper() == kind), {})


def _fill(source: str, values: list[Json]) -> str:
    holes = list(dict.fromkeys(_HOLE.findall(source)))
    if len(holes) != len(values):
        raise GraphError(132000, f"the text has {len(holes)} parameters, the request "
                                 f"{len(values)}")
    words = {}
    for hole, value in zip(holes, values, strict=True):
        text = value.get("text")
        if not isinstance(text, str) or not text:
            raise GraphError(132012, "a parameter of the text must have a text")
        if re.search(r"[\n\t]| {5}", text):
            raise GraphError(132012, "a parameter must not have new lines, tabs or more than "
                                     "four spaces in a row")
        words[str(value.get("parameter_name") or hole)] = text
    if missing := [hole for hole in holes if hole not in words]:
        raise GraphError(132012, f"the parameter {missing[0]} is missing")
    return _HOLE.sub(lambda match: words[match.group(1)], source)
