"""The operators and tests of expressions, which know none, times and how large a thing may grow.

Operators are called as filters whose names hold a space, so that no author can write them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from jinja2 import pass_context

from bot.errors import ExpressionError
from bot.flow.expressions import values
from bot.flow.expressions.fields import Frame, sequence, text_of
from bot.flow.expressions.values import bare, limited, plain

#: Of one loop, and of all loops of a text together: loops stand in loops.
LONGEST_LOOP = 200
MOST_ROUNDS = 5_000

Operator = Callable[..., Any]
OPERATORS: dict[str, Operator] = {}


def _operator(name: str) -> Callable[[Operator], Operator]:
    def register(function: Operator) -> Operator:
        OPERATORS[name] = pass_context(function)
        return function
    return register


@_operator("op ~")
def _concat(frame: Frame, first: Any, *others: Any) -> Any:
    return limited("".join(text_of(frame, value) for value in (first, *others)))


@_operator("op own")
def _own(frame: Frame, value: Any, name: str, *args: Any, **named: Any) -> Any:
    """A filter of the business's own."""
    own = frame.scope.own.filters.get(name)
    if own is None:
        raise ExpressionError(f"there is no filter {name}")
    if own.context:
        named["context"] = frame.scope.context
    try:
        found = own.function(plain(value), *map(plain, args),
                             **{key: each if key == "context" else plain(each)
                                for key, each in named.items()})
    except Exception as error:
        raise ExpressionError(f"the filter {name} failed ({type(error).__name__})") from error
    return limited(found) if isinstance(found, str) else plain(found)


@_operator("op slice")
def _slice(frame: Frame, value: Any, start: Any, stop: Any, step: Any) -> Any:
    value = bare(value)
    if value is None:
        return None
    if not isinstance(value, str | list | tuple):
        raise ExpressionError("only a text or a list has a part from … to …")
    return value[start:stop:step]


@_operator("op rounds")
def _rounds(frame: Frame, value: Any) -> Any:
    items = sequence(value)
    frame.rounds += len(items)
    if len(items) > LONGEST_LOOP or frame.rounds > MOST_ROUNDS:
        raise ExpressionError(f"a loop has more than {LONGEST_LOOP} rounds")
    return items


@_operator("op days")
def _days(frame: Frame, count: Any) -> Any:
    count = bare(count)
    if isinstance(count, bool) or not isinstance(count, int | float) or abs(count) > 40_000:
        raise ExpressionError("days() takes a number of days")
    return timedelta(days=count)


def _eq(frame: Frame, left: Any, right: Any) -> bool:
    return values.equal(left, right, frame.scope.zone)


def _ne(frame: Frame, left: Any, right: Any) -> bool:
    return not values.equal(left, right, frame.scope.zone)


def _lt(frame: Frame, left: Any, right: Any) -> bool:
    return values.less(left, right, frame.scope.zone)


def _gt(frame: Frame, left: Any, right: Any) -> bool:
    return values.less(right, left, frame.scope.zone)


def _le(frame: Frame, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    return not values.less(right, left, frame.scope.zone)


def _ge(frame: Frame, left: Any, right: Any) -> bool:
    return _le(frame, right, left)


def _in(frame: Frame, item: Any, container: Any) -> bool:
    return values.holds(container, item, frame.scope.zone)


def _not_in(frame: Frame, item: Any, container: Any) -> bool:
    return not values.holds(container, item, frame.scope.zone)


_COMPARED: Mapping[str, Operator] = {
    "eq": _eq, "ne": _ne, "lt": _lt, "gt": _gt, "lteq": _le, "gteq": _ge, "in": _in,
    "notin": _not_in}
for _name, _function in _COMPARED.items():
    OPERATORS[f"op {_name}"] = pass_context(_function)

_COMPARISONS: Mapping[str, tuple[str, ...]] = {
    "eq": ("equalto", "=="), "ne": ("!=",), "lt": ("lessthan", "<"), "gt": ("greaterthan", ">"),
    "lteq": ("le", "<="), "gteq": ("ge", ">="), "in": ()}


def _plain_tests() -> Iterable[tuple[str, Operator]]:
    for operator, others in _COMPARISONS.items():
        for name in (operator, *others):
            yield name, _COMPARED[operator]
    yield "none", lambda frame, value: value is None
    yield "defined", lambda frame, value: value is not None
    yield "undefined", lambda frame, value: value is None
    yield "true", lambda frame, value: value is True
    yield "false", lambda frame, value: value is False
    yield "boolean", lambda frame, value: isinstance(value, bool)
    yield "string", lambda frame, value: isinstance(bare(value), str)
    yield "number", lambda frame, value: (
        isinstance(value, int | float | Decimal) and not isinstance(value, bool))
    yield "mapping", lambda frame, value: isinstance(value, Mapping)
    yield "sequence", lambda frame, value: isinstance(value, list | tuple)
    yield "even", lambda frame, value: value is not None and values.remainder(value, 2) == 0
    yield "odd", lambda frame, value: value is not None and values.remainder(value, 2) == 1
    yield "divisibleby", lambda frame, value, by: (
        value is not None and values.remainder(value, by) == 0)


TESTS: Mapping[str, Operator] = {
    name: pass_context(test) for name, test in _plain_tests()}
