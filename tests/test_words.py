from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import near, normalise, parts_of_run, stems


@pytest.mark.parametrize(("text", "words"), [
    ("I don't KNOW, it's São Paulo!", ("i", "dont", "know", "its", "sao", "paulo")),
    ("ＳＴＯＰ", ("stop",)), ("s\u200bto\u00adp\ufeff.", ("stop",)),
    ("İPTAL ısı", ("iptal", "isi")),
    ("नमस्ते दुनिया", ("नमस्ते", "दुनिया")), ("สวัสดีครับ 123", ("สวัสดีครับ", "123")),
    ("退货AB123456吗？", ("退货", "ab123456", "吗")), ("Straße Ærø", ("strasse", "aero")),
    ("2️⃣ ②", ("2", "2")), ("L’article d'accord", ("l", "article", "d", "accord")),
    ("مَرْحَبًا", ("مرحبا",)), ("Ещё йод", ("еще", "йод")), ("한국어", ("한국어",)),
    ("z̷̢̛a̸l̴g̵o", ("zalgo",)), ("👍 ... !!!", ()), ("a_b-c", ("a", "b", "c")),
    ("\u202eabc\u202c", ("abc",)), ("e\u0301" + "\u0301" * 1_000, ("e",)), ("ｶｰﾄﾞ", ("カード",))])
def test_case_accents_width_and_punctuation_make_no_difference(
        text: str, words: tuple[str, ...]) -> None:
    assert normalise(text) == words


@given(st.text())
def test_any_text_has_words_and_they_are_stable(text: str) -> None:
    words = normalise(text)
    assert all(words)
    normalise(" ".join(words))


@pytest.mark.parametrize(("typed", "meant"), [
    ("retrun", "return"), ("demaged", "damaged"), ("damgaed", "damaged"), ("hlep", "help"),
    ("helpp", "help"), ("ordr", "order"), ("apointmnt", "appointment"), ("cancle", "cancel"),
    ("agnet", "agent"), ("tuseday", "tuesday"), ("recieve", "receive")])
def test_typing_errors_are_forgiven(typed: str, meant: str) -> None:
    assert near(typed, meant)


@pytest.mark.parametrize(("typed", "meant"), [
    ("know", "no"), ("ok", "book"), ("on", "no"), ("nope", "note"), ("men", "menu"),
    ("black", "back"), ("pack", "back"), ("border", "order"), ("12345", "12346"), ("not", "now"),
    ("home", "help"), ("store", "start"), ("chance", "cancel"), ("stop", "shop")])
def test_another_word_is_not_taken_for_a_typing_error(typed: str, meant: str) -> None:
    assert near(typed, meant) is None


def test_a_vocabulary_finds_what_comparing_with_every_word_would_find() -> None:
    known = ["return", "damaged", "appointment", "cancel", "help", "delivery", "invoice", "refund"]
    vocabulary = Vocabulary(known)
    for word in known:
        for place in range(1, len(word) - 1):
            swapped = word[:place] + word[place + 1] + word[place] + word[place + 2:]
            dropped = word[:place] + word[place + 1:]
            for typed in (swapped, dropped, word[:place] + "x" + word[place:]):
                if near(typed, word) is not None:
                    assert word in vocabulary.forms(typed), typed


def test_frequent_words_are_never_typing_errors() -> None:
    vocabulary = Vocabulary(["thing", "order", "there"])
    assert vocabulary.forms("think") == {}
    assert vocabulary.forms("older") == {}
    english, german = ("where", "is", "my", "oder"), ("ja", "oder", "nein")
    assert "order" in vocabulary.forms_of(english)[3]
    assert "order" not in vocabulary.forms_of(german)[1]


def test_inflected_english_words_are_the_word() -> None:
    assert "return" in stems("returning")
    assert "exchange" in stems("exchanging")
    assert "cancel" in stems("cancelled")
    assert "delivery" in stems("deliveries")
    assert "refund" in Vocabulary(["refund"]).forms("refunded")


def test_a_run_is_taken_apart_whole_or_not_at_all() -> None:
    assert parts_of_run("请帮我取消", ("请", "帮我", "帮", "我", "取消"))
    assert not parts_of_run("请帮我取消订单", ("请", "帮我", "取消"))
    assert not parts_of_run("请" * 10_000, ("请", "请请"))
