"""People who write, and a bot that counts: what the tests of the store work with."""

from __future__ import annotations

from typing import Any

from bot.clock import Clock
from bot.model import (
    Address,
    Decision,
    Event,
    Incoming,
    Journal,
    Place,
    Receipt,
    Reply,
    Snapshot,
)
from bot.store.base import Database
from bot.store.sqlite import SQLiteTx


def wrote(clock: Clock, who: str = "4912345", number: int = 1, text: str = "hello",
          **more: Any) -> Incoming:
    """A message of the person with that phone."""
    return Incoming(
        channel=more.pop("channel", "main"),
        external_id=more.pop("external_id", f"wamid.{who}.{number}"),
        addresses=more.pop("addresses", (Address("phone", who),)),
        content=more.pop("content", {"type": "text", "text": text}),
        sent_at=more.pop("sent_at", clock.now()), name=more.pop("name", "Ana"), **more)


def counts(snapshot: Snapshot, event: Event) -> Decision:
    """A bot that answers each event with how many it has seen, and keeps their texts."""
    seen = [*snapshot.state.get("seen", []), event.payload.get("text", event.kind)]
    return Decision({"seen": seen}, Journal("answer", before="count/one", after="count/one"),
                    place=Place("count", "v1", "one"), owner=snapshot.owner,
                    replies=[Reply({"type": "text", "text": str(len(seen))})],
                    remind_at=snapshot.last_inbound_at + 23 * 3_600_000)


def receipt(send_id: str | None, status: str, clock: Clock, provider_id: str = "wamid.out",
            **more: Any) -> Receipt:
    return Receipt("main", provider_id, status, clock.now(), tag=send_id, **more)


async def rows(database: Database, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    """What stands in the tables, asked beside the store's own questions."""

    async def unit(tx: Any) -> list[tuple[Any, ...]]:
        if isinstance(tx, SQLiteTx):
            return [tuple(row) for row in tx._execute(sql, args).fetchall()]
        return [tuple(row) for row in await tx._connection.fetch(sql, *args)]

    return await database.read(unit)
