"""As much of JSON Schema as our own schemas use; a word that it does not know is an error."""

from __future__ import annotations

import re
from typing import Any

_KINDS = {"string": str, "object": dict, "array": list, "boolean": bool}
_SAID = {"$schema", "title", "description", "$defs", "properties", "format"}


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> bool:
    root = root or schema
    return all(_holds(word, rule, value, schema, root) for word, rule in schema.items())


def _is(value: Any, kind: str) -> bool:
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(
            value, bool)
    return isinstance(value, _KINDS[kind])


def _holds(word: str, rule: Any, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if word in _SAID:
        return word != "properties" or not isinstance(value, dict) or all(
            fits(value[name], each, root) for name, each in rule.items() if name in value)
    if word == "$ref":
        return fits(value, root["$defs"][rule.removeprefix("#/$defs/")], root)
    if word == "type":
        return any(_is(value, kind) for kind in ([rule] if isinstance(rule, str) else rule))
    if word in ("enum", "const"):
        options = rule if word == "enum" else [rule]
        return any(type(each) is type(value) and each == value for each in options)
    if word in ("anyOf", "oneOf"):
        count = sum(fits(value, each, root) for each in rule)
        return count == 1 if word == "oneOf" else count > 0
    if word == "not":
        return not fits(value, rule, root)
    if word in ("minLength", "pattern"):
        return not isinstance(value, str) or (
            len(value) >= rule if word == "minLength" else re.search(rule, value) is not None)
    if word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return not _is(value, "number") or (
            value >= rule if word == "minimum" else value <= rule if word == "maximum"
            else value > rule if word == "exclusiveMinimum" else value < rule)
    if word in ("items", "minItems"):
        return not isinstance(value, list) or (
            len(value) >= rule if word == "minItems" else all(fits(e, rule, root) for e in value))
    return not isinstance(value, dict) or _object(word, rule, value, schema, root)


def _object(word: str, rule: Any, value: dict[str, Any], schema: dict[str, Any],
            root: dict[str, Any]) -> bool:
    named = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    if word == "required":
        return set(rule) <= value.keys()
    if word == "minProperties":
        return len(value) >= rule
    if word == "maxProperties":
        return len(value) <= rule
    if word == "propertyNames":
        return all(fits(name, rule, root) for name in value)
    if word == "dependentRequired":
        return all(set(needs) <= value.keys() for name, needs in rule.items() if name in value)
    if word == "patternProperties":
        return all(fits(each, shape, root) for name, each in value.items()
                   for pattern, shape in rule.items() if re.search(pattern, name))
    if word == "additionalProperties":
        rest = [each for name, each in value.items() if name not in named
                and not any(re.search(pattern, name) for pattern in patterns)]
        return not rest if rule is False else rule is True or all(
            fits(each, rule, root) for each in rest)
    raise AssertionError(f"the test does not know {word}")
