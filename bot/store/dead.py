"""Dead letters: events that were put aside after their last attempt, and what nobody could read."""

from __future__ import annotations

from dataclasses import dataclass

from bot.clock import Clock, real_now
from bot.errors import BotError
from bot.ids import new_id
from bot.store.base import Database, Tx
from bot.store.desk import LAST
from bot.store.held import text_of
from bot.store.rows import Page


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that came in and changed nothing, until a person decides."""

    id: str
    at: int
    channel: str
    conversation: str | None  #: None: nobody could read whose it is
    kind: str  #: message, timer, result, …; malformed.message: a part of a delivery
    text: str
    attempts: int
    error: str
    raw: str = ""  #: the JSON as it came
    contact_name: str | None = None
    phone: str | None = None


class DeadLetters:
    """List, try again, close. Each is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def count(self) -> int:
        """How many there are."""

        async def unit(tx: Tx) -> int:
            rows = await tx.one("count_dead"), await tx.one("count_unreadable")
            return sum(row[0] for row in rows if row is not None)

        return await self._db.read(unit)

    async def listed(self, *, after: str | None = None, limit: int = 50) -> Page[DeadLetter]:
        """The newest first."""

        async def unit(tx: Tx) -> Page[DeadLetter]:
            before = after or LAST
            found = [DeadLetter(id_, at, channel, conversation, kind, text_of(content), attempts,
                                error or "", raw, name, phone)
                     for (id_, at, channel, conversation, kind, content, attempts, error, raw,
                          name, phone) in await tx.all("dead_events", before, limit + 1)]
            found += [DeadLetter(id_, at, channel, None, kind, text, 0, "It can't be read.", raw)
                      for id_, at, channel, kind, text, raw in await tx.all(
                          "unreadable", before, limit + 1)]
            found.sort(key=lambda letter: letter.id, reverse=True)
            return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

        return await self._db.read(unit)

    async def retry(self, id_: str, who: str) -> str:
        """Give an event its attempts anew; the conversation it belongs to.

        It stands where it stood when it came: before everything of its conversation that waits,
        behind what was handled meanwhile. Raises `BotError` where there is nothing to try.
        """

        async def unit(tx: Tx) -> str:
            found = await _held(tx, id_)
            if found is None:
                if await tx.one("is_unreadable", id_) is not None:
                    raise BotError(f"{id_} can't be read, so it can't be tried again: skip it")
                raise _none(id_)
            conversation, seq = found
            if not await tx.run("revive_event", conversation, seq):
                raise _none(id_)
            await tx.run("wait_for_event", conversation, real_now())
            await tx.run("add_audit", new_id(), self._clock.now(), who, "dead letter retried",
                         conversation, id_)
            return conversation

        return await self._db.write(unit)

    async def skip(self, id_: str, who: str) -> str | None:
        """Close it: it changes nothing any more. The conversation it belongs to, if any.

        The message stays in the transcript. Raises `BotError` when there is no such dead letter.
        """

        async def unit(tx: Tx) -> str | None:
            found = await _held(tx, id_)
            if found is None:
                if not await tx.run("skip_unreadable", id_):
                    raise _none(id_)
                conversation = None
            else:
                conversation = found[0]
                await close(tx, id_, *found)
            await tx.run("add_audit", new_id(), self._clock.now(), who, "dead letter skipped",
                         conversation or id_, id_)
            return conversation

        return await self._db.write(unit)


async def close(tx: Tx, id_: str, conversation: str, seq: int) -> None:
    """Let go of a dead event; the journal says what became of it."""
    row = await tx.one("dead_event", id_)
    if row is None or not await tx.run("skip_event", conversation, seq):
        raise _none(id_)
    kind, at = row[2:]
    await tx.run("add_turn", id_, conversation, kind, at, "ignored", "skipped", None, "", "", None,
                 "")


async def _held(tx: Tx, id_: str) -> tuple[str, int] | None:
    """(conversation, place) of a dead event, the conversation held."""
    row = await tx.one("dead_event", id_)
    if row is None:
        return None
    await tx.lock(row[0])
    return row[0], row[1]


def _none(id_: str) -> BotError:
    return BotError(f"there is no dead letter {id_}")
