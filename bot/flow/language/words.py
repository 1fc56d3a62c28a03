"""What a message says, reduced to words that can be compared: case, accents, width and
punctuation gone, and the typing errors that are forgiven."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex
from rapidfuzz.distance import OSA

#: Scripts written without spaces: a run of them is one word here, searched for its parts.
_RUN = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"[{_RUN}][{_RUN}\p{{M}}]*|(?:(?![{_RUN}])[\p{{L}}\p{{N}}\p{{M}}])+")
_IS_RUN = regex.compile(rf"[{_RUN}]")
_INVISIBLE = regex.compile(r"[\p{Cf}\p{Cc}\p{Cs}\p{Co}\p{Cn}\ufe00-\ufe0f\u20e3\u0640--\s]+",
                           regex.VERSION1)
#: Marks that are spelling in some scripts (vowels in Hindi or Thai) are accents in these.
_ACCENTED = regex.compile(
    r"(?<=[\p{Latin}\p{Greek}]\p{M}*)\p{M}|(?<=[\p{Arabic}\p{Hebrew}]\p{M}*)\p{Mn}"
    r"|(?<=^|[^\p{L}\p{M}])\p{M}+")
_CONTRACTED = regex.compile(r"(?<=\w)['’ʼ`´＇](?=(?:t|s|re|ll|m|ve|d)\b)")
_LETTERS = str.maketrans({
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d",
    "ё": "е", "أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه"})
#: Of ASCII only letters and digits are parts of words.
_APART = {code: " " for code in range(128) if not chr(code).isalnum()}
_REPEATED = regex.compile(r"(\p{L})\1{2,}")
_LONGEST = 4_096
_SHORT = 256


def normalise(text: str) -> tuple[str, ...]:
    """The words of a message as they are compared; emoji and punctuation are no words."""
    return _remembered(text) if len(text) <= _SHORT else _words(text)


def _words(text: str) -> tuple[str, ...]:
    if text.isascii():
        plain = text[:_LONGEST].lower()
        if "'" in plain or "`" in plain:
            plain = _CONTRACTED.sub("", plain)
        return tuple(plain.translate(_APART).split())
    return tuple(_WORD.findall(folded(text[:_LONGEST])))


# One message is asked about commands, choices and triggers, one after the other.
_remembered = lru_cache(maxsize=512)(_words)


def folded(text: str) -> str:
    """The text without case, accents, width and what cannot be seen; punctuation stays."""
    text = _INVISIBLE.sub("", text)
    text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFD", _CONTRACTED.sub("", text))
    # NFD takes Hangul and й apart as well; NFC puts together what was no accent.
    without: str = _ACCENTED.sub("", text)
    return unicodedata.normalize("NFC", without).translate(_LETTERS)


def is_run(word: str) -> bool:
    """Whether the word is a run of a script that is written without spaces."""
    return not word.isascii() and _IS_RUN.match(word) is not None


def squeezed(word: str) -> str:
    """The word with letters drawn out for effect ("pleeeease") cut to two."""
    if len(word) - len(set(word)) < 2:
        return word  # no letter stands there three times
    shorter: str = _REPEATED.sub(r"\1\1", word)
    return shorter


def near(typed: str, meant: str) -> int | None:
    """How many typing errors make `typed` of `meant`; None when it is another word.

    Short words are other words soon: up to three letters only a swap of neighbours counts, of
    four a swap or a letter typed twice; up to seven letters one error, then two.
    """
    if typed == meant:
        return 0
    size = len(meant)
    if size < 3 or abs(len(typed) - size) > 2 or typed.isdigit() or meant.isdigit():
        return None
    if size <= 4:
        if typed[0] != meant[0]:
            return None
        if len(typed) == size:
            return 1 if sorted(typed) == sorted(meant) and OSA.distance(typed, meant) == 1 else None
        if size == 4 and len(typed) == 5:
            doubled = any(typed[place] == typed[place + 1] and
                          typed[:place] + typed[place + 1:] == meant for place in range(4))
            return 1 if doubled else None
        return None
    most = 1 if size <= 7 else 2
    distance = OSA.distance(typed, meant, score_cutoff=most)
    if distance > most or (size <= 5 and typed[0] != meant[0]):
        return None
    return distance


#: What English words end in beside what they mean.
ENDINGS = ("ing", "ed", "es", "s", "ment", "ation")


def stems(word: str) -> tuple[str, ...]:
    """What an English word may be a form of: returned, returning and returns are return."""
    if len(word) < 5 or not word.endswith(ENDINGS) or not word.isascii():
        return ()
    found: list[str] = []
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            root = word[:-len(ending)]
            found.append(root)
            if ending in ("ing", "ed", "ation"):
                found.append(root + "e")
                if len(root) > 3 and root[-1] == root[-2]:
                    found.append(root[:-1])
            if root.endswith("i"):
                found.append(root[:-1] + "y")
    return tuple(found)


def parts_of_run(run: str, known: tuple[str, ...]) -> bool:
    """Whether the run is nothing but these parts, one after the other."""
    if len(run) > 60:
        return False
    reached = [True] + [False] * len(run)
    for start in range(len(run)):
        if reached[start]:
            for part in known:
                if run.startswith(part, start):
                    reached[start + len(part)] = True
    return reached[-1]
