"""Releasing messages and recording what became of them.

At most one message of a conversation is on the wire or in doubt. The rules are judged here, in
the transaction that releases the message: window, ownership, consent, pace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot import failpoints
from bot.clock import MARGIN
from bot.store import outside, undelivered
from bot.store.base import Tx, load
from bot.store.held import Held, addresses
from bot.store.rows import Outcome, Send
from bot.store.work import Work

PARKED = ("The 24-hour window is closed. It leaves as soon as the customer writes again.")
HELD = ("Nobody knows whether it arrived: the provider took the request and did not answer. "
        "It is not sent again by itself.")
TAKEN_OVER = "An agent took the conversation over."
#: What goes behind a picture waits for it to be delivered, but not longer than this (ms).
AFTER_MEDIA = 5_000
#: (message, epoch of its claim) -> the process that claimed it does not send it, and never will.
Lost = Callable[[str, int], bool]
#: Later than every lease; more than every page.
EVER = 1 << 62
#: A process says so often that it lives (ms of real time).
BEAT = 2_000
#: So long without a beat, and nobody took receipts.
SILENCE = 15_000
#: The provider took it.
SENT = ("sent", "delivered", "read")
MEDIA = frozenset({"image", "video", "audio", "document", "sticker"})


@dataclass(frozen=True, slots=True)
class Released:
    """How a message starts in the outbox."""

    state: str  #: sending | queued | parked
    not_before: int = 0
    reason: str | None = None

    @property
    def attempts(self) -> int:
        return 1 if self.state == "sending" else 0

    @property
    def shown(self) -> tuple[str, str | None]:
        """The status and its reason in the transcript."""
        return ("parked" if self.state == "parked" else "queued"), self.reason


QUEUED, SENDING, SHUT = Released("queued"), Released("sending"), Released("parked", 0, PARKED)


def release(conversation: Held, work: Work, *, free: bool) -> Released:
    """The same rules for a reply before which nothing waits, as it is written."""
    if free and not conversation.is_open(work.now):
        return SHUT
    if wait := (work.limits.pace(conversation.channel, conversation.id) or (
            0 if conversation.is_open(work.now)
            else work.limits.reach(conversation.channel, conversation.id))):
        return Released("queued", work.real + wait)
    return SENDING


async def claim_head(tx: Tx, conversation: str, work: Work) -> Send | None:
    """Release the next message of a conversation, if one may leave now."""
    while True:
        row = await tx.one("head", conversation)
        if row is None:
            return None
        (id_, channel, once, free, written_under, state, attempts, epoch, not_before, created_at,
         content, origin, status, reach, window_until, owner, owner_epoch, opted_out_at) = row
        if state == "sending" or not_before > work.real:
            return None
        if status in SENT:  # by a process that was slow to say so, and then another one claimed it
            await tx.run("drop_send", conversation, id_)
        elif state == "unknown" and once:
            await tx.run("set_send", conversation, id_, "held", 0)
            await tx.run("message_is", id_, "held", HELD)
        elif origin == "bot" and written_under < owner_epoch and owner.startswith("agent:"):
            await _suppress(tx, conversation, id_, TAKEN_OVER)
        elif origin == "bot" and opted_out_at is not None and created_at < opted_out_at:
            await _suppress(tx, conversation, id_, "The customer asked us to stop.")
        elif free and work.now >= window_until - MARGIN:
            if state == "queued":
                await outside.instead(tx, conversation, id_, origin, channel, written_under,
                                      content, work)
            await tx.run("set_send", conversation, id_, "parked", 0)
            await tx.run("message_is", id_, "parked", PARKED)
        elif wait := (work.limits.pace(channel, conversation) or (
                work.limits.reach(channel, conversation) if work.now >= window_until else 0)):
            await tx.run("set_send", conversation, id_, state, work.real + wait)
            return None
        else:
            if not await tx.run("claim", conversation, id_, epoch, work.lease_until, work.holder):
                return None  # somebody else was faster
            followed = await tx.one("followed", conversation, id_) is not None
            return Send(id_, conversation, channel, addresses(reach), load(content), epoch + 1,
                        attempts + 1, bool(once), work.lease_until, followed)
        work.changed.add(conversation)


async def _suppress(tx: Tx, conversation: str, id_: str, reason: str) -> None:
    await tx.run("message_is", id_, "suppressed", reason)
    await tx.run("drop_send", conversation, id_)


async def claim_due(tx: Tx, work: Work, limit: int) -> None:
    """Every message whose time has come: retries, doubts that nobody resolved, new room."""
    for (conversation,) in await tx.all("due_sends", work.real, limit):
        send = await claim_head(tx, conversation, work)
        if send is not None:
            work.sends.append(send)


async def settle(tx: Tx, outcomes: Collection[Outcome], unknown_after: int, work: Work) -> None:
    """What became of attempts, each under the epoch of its claim; then the next in line."""
    if len(outcomes) > 1:  # before any conversation is held
        await tx.alone(each.provider_id for each in outcomes if each.provider_id)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.send.conversation):
        send = outcome.send
        await tx.lock(send.conversation, outcome.provider_id)
        work.changed.add(send.conversation)
        if outcome.state == "parked":
            await tx.run("close_window", send.conversation, work.now)
        if outcome.state == "sent":
            await _sent(tx, outcome, work)
        elif await tx.one("sent_before", send.id) is not None:
            # By another process, which was slow to say so: this attempt was one too many.
            await tx.run("settled", send.conversation, send.id, send.epoch)
        elif outcome.state == "failed":
            if await tx.run("settled", send.conversation, send.id, send.epoch):
                await tx.run("message_is", send.id, "failed", outcome.error)
                await undelivered.tell(tx, send.conversation, send.id, outcome.code, work)
        elif outcome.state == "parked":
            if "visit" in send.content and not outside.has(send.content):
                # A step listens for it: it takes another way, and nothing is held back.
                if await tx.run("settled", send.conversation, send.id, send.epoch):
                    await tx.run("message_is", send.id, "failed", outcome.error)
                    await undelivered.tell(tx, send.conversation, send.id, outcome.code, work)
            elif await tx.run("settle_send", send.conversation, send.id, send.epoch,
                              "queued" if outside.has(send.content) else "parked", 0):
                await tx.run("message_is", send.id, "parked", PARKED)
        elif outcome.state == "unknown":
            if await tx.run("settle_send", send.conversation, send.id, send.epoch, "unknown",
                            work.real + unknown_after):
                await tx.run("doubt", send.id)
        else:
            if await tx.run("settle_send", send.conversation, send.id, send.epoch, "queued",
                            outcome.not_before or work.real):
                await tx.run("message_is", send.id, "queued", outcome.error)
            continue  # its time is set; nothing may pass it
        if await tx.one("unsent", send.conversation) is None:  # as mostly: nothing is behind it
            continue
        following = await claim_head(tx, send.conversation, work)
        if following is not None:
            work.sends.append(following)


async def _sent(tx: Tx, outcome: Outcome, work: Work) -> None:
    send = outcome.send
    # Also one that waits again, taken for lost: nobody may send it a second time without a doubt.
    settled = await tx.run("has_left", send.conversation, send.id, send.epoch, work.holder)
    # Also where a receipt has settled it before: the provider's id is news all the same.
    await tx.run("message_sent", send.id, outcome.provider_id, send.channel)
    for receipt, status, code, error in await tx.all("orphans", outcome.provider_id,
                                                     send.channel):
        await tx.run("adopt_receipt", receipt, send.id)
        if await apply_status(tx, send.id, status, "sent", code, error) and status == "failed":
            await undelivered.tell(tx, send.conversation, send.id, code, work)
    if settled and send.content["type"] in MEDIA:
        await tx.run("gate", send.conversation, send.id, work.real + AFTER_MEDIA)


RANK = {"queued": 0, "sending": 1, "unknown": 1, "parked": 1, "held": 1, "sent": 2,
        "delivered": 3, "read": 4}


async def apply_status(tx: Tx, message: str, status: str, before: str, code: int | None,
                       error: str | None) -> bool:
    """Move a message forward to a provider's status; never back. True if it moved."""
    if status == "failed":
        if before in ("delivered", "read", "failed"):
            return False
        reason = error or "The provider could not deliver it."
        await tx.run("message_is", message, "failed",
                     f"{reason} ({code})" if code is not None else reason)
        return True
    if before in ("failed", "suppressed") or RANK.get(before, 0) >= RANK[status]:
        return False
    await tx.run("message_is", message, status, None)
    return True


