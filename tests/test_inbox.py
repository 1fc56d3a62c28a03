from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import aiohttp
from harness import Provider, delivery, message, signed
from serving import say, served
from storing import wrote

from bot.clock import Clock
from bot.errors import Overloaded
from bot.inbox import AT_STORE, PATIENCE, WAITING


async def test_more_deliveries_at_once_than_can_be_kept_are_told_to_come_again(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (frontdesk, _):
        results = await asyncio.gather(
            *(frontdesk.inbox.accept([wrote(clock, f"49{n}")])
              for n in range(AT_STORE + WAITING + 50)),
            return_exceptions=True)
        refused = [result for result in results if isinstance(result, Overloaded)]
        assert len(refused) == 50
        assert [result for result in results if result is not None] == refused
        await frontdesk.inbox.accept([wrote(clock, "4999999")])  # and then there is room again


async def test_who_waits_for_the_store_for_too_long_is_told_to_come_again(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (frontdesk, url):
        held = sqlite3.connect(project.parent / "bot.db", isolation_level=None)
        held.execute("begin immediate")  # a backup, a hand at the file: the store stands still
        first = [asyncio.create_task(frontdesk.inbox.accept([wrote(clock, f"49{n}")]))
                 for n in range(AT_STORE)]
        await asyncio.sleep(0)
        body = delivery(message("4999999", 1, "hi"))
        began = time.monotonic()
        async with aiohttp.ClientSession() as session, session.post(
                f"{url}/webhooks/main", data=body, headers=signed(body)) as answer:
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
        assert PATIENCE <= time.monotonic() - began < PATIENCE + 1.5
        held.execute("rollback")
        held.close()
        await asyncio.gather(*first)
        async with aiohttp.ClientSession() as session, session.post(
                f"{url}/webhooks/main", data=body, headers=signed(body)) as answer:
            assert answer.status == 200


async def test_with_too_little_room_on_the_disk_nothing_is_taken_in(
        project: Path, sink: Provider, clock: Clock) -> None:
    project.write_text(project.read_text().replace("port:", "free_disk: 999999GB, port:", 1))
    async with served(project, sink, clock) as (_, url), aiohttp.ClientSession() as session:
        body = delivery(message("491", 1, "hi"))
        async with session.post(f"{url}/webhooks/main", data=body,
                                headers=signed(body)) as answer:
            assert answer.status == 503
            assert "Retry-After" in answer.headers
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 503
            assert "nearly full" in await answer.text()
        async with session.get(f"{url}/healthz") as answer:
            assert answer.status == 200


async def test_what_waits_is_handled_by_the_worker(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (frontdesk, url):
        frontdesk.engine.fast = False  # as after a stop that was not clean
        assert "order number" in await say(url, sink, 1, "return")
        assert "not an order number" in await say(url, sink, 2, "12")
