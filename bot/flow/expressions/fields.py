"""The fields of data, and values as text in one of the two forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from bot.errors import ExpressionError
from bot.flow.expressions import shown, values
from bot.flow.expressions.values import Picked, Scope, bare


class Frame(Protocol):
    """What filters see of a rendering: for whom it is, and in which of the two forms."""

    scope: Scope
    people: bool
    rounds: int  #: of all its loops so far

    def apply(self, name: str, value: Any, args: tuple[Any, ...]) -> Any: ...

    def holds(self, name: str, value: Any, args: tuple[Any, ...]) -> bool: ...


def text_of(frame: Frame, value: Any) -> str:
    """The value as text, in the form of this rendering."""
    if type(value) is str:
        return value
    if frame.people:
        return shown.shown(value, frame.scope)
    data = values.plain(value)
    if data is None:
        return ""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, list):
        return ", ".join(text_of(frame, item) for item in data)
    return shown.shown(data, frame.scope) if isinstance(data, Mapping) else str(data)


def sequence(value: Any) -> list[Any]:
    """The items of a list; of none, none at all."""
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str | Mapping):
        return list(value)
    raise ExpressionError("this is no list")


def field(value: Any, name: Any) -> Any:
    """A field of the data by its name or place, never anything that Python knows of a value."""
    name = bare(name)
    if isinstance(name, str) and name.startswith("__"):
        raise ExpressionError(f"{name} is no field")
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list | tuple | str):
        if isinstance(name, str) and name.isascii() and name.isdigit() and len(name) < 6:
            name = int(name)
        if isinstance(name, int) and not isinstance(name, bool):
            return value[name] if -len(value) <= name < len(value) else None
        return None
    if isinstance(value, values.Special):
        return field(value.value, name)
    if isinstance(value, Picked):
        return {"id": value.id, "label": value.label}.get(name)
    if isinstance(value, values.When):
        own = {"from": value.start, "until": value.until, "part": value.part,
               "date": values.day_of(value.value, value.start.tzinfo)  # type: ignore[arg-type]
               }
        return own[name] if name in own else field(value.value, name)
    if isinstance(value, date | time | timedelta):
        return _part(value, name)
    return None


def _part(value: date | time | timedelta, name: Any) -> Any:
    if isinstance(value, timedelta):
        return value.days if name == "days" else None
    if name == "weekday" and isinstance(value, date):
        return value.isoweekday()
    if name in ("year", "month", "day") and isinstance(value, date):
        return getattr(value, name)
    if name in ("hour", "minute") and isinstance(value, datetime | time):
        return getattr(value, name)
    return None


def path(value: Any, attribute: Any) -> Any:
    """A field by its name, or a field of a field by a dotted one."""
    for name in str(attribute).split("."):
        value = field(value, name)
    return value
