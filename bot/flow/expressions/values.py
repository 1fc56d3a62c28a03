"""The kinds of value that expressions work with, and what they may do with each other.

Slots are kept as plain JSON. `typed` makes of a kept value what expressions see, `plain` makes
data of it again, as `with`, `set` and backends get it:

| slot type | kept as | in expressions | in data |
|---|---|---|---|
| choice | `{"id", "label"}`, the label a text or one per language | `Picked` | the id |
| date | `"2026-03-10"`, or `{"iso", "part", "from", "until"}` | `When` | `"2026-03-10"` |
| datetime | `"2026-03-10T15:00+01:00"`, or the same with a part | `When` | the moment |
| time | `"15:00"` | `datetime.time` | `"15:00"` |
| image … document | `{"id", "name", "type", "size", "caption"}` | the same | the same |
| of the business's own | as it is | `Special` | as it is |
| any other | as it is | as it is | as it is |

A customer who writes "next Tuesday afternoon" means a stretch of time, so every date and
datetime has three fields: `when.from` and `when.until` are moments (the part of the day, the
hour that begins with a clock time said beside a date, else the whole day; for an exact moment
both are that moment), and `when.part` is `morning`, `afternoon`, `evening`, `night` or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, TypeGuard

import regex

from bot.clock import local
from bot.errors import ExpressionError
from bot.flow.expressions.own import NOTHING, Context, Own
from bot.flow.spec import SLOT_TYPES
from bot.model import Json

#: A text or list made by an author's expression may not grow beyond this.
LONGEST_TEXT = 65_536
LONGEST_LIST = 10_000
_LARGEST_BITS = 256

_ISO_TEXT = regex.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?",
    regex.ASCII)
_CLOCK_TEXT = regex.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?", regex.ASCII)

_MEDIA_FIELDS = frozenset({"id", "name", "type", "size", "caption"})
_MIME_TYPE = regex.compile(r"[a-z]+/[A-Za-z0-9.+-]+(;.*)?")


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything an expression may read, and for whom and where its result is written."""

    names: Mapping[str, Any]
    language: str  #: of the contact, e.g. en or pt-BR
    zone: tzinfo  #: of the business: times are shown and understood in it
    currency: str = "EUR"
    default_language: str = "en"
    now: int | None = None  #: epoch ms; gives the names `now` and `today`
    contact_zone: tzinfo | None = None  #: times name their zone where this one differs
    country: str | None = None  #: of the business, assumed for phone numbers without a prefix
    blanks: list[str] | None = None  #: takes the texts for people in which a value was none
    own: Own = NOTHING  #: slot types and filters of the business's own

    @property
    def context(self) -> Context:
        """The same for what is the business's own."""
        return Context(self.language, self.default_language, self.zone, self.currency,
                       self.country, None if self.now is None else local(self.now, self.zone))


@dataclass(frozen=True, slots=True)
class Picked:
    """A choice that was made: its id in data, its label for people."""

    id: str
    label: str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Special:
    """A value of one of the business's own slot types, which says how it is shown."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class When:
    """A day or a moment, with the stretch of time that the customer meant by it."""

    value: date
    start: datetime
    until: datetime
    part: str | None = None


def typed(kind: str, kept: Any, zone: tzinfo) -> Any:
    """What expressions see of the kept value of a slot of this type."""
    if kept is None:
        return None
    if kind == "choice":
        if isinstance(kept, Mapping):
            return Picked(str(kept.get("id", "")), kept.get("label") or str(kept.get("id", "")))
        return Picked(str(kept), str(kept))
    if kind in ("date", "datetime"):
        return _when(kept, zone)
    if kind == "time" and isinstance(kept, str):
        return clock(kept) or kept
    return kept if kind in SLOT_TYPES else Special(kind, kept)


def _when(kept: Any, zone: tzinfo) -> Any:
    extra: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    value = moment(extra.get("iso", kept), zone)
    if value is None:
        return kept
    start = moment(extra.get("from"), zone)
    until = moment(extra.get("until"), zone)
    if not isinstance(start, datetime) or not isinstance(until, datetime):
        if isinstance(value, datetime):
            start = until = value
        else:
            start = datetime.combine(value, time(), zone)
            until = datetime.combine(value + timedelta(days=1), time(), zone)
    return When(value, start, until, extra.get("part"))


def moment(value: Any, zone: tzinfo) -> date | None:
    """The date or aware datetime that a value is or, as ISO 8601 text, says; else None."""
    if isinstance(value, When):
        return value.value
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not 10 <= len(value) <= 35 or not _ISO_TEXT.fullmatch(value):
        return None
    try:
        if len(value) == 10:
            return date.fromisoformat(value)
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def clock(value: Any) -> time | None:
    """The time of day that a value is or, as "15:00", says; else None."""
    if isinstance(value, time):
        return value
    if isinstance(value, str) and _CLOCK_TEXT.fullmatch(value):
        return time.fromisoformat(value)
    return None


def is_media(kept: Any) -> TypeGuard[Json]:
    """Whether this is what a slot keeps of a file that the customer sent."""
    return (isinstance(kept, dict) and kept.keys() <= _MEDIA_FIELDS
            and isinstance(kept.get("id"), str)
            and _MIME_TYPE.fullmatch(str(kept.get("type"))) is not None)


def day_of(value: date, zone: tzinfo) -> date:
    """The day on which a date or moment falls in this zone."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def bare(value: Any) -> Any:
    """The value without what it carries for people: a choice's id, the date of a `When`."""
    if isinstance(value, Picked):
        return value.id
    return value.value if isinstance(value, When | Special) else value


