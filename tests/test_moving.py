from __future__ import annotations

from pathlib import Path

import pytest
from talking import HOUR, Talk, read

FIRST = """flow: order
title: Order something
triggers: {keywords: [order]}
slots:
  what: {type: text, label: What}
  size: {type: choice, label: Size}
  count: {type: text, label: Count}
steps:
  ask_what:
    say: What shall it be?
    ask: what
  ask_size:
    say: Which size?
    choices: {small: {label: Small}, large: {label: Large}}
    save: size
  ask_count:
    say: How many?
    ask: count
    attempts: 3
    on_give_up: bye
    on_timeout: {after: 2h, say: Still there?}
  check:
    review: [what, size, count]
  buy:
    call: shop.buy
    with: {what: "{{ what }}", count: "{{ count }}"}
    on_error: bye
  thanks:
    say: Thank you! Anything to add?
    ask: what
  bye:
    say: Bye, {{ count }} of {{ what }}.
    end: done
"""


def publish(talk: Talk, folder: Path, *texts: str, in_flight: str | None = None) -> None:
    """From now on these texts are the flows; conversations go on."""
    after = read(folder, *texts)
    after.take_over(talk.flows, in_flight)
    talk.flows = after


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(read(tmp_path / "v1", FIRST)).says("order")


def at_count(talk: Talk) -> Talk:
    return talk.says("shoes").says("small")


def test_another_text_is_said_from_now_on_and_nothing_is_sent_again(
        talk: Talk, tmp_path: Path) -> None:
    at_count(talk)
    visit = talk.state["runs"][-1]["visit"]
    publish(talk, tmp_path / "v2", FIRST.replace("How many?", "How many pieces?"))
    talk.sends("image")
    assert "How many pieces?" in talk.said
    assert talk.state["runs"][-1]["visit"] == visit
    assert talk.says("3").titles[:1] == ["Confirm"]


def test_other_rules_hold_for_the_next_answer(talk: Talk, tmp_path: Path) -> None:
    at_count(talk)
    publish(talk, tmp_path / "v2", FIRST.replace(
        "count: {type: text,", "count: {type: text, pattern: '[0-9]+',"))
    assert talk.says("a few").rule == "refused"
    assert talk.says("3").step == "order/check"


def test_more_time_than_before_is_given_to_those_who_are_asked_already(
        talk: Talk, tmp_path: Path) -> None:
    at_count(talk)
    publish(talk, tmp_path / "v2", FIRST.replace("after: 2h", "after: 5h"))
    assert talk.waits(2 * HOUR).rule == "stale"
    assert talk.waits(3 * HOUR - 1).rule == "stale"
    assert talk.waits(1).said == "Still there?"


def test_a_renamed_step_goes_on_with_its_question_and_its_buttons(
        talk: Talk, tmp_path: Path) -> None:
    talk.says("shoes")
    small = talk.button("Small")
    publish(talk, tmp_path / "v2", FIRST.replace("ask_size:", "how_large:")
            + "moved: {ask_size: how_large}\n")
    assert talk.tap(small).step == "order/ask_count"
    assert talk.slots["size"]["id"] == "small"
    assert talk.says("back").step == "order/how_large"


def test_behind_a_step_that_is_gone_the_flow_goes_on_after_the_last_answer(
        talk: Talk, tmp_path: Path) -> None:
    talk.says("shoes")
    publish(talk, tmp_path / "v2", FIRST.replace(
        "  ask_size:\n    say: Which size?\n    choices: {small: {label: Small}, "
        "large: {label: Large}}\n    save: size\n", ""))
    assert talk.says("Small").rule == "moved"
    assert (talk.step, talk.said) == ("order/ask_count", "How many?")
    assert talk.slots == {"what": "shoes"}
    assert talk.says("3").step == "order/check"


def test_without_an_answer_the_first_step_is_the_place(talk: Talk, tmp_path: Path) -> None:
    publish(talk, tmp_path / "v2", FIRST.replace(
        "  ask_what:\n    say: What shall it be?\n    ask: what\n", ""))
    assert talk.says("shoes").step == "order/ask_size"
    assert talk.rule == "moved"
    assert talk.titles == ["Small", "Large"]


def test_a_question_of_another_kind_is_asked_anew(talk: Talk, tmp_path: Path) -> None:
    publish(talk, tmp_path / "v2", FIRST.replace(
        "    say: What shall it be?\n    ask: what",
        "    say: Shoes or hats?\n    choices: {shoes: {label: Shoes}, hats: {label: Hats}}\n"
        "    save: what"))
    assert talk.says("green shoes").said == "Shoes or hats?"
    assert talk.says("shoes").step == "order/ask_size"


