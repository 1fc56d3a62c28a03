"""The registered template that leaves in place of a message when the window is closed.

Both were written with the turn, the template as `outside` in the message; which of them leaves is
judged when it is released. The message itself is parked then, and follows when the customer has
opened the window.
"""

from __future__ import annotations

from bot.ids import new_id
from bot.model import Json
from bot.store.base import Tx, dump, load
from bot.store.work import Work


def has(content: Json) -> bool:
    """Whether there is a template that may leave in its place."""
    return "outside" in content


async def waits(tx: Tx, message: str) -> bool:
    """The same, of a message by its id."""
    row = await tx.one("content_of", message)
    return row is not None and has(load(row[0]))


async def instead(tx: Tx, conversation: str, message: str, origin: str, channel: str,
                  owner_epoch: int, content: str, work: Work) -> None:
    """Queue the template of a message that can't leave now, once."""
    if '"outside"' not in content:
        return
    kept: Json = load(content)
    template = kept.pop("outside", None)
    if template is None:
        return
    await tx.run("set_content", message, dump(kept))
    if "visit" in kept:
        template["visit"] = kept["visit"]
    id_ = new_id()
    await tx.run("add_outbound", id_, conversation, origin, dump(template), work.now, "queued",
                 None)
    await tx.run("add_send", conversation, id_, channel, 0, 0, owner_epoch, "queued", 0, 0, 0,
                 work.now, work.lease_until, work.holder)
