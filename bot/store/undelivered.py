"""Messages that could not be delivered: an event, where a step of a flow listens for it."""

from __future__ import annotations

from bot.ids import new_id
from bot.store.base import Tx, dump, load
from bot.store.work import Work


async def tell(tx: Tx, conversation: str, message: str, code: int | None, work: Work) -> bool:
    """Put it in the inbox of the conversation, which is locked; False: nobody listens.

    Only the conversation's own row is touched: whoever has it locked may not have its contact.
    """
    row = await tx.one("content_of", message)
    visit = load(row[0]).get("visit") if row is not None else None
    if visit is None:
        return False
    await tx.run("expect_event", conversation, work.real)
    await tx.run("add_event_behind", conversation, new_id(), "undelivered",
                 dump({"message": message, "visit": visit, "code": code}), work.now)
    work.waiting = True
    return True
