"""What it costs to look through a large project: 200 flows of 20 steps in two languages.

    python tests/bench/bench_check.py [--flows 200] [--profile]

Prints the seconds of the processor that one `bot check` takes, its start included, and how many
files and texts that are. With --profile, what the time goes to within the process.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """default_language: en
timezone: Europe/Berlin
flows: flows
templates: templates
channels:
  main: {provider: meta, phone_number_id: '1', app_secret: '${A}', access_token: '${B}',
         verify_token: '${C}'}
backends:
  shop:
    base_url: https://shop.example
    operations:
      find: {get: "/things/{number}", missing: 404}
      order: {post: /orders, json: {number: "{number}", day: "{day}", kind: "{kind}"}}
handoff:
  default: support
  queues: {support: {}}
"""


def flow(n: int) -> str:
    """A flow of twenty steps; no two of them have the same words."""
    def both(en: str, zh: str) -> str:
        return f'{{en: "{en} ({n})", zh: "{zh}（{n}）"}}'

    out = [f"""flow: thing_{n}
title: {{en: Thing {n}, zh: 物品{n}}}
queue: support
triggers:
  keywords:
    en: [thing {n}, order of thing {n}, buy thing number {n}]
    zh: [物品{n}号, 订购物品{n}号]
  examples:
    en: [I would like to have the thing with the number {n} please]
    zh: [我想要买编号是{n}号的那个物品]
on_timeout: {{after: 2h, say: {both("Still there?", "还在吗？")}, then: stay}}
remind: {{after: 23h, say: {both("One more hour.", "还有一小时。")}, then: handoff}}
slots:
  number: {{type: text, pattern: '[A-Z]{{2}}\\d{{6}}', clean: upper, label: {both("No.", "号")}}}
  kind: {{type: choice, label: {both("Kind", "种类")}}}
  day: {{type: date, after: today, label: {both("Day", "日期")}}}
  count: {{type: integer, min: 1, max: 20, label: {both("Count", "数量")}}}
steps:
  ask_number:
    say: {both("Which number has it?", "编号是多少？")}
    ask: number
    errors:
      pattern: {both("“{{ answer }}” is no number.", "“{{ answer }}”不对。")}
    attempts: 3
    on_give_up: person
  find:
    call: shop.find
    with: {{number: "{{{{ number }}}}"}}
    save: thing
    goto:
      - if: thing is none
        refuse: ask_number
        say: {both("No {{ number }}.", "没有{{ number }}。")}
      - {{if: not thing.open or thing.left < {n}, step: sold_out}}
      - choose
    on_error: person
  choose:
    say: {both("Which kind of {{ thing.name }}?", "哪一种{{ thing.name }}？")}
    choices:"""]
    out += [f"""
      kind_{kind}: {{label: {{en: Kind {kind} of {n}, zh: 种类{kind}}},
                description: {both("It is the one", "就是这个")}}}""" for kind in range(5)]
    out += ["\n    save: kind"]
    for number in range(6):
        out.append(f"""
  ask_day_{number}:
    say: {both(f"Which day, {{{{ contact.name }}}}? {number}", f"哪一天？{number}")}
    ask: day
    skip_if: count > {number}
  count_{number}:
    say: {both(f"How many? {{{{ day | date }}}} {number}", f"{{{{ day | date }}}}要几个？{number}")}
    ask: count""")
    out.append(f"""
  check:
    review: [number, kind, day, count]
  order:
    call: shop.order
    with: {{number: "{{{{ number }}}}", day: "{{{{ day }}}}", kind: "{{{{ kind }}}}"}}
    save: made
    on_error: person
  done:
    say: {both("Thank you. {{ made.price | money }}", "谢谢。{{ made.price | money }}")}
    end: ordered
  sold_out:
    say: {both("{{ thing.name }} is sold out.", "{{ thing.name }}卖完了。")}
    end: sold_out
  person:
    handoff: {{note: "{{{{ number }}}} of {n}"}}
""")
    return "".join(out)


def project(folder: Path, flows: int) -> Path:
    """A project with so many flows; its config.yaml."""
    (folder / "flows").mkdir()
    (folder / "templates").mkdir()
    for n in range(1, flows + 1):
        (folder / "flows" / f"thing_{n}.yaml").write_text(flow(n), "utf-8")
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    return folder / "config.yaml"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--flows", type=int, default=200)
    asked.add_argument("--profile", action="store_true")
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as made:
        config = project(Path(made), arguments.flows)
        if arguments.profile:
            from bot.check import find_mistakes

            profile = cProfile.Profile()
            profile.enable()
            find_mistakes(config)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
            return
        best = float("inf")
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [sys.executable, "-m", "bot", "check", "--config", str(config)], cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True,
                check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        sys.stdout.write(f"{arguments.flows} flows of 20 steps in two languages: {best:.2f} s of "
                         f"the processor; {done.stdout.strip().splitlines()[-1]}\n")


if __name__ == "__main__":
    main()
