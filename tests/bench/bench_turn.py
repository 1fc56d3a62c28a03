"""What one turn costs: match, machine, render and compose, without the store.

    python tests/bench/bench_turn.py [seconds]

Prints microseconds of one turn of each kind, the best of several rounds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from returning import RETURNS, SHOES
from talking import DAY, TUESDAY, Talk, flows

from bot import router
from bot.model import Event, Json, Snapshot


def measured(act: Callable[[], object], seconds: float) -> float:
    """Microseconds of one call, the best round."""
    act()
    best = float("inf")
    until = time.process_time() + seconds
    while time.process_time() < until:
        start = time.process_time()
        for _ in range(200):
            act()
        best = min(best, (time.process_time() - start) / 200)
    return best * 1e6


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    known = flows(Path(tempfile.mkdtemp()), RETURNS)

    def talk() -> Talk:
        return Talk(known)

    def turn(before: Talk, kind: str, payload: Json) -> Callable[[], object]:
        snapshot = Snapshot("c1", "main", before.contact, before.owner, before.state,
                            TUESDAY + DAY, TUESDAY, before.ticket)
        event = Event("e", kind, before.now + 1_000, payload)
        return lambda: router.decide(known, snapshot, event)

    text = {"type": "text"}
    reason = talk().says("return").says("AB123456").returns(SHOES)
    damaged = {"type": "tap", "id": reason.button("It is damaged")["id"], "title": "It is damaged"}
    cases = {
        "fallback": turn(talk(), "message", {**text, "text": "hm"}),
        "keyword starts the flow": turn(talk(), "message", {**text, "text": "return"}),
        "sentence starts the flow": turn(talk(), "message",
                                         {**text, "text": "i want to retrun my shoes"}),
        "answer refused": turn(talk().says("return"), "message", {**text, "text": "12"}),
        "answer taken, call": turn(talk().says("return"), "message",
                                   {**text, "text": "ab123456"}),
        "tap": turn(reason, "message", damaged),
        "typed label": turn(reason, "message", {**text, "text": "It is damaged"}),
        "near miss": turn(reason, "message", {**text, "text": "demaged"}),
        "stale timer": turn(reason, "timer", {"name": "timeout", "token": "x"}),
    }
    costs = {}
    for name, act in cases.items():
        costs[name] = measured(act, seconds)
        sys.stdout.write(f"{name:26} {costs[name]:7.1f} µs\n")
    sys.stdout.write(f"{'mean':26} {sum(costs.values()) / len(costs):7.1f} µs\n")


if __name__ == "__main__":
    main()
