"""The command line. A command lives in a module of `bot/cli` and imports what it needs late."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot import __version__
from bot.cli import checking, flows, serve
from bot.cli.agents import agents
from bot.cli.chat import chat
from bot.cli.db import db
from bot.cli.matching import match
from bot.cli.printing import FINDINGS
from bot.cli.publish import publish
from bot.cli.schemas import schema
from bot.cli.testing import play_scripts
from bot.errors import BotError

cli = typer.Typer(help="Frontdesk: a front desk for a business on WhatsApp.", add_completion=False,
                  no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for command in (serve.demo, serve.run, checking.check, chat, flows.graph, match, publish,
                schema, serve.emulator, checking.doctor):
    cli.command()(command)
cli.command("test")(play_scripts)
cli.add_typer(agents, name="agents")
cli.add_typer(db, name="db")


def main() -> None:
    """The command `bot`: 0 for success, 1 for findings or a failure, 2 for misuse."""
    try:
        cli()
    except BotError as problem:
        print(problem, file=sys.stderr)
        sys.exit(FINDINGS)
    except KeyboardInterrupt:
        sys.exit(130)


def _version(asked: bool) -> None:
    if asked:
        print(f"frontdesk-bot {__version__}")
        raise typer.Exit


@cli.callback()
def _root(version: Annotated[bool, typer.Option(
        "--version", callback=_version, is_eager=True, help="Print the version.")] = False) -> None:
    pass


if __name__ == "__main__":
    main()
