"""Values as people write them: in the contact's language and the business's time zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
    get_timezone_location,
)
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from bot.errors import ExpressionError
from bot.flow.expressions.values import Picked, Scope, Special, When, clock, limited, moment
from bot.flow.language import lexicon
from bot.flow.language.tags import locale, text_for

Length = Literal["short", "medium", "long", "full"]
_LENGTHS = ("short", "medium", "long", "full")
#: Babel's typographic spaces look like a plain one and are not: nobody finds them by typing.
_SPACES = str.maketrans({"\u202f": " ", "\xa0": " ", "\u2009": " "})


def of(scope: Scope) -> Locale:
    return locale(scope.language, scope.default_language)


def in_language(texts: str | Mapping[str, str], scope: Scope) -> str:
    """The text in the contact's language, its base, the default language, or any."""
    if isinstance(texts, str):
        return texts
    return text_for(texts, scope.language, scope.default_language)


def shown(value: Any, scope: Scope) -> str:
    """Any value as a text for people; none is nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return lexicon.yes_no(scope.language, scope.default_language, value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Picked):
        return in_language(value.label, scope)
    if isinstance(value, Special):
        return special(value, scope)
    if isinstance(value, float | Decimal):
        return number(value, scope, grouped=False)
    if isinstance(value, When):
        return when(value, scope)
    if isinstance(value, datetime):
        return day_and_time(value, scope)
    if isinstance(value, date):
        return day(value, scope)
    if isinstance(value, time):
        return hour(value, scope)
    if isinstance(value, timedelta):
        return format_timedelta(value, threshold=1.5, locale=of(scope)).translate(_SPACES)
    if isinstance(value, Mapping):
        for field in ("name", "title", "label", "filename", "id"):
            if isinstance(value.get(field), str | int):
                return str(value[field])
        return ""
    if isinstance(value, list | tuple):
        return listed(value, scope)
    raise ExpressionError("such a value can't be shown")


def special(value: Special, scope: Scope) -> str:
    """As its slot type shows it."""
    kind = scope.own.types.get(value.kind)
    if kind is None or kind.show is None:
        return shown(value.value, scope)
    try:
        text = kind.show(value.value, scope.context)
    except Exception as error:
        raise ExpressionError(f"the slot type {value.kind} can't show its value "
                              f"({type(error).__name__})") from error
    if not isinstance(text, str):
        raise ExpressionError(f"the slot type {value.kind} has to show its value as a text")
    return limited(text)


def number(value: Any, scope: Scope, *, decimals: int | None = None, grouped: bool = True) -> str:
    amount = decimal(value)
    if decimals is not None:
        pattern = "#,##0" + ("." + "0" * max(0, min(decimals, 12)) if decimals > 0 else "")
        return format_decimal(amount, pattern, locale=of(scope)).translate(_SPACES)
    text = format_decimal(amount, "#,##0.############" if grouped else "0.############",
                          locale=of(scope))
    return text.translate(_SPACES)


def decimal(value: Any) -> Decimal:
    """The number that a value is or, as text with a point, says."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ExpressionError("this is no number")
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        raise ExpressionError("this text is no number") from None
    if not amount.is_finite() or abs(amount.adjusted()) > 40:
        raise ExpressionError("this number can't be shown")
    return amount


def money(value: Any, scope: Scope, currency: str | None = None) -> str:
    return format_currency(decimal(value), currency or scope.currency,
                           locale=of(scope)).translate(_SPACES)


def day(value: date, scope: Scope, length: str | None = None) -> str:
    """A day with its weekday, without the year as `day`, or in one of Babel's four lengths."""
    if isinstance(value, datetime):
        value = value.astimezone(scope.zone).date()
    if length is None or length == "day":
        skeleton = "yMMMEd" if length is None else "MMMEd"
        text = format_skeleton(skeleton, datetime.combine(value, time()), locale=of(scope))
    else:
        text = format_date(value, _length(length), locale=of(scope))
    return text.translate(_SPACES)


def hour(value: datetime | time, scope: Scope) -> str:
    """A time of day; a moment's names the zone where the contact lives by another one."""
    if isinstance(value, time):
        return format_time(value, "short", locale=of(scope)).translate(_SPACES)
    at = value.astimezone(scope.zone)
    text = format_time(at.time(), "short", locale=of(scope)).translate(_SPACES)
    zone = scope.contact_zone
    if zone is None or at.astimezone(zone).utcoffset() == at.utcoffset():
        return text
    return f"{text} {_zone_name(at, of(scope))}"


def _zone_name(at: datetime, where: Locale) -> str:
    key = getattr(at.tzinfo, "key", None)
    if not isinstance(key, str) or "/" not in key:
        return at.tzname() or "UTC"
    city = get_timezone_location(at, locale=where, return_city=True)
    region = where.zone_formats.get("region", "%s")
    text = str(region) % city
    return text.replace(" Time", " time") if where.language == "en" else text


def day_and_time(value: datetime, scope: Scope, length: str | None = None) -> str:
    if length is not None:
        at = value.astimezone(scope.zone)
        return format_datetime(at, _length(length), tzinfo=scope.zone,
                               locale=of(scope)).translate(_SPACES)
    return _joined(day(value, scope), hour(value, scope), scope)


def _joined(day_text: str, time_text: str, scope: Scope) -> str:
    pattern = str(of(scope).datetime_formats["medium"]).replace("'", "")
    return pattern.replace("{1}", day_text).replace("{0}", time_text)


def when(value: When, scope: Scope) -> str:
    """A day or moment as said: the part of the day instead of a clock time nobody named."""
    length = value.until - value.start
    if not length or (length == timedelta(hours=1) and value.part is None):
        return day_and_time(value.start, scope)
    if length >= timedelta(hours=23):
        return day(value.value, scope)
    first, last = hour(value.start, scope), hour(value.until, scope)
    return _joined(day(value.value, scope), f"{first} – {last}", scope)


def listed(values: Iterable[Any], scope: Scope) -> str:
    """The values as people list them: a, b and c."""
    where = of(scope)
    # American lists have a comma before "and"; plain "en" here means everybody's English.
    if scope.language == "en" and where.language == "en":
        where = locale("en_GB")
    items = [shown(value, scope) for value in values if value is not None]
    if not items:
        return ""
    return format_list(items, style="standard", locale=where)


def plural(value: Any, scope: Scope) -> str:
    """The plural category of a number in the contact's language: one, few, many, other …"""
    return str(of(scope).plural_form(abs(decimal(value))))


def as_day_or_time(value: Any, scope: Scope) -> date | time:
    """The date, moment or time of day that a value stands for; an error otherwise."""
    value = value.id if isinstance(value, Picked) else value  # a day that was chosen from a list
    found = moment(value, scope.zone) or clock(value)
    if found is None:
        raise ExpressionError("this is no date or time")
    return found


def _length(length: str) -> Length:
    if length not in _LENGTHS:
        raise ExpressionError(f"a date can be day, {', '.join(_LENGTHS)}, not {length}")
    return length  # type: ignore[return-value]
