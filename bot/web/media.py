"""What customers sent, behind links that end: for backends, which have no sign-in."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from bot.channel.base import Channel
from bot.clock import DAY
from bot.errors import ChannelError
from bot.flow.expressions.values import is_media
from bot.model import Json

#: Meta keeps what customers send for so long.
VALID = 7 * DAY

HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; "
           "default-src 'none'", "Cache-Control": "private, max-age=600",
           "Content-Disposition": "attachment"}


class MediaLinks:
    """Makes and serves links of the form /media/{expiry}.{channel}.{media id}.{signature}."""

    def __init__(self, key: bytes, public_url: str, channels: Mapping[str, Channel],
                 real_now: Callable[[], int]) -> None:
        self._key = key
        self._public_url = public_url.rstrip("/")
        self._channels = channels
        self._real_now = real_now

    def filled(self, value: Any, channel: str) -> Any:
        """The arguments of a call with each thing that a customer sent as a link to it."""
        if isinstance(value, dict):
            if is_media(value):
                return self.link(channel, value)
            return {key: self.filled(part, channel) for key, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part, channel) for part in value]
        return value

    def link(self, channel: str, media: Json) -> str:
        """An address that gives the bytes for seven days."""
        named = base64.urlsafe_b64encode(str(media["id"]).encode()).decode().rstrip("=")
        signed = f"{self._real_now() + VALID}.{channel}.{named}"
        return f"{self._public_url}/media/{signed}.{self._signature(signed)}"

    def _signature(self, signed: str) -> str:
        digest = hmac.digest(self._key, b"media:" + signed.encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:18]).decode()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/media/{link}", self.serve)]

    async def serve(self, request: web.Request) -> web.Response:
        signed, _, signature = request.match_info["link"].rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode()):
            raise web.HTTPNotFound
        expiry, name, named = signed.split(".")
        channel = self._channels.get(name)
        if channel is None or int(expiry) < self._real_now():
            raise web.HTTPNotFound
        media_id = base64.urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode()
        try:
            mime_type, body = await channel.media(media_id)
        except ChannelError as error:
            raise web.HTTPBadGateway(text="the provider does not give it at the moment") from error
        return web.Response(body=body, content_type=mime_type.split(";")[0].strip(),
                            headers=HEADERS)
