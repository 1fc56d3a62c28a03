"""`bot agents`: who may sign in at the desk."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.given import AsJson, Config, run_to_end, store_of
from bot.cli.printing import misuse, print_json, print_table
from bot.errors import BotError

agents = typer.Typer(help="Who may sign in at the desk.", no_args_is_help=True,
                     rich_markup_mode=None)


@agents.command("add")
def add_agent(
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
        misuse(f"“{login}” can't be a login: small letters, digits and . _ - @ + only")
    password = hash_password(_password(password_stdin))

    async def add() -> None:
        async with store_of(config) as store:
            await store.desk.add_agent(login, name or login, password)
            await store.desk.audit("command line", "agent added", login)

    run_to_end(add())
    print(f"{login} may sign in at the desk now.")


@agents.command("list")
def list_agents(config: Config = None, as_json: AsJson = False) -> None:
    """Show who may sign in."""

    async def listed() -> list[dict[str, Any]]:
        async with store_of(config) as store:
            return [{"login": agent.login, "name": agent.name, "disabled": agent.disabled}
                    for agent in await store.desk.agents()]

    rows = run_to_end(listed())
    if as_json:
        print_json(rows)
    elif not rows:
        print("Nobody may sign in yet: bot agents add LOGIN")
    else:
        print_table([("login", "name", ""), *(
            (row["login"], row["name"], "disabled" if row["disabled"] else "") for row in rows)])


@agents.command("disable")
def disable(login: str, config: Config = None) -> None:
    """End a person's sign-ins and let them in no more."""
    run_to_end(_change(config, login, "agent disabled", disabled=True))
    print(f"{login} can no longer sign in.")


@agents.command("password")
def set_password(
    login: str,
    password_stdin: Annotated[bool, typer.Option(
        "--password-stdin", help="Read the password from the first line of the input.")] = False,
    config: Config = None,
) -> None:
    """Give a person a new password; one who was disabled may sign in again."""
    from bot.web.auth import hash_password

    password = hash_password(_password(password_stdin))
    run_to_end(_change(config, login, "password changed", password_hash=password, disabled=False))
    print(f"{login} has a new password.")


async def _change(config: Path | None, login: str, what: str, **changes: Any) -> None:
    async with store_of(config) as store:
        if not await store.desk.set_agent(login, **changes):
            known = ", ".join(agent.login for agent in await store.desk.agents()) or "nobody"
            raise BotError(f"there is no agent {login}; there is {known}")
        await store.desk.audit("command line", what, login)


def _password(from_stdin: bool) -> str:
    from bot.web.auth import password_problem

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    if problem := password_problem(password):
        misuse(problem)
    return password
