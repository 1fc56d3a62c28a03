"""Answers read as what a slot asks for, and shown again as people write it.

In this order: `clean`, the type, `pattern`, `min`/`max`/`after`/`before`, `check`; the first
that fails names the reason. `after` and `before` leave out the moment that they name, `min` and
`max` do not. An answer that can be read in several ways takes the likeliest that fits the rules,
and is to be read back.

What is kept is plain JSON; `expressions/values.py` says in which shape for each type. A `date`
slot takes what was said beside the day as well: its value has `from`, `until` and `part`, so that
"next Tuesday afternoon" can be handed to a backend as a stretch of time. A `datetime` wants a
time or a part of the day and takes the beginning of the part.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

import regex

from bot.clock import local
from bot.flow import dates
from bot.flow.dates.found import Read
from bot.flow.expressions import render, shown
from bot.flow.expressions.own import Refusal
from bot.flow.expressions.values import Scope, When, less, plain, typed
from bot.flow.language import lexicon, numerals, phones
from bot.flow.language.words import normalise
from bot.flow.language.yes_no import yes_no
from bot.flow.spec import SLOT_TYPES, Slot
from bot.model import Json

Reason = Literal["pattern", "type", "range", "check", "media"]

MEDIA = frozenset({"image", "audio", "video", "document", "sticker"})
_MEDIA_SLOTS = frozenset({"image", "audio", "video", "document"})
#: A picture sent as a file is a picture all the same.
_FILE_KINDS = {"image/": "image", "video/": "video", "audio/": "audio"}
_EMAIL = regex.compile(
    r"[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+"
    r"[\p{L}]{2,24}")
_CONTROL = regex.compile(r"[\p{Cs}\p{Cc}--\n\t]", regex.VERSION1)
_INVISIBLE = regex.compile(r"[\p{Cf}\p{Cs}\p{Cc}--\n\t]", regex.VERSION1)
_AROUND = " \t\n.,;:!?'\"“”‘’«»()[]。，；：！？、"
_LONGEST = 65_536


@dataclass(frozen=True, slots=True)
class Accepted:
    """An answer that the slot takes, as it is kept."""

    value: Any
    read_back: bool = False  #: it could mean something else: ask "…? Yes / Change"


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that the slot does not take."""

    reason: Reason


def text_of(content: Json) -> str | None:
    """What was written: a text, a caption, the title of what was tapped."""
    kind = content.get("type")
    said = content.get("title") if kind == "tap" else content.get("text")
    return said if isinstance(said, str) and said.strip() else None


def parse(slot: Slot, content: Json, scope: Scope, now: int) -> Accepted | Refused:
    """What the slot makes of one message of the customer."""
    if scope.now is None:
        scope = replace(scope, now=now)
    kind = content.get("type")
    if slot.type in _MEDIA_SLOTS or slot.type in ("location", "any"):
        return _other(slot, content, scope)
    if slot.type in ("choice", "object", "list"):
        return Refused("type")
    said = text_of(content)
    if said is None:
        return Refused("type" if kind in ("text", "tap") else "media")
    refused: Reason = "type"
    for candidate in _read(slot, said[:_LONGEST], scope, now):
        if isinstance(candidate, Refused):
            return candidate
        reason = _fault(slot, candidate.value, scope)
        if reason is None:
            return candidate
        refused = reason if refused == "type" else refused
    return Refused(refused)


def is_valid(slot: Slot, value: Any, scope: Scope) -> bool:
    """Whether a kept value still fits the type and the rules of its slot."""
    if value is None or not _is_of_type(slot.type, value, scope):
        return False
    if slot.pattern is not None and isinstance(value, str) and not render.matches(
            slot.pattern, value):
        return False
    return _fault(slot, value, scope) is None


def show(value: Any, slot: Slot, scope: Scope) -> str:
    """A kept value as people write it; of media its name, nothing when it has none."""
    if value is None:
        return ""
    if slot.type in _MEDIA_SLOTS:
        return str(value.get("name") or "") if isinstance(value, Mapping) else ""
    if slot.type == "location" and isinstance(value, Mapping):
        return str(value.get("name") or value.get("address") or
                   f"{value.get('latitude')}, {value.get('longitude')}")
    return shown.shown(typed(slot.type, value, scope.zone), scope)


def _read(slot: Slot, said: str, scope: Scope, now: int) -> Iterator[Accepted | Refused]:
    """The readings of an answer, the likeliest first."""
    if slot.type == "text":
        yield _text(slot, said)
    elif slot.type in ("number", "integer"):
        yield _number(slot, said, scope)
    elif slot.type == "yes_no":
        answer = yes_no(said, scope.language, scope.default_language)
        yield Accepted(answer) if answer is not None else Refused("type")
    elif slot.type == "email":
        yield _patterned(slot, _email(said))
    elif slot.type == "phone":
        yield _patterned(slot, phones.international(said.strip(_AROUND), scope.country))
    elif slot.type not in SLOT_TYPES:
        own = scope.own.read(slot.type, clean(said, None), scope.context)
        yield Refused(own.reason) if isinstance(own, Refusal) else Accepted(own)
    else:
        found = dates.read(said, scope.language, local(now, scope.zone))
        yield from _times(slot.type, found, scope, now) if found else (Refused("type"),)


