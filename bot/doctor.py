"""What runs here, and whether this project could be served now: what `bot doctor` prints."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot import __version__, app, check, config, witness
from bot.clock import HOUR, real_now
from bot.errors import ConfigError, StoreBusy, StoreError
from bot.settings import Settings
from bot.store.reading import of_file, of_postgres
from bot.store.sqlite import OLDEST
from bot.verify import Asked, Report, verify
from bot.web import control

#: The first SQLite in which two connections may write and checkpoint at once, and the branches
#: that have the same repair.
_SAFE: Final = (3, 51, 3)
_ALSO_SAFE: Final = ((3, 50, 7), (3, 44, 6))
_LIBRARIES: Final = ("aiohttp", "transitions", "jinja2", "rapidfuzz", "aiosqlite", "asyncpg",
                     "pydantic", "uvloop")


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at."""

    what: str
    level: str  #: ok | warning | error
    found: str


async def examine(asked: Path | None) -> list[Result]:
    """Look at everything in turn; what can't be looked at is an error like any other."""
    results = [Result("frontdesk", "ok", f"{__version__} on Python {platform.python_version()}, "
                                         f"{platform.system()} {platform.machine()}"),
               Result("libraries", "ok", ", ".join(_version(name) for name in _LIBRARIES)),
               judge_sqlite(sqlite3.sqlite_version_info)]
    try:
        path = asked or config.find(Path())
        settings = config.load(path, os.environ, secrets=False)
    except ConfigError as problem:
        return [*results, Result("configuration", "error", str(problem))]
    results.append(Result("configuration", "ok", str(path)))
    results += [_environment(path), _flows(path), await _store(settings)]
    return results


def _version(name: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{name} none"


def judge_sqlite(version: tuple[int, ...]) -> Result:
    """Whether this SQLite will do, and what to keep in mind with it."""
    found = ".".join(str(part) for part in version)
    if version < OLDEST:
        return Result("sqlite", "error", f"{found}; {'.'.join(map(str, OLDEST))} is the least that "
                                         "will do")
    if version >= _SAFE or any(version[:2] == fixed[:2] and version >= fixed
                               for fixed in _ALSO_SAFE):
        return Result("sqlite", "ok", found)
    # Safe all the same: one connection of one process writes and checkpoints, the others read.
    return Result("sqlite", "ok", f"{found}; below 3.51.3 two processes writing at once can damage "
                                  "a file, so never write to it with another program")


def _environment(path: Path) -> Result:
    try:
        config.load(path, os.environ)
    except ConfigError as problem:
        return Result("environment", "error", f"`bot run` can't start:\n{problem}")
    return Result("environment", "ok", "every variable of the configuration is set")


def _flows(path: Path) -> Result:
    report = check.find_mistakes(path)
    errors = [finding for finding in report.findings if finding.level == "error"]
    if errors:
        return Result("flows", "error", f"{len(errors)} to mend, see `bot check`; the first: "
                                        f"{errors[0]}")
    return Result("flows", "ok", f"{report.files} files, nothing to mend")


async def _store(settings: Settings) -> Result:
    path = settings.store_file
    if path is None:
        try:
            async with app.open_store(settings):
                return Result("store", "ok", f"{settings.store_shown} answers")
        except StoreError as problem:
            return Result("store", "error", str(problem))
    if not path.exists():
        return Result("store", "ok", f"{path} is not there yet; `bot run` makes it")
    try:
        async with app.open_store(settings):
            return Result("store", "ok", f"{path} opens, and no other process has it")
    except StoreBusy:
        try:
            async with control.remote(control.door(path)) as remote:
                await remote.desk.agents()
        except StoreError as problem:
            return Result("store", "error", str(problem))
        return Result("store", "ok", f"{path} is open in a running process, which answers")
    except StoreError as problem:
        return Result("store", "error", str(problem))


async def verified(asked: Path | None, *, patience: int, settled: bool, acks: Path | None,
                   ledger: Path | None) -> Report:
    """Hold the store against the guarantee, and against what was seen from outside.

    Raises `BotError`.
    """
    settings = config.load(asked or config.find(Path()), os.environ, secrets=False)
    real = real_now()
    # What was let go of while this looks is not missed either.
    since = {name.removesuffix("_ms"): real - length + HOUR for name, length in settings.keep
             if length is not None}
    judged = Asked(real, real, patience=patience, lease=settings.outbox.lease_ms, settled=settled,
                   **{name: since[name] for name in ("seen", "messages", "journal", "receipts")
                      if name in since})
    file = settings.store_file
    reading = of_file(file) if file is not None else of_postgres(settings.store)
    async with reading as read:
        report = await verify(read, judged)
        if acks is not None:
            await witness.acknowledged(read, report, acks)
        if ledger is not None:
            await witness.taken(read, report, ledger, judged)
    return report
