from __future__ import annotations

import pytest

from bot.nearest import nearest


@pytest.mark.parametrize(("word", "options", "expected"), [
    ("gte", ["delete", "get", "post"], "get"),
    ("prot", ["host", "port"], "port"),
    ("Europe/Brelin", ["Europe/Dublin", "Europe/Berlin"], "Europe/Berlin"),
    ("SAY", ["say", "send"], "say"),
    ("xyz", ["say", "send"], None),
    ("say", [], None),
])
def test_the_nearest_word_is_the_one_most_likely_meant(
        word: str, options: list[str], expected: str | None) -> None:
    assert nearest(word, options) == expected


def test_of_two_as_near_it_is_the_same_one_in_every_order() -> None:
    assert nearest("bat", ["hat", "cat"]) == nearest("bat", ["cat", "hat"]) == "cat"
