from __future__ import annotations

from pathlib import Path

import pytest
from returning import LABEL, RETURNS, SHOES, returning, reviewing
from talking import Talk, flows

CALLS = """flow: calls
title: Calls
triggers: {keywords: {en: [calls]}}
slots: {what: {type: text}, n: {type: integer}}
steps:
  ask: {say: What?, ask: what}
  find:
    say: One moment.
    call: shop.list
    with: {what: "{{ what }}", page: 1, flags: [new, "{{ what }}"]}
    retries: 1
    timeout: 5s
    save: found
    goto:
      - {if: found is none, step: nothing}
      - found
    on_error:
      - {if: error.status == 409, step: taken}
      - {if: error.kind == 'timeout', step: slow}
      - broken
  found: {say: "Found {{ found.name }}", end: found}
  nothing: {say: Nothing., end: nothing}
  taken: {say: Taken., end: taken}
  slow: {say: Slow., end: slow}
  broken: {say: "Broken, {{ found }}.", end: broken}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(flows(tmp_path, CALLS)).says("calls").says("shoes")


def test_a_call_is_asked_for_with_its_values_and_one_key_for_the_visit(talk: Talk) -> None:
    assert talk.said == "One moment."
    assert talk.decision is not None
    assert talk.decision.busy
    call, = talk.decision.calls
    assert call.operation == "shop.list"
    assert call.arguments == {"what": "shoes", "page": "1", "flags": ["new", "shoes"]}
    assert (call.retries, call.timeout_ms) == (1, 5_000)
    assert call.key.startswith("c1.")


def test_its_result_goes_on(talk: Talk) -> None:
    assert talk.returns({"name": "Boots"}).said == "Found Boots"
    assert talk.decision is not None
    assert not talk.decision.busy


def test_nothing_found_is_none(talk: Talk) -> None:
    assert talk.returns(None).outcome == "nothing"


@pytest.mark.parametrize(("error", "outcome"), [
    ({"kind": "conflict", "status": 409}, "taken"), ({"kind": "timeout", "status": None}, "slow"),
    ({"kind": "unavailable", "status": 503}, "broken")])
def test_an_error_takes_the_way_that_fits_it(talk: Talk, error: dict[str, object],
                                             outcome: str) -> None:
    assert talk.returns(error=error).outcome == outcome


def test_after_an_error_the_slot_is_none(talk: Talk) -> None:
    assert talk.returns(error={"kind": "unavailable", "status": 503}).said == \
        "Broken, ."


def test_a_result_that_is_not_waited_for_moves_nothing(talk: Talk) -> None:
    before = talk.state
    talk.happens("result", {"call": "shop.list", "key": "c1.1.99", "ok": True, "value": {}})
    assert (talk.rule, talk.state, talk.contents) == ("stale", before, [])
    assert talk.returns({"name": "Boots"}).outcome == "found"
    assert talk.returns({"name": "Boots"}).rule == "stale"


def test_a_message_that_did_not_have_to_wait_for_the_result_says_that_there_is_none(
        talk: Talk) -> None:
    """The result was put aside: the step goes the way of its failure, then the message is heard."""
    key = talk.call.key if talk.call is not None else ""
    talk.says("calls")
    assert "Broken" in talk.said
    assert talk.said.endswith("What?")
    assert (talk.rule, talk.step) == ("trigger", "calls/ask")
    talk.happens("result", {"call": "shop.list", "key": key, "ok": True, "value": {}})
    assert talk.rule == "stale"


def test_each_visit_has_a_key_of_its_own_and_each_conversation(tmp_path: Path) -> None:
    keys = set()
    for name in ("c1", "c2"):
        talk = returning(tmp_path)
        talk.id = name
        talk.says("return")
        for number in ("AB000001", "AB000002"):
            talk.says(number)
            assert talk.decision is not None
            keys.add(talk.decision.calls[0].key)
            talk.returns(None)
    assert len(keys) == 4


def test_without_on_error_it_is_the_apology_and_a_person(tmp_path: Path) -> None:
    talk = reviewing(tmp_path, RETURNS.replace(
        "    save: label\n    on_error: talk_to_us\n", "    save: label\n"))
    talk.taps("Confirm").returns(error={"kind": "unavailable", "status": 500})
    assert "something went wrong" in talk.said
    assert "A colleague will answer" in talk.said
    assert talk.decision is not None
    assert talk.decision.ticket is not None
    assert talk.decision.ticket.reason == "failure"
    assert talk.owner == "queue"
    assert not talk.decision.busy
    assert talk.says("hello?").rule == "agent"
    talk.agent("take").agent("close")
    assert (talk.outcome, talk.step, talk.owner) == ("handed_over", "", "bot")


def test_a_run_that_rests_after_a_failure_is_over_when_the_bot_gets_it_back(
        tmp_path: Path) -> None:
    talk = reviewing(tmp_path, RETURNS.replace(
        "    save: label\n    on_error: talk_to_us\n", "    save: label\n"))
    talk.taps("Confirm").returns(error={"kind": "timeout", "status": None})
    talk.agent("take").agent("return")
    assert (talk.outcome, talk.step) == ("failed", "")
    assert "You are back with the assistant." in talk.said


FAILS = """flow: fails
title: Fails
triggers: {keywords: {en: [fails]}}
slots: {n: {type: integer}, m: {type: integer}}
steps:
  ask: {say: A number?, ask: n}
  half:
    set: {m: "{{ n }}"}
    say: ["So far.", "{{ 10 // n }} each"]
    on_error: sorry
  fine: {say: Fine., end: fine}
  sorry: {say: "Not with that number, {{ m }}.", end: sorry}
