"""Which known words a typed word may be: found by leaving out letters, not by comparing all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.flow.language.lexicon import COMMON, COMMON_ENGLISH
from bot.flow.language.words import near, squeezed, stems

#: Letters left out are looked for in the beginning of a word only; the whole is compared then.
_HEAD = 7
_REMEMBERED = 20_000
_NOTHING: Mapping[str, float] = {}

#: What an error takes from the score.
INFLECTED = 2.0
_PER_ERROR = 4.0


class Vocabulary:
    """The words of an index, and the known words that a typed word may stand for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._heads: dict[str, list[str]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._inflected: dict[str, list[str]] = {}
        self._seen: dict[str, Mapping[str, float]] = {}
        for word in sorted(self._words):
            for stem in stems(word):
                self._inflected.setdefault(stem, []).append(word)
            if word in COMMON or word.isdigit():
                continue
            if len(word) in (3, 4):
                self._sorted.setdefault("".join(sorted(word)), []).append(word)
            elif len(word) >= 5:
                for head in _heads(word):
                    self._heads.setdefault(head, []).append(word)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def inflected(self, word: str) -> set[str]:
        """Known words that are forms of this one, or of which it is a form."""
        return {form for stem in (word, *stems(word))
                for form in (stem, *self._inflected.get(stem, ())) if form in self._words}

    def forms(self, word: str) -> Mapping[str, float]:
        """Known words that this one may stand for, each with what that costs."""
        known = self._seen.get(word)
        if known is None:
            known = self._forms(word)
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[word] = known
        return known

    def forms_of(self, words: Sequence[str]) -> list[Mapping[str, float]]:
        """The same for each word of a message, which says in what language it is written.

        German "oder" is no mistyped "order", but among English words it is.
        """
        english = any(word in COMMON_ENGLISH for word in words)
        return [{word: 0.0} if word in COMMON and word in self._words else
                _NOTHING if word in COMMON and not english else self.forms(word)
                for word in words]

    def _forms(self, word: str) -> Mapping[str, float]:
        found = dict.fromkeys(self.inflected(word), INFLECTED)
        if word in self._words:
            found[word] = 0.0
        if found or word in COMMON_ENGLISH or len(word) < 3 or len(word) > 40 or word.isdigit():
            return found or _NOTHING
        for form in {word, squeezed(word)}:
            for meant in self._near(form):
                errors = near(form, meant)
                if errors is not None:
                    cost = max(1, errors) * _PER_ERROR
                    found[meant] = min(cost, found.get(meant, cost))
        # Of two known words, the one with fewer errors was meant.
        least = min(found.values(), default=0.0)
        return {meant: cost for meant, cost in found.items() if cost <= least} or _NOTHING

    def _near(self, word: str) -> Iterator[str]:
        seen: set[str] = set()
        if len(word) <= 5:
            short = {"".join(sorted(word))}
            if len(word) == 5:
                short.update("".join(sorted(word[:place] + word[place + 1:]))
                             for place in range(4) if word[place] == word[place + 1])
            for key in short:
                for meant in self._sorted.get(key, ()):
                    if meant not in seen:
                        seen.add(meant)
                        yield meant
        for head in _heads(word):
            for meant in self._heads.get(head, ()):
                if meant not in seen:
                    seen.add(meant)
                    yield meant


def _heads(word: str) -> set[str]:
    """The beginning of the word as it is and with one letter left out, of long words two."""
    head = word[:_HEAD]
    once = {head[:place] + head[place + 1:] for place in range(len(head))}
    found = {head} | once
    if len(word) >= 7:
        for shorter in once:
            found.update(shorter[:place] + shorter[place + 1:] for place in range(len(shorter)))
    return found
