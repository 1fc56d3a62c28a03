"""The word that somebody most likely meant."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz.distance import DamerauLevenshtein


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The one of `options` that is spelt most like `word`; None when none is near."""
    best, found = 0.6, None
    for option in sorted(options):  # of two as near, the same one in every process
        # Not WRatio and its kind: they find `gte` in `delete` rather than `get`.
        likeness = DamerauLevenshtein.normalized_similarity(word.lower(), option.lower())
        if likeness >= best and (found is None or likeness > best):
            best, found = likeness, option
    return found
