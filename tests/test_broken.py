"""A build that is broken on purpose is seen to be, and the build as it is is not
(all of them: tests/faults/broken.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from broken import CARELESS, CONTROLS, build, run

BUILDS = {control.name: control.pieces for control in CONTROLS} | {"careless": CARELESS}


@pytest.mark.parametrize("name", BUILDS)
def test_every_piece_that_is_broken_stands_in_the_source_once(name: str, tmp_path: Path) -> None:
    source = build(BUILDS[name], tmp_path)
    for file in {piece.file for piece in BUILDS[name] if piece.file.endswith(".py")}:
        compile((source / "bot" / file).read_text("utf-8"), file, "exec")


@pytest.mark.timeout(120)
async def test_a_200_before_the_commit_is_seen() -> None:
    (first,) = [control for control in CONTROLS if control.name == "acknowledged first"]
    assert await run(first.scene, (), None) == []
    assert "G1 it was acknowledged, and is not in the store" in await run(
        first.scene, first.pieces, None)
