from __future__ import annotations

import asyncio
from pathlib import Path

from harness import Provider
from serving import say, served
from storing import wrote

from bot.clock import Clock
from bot.errors import Overloaded
from bot.inbox import ADMITTED


async def test_more_deliveries_at_once_than_can_be_kept_are_told_to_come_again(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (frontdesk, _):
        results = await asyncio.gather(
            *(frontdesk.inbox.accept([wrote(clock, f"49{n}")]) for n in range(ADMITTED + 50)),
            return_exceptions=True)
        refused = [result for result in results if isinstance(result, Overloaded)]
        assert len(refused) == 50
        assert [result for result in results if result is not None] == refused
        await frontdesk.inbox.accept([wrote(clock, "4999999")])  # and then there is room again


async def test_what_waits_is_handled_by_the_worker(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (frontdesk, url):
        frontdesk.engine.fast = False  # as after a stop that was not clean
        assert "order number" in await say(url, sink, 1, "return")
        assert "not an order number" in await say(url, sink, 2, "12")
