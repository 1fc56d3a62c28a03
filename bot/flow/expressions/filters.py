"""The filters of expressions: with `days(n)` all that a flow can call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cmp_to_key
from typing import Any

from jinja2 import pass_context

from bot.clock import local
from bot.errors import ExpressionError
from bot.flow.expressions import shown, values
from bot.flow.expressions.fields import Frame, path, sequence, text_of
from bot.flow.expressions.values import LONGEST_TEXT, Scope, bare

Filter = Callable[..., Any]
FILTERS: dict[str, Filter] = {}


def _filter(name: str) -> Callable[[Filter], Filter]:
    def register(function: Filter) -> Filter:
        FILTERS[name] = pass_context(function)
        return function
    return register


@_filter("date")
def _date(frame: Frame, value: Any, length: str | None = None) -> Any:
    if value is None:
        return None
    found = shown.as_day_or_time(value, frame.scope)
    if isinstance(found, time):
        raise ExpressionError("a time of day has no date")
    return shown.day(found, frame.scope, length)


@_filter("time")
def _time(frame: Frame, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, values.When) and not isinstance(value.value, datetime):
        return shown.hour(value.start, frame.scope)
    found = shown.as_day_or_time(value, frame.scope)
    if isinstance(found, date) and not isinstance(found, datetime):
        raise ExpressionError("a day has no time")
    return shown.hour(found, frame.scope)


@_filter("money")
def _money(frame: Frame, value: Any, currency: str | None = None) -> Any:
    return None if value is None else shown.money(value, frame.scope, currency)


@_filter("number")
def _number(frame: Frame, value: Any, decimals: int | None = None) -> Any:
    return None if value is None else shown.number(value, frame.scope, decimals=decimals)


@_filter("list")
def _list(frame: Frame, value: Any) -> Any:
    return shown.listed(sequence(value), frame.scope)


@_filter("plural")
def _plural(frame: Frame, value: Any, one: Any, many: Any = None) -> Any:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        value = len(value)
    category = shown.plural(value, frame.scope)
    if isinstance(one, Mapping):
        if "other" not in one:
            raise ExpressionError("plural({…}) needs `other`")
        return one.get(category, one["other"])
    if many is None:
        raise ExpressionError("plural needs two words, or one object with `other`")
    return one if category == "one" else many


@_filter("age")
def _age(frame: Frame, value: Any) -> Any:
    if value is None:
        return None
    found = values.moment(value, frame.scope.zone)
    if found is None or frame.scope.now is None:
        raise ExpressionError("this is no date")
    born, today = values.day_of(found, frame.scope.zone), today_in(frame.scope)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def today_in(scope: Scope) -> date:
    """The day that it is in the scope's zone."""
    if scope.now is None:
        raise ExpressionError("there is no `today` here")
    return local(scope.now, scope.zone).date()


@_filter("default")
def _default(frame: Frame, value: Any, instead: Any = "", boolean: bool = False) -> Any:
    return instead if value is None or (boolean and not value) else value


@_filter("length")
def _length(frame: Frame, value: Any) -> Any:
    if value is None:
        return 0
    value = bare(value)
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise ExpressionError("only a text, a list or an object has a length")


@_filter("first")
def _first(frame: Frame, value: Any) -> Any:
    return next(iter(sequence(value)), None)


@_filter("last")
def _last(frame: Frame, value: Any) -> Any:
    return next(reversed(sequence(value)), None)


def _ordered(frame: Frame, items: list[Any], attribute: Any) -> list[Any]:
    def compare(left: Any, right: Any) -> int:
        if attribute is not None:
            left, right = path(left, attribute), path(right, attribute)
        left, right = bare(left), bare(right)
        if left is None or right is None:  # those without a value come last
            return (left is None) - (right is None)
        if isinstance(left, str) and isinstance(right, str):
            left, right = left.casefold(), right.casefold()
        if values.less(left, right, frame.scope.zone):
            return -1
        return 1 if values.less(right, left, frame.scope.zone) else 0
    return sorted(items, key=cmp_to_key(compare))


@_filter("sort")
def _sort(frame: Frame, value: Any, reverse: bool = False, attribute: Any = None) -> Any:
    items = _ordered(frame, sequence(value), attribute)
    return items[::-1] if reverse else items