def plain(value: Any) -> Any:
    """The value as data: choices by id, dates and times as ISO 8601, sequences as lists."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or kind is float or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Special):
        return value.value
    value = bare(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes" if not value.second else "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes" if not value.second else "seconds")
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, str | int | float):
        return value
    raise ExpressionError(f"a value of the kind {kind.__name__} is no data")


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    days, seconds = divmod(seconds, 86_400)
    clock_part = "".join(f"{amount}{unit}" for amount, unit in (
        (seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S")) if amount)
    if clock_part:
        return f"{sign}P{f'{days}D' if days else ''}T{clock_part}"
    return f"{sign}P{days}D"


def _comparable(left: Any, right: Any, zone: tzinfo) -> tuple[Any, Any]:
    """Both sides as one kind, where one of them is a time and the other says one."""
    left, right = bare(left), bare(right)
    kinds = (date, time)
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > 20 and left[:1].isdigit() and right[:1].isdigit():
            first, second = moment(left, zone), moment(right, zone)
            if first is not None and second is not None:
                left, right = first, second
        if isinstance(left, str) or isinstance(right, str):
            return left, right
    if not isinstance(left, kinds) and not isinstance(right, kinds):
        return left, right
    if isinstance(left, time) or isinstance(right, time):
        return clock(left) or left, clock(right) or right
    left, right = moment(left, zone) or left, moment(right, zone) or right
    if isinstance(left, datetime) and isinstance(right, date) and not isinstance(right, datetime):
        return day_of(left, zone), right
    if isinstance(right, datetime) and isinstance(left, date) and not isinstance(left, datetime):
        return left, day_of(right, zone)
    return left, right


def equal(left: Any, right: Any, zone: tzinfo) -> bool:
    """Whether two values are the same, a time and the text that says it too."""
    left, right = _comparable(left, right, zone)
    return bool(left == right)


def less(left: Any, right: Any, zone: tzinfo) -> bool:
    """Whether left comes before right; false where one of them is none."""
    if left is None or right is None:
        return False
    left, right = _comparable(left, right, zone)
    try:
        return bool(left < right)
    except TypeError:
        raise ExpressionError(
            f"{_kind(left)} can't be compared with {_kind(right)}") from None


def holds(container: Any, item: Any, zone: tzinfo) -> bool:
    """Whether `item in container`; nothing is in none."""
    container, item = bare(container), bare(item)
    if container is None:
        return False
    if isinstance(container, str):
        if item is None:
            return False
        if not isinstance(item, str):
            raise ExpressionError(f"{_kind(item)} can't be in a text")
        return item in container
    if isinstance(container, Mapping):
        return item in container
    if isinstance(container, list | tuple):
        return any(equal(one, item, zone) for one in container)
    raise ExpressionError(f"nothing can be in {_kind(container)}")


def add(left: Any, right: Any, zone: tzinfo) -> Any:
    """The sum of numbers or of a time and a length; texts and lists one after the other."""
    left, right = _times(left, right, zone)
    if isinstance(left, str) and isinstance(right, str):
        return limited(left + right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > LONGEST_LIST:
            raise ExpressionError("a list grew too long")
        return left + right
    if isinstance(left, str | list) or isinstance(right, str | list):
        raise ExpressionError(
            f"{_kind(left)} and {_kind(right)} can't be added; `~` joins texts")
    return small(left + right)


def subtract(left: Any, right: Any, zone: tzinfo) -> Any:
    """The difference of numbers, or of two times, also such that a text says."""
    left, right = _times(left, right, zone)
    if isinstance(left, str) and isinstance(right, str):  # two times out of a backend's answer
        left, right = moment(left, zone) or left, moment(right, zone) or right
    left, right = _comparable(left, right, zone)
    return small(left - right)


def _times(left: Any, right: Any, zone: tzinfo) -> tuple[Any, Any]:
    left, right = bare(left), bare(right)
    if isinstance(left, str) and isinstance(right, timedelta | date):
        left = moment(left, zone) or left
    elif isinstance(right, str) and isinstance(left, timedelta | date):
        right = moment(right, zone) or right
    # A day plus hours is a moment; Python would drop the hours.
    if isinstance(right, timedelta) and right.seconds and type(left) is date:
        left = datetime.combine(left, time(), zone)
    return left, right


def multiply(left: Any, right: Any) -> Any:
    numbers = int, float, Decimal
    if isinstance(left, timedelta) and isinstance(right, int):
        return left * right
    if isinstance(right, timedelta) and isinstance(left, int):
        return left * right
    if not isinstance(left, numbers) or not isinstance(right, numbers):
        raise ExpressionError(f"`*` is for numbers, not {_kind(left)} and {_kind(right)}")
    if isinstance(left, Decimal) != isinstance(right, Decimal):
        left, right = Decimal(str(left)), Decimal(str(right))
    return small(left * right)


def remainder(left: Any, right: Any) -> Any:
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise ExpressionError(f"`%` is for numbers, not {_kind(left)} and {_kind(right)}")
    return left % right


def small(value: Any) -> Any:
    """The number, unless it is so large that working with it would stop everybody else."""
    if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
        raise ExpressionError("a number grew too large")
    return value


def limited(text: str) -> str:
    """The text, unless it is longer than any text may become."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("a text grew too long")
    return text


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes/no"
    for kinds, word in ((str, "a text"), ((int, float, Decimal), "a number"),
                        (date, "a date"), (time, "a time"), (timedelta, "a length of time"),
                        (Mapping, "an object"), ((list, tuple), "a list")):
        if isinstance(value, kinds):
            return word
    return "such a value"
