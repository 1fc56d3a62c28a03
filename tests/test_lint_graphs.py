"""Hard graphs: what can go round, what never ends, what no way reaches, and what only seems so."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import findings

HEAD = "flow: maze\ntitle: Maze\ntriggers: {keywords: [maze]}\nsteps:\n"
#: the steps, and what is found: (line, part of the message)
GRAPHS = {
    "a list that is empty leads back to the call that filled it": (
        "  find: {call: orders.find, save: rows}\n"
        "  pick: {say: Which?, choices_from: {each: rows, id: .id, label: '{{ .id }}'}, "
        "if_empty: find}\n  done: {end: done}\n", [(5, "warning", "`find` → `pick`")]),
    "two closed queues send to each other": (
        "  one: {handoff: {if_closed: two}}\n  two: {handoff: {if_closed: one}}\n",
        [(5, "warning", "`one` → `two`")]),
    "a flow that asks nothing is run again and again": (
        "  again: {run: quick, goto: [{if: outcome == 'done', step: anew}, over]}\n"
        "  anew: {goto: again}\n  over: {end: over}\n", [(5, "warning", "`again` → `anew`")]),
    "a flow that asks something is run again and again": (
        "  again: {run: slow, goto: [{if: outcome == 'done', step: again}, over]}\n"
        "  over: {end: over}\n", []),
    "a wait holds up": (
        "  ask: {say: Paid?, wait: {for: 2h}}\n  look: {call: orders.find, save: it, goto: "
        "[{if: it.paid, step: done}, ask]}\n  done: {end: done}\n",
        [(5, "warning", "more than 24 hours after the customer's last message")]),
    "two circles share a step": (
        "  a: {goto: [{if: contact.name, step: b}, c]}\n  b: {goto: a}\n"
        "  c: {goto: [{if: contact.phone, step: a}, {end: over}]}\n",
        [(5, "warning", "`a` → `b` → `c`")]),
    "a circle of which one way waits": (
        "  a: {say: Go?, choices: {yes_go: {label: Yes, goto: b}, no_go: {label: No, end: over}}}\n"
        "  b: {goto: a}\n", []),
    "nothing ends, though everything waits": (
        "  a: {say: Go?, choices: {left: {label: Left, goto: b}, right: {label: Right, goto: c}}}\n"
        "  b: {say: Left., goto: a}\n  c: {say: Right., goto: a}\n",
        [(5, "error", "from `a` no way leads to an end")]),
    "a part of the flow never ends": (
        "  a: {say: Go?, choices: {trap: {label: Trap, goto: b}, home: {label: Home, end: home}}}\n"
        "  b: {say: More?, choices: {further: {label: More, goto: c}}}\n  c: {goto: b}\n",
        [(6, "error", "from `b` no way leads to an end")]),
    "an island of steps": (
        "  a: {end: over}\n  b: {goto: c}\n  c: {goto: d}\n  d: {end: other}\n",
        [(6, "error", "no way leads to the step `b`, nor to `c` and `d` after it")]),
    "an island that goes round": (
        "  a: {end: over}\n  b: {say: B?, choices: {x: {label: X, goto: c}}}\n"
        "  c: {say: C?, choices: {y: {label: Y, goto: b}, z: {label: Z, end: z}}}\n",
        [(6, "error", "no way leads to the step `b`")]),
    "only a mishap leads there": (
        "  a: {call: orders.find, on_error: [{if: error.kind == 'timeout', step: late}, other]}\n"
        "  b: {end: over}\n  late: {end: late}\n"
        "  other: {handoff: {if_closed: shut, return_to: b}}\n  shut: {end: shut}\n", []),
    "a way falls off the end": (
        "  a: {goto: [{if: contact.name, end: known}, b]}\n  b: {say: Bye}\n",
        [(6, "error", "the way ends at `b` without an outcome")]),
}
OTHERS = {
    "quick": "flow: quick\ntitle: Quick\nsteps:\n  a: {goto: [{if: now, end: done}, b]}\n"
             "  b: {say: Sure?, choices: {x: {label: X}}}\n  c: {end: other}\n",
    "slow": "flow: slow\ntitle: Slow\nsteps:\n  a: {say: Sure?, choices: {x: {label: X}}}\n"
            "  b: {end: done}\n",
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_hard_graph(tmp_path: Path, name: str) -> None:
    steps, expected = GRAPHS[name]
    others = {key: text for key, text in OTHERS.items() if f"run: {key}" in steps}
    found = findings(tmp_path, maze=HEAD + steps, **others)
    assert len(found) == len(expected), found
    for one, (line, level, part) in zip(found, expected, strict=True):
        assert one.startswith(f"flows/maze.yaml:{line}:"), found
        assert f" {level} " in one
        assert part in one


def test_a_flow_of_thousands_of_steps_is_walked_in_one_go(tmp_path: Path) -> None:
    steps = "".join(f"  s{number}: {{goto: s{number + 1}}}\n" for number in range(4_000))
    assert findings(tmp_path, maze=HEAD + steps + "  s4000: {end: over}\n") == []
