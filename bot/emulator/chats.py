"""Who chats with the business, and what was said. In memory, bounded."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from bot.clock import DAY, Clock
from bot.emulator.settings import Customer, EmulatorSettings, Json
from bot.errors import BotError

CUSTOMER, BUSINESS, NOTE = "customer", "business", "emulator"

#: How far a message got; a receipt never takes it back.
RANK = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}

#: Events that one slow listener may be behind by; after that it has to start afresh.
BEHIND = 1_000

_COUNTRIES = {"ar": "AE", "de": "DE", "es": "ES", "fr": "FR", "hi": "IN", "id": "ID", "it": "IT",
              "ja": "JP", "ko": "KR", "nl": "NL", "pt": "BR", "ru": "RU", "th": "TH", "tr": "TR",
              "zh": "CN"}


class BadRequest(BotError):
    """The request to the emulator itself can't be understood."""


@dataclass(slots=True)
class Message:
    """One bubble, or a note of the emulator between the bubbles."""

    seq: int
    id: str
    sender: str  #: customer | business | emulator
    at: int
    type: str
    body: Json  #: what Meta's JSON has under the type's name
    text: str  #: what a person reads of it
    status: str = "accepted"
    context: Json | None = None  #: as in the webhook: {from?, id?, forwarded?}
    media: Json | None = None  #: the file that belongs to it: {id, mime_type, name, size, state}
    error: Json | None = None
    reactions: dict[str, str] = field(default_factory=dict)
    tag: str | None = None  #: biz_opaque_callback_data
    category: str = "service"

    def as_json(self) -> Json:
        """The message as the API and the page get it."""
        return {"seq": self.seq, "id": self.id, "from": self.sender, "at": self.at,
                "type": self.type, "text": self.text, "status": self.status, "body": self.body,
                "choices": choices(self), "context": self.context, "media": self.media,
                "error": self.error, "reactions": self.reactions}


def choices(message: Message) -> list[Json]:
    """What can be pressed on a message of the business: {kind, id, title, description?}."""
    if message.sender != BUSINESS:
        return []
    if message.type == "template":
        return [{"kind": "quick_reply", "id": button["payload"], "title": button["text"]}
                for button in message.body.get("buttons", [])]
    if message.type != "interactive":
        return []
    action = message.body["action"]
    if message.body["type"] == "button":
        return [{"kind": "button", **button["reply"]} for button in action["buttons"]]
    if message.body["type"] == "list":
        return [{"kind": "row", **row} for section in action["sections"]
                for row in section["rows"]]
    return []


@dataclass(slots=True)
class Chat:
    """The chat of one customer with the business."""

    id: str
    customer: Customer
    messages: deque[Message]
    last_inbound: int = 0  #: epoch ms of the customer's last message
    unread: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def window_until(self) -> int:
        """When the 24 hours end; 0 while the customer has never written."""
        return self.last_inbound + DAY if self.last_inbound else 0

    def as_json(self) -> Json:
        """The customer as the API and the page get them."""
        return {"id": self.id, "name": self.customer.name, "phone": self.customer.phone,
                "user_id": self.customer.user_id, "username": self.customer.username,
                "language": self.customer.language, "window_until": self.window_until(),
                "unread": self.unread}


