"""Numbers as people write and say them: in digits of any script, in words, with the separators
of their language, and as a place in a list."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import regex

from bot.flow.language.lexicon import FILLER
from bot.flow.language.tags import base, locale
from bot.flow.language.words import is_run, normalise

_CARDINALS: Mapping[str, str] = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
          "fifteen sixteen seventeen eighteen nineteen twenty",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
}
_OTHER_CARDINALS = {"eine": 1, "ein": 1, "una": 1, "une": 1, "uma": 1, "duas": 2, "zwo": 2,
                    "couple": 2}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
         "eighty": 80, "ninety": 90}
_ORDINALS: Mapping[str, str] = {
    "en": "first second third fourth fifth sixth seventh eighth ninth tenth",
    "de": "erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte",
    "es": "primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo",
    "es_f": "primera segunda tercera cuarta quinta sexta séptima octava novena décima",
    "fr": "premier deuxième troisième quatrième cinquième sixième septième huitième neuvième "
          "dixième",
    "it": "primo secondo terzo quarto quinto sesto settimo ottavo nono decimo",
    "it_f": "prima seconda terza quarta quinta sesta settima ottava nona decima",
    "pt": "primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo",
    "pt_f": "primeira segunda terceira quarta quinta sexta sétima oitava nona décima",
    "nl": "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende",
}
_OTHER_ORDINALS = {"premiere": 1, "seconde": 2, "primer": 1, "tercer": 3, "ersten": 1, "erster": 1,
                   "erstes": 1, "zweiten": 2, "zweiter": 2, "zweites": 2, "dritten": 3,
                   "dritter": 3, "drittes": 3, "vierten": 4, "funften": 5}
_LAST = ("last", "final", "letzte", "letzten", "letztes", "ultimo", "ultima", "dernier", "derniere",
         "laatste")
_OF_LISTS = """
number no num nr option choice item pick choose select one # answer line entry nummer numero punkt
auswahl opcion opzione opcao numéro choix n das der die den el la los le il lo o a os as to be take
"""
_AROUND = FILLER.union(_OF_LISTS.split())

#: Words that make another number of the one before them, and those after which it is not guessed.
_SCALES = {"hundred": 100, "hundert": 100, "thousand": 1_000, "tausend": 1_000, "mille": 1_000,
           "mila": 1_000, "mil": 1_000, "duizend": 1_000, "honderd": 100, "dozen": 12,
           "dutzend": 12, "million": 1_000_000, "millionen": 1_000_000, "millones": 1_000_000}
_OTHERWISE = frozenset([
    "half", "halves", "quarter", "quarters", "third", "thirds", "minus", "plus", "times", "point",
    "comma", "billion", "halb", "halbe", "halbes", "einhalb", "viertel", "drittel", "paar",
    "komma", "mal", "medio", "media", "mezzo", "mezza", "demi", "demie", "douzaine", "docena",
    "meia"])
_VAGUE = frozenset("半几幾打多")
#: Numbers elsewhere that are other words in English.
_ENGLISH = frozenset(["once", "due", "elf", "sei"])

_HAN = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6,
        "七": 7, "八": 8, "九": 9, "壹": 1, "贰": 2, "叁": 3, "幺": 1}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000}
HAN_DIGITS = "零〇一二两兩三四五六七八九十百千万萬"
_HAN_NUMBER = regex.compile(rf"[{HAN_DIGITS}]+")
_HAN_PLACE = regex.compile(
    rf"(?:我?(?:要|选|選|选择|想要)?(?:的是)?)?(第)?([{HAN_DIGITS}]+|\d+)"
    r"(?:个|個|项|項|号|號|条|條|种|種|款|件|张|張|家|位|选项)?(?:吧|的|那个|谢谢|好了|就行)?")
_HAN_LAST = regex.compile(r"(?:我?(?:要|选|選))?最后(?:一)?(?:个|個|项|項|条|種|种)?(?:吧)?")
_DIGIT_PLACE = regex.compile(r"0*(\d{1,4})(?:st|nd|rd|th|e|er|eme|ere|o|a|te|ste)?")


def _numbered(table: Mapping[str, str], others: Mapping[str, int], first: int) -> dict[str, int]:
    found = dict(others)
    for words in table.values():
        for number, word in enumerate(words.split(), first):
            found.setdefault(normalise(word)[0], number)
    return found


CARDINALS = {**_numbered(_CARDINALS, _OTHER_CARDINALS, 0), **_TENS}
ORDINALS = _numbered(_ORDINALS, _OTHER_ORDINALS, 1)


def is_otherwise(text: str) -> bool:
    """Whether it says more of a number than the number alone: half, minus, 几个, ½."""
    return any(character in _VAGUE or unicodedata.numeric(character, 0) % 1
               for character in text) or any(
        word in _SCALES or word in _OTHERWISE for word in normalise(text))


def han(text: str) -> int | None:
    """A number in Chinese numerals: 三, 十二, 二十一, 三百零五, 一千二, 二〇二六.

    两三 is no number but two or three.
    """
    if not text or not _HAN_NUMBER.fullmatch(text) or len(text) > 9:
        return None
    if not any(character in _HAN_UNITS for character in text):
        if len(text) == 2 and _HAN[text[1]] == _HAN[text[0]] + 1 and _HAN[text[0]]:
            return None
        return int("".join(str(_HAN[character]) for character in text))
    total, part, digit = 0, 0, 0
    for character in text:
        if character in _HAN:
            digit = _HAN[character]
        else:
            unit = _HAN_UNITS[character]
            if unit == 10_000:
                total, part, digit = (total + part + digit) * unit, 0, 0
            else:
                part, digit = part + (digit or 1) * unit, 0
    if digit and len(text) > 1 and text[-2] in "百千万萬":
        digit *= _HAN_UNITS[text[-2]] // 10  # 一千二 is 1,200, 一千零二 is 1,002
    return total + part + digit


def is_number(word: str) -> bool:
    """Whether a normalised word is a number and nothing else."""
    return word.isdigit() or word in CARDINALS or han(word) is not None


def position(words: Sequence[str], count: int) -> int | None:
    """The place in a list of `count`, from 0, that an answer like "2.", "the second" names."""
    place = _place(words, count)
    return place if place is not None and 0 <= place < count else None


def _place(words: Sequence[str], count: int) -> int | None:
    joined = "".join(words)
    if any(is_run(word) for word in words):
        if _HAN_LAST.fullmatch(joined):
            return count - 1
        match = _HAN_PLACE.fullmatch(joined)
        if not match:
            return None
        number = int(match[2]) if match[2].isdigit() else han(match[2])
        return None if number is None else number - 1
    named: list[int] = []
    for word in words:
        digits = _DIGIT_PLACE.fullmatch(word)
        if digits:
            named.append(int(digits[1]) - 1)
        elif word in ORDINALS:
            named.append(ORDINALS[word] - 1)
        elif word in _LAST:
            named.append(count - 1)
        elif word in CARDINALS and not (word in _AROUND and len(words) > 1):
            named.append(CARDINALS[word] - 1)
        elif word not in _AROUND:
            return None
    return named[0] if len(named) == 1 else None


_NUMBER = regex.compile(
    r"(?P<sign>[-−–+])?\s*(?P<number>\d[\d.,'’\u00a0\u202f ٬٫]*)(?P<unit>k|mio|m)?")


@lru_cache(maxsize=64)
def separators(language: str) -> tuple[str, str]:
    """What stands before decimals and between thousands in this language."""
    where = locale(language)
    symbols = where.number_symbols.get("latn", {})
    return str(symbols.get("decimal", ".")), str(symbols.get("group", ","))


def number(text: str, language: str) -> Decimal | None:
    """The number that a whole answer is, as people of this language write it."""
    folded = _digits(unicodedata.normalize("NFKC", text)).strip()
    if len(folded) > 40:
        return None
    words = normalise(folded)
    if words and words[0] in _ENGLISH and base(language) == "en":
        return None
    if len(words) == 1 and words[0] in CARDINALS:
        return Decimal(CARDINALS[words[0]])
    if len(words) == 2 and words[1] in _SCALES:
        count = CARDINALS.get(words[0], 1 if words[0] == "a" else None)
        if count is None and words[0].isdigit():
            count = int(words[0])
        return None if count is None else Decimal(count * _SCALES[words[1]])
    if len(words) == 2 and words[0] in _TENS and CARDINALS.get(words[1], 10) < 10:
        return Decimal(_TENS[words[0]] + CARDINALS[words[1]])
    found = _han_number(folded)
    if found is not None:
        return found
    match = _NUMBER.fullmatch(folded)
    if not match:
        return None
    plain = _without_separators(match["number"].strip(), language)
    if plain is None:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    value *= {"k": 1_000, "m": 1_000_000, "mio": 1_000_000}.get(match["unit"] or "", 1)
    return -value if match["sign"] and match["sign"] != "+" else value


def _han_number(text: str) -> Decimal | None:
    sign = -1 if text[:1] in ("负", "負") else 1
    whole, point, part = text.lstrip("负負").partition("点")
    value = han(whole)
    if value is None:
        mixed = regex.fullmatch(r"(\d+(?:\.\d+)?)([千万萬])", text)
        return Decimal(mixed[1]) * _HAN_UNITS[mixed[2]] if mixed else None
    if not point:
        return Decimal(sign * value)
    if not part or any(character not in _HAN for character in part):
        return None
    return sign * Decimal(f"{value}." + "".join(str(_HAN[character]) for character in part))


def _digits(text: str) -> str:
    """Digits of any script as ASCII ones."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(character)) if character.isdecimal() else character
                   for character in text)