def clean(text: str, how: str | None) -> str:
    """The text as its slot wants it; control characters go in any case."""
    text = str(_CONTROL.sub("", text)).strip()
    if how is None:
        return text
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip()
    if how == "upper":
        return text.upper()
    if how == "lower":
        return text.lower()
    if how == "digits":
        return "".join(str(unicodedata.digit(one)) for one in text if one.isdecimal())
    return " ".join(text.split())


def _text(slot: Slot, said: str) -> Accepted | Refused:
    text = clean(said, slot.clean)
    if not text:
        return Refused("pattern" if slot.pattern is not None else "type")
    if slot.pattern is None or render.matches(slot.pattern, text):
        return Accepted(text)
    # A full stop after it, or full-width letters, make no other answer of it.
    bare = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip(_AROUND)
    if bare != text and render.matches(slot.pattern, bare):
        return Accepted(bare)
    return Refused("pattern")


def _patterned(slot: Slot, value: str | None) -> Accepted | Refused:
    if value is None:
        return Refused("type")
    if slot.pattern is not None and not render.matches(slot.pattern, value):
        return Refused("pattern")
    return Accepted(value)


def _email(said: str) -> str | None:
    found = {match.strip(".'").lower() for match in _EMAIL.findall(
        unicodedata.normalize("NFKC", _INVISIBLE.sub("", said)))}
    if len(found) != 1:
        return None
    address = found.pop()
    return address if ".." not in address and len(address) <= 254 else None


def _number(slot: Slot, said: str, scope: Scope) -> Accepted | Refused:
    text = clean(said, slot.clean)
    amount = _amount(text, scope)
    if amount is None or (slot.type == "integer" and amount != amount.to_integral_value()):
        return Refused("type")
    if slot.pattern is not None and not render.matches(slot.pattern, text):
        return Refused("pattern")
    if slot.type == "integer" or amount == amount.to_integral_value():
        return Accepted(int(amount)) if abs(amount) < 10**15 else Refused("type")
    return Accepted(float(amount))


def _amount(text: str, scope: Scope) -> Decimal | None:
    whole = numerals.number(text.strip(_AROUND.replace("(", "").replace(")", "")), scope.language)
    if whole is not None:
        return whole
    # "2 people", "about 50 €", "三个": one number, and nothing that speaks against it.
    words = regex.split(r"\s+", text.strip(_AROUND))
    if len(words) > 6 or numerals.is_otherwise(text) or any(
            word in lexicon.NEGATIONS for word in normalise(text)):
        return None
    found = [amount for word in words for part in _apart(word)
             if (amount := numerals.number(part, scope.language)) is not None]
    digits = sum(any(map(str.isdigit, word)) for word in words)
    return found[0] if len(found) == 1 and digits <= 1 else None


def _apart(word: str) -> list[str]:
    """A number and the unit that is written on to it: 50€, 三个."""
    return [part for part in regex.findall(
        rf"[-−+]?\d[\d.,]*\d|[-−+]?\d|[{numerals.HAN_DIGITS}]+|\p{{L}}+",
        word.strip(_AROUND)) if part not in ("k", "m")]


def _times(kind: str, found: Read, scope: Scope, now: int) -> Iterator[Accepted | Refused]:
    if kind == "time":
        if not found.clocks:
            yield Refused("type")
        for said in found.clocks:
            yield Accepted(plain(said), len(found.clocks) > 1 or bool(found.days))
        return
    if found.moment is not None:
        at = found.moment.replace(second=0, microsecond=0)
        yield Accepted(plain(at.date() if kind == "date" else at), read_back=True)
        return
    days, guessed = _days(kind, found, scope, now)
    if not days or (kind == "datetime" and not found.clocks and found.part is None):
        yield Refused("type")
        return
    calendar = {(day.month, day.day) for day in days}
    back = found.relative or guessed or len(calendar) > 1
    for day in days:
        for clock in found.clocks or (None,):
            value = _kept(kind, day, clock, found, scope)
            yield Accepted(value, back or len(found.clocks) > 1 or day != days[0]
                           or (kind == "datetime" and clock is None))


def _days(kind: str, found: Read, scope: Scope, now: int) -> tuple[tuple[date, ...], bool]:
    if found.days or kind == "date" or not found.clocks:
        return found.days, False
    # A time alone is today's, or tomorrow's once it has passed.
    here = local(now, scope.zone)
    today = here.date()
    later = any(dates.at(today, clock, scope.zone) > here for clock in found.clocks[:1])
    days = (today, today + timedelta(days=1))
    return (days if later else days[::-1]), True


