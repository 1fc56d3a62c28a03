"""`bot db dead`: events that were put aside, and what to do with them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.given import AsJson, Config, run_to_end, store_of
from bot.cli.printing import print_json, print_table, short
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.store.dead import DeadLetter

#: Who it was, in the audit.
WHO = "command line"

dead = typer.Typer(help="Events that were put aside after five attempts.", no_args_is_help=True,
                   rich_markup_mode=None)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As `bot db dead list` shows "
                                                                "them.")]


@dead.command("list")
def list_dead(
    config: Config = None,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 50,
    after: Annotated[str | None, typer.Option(
        metavar="ID", help="Older than this one: the last id of the page before.")] = None,
) -> None:
    """List them with their errors, the newest first."""
    from bot.clock import real_now
    from bot.web.desk_words import duration

    async def listed() -> list[DeadLetter]:
        async with store_of(config) as store:
            found: list[DeadLetter] = []
            page = await store.dead.listed(after=after, limit=min(limit, 500))
            found += page.rows
            while page.next and len(found) < limit:
                page = await store.dead.listed(after=page.next, limit=min(limit - len(found), 500))
                found += page.rows
            return found

    letters, now = run_to_end(listed()), real_now()
    if as_json:
        print_json([{**asdict(each), "age_ms": max(0, now - each.at)} for each in letters])
    elif not letters:
        print("There are no dead letters.")
    else:
        print_table([("id", "age", "channel", "kind", "text", "attempts", "error"), *(
            (each.id, duration(max(0, now - each.at)), each.channel, each.kind,
             short(each.text, 32), str(each.attempts), short(each.error, 60))
            for each in letters)])


@dead.command("retry")
def retry_dead(ids: Ids, config: Config = None) -> None:
    """Try them again, each before what still waits in its conversation."""
    _each(config, ids, "retry", "waits to be handled again.")


@dead.command("skip")
def skip_dead(ids: Ids, config: Config = None) -> None:
    """Close them: they change nothing any more. The audit says who did."""
    _each(config, ids, "skip", "is closed.")


def _each(config: Config, ids: list[str], what: str, done: str) -> None:
    async def act() -> int:
        refused = 0
        async with store_of(config) as store:
            for id_ in ids:
                try:
                    await (store.dead.retry if what == "retry" else store.dead.skip)(id_, WHO)
                    print(f"{id_} {done}")
                except BotError as problem:
                    refused += 1
                    print(problem)
        return refused

    if run_to_end(act()):
        raise typer.Exit(1)
