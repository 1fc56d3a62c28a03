"""What providers report of our messages: applied where it is accepted, never backwards."""

from __future__ import annotations

from bot import failpoints
from bot.ids import new_id
from bot.model import Receipt
from bot.store import outside, undelivered
from bot.store.base import Tx
from bot.store.sends import PARKED, TAKEN_OVER, apply_status, claim_head
from bot.store.work import Work

#: What a message is that did not leave, as far as we knew.
AWRY = ("failed", "suppressed")


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
    if await tx.lock(row[1], receipt.provider_id):
        row = await tx.one("message_by_tag", row[0], receipt.channel) or row
    id_, conversation, status, provider_id, waits_as = row
    failed = receipt.status == "failed"
    if receipt.closes_window:
        await tx.run("close_window", conversation, work.now)
    released = waits_as is not None or receipt.status in ("delivered", "read")
    if not failed and await _overtaken(tx, receipt, status, waits_as):
        return
    if failed and _is_of_a_copy(receipt, provider_id, waits_as):
        failpoints.hit("receipt.applied")
    else:
        if waits_as is not None or (not failed and status in AWRY):  # the outcome is known now
            await tx.run("drop_send", conversation, id_)
            await tx.run("message_sent", id_, receipt.provider_id, receipt.channel)
            status = "sent"
        failpoints.hit("receipt.applied")
        released |= await _move(tx, receipt, id_, conversation, status, work)
    if receipt.status in ("delivered", "read"):
        await tx.run("open_gate", conversation, id_)
    if released:
        following = await claim_head(tx, conversation, work)
        if following is not None:
            work.sends.append(following)


async def _overtaken(tx: Tx, receipt: Receipt, status: str, waits_as: str | None) -> bool:
    """Is it known already that this copy failed? Then the message is not sent by it."""
    return ((waits_as is not None or status in AWRY)
            and await tx.one("refused_before", receipt.channel, receipt.provider_id) is not None)


def _is_of_a_copy(receipt: Receipt, provider_id: str | None, waits_as: str | None) -> bool:
    """Has only a copy failed? The message waits to leave again, or another copy was taken."""
    if waits_as is None:
        return provider_id is not None and provider_id != receipt.provider_id
    return waits_as in ("queued", "parked")


async def _move(tx: Tx, receipt: Receipt, id_: str, conversation: str, status: str,
                work: Work) -> bool:
    """Move the message to what was reported. True: something of the conversation may leave now."""
    instead = receipt.closes_window and await outside.waits(tx, id_)
    if not await apply_status(tx, id_, receipt.status, status, receipt.code, receipt.error):
        return False
    work.changed.add(conversation)
    if receipt.status != "failed":
        return False
    told = not instead and await undelivered.tell(tx, conversation, id_, receipt.code, work)
    if told or not receipt.closes_window:
        return False
    # It was too late for this window, not wrong: it leaves when the customer writes.
    if not await tx.run("park_again", id_):
        await tx.run("message_is", id_, "suppressed", TAKEN_OVER)
        return False
    await tx.run("message_is", id_, "parked", PARKED)
    if instead:
        await tx.run("set_send", conversation, id_, "queued", 0)
    return instead
