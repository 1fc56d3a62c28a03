"""Yes and no, as people of many languages say them."""

from __future__ import annotations

import regex

from bot.flow.language import lexicon
from bot.flow.language.tags import base
from bot.flow.language.words import normalise

_YES_EMOJI, _NO_EMOJI = frozenset("👍✅✔👌🆗☑"), frozenset("👎❌✖🚫❎")


def yes_no(said: str, language: str, default_language: str = "en") -> bool | None:
    """Yes or no as people of the contact's language, the default one or any other say it."""
    emoji = {mark for mark in said if mark in _YES_EMOJI or mark in _NO_EMOJI}
    words = normalise(said)
    if not words:
        answers = {mark in _YES_EMOJI for mark in emoji}
        return answers.pop() if len(answers) == 1 else None
    own = (base(language), base(default_language), "en")
    for tried in (words, _without_filler(words)):
        for known in dict.fromkeys(own):
            answer = _said_in(known, tried)
            if answer is not None:
                return answer
        answers = {answer for known in lexicon.YES_NO
                   if (answer := _said_in(known, tried)) is not None}
        if len(answers) == 1:
            return answers.pop()
    return None


def _without_filler(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without politeness, without a letter drawn out, and said once."""
    left = [regex.sub(r"(\p{L})\1+", r"\1", word) if word.isascii() else word
            for word in words if word not in _POLITE]
    return tuple(dict.fromkeys(left))


_MOST_WORDS = 8
_POLITE = frozenset(["please", "pls", "plz", "thanks", "thank", "you", "thx", "sir", "madam",
                     "bitte", "danke", "gracias", "merci", "grazie", "obrigado", "obrigada"])


def _said_in(language: str, words: tuple[str, ...]) -> bool | None:
    answers = _YES_NO.get(language, {})
    found = answers.get(words)
    if found is None and len(words) > 1 and not any(word.isascii() for word in words):
        found = answers.get(("".join(words),))
    if found is None and 1 < len(words) <= _MOST_WORDS:
        parts = _parts(answers, words)
        return parts.pop() if len(parts) == 1 else None
    return found


def _parts(answers: dict[tuple[str, ...], bool], words: tuple[str, ...]) -> set[bool]:
    """What the parts say where all of it is yes and no: "yes, that is fine"; else nothing."""
    ways: list[set[bool] | None] = [set(), *(None for _ in words)]
    for end in range(1, len(words) + 1):
        for start in range(max(0, end - 4), end):
            before, part = ways[start], words[start:end]
            # A letter alone means something only where it is the whole answer.
            if before is not None and part in answers and len("".join(part)) > 1:
                ways[end] = (ways[end] or set()) | before | {answers[part]}
    return ways[-1] or set()


def _yes_no_words() -> dict[str, dict[tuple[str, ...], bool]]:
    found: dict[str, dict[tuple[str, ...], bool]] = {}
    for language, (yes, no) in lexicon.YES_NO.items():
        known = found.setdefault(language, {})
        for phrases, answer in ((yes, True), (no, False)):
            for phrase in phrases:
                known.setdefault(normalise(phrase), answer)
    return found


_YES_NO = _yes_no_words()
