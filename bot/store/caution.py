"""A word to all processes: one of them has died, take each event by the counted way for a while."""

from __future__ import annotations

from bot.clock import MINUTE, real_now
from bot.store.base import Database, Tx


class Caution:
    """An event that killed one process must not kill each of the others, too."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def call(self, length: int) -> None:
        """Ask everybody for caution, for so long (ms of real time) from now."""
        until = str(real_now() + length)
        await self._db.write(lambda tx: tx.run("be_careful", until))

    async def called(self) -> bool:
        """Whether somebody has asked for it, and the time is not over."""

        async def unit(tx: Tx) -> bool:
            row = await tx.one("setting", "careful")
            left = 0 if row is None else int(row[0]) - real_now()
            return 0 < left < 60 * MINUTE  # more: the clock of whoever asked was wrong

        return await self._db.read(unit)
