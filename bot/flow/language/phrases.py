"""The phrases of an index: what an author wrote, and its words as they are compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.flow.language.words import is_run

Kind = Literal["keyword", "example"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A keyword or an example that leads to an item."""

    item: str
    text: str
    language: str
    kind: Kind
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that fits a message, how well, and where."""

    phrase: int
    score: float
    places: frozenset[int] = frozenset()  #: of the message's words; of its characters for a run
    whole: bool = False  #: the message is this phrase and nothing else


def pairs(run: str) -> list[str]:
    """What a run of a script without spaces is compared by: its neighbours, two and two."""
    return [run[place:place + 2] for place in range(len(run) - 1)] or [run]


def parts(words: Iterable[str]) -> list[str]:
    """The words, and of a run its pairs."""
    found: list[str] = []
    for word in words:
        found.extend(pairs(word) if is_run(word) else (word,))
    return found
