"""What a business has added to the language in Python: passed in with a scope, never imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from math import isfinite
from typing import Any, Literal

from bot.errors import ExpressionError


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a value is read or written, where and when."""

    language: str  #: of the contact, e.g. en or pt-BR
    default_language: str
    timezone: tzinfo  #: of the business, or what the flow says
    currency: str
    country: str | None  #: of the business, by its time zone
    now: datetime | None  #: in `timezone`; None where no turn is taken


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that a slot type does not take."""

    reason: Literal["type", "pattern", "range", "check"] = "type"


@dataclass(frozen=True, slots=True)
class OwnType:
    """A slot type: an answer becomes a value that JSON can hold, or a `Refusal`."""

    parse: Callable[[str, Context], Any]
    show: Callable[[Any, Context], str] | None = None  #: None: as values of its kind are shown
    error: Mapping[str, str] = field(default_factory=dict)  #: language -> why it is refused


@dataclass(frozen=True, slots=True)
class OwnFilter:
    """A filter: of its value and arguments alone, and of the context where it asks for it."""

    function: Callable[..., Any]
    context: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """All of it, by the names that authors write."""

    types: Mapping[str, OwnType] = field(default_factory=dict)
    filters: Mapping[str, OwnFilter] = field(default_factory=dict)


    def read(self, name: str, text: str, context: Context) -> Any:
        """What the slot type of this name makes of an answer: a value, or a `Refusal`."""
        kind = self.types.get(name)
        if kind is None:
            raise ExpressionError(f"there is no slot type {name}")
        try:
            found = kind.parse(text, context)
        except Exception as error:
            raise ExpressionError(f"the slot type {name} failed "
                                  f"({type(error).__name__})") from error
        if isinstance(found, Refusal):
            return found
        if found is None or not _keeps(found):
            raise ExpressionError(f"the slot type {name} has given what can't be kept: texts, "
                                  "numbers, yes and no, lists and objects of them")
        return found


def _keeps(value: Any) -> bool:
    """Whether a store gives this back as it is."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _keeps(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_keeps, value))
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, str | bool | int)


NOTHING = Own()
