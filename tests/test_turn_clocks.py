from __future__ import annotations

from pathlib import Path

import pytest
from returning import RETURNS, SHOES, returning
from talking import HOUR, Talk, flows

PLAIN = """flow: plain
title: Plain
triggers: {keywords: {en: [plain]}}
slots: {word: {type: text}, more: {type: text}}
steps:
  ask: {say: A word?, ask: word}
  then: {say: Another?, ask: more, remind: none}
  done: {say: Done., end: done}
"""


def test_a_time_out_says_its_words_once_and_the_question_stays(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").waits(2 * HOUR)
    assert (talk.said, talk.step, talk.rule) == (
        "Still there? Your return is not finished.", "returns/ask_order", "timer")
    assert talk.decision is not None
    assert talk.decision.timers == {}
    assert talk.says("AB123456").decision is not None


def test_it_counts_from_the_later_of_the_wait_and_the_last_word(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").waits(HOUR).says("12")
    assert talk.decision is not None
    due, _ = talk.decision.timers["timeout"]
    assert due == talk.now + 2 * HOUR
    talk.says("AB123456")
    assert talk.decision.timers == {}  # a call runs
    talk.now += HOUR
    talk.returns(SHOES)
    assert talk.decision.timers["timeout"][0] == talk.now + 2 * HOUR


def test_a_word_of_the_contact_starts_the_count_anew(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").waits(2 * HOUR).says("12").waits(2 * HOUR)
    assert "Still there" in talk.said


def test_a_timer_of_an_earlier_wait_is_stale(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return")
    assert talk.decision is not None
    _, token = talk.decision.timers["timeout"]
    talk.says("12")
    for name, tried in (("timeout", token), ("other", token), ("timeout", "")):
        talk.happens("timer", {"name": name, "token": tried})
        assert (talk.rule, talk.contents) == ("stale", [])
    talk.now, token = talk.decision.timers["timeout"]
    talk.happens("timer", {"name": "timeout", "token": token})
    assert talk.rule == "timer"
    talk.happens("timer", {"name": "timeout", "token": token})
    assert talk.rule == "stale"


@pytest.mark.parametrize(("then", "step", "outcome"), [
    ("end", "", "timed_out"), ("too_late", "", "too_late"),
    ("talk_to_us", "returns/talk_to_us", ""), ("handoff", "returns/ask_order", "")])
def test_then_says_where_a_time_out_leads(tmp_path: Path, then: str, step: str,
                                          outcome: str) -> None:
    source = RETURNS.replace("then: stay", f"then: {then}")
    talk = returning(tmp_path, source).says("return").waits(2 * HOUR)
    assert (talk.step, talk.outcome) == (step, outcome)
    assert talk.said.startswith("Still there?")
    assert (talk.owner == "queue") == (then in ("handoff", "talk_to_us"))


def test_the_flows_own_reminder_goes_out_once_and_hands_over(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return")
    assert talk.decision is not None
    assert talk.decision.remind_at == talk.heard_at + 23 * HOUR
    talk.waits(23 * HOUR)
    assert (talk.rule, talk.owner) == ("reminder", "queue")
    assert "one more hour only" in talk.said.lower()
    assert talk.decision.ticket is not None
    assert (talk.decision.ticket.queue, talk.decision.ticket.reason) == ("support", "reminder")
    assert talk.decision.remind_at is None


def test_the_general_reminder_goes_out_once_and_a_word_arms_it_again(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, PLAIN)).says("plain").waits(23 * HOUR)
    assert "one more hour only" in talk.said
    assert talk.step == "plain/ask"
    assert talk.decision is not None
    assert talk.decision.remind_at is None
    assert talk.happens("reminder", {}).rule == "stale"
    talk.gets({"type": "sticker", "media": {"id": "s", "mime_type": "image/webp"}})
    assert talk.decision.remind_at == talk.heard_at + 23 * HOUR
    talk.waits(23 * HOUR)
    assert "one more hour only" in talk.said


def test_a_step_may_have_none(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, PLAIN)).says("plain").says("word")
    assert talk.step == "plain/then"
    assert talk.decision is not None
    assert talk.decision.remind_at is None


def test_a_flow_may_have_several_reminders(tmp_path: Path) -> None:
    source = PLAIN.replace("remind: none", "remind: [{after: 1h, say: One hour.}, "
                                           "{after: 5h, say: Five hours., then: end}]")
    talk = Talk(flows(tmp_path, source)).says("plain").says("word").waits(HOUR)
    assert talk.said == "One hour."
    talk.waits(4 * HOUR)
    assert (talk.said, talk.outcome) == ("Five hours.", "timed_out")


def test_nothing_is_armed_where_nobody_owes_an_answer(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, PLAIN)).says("something else entirely")
    assert talk.decision is not None
    assert (talk.decision.remind_at, talk.decision.timers) == (None, {})


def test_a_ticket_that_waits_tells_the_customer_to_keep_the_chat_open(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("agent")
    assert talk.decision is not None
    assert talk.decision.remind_at == talk.heard_at + 23 * HOUR
    talk.waits(23 * HOUR)
    assert "so that we can still answer you" in talk.said
    assert talk.decision.remind_at is None
    assert talk.says("still here").contents == []
    assert talk.decision.remind_at == talk.heard_at + 23 * HOUR


def test_an_agent_who_owes_an_answer_is_reminded_in_silence(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("agent").agent("take")
    assert talk.decision is not None
    assert talk.decision.remind_at == talk.heard_at + 23 * HOUR
    talk.agent("reply", "Hello")
    assert talk.decision.remind_at is None
    talk.says("so?")
    assert talk.decision.remind_at == talk.heard_at + 23 * HOUR
    talk.waits(23 * HOUR)
    assert (talk.rule, talk.contents) == ("reminder", [])


def test_a_reminder_that_comes_after_the_window_has_closed_says_nothing(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return")
    talk.now += 25 * HOUR
    assert talk.happens("reminder", {}).rule == "expired"
    assert talk.contents == []


def test_no_clock_runs_for_who_has_opted_out(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("stop")
    assert talk.decision is not None
    assert (talk.decision.timers, talk.decision.remind_at) == ({}, None)


def test_clocks_count_anew_when_an_agent_gives_the_conversation_back(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("agent").agent("take")
    talk.now += 5 * HOUR
    talk.agent("return")
    assert talk.decision is not None
    assert talk.decision.timers["timeout"][0] == talk.now + 2 * HOUR


def test_a_flow_nobody_answered_for_too_long_is_offered_and_not_taken_up(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    button = talk.button("Wrong item")
    talk.now += 80 * HOUR
    talk.says("wrong item")
    assert talk.step == ""
    assert "*Return an item* is not finished." in talk.said
    assert "Why are you returning" in talk.taps("Go on").said
    assert talk.says("wrong item").step == "returns/review"
    talk.now += 80 * HOUR
    assert talk.says("refund").step == "returns/ask_order"
    assert "not finished" not in talk.said
    assert talk.tap(button).rule == "old_tap"


def test_a_button_takes_up_a_flow_however_long_it_has_waited(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    talk.now += 80 * HOUR
    assert talk.taps("Wrong item").step == "returns/review"


def test_a_time_out_that_only_nudges_says_nothing_when_the_reminder_is_due_as_well(
        tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return")
    assert talk.decision is not None
    _, token = talk.decision.timers["timeout"]
    talk.now += 23 * HOUR
    talk.happens("timer", {"name": "timeout", "token": token})
    assert (talk.rule, talk.contents) == ("timer", [])
    talk.happens("reminder", {})
    assert "one more hour only" in talk.said.lower()
