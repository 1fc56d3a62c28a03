"""The command line. What a command does lives elsewhere and is imported when it is asked for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot import __version__, logs
from bot.errors import BotError, ConfigError, StoreBusy

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.rows import EventRow
    from bot.store.store import Store
    from bot.web.control import Remote

T = TypeVar("T")

FINDINGS, MISUSE = 1, 2

cli = typer.Typer(help="Frontdesk: a front desk for a business on WhatsApp.", add_completion=False,
                  no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
agents = typer.Typer(help="Who may sign in at the desk.", no_args_is_help=True,
                     rich_markup_mode=None)
db = typer.Typer(help="What is in the store.", no_args_is_help=True, rich_markup_mode=None)
cli.add_typer(agents, name="agents")
cli.add_typer(db, name="db")

Config = Annotated[Path | None, typer.Option(
    "--config", metavar="FILE",
    help="config.yaml; without it, the one of this folder or the nearest above.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free "
                                                          "one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LogLevel = Annotated[str, typer.Option("--log", metavar="LEVEL", help="debug, info, warning or "
                                                                      "error.")]


def main() -> None:
    """The command `bot`: 0 for success, 1 for findings or a failure, 2 for misuse."""
    try:
        cli()
    except BotError as problem:
        print(problem, file=sys.stderr)
        sys.exit(FINDINGS)
    except KeyboardInterrupt:
        sys.exit(130)


@cli.command()
def demo(port: Port = 8080, config: Config = None, log: LogLevel = "warning") -> None:
    """Try it: the bot, a WhatsApp to talk to, a small shop and clinic, all in one process."""
    logs.setup(_level(log))
    from bot import app

    _await(app.demo(port, config))


@cli.command()
def run(
    config: Config = None,
    log: LogLevel = "info",
    workers: Annotated[int, typer.Option(min=1, max=64, help="So many processes share the port "
                                                             "(PostgreSQL only).")] = 1,
    only: Annotated[str, typer.Option(metavar="ROLES", help="Only these, with commas between: web, "
                                      "inbox, outbox, timers (PostgreSQL only).")] = "",
) -> None:
    """Serve the numbers of config.yaml until Ctrl-C or SIGTERM."""
    logs.setup(_level(log))
    settings = _settings(config)
    from bot import app

    roles = tuple(only.split(",")) if only else app.ROLES
    if unknown := set(roles) - set(app.ROLES):
        _misuse(f"--only {unknown.pop()} is not known: {', '.join(app.ROLES)}, commas between")
    if settings.store_file is not None and (workers > 1 or roles != app.ROLES):
        _misuse("One process at a time works on an SQLite file: --workers and --only need a "
                "`store` on PostgreSQL.")
    if workers == 1:
        return _await(app.run(settings, roles))
    raise typer.Exit(_await(app.run_workers(settings, roles, workers, "--config",
                                            str(_where(config)), "--log", log)))


@cli.command()
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
            _misuse(f"there is no {path}")
    try:
        report = find_mistakes(_where(config, asked), asked)
    except ConfigError as problem:
        _misuse(str(problem))
    errors = sum(finding.level == "error" for finding in report.findings)
    warnings = len(report.findings) - errors
    if as_json:
        _print_json({"findings": [finding.as_data() for finding in report.findings],
                     "errors": errors, "warnings": warnings, "files": report.files})
    else:
        for finding in report.findings:
            print(finding)
        print(f"{_count(errors, 'error')}, {_count(warnings, 'warning')} "
              f"in {_count(report.files, 'file')}")
    raise typer.Exit(FINDINGS if errors else 0)


@cli.command()
def emulator(
    port: Port = 8090,
    channel: Annotated[str, typer.Option(help="The channel it stands in for; the first one "
                                              "without it.")] = "",
    config: Config = None,
    log: LogLevel = "info",
) -> None:
    """A WhatsApp to talk to, alone: beside a `bot run` that sends to it instead of to Meta."""
    logs.setup(_level(log))
    settings = _settings(config, secrets=False)
    from bot.clock import Clock
    from bot.emulator.server import serve
    from bot.stand_in import stand_in

    name = channel or next(iter(settings.channels))
    if name not in settings.channels:
        _misuse(f"there is no channel {name}: {', '.join(settings.channels)}")
    emulated, variables = stand_in(settings, name)
    print(f"""
  The phone   http://127.0.0.1:{port}/emulator

`bot run` talks to it with graph_url http://127.0.0.1:{port}/emulator/v23.0""", flush=True)
    if variables:
        print(f"and these variables in its environment:\n\n{_lines(variables)}", flush=True)
    _await(serve(port, emulated, Clock()))


@cli.command()
def doctor(config: Config = None, as_json: AsJson = False) -> None:
    """Say what runs here, and whether this project could be served now."""
    from bot.doctor import examine

    results = asyncio.run(examine(config))
    if as_json:
        _print_json([asdict(result) for result in results])
    else:
        for result in results:
            print(f"{result.level:<8}{result.what}: {result.found}")
    raise typer.Exit(FINDINGS if any(result.level == "error" for result in results) else 0)


