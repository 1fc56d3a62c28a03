"""Several short messages taken as one answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from storing import rows, wrote
from talking import Talk, flows

from bot import router
from bot.clock import Clock
from bot.flow.lint import CheckOptions
from bot.flow.load import load
from bot.model import Decision, Event, Snapshot
from bot.store.base import Database
from bot.store.store import Store

COMPLAIN = """flow: complain
title: Complain
triggers: {keywords: [complain]}
slots: {what: {type: text, max: 40, label: What}, photo: {type: image}, order: {type: text}}
steps:
  ask: {say: What happened?, ask: what, gather: 3s}
  show: {say: A photo?, ask: photo}
  name: {say: Which order?, ask: order}
  done: {say: "Noted: {{ what }}", end: noted}
"""
FINDS = """flow: find
title: Find
triggers: {keywords: [find it]}
slots: {what: {type: text}, photo: {type: image}}
steps:
  ask: {say: What is it?, ask: what, gather: 3s}
  find: {call: orders.find, with: {number: "{{ what }}"}, save: order}
  show: {say: "A photo of {{ order.item }}?", ask: photo}
  done: {say: Thank you., end: found}
"""
OTHER = "flow: other\ntitle: Other\ntriggers: {keywords: [opening hours]}\n" \
        "steps: {a: {say: 9 to 18., end: said}}\n"


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(flows(tmp_path, COMPLAIN, FINDS, OTHER)).says("complain")


def test_messages_are_joined_by_a_line_break_and_each_starts_the_count_anew(talk: Talk) -> None:
    for text in ("The shoes", "are broken"):
        talk.waits(2_000).says(text)
        assert (talk.said, talk.step, talk.rule) == ("", "complain/ask", "answer")
    talk.waits(2_999)
    assert talk.step == "complain/ask"
    talk.waits(1)
    assert (talk.said, talk.slots["what"]) == ("A photo?", "The shoes\nare broken")


def test_what_is_refused_is_refused_as_a_whole_once(talk: Talk) -> None:
    talk.says("a" * 30).says("b" * 30).waits(3_000)
    assert (talk.rule, talk.step) == ("refused", "complain/ask")
    assert talk.says("short").waits(3_000).slots["what"] == "short"


def test_a_picture_ends_it_and_is_for_the_next_question(talk: Talk) -> None:
    talk.says("The shoes").says("are broken").sends("image")
    assert (talk.said, talk.step) == ("A photo?\n\nWhich order?", "complain/name") or \
        talk.step == "complain/name"
    assert talk.slots["what"] == "The shoes\nare broken"


def test_a_picture_waits_for_the_call_that_the_words_lead_to(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, COMPLAIN, FINDS, OTHER)).says("find it").says("A1").sends("image")
    assert talk.step == "find/find"
    talk.returns({"item": "shoes"})
    assert (talk.step, talk.outcome) == ("", "found")
    assert "unheard" not in talk.state


def test_a_command_ends_it_and_is_obeyed(talk: Talk) -> None:
    assert talk.says("The shoes").says("cancel").step == ""
    assert talk.waits(10_000).step == ""
    talk.says("complain").says("The shoes").says("repeat")
    assert talk.said.endswith("What happened?")
    assert talk.waits(0).slots["what"] == "The shoes"


def test_a_tap_ends_it(talk: Talk) -> None:
    menu = talk.says("menu").contents
    button = next(row for content in menu
                  for row in (*content.get("buttons", ()), *content.get("rows", ())))
    talk.says("The shoes").tap(button)
    assert talk.decision is not None
    assert talk.decision.timers.get("gather", (talk.now,))[0] <= talk.now


def test_with_an_agent_nothing_is_taken_meanwhile(talk: Talk) -> None:
    talk.says("The shoes").says("agent")
    assert talk.decision is not None
    assert "gather" not in talk.decision.timers


def test_it_is_for_free_text_only(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        "flow: small\ntitle: Small\ntriggers: {keywords: [small]}\nslots: {n: {type: integer}}\n"
        "steps:\n  one: {say: How many?, ask: n, gather: 3s}\n"
        "  two: {say: Which?, choices: {a: A, b: B}, gather: 3s}\n  last: {say: Over., end: x}\n")
    found = [f"{one.line} {one.message}" for one in load(
        tmp_path, tmp_path, CheckOptions("en", frozenset(), frozenset())).errors]
    assert found == ["6 `gather` is for free text, and `n` is a `integer`: it is answered with one "
                     "message", "7 `gather` does nothing here: it goes with `ask`"]


async def test_what_has_come_survives_a_restart(
        store: Store, clock: Clock, database: Database, tmp_path: Path) -> None:
    known = flows(tmp_path, COMPLAIN, FINDS, OTHER)

    def step(snapshot: Snapshot, event: Event) -> Decision:
        return router.decide(known, snapshot, event)

    for number, text in enumerate(("complain", "The shoes", "are broken")):
        await store.accept([wrote(clock, number=number, text=text)], step)
    again = Store(database, clock)
    clock.advance(3_000)
    await again.fire()
    (conversation,) = await again.ready(10)
    tried = await again.begin(conversation)
    assert tried is not None
    await again.take_turn(conversation, tried[0], step)
    snapshot = await again.desk.snapshot(conversation)
    assert snapshot is not None
    assert snapshot.state["runs"][0]["slots"]["what"] == "The shoes\nare broken"
    assert await rows(database, "select name from timer") == []