def _some(frame: Frame, value: Any, attribute: Any) -> list[Any]:
    return _ordered(frame, [item for item in sequence(value) if
                            (item if attribute is None else path(item, attribute)) is not None],
                    attribute)


@_filter("min")
def _min(frame: Frame, value: Any, attribute: Any = None) -> Any:
    return next(iter(_some(frame, value, attribute)), None)


@_filter("max")
def _max(frame: Frame, value: Any, attribute: Any = None) -> Any:
    return next(reversed(_some(frame, value, attribute)), None)


@_filter("sum")
def _sum(frame: Frame, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    total = shown.decimal(start)
    for item in sequence(value):
        amount = item if attribute is None else path(item, attribute)
        if amount is not None:
            total += shown.decimal(amount)
    return int(total) if total == total.to_integral_value() else float(total)


@_filter("round")
def _round(frame: Frame, value: Any, precision: int = 0, method: str = "common") -> Any:
    if value is None:
        return None
    modes = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
    if method not in modes or not -12 <= precision <= 12:
        raise ExpressionError("round takes up to 12 places and common, ceil or floor")
    amount = shown.decimal(value).quantize(Decimal(1).scaleb(-precision), rounding=modes[method])
    return int(amount) if precision <= 0 else float(amount)


@_filter("unique")
def _unique(frame: Frame, value: Any, attribute: Any = None) -> Any:
    found: list[Any] = []
    keys: set[str] = set()
    for item in sequence(value):
        key = repr(values.plain(item if attribute is None else path(item, attribute)))
        if key not in keys:
            keys.add(key)
            found.append(item)
    return found


@_filter("map")
def _map(frame: Frame, value: Any, name: str | None = None, *args: Any, attribute: Any = None,
         default: Any = None) -> Any:
    if attribute is not None:
        found = [path(item, attribute) for item in sequence(value)]
        return [default if item is None else item for item in found]
    if name is None:
        raise ExpressionError("map needs attribute='…' or the name of a filter")
    return [frame.apply(name, item, args) for item in sequence(value)]


def _picked(frame: Frame, value: Any, test: tuple[Any, ...], attribute: Any,
            wanted: bool) -> list[Any]:
    name, args = (test[0], test[1:]) if test else (None, ())
    found = []
    for item in sequence(value):
        subject = item if attribute is None else path(item, attribute)
        if (bool(subject) if name is None else frame.holds(name, subject, args)) is wanted:
            found.append(item)
    return found


@_filter("select")
def _select(frame: Frame, value: Any, *test: Any) -> Any:
    return _picked(frame, value, test, None, True)


@_filter("reject")
def _reject(frame: Frame, value: Any, *test: Any) -> Any:
    return _picked(frame, value, test, None, False)


@_filter("selectattr")
def _selectattr(frame: Frame, value: Any, attribute: str, *test: Any) -> Any:
    return _picked(frame, value, test, attribute, True)


@_filter("rejectattr")
def _rejectattr(frame: Frame, value: Any, attribute: str, *test: Any) -> Any:
    return _picked(frame, value, test, attribute, False)


@_filter("join")
def _join(frame: Frame, value: Any, between: Any = "", attribute: Any = None) -> Any:
    separator = text_of(frame, between)
    parts: list[str] = []
    size = 0
    for item in sequence(value):
        parts.append(text_of(frame, item if attribute is None else path(item, attribute)))
        size += len(parts[-1]) + len(separator)
        if size > LONGEST_TEXT + len(separator):
            raise ExpressionError("a text grew too long")
    return separator.join(parts)


@_filter("upper")
def _upper(frame: Frame, value: Any) -> Any:
    return None if value is None else text_of(frame, value).upper()


@_filter("lower")
def _lower(frame: Frame, value: Any) -> Any:
    return None if value is None else text_of(frame, value).lower()


@_filter("trim")
def _trim(frame: Frame, value: Any) -> Any:
    return None if value is None else text_of(frame, value).strip()


@_filter("replace")
def _replace(frame: Frame, value: Any, old: Any, new: Any, count: int = -1) -> Any:
    if value is None:
        return None
    text, old, new = text_of(frame, value), text_of(frame, old), text_of(frame, new)
    times = text.count(old)
    if len(text) + times * max(0, len(new) - len(old)) > LONGEST_TEXT:
        raise ExpressionError("a text grew too long")
    return text.replace(old, new, count)


#: What an author may write after `|`.
NAMES = frozenset(name for name in FILTERS if " " not in name)
