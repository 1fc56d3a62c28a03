"""What a conversation remembers stays small, however long it goes on."""

from __future__ import annotations

import json
from pathlib import Path

from talking import Talk, flows

from bot.flow.state import weighs_more

SEARCH = """flow: search
title: Search
triggers: {keywords: {en: [search]}}
slots: {what: {type: text}, note: {type: text}, row: {type: object}}
steps:
  ask: {say: What?, ask: what}
  find: {call: shop.list, save: found}
  which:
    say: Which?
    choices_from: {each: found.rows, id: .id, label: "{{ .id }}"}
    choices: {again: {label: Search again, goto: ask}}
    if_empty: ask
    save: row
  done: {say: "{{ row.id }}", end: done}
"""
FOUND = {"rows": [{"id": f"r{number}", "text": "x" * 10_000} for number in range(20)]}


def test_what_calls_gave_before_is_not_kept_without_end(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, SEARCH)).says("search")
    for number in range(40):
        talk.says(f"term {number}").returns(FOUND).says("search again")
    assert len(json.dumps(talk.state)) < 800_000
    assert talk.says("back").step == "search/which"


def test_long_answers_are_not_kept_without_end(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, SEARCH)).says("search")
    for number in range(40):
        talk.says(f"term {number} " + "x" * 65_000).returns({"rows": [{"id": "a"}]})
        talk.says("search again")
    assert len(json.dumps(talk.state)) < 500_000


def test_a_weight_is_counted_up_to_where_it_matters() -> None:
    assert not weighs_more([{"a": "x" * 50}], 100)
    assert weighs_more([{"a": "x" * 100}], 100)
    assert weighs_more([[["x"] * 30]], 100)
