"""Deliveries as providers make them: again, at once, in any order, in batches of any size."""

from __future__ import annotations

import asyncio
import io
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Bot, Provider, delivery, different, message, signed
from serving import served
from storing import rows

from bot.clock import DAY, Clock

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
PEOPLE, EACH = 40, 10


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:////{tmp_path}/bot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


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


async def test_a_message_has_one_effect_however_often_and_wherever_it_is_delivered(
        project: Path, sink: Provider, store_url: str, tmp_path: Path, eventually: Eventually,
        ) -> None:
    """At once, in other batches, by several processes, after a restart, eight days later."""
    dice = random.Random(20261122)
    items = [message(f"49{who:04}", n, f"{n}") for who in range(PEOPLE) for n in range(EACH)]
    shared = store_url.startswith("postgres")
    bots = [Bot(tmp_path / (f"bot{n}.db" if shared else "bot.db"), sink, config=project,
                url_of_store=store_url) for n in range(3 if shared else 1)]
    delivered = 0
    try:
        for _ in range(2):  # and once more after a restart
            for bot in bots:
                await bot.start()
            bodies = again(items, 5, dice)
            delivered += sum(body.count(b'"wamid.') for body in bodies)
            await throw([bot.url for bot in bots], bodies, dice)

            async def answered() -> bool:
                return all(len(sink.ledger.sends[f"49{who:04}"]) >= EACH for who in range(PEOPLE))

            await eventually(answered)
            for bot in bots:
                assert bot.stop() == 0
    finally:
        for bot in bots:
            if bot.process is not None and not bot.dead:
                bot.kill()
    later = Clock(8 * DAY)
    async with served(project, sink, later, store_url) as (frontdesk, url):
        await throw([url], again(items, 2, dice), dice)
        assert await rows(frontdesk.store._db, (
            "select (select count(*) from turn where kind = 'message'), "
            "(select count(*) from message where direction = 'in'), "
            "(select count(*) from conversation), (select count(*) from inbox)")) == [
                (len(items), len(items), PEOPLE, 0)]
    assert delivered > 3_000
    for sends in sink.ledger.sends.values():
        assert len(sends) == len(different(sends)) == EACH


@pytest.mark.parametrize("size", [1, 10, 100, 1_000])
async def test_a_batch_of_any_size_is_answered_once_and_in_time(
        project: Path, sink: Provider, store_url: str, size: int) -> None:
    """Of mixed people, unknown kinds, statuses in any order, and things that nobody can read."""
    dice = random.Random(size)
    good = [message(f"49{n % 97:04}", n, "x" * 2_000 if size == 1_000 else "x")
            for n in range(size)]
    bad: list[Any] = [{"id": "w", "type": "text"}, 7, None, {"type": "hologram", "from": "4",
                      "id": "h", "hologram": {}}, {"from": [], "id": {}, "type": 3}]
    statuses = [{"id": f"wamid.S{n % 7}", "status": dice.choice(
        ("read", "sent", "delivered", "failed", "melted")), "timestamp": "1760000000"}
        for n in range(size // 2)]
    tree = json.loads(delivery(*good, statuses=tuple(statuses)))
    messages = tree["entry"][0]["changes"][0]["value"]["messages"]
    messages += [] if size == 1 else bad
    dice.shuffle(messages)
    tree["entry"].append({"id": "2", "changes": [{"field": "comet", "value": {"a": 1}}, 5]})
    body = json.dumps(tree).encode()
    assert len(body) < 3 * 2**20
    async with served(project, sink, Clock(), store_url) as (frontdesk, url):
        async with aiohttp.ClientSession() as session:
            began, busy = time.monotonic(), time.process_time()
            async with session.post(f"{url}/webhooks/main", data=io.BytesIO(body),
                                    headers=signed(body)) as answer:
                assert answer.status == 200
            took = min(time.monotonic() - began, time.process_time() - busy)
            assert took < 1.0, took
        assert await rows(frontdesk.store._db, (
            "select count(*) from message where direction = 'in'")) == [
                (size + (size > 1),)]
