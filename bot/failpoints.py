"""Places where a test may kill, break or hold the process; nothing at all otherwise.

`BOT_FAILPOINTS="outbox.written=kill@3,accept.done=raise"` acts at the third, at the first hit
of those names. Actions: kill (SIGKILL), raise, stall:<seconds>. Without the variable `hit` is an
empty function.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

#: Every name that the code hits; a test walks this list.
NAMES = (
    "write.begun", "write.before_commit", "write.committed",
    "accept.before", "accept.done", "accept.kept", "receipt.applied",
    "step.begun", "step.decided", "step.written", "takeover.written",
    "outbox.claimed", "outbox.connected", "outbox.written", "outbox.headers", "outbox.answered",
    "outbox.settled", "outbox.lapsed",
    "timer.fired", "call.claimed", "call.answered", "call.stored", "migration.step",
)


class FailpointError(RuntimeError):
    """A failpoint was told to raise here."""


def _parse(words: str) -> dict[str, tuple[str, int]]:
    plan = {}
    for word in filter(None, words.split(",")):
        name, _, action = word.partition("=")
        action, _, count = action.partition("@")
        if name not in NAMES:
            raise SystemExit(f"BOT_FAILPOINTS: no failpoint {name!r}; there are {', '.join(NAMES)}")
        plan[name] = (action, int(count or 1))
    return plan


_plan = _parse(os.environ.get("BOT_FAILPOINTS", ""))
_hits: Counter[str] = Counter()


def _hit(name: str) -> None:
    if name not in _plan:
        return
    action, at = _plan[name]
    _hits[name] += 1
    if _hits[name] != at:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action.startswith("stall:"):
        time.sleep(float(action.removeprefix("stall:")))
    else:
        raise FailpointError(name)


def _nothing(name: str) -> None:
    """What `hit` is unless a test asks for failures."""


hit = _hit if _plan else _nothing