@agents.command("add")
def agents_add(
    login: str,
    name: Annotated[str, typer.Option(help="As customers and colleagues see it; the login "
                                           "without it.")] = "",
    password_stdin: Annotated[bool, typer.Option(
        "--password-stdin", help="Read the password from the first line of the input.")] = False,
    config: Config = None,
) -> None:
    """Let a person sign in at the desk."""
    from bot.web.auth import hash_password

    if not re.fullmatch(r"[a-z0-9][a-z0-9._@+-]{0,63}", login):
        _misuse(f"“{login}” can't be a login: small letters, digits and . _ - @ + only")
    password = hash_password(_password(password_stdin))

    async def add() -> None:
        async with _store(config) as store:
            await store.add_agent(login, name or login, password)
            await store.audit("command line", "agent added", login)

    _await(add())
    print(f"{login} may sign in at the desk now.")


@agents.command("list")
def agents_list(config: Config = None, as_json: AsJson = False) -> None:
    """Show who may sign in."""

    async def listed() -> list[dict[str, Any]]:
        async with _store(config) as store:
            return [{"login": agent.login, "name": agent.name, "disabled": agent.disabled}
                    for agent in await store.agents()]

    rows = _await(listed())
    if as_json:
        _print_json(rows)
    elif not rows:
        print("Nobody may sign in yet: bot agents add LOGIN")
    else:
        _print_table([("login", "name", ""), *(
            (row["login"], row["name"], "disabled" if row["disabled"] else "") for row in rows)])


@agents.command("disable")
def agents_disable(login: str, config: Config = None) -> None:
    """End a person's sign-ins and let them in no more."""
    _await(_change(config, login, "agent disabled", disabled=True))
    print(f"{login} can no longer sign in.")


@agents.command("password")
def agents_password(
    login: str,
    password_stdin: Annotated[bool, typer.Option(
        "--password-stdin", help="Read the password from the first line of the input.")] = False,
    config: Config = None,
) -> None:
    """Give a person a new password; one who was disabled may sign in again."""
    from bot.web.auth import hash_password

    password = hash_password(_password(password_stdin))
    _await(_change(config, login, "password changed", password_hash=password, disabled=False))
    print(f"{login} has a new password.")


async def _change(config: Path | None, login: str, what: str, **changes: Any) -> None:
    async with _store(config) as store:
        if not await store.set_agent(login, **changes):
            known = ", ".join(agent.login for agent in await store.agents()) or "nobody"
            raise BotError(f"there is no agent {login}; there is {known}")
        await store.audit("command line", what, login)


@db.command("upgrade")
def db_upgrade(config: Config = None) -> None:
    """Make the store, or bring its tables up to date."""

    async def upgrade() -> None:
        from bot import app

        settings = _settings(config, secrets=False)
        async with app.open_store(settings):
            print(f"{settings.store_shown} is up to date.")

    _await(upgrade())


@db.command("events")
def db_events(
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
        async with _store(config) as store:
            found: list[EventRow] = []
            page = await store.events(after=after, limit=min(limit, 500), kind=kind)
            found += page.rows
            while page.next and len(found) < limit:
                page = await store.events(after=page.next, limit=min(limit - len(found), 500),
                                          kind=kind)
                found += page.rows
            return found

    rows = _await(listed())
    if as_json:
        _print_json([asdict(row) for row in rows])
    elif not rows:
        print("Nothing came in yet.")
    else:
        from bot.clock import local

        _print_table([("time (UTC)", "channel", "kind", "text", "what became of it"), *(
            (f"{local(row.at):%Y-%m-%d %H:%M:%S}", row.channel, row.kind, _short(row.text, 48),
             _short(f"{row.became} {row.error}", 60)) for row in rows)])


def _level(name: str) -> str:
    if name.lower() not in ("debug", "info", "warning", "error"):
        _misuse(f"--log {name} is not known: debug, info, warning or error")
    return name


def _where(config: Path | None, near: Sequence[Path] = ()) -> Path:
    from bot.config import find

    if config is not None:
        return config
    start = near[0] if near else Path()
    return find(start if start.is_dir() else start.parent)


def _settings(config: Path | None, *, secrets: bool = True) -> Settings:
    from bot.config import load

    try:
        path = _where(config)
    except ConfigError as problem:
        _misuse(str(problem))
    return load(path, os.environ, secrets=secrets)


@asynccontextmanager
async def _store(config: Path | None) -> AsyncIterator[Store | Remote]:
    """The store, or the running process that has it open."""
    from bot import app
    from bot.web import control

    settings = _settings(config, secrets=False)
    async with AsyncExitStack() as stack:
        store: Store | Remote
        try:
            store = await stack.enter_async_context(app.open_store(settings))
        except StoreBusy:
            assert settings.store_file is not None
            store = await stack.enter_async_context(
                control.remote(control.door(settings.store_file)))
        yield store


def _await(work: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _password(from_stdin: bool) -> str:
    from bot.web.auth import password_problem

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    if problem := password_problem(password):
        _misuse(problem)
    return password


def _misuse(message: str) -> Any:
    print(message, file=sys.stderr)
    raise typer.Exit(MISUSE)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _lines(entries: Iterable[str]) -> str:
    return "".join(f"  {entry}\n" for entry in entries)


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most - 1]}…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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
