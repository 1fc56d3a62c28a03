"""`bot schema`: what editors need to complete and check while one writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.given import Config, where
from bot.cli.printing import misuse
from bot.errors import ConfigError


def schema(
    kind: Annotated[str, typer.Argument(help="flow, answers, commands, texts, template or "
                                             "config.")] = "flow",
    write: Annotated[Path | None, typer.Option(
        metavar="FOLDER", help="Write all of them into this folder instead, as flow.json and so "
                               "on.")] = None,
    config: Config = None,
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from bot import schema as schemas
    from bot.nearest import nearest

    if kind not in schemas.KINDS:
        near = nearest(kind, schemas.KINDS)
        misuse(f"there is no kind {kind}: " + (f"did you mean {near}?" if near else
                                               f"there is {', '.join(schemas.KINDS)}"))
    own = _own_types(config)
    if write is None:
        print(schemas.written(kind, own), end="")
        return
    for file in schemas.write(write, own):
        print(file)


def _own_types(config: Path | None) -> list[str]:
    """The slot types of the project's own Python, where there is a project."""
    from bot import config as configuration
    from bot.plugin_files import find

    try:
        path = where(config)
    except ConfigError:
        return []
    return sorted(find(configuration.load(path, os.environ, secrets=False)).own.types)
