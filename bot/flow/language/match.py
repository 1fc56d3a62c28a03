"""What a message is about: the keywords that it holds, and the phrases that it is like.

Scores go from 0 to 100 and mean the same for both. `decide` wants a score over the threshold and a
margin over the next item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.flow.language.heard import Heard
from bot.flow.language.lexicon import ASKING, COMMON, COMMON_ENGLISH
from bot.flow.language.likeness import Likeness, Weighed
from bot.flow.language.phrases import Hit, Kind, Phrase
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import is_run, normalise

THRESHOLD = 62.0
MARGIN = 3.0
_GAP = re.compile(r"\{\{[^{}]*\}\}")
#: What a message is about stands in its beginning, or it is about too much.
_MOST_WORDS = 80
#: With more words that nobody knows, a message is about something else anyway.
_FEW_STRANGE = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a message may be about, and which phrase says so."""

    item: str
    score: float
    phrase: str
    language: str
    kind: Kind
    whole: bool  #: the message is this phrase and nothing else


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Items too close to call, best first."""

    candidates: tuple[Candidate, ...]


class Keywords:
    """An index of phrases. It answers in microseconds whatever their number."""

    def __init__(self) -> None:
        self._phrases: list[Phrase] = []
        self._whole: dict[tuple[str, ...], list[int]] = {}
        self._prepared = False
        self._vocabulary = Vocabulary(())
        self._pieces: frozenset[str] = frozenset()
        self._heard = Heard((), self._vocabulary)
        self._likeness = Likeness((), self._vocabulary)

    def __len__(self) -> int:
        return len(self._phrases)

    def add(self, item: str, phrase: str, language: str, kind: Kind = "keyword") -> None:
        """Let this phrase lead to this item."""
        words = normalise(phrase)
        if not words:
            return
        self._whole.setdefault(words, []).append(len(self._phrases))
        self._phrases.append(Phrase(item, phrase, language, kind, words))
        self._prepared = False

    def find(self, text: str) -> list[Candidate]:
        """The items this message may be about, best first."""
        words = _said(text)
        if not words or not self._phrases:
            return []
        self._prepare()
        hits = [Hit(number, 100.0, whole=True) for number in self._whole.get(words, ())]
        words, forms = self._taken(words)
        if not any(forms) and text.isascii():
            return self._ranked(hits) if hits else []
        hits += self._heard.hits(words, forms)
        if self._likeness:
            hits += self._likeness.hits(self._likeness.weighed(words, forms))
        return self._ranked(hits) if hits else []

    def weighed(self, text: str) -> Weighed:
        """What each word of a message is taken for, and what it weighs."""
        self._prepare()
        return self._likeness.weighed(*self._taken(_said(text)))

    def _taken(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], list[Mapping[str, float]]]:
        """The words that count, those written without a space taken apart, and their forms."""
        words = words[:_MOST_WORDS]
        forms = self._vocabulary.forms_of(words)
        strange = [word for word, known in zip(words, forms, strict=True)
                   if not known and word not in COMMON]
        if not 0 < len(strange) <= _FEW_STRANGE:
            return words, forms
        taken: list[str] = []
        for word in words:
            if word in strange:
                taken += self._apart(word)
            else:
                taken.append(word)
        if len(taken) != len(words):
            words = tuple(taken)
            forms = self._vocabulary.forms_of(words)
        return words, forms

    def _apart(self, word: str) -> tuple[str, ...]:
        """Two words written as one, "helpme" and "toitaly", where both are known."""
        if not 4 <= len(word) <= 24 or word in ASKING or not word.isalpha():
            return (word,)
        pieces = self._pieces
        for place in range(1, len(word)):
            if word[:place] in pieces and word[place:] in pieces:
                return word[:place], word[place:]
        return (word,)

    def _ranked(self, hits: Sequence[Hit]) -> list[Candidate]:
        best: dict[str, Hit] = {}
        support: dict[str, float] = {}
        for hit in hits:
            score = hit.score
            # A phrase that is a part of another item's longer one says less than that one.
            item = self._phrases[hit.phrase].item
            if hit.places and any(hit.places < other.places and
                                  self._phrases[other.phrase].item != item for other in hits):
                score -= 15
            # "Return my order": what is wanted comes before what it is wanted of.
            elif hit.places and any(
                    other.places and max(other.places) < min(hit.places) and
                    self._phrases[other.phrase].item != item for other in hits):
                score -= 8
            if not hit.whole:
                hit = Hit(hit.phrase, score, hit.places, hit.whole)
            known = best.get(item)
            if known is None or (hit.score, hit.whole) > (known.score, known.whole):
                best[item] = hit
            if not hit.places:
                support[item] = max(support.get(item, 0.0), score)
        found = []
        for item, hit in best.items():
            phrase = self._phrases[hit.phrase]
            score = hit.score
            if hit.places and not hit.whole:
                score += 0.1 * support.get(item, 0.0)
            score = max(0.0, min(score, 100.0 if hit.whole else 99.0))
            found.append(Candidate(item, round(score, 1), phrase.text, phrase.language,
                                   phrase.kind, hit.whole))
        found.sort(key=lambda candidate: (-candidate.score, candidate.item))
        return found

    def _prepare(self) -> None:
        """Build the index; done once, at the first question after the last `add`."""
        if self._prepared:
            return
        self._vocabulary = Vocabulary(
            (word for phrase in self._phrases for word in phrase.words if not is_run(word)),
            related=True)
        # Of single letters only these are words: "ifind", "uhelp".
        self._pieces = frozenset("aiu").union(word for word in (
            *COMMON_ENGLISH, *(word for phrase in self._phrases for word in phrase.words))
            if len(word) > 1)
        self._heard = Heard(self._phrases, self._vocabulary)
        self._likeness = Likeness(self._phrases, self._vocabulary)
        self._prepared = True


def _said(text: str) -> tuple[str, ...]:
    """The words of a message; a gap of a template that nobody filled in, {{ number }}, is none."""
    return normalise(_GAP.sub(" ", text) if "{{" in text else text)


def decide(candidates: Sequence[Candidate], *, threshold: float = THRESHOLD,
           margin: float = MARGIN) -> Candidate | Ambiguous | None:
    """The item the message is about, those too close to call, or none."""
    if not candidates or candidates[0].score < threshold:
        return None
    first = candidates[0]
    close = [candidate for candidate in candidates if first.score - candidate.score < margin
             and (candidate.whole or not first.whole)]
    return first if len(close) == 1 else Ambiguous(tuple(close))
