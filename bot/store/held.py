"""A conversation as a unit of work holds it: its row, locked, and the contact's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.clock import DAY, MARGIN
from bot.ids import follow, new_id
from bot.model import BOT, Address, Contact, Incoming, Json, Snapshot
from bot.store.base import Row, Tx, dump, load

T = TypeVar("T")

#: WhatsApp lets a business write freely for so long after the customer's last message.
WINDOW = DAY


@dataclass(slots=True)
class Held:
    """The row of a conversation and what a unit of work has changed of it so far."""

    id: str
    channel: str
    owner: str
    owner_epoch: int
    rev: int
    in_seq: int
    state: Json
    busy: bool
    waiting: int
    window_until: int
    last_inbound_at: int
    timers: int
    reach: str
    remind_at: int | None
    closing: bool
    last_id: str
    contact: Contact
    opted_out_at: int | None
    ready_at: int | None = None

    def heard(self, at: int) -> None:
        """The customer wrote at `at`; an older message that comes late moves nothing back."""
        if at > self.last_inbound_at:
            self.last_inbound_at = at
            self.window_until = at + WINDOW
            self.closing = False

    def is_open(self, now: int) -> bool:
        return now < self.window_until - MARGIN


def held(row: Row) -> Held:
    """The row of the queries `conversation` and `conversation_by_address`."""
    (id_, channel, owner, epoch, rev, in_seq, state, busy, waiting, until, heard, timers, reach,
     remind_at, closing, last_id, contact, name, language, language_from, timezone, phone, fields,
     tags, opted_out_at) = row
    follow(last_id)
    return Held(id_, channel, owner, epoch, rev, in_seq, load(state), bool(busy), waiting, until,
                heard, timers, reach, remind_at, bool(closing), last_id,
                Contact(contact, name, language, language_from, timezone, phone,
                        load(fields) if fields != "{}" else {},
                        tuple(load(tags)) if tags != "[]" else (), opted_out_at is not None),
                opted_out_at)


async def snapshot(tx: Tx, conversation: Held) -> Snapshot:
    """What the engine may read of it."""
    ticket = None
    if conversation.owner != BOT:
        row = await tx.one("ticket", conversation.id)
        if row is not None:
            ticket = {"id": row[0], "queue": row[1], "state": row[2], "agent": row[3],
                      "return_to": row[4], "created_at": row[5], "agent_name": row[6]}
    return Snapshot(conversation.id, conversation.channel, conversation.contact,
                    conversation.owner, conversation.state, conversation.window_until,
                    conversation.last_inbound_at, ticket)


def addresses(reach: str) -> tuple[Address, ...]:
    return tuple(Address(*parts) for parts in load(reach))


async def find(tx: Tx, conversation: str) -> Held | None:
    row = await tx.one("conversation", conversation)
    return None if row is None else held(row)


class Strangers(Exception):
    """Somebody is new or has a new address: run the unit again, alone with all its names.

    Who waits for a name while holding a conversation waits for ever, when the one who has the
    name wants that conversation.
    """


async def met(ask: Callable[[bool], Awaitable[T]]) -> T:
    """Run a unit, and once more, `alone`, where it met strangers."""
    try:
        return await ask(False)
    except Strangers:
        return await ask(True)


async def hold(tx: Tx, item: Incoming, now: int, *, alone: bool) -> Held:
    """The conversation that a message belongs to, made when its sender is new.

    Raises `Strangers` when it has to be made or changed and the unit is not alone with its names.
    """
    first = item.addresses[0]
    row = await tx.one("conversation_by_address", first.kind, first.value, first.scope,
                       item.channel)
    if row is None:
        # Somebody else may be making the very same person out of another delivery.
        if not alone:
            raise Strangers
        contact = await _contact(tx, item, now)
        # Who was known by another address only may have a conversation here all the same.
        await tx.run("add_conversation", new_id(), contact, item.channel,
                     await _reach(tx, contact, item), now)
        row = await tx.one("conversation_by_address", first.kind, first.value, first.scope,
                           item.channel)
        assert row is not None
    conversation = held(row)
    if _is_news(item, conversation.reach):
        if not alone:
            raise Strangers
        await _contact(tx, item, now)
        row = await tx.one("conversation", conversation.id)
        assert row is not None
        conversation = held(row)
    if item.name and item.name != conversation.contact.name:
        await tx.run("name_contact", conversation.contact.id, item.name)
        row = await tx.one("conversation", conversation.id)
        assert row is not None
        conversation = held(row)
    return conversation


async def _contact(tx: Tx, item: Incoming, now: int) -> str:
    """The contact of these addresses: found, made, or joined of two that are one person."""
    found: str | None = None
    for address in item.addresses:
        row = await tx.one("contact_by_address", address.kind, address.value, address.scope)
        if row is None:
            continue
        if found is None:
            found = row[0]
        elif row[0] != found:
            await _join(tx, row[0], found, now)
    if found is None:
        found = new_id()
        await tx.run("add_contact", found, item.name, _phone(item), now)
    for address in item.addresses:
        await tx.run("add_address", address.kind, address.value, address.scope, found)
    if (phone := _phone(item)) is not None:
        await tx.run("phone_contact", found, phone)
    await tx.run("reach_contact", found, await _reach(tx, found, item))
    return found


async def _join(tx: Tx, other: str, contact: str, now: int) -> None:
    """Two contacts are one person: what the other one's conversations waited for is over.

    Their rows stay where they are, to be read; the person goes on in the contact's own.
    """
    await tx.run("join_contacts", other, contact)
    for (conversation,) in await tx.all("conversations_of", other):
        await tx.run("close_ticket", conversation, "joined", now)
        await tx.run("drop_timers", conversation)
        await tx.run("rest_conversation", conversation)


def names(item: Incoming) -> list[str]:
    """What a unit must be alone with to make or change the sender."""
    return [f"{address.kind}:{address.value}:{address.scope}" for address in item.addresses]


def _is_news(item: Incoming, reach: str) -> bool:
    """Does the message name an address that the conversation does not have, or another phone?"""
    first = item.addresses[0]
    return (any(f'"{address.value}"' not in reach for address in item.addresses)
            or (first.kind == "phone" and not reach.startswith(f'[["phone","{first.value}"')))


async def _reach(tx: Tx, contact: str, item: Incoming) -> str:
    """Everything by which a contact is reached: phones first, and first where they write from."""
    rows = [list(row) for row in await tx.all("addresses", contact)]
    latest = [[a.kind, a.value, a.scope] for a in item.addresses]
    return dump(sorted(rows, key=lambda row: (
        row[0] != "phone", latest.index(row) if row in latest else len(latest))))


def _phone(item: Incoming) -> str | None:
    return next((a.value for a in item.addresses if a.kind == "phone"), None)


def text_of(content: Any) -> str:
    """One line that stands for a message in lists."""
    if isinstance(content, str):
        content = load(content)
    if not isinstance(content, dict):
        return ""
    for key in ("text", "title", "caption", "name", "emoji", "what"):
        if isinstance(content.get(key), str) and content[key]:
            return str(content[key])
    media = content.get("media")
    if isinstance(media, dict) and media.get("name"):
        return str(media["name"])
    return f"[{content.get('type', '?')}]"
