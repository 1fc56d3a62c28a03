"""The patterns by which days and times are found in a sentence, made from a language's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.flow.dates import wording
from bot.flow.dates.wording import DateWords
from bot.flow.language.numerals import ORDINALS
from bot.flow.language.typos import Vocabulary

_ORDINAL = r"(?:st|nd|rd|th|er|e|o|a)"
_HOUR = r"(?P<{0}>\d{{1,2}})(?:[:.h](?P<{0}_minute>[0-5]\d))?\s*(?P<{0}_half>[ap])?(?:\.?m\.?)?"
_NEVER = r"(?!)"
#: The day of a month alone: the 15th.
_NTH = {
    "en": r"(?<!\w)the\s+(\d{1,2})(?:st|nd|rd|th)?(?!\w)"
          r"|(?<!\w)(\d{1,2})(?:st|nd|rd|th)(?!\w)",
    "de": r"(?<!\w)(?:am|den|der)\s+(\d{1,2})\.(?!\d)|(?!)()",
    "es": r"(?<!\w)el\s+(?:dia\s+)?(\d{1,2})(?!\w)|(?!)()",
    "fr": r"(?<!\w)le\s+(\d{1,2})(?:er)?(?!\w)|(?!)()",
    "it": r"(?<!\w)il\s+(\d{1,2})(?!\w)|(?!)()",
    "pt": r"(?<!\w)(?:no\s+)?dia\s+(\d{1,2})(?!\w)|(?!)()",
    "nl": r"(?<!\w)(?:op\s+)?de\s+(\d{1,2})e?(?!\w)|(?!)()",
}


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one language."""

    relative_day: regex.Pattern[str]
    ahead: regex.Pattern[str]
    ago: regex.Pattern[str]
    week_from: regex.Pattern[str]
    day_month: regex.Pattern[str]
    month_day: regex.Pattern[str]
    weekday: regex.Pattern[str]
    next_week: regex.Pattern[str]
    ordinal: regex.Pattern[str]
    hours_range: regex.Pattern[str]
    day_dot_month: regex.Pattern[str]
    the_nth: regex.Pattern[str]
    named_clock: regex.Pattern[str]
    half: regex.Pattern[str]
    quarter: regex.Pattern[str]
    hour: regex.Pattern[str]
    part: regex.Pattern[str]
    filler: frozenset[str]
    short: Mapping[str, str]
    vocabulary: Vocabulary


def any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(regex.escape, words), key=len, reverse=True))


def part_pattern(words: DateWords) -> regex.Pattern[str]:
    return regex.compile(rf"(?<!\w)(?:{'|'.join(words.parts)})(?!\w)")



