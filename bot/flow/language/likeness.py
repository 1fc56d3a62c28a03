"""How like a message is to the phrases of each item.

A message is about an item when the item's phrases account for what the message says, and the
message says what one of those phrases says. So two shares are taken, both by weight of words: of
the message, what the item knows ("explained": by the phrase itself, or in part by any other
phrase of the item, so that phrases lend each other their verbs and objects); and of a phrase,
what the message holds ("said"). The likeness is their harmonic mean, that is, no better than the
worse of the two allows.

A word weighs the more the fewer items use it. A word that no phrase knows weighs most: it says
that the message is about something else. Little weigh the words of grammar and those in which
people ask ("can you help me with"); numbers and temper weigh nothing. All of this is counted from
the project's own phrases when they are loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bot.flow.language.lexicon import ASKING, COMMON, NEGATIONS, RUN_LIGHT, TEMPER
from bot.flow.language.phrases import Hit, Phrase, pairs, parts
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import is_run

_UNKNOWN = 1.25
_ASKING = 0.25
_NEGATION = 0.2
_COMMON = 0.08
_LEAST = 0.3  #: of a word that says something, however many items use it
#: Two characters of a script without spaces: each weighs by those of them that say something.
_CHARACTER = 0.25
#: What another phrase of the item knows counts so much of what the phrase itself knows.
_LENT = 0.7
#: A word in one phrase of an item may be there by chance; in several it is the item's own.
_CHANCE = 0.15
#: How much "explained" counts in the mean; "said" has the rest.
_EXPLAINED = 0.7
#: What an error of typing takes from the score of a keyword, as a share of the word here.
_PER_COST = 1 / 20
#: Brings the mean to the scale of keywords.
_BEND = 0.72
_LEAST_LIKE = 0.3
#: As few items as there may be, rare words are no rarer.
_FEW_ITEMS = 8
_LONGEST_RUN = 400


#: Words of a message: what each weighs, and the known words that it may be, with their costs.
Weighed = Mapping[str, tuple[float, Mapping[str, float]]]


class Likeness:
    """The phrases of an index by their words, and what each word weighs."""

    def __init__(self, phrases: Sequence[Phrase], vocabulary: Vocabulary) -> None:
        self._phrases = phrases
        uses: dict[str, dict[str, int]] = {}
        self._parts = [tuple(dict.fromkeys(parts(phrase.words))) for phrase in phrases]
        for phrase, words in zip(phrases, self._parts, strict=True):
            for word in words:
                items = uses.setdefault(word, {})
                items[phrase.item] = items.get(phrase.item, 0) + 1
        #: How surely each item that uses a word means it.
        self._owners: dict[str, dict[str, float]] = {
            word: {item: count / (count + _CHANCE) for item, count in items.items()}
            for word, items in uses.items()}
        size = math.log(max(_FEW_ITEMS, len({phrase.item for phrase in phrases})))
        self._weights: dict[str, float] = {}
        for word in uses:
            owners = set(uses[word]).union(*(
                uses[form] for form in vocabulary.forms(word) if form in uses))
            self._weights[word] = _weight(word, max(0.0, 1 - math.log(len(owners)) / size))
        self._totals = [sum(self._weights[word] for word in words) for words in self._parts]
        self._examples: dict[str, list[int]] = {}
        for number, phrase in enumerate(phrases):
            if phrase.kind == "example":
                self._examples.setdefault(phrase.item, []).append(number)

    def __bool__(self) -> bool:
        return bool(self._examples)

    def weighed(self, words: Iterable[str], forms: Iterable[Mapping[str, float]]) -> Weighed:
        """What each word of a message is taken for; a run is taken by its pairs."""
        weights = self._weights
        found: dict[str, tuple[float, Mapping[str, float]]] = {}
        for word, known in zip(words, forms, strict=True):
            if known:
                form = word if word in known else min(known, key=lambda one: (known[one], one))
                found[word] = weights[form], known
            elif word in COMMON:
                found[word] = _COMMON, known
            elif is_run(word):
                self._weigh_run(word[:_LONGEST_RUN], found)
            else:
                found[word] = _weight(word, _UNKNOWN), known
        return found

    def _weigh_run(self, run: str, found: dict[str, tuple[float, Mapping[str, float]]]) -> None:
        """The pairs of a run; one that only joins two known words is no word of its own."""
        taken = pairs(run)
        known = {place + side for place, pair in enumerate(taken) if pair in self._weights
                 for side in (0, 1)}
        if not known:
            found[run] = 2 * _weight(run, _UNKNOWN), {}
            return
        for place, pair in enumerate(taken):
            if pair in self._weights:
                found[pair] = self._weights[pair], {pair: 0.0}
            else:
                strange = "".join(character for side, character in enumerate(pair)
                                  if place + side not in known)
                found[pair] = _weight(strange, _UNKNOWN) if strange else 0.0, {}

    def hits(self, weighed: Weighed) -> list[Hit]:
        """The example of each item that the message is most like."""
        total = understood = 0.0
        for weight, forms in weighed.values():
            total += weight
            if forms:
                understood += weight
        least = _LEAST_LIKE * total
        if not total or understood <= least:
            return []  # as with nearly every message about something else
        held: dict[str, float] = {}  # what the message holds of a known word
        known: dict[str, float] = {}  # of the message's weight, what an item knows
        for weight, forms in weighed.values():
            best: dict[str, float] = {}
            for form, cost in forms.items():
                likely = 1 - cost * _PER_COST
                if likely > held.get(form, 0.0):
                    held[form] = likely
                for item, surely in self._owners[form].items():
                    if likely * surely > best.get(item, 0.0):
                        best[item] = likely * surely
            for item, surely in best.items():
                known[item] = known.get(item, 0.0) + weight * surely
        return [hit for item, weight in known.items() if weight > least
                if (hit := self._best(item, weighed, held, weight / total, total)) is not None]

    def _best(self, item: str, weighed: Weighed, held: Mapping[str, float], lent: float,
              total: float) -> Hit | None:
        weights = self._weights
        likeness, phrase = 0.0, -1
        for number in self._examples.get(item, ()):
            words = self._parts[number]
            said = sum(weights[word] * held[word] for word in words if word in held)
            said /= self._totals[number] or 1.0
            if not said:
                continue
            own = sum(weight * max((1 - cost * _PER_COST for form, cost in forms.items()
                                    if form in words), default=0.0)
                      for weight, forms in weighed.values())
            explained = _LENT * lent + (1 - _LENT) * own / total
            mean = 1 / (_EXPLAINED / explained + (1 - _EXPLAINED) / said)
            if mean > likeness:
                likeness, phrase = mean, number
        return Hit(phrase, 100 * min(1.0, likeness) ** _BEND) if phrase >= 0 else None


def _weight(word: str, rarity: float) -> float:
    if word in TEMPER or any(map(str.isdigit, word)):
        return 0.0
    if is_run(word):
        light = sum(map(RUN_LIGHT.__contains__, word))
        return max(_COMMON, _CHARACTER * rarity * (len(word) - light))
    if word in NEGATIONS:
        return _NEGATION
    if word in COMMON:
        return max(_COMMON, 2 * _COMMON * rarity)
    if word in ASKING:
        return min(_ASKING, rarity)
    return max(_LEAST, rarity)