def test_a_command_is_obeyed_though_the_question_has_changed(talk: Talk, tmp_path: Path) -> None:
    publish(talk, tmp_path / "v2", FIRST.replace(
        "    say: What shall it be?\n    ask: what",
        "    say: Shoes or hats?\n    choices: {shoes: {label: Shoes}, hats: {label: Hats}}\n"
        "    save: what"))
    assert talk.says("cancel").outcome == "cancelled"
    assert "Shoes or hats" not in talk.said


def test_an_answer_that_the_new_type_refuses_is_asked_anew_and_the_later_ones_are_kept(
        talk: Talk, tmp_path: Path) -> None:
    at_count(talk).says("some")
    assert talk.step == "order/check"
    text = FIRST.replace("count: {type: text,", "count: {type: integer,")
    publish(talk, tmp_path / "v2", text)
    assert talk.says("confirm").step == "order/ask_count"
    assert talk.says("3").step == "order/check"
    assert talk.slots["count"] == 3


def test_who_is_past_a_call_that_changed_something_finishes_where_he_is(
        talk: Talk, tmp_path: Path) -> None:
    at_count(talk).says("3").taps("Confirm").returns({})
    assert talk.step == "order/thanks"
    publish(talk, tmp_path / "v2", FIRST.replace(
        "  thanks:\n    say: Thank you! Anything to add?\n    ask: what\n", ""))
    assert talk.says("a box").outcome == "done"
    assert talk.said == "Bye, 3 of a box."


@pytest.mark.parametrize("sealed", [False, True])
def test_a_restart_begins_again_but_never_behind_a_call_that_changed_something(
        talk: Talk, tmp_path: Path, sealed: bool) -> None:
    at_count(talk)
    if sealed:
        talk.says("3").taps("Confirm").returns({})
    publish(talk, tmp_path / "v2", FIRST.replace("bye", "end_here"), in_flight="restart")
    talk.says("4")
    if sealed:
        assert talk.outcome == "done"
    else:
        assert talk.step == "order/ask_what"
        assert "begin again" in talk.said
        assert talk.slots["what"] == "shoes"
        assert "questions" in talk.state["runs"][0]
        assert talk.says("hats").step == "order/ask_size"


def test_a_call_under_way_comes_to_its_end_in_the_version_that_made_it(
        talk: Talk, tmp_path: Path) -> None:
    at_count(talk).says("3").taps("Confirm")
    publish(talk, tmp_path / "v2", FIRST.replace("  buy:", "  purchase:"))
    assert talk.returns({}).step == "order/thanks"
    assert talk.says("a box").outcome == "done"


def test_going_back_takes_those_along_who_had_moved(talk: Talk, tmp_path: Path) -> None:
    talk.says("shoes")
    publish(talk, tmp_path / "v2", FIRST.replace("ask_size:", "how_large:")
            + "moved: {ask_size: how_large}\n")
    talk.says("neither")
    assert talk.step == "order/how_large"
    publish(talk, tmp_path / "v3", FIRST + "moved: {how_large: ask_size}\n")
    assert talk.says("small").step == "order/ask_count"
    assert talk.state["runs"][0]["version"] == talk.flows.current["order"].id


def test_a_row_that_is_gone_is_not_offered_any_more(talk: Talk, tmp_path: Path) -> None:
    talk.says("shoes")
    large = talk.button("Large")
    publish(talk, tmp_path / "v2", FIRST.replace(", large: {label: Large}",
                                                 ", huge: {label: Huge}"))
    assert talk.tap(large).titles == ["Small", "Huge"]
    assert talk.taps("Huge").step == "order/ask_count"


def test_an_interrupted_flow_is_moved_when_it_is_taken_up_again(
        talk: Talk, tmp_path: Path) -> None:
    other = "flow: hours\ntitle: Our hours\ntriggers: {keywords: [hours]}\ninterruptible: yes\n" \
            "steps:\n  tell:\n    say: Day?\n    ask: day\n  bye:\n    end: told\n" \
            "slots: {day: {type: text}}\n"
    first = FIRST.replace("triggers:", "interruptible: yes\ntriggers:")
    talk.flows = read(tmp_path / "v1b", first, other)
    talk.state = {}
    talk.says("order").says("shoes").says("hours")
    assert talk.step == "hours/tell"
    second = first.replace("ask_size:", "how_large:").replace("Which size?", "How large?")
    publish(talk, tmp_path / "v2", second, other)
    talk.says("Monday")
    assert "Go on" in talk.titles
    talk.taps("Go on")
    assert (talk.step, talk.said) == ("order/how_large", "How large?")
    assert talk.says("small").step == "order/ask_count"
