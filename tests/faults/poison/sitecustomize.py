"""With this folder on PYTHONPATH, one word of a customer kills the bot, and another keeps its turn
from ending."""

from __future__ import annotations

import os
import signal
from typing import Any

from bot import engine

decide = engine.decide


def poisoned(flows: Any, snapshot: Any, event: Any) -> Any:
    words = event.payload.get("text") or ""
    if "kill" in words:
        os.kill(os.getpid(), signal.SIGKILL)
    while "spin" in words:
        pass
    return decide(flows, snapshot, event)


engine.decide = poisoned
