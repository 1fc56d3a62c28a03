from __future__ import annotations

from pathlib import Path

import pytest
from checking import FLOW, business
from pydantic import ValidationError

from bot.flow.spec import TEMPLATE, FlowSpec, Next, Step, Timer


def flow(tmp_path: Path, steps: str, more: str = "") -> FlowSpec:
    loaded = business(tmp_path, small=f"flow: small\ntitle: Small\n{more}steps:\n{steps}")
    assert loaded.errors == []
    return loaded.flows["small"]


def test_a_spec_survives_its_source(tmp_path: Path):
    spec = business(tmp_path).flows["returns"]
    again = FlowSpec.from_source(spec.source())
    assert again == spec
    assert again.source() == spec.source()
    assert again.version == spec.version
    assert list(again.steps) == list(spec.steps)


def test_another_text_is_another_version_and_another_layout_is_not(tmp_path: Path):
    first = business(tmp_path).flows["returns"].version
    assert business(tmp_path, returns=FLOW + "# a comment\n").flows["returns"].version == first
    changed = FLOW.replace("Which order?", "What order?")
    assert business(tmp_path, returns=changed).flows["returns"].version != first
    assert len(first) == 16


def test_a_long_text_is_in_the_spec_and_marked(tmp_path: Path):
    spec = business(tmp_path).flows["returns"]
    assert spec.steps["done"].say == (
        {"en": TEMPLATE + "Here it is, {{ number }}.", "zh": TEMPLATE + "好了。"},)


def test_the_step_below_is_filled_in(tmp_path: Path):
    spec = business(tmp_path).flows["returns"]
    assert spec.steps["ask"].goto == (Next(step="find"),)
    assert spec.steps["done"].goto == ()
    assert spec.steps["person"].goto == ()


def test_clocks_of_the_flow_are_filled_in_where_a_person_is_waited_for(tmp_path: Path):
    spec = flow(tmp_path, """
  one: {say: A?, ask: name}
  two: {say: B?, ask: name, on_timeout: leave, remind: none}
  three: {say: C?, ask: name, on_timeout: none}
  four: {say: D?, ask: name, on_timeout: {after: 5m}}
  five: {set: {name: x}}
  leave: {end: done}
""", more="slots: {name: {type: text}}\non_timeout: {after: 2h, say: Hm?, then: stay}\n"
          "remind: {after: 23h, then: handoff}\n")
    assert spec.steps["one"].on_timeout == Timer(after_ms=7_200_000, say=({"": "Hm?"},))
    assert spec.steps["one"].remind == (Timer(after_ms=82_800_000, then="handoff"),)
    assert spec.steps["two"].on_timeout == Timer(after_ms=7_200_000, then="leave")
    assert spec.steps["two"].remind == ()
    assert spec.steps["three"].on_timeout is None
    assert spec.steps["four"].on_timeout == Timer(after_ms=300_000)
    assert spec.steps["five"].on_timeout is None
    assert spec.steps["five"].remind is None


def test_the_result_of_a_call_declares_its_slot(tmp_path: Path):
    spec = flow(tmp_path, "  a: {call: orders.find, save: order}\n  b: {end: done}\n")
    assert spec.slots["order"].type == "object"
    assert spec.slots["order"].personal


def test_values_without_braces_become_what_their_slot_holds(tmp_path: Path):
    spec = flow(tmp_path, "  a: {set: {sure: yes, count: 3, name: none, code: 0412}}\n"
                          "  b: {say: '{{ sure }} {{ count }} {{ name }} {{ code }}', end: done}\n",
                more="slots: {sure: {type: yes_no}, count: {type: integer}, name: {type: text},"
                     " code: {type: text}}\n")
    assert spec.steps["a"].set == {
        "sure": "{{ true }}", "count": "{{ 3 }}", "name": "{{ none }}", "code": "0412"}


def test_a_leading_dot_is_the_item(tmp_path: Path):
    spec = flow(tmp_path, """
  a:
    say: Which?
    choices_from:
      each: found.rows
      id: .id
      label: "{{ .name | upper }} {{ 'a.b' }} {{ .x if .y and not .z else found.q }}"
    if_empty: b
    save: found
  b: {end: done}
""", more="slots: {found: {type: object}}\n")
    data = spec.steps["a"].choices_from
    assert data is not None
    assert data.each == "found.rows"
    assert data.id == "item.id"
    assert data.label[""] == ("{{ item.name | upper }} {{ 'a.b' }} "
                              "{{ item.x if item.y and not item.z else found.q }}")


def test_choices_and_yes_or_no_are_not_personal(tmp_path: Path):
    slots = business(tmp_path).flows["returns"].slots
    assert slots["number"].personal
    assert not slots["reason"].personal


def test_a_choice_with_an_end_leads_there(tmp_path: Path):
    spec = flow(tmp_path, "  a: {say: Well?, choices: {yes_: {label: Yes, end: done}}}\n"
                          .replace("yes_", "fine"))
    assert spec.steps["a"].choices[0].goto == (Next(end="done"),)


def test_the_kind_of_a_step_is_what_it_does_last():
    assert Step(ask="name", say=({"": "Hi"},)).kind == "ask"
    assert Step(review=("name",)).kind == "review"
    assert Step(say=({"": "Hi"},)).kind == ""
    assert Step(ask="name").slot == "name"
    assert Step(call="a.b", save="x").slot is None


def test_a_spec_holds_no_unknown_word_and_does_not_change():
    with pytest.raises(ValidationError):
        Step.model_validate({"wait": {"for": "2h"}})
    step = Step(ask="name")
    with pytest.raises(ValidationError):
        step.ask = "other"
