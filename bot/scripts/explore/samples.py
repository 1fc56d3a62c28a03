"""What a customer may answer to a question: what is taken, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from babel.dates import format_date

from bot.clock import local
from bot.errors import ExpressionError
from bot.flow import slots
from bot.flow.expressions import render, sources
from bot.flow.expressions.values import Scope, moment, plain
from bot.flow.language.tags import locale
from bot.flow.machine import Node
from bot.flow.spec import Slot
from bot.flow.turn import Turn
from bot.model import Event, Json
from bot.scripts.explore.made_up import ages
from bot.scripts.explore.patterns import fitting
from bot.scripts.explore.shape import Shape, found
from bot.testing import Chat

#: Answers that are taken, of a question on which conditions turn and of any other.
_TESTED, _PLAIN = 6, 1
_LENGTHS: Final = "Kim Example 12 and so on "
_DAYS: Final = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 40, 60, 100, 200, 330, -1, -3, -30, -200)
#: Within so many days a day is written without its year, as people do.
_SOON = 150
_DAY: Final = {"zh": "M月d日", "ja": "M月d日"}
_BORN: Final = ("1990-05-17", "2015-09-03", "2019-02-11", "1950-01-30", "2004-12-24")
_NONSENSE: Final = ("qwrtz plmk", "-1", "0", "9999999999", "1900-01-01", "2999-01-01", "?!")
#: For the rules of a slot that nobody has an answer for, what is likely to be tried.
_CODES: Final = ("1234", "12345678", "DE89370400440532013000", "4111111111111111", "Ann Example")
_MEDIA: Final = {"image": ("photo.jpg", "image/jpeg"), "audio": ("note.ogg", "audio/ogg"),
                 "video": ("film.mp4", "video/mp4"), "document": ("file.pdf", "application/pdf")}
PLACE: Final[Json] = {"type": "location", "latitude": 52.5, "longitude": 13.4, "name": "Office"}


def sent(kind: str) -> Json:
    """A picture, a film … as a customer sends it."""
    name, mime = _MEDIA[kind]
    return {"type": kind, "media": {"id": f"media-{name}", "name": name, "mime_type": mime}}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


class Samples:
    """Answers to questions; `said`: what customers say in the scripts."""

    def __init__(self, said: Sequence[Json]) -> None:
        self._said = list(said)
        self._taken: dict[tuple[Node, str | None, str], list[Json]] = {}

    def taken(self, chat: Chat, node: Node, shape: Shape | None,
              same: Sequence[Any] = (), most: int = _PLAIN) -> list[Json]:
        """Answers that the question takes; more than one where conditions turn on it.
        `same`: what it will be compared with.
        """
        slot = node.slot_spec
        if slot is None:
            return []
        constants = [*same, *(found(shape).constants if shape is not None else ())]
        if slot.type == "date" and shape is not None:
            today = local(chat.now, chat.flows.options.timezone).date()
            constants += [(today - timedelta(days=round(age * 365.25 + 40))).isoformat()
                          for age in ages(found(shape))]
        most = _TESTED if shape is not None and found(shape).exact else most
        if slot.check is None and not any(map(_by_slots, (
                slot.min, slot.max, slot.after, slot.before))):
            known = (node, chat.contact.language, f"{most}{constants}")
            if known not in self._taken:
                self._taken[known] = self._all_taken(chat, slot, constants, most)
            return self._taken[known]
        return self._all_taken(chat, slot, constants, most)

    def _all_taken(self, chat: Chat, slot: Slot, constants: Sequence[Any],
                   most: int) -> list[Json]:
        out: list[Json] = []
        for one in self._candidates(chat, slot, constants):
            if one not in out and self.reason(chat, slot, one) is None:
                out.append(one)
                if len(out) >= most:
                    break
        return out

    def refused(self, chat: Chat, node: Node) -> list[Json]:
        """Answers that the question refuses, one for each reason."""
        slot = node.slot_spec
        out: dict[str, Json] = {}
        if slot is not None:
            for one in self._candidates(chat, slot, [], nonsense=True):
                reason = self.reason(chat, slot, one)
                if reason is not None:
                    out.setdefault(reason, one)
        return list(out.values())

    def reason(self, chat: Chat, slot: Slot, content: Json) -> str | None:
        """Why the slot refuses this; None where it takes it."""
        try:
            result = slots.parse(slot, content, _scope(chat), chat.now)
        except ExpressionError:
            return None  # whoever says it will see what becomes of it
        return result.reason if isinstance(result, slots.Refused) else None

    def _candidates(self, chat: Chat, slot: Slot, constants: Iterable[Any], *,
                    nonsense: bool = False) -> Iterator[Json]:
        if nonsense and slot.type not in ("any", "yes_no"):
            yield from map(text, _NONSENSE)
        if slot.type in _MEDIA:
            yield sent(slot.type)
        elif slot.type == "location":
            yield PLACE
        for constant in constants:
            yield text(_written(constant, slot))
            if isinstance(constant, int | float) and not isinstance(constant, bool):
                yield text(str(constant + 1))
                yield text(str(constant - 1))
        yield from self._said
        if slot.pattern is not None:
            yield from map(text, fitting(slot.pattern))
        yield from self._typed(chat, slot)

    def _typed(self, chat: Chat, slot: Slot) -> Iterator[Json]:
        if slot.type in ("number", "integer"):
            for bound in _bounds(chat, slot, ("min", "max")):
                yield from (text(str(bound + more)) for more in (0, 1, -1)
                            if isinstance(bound, int | float))
            yield from map(text, ("2", "1", "5", "10", "42", "100", "1000", "0", "100000"))
        elif slot.type in ("date", "datetime"):
            yield from self._days(chat, slot)
        elif slot.type == "time":
            yield from map(text, ("15:00", "10:30", "08:00", "19:15", "23:30", "00:30"))
        elif slot.type == "email":
            yield text("kim@example.com")
        elif slot.type == "phone":
            yield from map(text, ("+49 30 901820", "+44 7700 900900", "+1 415 555 2671"))
        elif slot.type == "yes_no":
            yield from map(text, ("yes", "no"))
        elif slot.type not in _MEDIA and slot.type != "location":
            yield text("Kim Example")
            for bound in _bounds(chat, slot, ("min", "max")):
                if isinstance(bound, int) and 0 < bound < 4_000:
                    yield text((_LENGTHS * (bound // len(_LENGTHS) + 1))[:bound].rstrip().ljust(
                        bound, "x"))
            yield from map(text, _CODES)

    def _days(self, chat: Chat, slot: Slot) -> Iterator[Json]:
        today = local(chat.now, chat.flows.options.timezone).date()
        clock = " 15:00" if slot.type == "datetime" else ""
        days: list[date] = []
        for bound in _bounds(chat, slot, ("after", "before", "min", "max")):
            at = moment(bound, chat.flows.options.timezone)
            if at is not None:
                day = at.date() if isinstance(at, datetime) else at
                days += [day + timedelta(days=more) for more in (1, -1, 2, -2)]
        days += [today + timedelta(days=more) for more in _DAYS]
        known = locale(chat.contact.language or "en")
        for day in days:
            near = timedelta() <= day - today < timedelta(days=_SOON)
            pattern = _DAY.get(known.language, "d MMMM")
            yield text((format_date(day, pattern, known) if near else day.isoformat()) + clock)
        yield from (text(f"{day}{clock}") for day in _BORN)


def _by_slots(bound: str | None) -> bool:
    """Whether a rule asks for what else is known in the conversation."""
    return bound is not None and bool(
        sources.expression(bound).names - {"today", "now"})


def _written(constant: Any, slot: Slot) -> str:
    if isinstance(constant, bool):
        return "yes" if constant else "no"
    return str(constant)


def _bounds(chat: Chat, slot: Slot, words: Sequence[str]) -> Iterator[Any]:
    for word in words:
        source = getattr(slot, word)
        if source is not None:
            try:
                yield plain(render.evaluate(source, _scope(chat)))
            except ExpressionError:
                continue


def _scope(chat: Chat) -> Scope:
    return Turn(chat.flows, chat.snapshot, Event("", "none", chat.now, {})).scope()


def said_in(entries: Iterable[tuple[str, Any]], content: Any) -> list[Json]:
    """What customers say in scripts: their `customer:` lines as messages."""
    out: list[Json] = []
    for word, value in entries:
        if word == "customer":
            out.append(content(value) if isinstance(value, Mapping) else text(str(value)))
    return out