class Chats:
    """All chats, and everybody who listens to them."""

    def __init__(self, settings: EmulatorSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._chats: dict[str, Chat] = {}
        self._by_message: dict[str, tuple[Chat, Message]] = {}
        self._listeners: set[asyncio.Queue[Json | None]] = set()
        self._seq = 0
        self._closed = False
        for customer in settings.customers:
            self.add(customer)

    def __iter__(self) -> Iterator[Chat]:
        return iter(self._chats.values())

    def add(self, customer: Customer) -> Chat:
        """A new customer with an empty chat; raises `BadRequest` when that can't be."""
        phone = digits(customer.phone or "") or None
        if len(self._chats) >= self._settings.keep_customers:
            raise BadRequest(f"there are {len(self._chats)} customers already")
        if not customer.name.strip():
            raise BadRequest("a customer needs a name")
        if phone and not 7 <= len(phone) <= 15:
            raise BadRequest("a phone number has 7 to 15 digits, with the country code")
        if phone and (self.by_phone(phone) or phone == digits(self._settings.display_phone_number)):
            raise BadRequest(f"+{phone} is taken")
        base = re.sub(r"[^a-z0-9]+", "-", customer.name.lower()).strip("-") or "customer"
        name, number = base, 2
        while name in self._chats:
            name, number = f"{base}-{number}", number + 1
        user_id = customer.user_id or self._user_id(customer.language, phone or name)
        if self.by_user_id(user_id):
            raise BadRequest(f"{user_id} is taken")
        username = customer.username or ("" if phone else name.replace("-", "."))
        chat = Chat(name, replace(customer, name=customer.name.strip(), phone=phone,
                                  user_id=user_id, username=username),
                    deque(maxlen=self._settings.keep_messages))
        self._chats[name] = chat
        self.publish({"type": "customer", "customer": chat.as_json()})
        return chat

    def _user_id(self, language: str, seed: str) -> str:
        scope = self._settings.business_account_id
        number = int.from_bytes(hashlib.sha256(f"{scope}:{seed}".encode()).digest()[:8], "big")
        country = _COUNTRIES.get(language.split("-")[0].lower(), "US")
        return f"{country}.{number % 10**20:020d}"

    def get(self, name: str) -> Chat | None:
        return self._chats.get(name)

    def by_phone(self, phone: str) -> Chat | None:
        return next((chat for chat in self if chat.customer.phone == phone), None)

    def by_user_id(self, user_id: str) -> Chat | None:
        return next((chat for chat in self if chat.customer.user_id == user_id), None)

    def find(self, message_id: str) -> tuple[Chat, Message] | None:
        """The message with a provider id and the chat it is in."""
        return self._by_message.get(message_id)

    def append(self, chat: Chat, sender: str, kind: str, body: Json, *, text: str = "",
               context: Json | None = None, media: Json | None = None, tag: str | None = None,
               category: str = "service") -> Message:
        """Put a message at the end of a chat and tell everybody."""
        self._seq += 1
        message = Message(self._seq, new_id(), sender, self._clock.now(), kind, body, text,
                          context=context, media=media, tag=tag, category=category)
        if len(chat.messages) == chat.messages.maxlen:
            self._by_message.pop(chat.messages[0].id, None)
        chat.messages.append(message)
        self._by_message[message.id] = (chat, message)
        if sender == CUSTOMER:
            chat.last_inbound = message.at
        elif sender == BUSINESS:
            chat.unread += 1
        self.update(chat, message)
        self.publish({"type": "customer", "customer": chat.as_json()})
        changed, chat.changed = chat.changed, asyncio.Event()
        changed.set()
        return message

    def note(self, chat: Chat, text: str) -> None:
        """Say something to whoever tries the emulator, between the bubbles."""
        self.append(chat, NOTE, "note", {}, text=text)

    def update(self, chat: Chat, message: Message) -> None:
        """Tell everybody how a message looks now."""
        self.publish({"type": "message", "customer": chat.id, "message": message.as_json()})

    def progress(self, chat: Chat, message: Message, status: str) -> bool:
        """Move a message's status forward; False when it was there already or beyond."""
        if RANK[status] <= RANK[message.status]:
            return False
        message.status = status
        self.update(chat, message)
        return True

    def seen(self, chat: Chat) -> None:
        """The customer has the chat before their eyes."""
        if chat.unread:
            chat.unread = 0
            self.publish({"type": "customer", "customer": chat.as_json()})

    async def after(self, chat: Chat, seq: int, sender: str | None, wait: float) -> list[Message]:
        """Messages beyond `seq`, waiting up to `wait` real seconds for the first of them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while True:
                    changed = chat.changed
                    found = [message for message in chat.messages if message.seq > seq
                             and sender in (None, message.sender)]
                    if found or wait <= 0 or self._closed:
                        return found
                    await changed.wait()
        return []

    def publish(self, event: Json) -> None:
        """Tell every listener; one that is too far behind is told to start afresh (None)."""
        for queue in list(self._listeners):
            if queue.qsize() >= BEHIND:
                self._listeners.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Json | None]]:
        """Everything that changes from now on; None means that no more will come."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Let everybody who waits go home."""
        for queue in self._listeners:
            queue.put_nowait(None)
        self._listeners.clear()
        self._closed = True
        for chat in self:
            chat.changed.set()


def digits(phone: str) -> str:
    """A phone number without the plus, spaces and dashes people write."""
    return re.sub(r"[\s()+./-]", "", phone)


def new_id() -> str:
    """A message id that looks like Meta's and is as opaque."""
    return "wamid.HBgL" + b64encode(secrets.token_bytes(24)).decode()