def _without_separators(written: str, language: str) -> str | None:
    """Digits with a point at most; None where the separators fit no way of writing."""
    decimal, _ = separators(language)
    text = written.replace("٫", decimal).replace("٬", " ")
    spaced: str = regex.sub(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))", "", text)
    if regex.search(r"[ \u00a0\u202f'’]", spaced):
        return None
    points, commas = spaced.count("."), spaced.count(",")
    if not points and not commas:
        return spaced
    if points and commas:
        # The later of the two stands before the decimals, in every language.
        mark, group = (".", ",") if spaced.rfind(".") > spaced.rfind(",") else (",", ".")
        if spaced.count(mark) > 1:
            return None
        whole, _, part = spaced.partition(mark)
        return f"{_ungrouped(whole, group)}.{part}" if part and _ungrouped(whole, group) else None
    mark = "." if points else ","
    if max(points, commas) > 1:
        return _ungrouped(spaced, mark)
    whole, _, part = spaced.partition(mark)
    if not part:
        return None
    if mark == decimal or len(part) != 3 or len(whole) > 3 or whole == "0":
        return f"{whole}.{part}"
    return whole + part


def _ungrouped(text: str, mark: str) -> str | None:
    parts = text.split(mark)
    if not 1 <= len(parts[0]) <= 3 and len(parts) > 1:
        return None
    # India writes 1,00,000.
    if all(len(part) in (2, 3) for part in parts[1:-1]) and len(parts[-1]) == 3:
        return "".join(parts)
    return parts[0] if len(parts) == 1 else None
