"""What becomes of a message of the business: sent, delivered, read - or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import aiohttp

from bot.clock import Clock
from bot.emulator import media
from bot.emulator.chats import BUSINESS, Chat, Chats, Message
from bot.emulator.delivery import Deliveries
from bot.emulator.graph_errors import GraphError
from bot.emulator.media import MediaStore
from bot.emulator.rules import Outbound
from bot.emulator.settings import EmulatorSettings
from bot.emulator.webhook import status_value


class Receipts:
    """Moves messages along and tells the bot, in order for each customer."""

    def __init__(self, settings: EmulatorSettings, chats: Chats, store: MediaStore,
                 deliveries: Deliveries, clock: Clock) -> None:
        self._settings = settings
        self._chats = chats
        self._media = store
        self._deliveries = deliveries
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        #: Which chats are on a screen, by who shows them.
        self._screens: dict[object, frozenset[str]] = {}

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def follow(self, chat: Chat, message: Message, outbound: Outbound,
               failure: GraphError | None) -> None:
        """See a message through that the Graph API took."""
        self._start(self._follow(chat, message, outbound, failure))

    async def _follow(self, chat: Chat, message: Message, outbound: Outbound,
                      failure: GraphError | None) -> None:
        await asyncio.sleep(self._settings.sent_after)
        if failure is None and outbound.fetch:
            try:
                await self._fetch(chat, message, outbound.fetch)
            except GraphError as error:
                failure = error
        if failure is not None:
            message.error = failure.in_receipt()
            self._tell(chat, message, "failed")
            return
        self._tell(chat, message, "sent")
        if message.type == "reaction":  # Meta says no more than that of a reaction
            return
        await asyncio.sleep(self._settings.delivered_after)
        self._tell(chat, message, "delivered")
        if self.on_screen(chat):
            await asyncio.sleep(self._settings.read_after)
            self.read(chat)

    def _tell(self, chat: Chat, message: Message, status: str) -> None:
        if self._chats.progress(chat, message, status):
            value = status_value(chat, message, status, self._clock.now())
            self._deliveries.post(chat, value, lambda taken: None)

    async def _fetch(self, chat: Chat, message: Message, wanted: tuple[str, str, str]) -> None:
        """Get what a link names, as Meta does after it took the message."""
        kind, link, name = wanted
        limit = self._media.max_file
        try:
            async with self._deliveries.session.get(link) as answer:
                if answer.status != 200:
                    raise GraphError(131053, f"{link} answered {answer.status}")
                data = b""
                async for piece in answer.content.iter_chunked(65_536):
                    data += piece
                    if len(data) > limit:
                        raise GraphError(131053, f"{link} is larger than {limit} bytes")
                mime_type = answer.headers.get("Content-Type", "")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise GraphError(131053, f"{link} can't be fetched: {error}") from error
        media.check(kind, mime_type, data)
        file = self._media.put(data, media.plain(mime_type), name or link.split("?")[0]
                               .rstrip("/").rsplit("/", 1)[-1])
        message.media = file.summary()
        self._chats.update(chat, message)

    def on_screen(self, chat: Chat) -> bool:
        return any(chat.id in shown for shown in self._screens.values())

    def show(self, screen: object, chats: frozenset[str]) -> None:
        """A screen shows these chats now, and no others; none: it is gone."""
        if chats:
            self._screens[screen] = chats
        else:
            self._screens.pop(screen, None)
        for chat in self._chats:
            if chat.id in chats:
                self._start(self._read_soon(chat))

    async def _read_soon(self, chat: Chat) -> None:
        await asyncio.sleep(self._settings.read_after)
        if self.on_screen(chat):
            self.read(chat)

    def read(self, chat: Chat) -> None:
        """The customer has read everything that was delivered."""
        for message in list(chat.messages):
            if message.sender == BUSINESS and message.status == "delivered":
                self._tell(chat, message, "read")
        self._chats.seen(chat)
