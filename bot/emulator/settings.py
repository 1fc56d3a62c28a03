"""What an emulator is told before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Customer:
    """A person with a phone in the emulator."""

    name: str
    phone: str | None = None  #: None: a person who hides the number; only a business-scoped id
    language: str = "en"  #: what their phone is set to; the webhook does not carry it
    user_id: str = ""  #: the business-scoped id; made from the rest when empty
    username: str = ""


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """One business number and the people who write to it."""

    webhook_url: str  #: where deliveries go, over real HTTP
    app_secret: str
    access_token: str
    verify_token: str
    phone_number_id: str
    display_phone_number: str
    business_account_id: str
    business_name: str
    customers: Sequence[Customer] = ()
    #: Lines for the panel "What to try"; words between backticks can be clicked into the composer.
    hints: Sequence[str] = ()
    #: Registered templates in the form of Meta's management API: name, language, components.
    templates: Sequence[Json] = ()
    #: How a send outside the 24 hours fails: at once (400), or by a failed receipt after a 200.
    window_error: Literal["sync", "async"] = "sync"
    sent_after: float = 0.05  #: real seconds until the receipt "sent"
    delivered_after: float = 0.25  #: and from there until "delivered"
    read_after: float = 0.4  #: and from there until "read", while the chat is on a screen
    #: A delivery the bot does not take is tried again this often, then given up.
    webhook_attempts: int = 20
    webhook_backoff: float = 0.5  #: real seconds before the second try; doubles, at most 30
    webhook_timeout: float = 10.0
    keep_customers: int = 50
    keep_messages: int = 500  #: per customer; older ones are forgotten
    keep_media: int = 256 * MIB  #: all files together; the oldest are forgotten
    max_file: int = 32 * MIB  #: one file (Meta takes documents up to 100 MB)
