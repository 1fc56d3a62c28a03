from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.failpoints import NAMES

BOT = Path(__file__).parent.parent / "bot"
HITS = Counter(name for path in BOT.rglob("*.py")
               for name in re.findall(r"failpoints\.hit\(\"([\w.]+)\"\)", path.read_text("utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_every_failpoint_is_hit_somewhere(name: str) -> None:
    assert HITS[name] > 0


def test_the_code_hits_no_failpoint_that_can_t_be_asked_for() -> None:
    assert HITS.keys() - set(NAMES) == set()


def run(plan: str, *hits: str) -> subprocess.CompletedProcess[str]:
    """A process with this plan that hits those failpoints and then says so."""
    program = "\n".join(["from bot import failpoints",
                         *(f"failpoints.hit({name!r})" for name in hits), "print('through')"])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          cwd=BOT.parent, env={**os.environ, "BOT_FAILPOINTS": plan}, check=False)


def test_a_failpoint_acts_at_the_hit_that_was_asked_for() -> None:
    name = "outbox.written"
    assert run(f"{name}=kill@2", name).stdout == "through\n"
    assert run(f"{name}=kill@2", name, name).returncode == -9
    assert "FailpointError: outbox.written" in run(f"{name}=raise", name).stderr
    assert run("", name).stdout == "through\n"


def test_an_unknown_failpoint_is_refused_with_those_that_there_are() -> None:
    said = run("outbox.sent=kill").stderr
    assert "'outbox.sent'" in said
    assert "outbox.written" in said
