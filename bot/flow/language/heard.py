"""Keywords heard within a message: all their words, in their order and near together.

A keyword counts the more the more it says: a longer phrase more than a word in it, a word that
only one item uses more than one that several share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.flow.language.lexicon import COMMON, FILLER, NEGATIONS
from bot.flow.language.phrases import Hit, Phrase, parts
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import is_run

#: Words between the words of one keyword: "send it back" holds "send back".
_WIDEST_GAP = 2
_LONGEST_RUN = 400

Forms = Sequence[Mapping[str, float]]


class Heard:
    """The keywords of an index by their rarest word."""

    def __init__(self, phrases: Sequence[Phrase], vocabulary: Vocabulary) -> None:
        self._phrases = phrases
        self._items_of: dict[str, set[str]] = {}
        uses: dict[str, int] = {}
        for phrase in phrases:
            for word in parts(phrase.words):
                self._items_of.setdefault(word, set()).add(phrase.item)
                uses[word] = uses.get(word, 0) + 1
        for word, owners in [*self._items_of.items()]:  # returns are return
            self._items_of[word] = owners.union(*(
                self._items_of[form] for form in vocabulary.forms(word) if form != word))
        self._words = [frozenset(phrase.words) for phrase in phrases]
        self._anchored: dict[str, list[tuple[int, int]]] = {}
        self._runs: dict[str, list[int]] = {}
        for number, phrase in enumerate(phrases):
            if phrase.kind == "example":
                continue
            words = phrase.words
            if len(words) == 1 and is_run(words[0]):
                self._runs.setdefault(words[0][:2], []).append(number)
            else:
                _, offset = min(((word in COMMON, uses.get(word, 0)), place)
                                for place, word in enumerate(words))
                self._anchored.setdefault(words[offset], []).append((number, offset))
        self._share_runs()

    def hits(self, words: tuple[str, ...], forms: Forms) -> list[Hit]:
        """The keywords in a message, each where it fits best."""
        hits: dict[int, Hit] = {}
        anchored = self._anchored
        held = set(words).union(*forms)
        for place, known in enumerate(forms):
            for word in known:
                for number, offset in anchored.get(word, ()):
                    if not self._words[number] <= held:
                        continue
                    hit = self._fitted(number, offset, place, words, forms)
                    if hit and (number not in hits or hits[number].score < hit.score):
                        hits[number] = hit
        return [*hits.values(), *self._run_hits(words)]

    def _fitted(self, number: int, offset: int, place: int, words: tuple[str, ...],
                forms: Forms) -> Hit | None:
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
    def _cost(words: tuple[str, ...], forms: Forms, place: int, wanted: str) -> float | None:
        if not 0 <= place < len(words):
            return None
        if words[place] == wanted:
            return 0.0
        return forms[place].get(wanted)

    def _scored(self, number: int, words: tuple[str, ...], places: frozenset[int],
                errors: float, gaps: int) -> Hit:
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
        return Hit(number, score - errors - 4.0 * gaps, places, not rest and not errors)

    def _shared(self, word: str) -> float:
        """What it takes from a keyword that phrases of other items use this word as well."""
        items = len(self._items_of.get(word, ())) - 1
        return 0.0 if items <= 0 else min(10.0, 3.0 + 1.5 * items)

    def _run_hits(self, words: tuple[str, ...]) -> list[Hit]:
        runs = [word for word in words if is_run(word)]
        if not runs:
            return []
        text = "\n".join(runs)[:_LONGEST_RUN]
        hits: dict[int, Hit] = {}
        for start, character in enumerate(text):
            for head in (text[start:start + 2], character):
                for number in self._runs.get(head, ()):
                    wanted = self._phrases[number].words[0]
                    if text.startswith(wanted, start):
                        hit = self._scored_run(number, words, text, start)
                        if number not in hits or hits[number].score < hit.score:
                            hits[number] = hit
        return list(hits.values())

    def _scored_run(self, number: int, words: tuple[str, ...], text: str, start: int) -> Hit:
        wanted = self._phrases[number].words[0]
        # Counted apart from the places of words.
        places = frozenset(range(1_000 + start, 1_000 + start + len(wanted)))
        if (wanted,) == words:
            return Hit(number, 100.0, places, True)
        score = 82.0 + min(8.0, 2.0 * (len(wanted) - 2)) - (10.0 if len(wanted) == 1 else 0.0)
        score -= self._shared(wanted)
        score -= min(10.0, max(0, len(text) - 24) * 0.3)
        return Hit(number, score, places, False)

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
