"""What an author's expression that fails does, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk, flows

from bot.model import QUEUE


def _flow(slot: str, step: str = "", say: str = "How many?") -> str:
    return f"""flow: count
title: Count
triggers: {{keywords: {{en: [count]}}}}
slots:
  n: {{type: integer{slot}}}
  x: {{type: text}}
steps:
  start: {{set: {{x: many}}}}
  ask:
    say: "{say}"
    ask: n
{step}
  done: {{say: "Done, {{{{ n }}}}.", end: done}}
"""


@pytest.mark.parametrize("slot", [", check: answer < x", ", min: x", ", check: answer / 0 > 1"])
def test_a_rule_that_fails_is_a_failed_step_and_never_raises(tmp_path: Path, slot: str) -> None:
    talk = Talk(flows(tmp_path, _flow(slot))).says("count").says("3")
    assert "A colleague" in talk.said
    assert talk.owner == QUEUE
    assert talk.decision is not None
    assert "count/ask" in talk.decision.incident


def test_an_error_text_that_fails_is_a_failed_step(tmp_path: Path) -> None:
    step = """    errors: {type: "{{ x | money }}"}"""
    talk = Talk(flows(tmp_path, _flow("", step))).says("count").says("none at all")
    assert talk.owner == QUEUE


def test_an_answer_to_a_frequent_question_that_fails_gets_a_person(tmp_path: Path) -> None:
    faq = """answers: faq
items:
  price: {keywords: {en: [price]}, say: "{{ config.shop_name | money }}"}
"""
    talk = Talk(flows(tmp_path, faq)).says("price")
    assert talk.owner == QUEUE
    assert talk.decision is not None
    assert "no number" in talk.decision.incident


def test_an_apology_that_fails_is_said_without_what_is_filled_in(tmp_path: Path) -> None:
    texts = """texts: texts
items:
  apology: {en: "Sorry {{ contact.name | money }}!", zh: 抱歉}
"""
    talk = Talk(flows(tmp_path, texts, _flow(", check: answer / 0 > 1"))).says("count").says("3")
    assert talk.said.startswith("Sorry !")
    assert talk.owner == QUEUE


def test_a_step_with_choices_from_rows_without_an_id_field_can_be_skipped(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: pick
title: Pick
triggers: {keywords: {en: [pick]}}
slots: {row: {type: object}, n: {type: integer}}
steps:
  find: {call: shop.list, save: found}
  choose:
    say: Which?
    choices_from: {each: found.rows, id: .number, label: "{{ .number }}"}
    if_empty: person
    skip_if: known
    save: row
  again:
    say: "{{ row.number }}. Another?"
    choices: {other: {label: Other}, fine: {label: Fine, goto: done}}
    goto: choose
  done: {say: Done., end: done}
  person: {handoff: {}}
"""))
    talk.says("pick").returns({"rows": [{"number": "A1"}, {"number": "B2"}]}).taps("A1")
    assert talk.says("other").said == "A1. Another?"
