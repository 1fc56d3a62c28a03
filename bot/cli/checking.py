"""The commands that look at a project without serving it: check, doctor."""

from __future__ import annotations

import asyncio
import gc
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
    annotations: Annotated[bool, typer.Option(
        "--annotations", help="Print each mistake so that GitHub shows it beside its "
                              "line.")] = False,
) -> None:
    """Find the mistakes in config.yaml and in the flows. Needs no secrets."""
    from bot.check import find_mistakes

    if as_json and annotations:
        misuse("--json and --annotations exclude each other")
    gc.disable()  # nothing here is thrown away before the end: looking for it would be a sixth
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
            print(finding.as_annotation() if annotations else finding)
        print(f"{count(errors, 'error')}, {count(warnings, 'warning')} "
              f"in {count(report.files, 'file')}")
    raise typer.Exit(FINDINGS if errors else 0)


def doctor(
    config: Config = None,
    as_json: AsJson = False,
    verify: Annotated[bool, typer.Option(
        "--verify", help="Hold the store against the guarantee instead; it is only read, also "
                         "beside a running `bot run`.")] = False,
    settled: Annotated[bool, typer.Option(
        "--settled", help="With --verify: nothing may wait any more.")] = False,
    patience: Annotated[str, typer.Option(
        metavar="TIME", help="With --verify: so long something that is due may wait.")] = "60s",
    acks: Annotated[Path | None, typer.Option(
        metavar="FILE", help="With --verify: the provider's ids of messages that were answered "
                             "with 200, as JSON lines.")] = None,
    ledger: Annotated[Path | None, typer.Option(
        metavar="FILE", help="With --verify: what the provider took, as JSON lines.")] = None,
) -> None:
    """Say what runs here, and whether this project could be served now."""
    from bot.doctor import examine

    if verify:
        raise typer.Exit(_verify(config, as_json, settled, patience, acks, ledger))
    if settled or acks or ledger:
        misuse("--settled, --acks and --ledger belong to --verify")
    results = asyncio.run(examine(config))
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            print(f"{result.level:<8}{result.what}: {result.found}")
    raise typer.Exit(FINDINGS if any(result.level == "error" for result in results) else 0)


def _verify(config: Path | None, as_json: bool, settled: bool, patience: str, acks: Path | None,
            ledger: Path | None) -> int:
    from bot.clock import duration
    from bot.doctor import verified

    try:
        wait = duration(patience)
    except ValueError as problem:
        misuse(f"--patience: {problem}")
    try:
        path = where(config)
    except ConfigError as problem:
        misuse(str(problem))
    report = asyncio.run(verified(path, patience=wait, settled=settled, acks=acks, ledger=ledger))
    wrong = len(report.violations) + report.more
    if as_json:
        print_json({**asdict(report), "count": wrong})
    else:
        for each in report.violations:
            print(f"{each.guarantee:<4}{each.conversation or '-'} {each.about}: {each.what}")
        if report.more:
            print(f"and {report.more} more")
        for what, number in report.examined.items():
            print(f"examined {what}: {number}")
        print(count(wrong, "violation"))
    return FINDINGS if wrong else 0
