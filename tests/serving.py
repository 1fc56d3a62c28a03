"""The project of the load test, assembled and served in the test's own process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Provider, delivery, message, shown, signed

from bot import config
from bot.app import Frontdesk, assemble, steadily
from bot.clock import Clock


@asynccontextmanager
async def served(project: Path, sink: Provider, clock: Clock,
                 store: str = "") -> AsyncIterator[tuple[Frontdesk, str]]:
    settings = config.load(project, {
        "BENCH_SINK": sink.url, "BENCH_STORE": store or f"sqlite:////{project.parent}/bot.db"})
    async with assemble(settings, clock) as frontdesk:
        runner = web.AppRunner(frontdesk.web, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        workers = [asyncio.create_task(steadily(worker)) for worker in frontdesk.workers]
        try:
            yield frontdesk, f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)


async def say(url: str, sink: Provider, number: int, text: str, phone: str = "491") -> str:
    """Deliver a message and wait for the reply to it."""
    sends = sink.ledger.sends[phone]
    before = len(sends)
    body = delivery(message(phone, number, text))
    async with aiohttp.ClientSession() as session, session.post(
            f"{url}/webhooks/main", data=body, headers=signed(body)) as answer:
        assert answer.status == 200
    async with asyncio.timeout(10), sink.ledger.came:
        await sink.ledger.came.wait_for(lambda: len(sends) > before)
    return shown(sends[before])
