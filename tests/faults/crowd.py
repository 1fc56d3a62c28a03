"""Everybody around a fleet: customers in pairs, the provider's webhooks, the shop, an agent.

The 200s are noted in `acks.jsonl` and what the provider took in `ledger.jsonl`, outside the bot.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import aiohttp
from fleet import Fleet, fleet
from harness import Provider, delivery, provider, signed
from people import Contact, NeverAnswered, Pair, Word
from postgres import Server
from shop import Agent, Shop, shop
from troubles import SPARED, Receipts, Troubles

from bot.clock import Clock
from bot.store.store import Store

#: How often a delivery comes again although it was acknowledged.
AGAIN = 0.1
#: A process that does not answer for so long is given up, seconds.
PATIENCE = 3.0


@dataclass
class Crowd:
    """Who writes to a fleet, and what is known of it outside."""

    fleet: Fleet
    sink: Provider
    shop: Shop
    session: aiohttp.ClientSession
    dice: random.Random
    acks: IO[str]
    ledger: IO[str]
    people: dict[str, Contact] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    agent: Agent | None = None
    #: The times from a start to the provider's having the answer to a new customer.
    first_in: list[float] = field(default_factory=list)
    refused: int = 0  #: deliveries that no process took, or that were answered 503
    stray: list[str] = field(default_factory=list)  #: what was wrong on the way
    beside: set[asyncio.Task[Any]] = field(default_factory=set)
    over: bool = False

    def pair(self, number: int) -> Pair:
        contacts = tuple(self.contact(f"49{number:03}{each}") for each in range(2))
        made = Pair(contacts, self.deliver, random.Random(self.dice.random()), self.agent,
                    self.conversation)
        self.pairs.append(made)
        return made

    def contact(self, who: str) -> Contact:
        made = self.people[who] = Contact(who)
        return made

    def taken(self, body: dict[str, Any], provider_id: str) -> None:
        who = body["to"].lstrip("+")
        self.ledger.write(json.dumps({"id": provider_id, "at": _now(), "to": who,
                                      "tag": body["biz_opaque_callback_data"]}) + "\n")
        if who in self.people:
            self.people[who].hear(body)

    def acknowledged(self, ids: list[str], statuses: int = 0) -> None:
        at = _now()
        for each in ids:
            self.acks.write(json.dumps({"id": each, "at": at}) + "\n")
        self.acks.flush()

    async def deliver(self, body: bytes, words: list[Word], until: float) -> None:
        """A delivery of messages, some of them once more than needed."""
        for word in words:
            word.posted = word.posted or time.time()
        ids = [word.id for word in words]
        if self.dice.random() < AGAIN / 2:  # at the same time, mostly to another process
            self._beside(self.post(body, ids, until))
        if not await self.post(body, ids, until):
            raise NeverAnswered(f"{ids} were never acknowledged\n{self.fleet.log()}")
        for word in words:
            word.acknowledged = time.time()
        if self.dice.random() < AGAIN / 2:
            self._beside(self.post(body, ids, until))

    async def post(self, body: bytes, ids: list[str], until: float = 0.0) -> bool:
        """As Meta does: again and again until there is a 200."""
        while not self.over and (not until or time.monotonic() < until):
            try:
                async with asyncio.timeout(PATIENCE), self.session.post(
                        f"{self.fleet.url()}/webhooks/main", data=body,
                        headers=signed(body)) as answer:
                    if answer.status == 200:
                        self.acknowledged(ids)
                        return True
                    if answer.status != 503:
                        self.stray.append(f"a delivery was answered {answer.status}")
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            self.refused += 1
            await asyncio.sleep(self.dice.uniform(0.02, 0.1))
        return False

    async def told(self, body: bytes, ids: list[str]) -> None:
        """A delivery of receipts."""
        await self.post(body, ids)

    def _beside(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.beside.add(task)
        task.add_done_callback(self.beside.discard)

    async def conversation(self, who: str) -> str:
        """Its id, which the desk's addresses have."""
        while True:
            try:
                found = await asyncio.to_thread(
                    self.fleet.sql, "select v.id from conversation v "
                    f"join contact c on c.id = v.contact where c.phone = '{who}'")
            except subprocess.CalledProcessError:  # the database is away
                await asyncio.sleep(0.5)
            else:
                return found[0][0]

    def probe(self, place: int, started: float) -> None:
        """A process serves: a new customer writes, and is answered."""
        bot = self.fleet.bots[place]
        contact = self.contact(f"{SPARED}{len(self.people):06}")
        word = contact.word("word")
        body = delivery(contact.written(word))

        async def ask() -> None:
            word.posted, starts = time.time(), bot.starts
            try:
                async with self.session.post(f"{bot.url}/webhooks/main", data=body,
                                             headers=signed(body)) as answer:
                    if answer.status == 200:
                        self.acknowledged([word.id])
                        word.acknowledged = time.time()
            except (aiohttp.ClientError, OSError):
                pass
            if not word.acknowledged:
                await self.deliver(body, [word], time.monotonic() + 120)
            if self.fleet.size > 1:  # any of them may have done it
                return
            while bot.starts == starts and not bot.dead and not contact.said:
                await asyncio.sleep(0.005)
            if bot.starts == starts and not bot.dead:
                self.first_in.append(time.monotonic() - started)

        self._beside(ask())

    async def walk(self, pair: Pair, enough: Callable[[], bool], until: float) -> None:
        """Write until it is enough."""
        await pair.begin(until)
        acts = 0
        while acts < 3 or not (enough() or time.monotonic() > until - 30):
            await pair.act(until)
            acts += 1
            await asyncio.sleep(pair.dice.uniform(0, 0.1))

    async def quiet(self, until: float) -> None:
        """Everything that was acknowledged is answered, and every receipt has arrived."""
        for contact in list(self.people.values()):
            for word in contact.words:
                if word.acknowledged:
                    await Pair.comes(contact, until, word.text,
                                     lambda contact=contact, word=word:
                                     word.text in contact.answered)
        while time.monotonic() < until:
            ((waiting, leaving, calls),) = await asyncio.to_thread(
                self.fleet.sql, "select (select count(*) from inbox where state = 'new'), "
                "(select count(*) from outbox where state <> 'held'), "
                "(select count(*) from call)")
            if waiting == leaving == calls == "0" and not self.beside:
                return
            await asyncio.sleep(0.1)


