"""The end of what has been kept long enough, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.clock import DAY, HOUR, Clock, real_now
from bot.ids import new_id, stamp
from bot.store.base import Database, Tx
from bot.store.dead import close

#: Rows that one transaction lets go of: those who wait for the store wait for no longer.
BATCH: Final = 200
#: So often somebody looks for what is over (ms of business time).
EVERY: Final = HOUR

#: What is let go of, in this order: what needs a message before the message.
KINDS: Final = ("seen", "dead", "unsent", "messages", "turns", "tickets", "receipts", "notices",
                "audit", "sign_ins")
_STATEMENTS: Final = {
    "messages": "prune_messages", "turns": "prune_turns", "tickets": "prune_tickets",
    "receipts": "prune_receipts", "notices": "prune_notices", "audit": "prune_audit"}


@dataclass(frozen=True, slots=True)
class Keep:
    """For how long (ms of business time) what is kept; None: for ever."""

    seen: int = 30 * DAY
    messages: int | None = 365 * DAY
    journal: int | None = 365 * DAY
    receipts: int | None = 90 * DAY
    notices: int | None = 90 * DAY
    audit: int | None = 730 * DAY


class Pruning:
    """Lets go of what is over. Each question is one short transaction."""

    kinds = KINDS

    def __init__(self, database: Database, clock: Clock, keep: Keep) -> None:
        self._db = database
        self._clock = clock
        self.keep = keep

    async def claim(self) -> bool:
        """Whether it is time, and this process's turn; True for one of them, once in `EVERY`."""

        async def unit(tx: Tx) -> bool:
            now = self._clock.now()
            if await tx.run("claim_upkeep", now, str(now + EVERY), now + 2 * EVERY):
                return True
            return bool(await tx.run("set_setting", "upkeep", str(now + EVERY)))

        return await self._db.write(unit)

    async def batch(self, kind: str) -> bool:
        """Let go of some rows of a kind (one of `kinds`); True: there may be more."""

        async def unit(tx: Tx) -> int:
            return await self._batch(tx, kind)

        return await self._db.write(unit) >= BATCH

    async def shrink(self) -> bool:
        """Give some of the room that became free back to the disk; False: there is none."""
        return await self._db.shrink()

    async def _batch(self, tx: Tx, kind: str) -> int:
        if kind == "sign_ins":
            return await tx.run("drop_sign_ins", real_now())
        keep = {"seen": self.keep.seen, "dead": self.keep.messages, "unsent": self.keep.messages,
                "turns": self.keep.journal, "tickets": self.keep.journal,
                "messages": self.keep.messages, "receipts": self.keep.receipts,
                "notices": self.keep.notices, "audit": self.keep.audit}[kind]
        if keep is None:
            return 0
        end = self._clock.now() - keep
        if kind == "seen":
            return await tx.run("prune_seen", end, BATCH)
        if kind == "dead":
            return await self._dead(tx, end)
        if kind == "unsent":
            return await _unsent(tx, end)
        # Ids are in the order of real time, so that what is old is found at the beginning; the
        # clock of a demo may be ahead of them.
        return await tx.run(_STATEMENTS[kind], stamp(max(0, end)), end, BATCH)

    async def _dead(self, tx: Tx, end: int) -> int:
        rows = await tx.all("old_dead", stamp(max(0, end)), end, BATCH)
        for conversation, seq, id_, kind in rows:
            await tx.lock(conversation)
            if await tx.one("dead_event", id_) is None:
                continue  # somebody has just decided
            await close(tx, id_, conversation, seq)
            await tx.run("add_audit", new_id(), self._clock.now(), "system",
                         "dead letter expired", conversation, f"{id_} ({kind})")
        return len(rows)


async def _unsent(tx: Tx, end: int) -> int:
    """Messages that wait for a customer who never came back, or for a word of staff."""
    rows = await tx.all("old_unsent", stamp(max(0, end)), end, BATCH)
    for conversation, id_ in rows:
        await tx.lock(conversation)
        await tx.run("drop_send", conversation, id_)
    return len(rows)
