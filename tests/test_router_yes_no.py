"""Yes and no to what the program itself asks: a review, a read-back, an offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import DAY, Talk, flows

BOOKING = """flow: booking
title: {en: Book a day, zh: 订一天, de: Einen Tag buchen}
triggers: {keywords: {en: [booking]}}
slots: {day: {type: date, label: {en: Day, zh: 日期, de: Tag}}}
steps:
  ask_day: {say: {en: Which day?, zh: 哪一天？, de: Welcher Tag?}, ask: day}
  check: {review: [day]}
  done: {say: {en: Booked., zh: 好了。, de: Gebucht.}, end: booked}
"""
OTHER = """flow: other
title: Another thing
triggers: {keywords: {en: [another thing]}}
steps: {a: {say: There., end: done}}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(flows(tmp_path, BOOKING, OTHER)).says("booking")


@pytest.mark.parametrize("word", ["yes", "Sure", "ok", "yeah", "👍", "that is right",
                                  "yes, perfect", "correct!", "ja", "stimmt", "好的", "没错",
                                  "confirm please",
                                  "looks good to me", "confrim", "yes that's fine"])
def test_a_review_is_confirmed_by_every_plain_yes(talk: Talk, word: str) -> None:
    assert talk.says("2026-03-20").says(word).outcome == "booked"


@pytest.mark.parametrize("words", ["I can't confirm this", "never confirm that", "conf",
                                   "why should I confirm?", "什么是确认", "is this correct?",
                                   "I don't want to cancel", "can I still cancel later?"])
def test_a_word_in_a_sentence_confirms_and_cancels_nothing(talk: Talk, words: str) -> None:
    talk.says("2026-03-20").says(words)
    assert talk.step == "booking/check"
    assert "Confirm" in talk.titles


@pytest.mark.parametrize("word", ["no", "nope", "nein", "that's wrong", "不对"])
def test_a_plain_no_to_a_review_is_edit(talk: Talk, word: str) -> None:
    assert "Which day?" in talk.says("2026-03-20").says(word).said


@pytest.mark.parametrize(("word", "step"), [
    ("sure", "check"), ("ok", "check"), ("ja", "check"), ("👍", "check"), ("no", "ask_day"),
    ("nope", "ask_day"), ("wrong", "ask_day"), ("nein", "ask_day")])
def test_a_read_back_takes_every_plain_yes_and_no(talk: Talk, word: str, step: str) -> None:
    assert "I understood" in talk.says("next tuesday").said
    assert talk.says(word).step == f"booking/{step}"
    assert ("Please send a date" in talk.said) is False


@pytest.mark.parametrize("words", ["no, 2026-03-20", "nein, 2026-03-20", "不是，2026-03-20"])
def test_what_is_put_right_is_the_answer(talk: Talk, words: str) -> None:
    talk.says("next tuesday").says(words)
    assert talk.slots == {"day": "2026-03-20"}


@pytest.mark.parametrize(("word", "step"), [("sure", ""), ("ja", ""), ("nope", "booking/ask_day"),
                                            ("nein", "booking/ask_day")])
def test_an_offer_to_turn_to_something_else_takes_them_too(talk: Talk, word: str,
                                                           step: str) -> None:
    talk.says("another thing")
    assert talk.titles
    assert talk.says(word).step == step


def test_thanks_are_answered_and_the_open_question_stands(talk: Talk) -> None:
    assert talk.says("thank you!").said.startswith("You are welcome!")
    assert "Which day?" in talk.said


@pytest.mark.parametrize("word", ["yes", "Go on", "ok", "ja", "继续"])
def test_what_was_left_for_days_is_taken_up_by_a_word(talk: Talk, word: str) -> None:
    talk.waits(4 * DAY)
    assert "not finished" in talk.says("hello").said
    assert talk.says(word).step == "booking/ask_day"
    assert "stacked" not in talk.state


def test_what_was_left_for_days_is_given_up_by_a_no(talk: Talk) -> None:
    talk.waits(4 * DAY)
    talk.says("hello").says("no")
    assert (talk.outcome, talk.said) == ("abandoned", "All right, I have stopped this.")
    assert "stacked" not in talk.state


def test_what_was_left_for_days_is_offered_three_times_and_then_forgotten(talk: Talk) -> None:
    talk.waits(4 * DAY)
    for words in ("hello", "gibberish zzz", "thanks"):
        assert "not finished" in talk.says(words).said
    assert "not finished" not in talk.says("hello").said
    assert "stacked" not in talk.state


@pytest.mark.parametrize("number", ["1", "2", "3", "the first"])
def test_a_number_confirms_and_cancels_nothing(talk: Talk, number: str) -> None:
    assert talk.says("2026-03-20").says(number).rule == "refused"
    assert talk.step == "booking/check"