"""


def test_a_failing_expression_takes_back_what_its_step_had_begun(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, FAILS)).says("fails").says("0")
    assert talk.said == "Not with that number, ."
    assert talk.outcome == "sorry"
    assert talk.decision is not None
    assert "fails/half" in talk.decision.incident
    assert "division" in talk.decision.incident
    assert Talk(talk.flows).says("fails").says("5").outcome == "fine"


def test_a_failing_condition_takes_back_the_answer(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: fails
title: Fails
triggers: {keywords: {en: [fails]}}
slots: {n: {type: integer}}
steps:
  ask: {say: A number?, ask: n, goto: [{if: 10 // n > 3, step: few}, many]}
  few: {say: Few., end: few}
  many: {say: Many., end: many}
""")).says("fails").says("0")
    assert "something went wrong" in talk.said
    assert talk.owner == "queue"
    assert talk.slots == {}
    assert talk.decision is not None
    assert talk.decision.incident


def test_a_turn_that_never_ends_changes_nothing_and_gets_a_person(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: round
title: Round
triggers: {keywords: {en: [round]}}
slots: {n: {type: integer}}
steps:
  ask: {say: A number?, ask: n}
  one: {set: {n: "{{ n + 1 }}"}, say: "{{ n }}"}
  two: {goto: [{if: n < 0, step: done}, one]}
  done: {end: done}
""")).says("round")
    before = talk.state
    talk.says("7")
    assert (talk.state, talk.step) == (before, "round/ask")
    assert talk.decision is not None
    assert "round" in talk.decision.incident
    assert "100" in talk.decision.incident
    assert "something went wrong" in talk.said
    assert talk.owner == "queue"
    assert talk.agent("return").said.endswith("A number?")


def test_a_result_whose_turn_never_ends_does_not_hold_the_conversation(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: round
title: Round
triggers: {keywords: {en: [round]}}
steps:
  find: {call: shop.list, save: found}
  one: {goto: [{if: found.never, step: done}, one_more]}
  one_more: {goto: one}
  done: {end: done}
""")).says("round").returns({})
    assert talk.decision is not None
    assert not talk.decision.busy
    assert talk.owner == "queue"


