"""One mistake makes one finding, in words for people who do not program."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import ANSWERS, FLOW, findings

ONCE = [
    ("    choices:\n", "    choises:\n", "31:5 error a step has no word `choises` - did you mean "
     "`choices`?"),
    ("\nsteps:\n", "\nstep:\n", "14:1 error a flow has no word `step` - did you mean `steps`?"),
    ("title: {en: Return an item, zh: 退货}", "title: {en: Return an item, zh: }",
     "2:29 error `zh` has nothing after it"),
    ("“{{ answer }}” is no number.", "“{ answer }” is no number.",
     "18:28 warning { answer } is sent as it stands: write {{ answer }} for its value"),
    ("order is none, refuse", "order.items.length == 0, refuse",
     "26:14 warning a dot finds a field of the data: the number of items is order.items | length"),
    ("    on_error: person\n  why", "    on_error: [{if: error.kind == 'timout', step: why}, "
     "person]\n  why", "28:21 error `error.kind` is never `timout`: it is `refused`, `conflict`, "
     "`unavailable`, `timeout`, `invalid` or `expression` - did you mean `timeout`?"),
    ("then: stay", "then: hand over", "10:66 error `then` is stay, end, handoff or the name of a "
     "step, not `hand over`"),
    ("      - why\n    on", "      - why\n      - {if: order.late, step: check}\n    on",
     "27:9 error what follows is never taken: only the last entry has no `if`"),
    ("[number, reason]\n", "[number, reason]\n    goto: [{if: reason == broken, step: ask}, "
     "create]\n", "37:17 error there is no slot `broken`: put it in quotes, 'broken', if it is the "
     "word that you mean"),
    ("order is none, refuse", "age > 3, refuse", "26:14 error there is no slot `age`: age is "
     "written after a bar, as in `answer | age`"),
]


@pytest.mark.parametrize(("right", "wrong", "finding"), ONCE, ids=[one[1][:30] for one in ONCE])
def test_a_mistake_is_told_once(tmp_path: Path, right: str, wrong: str, finding: str):
    assert FLOW.count(right) == 1
    assert findings(tmp_path, returns=FLOW.replace(right, wrong)) == [
        f"flows/returns.yaml:{finding}"]


def test_a_misspelt_word_of_an_answer_is_told_once(tmp_path: Path):
    assert findings(tmp_path, shop=ANSWERS.replace("say:", "sai:")) == [
        "flows/shop.yaml:5:5 error an answer has no word `sai` - did you mean `say`?"]


def test_a_flow_that_is_called_otherwise_is_told_once(tmp_path: Path):
    other = "flow: othr\ntitle: Other\nsteps: {a: {end: done}}\n"
    leaving = FLOW.replace("    end: sent", "    goto: {flow: other}")
    assert findings(tmp_path, returns=leaving, other=other) == [
        "flows/other.yaml:1:7 error the file is called other.yaml and the name in it is `othr`: "
        "give both the same"]


def test_a_flow_that_is_misspelt_where_it_is_started_is_told_once(tmp_path: Path):
    other = "flow: other\ntitle: Other\nsteps: {a: {end: done}}\n"
    leaving = FLOW.replace("    end: sent", "    goto: {flow: othr}")
    assert findings(tmp_path, returns=leaving, other=other) == [
        "flows/returns.yaml:43:18 error there is no flow `othr` - did you mean `other`?"]
