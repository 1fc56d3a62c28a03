"""What commands are given: their common options, the project they work on, its store."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.cli.printing import misuse
from bot.errors import ConfigError, StoreBusy

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.store import Store
    from bot.web.control import Remote

T = TypeVar("T")

Config = Annotated[Path | None, typer.Option(
    "--config", metavar="FILE",
    help="config.yaml; without it, the one of this folder or the nearest above.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free "
                                                          "one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LogLevel = Annotated[str, typer.Option("--log", metavar="LEVEL", help="debug, info, warning or "
                                                                      "error.")]


def level(name: str) -> str:
    if name.lower() not in ("debug", "info", "warning", "error"):
        misuse(f"--log {name} is not known: debug, info, warning or error")
    return name


def where(config: Path | None, near: Sequence[Path] = ()) -> Path:
    from bot.config import find

    if config is not None:
        return config
    start = near[0] if near else Path()
    return find(start if start.is_dir() else start.parent)


def settings_of(config: Path | None, *, secrets: bool = True) -> Settings:
    from bot.config import load

    try:
        path = where(config)
    except ConfigError as problem:
        misuse(str(problem))
    return load(path, os.environ, secrets=secrets)


@asynccontextmanager
async def store_of(config: Path | None) -> AsyncIterator[Store | Remote]:
    """The store, or the running process that has it open."""
    from bot import app
    from bot.web import control

    settings = settings_of(config, secrets=False)
    async with AsyncExitStack() as stack:
        store: Store | Remote
        try:
            store = await stack.enter_async_context(app.open_store(settings))
        except StoreBusy:
            assert settings.store_file is not None
            store = await stack.enter_async_context(
                control.remote(control.door(settings.store_file)))
        yield store


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
