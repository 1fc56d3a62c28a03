"""The filters, tests and operators of expressions. Nothing else can be called from a flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cmp_to_key
from typing import Any, Protocol

from jinja2 import pass_context

from bot.clock import local
from bot.errors import ExpressionError
from bot.flow import shown, values
from bot.flow.values import LONGEST_LIST, LONGEST_TEXT, Choice, Scope, bare, limited


class Frame(Protocol):
    """What filters see of a rendering: for whom it is, and in which of the two forms."""

    scope: Scope
    people: bool
    rounds: int  #: of all its loops so far

    def apply(self, name: str, value: Any, args: tuple[Any, ...]) -> Any: ...

    def holds(self, name: str, value: Any, args: tuple[Any, ...]) -> bool: ...


#: Of one loop, and of all loops of a text together: loops stand in loops.
LONGEST_LOOP = 200
MOST_ROUNDS = 5_000

Filter = Callable[..., Any]
FILTERS: dict[str, Filter] = {}
TESTS: dict[str, Filter] = {}


def _filter(name: str) -> Callable[[Filter], Filter]:
    def register(function: Filter) -> Filter:
        FILTERS[name] = pass_context(function)
        return function
    return register


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
    if isinstance(value, Choice):
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


# Operators. Their names hold a space, so that no author can write them as a filter.


@_filter("op ~")
def _concat(frame: Frame, first: Any, *others: Any) -> Any:
    return limited("".join(text_of(frame, value) for value in (first, *others)))


@_filter("op slice")
def _slice(frame: Frame, value: Any, start: Any, stop: Any, step: Any) -> Any:
    value = bare(value)
    if value is None:
        return None
    if not isinstance(value, str | list | tuple):
        raise ExpressionError("only a text or a list has a part from … to …")
    return value[start:stop:step]


@_filter("op rounds")
def _rounds(frame: Frame, value: Any) -> Any:
    items = sequence(value)
    frame.rounds += len(items)
    if len(items) > LONGEST_LOOP or frame.rounds > MOST_ROUNDS:
        raise ExpressionError(f"a loop has more than {LONGEST_LOOP} rounds")
    return items


@_filter("op days")
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


OPERATORS: Mapping[str, Filter] = {
    "eq": _eq, "ne": _ne, "lt": _lt, "gt": _gt, "lteq": _le, "gteq": _ge, "in": _in,
    "notin": _not_in}
for _name, _function in OPERATORS.items():
    FILTERS[f"op {_name}"] = pass_context(_function)

_COMPARISONS: Mapping[str, tuple[str, ...]] = {
    "eq": ("equalto", "=="), "ne": ("!=",), "lt": ("lessthan", "<"), "gt": ("greaterthan", ">"),
    "lteq": ("le", "<="), "gteq": ("ge", ">="), "in": ()}


def _plain_tests() -> Iterable[tuple[str, Filter]]:
    for operator, others in _COMPARISONS.items():
        for name in (operator, *others):
            yield name, OPERATORS[operator]
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


TESTS.update((name, pass_context(test)) for name, test in _plain_tests())

#: What an author may write after `|`.
NAMES = frozenset(name for name in FILTERS if " " not in name)

__all__ = ["FILTERS", "LONGEST_LIST", "NAMES", "TESTS", "Frame", "field", "text_of", "today_in"]
