"""The words in which people of different languages say days, times and parts of the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from functools import lru_cache
from typing import Any

from babel.dates import get_day_names, get_month_names

from bot.flow.language.tags import base, locale
from bot.flow.language.words import folded


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day; `until` 00:00 is the end of the day."""

    name: str  #: morning | noon | afternoon | evening | night; "" for hours said as such
    start: time
    until: time


MORNING = Part("morning", time(6), time(12))
NOON = Part("noon", time(11), time(14))
AFTERNOON = Part("afternoon", time(12), time(18))
EVENING = Part("evening", time(18), time(22))
NIGHT = Part("night", time(20), time(0))


def _part(part: Part, start: int, until: int) -> Part:
    return Part(part.name, time(start), time(until))


@dataclass(frozen=True, slots=True)
class DateWords:
    """One language's words, folded; alternatives are divided by `|` and may be patterns."""

    days: Mapping[str, int]  #: today, tomorrow …: days from today
    next: str = ""
    this: str = ""
    ahead: str = ""  #: before "2 weeks"
    later: str = ""  #: after "2 weeks"
    ago: str = ""  #: before or after "2 weeks"
    units: Mapping[str, str] = field(default_factory=dict)  #: a unit's words -> minute … month
    numbers: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    clocks: Mapping[str, time] = field(default_factory=dict)  #: noon, midnight
    at: str = ""  #: before a clock time
    hours: str = ""  #: after a clock time
    half: str = ""  #: before an hour: half past it
    half_to: str = ""  #: before an hour: half before it
    past: str = ""
    to: str = ""
    quarter: str = ""
    filler: str = ""
    short: Mapping[str, str] = field(default_factory=dict)  #: as typed -> as spelt


