"""One event that breaks its turn, ends the process or never comes to an end: it stays alone."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from fleet import Fleet, fleet
from harness import ROOT, Provider, delivery, message, shown, signed
from postgres import Server

from bot.store.turns import ATTEMPTS

POISON = f"{ROOT / 'tests' / 'faults' / 'poison'}:{ROOT}"
#: Processes on PostgreSQL.
FARM = 3


@pytest.fixture(params=["sqlite", "postgres"])
async def farm(request: pytest.FixtureRequest, tmp_path: Path,
               sink: Provider) -> AsyncIterator[Fleet]:
    """Processes of a bot that can be poisoned, kept alive."""
    server: Server | None = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
    async with fleet(tmp_path, sink, random.Random(1), 1 if server is None else FARM, server,
                     PYTHONPATH=POISON) as running:
        running.trust = lambda place: None  # type: ignore[method-assign]
        keepers = [asyncio.create_task(running.keep(place)) for place in range(running.size)]
        async with asyncio.timeout(30):
            while not all(running.serving):
                await asyncio.sleep(0.05)
        yield running
        running.keeping = False
        await asyncio.gather(*keepers)


async def deliver(farm: Fleet, who: str, number: int, text: str, within: float = 60) -> float:
    """Until it is acknowledged, as Meta does; the seconds of the request that was."""
    body = delivery(message(who, number, text))
    until = time.monotonic() + within
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                async with session.post(f"{farm.url()}/webhooks/main", data=body,
                                        headers=signed(body)) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.1)
    raise AssertionError(f"never acknowledged\n{farm.log()}")


async def answered(farm: Fleet, who: str, count: int, within: float = 60) -> list[str]:
    ledger = farm.sink.ledger
    try:
        async with asyncio.timeout(within), ledger.came:
            await ledger.came.wait_for(lambda: len(ledger.sends[who]) >= count)
    except TimeoutError:
        raise AssertionError(f"{who}: {ledger.sends[who]}\n{farm.log()}") from None
    return [shown(body) for body in ledger.sends[who]]


async def dead(farm: Fleet) -> list[list[str]]:
    """The events put aside, with their attempts, once there is one."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if found := farm.sql("select state, attempts from inbox where state = 'dead'"):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"nothing was put aside\n{farm.log()}")


async def test_an_event_that_kills_is_put_aside_and_its_contact_and_all_others_go_on(
        farm: Fleet) -> None:
    await deliver(farm, "491", 1, "one")
    await answered(farm, "491", 1)
    await deliver(farm, "491", 2, "kill")
    await deliver(farm, "491", 3, "three")  # waits behind it
    for number in range(5):
        await deliver(farm, f"492{number}", 1, "hello")
        await answered(farm, f"492{number}", 1)
    assert [row[1] for row in await dead(farm)] == [str(ATTEMPTS)]
    assert len(await answered(farm, "491", 2)) == 2
    # At most once each before they knew of each other, and once for each counted attempt.
    assert ATTEMPTS <= farm.kills <= ATTEMPTS + farm.size
    await deliver(farm, "491", 4, "four")
    assert len(await answered(farm, "491", 3)) == 3


async def test_an_event_whose_turn_never_ends_is_broken_off_and_all_others_go_on(
        farm: Fleet) -> None:
    await deliver(farm, "491", 1, "spin")
    for number in range(5):
        assert await deliver(farm, f"492{number}", 1, "hello") < 5
        await answered(farm, f"492{number}", 1)
    ((error,),) = farm.sql("select error from inbox where state = 'new'")
    assert "RunawayTurn" in error
    assert farm.kills == 0
