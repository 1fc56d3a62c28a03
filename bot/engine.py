"""Turns: the router's pure decision, taken inside the store's transaction, told to the workers."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import TypeVar

from bot.clock import Clock
from bot.errors import BotError, Refused, StoreError, UnknownVersion
from bot.feed import TICKETS, Feed
from bot.flow.flows import Flows
from bot.ids import new_id
from bot.metrics import Counts
from bot.model import Decision, Event, Item, Json, Notice, Snapshot
from bot.outbox import Outbox
from bot.router import decide
from bot.runaway import Runaway
from bot.store.business import Told
from bot.store.rows import Agent
from bot.store.store import Store
from bot.store.work import Work

log = logging.getLogger(__name__)
T = TypeVar("T")
Step = Callable[[Snapshot, Event], Decision]

#: Of a delivery with more than this the turns are taken once it is kept and answered: so many in
#: one unit would keep the provider, and everybody who is in it, waiting.
MANY = 100
#: How often a unit is tried again because a conversation stands in a version not loaded yet.
LOADS = 20
#: An agent waits so long for what stands before, looked at so often, seconds.
PATIENCE, AGAIN = 3.0, 0.05


class Engine:
    """Gives every event its turn, and hands on what the turn has caused."""

    def __init__(self, flows: Flows, store: Store, outbox: Outbox, feed: Feed,
                 clock: Clock, counts: Counts) -> None:
        self.flows = flows
        self._store = store
        self._outbox = outbox
        self._feed = feed
        self._clock = clock
        self._counts = counts
        #: False: every event takes the slow path, whose attempts are counted (docs/guarantee.md).
        self.fast = True
        self.inbox_wake = asyncio.Event()
        self.timers_wake = asyncio.Event()
        self.calls_wake = asyncio.Event()
        self.runaway = Runaway()
        #: Tells the other processes of a committed unit, where there are any.
        self.tell: Callable[[Work], None] | None = None

    def step(self, snapshot: Snapshot, event: Event) -> Decision:
        return self.runaway.watched(decide, self.flows, snapshot, event)

    @property
    def _fast_step(self) -> Step | None:
        return self.step if self.fast else None

    async def accept(self, items: Sequence[Item]) -> None:
        """Everything of a delivery is durable when this returns. Raises `StoreError`."""
        step = self._fast_step if len(items) <= MANY else None
        try:
            await self._accept(items, step)
        except StoreError:
            raise
        except Exception as error:
            # What one item is must not keep the others out, nor have all of them come for days.
            log.error("delivery taken apart", extra={
                "items": len(items), "error": type(error.__cause__ or error).__name__,
                "where": traceback.format_tb(error.__traceback__)[-1].strip()})
            for item in items:
                await self._alone(item, step)

    async def _accept(self, items: Sequence[Item], step: Step | None) -> None:
        work = await self._kept(lambda step: self._store.accept(items, step), step)
        self._counts.accepted += len(items)
        self.follow(work)
        for channel, external_id in work.heard:
            self._outbox.show_read(channel, external_id, typing=bool(work.calls))

    async def _alone(self, item: Item, step: Step | None) -> None:
        """Keep an item, put aside where it can't be kept as it is."""
        try:
            await self._accept([item], step)
        except StoreError:
            raise
        except Exception as error:
            log.warning("item put aside", extra={"error": type(error.__cause__ or error).__name__})
            await self._accept([Notice(item.channel, "malformed.item",
                                       json.dumps(asdict(item), default=str))], None)

    async def act(self, conversation: str, agent: Agent, action: str, *, client_id: str,
                  text: str = "") -> None:
        """What an agent does at the desk: take, reply, return or close.

        The same `client_id` acts once. Raises `Refused` with the reason, for the agent.
        """
        payload: Json = {"action": action, "agent": agent.id, "name": agent.name}
        if action == "reply":
            if not text.strip():
                raise Refused("There is nothing to send yet: write a text first.")
            payload["text"] = text
        until = time.monotonic() + PATIENCE
        while True:
            await self.drain(conversation, at_once=True)
            event = Event(new_id(), "agent", self._clock.now(), payload)
            work = await self._loaded(lambda: self._store.happen(
                conversation, event, self.step, key=f"desk:{client_id}"))  # noqa: B023
            if work is None:
                return
            if work.refused:
                raise Refused(work.refused)
            if not work.behind:
                self.follow(work)
                return
            # Another process has the turn before it in hand: whether this can be done, who waits
            # for an answer is told only by what stands then.
            if time.monotonic() > until:
                raise Refused("Something else is being done here just now. Please try again.")
            await asyncio.sleep(AGAIN)

    async def business_event(self, told: Told) -> str:
        """Keep an event of the business; "" when it is kept, else why not: known or nobody."""
        told = replace(told, begins=told.event["name"] in self.flows.by_event)
        work = await self._kept(lambda step: self._store.tell_of(told, step), self._fast_step)
        self.follow(work)
        return work.refused

    async def result(self, conversation: str, result: Json) -> None:
        """The result of a call comes in by the one door."""
        work = await self._kept(
            lambda step: self._store.end_call(conversation, result, step), self._fast_step)
        if work is not None:
            self.follow(work)

    async def drain(self, conversation: str, *, at_once: bool = False) -> None:
        """Take the turns of everything that waits in this conversation: the slow path.

        `at_once`: also of a flood that has not come to its pause.
        """
        while (tried := await self._store.begin(conversation, at_once=at_once)) is not None:
            event, before = tried
            try:
                work = await self._loaded(
                    lambda: self._store.take_turn(conversation, event, self.step))  # noqa: B023
            except StoreError:  # no fault of the event
                raise
            except Exception as error:
                self._counts.turns_failed += 1
                log.exception("turn failed", extra={"conversation": conversation})
                self.follow(await self._store.failed(conversation, event, repr(error),
                                                     before + 1))
                return
            self.follow(work)

    async def _kept(self, ask: Callable[[Step | None], Awaitable[T]], step: Step | None) -> T:
        """Keep what happened, with its turns where they can be taken and written.

        A turn that can't be written must not keep what happened from being kept: then it waits,
        and the slow path counts its attempts.
        """
        try:
            return await self._loaded(lambda: ask(step))
        except StoreError:
            raise
        except Exception:
            if step is None:
                raise
            log.exception("turn failed")
        return await self._loaded(lambda: ask(None))

    async def _loaded(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the store; where an older version of a flow is wanted, load it and ask again."""
        for _ in range(LOADS):
            try:
                return await ask()
            except UnknownVersion as missing:
                found = await self._store.versions.sources([(missing.flow, missing.version)])
                if not found:
                    raise BotError(f"{missing}, and the store does not have it") from missing
                self.flows.add_version(*found[0])
        raise BotError("conversations stand in more old versions than can be loaded at once")

    def follow(self, work: Work) -> None:
        """Hand on what a committed unit of work has caused."""
        if work.sends:
            self._outbox.start(work.sends)
        if work.changed:
            self._feed.publish({*work.changed, TICKETS} if work.tickets else work.changed)
        elif work.tickets:
            self._feed.publish((TICKETS,))
        if work.waiting:
            self.inbox_wake.set()
        if work.timers:
            self.timers_wake.set()
        if work.calls:
            self.calls_wake.set()
        if self.tell is not None:
            self.tell(work)
