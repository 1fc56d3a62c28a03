"""Flow files that nobody wrote become a list of mistakes or a flow, and nothing of them is run.

`tests/faults/flowfiles.py` does the same a hundred thousand times.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flowfiles import WHOLE, files, prepared, tried

#: Of the processor; the machine of a test may be busy and slow.
SECONDS = 10.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("flowfiles"))


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_the_worst_files_are_looked_at_soon(folder: Path, number: int) -> None:
    tried(folder, "a", WHOLE[number], SECONDS)


@pytest.mark.parametrize("seed", range(4))
def test_files_changed_at_random_are_flows_or_mistakes(folder: Path, seed: int) -> None:
    some = list(files(seed + 900, len(WHOLE) + 60))[len(WHOLE):]
    results = [tried(folder, name, data, SECONDS) for name, data in some]
    assert any(passed for passed, _ in results)
    assert not all(passed for passed, _ in results)
