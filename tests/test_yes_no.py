from __future__ import annotations

import pytest

from bot.flow.language import lexicon
from bot.flow.language.yes_no import yes_no


def said(text: str, language: str = "en") -> bool | None:
    return yes_no(text, language)


def test_every_word_of_every_language_means_what_it_says_there() -> None:
    for language, (yes, no) in lexicon.YES_NO.items():
        for answer, words in ((True, yes), (False, no)):
            for word in words:
                assert said(word.upper() + ".", language) is answer, (language, word)


@pytest.mark.parametrize(("text", "answer"), [
    ("yes", True), ("YES!!", True), ("yes yes", True), ("no thanks", False), ("n", False),
    ("nooo", False), ("yes, please", True), ("oui", True), ("好的", True), ("👎", False),
    ("✅", True), ("maybe", None), ("yes and no", None), ("👍👎", None), ("", None),
    ("no problem", None), ("yesterday", None), ("I know", None)])
def test_yes_and_no_as_customers_write_them(text: str, answer: bool | None) -> None:
    assert said(text) is answer


def test_it_is_shown_in_the_language_of_the_contact() -> None:
    assert lexicon.yes_no("pt-BR", "en", True) == "Sim"
    assert lexicon.yes_no("xx", "de", False) == "Nein"
