"""Where the flows, templates and config.yaml that come with the program are."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped() -> Path:
    """The folder of the project that comes with the program: config.yaml, flows/, templates/."""
    package = Path(str(files("bot")))
    # A wheel carries the project inside the package; in a checkout it stands beside it.
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent
