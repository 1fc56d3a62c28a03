from __future__ import annotations

import csv
import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.language.match import Ambiguous, Candidate, Keywords, decide

DATA = Path(os.environ.get("FRONTDESK_DATA",
                           Path(__file__).parent.parent.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def shop() -> Keywords:
    index = Keywords()
    for item, keywords, examples in (
            ("returns", "return;refund;send back;exchange;退货;退款",
             "the shoes don't fit and I want to give them back;I would like to send my order back;"
             "鞋子不合脚，我想退掉"),
            ("order_status", "order status;my order;track;tracking;my parcel;查订单;我的订单;订单",
             "where is my order;when will my parcel arrive;我的包裹到哪了"),
            ("reschedule", "reschedule;move appointment;appointment;改约;预约",
             "I need to move my appointment;can I come at another time"),
            ("return_policy", "return policy;退货政策",
            "how many days do I have to return something"),
            ("opening_hours", "opening hours;open today;营业时间;เวลาทำการ;समय",
             "when are you open;until what time are you open"),
            ("invoice", "invoice;receipt;Rechnung;発票;发票", "I need an invoice for my company")):
        for phrase in keywords.split(";"):
            index.add(item, phrase, "en")
        for phrase in examples.split(";"):
            index.add(item, phrase, "en", "example")
    return index


@pytest.mark.parametrize(("text", "item"), [
    ("i want to retrun my shoes", "returns"), ("RETURN!!!", "returns"), ("退货", "returns"),
    ("I want to return my order", "returns"), ("can I send it back?", "returns"),
    ("i would like to get a refnud", "returns"), ("returning an item", "returns"),
    ("the shoes do not fit, i want to give them back", "returns"), ("我想退货", "returns"),
    ("鞋子不合脚想退", "returns"), ("where is my order", "order_status"),
    ("wheres my oder??", "order_status"), ("track it", "order_status"),
    ("has my parcel arrived", "order_status"), ("我的订单什么时候到", "order_status"),
    ("move my apointment please", "reschedule"), ("我要改约", "reschedule"),
    ("what is your return policy", "return_policy"), ("退货政策是什么", "return_policy"),
    ("when are you open on sunday", "opening_hours"), ("ขอทราบเวลาทำการ", "opening_hours"),
    ("समय क्या है", "opening_hours"), ("Ich brauche eine Rechnung", "invoice"),
    ("ｉｎｖｏｉｃｅ", "invoice"), ("in\u200bvoice pls", "invoice")])
def test_a_message_finds_its_item(shop: Keywords, text: str, item: str) -> None:
    found = decide(shop.find(text))
    assert isinstance(found, Candidate), found
    assert found.item == item


@pytest.mark.parametrize("text", [
    "no", "know", "ok", "I know nothing about that", "book", "hello", "the weather is nice today",
    "你好", "谢谢", "1", "12345678", "👍", "", "   ", "my name is Anna", "older", "turn left",
    "再见",
    "what is the capital of France", "my backpack is red", "sender"])
def test_a_message_about_something_else_finds_nothing(shop: Keywords, text: str) -> None:
    assert decide(shop.find(text)) is None


def test_a_whole_keyword_counts_most_and_says_so(shop: Keywords) -> None:
    first = shop.find("Return")[0]
    assert (first.item, first.score, first.whole) == ("returns", 100.0, True)
    inside = shop.find("i want to return the shoes from last week")[0]
    assert not inside.whole
    mistyped = shop.find("i want to retrun the shoes from last week")[0]
    assert mistyped.score < inside.score < first.score
    assert shop.find("我想退货")[0].whole is False
    assert all(0 <= one.score <= 100 for one in shop.find("where is my order to return"))


def test_two_items_too_close_to_call_are_both_named() -> None:
    index = Keywords()
    index.add("a", "delivery", "en")
    index.add("b", "delivery", "en")
    found = decide(index.find("delivery"))
    assert isinstance(found, Ambiguous)
    assert [one.item for one in found.candidates] == ["a", "b"]


def test_a_longer_phrase_outweighs_the_word_in_it(shop: Keywords) -> None:
    found = shop.find("tell me about the return policy of your shop")
    assert found[0].item == "return_policy"
    assert found[0].score - next(one.score for one in found if one.item == "returns") > 5


def test_phrases_added_later_are_found_too(shop: Keywords) -> None:
    index = Keywords()
    assert index.find("gift") == []
    index.add("gifts", "gift card", "en")
    assert index.find("gift card")[0].item == "gifts"
    index.add("vouchers", "voucher", "en")
    assert index.find("a voucher")[0].item == "vouchers"
    index.add("nothing", "!!!", "en")
    assert len(index) == 2


@given(text=st.text())
def test_any_message_can_be_matched(shop: Keywords, text: str) -> None:
    decide(shop.find(text))


def test_the_beginning_of_a_long_message_counts(shop: Keywords) -> None:
    story = "return please, " + "and then it rained and we went home " * 30
    assert shop.find(story)[0].item == "returns"


def test_a_long_message_costs_little(shop: Keywords) -> None:
    start = time.perf_counter()
    shop.find("return my order " * 20_000)
    shop.find("退货" * 2_000)
    shop.find("a" * 65_536)
    assert time.perf_counter() - start < 2


def test_sentences_of_customers_find_their_intent_and_others_none() -> None:
    if not (DATA / "intents" / "train.csv").exists():
        pytest.skip(f"no sentences at {DATA}: set FRONTDESK_DATA")
    chance = random.Random(11)
    index, by_intent = Keywords(), {}
    with (DATA / "intents" / "train.csv").open() as file:
        for row in csv.DictReader(file):
            if not set(row["tags"]) & set("WZ"):
                by_intent.setdefault(row["intent"], []).append(row["utterance"])
    for intent, sentences in by_intent.items():
        index.add(intent, intent.replace("_", " "), "en")
        for sentence in chance.sample(sentences, 20):
            index.add(intent, sentence, "en", "example")
    right = wrong = total = 0
    with (DATA / "intents" / "dev.csv").open() as file:
        for row in csv.DictReader(file):
            found = decide(index.find(row["utterance"]))
            total += 1
            if isinstance(found, Candidate):
                right += found.item == row["intent"]
                wrong += found.item != row["intent"]
    others = (DATA / "intents" / "other_subjects_dev.txt").read_text().splitlines()
    taken = sum(isinstance(decide(index.find(line)), Candidate) for line in others)
    assert right / total > 0.7
    assert wrong / total < 0.04
    assert taken / len(others) < 0.03
