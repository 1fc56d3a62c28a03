"""`bot chat`: talk to the flows in a terminal."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.given import Config, where
from bot.cli.printing import misuse
from bot.errors import ConfigError


def chat(
    given: Annotated[list[Path] | None, typer.Option(
        "--given", metavar="FILE", help="A file of scripts whose `given:` answers the calls; "
                                        "those in flows/tests without it.")] = None,
    language: Annotated[str, typer.Option(help="What the customer speaks; found out without "
                                               "it.")] = "",
    record: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Write the chat as a script at the end of this file.")] = None,
    name: Annotated[str, typer.Option(help="What the recorded script is called.")] = "recorded",
    config: Config = None,
) -> None:
    """Talk to the flows: no phone, no network, a clock that you move. /help says what else."""
    from bot import testing
    from bot.scripts import reading, recording
    from bot.terminal import HELP, Terminal

    try:
        at = where(config)
    except ConfigError as problem:
        misuse(str(problem))
    project = testing.load(at)
    backend = {}
    for file in given or sorted((project.folder / "tests").glob("*.yaml")):
        if not file.exists():
            misuse(f"there is no {file}")
        backend.update(reading.shared(file).get("backend", {}))
    contact = testing.KIM if not language else replace(
        testing.KIM, language=language, language_from="chosen")
    asks = sys.stdin.isatty()
    terminal = Terminal(testing.Chat(project.flows, backend, contact), typer.echo,
                        lambda prompt: input(prompt if asks else ""))
    terminal.chat.ask = terminal.answer
    typer.echo(HELP)
    try:
        while terminal.take(terminal.read("> ")):
            pass
    except EOFError:
        pass
    if record is not None:
        answered = recording.answers(terminal.chat.calls)
        recording.save(record, name, terminal.entries, {"backend": answered} if answered else {})
        typer.echo(f"\n{record} has the script “{name}”: bot test {record}")