def _kept(kind: str, day: date, clock: time | None, found: Read, scope: Scope) -> Any:
    if clock is not None:
        start = dates.at(day, clock, scope.zone)
        if kind == "datetime":
            return plain(start)
        return _span(plain(day), start, start + timedelta(hours=1), None)
    if found.part is None:
        return plain(day)
    start, until = dates.span(day, found.part, scope.zone)
    return _span(plain(start if kind == "datetime" else day), start, until, found.part.name or None)


def _span(iso: str, start: datetime, until: datetime, part: str | None) -> Json:
    kept: Json = {"iso": iso, "from": plain(start), "until": plain(until)}
    if part is not None:
        kept["part"] = part
    return kept


def _other(slot: Slot, content: Json, scope: Scope) -> Accepted | Refused:
    kind = str(content.get("type"))
    if slot.type == "location":
        if kind != "location":
            return Refused("type" if kind in ("text", "tap") else "media")
        value: Any = {field: content[field] for field in
                      ("latitude", "longitude", "name", "address") if content.get(field)
                      is not None}
    elif slot.type == "any":
        said = text_of(content)
        if kind in MEDIA:
            value = _media(content)
        elif kind == "location":
            return _other(slot.model_copy(update={"type": "location"}), content, scope)
        elif said is None:
            return Refused("type" if kind in ("text", "tap") else "media")
        else:
            value = clean(said, slot.clean)
    elif kind not in MEDIA:
        return Refused("type" if kind in ("text", "tap") else "media")
    else:
        value = _media(content)
        if slot.type != kind and not (kind == "document" and _file_kind(content) == slot.type):
            return Refused("media")
    reason = _fault(slot, value, scope)
    return Refused(reason) if reason else Accepted(value)


def _file_kind(content: Json) -> str | None:
    mime = str((content.get("media") or {}).get("mime_type", ""))
    return next((kind for start, kind in _FILE_KINDS.items() if mime.startswith(start)), None)


def _media(content: Json) -> Json:
    """Media as flows and backends see it: id, name, type, size, caption."""
    media = content.get("media") or {}
    value = {"id": media.get("id"), "name": media.get("name"), "type": media.get("mime_type"),
             "size": media.get("size"), "caption": content.get("text")}
    return {field: item for field, item in value.items() if item not in (None, "")}


def _is_of_type(kind: str, value: Any, scope: Scope) -> bool:
    if kind in ("text", "email", "phone"):
        return isinstance(value, str)
    if kind in ("number", "integer"):
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(
            value, bool)
    if kind == "yes_no":
        return isinstance(value, bool)
    if kind in ("date", "datetime"):
        seen = typed(kind, value, scope.zone)
        return isinstance(seen, When) and isinstance(seen.value, datetime) == (kind == "datetime")
    if kind == "time":
        return isinstance(typed(kind, value, scope.zone), time)
    if kind == "list":
        return isinstance(value, list)
    if kind in _MEDIA_SLOTS or kind == "location":
        return isinstance(value, Mapping)
    return True


def _fault(slot: Slot, value: Any, scope: Scope) -> Reason | None:
    """Which rule the value breaks, if any."""
    if slot.min is None and slot.max is None and slot.after is None and slot.before is None \
            and slot.check is None:
        return None
    seen = typed(slot.type, value, scope.zone)
    inner = replace(scope, names=_Answered(scope.names, seen))
    size = _size(slot.type, seen)
    zone = scope.zone
    low, high = _bound(slot.min, inner), _bound(slot.max, inner)
    if less(size, low, zone) or less(high, size, zone):
        return "range"
    after, before = _bound(slot.after, inner), _bound(slot.before, inner)
    if (after is not None and not less(after, seen, zone)) or (
            before is not None and not less(seen, before, zone)):
        return "range"
    if slot.check is not None and not render.truth(slot.check, inner):
        return "check"
    return None


def _bound(expression: str | None, scope: Scope) -> Any:
    return None if expression is None else render.evaluate(expression, scope)


def _size(kind: str, seen: Any) -> Any:
    """What min and max measure: characters as people count them, or the value itself."""
    if kind in ("text", "email", "phone", "any") and isinstance(seen, str):
        return len(regex.findall(r"\X", seen))
    return seen


class _Answered(Mapping[str, Any]):
    """The names of a scope, with `answer` for the value that is being checked."""

    def __init__(self, names: Mapping[str, Any], answer: Any) -> None:
        self._names = names
        self._answer = answer

    def __getitem__(self, name: str) -> Any:
        return self._answer if name == "answer" else self._names[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._names, "answer": None})

    def __len__(self) -> int:
        return len({*self._names, "answer"})


__all__ = ["Accepted", "Reason", "Refused", "clean", "is_valid", "parse", "show", "text_of"]
