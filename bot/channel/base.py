"""What a provider must be able to do. One class per provider implements it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.model import Address, Item, Json


class Channel(Protocol):
    """One business number at one provider."""

    name: str

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the delivery was signed by the provider; compares in constant time."""

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """What to answer to the provider's handshake, or None when the token is not ours.

        Raises `Malformed` when it is no handshake: a parameter is missing.
        """

    def parse(self, body: bytes, numbers: Mapping[str, str], received_at: int) -> list[Item]:
        """Everything in the delivery, one bad item harming no other.

        `numbers` maps the provider's number id to a channel's name. Raises `Malformed` when
        the body as a whole is no JSON object.
        """

    async def send(self, to: tuple[Address, ...], content: Json, tag: str) -> str:
        """Send one message (`Reply.content`), return the provider's id. Raises `ChannelError`."""

    async def mark_read(self, external_id: str, *, typing: bool) -> None:
        """Show the customer that the message was read, and optionally that we are typing."""

    async def media(self, media_id: str) -> tuple[str, bytes]:
        """Fetch what a customer sent: (mime type, bytes). Raises `ChannelError`."""
