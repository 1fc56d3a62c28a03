"""What counts in the likeness of a message to the examples of an item, in several languages."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.flow.language.lexicon import COMMON_ENGLISH
from bot.flow.language.match import Candidate, Keywords, decide
from bot.flow.language.typos import Vocabulary
from bot.flow.language.words import near


def index(language: str, items: dict[str, list[str]]) -> Keywords:
    made = Keywords()
    for item, examples in items.items():
        for example in examples:
            made.add(item, example, language, "example")
    return made


ENGLISH = index("en", {
    "cancel": ["please cancel my order", "withdraw what I bought"],
    "track": ["where is my order", "track a parcel"],
    "invoice": ["send me the invoice", "download a bill"],
    "delivery": ["do you deliver to other countries", "which shipping methods are there"],
    "account": ["close my account", "delete the profile"]})
GERMAN = index("de", {
    "cancel": ["Ich möchte meine Bestellung stornieren", "den Auftrag widerrufen"],
    "track": ["Wo ist mein Paket", "Sendung verfolgen"],
    "invoice": ["Ich brauche eine Rechnung", "Rechnung herunterladen"],
    "hours": ["Wann haben Sie geöffnet", "Öffnungszeiten"]})
CHINESE = index("zh", {
    "cancel": ["我想取消订单", "请帮我取消刚才的订单"], "track": ["我的包裹到哪里了", "查询物流"],
    "invoice": ["我需要开发票", "怎么下载发票"], "refund": ["我要退款", "把钱退给我"]})


def found(phrases: Keywords, text: str) -> str:
    about = decide(phrases.find(text))
    return about.item if isinstance(about, Candidate) else ""


@pytest.mark.parametrize(("text", "item"), [
    ("withdraw my order", "cancel"),  # the verb of one phrase, the object of another
    ("could you help me cancel my order", "cancel"), ("cancel my damn order!!", "cancel"),
    ("cancel order 00123842", "cancel"), ("cancel order {{Order Number}}", "cancel"),
    ("canceling an order", "cancel"), ("cancle my oder", "cancel"),
    ("cancelmy order", "cancel"), ("uhelp me trackmy parcel", "track"),
    ("downloading bills", "invoice"), ("close profile", "account")])
def test_words_of_an_item_are_recognised_in_whatever_they_are_wrapped(
        text: str, item: str) -> None:
    assert found(ENGLISH, text) == item


@pytest.mark.parametrize("text", [
    "cancel the meeting with the dentist tomorrow", "where is my train to hamburg",
    "how do you deliver a baby in a taxi", "close the window please", "how are you doing today",
    "send me a picture of your dog", "can you help me", "{{Order Number}}", "12345"])
def test_words_that_nobody_knows_say_that_it_is_about_something_else(text: str) -> None:
    assert found(ENGLISH, text) == ""


@pytest.mark.parametrize(("text", "item"), [
    ("bitte die bestellung stornieren", "cancel"), ("Stornierung der Bestellung", "cancel"),
    ("wo ist denn mein paket", "track"), ("rechnungen herunterladen", "invoice"),
    ("Oeffnungszeiten", "hours"), ("öffnungszeiten?", "hours"), ("wie wird das wetter morgen", ""),
    ("wie lange kocht man eier", "")])
def test_other_languages_need_no_list_of_their_endings(text: str, item: str) -> None:
    assert found(GERMAN, text) == item


@pytest.mark.parametrize(("text", "item"), [
    ("帮我把订单取消了吧", "cancel"), ("订单可以取消吗", "cancel"), ("可以退款吗", "refund"),
    ("发票怎么开", "invoice"), ("今天天气怎么样", ""), ("请帮我订一张去上海的机票", "")])
def test_scripts_without_spaces_are_compared_by_pairs(text: str, item: str) -> None:
    assert found(CHINESE, text) == item


def test_what_each_word_is_taken_for_can_be_seen() -> None:
    seen = ENGLISH.weighed("damn, cancle my elephant")
    assert seen["damn"] == (0.0, {})
    weight, forms = seen["cancle"]
    assert list(forms) == ["cancel"]
    assert weight > seen["my"][0]
    assert seen["elephant"] == (max(weight for weight, _ in seen.values()), {})


WORDS = ["cancel", "order", "parcel", "delivery", "account", "refund", "newsletter", "invoice",
         "password", "agent", "shipping", "card", "pay", "bill"]


@given(word=st.sampled_from(WORDS), place=st.integers(0, 9),
       kind=st.sampled_from(["out", "in", "other", "swap"]),
       letter=st.sampled_from(string.ascii_lowercase))
def test_a_mistyped_word_is_looked_up_as_surely_as_if_all_were_compared(
        word: str, place: int, kind: str, letter: str) -> None:
    at = place % len(word)
    typed = {"out": word[:at] + word[at + 1:], "in": word[:at] + letter + word[at:],
             "other": word[:at] + letter + word[at + 1:],
             "swap": word[:at] + word[at:at + 2][::-1] + word[at + 2:]}[kind]
    assume(typed not in COMMON_ENGLISH)
    meant = {other for other in WORDS if near(typed, other) is not None}
    vocabulary = Vocabulary(WORDS)
    forms = vocabulary.forms(typed)
    if word in meant and not vocabulary.inflected(typed) - {word}:
        assert word in forms or min(near(typed, other) or 0 for other in meant) < (
            near(typed, word) or 0)


def test_thousands_of_words_that_begin_alike_cost_no_more() -> None:
    vocabulary = Vocabulary((f"product{first}{second}{third}" for first in string.ascii_lowercase
                             for second in string.ascii_lowercase for third in "abcdefgh"),
                            related=True)
    assert vocabulary.forms("productabz") == {}
    assert "productabc" in vocabulary.forms("porductabc")


def test_a_code_is_no_mistyped_other_code() -> None:
    assert Vocabulary(["ab123456", "keyword7"], related=True).forms("ab123457") == {}
