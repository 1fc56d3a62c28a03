"""The door by which the command line asks a running process.

One process at a time may have a SQLite file open, so `bot agents add` beside a running `bot run`
asks that process. The door is on the loopback; its port and key are in a file beside the store
that only its owner can read.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from pydantic_core import from_json, to_json

from bot.errors import BotError, StoreError
from bot.model import Json
from bot.store.dead import DeadLetter
from bot.store.rows import Agent, EventRow, Page
from bot.store.store import Store
from bot.store.versions import Publication, Standing

#: The questions that may come through the door, by their names on `Store`.
QUESTIONS: Final = frozenset({"desk.agents", "desk.agent", "desk.add_agent", "desk.set_agent",
                              "desk.events", "desk.audit", "dead.listed", "dead.retry",
                              "dead.skip", "versions.log", "versions.publish",
                              "versions.sources", "versions.standing"})
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)


def door(store: Path) -> Path:
    """The file that says where the door of the process with this store is."""
    return store.with_name(f"{store.name}.control")


@asynccontextmanager
async def listening(store: Store, file: Path) -> AsyncIterator[None]:
    """Answer the command line for as long as the context lasts."""
    key = secrets.token_urlsafe(32)

    async def answer(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            return web.Response(status=401)
        body = await request.json()
        if body["ask"] not in QUESTIONS:
            return web.Response(status=404)
        try:
            found = await attrgetter(body["ask"])(store)(*body["args"], **body["named"])
        except BotError as problem:
            return web.json_response({"refused": str(problem)})
        return web.Response(body=to_json({"answer": found}), content_type="application/json")

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        _write(file, {"port": runner.addresses[0][1], "key": key})
        yield
    finally:
        _remove(file)
        await runner.cleanup()


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)


def _write(file: Path, content: dict[str, Any]) -> None:
    _remove(file)  # what a killed process left
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(content, out)


def _read(file: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise StoreError("another process has the store open, and it is no `bot run` that could "
                         "be asked: stop it first") from None
    return known


class Remote:
    """The store of a running process, as far as the command line needs it."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url
        self.desk = RemoteDesk(self.ask)
        self.dead = RemoteDead(self.ask)
        self.versions = RemoteVersions(self.ask)

    async def ask(self, question: str, *args: Any, **named: Any) -> Any:
        """Put a question of the list to the process. Raises `StoreError`, or its `BotError`."""
        try:
            async with self._session.post(
                    self._url, json={"ask": question, "args": args, "named": named}) as response:
                response.raise_for_status()
                got = from_json(await response.read())
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise StoreError("another process has the store open and does not answer: "
                             f"{problem or 'it took too long'}") from problem
        if "refused" in got:
            raise BotError(got["refused"])
        return got["answer"]


class RemoteDesk:
    """What its desk is asked."""

    def __init__(self, ask: Callable[..., Awaitable[Any]]) -> None:
        self._ask = ask

    async def agents(self) -> list[Agent]:
        return [Agent(**row) for row in await self._ask("desk.agents")]

    async def agent(self, login: str) -> Agent | None:
        found = await self._ask("desk.agent", login)
        return Agent(**found) if found is not None else None

    async def add_agent(self, login: str, name: str, password_hash: str) -> Agent:
        return Agent(**await self._ask("desk.add_agent", login, name, password_hash))

    async def set_agent(self, login: str, *, password_hash: str | None = None,
                        disabled: bool | None = None) -> bool:
        return bool(await self._ask("desk.set_agent", login, password_hash=password_hash,
                                    disabled=disabled))

    async def events(self, *, after: str | None = None, limit: int = 50,
                     kind: str | None = None) -> Page[EventRow]:
        page = await self._ask("desk.events", after=after, limit=limit, kind=kind)
        return Page([EventRow(**row) for row in page["rows"]], page["next"])

    async def audit(self, who: str, what: str, object_: str, detail: str = "") -> None:
        await self._ask("desk.audit", who, what, object_, detail)


class RemoteDead:
    """The dead letters of that store."""

    def __init__(self, ask: Callable[..., Awaitable[Any]]) -> None:
        self._ask = ask

    async def listed(self, *, after: str | None = None, limit: int = 50) -> Page[DeadLetter]:
        page = await self._ask("dead.listed", after=after, limit=limit)
        return Page([DeadLetter(**row) for row in page["rows"]], page["next"])

    async def retry(self, id_: str, who: str) -> str:
        return str(await self._ask("dead.retry", id_, who))

    async def skip(self, id_: str, who: str) -> str | None:
        found = await self._ask("dead.skip", id_, who)
        return None if found is None else str(found)


class RemoteVersions:
    """The versions of that store."""

    def __init__(self, ask: Callable[..., Awaitable[Any]]) -> None:
        self._ask = ask

    async def log(self) -> list[Publication]:
        return [Publication(**row) for row in await self._ask("versions.log")]

    async def publish(self, lines: Sequence[Json], sources: Sequence[Sequence[str]], who: str,
                      after: str) -> str:
        return str(await self._ask("versions.publish", lines, sources, who, after))

    async def sources(self, wanted: Iterable[Sequence[str]]) -> list[tuple[str, str, str]]:
        return [(flow, version, source) for flow, version, source in
                await self._ask("versions.sources", list(wanted))]

    async def standing(self) -> list[Standing]:
        return [Standing(**row) for row in await self._ask("versions.standing")]


@asynccontextmanager
async def remote(file: Path) -> AsyncIterator[Remote]:
    """The store of the process whose door `file` names. Raises `StoreError` without one."""
    known = _read(file)
    async with aiohttp.ClientSession(timeout=_PATIENCE, trust_env=False, headers={
            "Authorization": f"Bearer {known['key']}"}) as session:
        yield Remote(session, f"http://127.0.0.1:{known['port']}/")
