"""docs/words.md, every word of the flow language in tables: made of what `bot schema` says.

`python -m tools.reference` writes the page; a test fails when it is not what this would write.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from bot.flow.reading.schema import Schema, schema
from bot.flow.spec import SLOT_TYPES
from tools.pages import DOCS, ROOT

PAGE: Final = DOCS / "words.md"
_HEAD: Final = """\
# All words

Every word that may stand in a file under `flows/`, what it takes and what it says. The page is
made from the tables by which `bot check` reads your files and from which `bot schema` makes its
schemas, so it is never behind them. [The flow language](language.md) explains the words with
examples and in their order.

A **name** is one of your own or of something that you have named: small letters, digits and `_`, a
letter first. A **text** may be written per language, `{en: Hello, zh: 你好}`, where the table says
*text, per language*. **Bold** words have to be there.
"""
#: What is called how: the files, and the mappings that stand in them.
_TITLES: Final = {
    "flow": "A flow", "triggers": "triggers", "slot": "A slot", "step": "A step",
    "choice": "A choice", "choices_from": "choices_from", "next": "An entry of goto",
    "on_error": "An entry of on_error", "errors": "errors", "run": "run", "wait": "wait",
    "handoff": "handoff", "timer": "A time-out or reminder", "send": "send", "link": "A link",
    "outside": "outside", "use": "whatsapp_template", "answers": "An answer",
    "commands": "A command", "template": "A registered template",
}
_TAKES: Final = {
    "text": "text", "texts": "text, per language", "say": "text, per language, or a list of them",
    "phrases": "words, or a list of them, per language", "value": "anything",
    "values": "names with values", "slot_type": "one of the types below",
}
_ENTRIES: Final = ("goto", "on_error")


def _link(name: str) -> str:
    title = _TITLES[name]
    return f"[{title}](#{title.lower().replace(' ', '-')})"


def _takes(shape: Schema) -> str:
    """What a word takes, in few words."""
    shape = {key: value for key, value in shape.items() if key != "description"}
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        entry = _link({"goto": "next"}.get(name, name)) if name in _ENTRIES else ""
        return f"name, or a list of: {entry}" if entry else _TAKES.get(name) or _link(name)
    if "enum" in shape:
        if {"yes", "on", "true"} < set(shape["enum"]):
            return "`yes` or `no`"
        return " ".join(f"`{word}`" for word in shape["enum"] if isinstance(word, str))
    if "const" in shape:
        return f"`{shape['const']}`"
    if "anyOf" in shape:
        return _either(shape["anyOf"])
    if shape.get("type") == "array":
        return f"a list: {_takes(shape['items'])}"
    if shape.get("type") == "integer":
        return f"a number from {shape['minimum']} to {shape['maximum']}"
    if shape.get("type") == "object":
        if "properties" in shape:
            return ", ".join(f"`{word}`" for word in shape["properties"])
        return f"names, each with: {_takes(shape['additionalProperties'])}"
    pattern = str(shape.get("pattern", ""))
    return "a length of time" if "ms|s|m|h|d" in pattern else "name" if "a-z" in pattern else "text"


def _either(shapes: list[Schema]) -> str:
    if shapes[0].get("type") == "integer":
        return _takes(shapes[0])
    if len(shapes) == 2 and shapes[1].get("type") == "array":
        return f"{_takes(shapes[0])}, or a list"
    return " or ".join(_takes(each) for each in shapes)


def _table(words: Schema) -> list[str]:
    needed = words.get("required", [])
    rows = ["", "| word | takes | |", "|---|---|---|"]
    for word, shape in words["properties"].items():
        name = f"**`{word}`**" if word in needed else f"`{word}`"
        rows.append(f"| {name} | {_takes(shape)} | {shape['description']} |")
    return rows


def _mapping(shape: Schema) -> Schema | None:
    """The mapping that a part of the schema is, or may be."""
    if "properties" in shape:
        return shape
    return next((found for each in (*shape.get("anyOf", ()), shape.get("items", {}))
                 if each and (found := _mapping(each)) is not None), None)


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    told: dict[str, Schema] = {}
    for kind in ("flow", "answers", "commands", "template"):
        whole = schema(kind)
        root = whole if kind in ("flow", "template") else (
            whole["properties"]["items"]["additionalProperties"])
        told[kind] = root
        told |= {name: found for name, shape in whole["$defs"].items()
                 if name not in (*_TAKES, "goto")
                 if (found := _mapping(shape)) is not None}
    missing = told.keys() - _TITLES.keys()
    if missing:
        raise SystemExit(f"say in _TITLES what these are called: {', '.join(missing)}")
    for name, title in _TITLES.items():
        lines += [f"## {title}", *_table(told[name]), ""]
    lines += ["## Types of slots", "", ", ".join(f"`{each}`" for each in SLOT_TYPES)
              + ", and [those of your own](plugins.md).", "", *_shipped()]
    return "\n".join(lines)


def _shipped() -> list[str]:
    def items(name: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.load((ROOT / "flows" / f"{name}.yaml").read_text("utf-8"),
                                          yaml.BaseLoader)["items"]
        return found

    def words(item: Any) -> str:
        said = item.get("keywords", {})
        return ", ".join(said.get("en", next(iter(said.values()))) if isinstance(said, dict)
                         else said)

    def cell(text: Any) -> str:
        said = text.get("en", next(iter(text.values()))) if isinstance(text, dict) else text
        return str(said).strip().replace("\n", " ").replace("|", "\\|")

    return [
        "## All commands of the system", "",
        "What customers can say at any time. [Change them](language.md#answers-commands-and-texts) "
        "in a file of yours, or add another language.", "",
        "| command | does | English words |", "|---|---|---|",
        *(f"| `{name}` | {'`' + item['does'] + '`' if 'does' in item else 'says something'} "
          f"| {words(item)} |" for name, item in items("commands").items()), "",
        "## All texts of the system", "",
        "What the bot says by itself. Yours go in a file that begins with `texts:`, as many of "
        "them as you like.", "",
        "| text | English |", "|---|---|",
        *(f"| `{name}` | {cell(text)} |" for name, text in items("texts").items()), ""]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
