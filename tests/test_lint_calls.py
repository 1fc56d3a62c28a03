"""What calls hand over, and which flows can be started, as `bot check` sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.check import find_mistakes

CONFIG = """channels:
  main:
    provider: meta
    phone_number_id: "1"
    business_account_id: "2"
    app_secret: ${SECRET}
    access_token: ${TOKEN}
    verify_token: ${WORD}
backends:
  shop:
    base_url: http://localhost:1
    operations:
      find: {get: "/orders/{number}", query: {language: "{language}"}}
      book: {post: /orders, json: {who: {name: "{name}"}, day: "{day}"}}
"""
FLOW = """flow: find
title: Find
triggers: {keywords: [find]}
slots: {number: {type: text}, day: {type: text}}
steps:
  ask: {say: Number?, ask: number}
  day: {say: Day?, ask: day}
  sure: {say: Right?, choices: {right: {label: Right}, wrong: {label: Wrong, goto: ask}}}
  look: {call: shop.find, with: {number: "{{ number }}"}}
  book: {call: shop.book, with: {name: "{{ number }}", day: "{{ day }}"}}
  done: {say: Done., end: done}
"""


def _found(folder: Path, flow: str) -> list[str]:
    (folder / "flows").mkdir()
    (folder / "flows" / "find.yaml").write_text(flow, "utf-8")
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    return [f"{one.line}:{one.column} {one.level} {one.message}"
            for one in find_mistakes(folder / "config.yaml").findings]


@pytest.mark.parametrize(("right", "wrong", "finding"), [
    ("with: {number: \"{{ number }}\"}", "with: {numbr: \"{{ number }}\"}",
     "9:34 error `shop.find` takes no `numbr` - did you mean `number`?"),
    (", with: {number: \"{{ number }}\"}", "",
     "9:16 error `shop.find` can't be asked without `number`: write with: {number: ...}"),
    ("with: {number: \"{{ number }}\"}", "with: {number: \"{{ number }}\", colour: red}",
     "9:58 warning `shop.find` has no {colour} in config.yaml, so this is not sent"),
    ("{name: \"{{ number }}\", day: ", "{nmae: \"{{ number }}\", day: ",
     "10:34 error `shop.book` takes no `nmae` - did you mean `name`?"),
    (", with: {name: \"{{ number }}\", day: \"{{ day }}\"}", "",
     "10:16 warning `shop.book` is asked without `day` or `name`: write with: {day: ...}"),
    ("triggers: {keywords: [find]}\n", "",
     "1:7 warning nothing starts this flow: give it `triggers`, or start it from another one with "
     "goto: {flow: find}"),
])
def test_a_planted_mistake_is_found_once(tmp_path: Path, right: str, wrong: str, finding: str):
    assert right in FLOW
    assert _found(tmp_path, FLOW.replace(right, wrong)) == [finding]


def test_what_an_operation_can_do_without_is_no_mistake(tmp_path: Path):
    assert _found(tmp_path, FLOW) == []
