"""The commands that serve: demo, run, emulator."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import logs
from bot.cli.given import Config, LogLevel, Port, level, run_to_end, settings_of, where
from bot.cli.printing import lines, misuse


def demo(port: Port = 8080, config: Config = None, log: LogLevel = "warning") -> None:
    """Try it: the bot, a WhatsApp to talk to, a small shop and clinic, all in one process."""
    logs.setup(level(log))
    from bot.trying import demo as trying

    run_to_end(trying(port, config))


def run(
    config: Config = None,
    log: LogLevel = "info",
    watch: Annotated[bool, typer.Option("--watch", help="Publish whenever a file of the flows is "
                                                        "saved.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="So many processes share the port "
                                                             "(PostgreSQL only).")] = 1,
    only: Annotated[str, typer.Option(metavar="ROLES", help="Only these, with commas between: web, "
                                      "inbox, outbox, timers (PostgreSQL only).")] = "",
) -> None:
    """Serve the numbers of config.yaml until Ctrl-C or SIGTERM."""
    logs.setup(level(log))
    settings = settings_of(config)
    from bot import app

    roles = tuple(only.split(",")) if only else app.ROLES
    if unknown := set(roles) - set(app.ROLES):
        misuse(f"--only {unknown.pop()} is not known: {', '.join(app.ROLES)}, commas between")
    if settings.store_file is not None and (workers > 1 or roles != app.ROLES):
        misuse("One process at a time works on an SQLite file: --workers and --only need a "
                "`store` on PostgreSQL.")
    if workers == 1:
        return run_to_end(app.run(settings, roles, watch=watch))
    raise typer.Exit(run_to_end(app.run_workers(settings, roles, workers, "--config",
                                            str(where(config)), "--log", log,
                                            *(["--watch"] if watch else []))))


def emulator(
    port: Port = 8090,
    channel: Annotated[str, typer.Option(help="The channel it stands in for; the first one "
                                              "without it.")] = "",
    config: Config = None,
    log: LogLevel = "info",
) -> None:
    """A WhatsApp to talk to, alone: beside a `bot run` that sends to it instead of to Meta."""
    logs.setup(level(log))
    settings = settings_of(config, secrets=False)
    from bot.clock import Clock
    from bot.emulator.server import serve
    from bot.stand_in import stand_in

    name = channel or next(iter(settings.channels))
    if name not in settings.channels:
        misuse(f"there is no channel {name}: {', '.join(settings.channels)}")
    emulated, variables = stand_in(settings, name)
    print(f"""
  The phone   http://127.0.0.1:{port}/emulator

`bot run` talks to it with graph_url http://127.0.0.1:{port}/emulator/v23.0""", flush=True)
    if variables:
        print(f"and these variables in its environment:\n\n{lines(variables)}", flush=True)
    run_to_end(serve(port, emulated, Clock()))
