"""`bot test`: the scripts beside the flows, and what of the flows they leave out."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.given import AsJson, Config, where
from bot.cli.printing import FINDINGS, count, misuse, print_json
from bot.errors import ConfigError

if TYPE_CHECKING:
    from bot.scripts.coverage import Coverage
    from bot.scripts.running import Results

_EMULATOR = "http://127.0.0.1:8080/emulator"


def play_scripts(
    paths: Annotated[list[Path] | None, typer.Argument(
        metavar="[PATH]...", help="Files or folders of scripts; flows/tests without them. With "
                                  "--explore: flows; all without them.")] = None,
    name: Annotated[str, typer.Option("--name", "-k", help="Only scripts whose name holds "
                                                           "this.")] = "",
    show_coverage: Annotated[bool, typer.Option(
        "--coverage", help="List every step and way that no script takes.")] = False,
    minimum: Annotated[float, typer.Option(
        "--minimum", min=0, max=100, help="Fail below this coverage, in per cent.")] = 0,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit's XML, for "
                                                    "CI.")] = None,
    record: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Write a chat in the emulator as a script at the end of this file "
                             "instead. What calls gave, you add.")] = None,
    emulator: Annotated[str, typer.Option(metavar="URL", help="Where the emulator "
                                                              "is.")] = _EMULATOR,
    customer: Annotated[str, typer.Option(help="Whose chat; without it, who wrote "
                                               "last.")] = "",
    explore: Annotated[bool, typer.Option(
        "--explore", help="Walk every way of the flows by itself instead, and tell what "
                          "breaks.")] = False,
    limit: Annotated[int, typer.Option(
        min=0, help="With --explore: so many turns for each flow; 0 for what is usual.")] = 0,
    jobs: Annotated[int, typer.Option(min=0, max=64, help="So many processes; 0 for as many as "
                                                          "it is worth.")] = 0,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Play the scripts that stand beside the flows."""
    if record is not None:
        _record(record, emulator, customer, name or "recorded")
        return
    asked = paths or []
    if explore:
        from bot.cli import exploring

        try:
            at = where(config)
        except ConfigError as problem:
            misuse(str(problem))
        exploring.explore(at, [path.stem for path in asked], limit, as_json=as_json)
    from bot import testing
    from bot.scripts import coverage, running
    from bot.scripts import junit as xml

    for path in asked:
        if not path.exists():
            misuse(f"there is no {path}")
    try:
        at = where(config, asked)
    except ConfigError as problem:
        misuse(str(problem))
    project = testing.load(at)
    scripts = running.find(project, asked, name)
    if not scripts:
        misuse(f"no script{f' named “{name}”' if name else ''} in "
               f"{', '.join(map(str, asked)) or project.folder / 'tests'}")
    results = running.run(at, project, scripts, jobs)
    spoken = coverage.coverage(project, results.taken)
    if junit is not None:
        xml.write(results, junit)
    if as_json:
        print_json(_data(results, spoken))
    else:
        _print(results, spoken, every=show_coverage)
    short = spoken.percent < minimum
    if short and not as_json:
        print(f"The coverage is below {minimum:g} %.")
    raise typer.Exit(FINDINGS if results.failed or short else 0)


def _record(file: Path, emulator: str, customer: str, name: str) -> None:
    """Fetch a chat from the emulator and keep it."""
    from bot.scripts import recording

    base = f"{emulator.rstrip('/')}/api/customers"
    try:
        known = _fetched(base)["customers"]
        chats = {one["id"]: _fetched(f"{base}/{one['id']}/messages")["messages"]
                 for one in known if customer in ("", one["id"])}
    except (OSError, ValueError) as problem:
        misuse(f"no emulator answers at {emulator}: {problem}")
    if customer and customer not in chats:
        misuse(f"the emulator has no customer {customer}: {', '.join(one['id'] for one in known)}")
    messages = max(chats.values(), key=lambda chat: chat[-1]["at"] if chat else 0)
    if not messages:
        misuse("nothing was said in the emulator yet")
    recording.save(file, name, recording.of_emulator(messages), {})
    print(f"{file} has the script “{name}”; add under `given:` what the calls gave, then: "
          f"bot test {file}")


def _fetched(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def _print(results: Results, spoken: Coverage, *, every: bool) -> None:
    for result in results.failed:
        print(f"{result.failure}\n")
    gone_well = len(results.results) - len(results.failed)
    print(f"{count(gone_well, 'script')} as written, {len(results.failed)} not; "
          f"coverage {spoken.percent:.0f} % of steps and ways in each language")
    gaps = spoken.gaps if every else ()
    for gap in gaps:
        print(f"  {gap}")
    if spoken.gaps and not every:
        print(f"{len(spoken.gaps)} steps and ways are not taken: "
              "bot test --coverage lists them")


def _data(results: Results, spoken: Coverage) -> dict[str, Any]:
    return {
        "results": [{"file": str(result.script.file), "line": result.script.line,
                     "name": result.script.name, "seconds": round(result.seconds, 4),
                     "failure": result.failure or None} for result in results.results],
        "failed": len(results.failed),
        "coverage": {"percent": round(spoken.percent, 1), "gone": spoken.gone,
                     "all": spoken.all, "gaps": [asdict(gap) for gap in spoken.gaps]}}
