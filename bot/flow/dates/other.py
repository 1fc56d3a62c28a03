"""Days and times in the languages that nobody here speaks: dateparser, kept on a short lead."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import regex

from bot.flow.dates import wording
from bot.flow.dates.found import Read, clocks, weekday
from bot.flow.language.tags import base, locale
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import folded, normalise

_CLOCK = regex.compile(r"(?<![\d.:/-])([01]?\d|2[0-3])[:h時시](\d{2})?(?![\d:/])(?:분|分)?")
_SAYS_A_DAY = regex.compile(r"\p{L}|\d[./-]\d")


def read(text: str, language: str, now: datetime) -> Read | None:
    """What day, and perhaps time, a text says in a language that dateparser knows."""
    times: list[tuple[int, int]] = []

    def clock(match: regex.Match[str]) -> str:
        times.append((int(match[1]), int(match[2] or 0)))
        return " "

    without = _CLOCK.sub(clock, text).strip()
    if len(times) > 1:
        return None
    said = clocks(*times[0], exact=True) if times else ()
    if not without:
        return Read(clocks=said) if said else None
    if not _SAYS_A_DAY.search(without):
        return None
    named = _weekdays_in(without, language)
    if len(named) == 1:
        return Read(weekday(named.pop(), now.date()), said, relative=True)
    found = _parsed(without, language, now)
    if found is None:
        return None
    day = found.date()
    relative = not any(character.isdigit() for character in without)
    past = day.replace(year=day.year - 1) if not regex.search(r"\d{4}", without) and not relative \
        and (day.month, day.day) != (2, 29) and day > now.date() else day
    near = abs(day - now.date()) <= timedelta(days=62) and relative
    return Read(tuple(dict.fromkeys((day, past))), said, relative=relative or near)


def _weekdays_in(text: str, language: str) -> set[int]:
    names = wording.weekdays(language)
    whole = names.get(folded(text))
    if whole is not None:
        return {whole}
    known = _vocabulary(language)
    # A name in another case ("в пятницу") differs as a mistyped one does.
    return {names[form] for word in normalise(text) for form in known.forms(word)}


@lru_cache(maxsize=64)
def _vocabulary(language: str) -> Vocabulary:
    return Vocabulary(name for name in wording.weekdays(language) if len(name) > 2)


def _parsed(text: str, language: str, now: datetime) -> datetime | None:
    # Imported when first needed: it takes a third of a second, and most businesses never do.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dateparser

        settings: dict[str, Any] = {
            "RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future",
            "REQUIRE_PARTS": ["day", "month"], "RETURN_AS_TIMEZONE_AWARE": False,
            "DATE_ORDER": _order(language)}
        try:
            found = dateparser.parse(text, languages=[base(language)], settings=settings)
        except (ValueError, OverflowError, TypeError, AttributeError, RecursionError):
            return None  # a language it does not know, or one of its own mistakes
    return found if isinstance(found, datetime) else None


def _order(language: str) -> str:
    pattern = locale(language).date_formats["short"].pattern
    places = sorted((pattern.lower().find(letter), letter) for letter in "dmy"
                    if letter in pattern.lower())
    return "".join(letter.upper() for _, letter in places) if len(places) == 3 else "DMY"
