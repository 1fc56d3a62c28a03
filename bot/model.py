"""The nouns. Everybody may import this file; it imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

BOT = "bot"
QUEUE = "queue"

#: What a person wrote, tapped or sent; anything else that arrives is kept but moves no flow.
ANSWERS = frozenset({"text", "tap", "image", "audio", "video", "document", "sticker", "location",
                     "contacts"})


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a contact."""

    kind: str  #: phone (digits, no plus) | bsuid (business-scoped id)
    value: str
    scope: str = ""  #: what the value is unique in: "" for phones, the account id otherwise


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of a customer, as a channel read it."""

    channel: str
    external_id: str  #: the provider's id of the message; the same id changes nothing twice
    addresses: tuple[Address, ...]  #: every address the delivery names, the surest first
    content: Json
    """What was sent, the same shapes for every provider, `type` first:

    text: {text} - tap: {id, title} (a reply id of ours; id "" when the provider sent none) -
    image, audio, video, document, sticker: {media: {id, mime_type, name?, voice?}, text?}
    (text is the caption) - location: {latitude, longitude, name?, address?} -
    contacts: {contacts: [{name, phones: [str]}]} - reaction: {emoji, to} (emoji "" removes) -
    system: {text, previous?} - edit, revoke: {of} - unsupported, unknown: {what}.
    Any of them may have `referral`: {source, type?, headline?}, the advertisement it came by.
    Several messages that are handled as one have `together`, their short texts.
    """
    sent_at: int  #: by the provider's clock, epoch ms
    name: str | None = None  #: the profile name
    reply_to: str | None = None  #: the provider's id of the message answered to
    raw: str = ""  #: the JSON as it came, kept where `content` does not say everything


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message we sent."""

    channel: str
    provider_id: str
    status: str  #: sent | delivered | read | failed
    at: int
    tag: str | None = None  #: the id we put on the message, when the provider gives it back
    code: int | None = None  #: the provider's error code, for failed
    error: str | None = None  #: why it failed and what to do about it, for people
    closes_window: bool = False  #: the failure says that the customer-service window is closed


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a provider told us that concerns no conversation; kept, listed, not acted on."""

    channel: str
    kind: str  #: e.g. field.account_update, malformed.message, unknown_number
    raw: str
    text: str = ""


Item = Incoming | Receipt | Notice


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one conversation: a row of the inbox."""

    id: str
    kind: str
    """message | timer | reminder | result | agent | event | undelivered

    Payloads. message: `Incoming.content`. timer: {name, token}. reminder: {}.
    result: {call, key, ok, value?, error?: {kind, status}}.
    agent: {action: take|reply|return|close, agent, name, text?, slots?}.
    event: {name, id, contact, about?, …data}.
    undelivered: {message, visit, code}.
    """
    at: int  #: the one `now` of its turn, epoch ms
    payload: Json


@dataclass(frozen=True, slots=True)
class Contact:
    """A person."""

    id: str
    name: str | None = None
    language: str | None = None
    language_from: str | None = None  #: chosen | api | trigger | script
    timezone: str | None = None
    phone: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a turn may read: one conversation as it stands before the event."""

    conversation: str  #: its id
    channel: str
    contact: Contact
    owner: str  #: bot | queue | agent:<id>
    state: Json  #: the engine's own; the store never looks inside
    window_until: int  #: epoch ms; 0 while the contact has never written
    last_inbound_at: int  #: epoch ms, the earlier of the provider's and our time
    ticket: Json | None = None  #: the open one: {id, queue, state, agent, return_to, created_at}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation stands."""

    flow: str
    version: str
    step: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the customer, in a shape every channel can render.

    `content`, `type` first: text: {text} - buttons: {text, buttons: [{id, title}],
    header?: {type: image|video|document, url, name?}} - list: {text, button,
    rows: [{id, title, description?}]} - link: {text, label, url} -
    image, video, audio, document, sticker: {url, caption?, name?} -
    location: {latitude, longitude, name?, address?} - contact: {name, phone} -
    reaction: {emoji, to} - template: {name, language, with: {parameter: text}, text?,
    buttons?: [{id, title}]} (text: how it reads; id "": the tap says its title)
    """

    content: Json
    origin: str = BOT  #: bot | agent:<id>
    once: bool = False  #: never sent again while the outcome of a first try is unknown
    outside: Json | None = None  #: the template that leaves instead when the window is closed
    visit: str = ""  #: the visit of a step that wants to know when it can't be delivered


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One call of an operation, to be made after the turn is committed."""

    key: str  #: idempotency key: one per visit of the step
    operation: str  #: e.g. orders.find
    arguments: Json
    retries: int | None = None  #: None: what the backend says
    timeout_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What a turn does to the ticket of its conversation."""

    action: str  #: open | take | close
    queue: str = ""
    priority: str = "normal"  #: low | normal | high | urgent
    note: str = ""
    reason: str = ""  #: open: step | command | fallback | reminder | failure
    return_to: str | None = None
    agent: str | None = None
    outcome: str | None = None  #: close: done | returned | cancelled


@dataclass(frozen=True, slots=True)
class Journal:
    """Why a turn did what it did: reports and `bot match --since` live on it."""

    rule: str
    """agent | tap | old_tap | command | answer | trigger | refused | opened | fallback | timer |
    reminder | result | event | undelivered | moved | stale | expired | ignored"""
    item: str = ""  #: the flow, command, choice or answers item that was chosen
    score: float | None = None
    before: str = ""  #: flow/step before, "" for none
    after: str = ""
    outcome: str = ""  #: how a run ended in this turn, if one did


@dataclass(slots=True)
class Decision:
    """Everything one event causes. The engine decides it; the store commits it whole."""

    state: Json
    journal: Journal
    place: Place | None = None  #: None: in no flow
    owner: str = BOT
    busy: bool = False
    """True while a call of this conversation runs: what the contact writes waits for its result."""
    replies: list[Reply] = field(default_factory=list)
    calls: list[CallRequest] = field(default_factory=list)
    timers: dict[str, tuple[int, str]] = field(default_factory=dict)
    """All that are armed after this turn: name -> (fire at, token). What is not in it is off."""
    remind_at: int | None = None
    """When the reminder before the window closes is due; None while nobody owes an answer."""
    ticket: TicketChange | None = None
    contact: Json = field(default_factory=dict)
    """Changes only: language, language_from, opted_out, tags (the whole list), fields (merged)."""
    refused: str = ""  #: an agent's wish that can't be met, and why; nothing else is set then
    incident: str = ""  #: what staff must hear about, e.g. an author's expression that failed
    blanks: list[str] = field(default_factory=list)
    """Texts of the flow that were said though a value in them was none: for its tests."""
    left: Json = field(default_factory=dict)
    """The slots of the run that ended last in this turn: for its tests."""
