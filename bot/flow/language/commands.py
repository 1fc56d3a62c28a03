"""What a customer can say at any time. A command is the whole message, or a clear request with
nothing but filler around it; a word within a sentence is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.flow.language.lexicon import FILLER, NEGATIONS, RUN_FILLER
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import is_run, normalise, parts_of_run

#: Cyrillic and Greek letters that look like Latin ones: STOP is honoured in any of them.
_LOOKALIKES = str.maketrans("авсԁеѕіјкмнорԛтихуѡ" + "αβεηικνορτυχ",
                            "abcdesijkmhopqtuxyw" + "abenikvoptux")
_LONGEST_REST = 6


@dataclass(frozen=True, slots=True)
class Said:
    """A command that was said."""

    item: str
    phrase: str
    language: str
    rest: str = ""  #: what followed, of a command that takes something ("change the photo")


@dataclass(frozen=True, slots=True)
class _Phrase:
    item: str
    text: str
    language: str
    words: tuple[str, ...]


class Commands:
    """The commands by all their names in all languages."""

    def __init__(self) -> None:
        self._whole: dict[tuple[str, ...], _Phrase] = {}
        self._exact: set[str] = set()
        self._takes_rest: set[str] = set()
        self._phrases: list[_Phrase] = []
        self._resting: list[_Phrase] = []
        self._begin_resting: frozenset[str] = frozenset()
        self._words: dict[str, set[str]] = {}
        self._runs: dict[str, tuple[str, ...]] = {}
        self._vocabulary: Vocabulary | None = None

    def add(self, item: str, phrase: str, language: str, *, exact: bool = False,
            takes_rest: bool = False) -> None:
        """Let this phrase be this command.

        `exact`: only as the whole message and spelt right (stop, start). `takes_rest`: what
        follows belongs to it (change).
        """
        words = normalise(phrase)
        if not words:
            return
        one = _Phrase(item, phrase, language, words)
        self._whole.setdefault(words, one)
        if exact:
            self._exact.add(item)
        if takes_rest:
            self._takes_rest.add(item)
        self._phrases.append(one)
        self._phrases.sort(key=lambda known: -len("".join(known.words)))
        self._resting = [known for known in self._phrases if known.item in self._takes_rest]
        self._begin_resting = frozenset(known.words[0] for known in self._resting)
        for word in words:
            if is_run(word):
                self._runs[item] = (*self._runs.get(item, ()), word)
            elif word not in NEGATIONS:
                self._words.setdefault(item, set()).add(word)
        self._vocabulary = None

    def find(self, text: str) -> Said | None:
        """The command that this message is, if it is one."""
        words = normalise(text)
        if not words or len(words) > 24:
            return None
        whole = self._whole.get(words) or self._exactly(words)
        if whole is not None:
            return Said(whole.item, whole.text, whole.language)
        return self._requested(words) or self._with_rest(words)

    def is_exact(self, item: str) -> bool:
        """Whether this command is heard only as the whole message."""
        return item in self._exact

    def _exactly(self, words: tuple[str, ...]) -> _Phrase | None:
        """A command that must not be missed, spelt out or in letters that look like it."""
        together = "".join(words)
        spelt = len(together) == len(words)  # one letter a word
        if not spelt and together.isascii():
            return None  # looks like itself only
        for tried in ((together,) if spelt else (),
                      tuple(word.translate(_LOOKALIKES) for word in words),
                      (together.translate(_LOOKALIKES),) if spelt else ()):
            found = self._whole.get(tried)
            if found is not None and found.item in self._exact:
                return found
        return None

    def _requested(self, words: tuple[str, ...]) -> Said | None:
        """A phrase with only filler, or other words of the same command, around it."""
        if any(is_run(word) for word in words):
            said = [word for word in words if not (
                parts_of_run(word, RUN_FILLER) if is_run(word) else word in FILLER)]
            if said and all(is_run(word) for word in said):
                return self._requested_in_run("".join(word for word in words if is_run(word)))
            return None
        forms = []
        for word in words:
            known = self._forms(word)
            if not known and word not in FILLER:
                return None
            forms.append(known)
        begins = set().union(*forms)
        for phrase in self._phrases:
            if phrase.words[0] not in begins or phrase.item in self._exact:
                continue
            start = self._found_at(phrase.words, forms)
            if start is None:
                continue
            around = [*range(start), *range(start + len(phrase.words), len(words))]
            vocabulary = self._words[phrase.item]
            if all(words[place] in FILLER or not vocabulary.isdisjoint(forms[place])
                   for place in around):
                return Said(phrase.item, phrase.text, phrase.language)
        return None

    def _requested_in_run(self, run: str) -> Said | None:
        if len(run) > 24:
            return None
        for phrase in self._phrases:
            if phrase.item in self._exact or not is_run(phrase.words[0]):
                continue
            wanted = "".join(phrase.words)
            if wanted in run:
                parts = tuple(sorted({*self._runs[phrase.item], *RUN_FILLER},
                                     key=len, reverse=True))
                before, _, after = run.partition(wanted)
                if parts_of_run(before, parts) and parts_of_run(after, parts):
                    return Said(phrase.item, phrase.text, phrase.language)
        return None

    def _with_rest(self, words: tuple[str, ...]) -> Said | None:
        if self._begin_resting.isdisjoint(words) and all(map(str.isascii, words)):
            return None  # as with nearly every message
        for phrase in self._resting:
            if is_run(phrase.words[0]):
                run = "".join(words)
                before, found, rest = run.partition("".join(phrase.words))
                if found and rest and len(rest) <= 12 and parts_of_run(before, RUN_FILLER):
                    return Said(phrase.item, phrase.text, phrase.language, rest)
                continue
            start = 0
            while start < len(words) and words[start] in FILLER and \
                    words[start] != phrase.words[0]:
                start += 1
            end = start + len(phrase.words)
            left = words[end:]
            if words[start:end] == phrase.words and 0 < len(left) <= _LONGEST_REST:
                return Said(phrase.item, phrase.text, phrase.language, " ".join(left))
        return None

    def _forms(self, word: str) -> Mapping[str, float]:
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(
                word for phrase in self._phrases for word in phrase.words
                if not is_run(word) and phrase.item not in self._exact)
        return self._vocabulary.forms(word)

    @staticmethod
    def _found_at(wanted: tuple[str, ...], forms: list[Mapping[str, float]]) -> int | None:
        for start in range(len(forms) - len(wanted) + 1):
            if all(word in forms[start + place] for place, word in enumerate(wanted)):
                return start
        return None
