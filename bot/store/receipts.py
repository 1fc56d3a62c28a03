"""What providers report of our messages: applied where it is accepted, never backwards."""

from __future__ import annotations

from bot import failpoints
from bot.ids import new_id
from bot.model import Receipt
from bot.store import outside, undelivered
from bot.store.base import Tx
from bot.store.sends import PARKED, apply_status, claim_head
from bot.store.work import Work


async def apply(tx: Tx, receipt: Receipt, real: int, work: Work) -> None:
    """One receipt. Of a message nobody knows yet it is kept until the send is settled."""
    row = None
    if receipt.tag:
        row = await tx.one("message_by_tag", receipt.tag, receipt.channel)
    if row is None:
        row = await tx.one("message_by_provider", receipt.provider_id, receipt.channel)
    if row is None:  # whoever is just noting that provider's id must find this receipt, or be found
        await tx.alone((receipt.provider_id,))
        row = await tx.one("message_by_provider", receipt.provider_id, receipt.channel)
    message = None if row is None else row[0]
    new = await tx.run("add_receipt", new_id(), receipt.channel, message, receipt.provider_id,
                       receipt.status, receipt.at, receipt.code, receipt.error)
    if row is None or not new:
        return
    if await tx.lock(row[1]):
        row = await tx.one("message_by_tag", row[0], receipt.channel) or row
    id_, conversation, status, outbox_state, epoch = row
    if (outbox_state is not None and receipt.status != "failed"
            and await tx.one("refused_before", receipt.channel, receipt.provider_id)):
        # Overtaken by the news that this attempt failed: the message still waits to leave.
        return
    if outbox_state in ("sending", "unknown"):  # the outcome is known now
        await tx.run("settled", conversation, id_, epoch)
        await tx.run("message_sent", id_, receipt.provider_id, 0)
        status = "sent"
    elif outbox_state == "held" or (outbox_state is not None and receipt.status != "failed"):
        await tx.run("drop_send", conversation, id_)
        await tx.run("message_sent", id_, receipt.provider_id, 0)
        status = "sent"
    failpoints.hit("receipt.applied")
    told = released = False
    instead = receipt.closes_window and await outside.waits(tx, id_)
    if await apply_status(tx, id_, receipt.status, status, receipt.code, receipt.error):
        work.changed.add(conversation)
        told = receipt.status == "failed" and not instead and await undelivered.tell(
            tx, conversation, id_, receipt.code, work)
    if receipt.closes_window:
        await tx.run("close_window", conversation, work.now)
        if receipt.status == "failed" and status not in ("delivered", "read") and not told:
            # It was too late for this window, not wrong: it leaves when the customer writes.
            await tx.run("park_again", id_)
            await tx.run("message_is", id_, "parked", PARKED)
            if instead:
                await tx.run("set_send", conversation, id_, "queued", 0)
                released = True
    if receipt.status in ("delivered", "read"):
        await tx.run("open_gate", conversation, id_)
    if released or outbox_state is not None or receipt.status in ("delivered", "read"):
        following = await claim_head(tx, conversation, work)
        if following is not None:
            work.sends.append(following)
