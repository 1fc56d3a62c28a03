"""Slots that the next flows begin with, for a while."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk, flows

LOGIN = """flow: login
title: Log in
triggers: {keywords: [log in]}
slots: {email: {type: email, keep: 15m}, note: {type: text}}
steps:
  ask: {say: Your address?, ask: email, skip_if: known}
  more: {say: A note?, ask: note}
  done: {say: "Hello {{ email }}.", end: known}
"""
ORDERS = """flow: orders
title: Orders
triggers: {keywords: [my orders]}
slots: {email: {type: email}, note: {type: text}}
steps:
  ask: {say: Which address?, ask: email, skip_if: known}
  done: {say: "Orders of {{ email }}{{ note }}.", end: shown}
"""
OTHER_TYPE = """flow: notes
title: Notes
triggers: {keywords: [my notes]}
slots: {email: {type: text}}
steps: {ask: {say: Which?, ask: email, skip_if: known}, done: {say: Done., end: x}}
"""
OUTER = """flow: outer
title: Outer
triggers: {keywords: [all of it]}
slots: {email: {type: email, keep: 15m}}
steps:
  ask: {say: Your address?, ask: email}
  inner: {run: {flow: orders}}
  done: {say: Done., end: x}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(flows(tmp_path, LOGIN, ORDERS, OTHER_TYPE, OUTER)).says("log in").says("a@b.de")


def test_the_next_run_has_it_for_so_long_and_only_that_slot(talk: Talk) -> None:
    talk.says("x y z")
    talk.waits(14 * 60_000)
    assert talk.says("my orders").said == "Orders of a@b.de."
    assert talk.says("my notes").said == "Which?"


def test_afterwards_it_is_asked_again(talk: Talk) -> None:
    talk.says("x y z").waits(15 * 60_000)
    assert talk.says("my orders").said == "Which address?"
    assert "kept" not in talk.state


def test_only_the_slot_s_own_flow_prolongs_it(talk: Talk) -> None:
    talk.says("x y z").waits(10 * 60_000).says("my orders").waits(10 * 60_000)
    assert talk.says("my orders").said == "Which address?"


def test_a_flow_that_interrupts_and_a_part_of_this_one_have_it_too(talk: Talk) -> None:
    talk.says("my orders").taps("Yes, switch")
    assert talk.said.startswith("Orders of a@b.de.")
    other = Talk(talk.flows, id="c2").says("all of it").says("b@c.de")
    assert other.said == "Orders of b@c.de.\n\nDone."


def test_cancelling_keeps_it_and_stop_forgets_it(talk: Talk) -> None:
    talk.says("cancel")
    assert talk.says("my orders").said == "Orders of a@b.de."
    talk.says("stop")
    assert "kept" not in talk.state


def test_what_is_given_goes_before_what_is_kept(tmp_path: Path) -> None:
    leads = """flow: leads
title: Leads
triggers: {keywords: [lead me]}
steps: {on: {goto: {flow: orders, with: {email: given@b.de}}}}
"""
    talk = Talk(flows(tmp_path, LOGIN, ORDERS, OTHER_TYPE, OUTER, leads))
    talk.says("log in").says("a@b.de").says("x y z")
    assert talk.says("lead me").said == "Orders of given@b.de."
    assert talk.says("my orders").said == "Orders of a@b.de."
