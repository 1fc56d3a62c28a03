"""Eight processes on one PostgreSQL, and people who write quickly: whoever takes a message, the
count is exact and the order is kept.

    python tests/faults/farm.py [--messages 1000] [--each 150] [--kills 100] [--seconds 20]
        [--seed N]

First one contact writes to all processes; then six, while processes are killed; then six, while
every connection to the database is ended once a second. Prints a row for each and exits with 1 when
a message was not answered once, in its order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp
from fleet import Fleet, fleet
from harness import delivery, provider, signed
from people import ANSWER, Contact
from postgres import Server, server

SIZE = 8
#: So long after the last message everything is answered, seconds: a lease, a doubt and a new start.
QUIET = 180.0


class Farm:
    """The fleet and those who write to it."""

    def __init__(self, running: Fleet, session: aiohttp.ClientSession) -> None:
        self.fleet = running
        self.dice = running.dice
        self.people: dict[str, Contact] = {}
        self._session = session
        self._beside: set[asyncio.Task[None]] = set()

    def contact(self, who: str) -> Contact:
        made = self.people[who] = Contact(who)
        return made

    async def deliver(self, body: bytes) -> None:
        """As Meta does: to any of them, until a 200 comes."""
        while True:
            try:
                async with asyncio.timeout(10), self._session.post(
                        f"{self.fleet.url()}/webhooks/main", data=body,
                        headers=signed(body)) as answer:
                    if answer.status == 200:
                        return
                    assert answer.status == 503, answer.status
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.05)

    async def write(self, contact: Contact, enough: Callable[[int], bool]) -> None:
        """A few messages to a delivery, the next when the last is acknowledged; some come twice."""
        while not enough(len(contact.words) - 1):
            words = [contact.word("word") for _ in range(self.dice.choice((1, 1, 2, 5))
                                                         if contact.words else 1)]
            body = delivery(*(contact.written(word) for word in words))
            if self.dice.random() < 0.2:
                task = asyncio.create_task(self.deliver(body))
                self._beside.add(task)
                task.add_done_callback(self._beside.discard)
            await self.deliver(body)

    async def quiet(self) -> None:
        until = time.monotonic() + QUIET
        while time.monotonic() < until and (self._beside or any(
                len(each.answered) < len(each.words) for each in self.people.values())):
            await asyncio.sleep(0.1)

    def wrong(self) -> list[str]:
        """What a ledger should hold and does not."""
        found = []
        for contact in self.people.values():
            answers = [match for said in contact.said if (match := ANSWER.fullmatch(said.text))]
            wanted = [(str(n), word.text) for n, word in enumerate(contact.words)]
            if (got := [(match[1], match[2]) for match in answers]) != wanted:
                place = next((n for n, pair in enumerate(zip(got, wanted, strict=False))
                              if pair[0] != pair[1]), min(len(got), len(wanted)))
                found.append(f"{contact.who}: {len(got)} answers to {len(wanted)} messages, the "
                             f"first wrong one is {got[place:place + 1]} and not "
                             f"{wanted[place:place + 1]}")
        return found


@asynccontextmanager
async def farm(running: Server, dice: random.Random, size: int = SIZE) -> AsyncIterator[Farm]:
    """So many processes that serve, kept alive."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sink = await stack.enter_async_context(provider())
        processes = await stack.enter_async_context(fleet(folder, sink, dice, size, running))
        session = await stack.enter_async_context(aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200)))
        made = Farm(processes, session)

        def taken(body: dict[str, object], _: str) -> None:
            who = str(body["to"]).lstrip("+")
            if who in made.people:
                made.people[who].hear(body)

        sink.ledger.taken.append(taken)
        keepers = [asyncio.create_task(processes.keep(place)) for place in range(size)]
        while not all(processes.serving):
            await asyncio.sleep(0.05)
        yield made
        processes.keeping = False
        for bot in processes.bots:
            bot.kill()
        await asyncio.gather(*keepers)


async def killing(us: Farm, times: int) -> None:
    done = 0
    while done < times:
        await asyncio.sleep(us.dice.uniform(0.05, 0.4))
        there = [bot for bot, up in zip(us.fleet.bots, us.fleet.serving, strict=True)
                 if up and not bot.dead]
        if there:
            us.dice.choice(there).kill()
            done += 1


async def ending(us: Farm, seconds: float) -> None:
    assert us.fleet.server is not None
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(1.0)
        await asyncio.to_thread(
            us.fleet.server.sql, "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            f"where datname = '{us.fleet.name}'")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000, help="of the one contact")
    parser.add_argument("--each", type=int, default=150, help="messages of each of six contacts")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0, help="of ended connections")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    print(f"{'':<24}{'people':>8}{'messages':>10}{'kills':>7}{'copies':>8}{'wrong':>7}{'s':>8}")
    wrong: list[str] = []
    with server() as running:
        for name, people in (("one contact", 1), ("processes killed", 6),
                             ("connections ended", 6)):
            began = time.monotonic()
            async with farm(running, random.Random(f"{arguments.seed} {name}")) as us:
                harm = asyncio.create_task({
                    "one contact": lambda: asyncio.sleep(0),
                    "processes killed": lambda us=us: killing(us, arguments.kills),
                    "connections ended": lambda us=us: ending(us, arguments.seconds)}[name]())
                least = arguments.messages if people == 1 else arguments.each
                async with asyncio.TaskGroup() as group:
                    for n in range(people):
                        group.create_task(us.write(
                            us.contact(f"49{n:04}"),
                            lambda count, least=least, harm=harm: count >= least and harm.done()))
                await harm
                await us.quiet()
                found = us.wrong()
                copies = sum(count - 1 for each in us.people.values()
                             for count in each.tags.values())
                print(f"{name:<24}{people:>8}{sum(len(p.words) for p in us.people.values()):>10}"
                      f"{us.fleet.kills:>7}{copies:>8}{len(found):>7}"
                      f"{time.monotonic() - began:>8.1f}", flush=True)
                wrong += [f"{name}: {each}" for each in found]
    print(*(f"WRONG: {each}" for each in wrong), f"{len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
