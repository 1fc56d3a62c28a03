from __future__ import annotations

from pathlib import Path

import pytest
from returning import SHOES, returning, reviewing
from talking import Talk, flows


def test_cancel_ends_the_run_and_says_so(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("please cancel")
    assert (talk.outcome, talk.step, talk.rule) == ("cancelled", "", "command")
    assert talk.said == "All right, I have stopped this."
    talk.says("cancel")
    assert "nothing to cancel" in talk.said
    assert talk.titles


def test_help_is_given_and_the_question_repeated(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("help")
    assert "*cancel* to stop" in talk.said
    assert talk.said.endswith("Which order is it?")
    assert talk.step == "returns/ask_order"
    assert "*menu*" in returning(tmp_path).says("help me").said


def test_the_menu_is_given_until_a_choice_leaves(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES).says("menu")
    menu, question = talk.contents
    assert menu["text"] == "What can I do for you?"
    assert "Why are you returning" in question["text"]
    assert talk.step == "returns/ask_reason"
    assert talk.taps("Wrong item").step == "returns/review"


def test_a_greeting_repeats_the_open_question_or_gives_the_menu(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("hello")
    assert talk.said == "Hello!\n\nWhat can I do for you?"
    assert "Return an item" in talk.titles
    assert talk.says("return").says("hi there").said == "Hello!\n\nWhich order is it?"


@pytest.mark.parametrize("words", ["stop", "STOP", "Stop.", "退订", "unsubscribe"])
def test_stop_is_honoured_with_one_confirmation(tmp_path: Path, words: str) -> None:
    talk = returning(tmp_path).says("return").says(words)
    assert talk.contact.opted_out
    assert len(talk.contents) == 1
    assert (talk.outcome, talk.step) == ("cancelled", "")


def test_after_stop_nothing_but_start_is_answered(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("stop")
    for words in ("return", "hello", "stop", "agent"):
        assert "You have stopped our messages" in talk.says(words).said
        assert (talk.step, talk.owner) == ("", "bot")
    assert "You have stopped" in talk.sends("image").said
    talk.says("start")
    assert not talk.contact.opted_out
    assert "Good to have you here!" in talk.said
    assert talk.says("return").step == "returns/ask_order"


def test_stop_is_honoured_while_an_agent_has_it(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("agent").agent("take").says("stop")
    assert talk.contact.opted_out
    assert "no more messages" in talk.said
    assert talk.owner == "agent:a1"
    assert talk.says("hello?").contents == []
    talk.says("start")
    assert not talk.contact.opted_out
    assert talk.owner == "agent:a1"


def test_stop_within_a_sentence_stops_nothing(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("I can't stop laughing")
    assert not talk.contact.opted_out
    assert talk.step == "returns/ask_order"


def test_start_without_stop_gives_the_menu(tmp_path: Path) -> None:
    assert "Return an item" in returning(tmp_path).says("start").titles


def test_repeat_says_the_question_again(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("say that again")
    assert talk.said == "Which order is it?"


@pytest.mark.parametrize("words", ["中文", "in chinese please", "Chinese"])
def test_the_language_changes_at_once_and_stays(tmp_path: Path, words: str) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES).says(words)
    assert (talk.contact.language, talk.contact.language_from) == ("zh", "chosen")
    assert talk.said == "好的，我们用中文继续。\n\n为什么退 Trail shoes？"
    assert talk.titles == ["有破损", "发错货", "尺码不合适"]
    assert "请核对" in talk.says("wrong item").said
    talk.says("refund please")
    assert talk.contact.language == "zh"


def test_language_alone_asks_which_and_a_button_or_its_name_answers(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("change language")
    assert talk.said == "Which language do you prefer?"
    assert talk.titles == ["English", "中文"]
    assert talk.taps("中文").said == "好的，我们用中文继续。\n\n请提供订单号。"
    talk.says("语言").says("English")
    assert talk.contact.language == "en"
    assert talk.said.endswith("Which order is it?")


def test_back_at_the_first_question_and_in_no_flow(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("back")
    assert talk.said == "This is the first question.\n\nWhich order is it?"
    assert returning(tmp_path).says("back").titles


def test_change_without_a_word_at_the_review_is_edit(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).says("edit")
    assert talk.titles == ["Order number", "Reason", "Photo"]
    assert "can't change that" in returning(tmp_path).says("return").says("change").said


def test_a_shop_may_reword_and_remove_commands(tmp_path: Path) -> None:
    own = """commands: own
items:
  agent: {keywords: {en: [boss]}, does: handoff, say: I call the boss.}
  help: {off: true}
  hours: {keywords: {en: [when open]}, say: Always.}
"""
    talk = returning(tmp_path, own)
    assert talk.says("when open").said == "Always."
    assert talk.says("help").rule == "fallback"
    assert talk.says("boss").said == "I call the boss."
    assert talk.owner == "queue"


def test_a_command_may_start_a_flow(tmp_path: Path) -> None:
    own = "commands: own\nitems:\n  quick: {keywords: {en: [quick]}, goto: {flow: returns}}\n"
    assert returning(tmp_path, own).says("quick").step == "returns/ask_order"


def test_no_command_is_left_without_an_answer(tmp_path: Path) -> None:
    first: Talk = returning(tmp_path)
    for name, command in first.flows.commands.items():
        for phrases in command.keywords.values():
            for phrase in phrases:
                for talk in (returning(tmp_path), returning(tmp_path).says("return"),
                             reviewing(tmp_path)):
                    talk.says(phrase)
                    assert talk.decision is not None
                    assert talk.contents or talk.decision.busy, (name, phrase)
                    assert talk.rule in ("command", "answer"), (name, phrase)


def test_the_menu_shows_no_flow_that_is_not_there(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("menu")
    assert talk.titles == ["Return an item"]
    own = """flow: pets
title: A pet
triggers: {keywords: {en: [pet]}}
steps: {done: {say: Meow., end: done}}
"""
    only = Talk(flows(tmp_path / "own", own)).says("menu")
    assert only.titles == ["A pet"]
    assert only.taps("A pet").outcome == "done"
