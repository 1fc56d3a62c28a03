"""`bot db`: what is in the store."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.dead import dead
from bot.cli.given import AsJson, Config, run_to_end, settings_of, store_of
from bot.cli.printing import print_json, print_table, short

if TYPE_CHECKING:
    from bot.store.rows import EventRow

db = typer.Typer(help="What is in the store.", no_args_is_help=True, rich_markup_mode=None)
db.add_typer(dead, name="dead")


@db.command("upgrade")
def upgrade_store(config: Config = None) -> None:
    """Make the store, or bring its tables up to date."""

    async def upgrade() -> None:
        from bot import app

        settings = settings_of(config, secrets=False)
        async with app.open_store(settings):
            print(f"{settings.store_shown} is up to date.")

    run_to_end(upgrade())


@db.command("events")
def list_events(
    config: Config = None,
    as_json: AsJson = False,
    kind: Annotated[str | None, typer.Option(
        help="Only this kind: message, message.text, receipt, timer, …")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 50,
    after: Annotated[str | None, typer.Option(
        metavar="ID", help="Older than this one: the last id of the page before.")] = None,
) -> None:
    """List what came in, its kind and text, and what became of it; the newest first."""

    async def listed() -> list[EventRow]:
        async with store_of(config) as store:
            found: list[EventRow] = []
            page = await store.desk.events(after=after, limit=min(limit, 500), kind=kind)
            found += page.rows
            while page.next and len(found) < limit:
                page = await store.desk.events(after=page.next, limit=min(limit - len(found), 500),
                                          kind=kind)
                found += page.rows
            return found

    rows = run_to_end(listed())
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        print("Nothing came in yet.")
    else:
        from bot.clock import local

        print_table([("time (UTC)", "channel", "kind", "text", "what became of it"), *(
            (f"{local(row.at):%Y-%m-%d %H:%M:%S}", row.channel, row.kind, short(row.text, 48),
             short(f"{row.became} {row.error}", 60)) for row in rows)])
