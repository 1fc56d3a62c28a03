"""How long matching takes: `python tests/bench/bench_match.py`. Prints microseconds of CPU a
message."""

from __future__ import annotations

import random
import string
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bot import testing
from bot.flow.language.choose import ChoiceLabels, choose
from bot.flow.language.commands import Commands
from bot.flow.language.match import Keywords
from bot.flow.language.words import normalise

CHANCE = random.Random(7)


def word() -> str:
    return "".join(CHANCE.choices(string.ascii_lowercase, k=CHANCE.randint(4, 10)))


def index(size: int) -> Keywords:
    found = Keywords()
    for number in range(size):
        phrase = " ".join(word() for _ in range(CHANCE.randint(1, 3)))
        found.add(f"item{number % 500}", phrase, "en", "example" if number % 5 == 0 else "keyword")
    found.find("prepare")
    return found


def measure(name: str, ask: Callable[[str], object], messages: Sequence[str]) -> None:
    for pass_ in ("first", "again"):
        start = time.process_time()
        for message in messages:
            ask(message)
        each = (time.process_time() - start) / len(messages) * 1e6
        sys.stdout.write(f"{name:42} {pass_:6} {each:8.2f}\n")


def main() -> None:
    strange = [f"is there any {word()} left for the {word()} tomorrow" for _ in range(2_000)]
    chinese = ["请问我的包裹什么时候能到，我已经等了三天了"] * 2_000
    measure("normalise", normalise, strange)
    measure("normalise, Chinese", normalise, chinese)
    for size in (100, 1_000, 10_000):
        known = index(size)
        measure(f"{size} phrases, a miss", known.find, strange)
        measure(f"{size} phrases, a miss in Chinese", known.find, chinese)
    project = Path(__file__).parent.parent / "intents"
    flows = testing.load(project / "config.yaml").flows
    customers = (project / "customers.tsv").read_text("utf-8").splitlines()[1:]
    measure("27 subjects, customers", flows.about, [line.partition("\t")[2] for line in customers])
    measure("27 subjects, anything else", flows.about,
            (project / "other_subjects.txt").read_text("utf-8").splitlines())
    commands = Commands()
    for number in range(150):
        commands.add(f"c{number % 14}", word(), "en")
    measure("commands, a miss", commands.find, strange)
    choices = tuple(ChoiceLabels(str(number), (f"{word()} {word()}", word()))
                    for number in range(10))
    measure("ten choices, a miss", lambda text: choose(text, choices), strange)


if __name__ == "__main__":
    main()
