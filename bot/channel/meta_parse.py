"""Deliveries of Meta's webhooks, read into items. Whatever can't be used is kept as a notice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.channel import meta_content
from bot.channel.meta_content import Unreadable, identifier, is_id
from bot.channel.meta_errors import meaning, number, said, sentence
from bot.channel.meta_json import dump, read
from bot.model import Address, Incoming, Item, Json, Notice, Receipt

log = logging.getLogger(__name__)

#: A status of Meta's -> ours. Somebody who played a voice note has read it.
_STATUSES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read",
             "failed": "failed"}

_ENVELOPE = "whatsapp_business_account"
#: No message on WhatsApp is older: an earlier moment is a placeholder.
_FIRST_SECOND = 1_230_768_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a delivery an item stands."""

    channel: str
    scope: str  #: what business-scoped ids of this entry are unique in
    received_at: int
    people: Mapping[str, Json]  #: the senders' contacts, by phone and by business-scoped id
    only: Json | None  #: the one contact, if there is just one


def parse(body: bytes, *, channel: str, account: str, numbers: Mapping[str, str],
          received_at: int) -> list[Item]:
    """Everything in a delivery to `channel`, at least one item.

    `numbers` maps a phone number id to the channel it belongs to; `account` stands in for an
    entry without an id. Raises `Malformed` when the body is no JSON object.
    """
    delivery = read(body)
    envelope = delivery.get("object", _ENVELOPE)
    if envelope != _ENVELOPE:
        return [Notice(channel, f"object.{_word(envelope)}", dump(delivery))]
    entries = delivery.get("entry")
    if type(entries) is not list or not entries:
        return [Notice(channel, "malformed.delivery", dump(delivery))]
    items: list[Item] = []
    for entry in entries:
        changes = entry.get("changes") if type(entry) is dict else None
        if type(changes) is not list or not changes:
            items.append(Notice(channel, "malformed.entry", dump(entry)))
            continue
        for change in changes:
            _change(items, entry, change, channel, account, numbers, received_at)
    return items


def _change(items: list[Item], entry: Json, change: Any, channel: str, account: str,
            numbers: Mapping[str, str], received_at: int) -> None:
    value = change.get("value") if type(change) is dict else None
    if type(value) is not dict:
        items.append(Notice(channel, "malformed.change", _around(entry, change)))
        return
    metadata = value.get("metadata")
    number_id = identifier(metadata.get("phone_number_id")) if type(metadata) is dict else ""
    owner = numbers.get(number_id)
    field = change.get("field")
    if field is None and ("messages" in value or "statuses" in value):
        field = "messages"  # events that somebody forwards have lost it at times
    if field != "messages":
        items.append(Notice(owner or channel, f"field.{_word(field)}", _around(entry, change),
                            _summary(value)))
        return
    before = len(items)
    messages, statuses = value.get("messages"), value.get("statuses")
    if owner is None:
        for name, group in (("messages", messages), ("statuses", statuses)):
            for item in group if type(group) is list else ():
                raw = dump({"metadata": metadata, name: [item]})
                items.append(Notice(channel, "unknown_number", raw, _for_unknown(number_id, item)))
    else:
        if messages:
            people, only = _people(value.get("contacts"))
            place = _Place(owner, identifier(entry.get("id")) or account, received_at, people, only)
            _each(items, messages, "message", owner, lambda item: _message(item, place))
        if statuses:
            _each(items, statuses, "status", owner,
                  lambda item: _status(item, owner, received_at))
    errors = value.get("errors")
    for error in errors if type(errors) is list else ():
        text = sentence(number(error.get("code")), said(error)) if type(error) is dict else ""
        items.append(Notice(owner or channel, "errors", dump(error), text))
    if len(items) == before:
        items.append(Notice(owner or channel, "field.messages", _around(entry, change)))


def _each(items: list[Item], group: Any, what: str, channel: str,
          reader: Callable[[Any], Item]) -> None:
    """Read a group of items one by one: a bad one becomes a notice and harms no other."""
    if type(group) is not list:
        items.append(Notice(channel, f"malformed.{what}", dump(group)))
        return
    for item in group:
        try:
            items.append(reader(item))
        except Unreadable as error:
            items.append(Notice(channel, f"malformed.{what}", dump(item), str(error)))
        except Exception:
            # A mistake of ours in reading one item must not make Meta redeliver all of them
            # for a week; the item is kept, and the log says what to mend.
            log.exception("item not read", extra={"what": what, "channel": channel})
            items.append(Notice(channel, f"malformed.{what}", dump(item)))


def _message(message: Any, place: _Place) -> Item:
    if type(message) is not dict:
        raise Unreadable("the message is no object")
    external_id = message.get("id")
    if not is_id(external_id):
        raise Unreadable("the message has no id")
    if message.get("group_id") is not None:
        # An answer would go to the member alone, who had asked the group.
        return Notice(place.channel, "group.message", dump(message), "a message to a group")
    try:
        content, complete = meta_content.content(message)
    except Unreadable as error:
        # Who wrote is known all the same: kept with their conversation, and known when it
        # comes again.
        content, complete = {"type": "unknown", "what": str(error)}, False
    if type(referral := message.get("referral")) is dict:
        content["referral"] = _referral(referral)
    context = message.get("context")
    reply_to = context.get("id") if type(context) is dict else None
    addresses, name = _sender(message, place, content)
    if "referral" in message or (context is not None and type(reply_to) is not str):
        complete = False
    return Incoming(
        place.channel, external_id, addresses, content,
        moment(message.get("timestamp"), place.received_at), name,
        reply_to if type(reply_to) is str and reply_to else None,
        "" if complete else dump(message))


