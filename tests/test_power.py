"""The power fails at any moment (the long run: tests/faults/power.py)."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from flushes import missing
from power import look

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "strace is here")


@pytest.mark.parametrize("careless", [False, True])
async def test_after_a_power_cut_everything_acknowledged_is_there_whole_and_in_order(
        tmp_path: Path, careless: bool) -> None:
    found = await look(tmp_path, 20, random.Random(1), messages=40, length=100, careless=careless)
    assert found.cuts == 20
    assert found.torn > 10
    assert bool(found.faults) is careless, found
