"""What a message is about: keywords as whole words with typing errors forgiven, and examples by
the likeness of the sentence.

Scores go from 0 to 100 and mean the same for both kinds. A keyword counts the more the more it
says: a longer phrase more than a word in it, a word that only one item uses more than one that
several share. `decide` wants a score over the threshold and a margin over the next item.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.flow.language.lexicon import COMMON, FILLER, NEGATIONS
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import is_run, normalise

Kind = Literal["keyword", "example"]

THRESHOLD = 60.0
MARGIN = 5.0
#: A word of the message that no phrase knows says that it is about something else too.
_UNKNOWN_WEIGHT = 0.55
_COMMON_WEIGHT = 0.12
#: Words between the words of one keyword: "send it back" holds "send back".
_WIDEST_GAP = 2
_FEW_POSTINGS = 400
#: What a message is about stands in its beginning, or it is about too much.
_MOST_WORDS = 80
_LONGEST_RUN = 400


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


@dataclass(frozen=True, slots=True)
class _Phrase:
    item: str
    text: str
    language: str
    kind: Kind
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    phrase: int
    score: float
    places: frozenset[int]  #: of the message's words; of its characters for a run
    whole: bool


class Keywords:
    """An index of phrases. It answers in microseconds whatever their number."""

    def __init__(self) -> None:
        self._phrases: list[_Phrase] = []
        self._whole: dict[tuple[str, ...], list[int]] = {}
        self._items_of: dict[str, set[str]] = {}
        self._prepared = False
        self._anchored: dict[str, list[tuple[int, int]]] = {}
        self._runs: dict[str, list[int]] = {}
        self._examples: dict[str, list[int]] = {}
        self._weights: dict[str, float] = {}
        self._totals: dict[int, float] = {}
        self._words_of: dict[int, frozenset[str]] = {}
        self._vocabulary = Vocabulary(())

    def __len__(self) -> int:
        return len(self._phrases)

    def add(self, item: str, phrase: str, language: str, kind: Kind = "keyword") -> None:
        """Let this phrase lead to this item."""
        words = normalise(phrase)
        if not words:
            return
        number = len(self._phrases)
        self._phrases.append(_Phrase(item, phrase, language, kind, words))
        self._whole.setdefault(words, []).append(number)
        self._prepared = False

    def find(self, text: str) -> list[Candidate]:
        """The items this message may be about, best first."""
        words = normalise(text)
        if not words or not self._phrases:
            return []
        if not self._prepared:
            self._prepare()
        hits = [_Hit(number, 100.0, frozenset(), True) for number in self._whole.get(words, ())]
        words = words[:_MOST_WORDS]
        forms = self._vocabulary.forms_of(words)
        hits += self._keyword_hits(words, forms)
        hits += self._run_hits(words)
        hits += self._example_hits(words, forms)
        return self._ranked(hits)

    def _ranked(self, hits: Sequence[_Hit]) -> list[Candidate]:
        if not hits:
            return []
        best: dict[str, _Hit] = {}
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
                hit = _Hit(hit.phrase, score, hit.places, hit.whole)
            known = best.get(item)
            if known is None or (hit.score, hit.whole) > (known.score, known.whole):
                best[item] = hit
            kind = self._phrases[hit.phrase].kind
            if kind == "example":
                support[item] = max(support.get(item, 0.0), score)
        found = []
        for item, hit in best.items():
            phrase = self._phrases[hit.phrase]
            score = hit.score
            if phrase.kind == "keyword" and not hit.whole:
                score += 0.1 * support.get(item, 0.0)
            score = max(0.0, min(score, 100.0 if hit.whole else 99.0))
            found.append(Candidate(item, round(score, 1), phrase.text, phrase.language,
                                   phrase.kind, hit.whole))
        found.sort(key=lambda candidate: (-candidate.score, candidate.item))
        return found

    def _keyword_hits(self, words: tuple[str, ...],
                      forms: list[Mapping[str, float]]) -> list[_Hit]:
        hits: dict[int, _Hit] = {}
        for place, known in enumerate(forms):
            for word in known:
                for number, offset in self._anchored.get(word, ()):
                    hit = self._fitted(number, offset, place, words, forms)
                    if hit and (number not in hits or hits[number].score < hit.score):
                        hits[number] = hit
        return list(hits.values())

    def _fitted(self, number: int, offset: int, place: int, words: tuple[str, ...],
                forms: list[Mapping[str, float]]) -> _Hit | None:
        """The keyword laid over the message so that one of its words stands at this place."""
        wanted = self._phrases[number].words
        places = [place]
        errors = forms[place][wanted[offset]]
        gaps = 0
        for step, indexes in ((-1, range(offset - 1, -1, -1)),
                              (1, range(offset + 1, len(wanted)))):
            at = place
            for index in indexes:
                for gap in range(_WIDEST_GAP - gaps + 1):
                    other = at + step * (1 + gap)
                    cost = self._cost(words, forms, other, wanted[index])
                    if cost is not None:
                        gaps += gap
                        errors += cost
                        places.append(other)
                        at = other
                        break
                else:
                    return None
        return self._scored(number, words, frozenset(places), errors, gaps)

    @staticmethod
    def _cost(words: tuple[str, ...], forms: list[Mapping[str, float]], place: int,
              wanted: str) -> float | None:
        if not 0 <= place < len(words):
            return None
        if words[place] == wanted:
            return 0.0
        return forms[place].get(wanted)

    def _scored(self, number: int, words: tuple[str, ...], places: frozenset[int],
                errors: float, gaps: int) -> _Hit:
        phrase = self._phrases[number]
        rest = [word for place, word in enumerate(words) if place not in places]
        saying = [word for word in phrase.words if word not in COMMON] or list(phrase.words)
        if not rest:
            score = 100.0
        elif all(word in FILLER for word in rest):
            score = 96.0
        else:
            score = 82.0 + min(8.0, 4.0 * (len(saying) - 1))
            # A word that other items' phrases use as well tells less.
            score -= min(self._shared(word) for word in saying)
            if all(word in COMMON for word in phrase.words):
                score -= 20.0
            score -= min(10.0, max(0, len(rest) - 10) * 0.8)
            if any(word in NEGATIONS and place + 1 in places
                   for place, word in enumerate(words) if place not in places):
                score -= 10.0
        return _Hit(number, score - errors - 4.0 * gaps, places, not rest and not errors)

    def _shared(self, word: str) -> float:
        """What it takes from a keyword that phrases of other items use this word as well."""
        items = len(self._items_of.get(word, ())) - 1
        return 0.0 if items <= 0 else min(10.0, 3.0 + 1.5 * items)

    def _run_hits(self, words: tuple[str, ...]) -> list[_Hit]:
        runs = [word for word in words if is_run(word)]
        if not runs:
            return []
        text = "\n".join(runs)[:_LONGEST_RUN]
        hits: dict[int, _Hit] = {}
        for start in range(len(text)):
            for head in (text[start:start + 2], text[start]):
                for number in self._runs.get(head, ()):
                    wanted = self._phrases[number].words[0]
                    if text.startswith(wanted, start):
                        hit = self._scored_run(number, words, text, start)
                        if number not in hits or hits[number].score < hit.score:
                            hits[number] = hit
        return list(hits.values())

    def _scored_run(self, number: int, words: tuple[str, ...], text: str, start: int) -> _Hit:
        wanted = self._phrases[number].words[0]
        # Counted apart from the places of words.
        places = frozenset(range(1_000 + start, 1_000 + start + len(wanted)))
        if (wanted,) == words:
            return _Hit(number, 100.0, places, True)
        score = 82.0 + min(8.0, 2.0 * (len(wanted) - 2)) - (10.0 if len(wanted) == 1 else 0.0)
        score -= self._shared(wanted)
        score -= min(10.0, max(0, len(text) - 24) * 0.3)
        return _Hit(number, score, places, False)

    def _example_hits(self, words: tuple[str, ...],
                      forms: list[Mapping[str, float]]) -> list[_Hit]:
        weights = self._weights
        common: dict[int, float] = {}
        total = 0.0
        for word, known in dict(zip(words, forms, strict=True)).items():
            if is_run(word):
                for pair in dict.fromkeys(_pairs(word[:_LONGEST_RUN])):
                    weight = weights.get(pair, _UNKNOWN_WEIGHT)
                    total += weight
                    self._add(common, (pair,), weight)
                continue
            # A word that means one the index knows weighs as much as that one.
            form = word if word in weights else min(
                known, key=lambda other: (known[other], other), default="")
            weight = _COMMON_WEIGHT if word in COMMON else weights.get(form, _UNKNOWN_WEIGHT)
            total += weight
            self._add(common, known, weight)
        hits = []
        for number, weight in common.items():
            likeness = 2 * weight / (total + self._totals[number])
            if likeness > 0.4:
                hits.append(_Hit(number, min(99.0, 100 * likeness), frozenset(), False))
        return hits

    def _add(self, common: dict[int, float], forms: Iterable[str], weight: float) -> None:
        """Count what one word of the message has in common with each example."""
        seen: set[int] = set()
        for form in forms:
            found: Iterable[int] = self._examples.get(form, ())
            if len(self._examples.get(form, ())) > _FEW_POSTINGS:
                # So frequent a word only strengthens what another one found.
                found = [number for number in common if form in self._words_of[number]]
            for number in found:
                if number not in seen:
                    seen.add(number)
                    common[number] = common.get(number, 0.0) + weight

    def _prepare(self) -> None:
        """Build the index; done once, at the first question after the last `add`."""
        self._items_of = {}
        uses: dict[str, int] = {}
        for phrase in self._phrases:
            for word in _parts(phrase.words):
                self._items_of.setdefault(word, set()).add(phrase.item)
                uses[word] = uses.get(word, 0) + 1
        self._vocabulary = Vocabulary(
            word for word in self._items_of if not is_run(word))
        for word, owners in [*self._items_of.items()]:  # returns are return
            self._items_of[word] = owners.union(*(
                self._items_of[form] for form in self._vocabulary.inflected(word)))
        self._anchored, self._runs, self._examples = {}, {}, {}
        self._totals, self._words_of = {}, {}
        items = max(2, len({phrase.item for phrase in self._phrases}))
        self._weights = {
            word: _COMMON_WEIGHT if word in COMMON else
            max(0.25, math.log(1 + items / len(owners)) / math.log(1 + items))
            for word, owners in self._items_of.items()}
        for number, phrase in enumerate(self._phrases):
            if phrase.kind == "example":
                parts = frozenset(_parts(phrase.words))
                self._words_of[number] = parts
                self._totals[number] = sum(self._weights[part] for part in parts)
                for part in parts:
                    self._examples.setdefault(part, []).append(number)
            elif len(phrase.words) == 1 and is_run(phrase.words[0]):
                self._runs.setdefault(phrase.words[0][:2], []).append(number)
            else:
                offset = min(range(len(phrase.words)),
                             key=lambda place, words=phrase.words: (  # type: ignore[misc]
                                 words[place] in COMMON, uses.get(words[place], 0)))
                self._anchored.setdefault(phrase.words[offset], []).append((number, offset))
        self._share_runs()
        self._prepared = True

    def _share_runs(self) -> None:
        """Which items use a keyword of a script without spaces somewhere in their phrases."""
        keywords = {phrase.words[0] for phrase in self._phrases
                    if phrase.kind == "keyword" and len(phrase.words) == 1
                    and is_run(phrase.words[0])}
        longest = max(map(len, keywords), default=0)
        for phrase in self._phrases:
            for run in phrase.words:
                if not is_run(run):
                    continue
                for start in range(len(run)):
                    for end in range(start + 1, min(len(run), start + longest) + 1):
                        if run[start:end] in keywords:
                            self._items_of.setdefault(run[start:end], set()).add(phrase.item)


def _pairs(run: str) -> list[str]:
    return [run[place:place + 2] for place in range(len(run) - 1)] or [run]


def _parts(words: Iterable[str]) -> list[str]:
    parts: list[str] = []
    for word in words:
        parts.extend(_pairs(word) if is_run(word) else (word,))
    return parts


def decide(candidates: Sequence[Candidate], *, threshold: float = THRESHOLD,
           margin: float = MARGIN) -> Candidate | Ambiguous | None:
    """The item the message is about, those too close to call, or none."""
    if not candidates or candidates[0].score < threshold:
        return None
    first = candidates[0]
    close = [candidate for candidate in candidates if first.score - candidate.score < margin
             and (candidate.whole or not first.whole)]
    return first if len(close) == 1 else Ambiguous(tuple(close))
