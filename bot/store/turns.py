"""Accepting what happened, deciding it, and writing a turn whole.

The fast path accepts, steps and claims the first reply in one unit; the slow path does the same
in three. Both end in `commit`, so both give the same result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from bot import failpoints
from bot.errors import UnknownVersion
from bot.ids import new_id
from bot.model import (
    ANSWERS,
    Address,
    Decision,
    Event,
    Incoming,
    Item,
    Json,
    Notice,
    Place,
    Receipt,
    Reply,
    Snapshot,
    TicketChange,
)
from bot.store import flood, receipts
from bot.store.base import Tx, dump, load
from bot.store.held import Held, addresses, find, hold, names, snapshot
from bot.store.rows import PRIORITIES, Send
from bot.store.sends import QUEUED, TAKEN_OVER, claim_head, release
from bot.store.work import Work

log = logging.getLogger(__name__)

Step = Callable[[Snapshot, Event], Decision]

#: A failing event is tried so often before it is put aside.
ATTEMPTS = 5
#: For so long an event that was begun is nobody else's; a turn takes milliseconds (real time).
BEGUN = 5_000


async def accept(tx: Tx, items: Sequence[Item], step: Step | None, work: Work, *,
                 alone: bool = False) -> None:
    """Everything of one delivery. With `step`, conversations with nothing waiting move on.

    Raises `Strangers` when it has to be run `alone`.
    """
    failpoints.hit("accept.before")
    several = len(items) > 1
    if alone or several:  # before anything else is locked
        await tx.alone(
            [item.provider_id for item in items if several and isinstance(item, Receipt)]
            + [name for item in items if alone and isinstance(item, Incoming)
               for name in names(item)])
    new = await _new(tx, items, work.now)
    if alone or several:
        await tx.line_up(
            [address for item in items if isinstance(item, Incoming) and _key(item) in new
             for address in item.addresses],
            [id_ for item in items if isinstance(item, Receipt)
             for id_ in (item.tag, item.provider_id) if id_])
    for item in in_order(items):
        if isinstance(item, Receipt):
            await receipts.apply(tx, item, work.real, work)
        elif (key := _key(item)) in new:
            new.discard(key)  # it may stand in the delivery again
            if isinstance(item, Incoming):
                await _message(tx, item, step, work, alone=alone)
            else:
                await tx.run("add_notice", new_id(), item.channel, item.kind, item.text, item.raw,
                             work.now)
    failpoints.hit("accept.done")


async def _new(tx: Tx, items: Iterable[Item], now: int) -> set[tuple[str, str]]:
    """The keys of messages and notices that nobody has seen before, noted as seen.

    All of them before any conversation is held, and in one order: the same message may stand in
    two deliveries at once.
    """
    keys = {_key(item) for item in items if not isinstance(item, Receipt)}
    return {key for key in (sorted(keys) if len(keys) > 1 else keys)
            if await tx.run("see", *key, now)}


def in_order(items: Sequence[Item]) -> Sequence[Item]:
    """Receipts and notices first, then messages by who wrote them, each person's as they came.

    Two processes that take the same people out of two deliveries lock them in the same order.
    """
    if len(items) == 1:
        return items
    people: dict[Address, str] = {}  # who writes under a new number is still the same person

    def place(item: Item) -> tuple[int, str]:
        if isinstance(item, Receipt):
            return 0, item.tag or item.provider_id
        if not isinstance(item, Incoming):
            return 1, ""
        person = next((people[each] for each in item.addresses if each in people),
                      item.addresses[0].value)
        people.update((each, person) for each in item.addresses)
        return 2, person

    return sorted(items, key=place)


def _key(item: Incoming | Notice) -> tuple[str, str]:
    """By what an item is known when it comes again: its channel and id."""
    if isinstance(item, Incoming):
        return item.channel, item.external_id
    # A notice has no id; the same bytes again are the same notice.
    return item.channel, f"notice:{sha256(item.raw.encode(errors='replace')).hexdigest()}"


async def _message(tx: Tx, item: Incoming, step: Step | None, work: Work, *,
                   alone: bool) -> None:
    conversation = await hold(tx, item, work.now, alone=alone)
    conversation.heard(min(item.sent_at, work.now))
    conversation.remind_at = None  # counted anew from this message, by the turn that handles it
    event = Event(new_id(), "message", work.now, item.content)
    conversation.last_id = event.id
    await tx.run("add_inbound", event.id, conversation.id, dump(item.content), item.raw or None,
                 work.now, item.external_id)
    work.changed.add(conversation.id)
    work.tickets = work.tickets or conversation.owner != "bot"
    if item.content.get("type") in ANSWERS:
        work.heard.append((item.channel, item.external_id))
    if work.limits.flooded(item.channel, conversation.id):
        await _heard(tx, conversation, waiting=await flood.add(tx, conversation, event, work))
        return
    await happen(tx, conversation, event, step, work)


async def happen(tx: Tx, conversation: Held, event: Event, step: Step | None,
                 work: Work) -> None:
    """Put an event in the inbox; take its turn at once where nothing stands before it."""
    conversation.in_seq += 1
    held_back = conversation.busy and event.kind == "message"
    error = None
    if step is not None and not held_back and not await _waits(tx, conversation):
        try:
            decision = step(await snapshot(tx, conversation), event)
        except UnknownVersion:
            raise
        except Exception as failure:  # a poison event: the slow path counts its attempts
            log.exception("turn failed", extra={"conversation": conversation.id})
            error = repr(failure)
        else:
            failpoints.hit("step.decided")
            if decision.refused:
                work.refused = decision.refused
                return
            await commit(tx, conversation, event, decision, work)
            return
    payload = None if event.kind == "message" else dump(event.payload)
    await tx.run("add_event", conversation.id, conversation.in_seq, event.id, event.kind, payload,
                 event.at, error)
    conversation.waiting += 1
    work.behind = error is None
    if not held_back:
        conversation.ready_at = work.real
        work.waiting = True
    await _heard(tx, conversation, waiting=1)


async def _waits(tx: Tx, conversation: Held) -> bool:
    """Does anything stand before an event? What a call holds back does not: it comes after it."""
    if not conversation.waiting:
        return False
    return not conversation.busy or await tx.one("next_event", conversation.id, 1) is not None


async def _heard(tx: Tx, conversation: Held, *, waiting: int) -> None:
    """Write what an event has changed of a conversation before its turn."""
    await tx.run("heard", conversation.id, conversation.in_seq, conversation.last_inbound_at,
                 conversation.window_until, int(conversation.closing), conversation.remind_at,
                 waiting, conversation.ready_at, conversation.last_id)


async def begin(tx: Tx, conversation: str, work: Work, *,
                at_once: bool = False) -> tuple[str, int] | None:
    """Slow path, first part: count the attempt before the work. -> (event, attempts so far).

    None: nothing waits, or somebody else has just begun, or a flood has not come to its pause;
    `at_once` does not wait for that.
    """
    # Found anew each time: behind a result that is put aside messages are held back no more.
    while ((current := await find(tx, conversation)) is not None and (
            row := await tx.one("next_event", conversation, int(current.busy))) is not None):
        id_, attempts, seq, lease_until, error = row[0], row[4], row[6], row[7], row[8]
        if (id_, lease_until) in work.limits.begun:  # by this unit, run before: it was kept
            return id_, attempts - 1
        if lease_until > work.real and (attempts or not at_once):
            await tx.run("look_again", conversation, lease_until)
            return None
        if attempts < ATTEMPTS:
            await tx.run("try_event", conversation, seq, work.real + BEGUN)
            await tx.run("look_again", conversation, work.real + BEGUN)
            work.limits.begun.add((id_, work.real + BEGUN))
            failpoints.hit("step.begun")
            return id_, attempts
        # The process died of it each time, before it could say so.
        await _put_aside(tx, conversation, id_, error or "The process ended during its turn.",
                         attempts, work)
    await tx.run("look_again", conversation, None)
    return None


async def take_turn(tx: Tx, conversation: str, event_id: str, step: Step, work: Work) -> bool:
    """Slow path, second part: the turn of that event; False if another has taken it."""
    current = await find(tx, conversation)
    if current is None:
        return False
    row = await tx.one("next_event", conversation, int(current.busy))
    if row is None or row[0] != event_id:
        return False
    id_, kind, payload, at, _, content, seq = row[:7]
    heard = load(content if payload is None else payload)
    if kind == "message" and payload is not None:
        heard = await flood.together(tx, conversation, id_, heard)
    event = Event(id_, kind, at, heard)
    decision = step(await snapshot(tx, current), event)
    failpoints.hit("step.decided")
    await tx.run("end_event", conversation, seq)
    current.waiting -= 1
    if decision.refused:
        work.refused = decision.refused
        decision = Decision(current.state, decision.journal, owner=current.owner,
                            remind_at=current.remind_at)
    await commit(tx, current, event, decision, work)
    return True


async def failed(tx: Tx, conversation: str, event_id: str, error: str, attempts: int,
                 work: Work) -> bool:
    """Slow path, a turn that raised: try again later, or put the event aside. True: put aside."""
    await tx.lock(conversation)
    if attempts < ATTEMPTS:
        if await tx.run("fail_event", conversation, event_id, error):
            await tx.run("look_again", conversation, work.real + 250 * 4 ** (attempts - 1))
        return False
    return await _put_aside(tx, conversation, event_id, error, attempts, work)


async def _put_aside(tx: Tx, conversation: str, event_id: str, error: str, attempts: int,
                     work: Work) -> bool:
    if not await tx.run("put_aside", conversation, event_id, error):
        return False  # its turn was taken, or somebody else has put it aside
    await tx.run("bury_event", conversation, work.real)
    await tx.run("add_audit", new_id(), work.now, "system", "incident", conversation,
                 f"event {event_id} was put aside after {attempts} attempts: {error}")
    log.error("event put aside", extra={"conversation": conversation, "event": event_id,
                                        "attempts": attempts})
    work.changed.add(conversation)
    work.tickets = True  # the queue says that there are dead letters
    work.waiting = True
    return True


async def commit(tx: Tx, conversation: Held, event: Event, decision: Decision,
                 work: Work) -> None:
    """Everything that one event causes, written at once."""
    id_ = conversation.id
    owner_epoch = conversation.owner_epoch
    if decision.owner != conversation.owner:
        owner_epoch += 1
        if decision.owner.startswith("agent:"):
            await tx.run("suppress", id_, TAKEN_OVER)
            await tx.run("drop_suppressed", id_)
            failpoints.hit("takeover.written")
    if decision.contact:
        await _change_contact(tx, conversation, decision.contact, work.now)
    if decision.ticket is not None:
        await _change_ticket(tx, id_, decision.ticket, work.now)
        work.tickets = True
    if conversation.timers or decision.timers:
        await tx.run("drop_timers", id_)
        for name, (at, token) in decision.timers.items():
            await tx.run("set_timer", id_, name, at, token)
        work.timers = True
    for call in decision.calls:
        await tx.run("add_call", call.key, id_, call.operation, dump(call.arguments),
                     call.retries, call.timeout_ms, work.now)
        work.calls = True
    behind = await _reply(tx, conversation, owner_epoch, decision.replies, work,
                          reopened=event.kind == "message")
    journal = decision.journal
    place = decision.place or Place("", "", "")
    await tx.run("add_turn", event.id, id_, event.kind, event.at, journal.rule, journal.item,
                 journal.score, journal.before, journal.after, place.version or None,
                 journal.outcome)
    if decision.incident:
        await tx.run("add_audit", new_id(), work.now, "system", "incident", id_,
                     decision.incident)
    remind_at = decision.remind_at
    # Where a result was put aside there is none to wait for, whatever the flow believes.
    busy = decision.busy and (conversation.busy or bool(decision.calls))
    waiting_on = conversation.waiting > 0 and not busy
    if waiting_on:
        work.waiting = True
    changed = await tx.run(
        "commit_turn", id_, conversation.rev, dump(decision.state), place.flow or None,
        place.version or None, place.step or None, decision.owner, owner_epoch,
        int(busy), remind_at, len(decision.timers), conversation.waiting,
        work.real if waiting_on else None, conversation.in_seq, conversation.last_inbound_at,
        conversation.window_until, int(conversation.closing), conversation.last_id)
    if changed != 1:
        raise RuntimeError(f"conversation {id_} was changed by another while it was held")
    if remind_at is not None:
        work.timers = True
    work.changed.add(id_)
    if behind and (send := await claim_head(tx, id_, work)) is not None:
        work.sends.append(send)
    failpoints.hit("step.written")


async def _reply(tx: Tx, conversation: Held, owner_epoch: int, replies: list[Reply], work: Work,
                 *, reopened: bool) -> bool:
    """Write replies; the first is released at once where nothing waits before it.

    True: something did wait, and the conversation may have room for it now.
    """
    if not replies and not reopened:
        return False
    behind = waited = await tx.one("unsent", conversation.id) is not None
    if waited and reopened and conversation.is_open(work.now):
        await tx.run("unpark", conversation.id)
    for reply in replies:
        id_ = conversation.last_id = new_id()
        content = reply.content
        free = content["type"] != "template"
        if content["type"] == "reaction":  # the engine knows the event; providers, their own ids
            heard = await tx.one("heard_last", conversation.id, content["to"])
            content = {**content, "to": heard[0] if heard else ""}
        if reply.visit:
            content = {**content, "visit": reply.visit}
        if reply.outside is not None:
            content = {**content, "outside": reply.outside}
            waited = waited or not conversation.is_open(work.now)  # which one leaves is seen then
        released = (QUEUED if behind or (reply.outside is not None and waited) else
                    release(conversation, work, free=free))
        await tx.run("add_outbound", id_, conversation.id, reply.origin, dump(content),
                     work.now, *released.shown)
        await tx.run("add_send", conversation.id, id_, conversation.channel, int(reply.once),
                     int(free), owner_epoch, released.state, released.attempts, released.attempts,
                     released.not_before, work.now, work.lease_until, work.holder)
        if released.attempts:
            work.sends.append(Send(id_, conversation.id, conversation.channel,
                                   addresses(conversation.reach), content, 1, 1,
                                   reply.once, work.lease_until, reply is not replies[-1]))
        behind = behind or released.state != "parked"
    return waited


async def _change_contact(tx: Tx, conversation: Held, changes: Json, now: int) -> None:
    contact = conversation.contact  # locked with its conversation: nobody else changes it
    opted_out_at = conversation.opted_out_at
    if "opted_out" in changes:
        opted_out_at = now if changes["opted_out"] else None
        if changes["opted_out"]:
            await tx.run("suppress", conversation.id, "The customer asked us to stop.")
            await tx.run("drop_suppressed", conversation.id)
    await tx.run("change_contact", contact.id, changes.get("language", contact.language),
                 changes.get("language_from", contact.language_from),
                 dump({**contact.fields, **changes.get("fields", {})}),
                 dump(list(changes.get("tags", contact.tags))), opted_out_at)


async def _change_ticket(tx: Tx, conversation: str, change: TicketChange, now: int) -> None:
    if change.action == "open":
        await tx.run("open_ticket", new_id(), conversation, change.queue,
                     PRIORITIES.index(change.priority), change.note, change.reason,
                     change.return_to, now)
    elif change.action == "take":
        await tx.run("take_ticket", conversation, change.agent, now)
        await tx.run("add_audit", new_id(), now, f"agent:{change.agent}", "take", conversation,
                     "")
    else:
        await tx.run("close_ticket", conversation, change.outcome, now)
        await tx.run("add_audit", new_id(), now,
                     f"agent:{change.agent}" if change.agent else "system", "close",
                     conversation, change.outcome or "")
