"""What the store's questions answer with, beside the nouns of `bot.model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.model import Address, Json

T = TypeVar("T")

#: Of a ticket, the least urgent first; the store keeps the place in this list.
PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, slots=True)
class Send:
    """A message released for sending: the claim that a worker holds."""

    id: str  #: of the message; the tag under which the provider reports back
    conversation: str
    channel: str
    to: tuple[Address, ...]
    content: Json
    epoch: int  #: settle only under the epoch that was claimed
    attempts: int
    once: bool
    lease_until: int = 1 << 62  #: real time; from then on the message is another's
    followed: bool = False  #: more messages of the conversation wait behind it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt to send."""

    send: Send
    state: str  #: sent | retry | unknown | failed | parked
    provider_id: str | None = None
    not_before: int | None = None  #: retry: real time
    code: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` asks for the following one, None at the end."""

    rows: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket as the queue shows it."""

    id: str
    conversation: str
    channel: str
    queue: str
    priority: str  #: low | normal | high | urgent
    state: str  #: waiting | taken | closed
    note: str
    reason: str
    created_at: int
    agent: str | None  #: id
    agent_name: str | None
    contact_name: str | None
    phone: str | None
    window_until: int
    closing: bool  #: the reminder before the window closes has fired: it stands at the top
    waiting_since: int | None  #: the customer's oldest message nobody answered yet; None: none
    last_text: str


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as lists show it."""

    id: str
    channel: str
    contact_name: str | None
    phone: str | None
    owner: str
    flow: str | None
    step: str | None
    window_until: int
    last_inbound_at: int
    last_text: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One line of a transcript."""

    id: str
    direction: str  #: in | out
    origin: str  #: customer | bot | agent:<id>
    origin_name: str | None  #: the agent's name
    content: Json
    at: int
    status: str
    """in: received. out: queued | sending | unknown | sent | delivered | read | failed | parked |
    suppressed | held"""
    reason: str = ""  #: why it is parked, failed, held, suppressed: one sentence for people


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who may sign in at the desk."""

    id: str
    login: str
    name: str
    password_hash: str
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a cookie belongs to."""

    agent: Agent
    csrf: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the inbox as `bot db events` lists it."""

    id: str
    at: int
    channel: str
    conversation: str | None
    kind: str  #: e.g. message.text, message.tap, receipt.delivered, field.account_update, timer
    text: str
    state: str  #: new | done | dead | kept
    became: str  #: what became of it: the journal's rule and item, or why it was only kept
    attempts: int = 0
    error: str = ""
    raw: str = ""  #: the JSON as it came, where `text` and `kind` do not say all of it