def _referral(referral: Json) -> Json:
    """The advertisement or post by which the customer came."""
    found = {"source": identifier(referral.get("source_id"))}
    for ours, theirs in (("type", "source_type"), ("headline", "headline")):
        if type(referral.get(theirs)) is str and referral[theirs]:
            found[ours] = referral[theirs][:200]
    return found


def _sender(message: Json, place: _Place, content: Json) -> tuple[tuple[Address, ...], str | None]:
    """Every address that the delivery names for the sender, phones first, and the name."""
    sender, user = identifier(message.get("from")), identifier(message.get("from_user_id"))
    if sender[:1] == "+":
        sender = sender[1:]
    person = place.people.get(sender) or place.people.get(user)
    if person is None and not sender and not user:
        person = place.only
    ids = [sender, user]
    name = None
    if person is not None:
        ids += (identifier(person.get("wa_id")), identifier(person.get("user_id")))
        profile = person.get("profile")
        if type(profile) is dict and type(profile.get("name")) is str:
            name = profile["name"].strip() or None
    if content["type"] == "system":
        system = message["system"]
        # Who changed number or id is reached under the new one; the old one names the person.
        ids = [identifier(system.get("wa_id")) or identifier(system.get("new_wa_id")),
               identifier(system.get("user_id")), *ids, identifier(system.get("previous_user_id"))]
    phones: dict[Address, None] = {}
    others: dict[Address, None] = {}
    for value in dict.fromkeys(ids):  # most deliveries name the sender twice
        if not value:
            continue
        digits = value[1:] if value[0] == "+" else value
        if digits.isascii() and digits.isdigit():
            phones[Address("phone", digits)] = None
        else:
            # Some deliveries carry the business-scoped id where the phone used to stand.
            others[Address("bsuid", value, place.scope)] = None
    if not phones and not others:
        raise Unreadable("the message names no sender")
    return (*phones, *others), name


def _status(status: Any, channel: str, received_at: int) -> Item:
    if type(status) is not dict:
        raise Unreadable("the status is no object")
    what = status.get("status")
    if type(what) is not str:
        raise Unreadable("the status has no name")
    known = _STATUSES.get(what)
    if known is None:
        return Notice(channel, f"status.{_word(what)}", dump(status))
    provider_id = status.get("id")
    if not is_id(provider_id):
        raise Unreadable("the status has no id")
    tag = status.get("biz_opaque_callback_data")
    at = moment(status.get("timestamp"), received_at)
    tag = tag if type(tag) is str and tag else None
    if known != "failed":
        return Receipt(channel, provider_id, known, at, tag)
    errors = status.get("errors")
    error = errors[0] if type(errors) is list and errors and type(errors[0]) is dict else {}
    code = number(error.get("code"))
    return Receipt(channel, provider_id, known, at, tag, code, sentence(code, said(error)),
                   meaning(code).error.closes_window)


def moment(value: Any, otherwise: int) -> int:
    """A timestamp of Meta's in epoch milliseconds: seconds as a string, but not always."""
    try:
        seconds = int(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    if seconds > 10**11:
        seconds //= 1000
        return int(value) if _FIRST_SECOND <= seconds < 10**11 else otherwise
    return seconds * 1000 if seconds >= _FIRST_SECOND else otherwise


def _people(contacts: Any) -> tuple[dict[str, Json], Json | None]:
    """The delivery's contacts by each of their ids, and the one there is if there is only one."""
    people: dict[str, Json] = {}
    if type(contacts) is not list:
        return people, None
    for contact in contacts:
        if type(contact) is dict:
            for key in ("wa_id", "user_id"):
                value = identifier(contact.get(key))
                if value:
                    people[value[1:] if value[0] == "+" else value] = contact
    only = contacts[0] if len(contacts) == 1 and type(contacts[0]) is dict else None
    return people, only


def _word(value: Any) -> str:
    """A provider's name for something, short enough to be part of a kind."""
    return value[:60] if type(value) is str and value else "unnamed"


def _around(entry: Json, change: Any) -> str:
    """The change with what its entry says beside it, and without the other changes."""
    return dump({**entry, "changes": [change]})


def _for_unknown(number_id: str, item: Any) -> str:
    text = "for no number" if not number_id else f"for the number {number_id}"
    body = item.get("text") if type(item) is dict else None
    written = body.get("body") if type(body) is dict else None
    return f"{text}: {written}" if type(written) is str else text


def _summary(value: Json) -> str:
    """The word in an account's notice that says what happened."""
    for key in ("event", "decision", "alert_type", "new_quality_score", "new_category"):
        if type(value.get(key)) is str:
            return str(value[key])[:200]
    return ""