async def lapse(tx: Tx, until: int, doubt_until: int, limit: int) -> int:
    """What was on the wire when its process fell silent is in doubt: how many messages."""
    doubts = 0
    for conversation, id_ in await tx.all("lapsed", until, limit):
        # Its outcome may have come before the conversation was ours: asked again under the lock.
        if await tx.run("lapse", conversation, id_, until, doubt_until):
            await tx.run("doubt", id_)
            doubts += 1
            failpoints.hit("outbox.lapsed")
    return doubts


async def put_back(tx: Tx, holder: str, lost: Lost, until: int) -> int:
    """Messages that this process released and never began wait again: how many."""
    back = 0
    for conversation, id_, epoch in await tx.all("lost", holder, until):
        if lost(id_, epoch):
            await tx.lock(conversation)
            back += await tx.run("settle_send", conversation, id_, epoch, "queued", 0)
    return back


async def beat(tx: Tx, real: int, doubt_until: int, lease_until: int) -> None:
    """Note that a process lives.

    Where none did for a while - or none could reach the store - doubts wait anew, for the
    receipts of that time are still to come, and calls stay with those who make them.
    """
    row = await tx.one("last_beat")
    last = int(row[0]) if row is not None else 0
    if real - last > SILENCE:
        await tx.run("wait_again", doubt_until)
        await tx.run("extend_calls", lease_until)
    if real - last > BEAT:
        await tx.run("beat", str(real))


async def beat_in_doubt(tx: Tx, real: int) -> None:
    """The same of a process that has the store for itself, needed only while there are doubts."""
    if await tx.one("doubts") is not None:
        await tx.run("beat", str(real))


async def wait_on(tx: Tx, real: int, unknown_after: int) -> None:
    """At start: a doubt waits on for its receipt, for as long as nobody was there to hear it.

    A process that dies again and again would otherwise never resolve it.
    """
    row = await tx.one("last_beat")
    away = real - int(row[0]) if row is not None else unknown_after
    await tx.run("wait_on", max(0, away), real + unknown_after)
