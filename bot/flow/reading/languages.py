"""The languages that a file may speak."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from babel import Locale

from bot.flow.reading.source import Place
from bot.nearest import nearest

if TYPE_CHECKING:
    from bot.flow.reading.pieces import Reading

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@cache
def _known_languages() -> frozenset[str]:
    return frozenset(Locale("en").languages)


def is_code(language: str) -> bool:
    """Whether people speak it somewhere: en, zh, pt-BR."""
    return bool(_LANGUAGE.fullmatch(language)) and language.split("-")[0] in _known_languages()


def is_language(r: Reading, place: Place, language: str, *, any_language: bool = False) -> bool:
    """Whether a key names a language, and one of the title's where there is a title."""
    known = is_code(language)
    allowed = not r.languages or any_language or language in r.languages or (
        language.split("-")[0] in r.languages)
    if known and allowed:
        return True
    near = nearest(language, r.languages) or next(
        (one for one in r.languages if one[0] == language[:1].lower()), None)
    hint = f" - did you mean `{near}`?" if near else ""
    if not known:
        r.error(place, f"`{language}` is not a language{hint}"
                       + ("" if hint else ": write for example en, zh or pt-BR"))
    else:
        r.error(place, f"`{language}` is not a language of the title ({', '.join(r.languages)})"
                       + (hint or ": add the title in it, or take this text out"))
    return False
