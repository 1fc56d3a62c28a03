"""Each message is delivered two to fifty times: at once, in other batches, by several processes,
after a restart, eight days later. It has one effect.

    python tests/faults/repeats.py [--deliveries 10000] [--database sqlite|postgres] [--seed N]

Prints what was delivered and found, and exits with 1 when anything had an effect twice, or none.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp
from harness import CONFIG, Bot, Provider, delivery, different, message, provider, signed
from memory import stores
from serving import served
from storing import rows

from bot.clock import DAY, Clock

#: Messages of one person; how often each is delivered, about.
EACH, COPIES = 10, 5
#: Processes on PostgreSQL.
SIZE = 3
#: Everything is answered by then, seconds.
WITHIN = 120.0


async def post(session: aiohttp.ClientSession, url: str, body: bytes) -> None:
    """As Meta does: until it is kept."""
    while True:
        async with session.post(f"{url}/webhooks/main", data=body,
                                headers=signed(body)) as answer:
            if answer.status == 200:
                return
            assert answer.status == 503


async def throw(urls: list[str], bodies: list[bytes], dice: random.Random) -> None:
    """All of them, over many connections to any of these processes."""
    waiting = iter(bodies)
    async with aiohttp.ClientSession() as session:

        async def connection() -> None:
            for body in waiting:
                await post(session, dice.choice(urls), body)

        await asyncio.gather(*(connection() for _ in range(24)))


def again(items: list[dict[str, Any]], copies: int, dice: random.Random) -> list[bytes]:
    """Each item two to fifty times, in different company each time, in any order."""
    many = [item for item in items for _ in range(min(50, max(2, int(
        dice.expovariate(1 / copies)))))]
    dice.shuffle(many)
    bodies = []
    while many:
        size = dice.choice((1, 1, 1, 2, 3, 8))
        bodies.append(delivery(*many[:size]))
        del many[:size]
    return bodies


async def repeated(project: Path, sink: Provider, store_url: str, people: int,
                   dice: random.Random) -> tuple[int, list[str]]:
    """Deliver what so many people write; how many items that were, and what was wrong."""
    items = [message(f"49{who:04}", n, f"{n}") for who in range(people) for n in range(EACH)]
    shared = store_url.startswith("postgres")
    bots = [Bot(project.parent / f"bot{n}.db", sink, config=project, url_of_store=store_url)
            for n in range(SIZE if shared else 1)]
    delivered = 0
    try:
        for _ in range(2):  # and once more after a restart
            for bot in bots:
                await bot.start()
            bodies = again(items, COPIES, dice)
            delivered += sum(body.count(b'"wamid.') for body in bodies)
            await throw([bot.url for bot in bots], bodies, dice)
            until = time.monotonic() + WITHIN
            while time.monotonic() < until and any(
                    len(sink.ledger.sends[f"49{who:04}"]) < EACH for who in range(people)):
                await asyncio.sleep(0.05)
            for bot in bots:
                assert bot.stop() == 0
    finally:
        for bot in bots:
            if bot.process is not None and not bot.dead:
                bot.kill()
    async with served(project, sink, Clock(8 * DAY), store_url) as (frontdesk, url):
        late = again(items, 2, dice)
        delivered += sum(body.count(b'"wamid.') for body in late)
        await throw([url], late, dice)
        found = await rows(frontdesk.store._db, (
            "select (select count(*) from turn where kind = 'message'), "
            "(select count(*) from message where direction = 'in'), "
            "(select count(*) from conversation), (select count(*) from inbox)"))
    wanted = [(len(items), len(items), people, 0)]
    wrong = [] if found == wanted else [f"turns, messages, people, waiting: {found}, not {wanted}"]
    wrong += [f"{who} has {len(sends)} replies, {len(different(sends))} of them different"
              for who, sends in sink.ledger.sends.items()
              if not len(sends) == len(different(sends)) == EACH]
    return delivered, wrong


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=10_000, help="items, at least")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    print(f"seed {arguments.seed}")
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(CONFIG.parent, folder / "project")
        address, _, _ = stack.enter_context(stores(arguments.database, folder))
        sink = await stack.enter_async_context(provider())
        people = -(-arguments.deliveries // (2 * EACH * (COPIES - 1)))
        delivered, wrong = await repeated(
            folder / "project" / CONFIG.name, sink, address or f"sqlite:////{folder}/bot.db",
            people, dice)
    if delivered < arguments.deliveries:
        wrong.append(f"only {delivered} were delivered")
    print(*(f"WRONG: {each}" for each in wrong),
          f"{people * EACH} messages delivered {delivered} times in "
          f"{time.monotonic() - began:.0f} s, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
