"""Language tags: which of several texts, and which locale, serves a contact."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from babel import Locale, UnknownLocaleError

Text = TypeVar("Text")


@lru_cache(maxsize=256)
def base(language: str) -> str:
    """The language without its region: pt of pt-BR."""
    return language.replace("_", "-").partition("-")[0].lower()


def pick(texts: Mapping[str, Text], language: str, default_language: str) -> Text | None:
    """What serves this language: its own, its base's, that for all, the default language's."""
    found = texts.get(language)
    if found is not None:
        return found
    for tag in (base(language), "", default_language):
        found = texts.get(tag)
        if found is not None:
            return found
    return None


def text_for(texts: Mapping[str, str], language: str, default_language: str) -> str:
    """The text that serves this language, else any."""
    found = pick(texts, language, default_language)
    return found if found is not None else next(iter(texts.values()), "")


@lru_cache(maxsize=256)
def locale(language: str, default_language: str = "en") -> Locale:
    """Babel's locale of a language, or of the first after it that Babel knows."""
    for tag in (language, base(language), default_language):
        try:
            return Locale.parse(tag.replace("-", "_"))
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return Locale("en")
