"""In which language to speak with a contact, as far as a message says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from bot.flow.language.match import Candidate
from bot.flow.language.tags import base
from bot.flow.spec import Phrases

if TYPE_CHECKING:
    from bot.flow.turn import Turn

#: What a script alone says about the language: the first of these that the flows speak.
_SCRIPTS = (
    (regex.compile(r"[\p{Hiragana}\p{Katakana}]"), ("ja",)),
    (regex.compile(r"\p{Han}"), ("zh", "ja")),
    (regex.compile(r"\p{Hangul}"), ("ko",)),
    (regex.compile(r"\p{Cyrillic}"), ("ru", "uk", "bg", "sr", "kk", "mk", "be")),
    (regex.compile(r"\p{Arabic}"), ("ar", "fa", "ur")),
    (regex.compile(r"\p{Hebrew}"), ("he",)),
    (regex.compile(r"\p{Greek}"), ("el",)),
    (regex.compile(r"\p{Thai}"), ("th",)),
    (regex.compile(r"\p{Devanagari}"), ("hi", "mr", "ne")),
    (regex.compile(r"\p{Bengali}"), ("bn",)),
    (regex.compile(r"\p{Tamil}"), ("ta",)),
    (regex.compile(r"\p{Georgian}"), ("ka",)),
    (regex.compile(r"\p{Armenian}"), ("hy",)),
)


def from_phrase(turn: Turn, language: str, phrases: Phrases, phrase: str) -> None:
    """A keyword was matched: its language is the contact's, until they or the API say so."""
    contact = turn.snapshot.contact
    if language not in turn.flows.languages or contact.language_from in ("chosen", "api"):
        return
    if contact.language is not None:
        if contact.language_from is None:
            return
        if base(language) == base(contact.language):
            return
        if phrase in phrases.get(contact.language, ()):
            return
    turn.set_language(language, "trigger")


def from_candidate(turn: Turn, candidate: Candidate) -> None:
    """The same of the phrase that a flow or an answer was found by."""
    kind, _, name = candidate.item.partition(":")
    triggers = (turn.flows.current[name].spec.triggers if kind == "flow"
                else turn.flows.answers[name].triggers)
    from_phrase(turn, candidate.language,
                triggers.keywords if candidate.kind == "keyword" else triggers.examples,
                candidate.phrase)


def from_script(turn: Turn, text: str) -> None:
    """Of a contact about whom nothing better is known, the script says the language."""
    contact = turn.snapshot.contact
    if text.isascii() or contact.language_from not in (None, "script"):
        return
    if contact.language is not None and contact.language_from is None:
        return
    for script, languages in _SCRIPTS:
        if script.search(text):
            for language in turn.flows.languages:
                if base(language) in languages:
                    if language != contact.language:
                        turn.set_language(language, "script")
                    return
            return
