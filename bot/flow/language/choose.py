"""How a typed answer finds one of the choices that were shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA

from bot.flow.language import numerals
from bot.flow.language.lexicon import COMMON, FILLER, NEGATIONS, RUN_FILLER, RUN_NEGATIONS
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import is_run, normalise

How = Literal["label", "position", "words", "near"]


@dataclass(frozen=True, slots=True)
class ChoiceLabels:
    """A choice with everything it is called: label and `also`, in every language."""

    id: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    id: str
    how: How


@dataclass(frozen=True, slots=True)
class Several:
    """Choices that all fit: they are shown again, and only they."""

    ids: tuple[str, ...]


#: An emoji is the same one in every skin.
_PLAIN_EMOJI = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])


class _Labels:
    """The labels of one list of choices, taken apart once."""

    def __init__(self, choices: tuple[ChoiceLabels, ...]) -> None:
        self.ids = tuple(choice.id for choice in choices)
        self.names: dict[tuple[str, ...], list[int]] = {}
        self.raw: dict[str, list[int]] = {}
        self.holders: dict[str, set[int]] = {}
        self.runs: list[tuple[str, int]] = []
        self.joined: list[tuple[str, int]] = []
        self.numbered = False
        for place, choice in enumerate(choices):
            for label in choice.labels:
                words = normalise(label)
                for places in (self.names.setdefault(words, []),
                               self.raw.setdefault(_raw(label), [])):
                    if place not in places:
                        places.append(place)
                if words and all(numerals.is_number(word) for word in words):
                    self.numbered = True
                for word in words:
                    self.holders.setdefault(word, set()).add(place)
                if any(is_run(word) for word in words):
                    self.runs.append(("".join(words), place))
                elif words:
                    self.joined.append((" ".join(words), place))
        self.names.pop((), None)
        self.raw.pop("", None)
        self.vocabulary = Vocabulary(word for word in self.holders if not is_run(word))


def choose(text: str, choices: Sequence[ChoiceLabels]) -> Chosen | Several | None:
    """The choice that the answer means, those that it may mean, or none.

    In this order: a label, the position in the list (unless a label is itself a number), words
    that occur in one choice only, a near miss.
    """
    if not choices or len(text) > 1_000:
        return None
    labels = _labels(tuple(choices))
    words = normalise(text)
    exact = labels.names.get(words) or labels.raw.get(_raw(text))
    if exact:
        return _result(labels, exact, "label")
    if not words:
        return None
    if not labels.numbered:
        place = numerals.position(words, len(choices))
        if place is not None:
            return Chosen(labels.ids[place], "position")
    return (_by_words(labels, words) or _by_run(labels, words)
            or _by_near_words(labels, words) or _by_near_label(labels, words))


def outright(text: str, choice: ChoiceLabels) -> bool:
    """Whether nothing is said but this choice and what is polite: no question, no "never"."""
    words = normalise(text)
    if "?" in text or "？" in text or any(word in NEGATIONS for word in words):
        return False
    own = {word for label in choice.labels for word in normalise(label)}
    if any(is_run(word) for word in words):
        run = "".join(words)
        label = max((one for one in own if one in run), key=len, default="")
        rest = run.replace(label, "", 1)
        return bool(label) and (not rest or _without_filler(rest) in RUN_FILLER)
    more = [word for word in words if word not in FILLER | _ABOUT_IT and word not in own]
    near = Vocabulary(word for word in own if not is_run(word))
    return not more or (len(more) == 1 and len(more[0]) >= 5 and bool(near.forms(more[0])))


#: What else may stand beside a yes: "confirm this booking".
_ABOUT_IT = frozenset(["this", "these", "everything", "order", "booking"])


@lru_cache(maxsize=1_024)
def _labels(choices: tuple[ChoiceLabels, ...]) -> _Labels:
    return _Labels(choices)


def _raw(text: str) -> str:
    """What is left of a text without words: an emoji is a label too."""
    return unicodedata.normalize("NFKC", text).strip().casefold().translate(_PLAIN_EMOJI)


def _result(labels: _Labels, places: Iterable[int], how: How) -> Chosen | Several | None:
    found = sorted(set(places))
    if not found:
        return None
    if len(found) == 1:
        return Chosen(labels.ids[found[0]], how)
    if len(found) == len(labels.ids):
        return None  # fits all: it says nothing
    return Several(tuple(labels.ids[place] for place in found))


def _saying(labels: _Labels, words: Sequence[str]) -> list[str]:
    """The words that can tell one choice from another."""
    return [word for word in words if word not in FILLER and
            (word not in COMMON or word in labels.holders)]


def _turned_round(labels: _Labels, words: Sequence[str]) -> bool:
    """Whether the answer says no to what it names, and no label does."""
    return any(word in NEGATIONS and word not in labels.holders for word in words) and \
        not any(word in NEGATIONS for word in labels.holders)


def _fitting(sets: Sequence[set[int]]) -> set[int]:
    """The choice that some words name alone; else those that have all words, else any."""
    alone = set().union(*(one for one in sets if len(one) == 1))
    return alone or set.intersection(*sets) or set.union(*sets)


def _by_words(labels: _Labels, words: Sequence[str]) -> Chosen | Several | None:
    saying = _saying(labels, words)
    everywhere = len(labels.ids)
    held = [labels.holders[word] for word in saying if word in labels.holders
            and len(labels.holders[word]) < everywhere
            and (word not in COMMON or len(labels.holders[word]) == 1)]
    telling = [word for word in saying if word in labels.holders and word not in COMMON]
    if not held or _turned_round(labels, words):
        return None
    if not telling and len(saying) > 2:
        return None
    if len(saying) > 3 * max(1, len(telling)) + 2:
        return None  # about something else, in which the word happens to occur
    return _result(labels, _fitting(held), "words")


def _by_run(labels: _Labels, words: Sequence[str]) -> Chosen | Several | None:
    """A part of a label, or a label within a sentence, in a script without spaces."""
    run = "".join(word for word in words if is_run(word))
    if not run or len(run) > 40:
        return None
    inside = {place for label, place in labels.runs
              if label in run and not _denied(run, label)}
    if inside:
        longest = max(len(label) for label, place in labels.runs if place in inside
                      and label in run)
        inside = {place for label, place in labels.runs if label in run and len(label) == longest}
        return _result(labels, inside, "words")
    core = _without_filler(run)
    if not core:
        return None
    parts = {place for label, place in labels.runs if core in label}
    if parts:
        return _result(labels, parts, "words")
    if len(core) > 8 or any(core.startswith(negation) for negation in RUN_NEGATIONS):
        return None
    shared = [(_longest_part(core, label), place) for label, place in labels.runs]
    most = max((length for length, _ in shared), default=0)
    if most < 2 or 2 * most < len(core):
        return None
    return _result(labels, [place for length, place in shared if length == most], "near")


def _denied(run: str, label: str) -> bool:
    before = run.partition(label)[0]
    return any(negation in before for negation in RUN_NEGATIONS)


def _without_filler(run: str) -> str:
    changed = True
    while changed:
        changed = False
        for part in RUN_FILLER:
            if len(run) > len(part):
                if run.startswith(part):
                    run, changed = run[len(part):], True
                elif run.endswith(part):
                    run, changed = run[:-len(part)], True
    return run


def _longest_part(one: str, other: str) -> int:
    for length in range(min(len(one), len(other)), 1, -1):
        if any(one[start:start + length] in other for start in range(len(one) - length + 1)):
            return length
    return 0


def _by_near_words(labels: _Labels, words: Sequence[str]) -> Chosen | Several | None:
    """Words mistyped, or only begun: 'demaged', or 'mey' for Meyer in a long list."""
    saying = [word for word in _saying(labels, words) if not is_run(word)]
    if not saying or len(saying) > 5 or _turned_round(labels, words):
        return None
    sets = []
    for word in saying:
        meant = labels.vocabulary.forms(word) if len(word) >= 5 else {}
        least = min(meant.values(), default=0.0)
        found = {place for form, cost in meant.items() if cost == least and form not in COMMON
                 for place in labels.holders[form]}
        if not found and len(word) >= 3:
            found = {place for known, places in labels.holders.items()
                     if known.startswith(word) and known not in COMMON for place in places}
        if found:
            sets.append(found)
    if not sets or 2 * len(sets) < len(saying):
        return None
    return _result(labels, _fitting(sets), "near")


def _by_near_label(labels: _Labels, words: Sequence[str]) -> Chosen | Several | None:
    """The whole answer against whole labels: words run together or torn apart."""
    typed = "".join(words)
    if len(typed) < 5 or is_run(typed[0]) or len(typed) > 60 or _turned_round(labels, words):
        return None
    nearest: dict[int, int] = {}
    for label, place in labels.joined:
        plain = label.replace(" ", "")
        most = min(3, len(plain) // 5)
        if most:
            distance = OSA.distance(typed, plain, score_cutoff=most)
            if distance <= most:
                nearest[place] = min(distance, nearest.get(place, distance))
    if not nearest:
        return None
    least = min(nearest.values())
    return _result(labels, [place for place, distance in nearest.items() if distance == least],
                   "near")
