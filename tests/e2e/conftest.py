from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from phoning import Demo, demo


@pytest.fixture(scope="module")
def running() -> Iterator[Demo]:
    """One demo for the conversations of a module."""
    with demo() as started:
        yield started
