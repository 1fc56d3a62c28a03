"""Deliveries to the bot: in order for each customer, again when the bot did not take them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from bot.clock import Clock
from bot.emulator.chats import BadRequest, Chat, Chats
from bot.emulator.settings import EmulatorSettings, Json
from bot.emulator.webhook import encode, envelope, headers

log = logging.getLogger(__name__)

#: Deliveries that may wait for one customer while the bot is away; the oldest make room.
WAITING = 2_000


@dataclass(slots=True)
class Delivery:
    """One webhook on its way."""

    value: Json
    done: Callable[[bool], None]  #: told whether the bot took it in the end


class Deliveries:
    """Sends webhooks over HTTP. One line per customer; the lines don't wait for each other."""

    def __init__(self, settings: EmulatorSettings, chats: Chats, clock: Clock) -> None:
        self._settings = settings
        self._chats = chats
        self._clock = clock
        self._lines: dict[str, deque[Delivery]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        #: How the last try went, for the page: {ok, detail}.
        self.state: Json = {"ok": None, "detail": "nothing sent yet"}

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._settings.webhook_timeout)
        self._session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        self._closed = True
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if self._session:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the emulator is not started")
        return self._session

    def post(self, chat: Chat, value: Json, done: Callable[[bool], None]) -> None:
        """Put a webhook at the end of the customer's line."""
        if self._closed:
            return
        line = self._lines.setdefault(chat.id, deque(maxlen=WAITING))
        line.append(Delivery(value, done))
        worker = self._workers.get(chat.id)
        if worker is None or worker.done():
            self._workers[chat.id] = asyncio.create_task(self._work(chat, line))

    async def _work(self, chat: Chat, line: deque[Delivery]) -> None:
        while line:
            delivery = line[0]
            taken = await self._deliver(chat, delivery)
            # A full line may have dropped its oldest while this one was on its way.
            if line and line[0] is delivery:
                line.popleft()
            delivery.done(taken)

    async def _deliver(self, chat: Chat, delivery: Delivery) -> bool:
        body = encode(envelope(self._settings, delivery.value))
        pause = self._settings.webhook_backoff
        for attempt in range(1, self._settings.webhook_attempts + 1):
            trouble = await self._try(body)
            self._show(ok=not trouble, detail=trouble or "the bot takes what is sent")
            if not trouble:
                return True
            if attempt == 1:
                log.warning("webhook not taken", extra={"reason": trouble})
                self._chats.note(chat, f"The bot did not take the webhook: {trouble}. "
                                       "Trying again.")
            if attempt < self._settings.webhook_attempts:
                await self._clock.pause(pause)
                pause = min(pause * 2, 30.0)
        self._chats.note(chat, f"Gave up after {self._settings.webhook_attempts} tries: the bot "
                               "never took this webhook.")
        return False

    async def _try(self, body: bytes) -> str:
        """One request; "" when the bot answered 200, what went wrong otherwise."""
        try:
            async with self.session.post(self._settings.webhook_url, data=body,
                                         headers=headers(self._settings.app_secret, body),
                                         allow_redirects=False) as answer:
                await answer.read()
                return "" if answer.status == 200 else f"it answered {answer.status}"
        except TimeoutError:
            return f"no answer in {self._settings.webhook_timeout:g} s"
        except (aiohttp.ClientError, OSError) as error:
            return f"no connection ({type(error).__name__})"

    def _show(self, *, ok: bool, detail: str) -> None:
        state = {"ok": ok, "detail": detail}
        if state != self.state:
            self.state = state
            self._chats.publish({"type": "webhook", **state})

    async def handshake(self) -> Json:
        """Ask the bot for the challenge as Meta does when a webhook is configured."""
        challenge = str(1_000_000_000 + secrets.randbelow(8_999_999_999))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge,
                 "hub.verify_token": self._settings.verify_token}
        try:
            async with self.session.get(self._settings.webhook_url, params=query,
                                        allow_redirects=False) as answer:
                ok = answer.status == 200 and await answer.read() == challenge.encode()
                return {"ok": ok, "status": answer.status}
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise BadRequest(f"no answer from the webhook ({type(error).__name__})") from error
