from __future__ import annotations

from pathlib import Path

import pytest
from returning import RETURNS, returning
from talking import SHIPPED

from bot.flow.lint import CheckOptions
from bot.flow.load import load
from bot.flow.machine import Version
from bot.flow.spec import FlowSpec, Step
from bot.flow.turn import DONE
from bot.flow.ways import Way, ways

LOADED = load(SHIPPED, SHIPPED.parent / "templates", CheckOptions(
    "en", frozenset(), frozenset({"support"}), {}))
#: What the machine does by itself: nobody wrote it into the file.
SELF = frozenset({"started", "repeated", "refused", "skipped"})


def moves(flow: FlowSpec) -> set[tuple[str, str, str]]:
    """(event, step, step it leads to) of the machine, as far as steps lead to each other."""
    machine = Version(flow.flow, flow.version, flow).machine
    found = {(name, source, move.dest) for name, event in machine.events.items()
             if name not in SELF for source, found in event.transitions.items()
             for move in found if move.dest not in (None, DONE)}
    return {move for move in found if not never(flow.steps[move[1]], *move)}


def never(step: Step, event: str, source: str, to: str) -> bool:
    """The step's own `goto` where each choice leads elsewhere and one is always shown."""
    shown = step.choices_from is None and not all(choice.if_ for choice in step.choices)
    to_next = any(entry.step == to for entry in step.goto)
    elsewhere = all(choice.goto for choice in step.choices) and not any(
        entry.step == to for choice in step.choices for entry in choice.goto)
    return shown and to_next and (event == "empty" or (event == "chosen" and elsewhere))


@pytest.mark.parametrize("name", sorted(LOADED.flows))
def test_the_ways_of_a_flow_are_those_of_its_machine(name: str) -> None:
    flow = LOADED.flows[name]
    told = {(way.event, way.step, way.target) for way in ways(flow) if way.to == "step"}
    told |= {(way.event, way.step, way.target) for way in ways(flow) if way.to == "refuse"}
    asked = {step.slot: name for name, step in flow.steps.items() if step.slot}
    told |= {(way.event, way.step, asked[way.target]) for way in ways(flow) if way.to == "edit"}
    gives_up = {(way.event, way.step, flow.steps[way.target].on_give_up or "")
                for way in ways(flow) if way.to == "refuse"}
    assert told <= moves(flow) <= told | gives_up


def test_a_way_says_where_it_is_written_and_what_it_takes(tmp_path: Path) -> None:
    flow = returning(tmp_path).flows.current["returns"].spec
    found = list(ways(flow))
    assert Way("ask_reason", "chosen", "step", "review", "wrong", None, None,
               ("ask_reason", "choices", "wrong", "goto", 0)) in found
    assert Way("find_order", "result", "refuse", "ask_order", "", "order is none", None,
               ("find_order", "goto", 0)) in found
    assert Way("done", "end", "end", "label_sent", path=("done", "end")) not in found
    assert [(way.event, way.to) for way in found if way.step == "talk_to_us"] == [
        ("handed_over", "handoff")]
    assert {(way.to, way.target) for way in found if way.timer is not None} == {
        ("stay", ""), ("handoff", "")}
    assert RETURNS.count("goto:") + 1 <= len(found)
