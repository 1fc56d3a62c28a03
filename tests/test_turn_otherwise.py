"""`otherwise`: a typed answer that is none of the choices is the answer to another question."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import testing
from bot.errors import FlowError
from bot.testing import Chat

CONFIG = """
channels: {main: {provider: meta, phone_number_id: "1", app_secret: "${A}", access_token: "${B}",
                  verify_token: "${C}"}}
"""

FLOW = """
flow: visit
title: {en: Visit us}
triggers: {keywords: {en: [visit]}}
slots:
  at: {type: choice}
  day: {type: date, label: {en: Day}, after: today}
steps:
  pick:
    say: {en: Which of these?}
    choices:
      morning: {label: {en: Monday morning}}
      evening: {label: {en: Monday evening}}
    otherwise: ask_day
    save: at
    goto: done
  ask_day:
    say: {en: Which day?}
    ask: day
    skip_if: known
  done:
    say: {en: "See you: {{ at or day }}"}
    end: planned
"""


def talk(tmp_path: Path, flow: str = FLOW) -> Chat:
    (tmp_path / "flows").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows" / "visit.yaml").write_text(flow)
    chat = Chat(testing.load(tmp_path / "config.yaml").flows)
    chat.writes("visit")
    return chat


def test_what_is_no_choice_is_taken_by_the_question_that_can(tmp_path: Path) -> None:
    chat = talk(tmp_path)
    chat.writes("2026-03-20")
    assert chat.messages[-1].text == "See you: Fri, Mar 20, 2026"
    assert (chat.outcome, len(chat.messages)) == ("planned", 4)


def test_a_choice_comes_first(tmp_path: Path) -> None:
    chat = talk(tmp_path)
    chat.writes("evening")
    assert chat.messages[-1].text == "See you: Monday evening"


def test_what_is_relative_is_read_back_and_may_be_changed(tmp_path: Path) -> None:
    chat = talk(tmp_path)
    chat.writes("next friday")
    assert [choice for _, choice, _ in chat.messages[-1].choices] == ["yes", "change"]
    assert "Which day?" not in chat.messages[-1].text
    chat.taps("change")
    assert chat.messages[-1].text == "Which day?"
    chat.writes("2026-03-21")
    assert chat.outcome == "planned"


def test_what_neither_can_take_is_refused_by_the_choices(tmp_path: Path) -> None:
    chat = talk(tmp_path)
    for text in ("purple", "2020-01-01"):
        chat.writes(text)
        assert chat.step == "pick"
        assert [choice for _, choice, _ in chat.messages[-1].choices] == ["morning", "evening"]


def test_back_leads_to_the_choices(tmp_path: Path) -> None:
    chat = talk(tmp_path)
    chat.writes("next friday")
    chat.writes("back")
    assert chat.step == "pick"


@pytest.mark.parametrize(("step", "problem"), [
    ("done", "has no `ask`"), ("nowhere", "there is no step `nowhere`")])
def test_it_names_a_question(tmp_path: Path, step: str, problem: str) -> None:
    with pytest.raises(FlowError, match=problem):
        talk(tmp_path, FLOW.replace("otherwise: ask_day", f"otherwise: {step}"))
