"""A small business whose files are right, to plant mistakes in."""

from __future__ import annotations

from pathlib import Path

from bot.flow.lint.parts import CheckOptions
from bot.flow.load import Loaded, load

OPTIONS = CheckOptions(
    default_language="en",
    operations=frozenset({"orders.find", "orders.create_return"}),
    queues=frozenset({"support", "repairs"}),
    public={"shop_name": "Trail & Co"},
    changing=frozenset({"orders.create_return"}))

FLOW = r"""flow: returns
title: {en: Return an item, zh: 退货}
queue: support
triggers:
  keywords:
    en: [return, refund]
    zh: [退货]
  examples:
    en: [I want my money back]
on_timeout: {after: 2h, say: {en: Still there?, zh: 还在吗？}, then: stay}
slots:
  number: {type: text, pattern: '[A-Z]{2}\d{6}', clean: upper, label: {en: Number, zh: 订单号}}
  reason: {type: choice, label: {en: Reason, zh: 原因}}
steps:
  ask:
    say: {en: Which order?, zh: 哪个订单？}
    ask: number
    errors: {pattern: {en: "“{{ answer }}” is no number.", zh: 不对。}}
    attempts: 3
    on_give_up: person
  find:
    call: orders.find
    with: {number: "{{ number }}"}
    save: order
    goto:
      - {if: order is none, refuse: ask, say: {en: No such order., zh: 没有。}}
      - why
    on_error: person
  why:
    say: {en: "Why {{ order.item }}?", zh: 为什么？}
    choices:
      broken: {label: {en: Broken, zh: 坏了}, also: {en: [torn]}}
      wrong: {label: {en: Wrong item, zh: 发错货}, goto: check}
    save: reason
  check:
    review: [number, reason]
  create:
    call: orders.create_return
    with: {number: "{{ number }}", reason: "{{ reason }}"}
    on_error: person
  done:
    say: {file: returns/label}
    end: sent
  person:
    handoff: {note: "Return of {{ number }}"}
"""
ANSWERS = """answers: shop
items:
  hours:
    keywords: {en: [opening hours], zh: [营业时间]}
    say: {en: We are open., zh: 营业中。}
"""
COMMANDS = """commands: standard
items:
  agent: {keywords: {en: [agent, human]}, does: handoff}
  stop: {keywords: {en: [unsubscribe]}, does: stop}
  menu: {keywords: {en: [menu]}, say: {en: Hello!}, choices: {back: {label: {en: Return it},
         goto: {flow: returns}}}}
""".replace("back:", "return_it:")
TEXTS = """texts: standard
items:
  confirm: {en: Confirm, zh: 确认}
  refused: {en: "Not “{{ answer }}”.", zh: 不对。}
"""


def business(folder: Path, **files: str) -> Loaded:
    """Load the files of the business, each of which may be given anew."""
    written = {"returns": FLOW, "shop": ANSWERS, "commands": COMMANDS, "texts": TEXTS} | files
    (folder / "flows").mkdir(exist_ok=True)
    for name, text in written.items():
        (folder / "flows" / f"{name}.yaml").write_text(text, "utf-8")
    (folder / "templates" / "returns").mkdir(parents=True, exist_ok=True)
    for language, text in (("en", "Here it is, {{ number }}."), ("zh", "好了。")):
        (folder / "templates" / "returns" / f"label.{language}.j2").write_text(text, "utf-8")
    return load(folder / "flows", folder / "templates", OPTIONS)


def findings(folder: Path, **files: str) -> list[str]:
    """What is found, with the folder's name left out."""
    return [str(one).replace(f"{folder}/", "") for one in business(folder, **files).findings]
