"""The door for providers: handshakes and deliveries at /webhooks/{channel}."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import hdrs, web

from bot import failpoints
from bot.channel.base import Channel
from bot.clock import Clock
from bot.errors import Malformed, Overloaded, StoreError
from bot.model import Item

log = logging.getLogger(__name__)

#: Meta's bodies go to 3 MB.
BODY_LIMIT = 4 * 1024 * 1024
READ_TIMEOUT = 15.0
RETRY_AFTER = "5"


class Webhook:
    """Takes deliveries in: what it answers 200 to is kept.

    `numbers` gives for each channel the provider's number ids that its deliveries may name, and
    whose they are. `accept` is durable when it returns.
    """

    def __init__(self, *, channels: Mapping[str, Channel],
                 numbers: Mapping[str, Mapping[str, str]],
                 accept: Callable[[list[Item]], Awaitable[None]], clock: Clock,
                 body_limit: int = BODY_LIMIT, read_timeout: float = READ_TIMEOUT) -> None:
        self._channels = channels
        self._numbers = numbers
        self._accept = accept
        self._clock = clock
        self._body_limit = body_limit
        self._read_timeout = read_timeout

    def routes(self) -> list[web.RouteDef]:
        """The two routes of the door."""
        return [web.get("/webhooks/{channel}", self.handshake, allow_head=False),
                web.post("/webhooks/{channel}", self.deliver)]

    async def handshake(self, request: web.Request) -> web.Response:
        """Answer the provider's question whether this address is ours."""
        channel = self._channels.get(request.match_info["channel"])
        if channel is None:
            return _answer(404, "no such channel")
        try:
            challenge = channel.challenge(request.query)
        except Malformed as error:
            return _answer(400, str(error))
        if challenge is None:
            log.warning("handshake refused", extra={"channel": channel.name})
            return _answer(403, "wrong verify token")
        return _answer(200, challenge)

    async def deliver(self, request: web.Request) -> web.Response:
        """Take a delivery in and answer when it is kept."""
        channel = self._channels.get(request.match_info["channel"])
        if channel is None:
            return _answer(404, "no such channel")
        if hdrs.CONTENT_ENCODING in request.headers:
            # The signature is over the bytes on the wire, and they could unpack to any size.
            return _answer(415, "send the body as it is, without a content encoding")
        content = request.content
        if content.is_eof():
            body = content.read_nowait()
        else:
            length = request.content_length
            if length is not None and length > self._body_limit:
                return _too_large()
            try:
                async with asyncio.timeout(self._read_timeout):
                    read = await self._read(request)
            except (web.RequestPayloadError, ConnectionError):
                return _closing(_answer(400, "the body is broken off"))
            except TimeoutError:
                return _closing(_answer(408, "the body took too long"))
            if read is None:
                return _too_large()
            body = read
        if len(body) > self._body_limit:
            return _too_large()
        if not channel.verify(request.headers, body):
            log.warning("signature refused", extra={"channel": channel.name})
            return _answer(401, "invalid signature")
        try:
            items = channel.parse(body, self._numbers.get(channel.name, {}), self._clock.now())
        except Malformed as error:
            log.warning("delivery malformed", extra={"channel": channel.name, "why": str(error)})
            return _answer(400, str(error))
        try:
            await self._accept(items)
        except (Overloaded, StoreError) as error:
            log.error("delivery not kept", extra={
                "channel": channel.name, "items": len(items), "why": str(error)})
            response = _answer(503, "try again later")
            response.headers[hdrs.RETRY_AFTER] = RETRY_AFTER
            return response
        failpoints.hit("accept.kept")
        return web.Response()

    async def _read(self, request: web.Request) -> bytes | None:
        """The whole body, or None as soon as it is too large."""
        body = bytearray()
        while chunk := await request.content.readany():
            body += chunk
            if len(body) > self._body_limit:
                return None
        return bytes(body)


def _too_large() -> web.Response:
    return _closing(_answer(413, "the body is too large"))


def _closing(response: web.Response) -> web.Response:
    """An answer to a request that was not read to its end: what follows can't be told from it."""
    response.force_close()
    return response


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={"X-Content-Type-Options": "nosniff"})