_EN = DateWords(
    days={"the day after tomorrow": 2, "day after tomorrow": 2, "after tomorrow": 2, "today": 0,
          "tonight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0, "tomorrow": 1,
          "the day before yesterday": -2, "day before yesterday": -2,
          "yesterday": -1},
    next="next|following|nxt", this="this|coming|this coming", ahead="in|within",
    later="from now|from today|later|time|hence", ago="ago|back",
    units={"minutes?|mins?": "minute", "hours?|hrs?": "hour", "days?": "day",
           "weeks?|wks?": "week", "fortnights?": "fortnight", "months?": "month",
           "years?|yrs?": "year"},
    numbers={"a": 1, "an": 1, "one": 1, "two": 2, "a couple of": 2, "couple of": 2, "three": 3,
             "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
             "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30},
    parts={"early morning": _part(MORNING, 6, 9), "late morning": _part(MORNING, 10, 12),
           "mornings?": MORNING, "forenoon": MORNING, "early afternoon": _part(AFTERNOON, 12, 15),
           "late afternoon": _part(AFTERNOON, 15, 18), "afternoons?": AFTERNOON,
           "arvo": AFTERNOON, r"p\.?m\.?": AFTERNOON, r"in the a\.?m\.?": MORNING,
           "lunch ?time": NOON, "around noon|around midday": NOON,
           "evenings?": EVENING, "after work": _part(EVENING, 17, 21), "tonight": EVENING,
           "nights?": NIGHT},
    clocks={"noon|midday": time(12), "midnight": time(0)},
    at="at|around|about|by|@|from|after|before|circa|~", hours="o'?clock|oclock|hours|h",
    half="half past|half-past|half", past="past", to="to|til|till",
    quarter="quarter|a quarter",
    filler="on the in of at a an for please pls any anytime any time possible maybe perhaps some "
           "sometime i would like id want can we do is it that this what how about works work me "
           "good great fine best better ok okay let us lets say make could you have something "
           "preferably ideally if there and thanks thank available free come to with my be during "
           "then my was born suits suit think believe probably around about morning's date day "
           "time appointment well hi hello hey sure yes us from by exactly sharp precisely so "
           "will take am hmm um early late later uh er will's bought it arrived received since",
    short={"tmrw": "tomorrow", "tmr": "tomorrow", "tmrow": "tomorrow", "tomo": "tomorrow",
           "tommorow": "tomorrow", "tommorrow": "tomorrow", "2moro": "tomorrow",
           "2morrow": "tomorrow", "2day": "today", "2nite": "tonight", "tonite": "tonight",
           "nite": "night", "morn": "morning", "aft": "afternoon", "wendesday": "wednesday",
           "wensday": "wednesday"})
_DE = DateWords(
    days={"ubermorgen": 2, "heute": 0, "morgen": 1, "vorgestern": -2, "gestern": -1},
    next="nachsten?|nachste[rsmn]?|kommenden?|kommende[rsmn]?", this="diesen?|diese[rsm]?",
    ahead="in", later="", ago="vor",
    units={"minuten?": "minute", "stunden?": "hour", "tage?n?": "day", "wochen?": "week",
           "monate?n?": "month", "jahre?n?": "year"},
    numbers={"einem": 1, "einer": 1, "eine": 1, "zwei": 2, "drei": 3, "vier": 4, "funf": 5,
             "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwolf": 12,
             "eins": 1, "ein": 1},
    parts={"vormittags?": MORNING, "morgens|fruh": MORNING, "nachmittags?": AFTERNOON,
           "mittags?": NOON, "abends?": EVENING, "nachts?": NIGHT},
    clocks={"mitternacht": time(0)}, at="um|gegen|ab|so", hours="uhr|h", half_to="halb",
    past="nach", to="vor", quarter="viertel",
    filler="am im in den der die das dem des um bitte gerne gern ware passt mir geht es an vom ich "
           "kann konnte mochte wir gut ja ok und zum fur einen termin bei so wie w")
_ES = DateWords(
    days={"pasado manana": 2, "hoy": 0, "esta noche": 0, "esta tarde": 0, "esta manana": 0,
          "manana": 1, "anteayer": -2, "ayer": -1},
    next="proxim[oa]|siguiente|que viene", this="este|esta", ahead="en|dentro de", ago="hace",
    units={"minutos?": "minute", "horas?": "hour", "dias?": "day", "semanas?": "week",
           "mes(?:es)?": "month", "anos?": "year"},
    numbers={"un": 1, "una": 1, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
             "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12},
    parts={"(?:por|de|en) la manana": MORNING, "al? mediodia": NOON, "mediodia": NOON,
           "(?:por|de|en) la tarde|esta tarde|tarde": AFTERNOON,
           "(?:por|de|en) la noche|esta noche|noche": EVENING, "esta manana": MORNING},
    clocks={"medianoche": time(0)}, at="a las?|sobre las?|a eso de las?", hours="h|horas?",
    filler="el la los las de del a al por favor para me va bien en dia puede ser quiero seria si "
           "gracias podria que")
_FR = DateWords(
    days={"apres-demain": 2, "apres demain": 2, "aujourd'hui": 0, "aujourdhui": 0, "ce soir": 0,
          "ce matin": 0, "cet apres-midi": 0, "demain": 1, "avant-hier": -2, "hier": -1},
    next="prochaine?|suivante?", this="ce|cette|cet", ahead="dans|d'ici", ago="il y a",
    units={"minutes?": "minute", "heures?": "hour", "jours?": "day", "semaines?": "week",
           "mois": "month", "ans?|annees?": "year"},
    numbers={"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6,
             "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12},
    parts={"(?:dans |dans l[ea] |l[ea] )?matin(?:ee)?": MORNING,
           "(?:dans )?(?:l'|cet )?apres[- ]midi|aprem": AFTERNOON, "(?:en |le )?soir(?:ee)?":
           EVENING, "nuit": NIGHT},
    clocks={"midi": time(12), "minuit": time(0)}, at="a|vers|des", hours="h|heures?",
    filler="le la les l de du des a au s'il vous plait svp pour moi jour en serait bien oui merci "
           "je peux si possible dans")
_IT = DateWords(
    days={"dopodomani": 2, "oggi": 0, "stasera": 0, "stamattina": 0, "domani": 1,
          "l'altro ieri": -2, "ieri": -1},
    next="prossim[oa]|che viene", this="quest[oa]", ahead="tra|fra", ago="fa",
    units={"minut[oi]": "minute", "or[ae]": "hour", "giorn[oi]": "day", "settiman[ae]": "week",
           "mes[ei]": "month", "ann[oi]": "year"},
    numbers={"un": 1, "una": 1, "uno": 1, "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6,
             "sette": 7, "otto": 8, "nove": 9, "dieci": 10, "undici": 11, "dodici": 12},
    parts={"(?:di |al |la )?mattin[ao]|stamattina": MORNING, "(?:di |nel |il )?pomeriggio":
           AFTERNOON, "(?:di |la )?sera|stasera": EVENING, "(?:di )?notte": NIGHT},
    clocks={"mezzogiorno": time(12), "mezzanotte": time(0)}, at="alle?|verso le", hours="h|ore",
    filler="il lo la i le di del a al per favore mi va bene giorno si grazie vorrei puo essere nel")
_PT = DateWords(
    days={"depois de amanha": 2, "hoje": 0, "amanha": 1, "anteontem": -2, "ontem": -1},
    next="proxim[oa]|que vem", this="est[ea]|ness[ea]|nest[ea]", ahead="em|daqui a|dentro de",
    ago="ha|atras",
    units={"minutos?": "minute", "horas?": "hour", "dias?": "day", "semanas?": "week",
           "mes(?:es)?": "month", "anos?": "year"},
    numbers={"um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5,
             "seis": 6, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "onze": 11, "doze": 12},
    parts={"(?:de|da|pela|a) manha": MORNING, "(?:de|da|pela|a) tarde|tarde": AFTERNOON,
           "(?:de|da|a|pela) noite|noite": EVENING},
    clocks={"meio[- ]dia": time(12), "meia[- ]noite": time(0)}, at="as?|pelas", hours="h|horas?",
    filler="o a os as de do da na no em por favor para mim pode ser dia feira sim obrigado "
           "obrigada seria bom quero")
_NL = DateWords(
    days={"overmorgen": 2, "vandaag": 0, "vanavond": 0, "vanmiddag": 0, "vanochtend": 0,
          "morgen": 1, "eergisteren": -2, "gisteren": -1},
    next="volgende|komende|aanstaande", this="deze|dit", ahead="over", ago="geleden",
    units={"minu(?:ut|ten)": "minute", "uur|uren": "hour", "dag(?:en)?": "day",
           "we(?:ek|ken)": "week", "maand(?:en)?": "month", "jaar|jaren": "year"},
    numbers={"een": 1, "twee": 2, "drie": 3, "vier": 4, "vijf": 5, "zes": 6, "zeven": 7,
             "acht": 8, "negen": 9, "tien": 10, "elf": 11, "twaalf": 12},
    parts={"'?s? ?(?:morgens|ochtends?)|vanochtend": MORNING, "(?:na)?middags?|vanmiddag":
           AFTERNOON, "avonds?|vanavond": EVENING, "nachts?": NIGHT},
    clocks={"middernacht": time(0)}, at="om|rond|tegen", hours="uur|u", half_to="half",
    past="over", to="voor", quarter="kwart",
    filler="op de het in om graag alstublieft alsjeblieft aub kan is goed voor mij dag ja van")

SPOKEN: Mapping[str, DateWords] = {
    "en": _EN, "de": _DE, "es": _ES, "fr": _FR, "it": _IT, "pt": _PT, "nl": _NL}


def of_language(language: str) -> DateWords | None:
    """The words of this language, where we know it well enough."""
    return SPOKEN.get(base(language))


def month_first(language: str) -> bool:
    """Whether 3/4 is the fourth of March to people of this language."""
    pattern = locale(language).date_formats["short"].pattern
    return "M" in pattern and "d" in pattern and pattern.index("M") < pattern.index("d")


@lru_cache(maxsize=64)
def weekdays(language: str) -> Mapping[str, int]:
    """The names of the days, folded: Monday is 0."""
    # Two letters are another word too often: Mo, So, Mi, me, do.
    found = {name: number for name, number in _names(get_day_names, language).items()
             if len(name) > 2 or not name.isascii()}
    if base(language) == "en":
        found |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3, "thrs": 3}
    if base(language) == "de":
        found |= {"sonnabend": 5}
    if base(language) == "pt":
        found |= {name.removesuffix("-feira"): number for name, number in list(found.items())}
    return found


@lru_cache(maxsize=64)
def months(language: str) -> Mapping[str, int]:
    """The names of the months, folded: January is 1."""
    found = {name: number for name, number in _names(get_month_names, language).items()
             if len(name) > 2 and not name.isdigit()}
    if base(language) == "en":
        found |= {"sept": 9}
    if base(language) == "de":
        found |= {"janner": 1, "feber": 2, "marz": 3}
    return found


def _names(named: Callable[[Any, Any, Any], Mapping[int, str]], language: str) -> dict[str, int]:
    """What Babel calls days or months, in full and short; the first of two alike wins."""
    found: dict[str, int] = {}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for number, name in named(width, context, locale(language)).items():
                found.setdefault(folded(name).rstrip("."), number)
    return found