SUB = """flow: sub
title: Sub
slots: {who: {type: text}, found: {type: object}}
steps:
  ask: {say: "Who, not {{ who }}?", ask: who}
  find: {call: shop.list, with: {who: "{{ who }}"}, save: found}
  check: {goto: [{if: found is none, step: none_such}, ok]}
  ok: {end: identified}
  none_such: {end: unknown}
"""
MAIN = """flow: main
title: Main
triggers: {keywords: {en: [main]}}
slots: {person: {type: object}, name: {type: text}}
steps:
  set: {set: {name: "Kim"}}
  who:
    run: {flow: sub, with: {who: "{{ name }}"}, save: {person: found}}
    goto:
      - {if: outcome == 'identified', step: hello}
      - {if: outcome == 'failed', step: oops}
      - stranger
  hello: {say: "Hello {{ person.name }}.", end: hello}
  oops: {say: Oops., end: oops}
  stranger: {say: "Stranger.", end: stranger}
"""


def test_a_sub_flow_gets_values_and_gives_its_own_back(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, MAIN, SUB)).says("main")
    assert talk.said == "Who, not Kim?"
    assert talk.step == "sub/ask"
    talk.says("Lee").returns({"name": "Lee"})
    assert (talk.said, talk.outcome, talk.step) == ("Hello Lee.", "hello", "")


def test_a_callers_goto_sees_the_outcome_of_the_sub_flow(tmp_path: Path) -> None:
    assert Talk(flows(tmp_path, MAIN, SUB)).says("main").says("Lee").returns(None).outcome == \
        "stranger"


def test_a_caller_that_minds_the_outcome_hears_of_a_failure(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, MAIN, SUB)).says("main").says("Lee")
    talk.returns(error={"kind": "unavailable", "status": 500})
    assert (talk.outcome, talk.owner) == ("oops", "bot")


def test_cancel_in_a_sub_flow_ends_its_callers_too(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, MAIN, SUB)).says("main").says("cancel")
    assert (talk.outcome, talk.state.get("runs")) == ("cancelled", None)


def test_leaving_for_another_flow_starts_a_fresh_run(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: first
title: First
triggers: {keywords: {en: [first]}}
slots: {a: {type: text}}
steps:
  ask: {say: A?, ask: a}
  go: {goto: {flow: second, with: {b: "{{ a }}!"}}}
""", """flow: second
title: Second
slots: {b: {type: text}, c: {type: text}}
steps:
  ask: {say: "B is {{ b }}, C?", ask: c}
  done: {say: "{{ b }}{{ c }}", end: done}
""")).says("first").says("tea")
    assert talk.said == "B is tea!, C?"
    assert (talk.outcome, talk.slots) == ("left", {"b": "tea!"})
    assert talk.says("cup").said == "tea!cup"


def test_the_label_is_sent_after_a_whole_return(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("退货").says("AB123456").returns(SHOES)
    talk.says("发错货").says("确认").returns(LABEL)
    assert (talk.said.split("\n")[0], talk.outcome) == ("退货单在这里。", "label_sent")


def test_leaving_for_another_flow_in_a_sub_flow_ends_its_callers_too(tmp_path: Path) -> None:
    caller = """flow: caller
title: Caller
triggers: {keywords: {en: [caller]}}
steps:
  a: {run: {flow: inner}}
  b: {say: Back in the caller., end: done}
"""
    inner = """flow: inner
title: Inner
steps: {a: {goto: {flow: third}}}
"""
    third = """flow: third
title: Third
slots: {n: {type: integer}}
steps:
  a: {say: How many?, ask: n}
  b: {say: Thank you., end: done}
"""
    talk = Talk(flows(tmp_path, caller, inner, third)).says("caller")
    assert talk.said == "How many?"
    assert talk.says("3").said == "Thank you."
    assert talk.step == ""
