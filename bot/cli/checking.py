"""The commands that look at a project without serving it: check, doctor."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.given import AsJson, Config, where
from bot.cli.printing import FINDINGS, count, misuse, print_json
from bot.errors import ConfigError


def check(
    paths: Annotated[list[Path] | None, typer.Argument(
        metavar="[PATH]...", help="Files or folders; without them, the whole project.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Find the mistakes in config.yaml and in the flows. Needs no secrets."""
    from bot.check import find_mistakes

    asked = paths or []
    for path in asked:
        if not path.exists():
            misuse(f"there is no {path}")
    try:
        report = find_mistakes(where(config, asked), asked)
    except ConfigError as problem:
        misuse(str(problem))
    errors = sum(finding.level == "error" for finding in report.findings)
    warnings = len(report.findings) - errors
    if as_json:
        print_json({"findings": [finding.as_data() for finding in report.findings],
                     "errors": errors, "warnings": warnings, "files": report.files})
    else:
        for finding in report.findings:
            print(finding)
        print(f"{count(errors, 'error')}, {count(warnings, 'warning')} "
              f"in {count(report.files, 'file')}")
    raise typer.Exit(FINDINGS if errors else 0)


def doctor(config: Config = None, as_json: AsJson = False) -> None:
    """Say what runs here, and whether this project could be served now."""
    from bot.doctor import examine

    results = asyncio.run(examine(config))
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            print(f"{result.level:<8}{result.what}: {result.found}")
    raise typer.Exit(FINDINGS if any(result.level == "error" for result in results) else 0)
