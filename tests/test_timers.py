from __future__ import annotations

import asyncio
from pathlib import Path

from harness import Provider, shown
from serving import say, served

from bot.clock import HOUR, MINUTE, Clock


async def test_the_reminder_leaves_when_the_clock_gets_there_and_once(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (_, url):
        await say(url, sink, 1, "return")
        sends = sink.ledger.sends["491"]
        clock.advance(23 * HOUR - MINUTE)
        clock.advance(MINUTE)
        async with asyncio.timeout(10), sink.ledger.came:
            await sink.ledger.came.wait_for(lambda: len(sends) == 2)
        assert "one more hour" in shown(sends[1])
        clock.advance(MINUTE)
        assert "not an order number" in await say(url, sink, 2, "12")
        assert len(sends) == 3
