from __future__ import annotations

from pathlib import Path

import pytest
from returning import SHOES, returning
from talking import Talk

#: Three more topics, each a question.
TOPICS = tuple(f"""flow: {name}
title: {{en: {title}}}
triggers: {{keywords: {{en: [{word}]}}}}
interruptible: yes
slots: {{{name}_note: {{type: text, pattern: '\\d+'}}}}
steps:
  ask: {{say: {{en: "{title}: which number?"}}, ask: {name}_note}}
  done: {{say: {{en: "{title} done."}}, end: done}}
""" for name, title, word in (("invoice", "Get an invoice", "invoice"),
                              ("voucher", "Redeem a voucher", "voucher"),
                              ("complaint", "Make a complaint", "complaint")))


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return returning(tmp_path, *TOPICS)


def switched(talk: Talk, word: str) -> Talk:
    return talk.says(word).taps("Yes, switch")


def test_an_interrupted_flow_is_gone_on_with_where_it_was(talk: Talk) -> None:
    talk.says("return").says("AB123456").returns(SHOES)
    switched(talk, "invoice")
    assert talk.step == "invoice/ask"
    talk.says("12")
    assert talk.said == ("Get an invoice done.\n\n*Return an item* is not finished. "
                         "Go on with it?")
    assert talk.titles == ["Go on", "No, leave it"]
    assert talk.outcome == "done"
    talk.taps("Go on")
    assert talk.step == "returns/ask_reason"
    assert "Why are you returning Trail shoes?" in talk.said
    assert talk.slots["order_number"] == "AB123456"
    assert "stacked" not in talk.state
    assert talk.says("wrong item").step == "returns/review"


@pytest.mark.parametrize("word", ["No, leave it", "no", "nein", "cancel"])
def test_who_does_not_want_to_go_on_says_no(talk: Talk, word: str) -> None:
    switched(talk.says("return"), "invoice").says("12").says(word)
    assert (talk.step, talk.outcome) == ("", "abandoned")
    assert "stacked" not in talk.state
    assert "not finished" not in talk.says("thanks").said


def test_flows_that_interrupt_each_other_are_offered_from_the_last_to_the_first(
        talk: Talk) -> None:
    switched(talk.says("return"), "invoice").says("voucher").says("7")
    assert "*Get an invoice* is not finished" in talk.said
    talk.taps("Go on").says("12")
    assert "*Return an item* is not finished" in talk.said
    assert talk.taps("Go on").step == "returns/ask_order"


def test_a_no_to_the_last_offers_the_one_before(talk: Talk) -> None:
    switched(talk.says("return"), "invoice").says("voucher").says("7").says("no")
    assert "*Return an item* is not finished" in talk.said


def test_at_most_three_rest_and_the_oldest_ends(talk: Talk, tmp_path: Path) -> None:
    talk = returning(tmp_path / "four", *TOPICS, TOPICS[0].replace("invoice", "parcel"))
    switched(talk.says("return"), "invoice").says("voucher").says("complaint")
    assert [one["runs"][0]["flow"] for one in talk.state["stacked"]] == [
        "returns", "invoice", "voucher"]
    talk.says("parcel")
    assert talk.outcome == "abandoned"
    assert [one["runs"][0]["flow"] for one in talk.state["stacked"]] == [
        "invoice", "voucher", "complaint"]


def test_a_resting_flow_that_is_asked_for_again_goes_on(talk: Talk) -> None:
    talk.says("return").says("AB123456").returns(SHOES)
    switched(talk, "invoice").says("return")
    assert talk.step == "returns/ask_reason"
    assert talk.slots["order_number"] == "AB123456"
    talk.says("wrong item").taps("Confirm")
    assert [one["runs"][0]["flow"] for one in talk.state["stacked"]] == ["invoice"]


def test_a_resting_flow_begins_anew_for_another_order(tmp_path: Path) -> None:
    invoice = TOPICS[0].replace("type: text, pattern: '\\d+'", "type: email")
    talk = returning(tmp_path, invoice).says("return").says("AB123456").returns(SHOES)
    switched(talk, "invoice").says("I want to return CD654321").returns(SHOES)
    assert (talk.step, talk.slots["order_number"]) == ("returns/ask_reason", "CD654321")
    assert [one["runs"][0]["flow"] for one in talk.state["stacked"]] == ["invoice"]


def test_a_button_of_a_resting_flow_answers_its_question(talk: Talk) -> None:
    talk.says("return").says("AB123456").returns(SHOES)
    button = talk.button("Wrong item")
    switched(talk, "invoice").tap(button)
    assert talk.step == "returns/review"
    assert [one["runs"][0]["flow"] for one in talk.state["stacked"]] == ["invoice"]


def test_a_button_of_an_answered_question_leaves_nothing_for_a_resting_flow(talk: Talk) -> None:
    talk.says("return").says("AB123456").returns(SHOES)
    button = talk.button("It is damaged")
    switched(talk.tap(button), "invoice").waits(120_000).tap(button)
    assert (talk.rule, talk.step) == ("old_tap", "invoice/ask")
    assert "which number?" in talk.said


def test_a_flow_that_must_not_be_interrupted_keeps_the_resting_ones_waiting(
        tmp_path: Path) -> None:
    talk = returning(tmp_path, TOPICS[0].replace("interruptible: yes", "interruptible: no"))
    talk.says("return").says("AB123456").returns(SHOES)
    button = talk.button("Wrong item")
    switched(talk, "invoice").tap(button)
    assert talk.said.startswith("Let us finish this first.")
    assert talk.step == "invoice/ask"


def test_the_offer_stands_beside_what_else_is_said(talk: Talk) -> None:
    switched(talk.says("return"), "invoice").says("12").says("what are your opening hours")
    assert "not finished" in talk.said
    assert talk.says("yes").step == "returns/ask_order"


def test_another_flow_started_instead_leaves_it_resting(talk: Talk) -> None:
    switched(talk.says("return"), "invoice").says("12").says("voucher")
    assert talk.step == "voucher/ask"
    assert "*Return an item* is not finished" in talk.says("7").said


def test_an_agent_who_closes_the_ticket_ends_all_of_them(talk: Talk) -> None:
    switched(talk.says("return"), "invoice").says("agent").agent("take").agent("close")
    assert "stacked" not in talk.state


def test_who_wants_no_messages_is_offered_nothing(talk: Talk) -> None:
    switched(talk.says("return"), "invoice").says("stop")
    assert "stacked" not in talk.state
    assert "not finished" not in talk.says("start").said


def test_the_same_flow_tapped_again_begins_anew_and_rests_nowhere(talk: Talk) -> None:
    row = talk.says("menu").button("Return an item")
    talk.tap(row).says("AB123456").returns(SHOES).waits(60_000).tap(row)
    assert (talk.step, talk.outcome) == ("returns/ask_order", "abandoned")
    assert "stacked" not in talk.state
