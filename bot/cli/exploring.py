"""`bot test --explore`: every way of a flow, walked by itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.printing import FINDINGS, count, misuse, print_json

if TYPE_CHECKING:
    from bot.scripts.explore.exploring import Explored


def explore(at: Path, flows: list[str], most: int, *, as_json: bool) -> None:
    """Walk these flows, or all, and tell what breaks."""
    from bot.scripts.explore import exploring

    try:
        found = exploring.explore(at, flows, most or exploring.MOST)
    except exploring.Unknown as problem:
        misuse(str(problem))
    if as_json:
        print_json({"flows": [asdict(one) for one in found],
                    "faults": sum(len(one.faults) for one in found)})
    else:
        for one in found:
            _print(one)
    raise typer.Exit(FINDINGS if any(one.faults for one in found) else 0)


def _print(one: Explored) -> None:
    for fault in one.faults:
        print(fault)
        for line in fault.way:
            print(f"    {line}")
        print()
    print(f"{one.flow}: {count(len(one.faults), 'fault')}; {one.turns} turns to "
          f"{count(one.places, 'place')}")
    for gap in one.missed:
        print(f"  could not be reached: {gap}")
    if one.stopped:
        print("  there is more to walk than --limit allows: what was not reached may be there")
