"""JSON Schema of every kind of file that people write, for editors: what `bot schema` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bot.flow.reading import schema as language
from bot.settings import METHODS, Settings

KINDS: Final = (*language.KINDS, "config")
#: Of a project: beside `flows`, which name it in their first line.
FOLDER: Final = "schema"


def schema(kind: str, slot_types: Iterable[str] = ()) -> dict[str, Any]:
    """The schema of one of `KINDS`; `slot_types`: those of the business's own."""
    return _config() if kind == "config" else language.schema(kind, slot_types)


def written(kind: str, slot_types: Iterable[str] = ()) -> str:
    """The same as a file holds it."""
    return json.dumps(schema(kind, slot_types), ensure_ascii=False, indent=1) + "\n"


def write(folder: Path, slot_types: Iterable[str] = ()) -> list[Path]:
    """Write all of them into a folder; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{kind}.json" for kind in KINDS]
    for file in files:
        file.write_text(written(file.stem, slot_types), "utf-8")
    return files


def _config() -> dict[str, Any]:
    """config.yaml, from the settings themselves."""
    made = _tidied(Settings.model_json_schema())
    operation = made["$defs"]["Operation"]
    properties = operation["properties"]
    verb = {"type": "string", "description": properties.pop("path")["description"]}
    operation["properties"] = {**dict.fromkeys(METHODS, verb), **properties}
    del operation["properties"]["method"], operation["required"]
    operation["oneOf"] = [{"required": [method]} for method in METHODS]
    return {"$schema": language.DRAFT, "title": "Frontdesk: config", **made}


def _tidied(made: Any) -> Any:
    """What pydantic makes, as config.yaml is written: one entry may stand for a list of it."""
    if isinstance(made, list):
        return [_tidied(each) for each in made]
    if not isinstance(made, dict):
        return made
    if isinstance(made.get("properties"), dict):
        made = {**made, "properties": {name: _tidied(each)
                                       for name, each in made["properties"].items()}}
    out = {word: each if word == "properties" else _tidied(each) for word, each in made.items()
           if word != "default" and not (word == "title" and isinstance(each, str))}
    if "patternProperties" in out:
        out["additionalProperties"] = False
    if out.get("type") == "array":
        whole = {word: out.pop(word) for word in ("type", "items", "minLength") if word in out}
        many = {"type": "array", "items": whole["items"], "minItems": whole.get("minLength", 0)}
        out["anyOf"] = [whole["items"], many]
    return out
