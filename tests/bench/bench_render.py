"""How long rendering takes: `python tests/bench/bench_render.py`. Prints microseconds each."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.flow.expressions import render
from bot.flow.expressions.values import Picked, Scope
from bot.flow.spec import TEMPLATE

SCOPE = Scope({"order": {"item": "Trail shoes", "total": 129.9, "at": "2026-03-04T14:30+04:00",
                         "lines": [{"name": f"Line {number}"} for number in range(20)]},
               "reason": Picked("damaged", {"en": "It is damaged"}), "answer": "AB123456"},
              "en", ZoneInfo("Europe/Berlin"), now=1_767_225_600_000)
LONG = TEMPLATE + "{% for line in order.lines %}\n- {{ line.name }}\n{% endfor %}\n"


def measure(name: str, work: Callable[[], object], times: int = 5_000) -> None:
    work()
    each = min(timeit.repeat(work, number=times, repeat=3)) / times * 1e6
    sys.stdout.write(f"{name:42} {each:8.2f}\n")


def main() -> None:
    text, value = render.text, render.value
    measure("a text without braces", lambda: text("Please send a photo.", SCOPE))
    measure("a short text, two values",
            lambda: text("Why do you return {{ order.item }} ({{ answer }})?", SCOPE))
    measure("a choice by its label", lambda: text("{{ reason }}", SCOPE))
    measure("money", lambda: text("{{ order.total | money }}", SCOPE))
    measure("date and time", lambda: text("{{ order.at | date }} {{ order.at | time }}", SCOPE))
    measure("a value of one expression", lambda: value("{{ order.item }}", SCOPE))
    measure("a condition", lambda: render.truth("order.total > 100 and reason == 'x'", SCOPE))
    measure("a condition over times", lambda: render.truth("order.at < now", SCOPE))
    measure("a template with a loop of twenty", lambda: text(LONG, SCOPE), times=500)
    number = iter(range(10**9))
    measure("a text never seen before",
            lambda: text(f"{next(number)} {{{{ answer }}}}", SCOPE), times=200)


if __name__ == "__main__":
    main()
