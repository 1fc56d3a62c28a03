"""What the desk and the command line ask of the store. Each question is one transaction."""

from __future__ import annotations

from bot.clock import Clock
from bot.errors import BotError
from bot.ids import new_id
from bot.model import Snapshot
from bot.store import desk
from bot.store.base import Database, Tx
from bot.store.rows import (
    Agent,
    ConversationRow,
    EventRow,
    MessageRow,
    Page,
    SignedIn,
    TicketRow,
)


class Desk:
    """Queues, transcripts, agents and their sign-ins, what came in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def queue(self, *, after: str | None = None, limit: int = 50) -> Page[TicketRow]:
        """Open tickets, the most urgent first."""
        return await self._db.read(lambda tx: desk.queue(tx, after, limit))

    async def conversations(self, *, after: str | None = None,
                            limit: int = 50) -> Page[ConversationRow]:
        """All, the most recently heard first."""
        return await self._db.read(lambda tx: desk.conversations(tx, after, limit))

    async def ticket(self, conversation: str) -> TicketRow | None:
        """The open ticket of a conversation."""
        return await self._db.read(lambda tx: desk.ticket(tx, conversation))

    async def transcript(self, conversation: str, *, before: str | None = None,
                         limit: int = 50) -> Page[MessageRow]:
        """The newest messages before `before`, the oldest of them first; `next` leads back."""
        return await self._db.read(lambda tx: desk.transcript(tx, conversation, before, limit))

    async def snapshot(self, conversation: str) -> Snapshot | None:
        """A conversation as a turn would see it now."""
        return await self._db.read(lambda tx: desk.held_snapshot(tx, conversation))

    async def place(self, conversation: str) -> tuple[str, str] | None:
        """(flow, step) where a conversation stands; None: in no flow."""
        async def unit(tx: Tx) -> tuple[str, str] | None:
            row = await tx.one("place_of", conversation)
            return None if row is None or row[0] is None else (row[0], row[1] or "")

        return await self._db.read(unit)

    async def message(self, id_: str) -> MessageRow | None:
        """One line of a transcript."""
        return await self._db.read(lambda tx: desk.message(tx, id_))

    async def message_channel(self, id_: str) -> str | None:
        """The channel by which a message came or went."""
        return await self._db.read(lambda tx: desk.message_channel(tx, id_))

    async def incidents(self, conversation: str) -> list[tuple[int, str]]:
        """(when, what) staff must hear about a conversation, the newest first."""
        return await self._db.read(lambda tx: desk.incidents_of(tx, conversation))

    async def events(self, *, after: str | None = None, limit: int = 50,
                     kind: str | None = None) -> Page[EventRow]:
        """What came in or came due and what became of it, the newest first."""
        return await self._db.read(lambda tx: desk.events(tx, after, limit, kind))

    async def add_agent(self, login: str, name: str, password_hash: str) -> Agent:
        """Raises `BotError` when the login is taken."""
        made = Agent(new_id(), login, name, password_hash)

        async def unit(tx: Tx) -> Agent | None:
            await tx.run("add_agent", made.id, login, name, password_hash)
            return await desk.agent(tx, login)

        kept = await self._db.write(unit)
        if kept is None or kept.id != made.id:
            raise BotError(f"there is an agent {login} already")
        return kept

    async def agents(self) -> list[Agent]:
        """Everybody who may sign in, and who no longer may."""
        return await self._db.read(desk.agents)

    async def agent(self, login: str) -> Agent | None:
        """The agent of that login."""
        return await self._db.read(lambda tx: desk.agent(tx, login))

    async def set_agent(self, login: str, *, password_hash: str | None = None,
                        disabled: bool | None = None) -> bool:
        """Change an account; every sign-in of it ends. False: there is none of that name."""
        return await self._db.write(
            lambda tx: desk.set_agent(tx, login, password_hash, disabled))

    async def sign_in(self, token_hash: str, csrf: str, agent: str, now: int,
                      expires: int) -> None:
        """`now` and `expires` are real time."""

        async def unit(tx: Tx) -> None:
            await tx.run("drop_sign_ins", now)
            await tx.run("sign_in", token_hash, agent, csrf, now, expires)

        await self._db.write(unit)

    async def signed_in(self, token_hash: str, now: int, *,
                        active: bool = True) -> SignedIn | None:
        """Whose sign-in this is. Not `active`: a page asked on its own, which prolongs nothing."""
        return await self._db.write(lambda tx: desk.signed_in(tx, token_hash, now, active))

    async def sign_out(self, token_hash: str) -> None:
        """End one sign-in."""
        await self._db.write(lambda tx: tx.run("sign_out", token_hash))

    async def audit(self, who: str, what: str, object_: str, detail: str = "") -> None:
        """Note who (agent:<id> | system | command line) did what to what."""
        now, id_ = self._clock.now(), new_id()
        await self._db.write(
            lambda tx: tx.run("add_audit", id_, now, who, what, object_, detail))