@lru_cache(maxsize=64)
def patterns(language: str) -> Patterns:
    words = wording.of_language(language)
    assert words is not None
    weekdays, months = wording.weekdays(language), wording.months(language)
    numbers, units = any_of(words.numbers), "|".join(words.units)
    week = "|".join(pattern for pattern, unit in words.units.items() if unit == "week")
    count = rf"(?P<count>\d{{1,4}}|{numbers})\s+(?P<unit>{units})"
    later = rf"|\b{count}\s+(?:{words.later})\b" if words.later else ""
    month = rf"(?P<month>{any_of(months)})\.?"
    hour = rf"(?P<hour>\d{{1,2}}|{numbers})"
    next_, this = words.next or _NEVER, words.this or _NEVER
    filler = {*words.filler.split(), *_bare(words.at), *_bare(words.hours)}
    filler -= {"h"}
    return Patterns(
        relative_day=regex.compile(rf"(?<!\w)(?:{any_of(words.days)})(?!\w)"),
        ahead=regex.compile(rf"(?<!\w)(?:{words.ahead})\s+{count}\b{later}"),
        ago=regex.compile(rf"\b(?:{words.ago})\s+{count}\b|\b{count}\s+(?:{words.ago})\b"),
        week_from=regex.compile(_NEVER if not language.startswith("en") else (
            rf"\b(?P<count>\d|{numbers})\s+(?:{week})\s+(?:from|on|after)\s+"
            rf"(?P<day>{any_of([*words.days, *weekdays])})\b")),
        day_month=regex.compile(
            rf"(?<![\w:.])(?P<day>\d{{1,2}})(?:{_ORDINAL}\b)?\.?\s*-?"
            rf"(?:(?:day )?(?:of|de|di|d')\s+)?"
            rf"{month}-?(?:,?\s*(?:del?\s+)?(?:(?P<year>\d{{4}})(?!\d|:)|'?(?P<short>[2-9]\d)$|"
            rf"'(?P<short>\d\d)))?(?!\w)"),
        month_day=regex.compile(
            rf"(?<!\w){month}\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:{_ORDINAL}\b)?(?![\d:])"
            r"(?:,?\s*(?:(?P<year>\d{4})(?!\d|:)|'(?P<short>\d\d)(?!\d)))?"),
        weekday=regex.compile(
            rf"(?<!\w)(?:(?:(?P<next>{next_})|(?P<this>{this}))\s+)?(?P<name>{any_of(weekdays)})"
            rf"\.?(?!\w)(?:\s+(?P<after>{next_})(?!\w))?"),
        next_week=regex.compile(rf"(?<!\w)(?:{next_})\s+(?:{week})(?!\w)"
                                rf"|(?<!\w)(?:{week})\s+(?:{next_})(?!\w)"),
        ordinal=regex.compile(
            rf"(?<!\w)(?P<word>{any_of(ORDINALS)})(?=\s+(?:of\s+)?(?:{any_of(months)})(?!\w))"
            rf"|(?<=(?:{any_of(months)})\s(?:the\s)?)(?P<word>{any_of(ORDINALS)})(?!\w)"),
        hours_range=regex.compile(
            rf"(?<![\d.:/-])(?P<sure>(?:between|from|zwischen|von)\s+)?{_HOUR.format('from')}"
            rf"(?:\s*[-–]\s*|\s+(?:to|and|till|until|bis|und)\s+){_HOUR.format('until')}"
            r"(?P<sign>\s*(?:uhr|o'?clock))?(?![\w:/-])"),
        day_dot_month=regex.compile(
            rf"(?<![\d.:])(?<!(?:{words.at})\s)(\d{{1,2}})\.(\d{{1,2}})(?![\d.:])"
            r"(?!\s*(?:uhr|h\b|[ap]\.?m))"),
        the_nth=regex.compile(_NTH.get(language[:2], _NEVER)),
        named_clock=regex.compile(rf"(?<!\w)(?:{'|'.join(words.clocks) or _NEVER})(?!\w)"),
        half=regex.compile(rf"\b(?:{words.half or _NEVER}|(?P<before>{words.half_to or _NEVER}))"
                           rf"\s+{hour}(?!\w)"),
        quarter=regex.compile(
            rf"\b(?:(?P<quarter>{words.quarter or _NEVER})|(?P<minutes>10|20|25|{numbers})"
            rf"(?:\s+minutes?)?)\s+(?:{words.past or _NEVER}|(?P<to>{words.to or _NEVER}))"
            rf"\s+{hour}(?!\w)"),
        hour=regex.compile(
            rf"(?<!\w)(?:{words.at})\s*{hour}(?!\w|[.:/]\d)(?:\s*(?:{words.hours})"
            rf"(?:\s*(?P<minute>[0-5]\d))?(?!\w))?"
            rf"|(?<![\w.:/]){hour}\s*(?:{words.hours})(?:\s*(?P<minute>[0-5]\d))?(?!\w)"),
        part=part_pattern(words), filler=frozenset(filler), short=words.short,
        vocabulary=Vocabulary([name for name in (*weekdays, *months, *words.days)
                               if len(name) >= 6 and " " not in name]))


def _bare(pattern: str) -> list[str]:
    return [word for word in regex.split(r"[|\s]", pattern) if word.isalpha()]
