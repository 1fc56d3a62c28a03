"""Which known words a typed word may be: looked up by a part that is spelt right, never by
comparing all of them, so that a word nobody knows costs a few microseconds among any number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bot.flow.language.lexicon import COMMON, COMMON_ENGLISH
from bot.flow.language.words import ENDINGS, near, squeezed, stems

_NOTHING: Mapping[str, float] = {}

#: What an error takes from the score.
INFLECTED = 2.0
PER_ERROR = 4.0
#: Known words of at least so many letters are found by more of them.
_LONG = 7
#: Of related words the longer one shares so much of its letters, from the first.
_RELATED_LETTERS = 5
_RELATED_SHARE = 0.7
_LONGEST = 40
_MOST_ALIKE = 200


class Vocabulary:
    """The words of an index, and the known words that a typed word may stand for.

    `related`: long words that begin alike count as forms of one word, in whatever language:
    bestellt and Bestellung.
    """

    def __init__(self, words: Iterable[str], *, related: bool = False) -> None:
        self._words = frozenset(words)
        self._related = related
        self._sorted: dict[str, list[str]] = {}
        self._short = _Alike(3, 1)
        self._long = _Alike(4, 2)
        self._inflected: dict[str, list[str]] = {}
        for word in sorted(self._words):
            for stem in stems(word):
                self._inflected.setdefault(stem, []).append(word)
            if word in COMMON or _is_code(word):
                continue
            size = len(word)
            if size in (3, 4):
                self._sorted.setdefault("".join(sorted(word)), []).append(word)
            if 5 <= size <= _LONG:
                self._short.add(word)
            if size >= _LONG - 1:
                self._long.add(word)
        self._forms: dict[str, Mapping[str, float]] = {
            word: self._known(word) for word in self._words.union(self._inflected)}

    def _known(self, word: str) -> Mapping[str, float]:
        itself = {word: 0.0} if word in self._words else {}
        return itself if word in COMMON else {
            **dict.fromkeys(self.inflected(word), INFLECTED), **itself}

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def inflected(self, word: str) -> set[str]:
        """Known words that are forms of this one, or of which it is a form."""
        found = {form for stem in (word, *stems(word))
                 for form in (stem, *self._inflected.get(stem, ())) if form in self._words}
        if self._related and len(word) >= _LONG:
            found.update(form for form in self._long.beginning(word) if _are_related(word, form))
        return found

    def forms(self, word: str) -> Mapping[str, float]:
        """Known words that this one may stand for, each with what that costs."""
        return self._forms.get(word) or (
            _NOTHING if word in COMMON_ENGLISH else self._unseen(word))

    def forms_of(self, words: Sequence[str]) -> list[Mapping[str, float]]:
        """The same for each word of a message, which says in what language it is written.

        German "oder" is no mistyped "order", but among English words it is.
        """
        known = self._forms.get
        common = COMMON if COMMON_ENGLISH.isdisjoint(words) else COMMON_ENGLISH
        return [known(word) or (_NOTHING if word in common else self._unseen(word))
                for word in words]

    def _unseen(self, word: str) -> Mapping[str, float]:
        """Known words of which this is a form, or those that it is with the fewest errors."""
        size = len(word)
        if not 3 <= size <= _LONGEST or _is_code(word):
            return _NOTHING
        if word.endswith(ENDINGS) and (inflected := self.inflected(word)):
            return dict.fromkeys(inflected, INFLECTED)
        maybe = self._alike(word)
        if self._related and size >= _LONG:
            related = [form for form in maybe if _are_related(word, form)]
            if related:
                return dict.fromkeys(related, INFLECTED)
        found: dict[str, float] = {}
        for typed in (word,) if size - len(set(word)) < 2 else {word, squeezed(word)}:
            for meant in maybe if typed is word else (typed, *self._alike(typed)):
                if meant in self._words and (errors := near(typed, meant)) is not None:
                    cost = max(1, errors) * PER_ERROR
                    found[meant] = min(cost, found.get(meant, cost))
        if not found:
            return _NOTHING
        # Of two known words, the one with fewer errors was meant.
        least = min(found.values())
        return {meant: cost for meant, cost in found.items() if cost <= least}

    def _alike(self, word: str) -> Sequence[str]:
        """Known words that share a part with this one, to be compared in full."""
        size = len(word)
        if size >= _LONG:
            return self._long.find(word)
        found = self._short.find(word) if size >= 4 else []
        if size <= 5:
            found = [*found, *self._sorted.get("".join(sorted(word)), ())]
            if size == 5:
                for place in range(4):
                    if word[place] == word[place + 1]:
                        found += self._sorted.get(
                            "".join(sorted(word[:place] + word[place + 1:])), ())
        return found


class _Alike:
    """Words by what they still share with a mistyped one: the beginning as it is, for errors
    after it; the end and the beginning without one letter, for an error in that."""

    def __init__(self, begins: int, ends: int) -> None:
        self._size = begins
        self._end = -ends
        self._beginnings: dict[str, list[str]] = {}
        self._endings: dict[str, dict[str, list[str]]] = {}

    def add(self, word: str) -> None:
        self._beginnings.setdefault(word[:self._size], []).append(word)
        heads = self._endings.setdefault(word[self._end:], {})
        head = word[:self._size + 1]
        for place in range(self._size + 1):
            words = heads.setdefault(head[:place] + head[place + 1:], [])
            if not words or words[-1] != word:
                words.append(word)

    def beginning(self, word: str) -> Sequence[str]:
        """Words that begin alike; none if so many do that it says nothing."""
        found = self._beginnings.get(word[:self._size], ())
        return found if len(found) <= _MOST_ALIKE else ()

    def find(self, word: str) -> list[str]:
        size = self._size
        found = [*self.beginning(word)]
        heads = self._endings.get(word[self._end:])
        if heads is not None:
            head = word[:size + 1]
            for place in range(size + 1):
                key = head[:place] + head[place + 1:]
                if key in heads:
                    found += heads[key]
        return found


def _is_code(word: str) -> bool:
    """A number, or something like AB123456: with another letter it is another one."""
    return word.isascii() and not word.isalpha()


def _are_related(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    need = max(_RELATED_LETTERS, math.ceil(len(longer) * _RELATED_SHARE))
    return len(shorter) >= need and one[:need] == other[:need]
