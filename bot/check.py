"""Everything that is wrong with a project, without starting it: what `bot check` prints."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bot import config, plugin_files
from bot.errors import ConfigError
from bot.flow.lint.parts import Arguments, CheckOptions
from bot.flow.load import Loaded, load
from bot.flow.reading.finding import Finding
from bot.plugins import Action
from bot.resources import shipped
from bot.settings import Settings

_FILLED: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and in how many files it was looked for."""

    findings: tuple[Finding, ...]
    files: int


def load_all(settings: Settings) -> Loaded:
    """Every file of the flows, with its findings, over the commands and texts that are shipped.

    Raises `ConfigError` when the business's own Python can't be used.
    """
    operations = {f"{name}.{operation}": declared for name, backend in settings.backends.items()
                  for operation, declared in backend.operations.items()}
    plugins = plugin_files.find(settings)
    options = CheckOptions(
        default_language=settings.default_language,
        operations=frozenset([*operations, *plugins.actions]),
        queues=frozenset(settings.handoff.queues),
        public=settings.public,
        changing=frozenset([
            *(name for name, declared in operations.items() if declared.method != "GET"),
            *(name for name, action in plugins.actions.items() if action.changes)]),
        slot_types=frozenset(plugins.own.types), filters=frozenset(plugins.own.filters),
        arguments={name: Arguments(_named(declared.path),
                                   _named(declared.query) | _named(declared.body))
                   for name, declared in operations.items()}
        | {name: _taken(action) for name, action in plugins.actions.items()
           if not any(one.kind is one.VAR_KEYWORD for one in action.parameters)})
    return load(settings.flows, settings.templates, options, standard=shipped() / "flows")


def _taken(action: Action) -> Arguments:
    """What the function of an action takes."""
    needed = frozenset(one.name for one in action.parameters if one.default is one.empty)
    return Arguments(needed, frozenset(one.name for one in action.parameters) - needed, only=True)


def _named(template: Any) -> frozenset[str]:
    """The names in braces that are filled from a step's `with`."""
    if isinstance(template, str):
        return frozenset(_FILLED.findall(template))
    if isinstance(template, Mapping):
        template = list(template.values())
    return frozenset().union(*map(_named, template)) if isinstance(template, list | tuple) \
        else frozenset()


def find_mistakes(path: Path, only: Sequence[Path] = ()) -> Report:
    """The mistakes in the project of this config.yaml, those in `only` where it names some.

    Raises `ConfigError` when the file can't be read at all.
    """
    try:
        settings = config.load(path, os.environ, secrets=False)
        loaded = load_all(settings)
    except ConfigError as problem:
        if not problem.findings:
            raise
        # Flows refer to what the configuration and the business's own Python say, so they are
        # checked once these can be read.
        found = [entry for entry in problem.findings if isinstance(entry, Finding)]
        return Report(_shown(found, ()), 1)
    files = [path, *plugin_files.files(settings), *settings.flows.rglob("*.yaml"),
             *settings.templates.rglob("*.j2"), *settings.templates.rglob("*.yaml")]
    wanted = [file for file in files if _within(file, only)]
    return Report(_shown(loaded.findings, only), len(wanted))


def _within(file: Path, only: Sequence[Path]) -> bool:
    return not only or any(file.resolve().is_relative_to(each.resolve()) for each in only)


def _shown(findings: Sequence[Finding], only: Sequence[Path]) -> tuple[Finding, ...]:
    """The findings in `only`, their files as seen from here."""
    here = Path.cwd()
    out = []
    for finding in findings:
        file = Path(finding.file).resolve()
        if _within(file, only):
            near = file.relative_to(here) if file.is_relative_to(here) else file
            message = finding.message.replace(f"{here}{os.sep}", "")
            out.append(replace(finding, file=str(near), message=message))
    return tuple(sorted(out))