def _now() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def crowd(folder: Path, dice: random.Random, *, size: int = 1, server: Server | None = None,
                pairs: int = 6, troubles: bool = True, desk: bool = True,
                **environ: str) -> AsyncIterator[Crowd]:
    """Everything on the loopback; the fleet is made and not started."""
    async with contextlib.AsyncExitStack() as stack:
        sink = await stack.enter_async_context(provider())
        business = await stack.enter_async_context(shop(dice))
        processes = await stack.enter_async_context(fleet(
            folder, sink, dice, size, server, FAULTS_SHOP=business.url, **environ))
        session = await stack.enter_async_context(aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0)))
        made = Crowd(processes, sink, business, session, dice,
                     stack.enter_context((folder / "acks.jsonl").open("a")),
                     stack.enter_context((folder / "ledger.jsonl").open("a")))
        receipts = Receipts(made.told, dice)
        sink.ledger.taken += [made.taken, receipts]
        if troubles:
            sink.trouble = Troubles(sink.ledger, dice)
        else:
            business.trouble = 0
        if desk:
            store = Store(await processes.open(Clock()), Clock())
            made.agent = await Agent.hired(store, processes.url)
            await store.close()
        for number in range(pairs):
            made.pair(number)
        try:
            yield made
        finally:
            made.over = True
            for task in [*made.beside, *receipts.tasks]:
                task.cancel()
            await asyncio.gather(*made.beside, *receipts.tasks, return_exceptions=True)
