"""Reading one field of a Graph request, or saying precisely what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from bot.emulator.graph_errors import GraphError
from bot.emulator.settings import Json


def length(text: str) -> int:
    """Characters as Meta might count them: the larger of code points and UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def child(path: str, key: str) -> str:
    """`action` in `interactive` is `interactive['action']`, as Meta's own errors have it."""
    return f"{path}['{key}']" if path else key


def table(value: Any, path: str, allowed: Collection[str] = ()) -> Json:
    """A JSON object, without keys that Meta does not know."""
    if not isinstance(value, dict):
        raise GraphError(100, f"Param {path} must be a JSON object.")
    for key in value:
        if allowed and key not in allowed:
            raise GraphError(100, f'Unexpected key "{key}" on param "{path}".')
    return value


def rows(parent: Json, key: str, path: str, lowest: int, highest: int) -> list[Any]:
    """A JSON array of `lowest` to `highest` items."""
    where = child(path, key)
    value = needed(parent, key, path)
    if not isinstance(value, list):
        raise GraphError(100, f"Param {where} must be an array.")
    if not lowest <= len(value) <= highest:
        raise GraphError(131009, f"{where} has {len(value)} items; {lowest} to {highest} may be.")
    return value


def needed(parent: Json, key: str, path: str) -> Any:
    """A value that must be there."""
    if parent.get(key) is None:
        raise GraphError(131008, f"The parameter {child(path, key)} is required.")
    return parent[key]


def text(parent: Json, key: str, path: str, limit: int, *, empty: bool = False) -> str:
    """A text that must be there, not longer than Meta takes."""
    value = needed(parent, key, path)
    where = child(path, key)
    if not isinstance(value, str):
        raise GraphError(100, f"Param {where} must be a string.")
    if not value.strip() and not empty:
        raise GraphError(131009, f"{where} must not be empty.")
    if length(value) > limit:
        raise GraphError(131009, f"{where} has {length(value)} characters; {limit} may be.")
    return value


def maybe(parent: Json, key: str, path: str, limit: int) -> str:
    """A text that may be missing; "" then."""
    return text(parent, key, path, limit) if parent.get(key) is not None else ""


def number(parent: Json, key: str, path: str, limit: float) -> float:
    """A number, or one in a string, between -limit and limit."""
    value = needed(parent, key, path)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,3}(\.\d+)?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= limit:
        raise GraphError(131009, f"{child(path, key)} must be a number from -{limit:g} to "
                                 f"{limit:g}.")
    return float(value)


def link(parent: Json, key: str, path: str, limit: int = 2000) -> str:
    """An address that begins with http:// or https://."""
    value = text(parent, key, path, limit)
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise GraphError(131009, f"{child(path, key)} must be a http:// or https:// address.")
    return value


def unique(values: list[str], what: str) -> None:
    """Raise when a value comes twice."""
    for value in values:
        if values.count(value) > 1:
            raise GraphError(131009, f"{what} must be unique; {value!r} is there twice.")
