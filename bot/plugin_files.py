"""The business's own Python, found and imported; every mistake in it with its file and line."""

from __future__ import annotations

import hashlib
import importlib
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from importlib.metadata import EntryPoint, entry_points
from inspect import unwrap
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from bot.errors import ConfigError
from bot.flow.expressions.filters import NAMES
from bot.flow.expressions.own import Own, OwnFilter, OwnType
from bot.flow.reading.finding import Finding
from bot.flow.spec import SLOT_TYPES
from bot.plugins import MARK, Action, Declared, Filter, SlotType
from bot.settings import Settings

log = logging.getLogger(__name__)

_GROUPS: Final = MappingProxyType({
    "frontdesk.actions": Action, "frontdesk.slot_types": SlotType, "frontdesk.filters": Filter})
_WHAT: Final = MappingProxyType({Action: "action", SlotType: "slot type", Filter: "filter"})


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found, by the names that flows use."""

    actions: dict[str, Action] = field(default_factory=dict)
    own: Own = field(default_factory=Own)


def files(settings: Settings) -> list[Path]:
    """The files that are imported; those whose names begin with `_` are for the others."""
    folder = settings.plugins
    return [] if folder is None or not folder.is_dir() else sorted(
        path for path in folder.glob("*.py") if not path.name.startswith("_"))


def find(settings: Settings) -> Plugins:
    """Import what the project and the installed packages bring. Raises `ConfigError`.

    What was imported once stays: a change is seen by the next process.
    """
    findings: list[Finding] = []
    declared: list[Declared] = []
    folder = settings.plugins
    for file in files(settings):
        assert folder is not None
        try:
            declared += _of(importlib.import_module(f"{_package(folder)}.{file.stem}"))
        except (Exception, SystemExit) as error:
            findings.append(_unimportable(file, error))
    for group, kind in _GROUPS.items():
        for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
            try:
                loaded = entry.load()
            except (Exception, SystemExit) as error:
                findings.append(_unimportable(Path(entry.value), error, entry))
                continue
            found = [each for each in _of(loaded) if isinstance(each, kind)]
            if not found:
                findings.append(Finding(entry.value, 1, 1, "error", f"{_named(entry)} declares no "
                                                                    f"{_WHAT[kind]}"))
            declared += found
    findings += _clashes(declared, settings)
    if findings:
        raise ConfigError("\n".join(map(str, sorted(findings))), findings=tuple(sorted(findings)))
    return Plugins(
        {each.name: each for each in declared if isinstance(each, Action)},
        Own({each.name: OwnType(_told_of(each), each.show, each.error)
             for each in declared if isinstance(each, SlotType)},
            {each.name: OwnFilter(_told_of(each), each.context)
             for each in declared if isinstance(each, Filter)}))


def _package(folder: Path) -> str:
    """A package of this folder alone, so that its files can say `from .prices import x`."""
    place = str(folder.resolve())
    name = f"frontdesk_plugins_{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [place]
        sys.modules[name] = package
    importlib.invalidate_caches()
    return name


def _of(loaded: Any) -> Iterator[Declared]:
    """What a module, or one object of it, declares."""
    objects = list(vars(loaded).values()) if isinstance(loaded, ModuleType) else [loaded]
    seen: set[int] = set()
    for each in objects:
        for declared in getattr(each, MARK, ()) if callable(each) else ():
            if id(declared) not in seen:
                seen.add(id(declared))
                yield declared


def _unimportable(file: Path, error: BaseException, entry: EntryPoint | None = None) -> Finding:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if entry is not None or Path(frame.filename).parent == file.parent.resolve()]
    place, line = (frames[-1].filename, frames[-1].lineno or 1) if frames else (str(file), 1)
    column = 1
    if isinstance(error, SyntaxError) and error.filename:
        place, line, column = error.filename, error.lineno or 1, error.offset or 1
    what = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(
            "frontdesk_plugins_"):
        hint = (f"install the package that has `{error.name}` beside the bot, or take the import "
                "out")
    else:
        hint = "mend this line"
    if entry is None:
        hint += ", or take the file out of the folder"
        return Finding(str(file.parent / Path(place).name) if frames or column > 1 else str(file),
                       line, column, "error",
                       f"this file can't be imported: {type(error).__name__}: {what} - {hint}")
    return Finding(place, line, column, "error",
                   f"{_named(entry)} can't be imported: {type(error).__name__}: {what} - {hint}, "
                   "or uninstall the package")


def _named(entry: EntryPoint) -> str:
    package = f" of the package {entry.dist.name}" if entry.dist is not None else ""
    return f"the entry point `{entry.name}`{package} (group {entry.group})"


def _clashes(declared: list[Declared], settings: Settings) -> Iterator[Finding]:
    operations = {f"{name}.{operation}" for name, backend in settings.backends.items()
                  for operation in backend.operations}
    taken: dict[type, set[str]] = {Action: operations, SlotType: set(SLOT_TYPES),
                                   Filter: set(NAMES)}
    whose = {Action: "an operation of `backends:` in config.yaml has this name",
             SlotType: "the language has a slot type of this name",
             Filter: "the language has a filter of this name"}
    first: dict[tuple[type, str], Declared] = {}
    for each in declared:
        kind = type(each)
        what = f"the {_WHAT[kind]} `{each.name}`"
        before = first.setdefault((kind, each.name), each)
        if each.name in taken[kind]:
            yield Finding(*_place(each), "error", f"{what}: {whose[kind]} - call it otherwise")
        elif before is not each:
            file, line, _ = _place(before)
            yield Finding(*_place(each), "error",
                          f"{what} is declared in {Path(file).name}:{line} too - call one of "
                          "them otherwise")


def _place(declared: Declared) -> tuple[str, int, int]:
    code = getattr(unwrap(declared.function), "__code__", None)
    return ("?", 1, 1) if code is None else (code.co_filename, code.co_firstlineno, 1)


def _told_of(declared: SlotType | Filter) -> Callable[..., Any]:
    """The function; where it fails the log has the place, and no word of a customer."""
    @wraps(declared.function)
    def told(*args: Any, **named: Any) -> Any:
        try:
            return declared.function(*args, **named)
        except Exception as error:
            tell(declared, error)
            raise
    return told


def tell(declared: Declared, error: BaseException) -> None:
    """Log where the business's own code has failed; its message may quote a customer."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    log.error("plugin failed", extra={
        "plugin": f"{_WHAT[type(declared)]} {declared.name}", "error": type(error).__name__,
        "at": f"{last.filename}:{last.lineno}"})
