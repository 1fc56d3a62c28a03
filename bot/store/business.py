"""Business events: kept in the inbox of the conversation that they are about."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ids import new_id
from bot.model import Address, Event, Incoming, Json
from bot.store import turns
from bot.store.base import Tx
from bot.store.held import find, hold, names
from bot.store.turns import Step
from bot.store.work import Work


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a program of the business tells of."""

    event: Json  #: {name, id, contact, about?, …data}
    to: Address | str  #: a phone, or the id of a contact
    channel: str | None  #: None: where the contact wrote last, else `otherwise`
    otherwise: str  #: the channel of somebody who has none yet
    begins: bool  #: it starts a flow: who is unknown becomes a contact


#: Why an event is not kept: one of that id was before; nobody is such a contact.
KNOWN, NOBODY = "known", "nobody"


async def keep(tx: Tx, told: Told, step: Step | None, work: Work) -> None:
    """Put it in the inbox of the contact's conversation; else `work.refused` says why not."""
    contact = await _contact(tx, told.to)
    conversation = None if contact is None else await _conversation(tx, contact, told.channel)
    stranger: Incoming | None = None
    if conversation is None:
        address = told.to if isinstance(told.to, Address) else await _phone(tx, contact)
        if address is None or not told.begins:
            work.refused = NOBODY
            return
        stranger = Incoming(told.channel or told.otherwise, "", (address,), {}, work.now)
        await tx.alone(names(stranger))
    if not await tx.run("see", "", f"event:{told.event['id']}", work.now):
        work.refused = KNOWN
        return
    current = (await hold(tx, stranger, work.now, alone=True) if stranger is not None else
               await find(tx, conversation or ""))
    assert current is not None
    await turns.happen(tx, current, Event(new_id(), "event", work.now, told.event), step, work)
    work.changed.add(current.id)


async def _contact(tx: Tx, to: Address | str) -> str | None:
    row = await (tx.one("contact_by_address", to.kind, to.value, to.scope)
                 if isinstance(to, Address) else tx.one("contact_by_id", to))
    return None if row is None else row[0]


async def _phone(tx: Tx, contact: str | None) -> Address | None:
    for kind, value, scope in await tx.all("addresses", contact) if contact is not None else ():
        if kind == "phone":
            return Address(kind, value, scope)
    return None


async def _conversation(tx: Tx, contact: str, channel: str | None) -> str | None:
    """The one on that channel, else the one in which the contact wrote last."""
    for id_, on in await tx.all("conversations_by_contact", contact):
        if channel is None or on == channel:
            return str(id_)
    return None
