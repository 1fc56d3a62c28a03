"""The whole process, assembled: what only shows when all parts work together."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Provider, delivery, message, signed
from serving import say, served

from bot.app import steadily
from bot.clock import Clock
from bot.errors import FlowError, StoreError


async def test_who_stands_in_an_edited_flow_finishes_what_they_began(
        project: Path, sink: Provider, clock: Clock) -> None:
    flow = project.parent / "flows" / "returns.yaml"
    async with served(project, sink, clock) as (_, url):
        assert "order number" in await say(url, sink, 1, "return")
    text = flow.read_text()
    assert "not an order number" in text
    flow.write_text(text.replace("ask_order", "which_order").replace("order number", "parcel"))
    async with served(project, sink, clock) as (_, url):
        assert "not an order number" in await say(url, sink, 2, "12")
        assert "reason" in (await say(url, sink, 3, "A1234")).lower()
        await say(url, sink, 4, "damaged")
        assert "registered" in await say(url, sink, 5, "yes")
        assert "parcel" in await say(url, sink, 6, "return")


async def test_a_broken_flow_keeps_the_process_from_starting_and_says_where(
        project: Path, sink: Provider, clock: Clock) -> None:
    flow = project.parent / "flows" / "returns.yaml"
    flow.write_text(flow.read_text().replace("goto:", "gotoo:", 1) + "\n  lost: {say: x}\n")
    with pytest.raises(FlowError, match=r"returns\.yaml:\d+:\d+ error"):
        async with served(project, sink, clock):
            pass


async def test_health_readiness_and_figures(project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (_, url), aiohttp.ClientSession() as session:
        await say(url, sink, 1, "return")
        async with session.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.text()) == (200, "ready\n")
        async with session.get(f"{url}/metrics") as answer:
            figures = await answer.text()
    assert "frontdesk_items_accepted_total 1.0" in figures
    assert 'frontdesk_sends_total{outcome="sent"} 1.0' in figures


async def test_a_real_process_has_no_emulator_and_no_demo(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (_, url), aiohttp.ClientSession() as session:
        for path in ("/emulator", "/emulator/clock", "/demo/shop/orders"):
            async with session.get(f"{url}{path}") as answer:
                assert answer.status == 404


async def test_a_refused_token_shows_in_readiness_and_the_rest_leaves_when_it_is_mended(
        project: Path, sink: Provider, clock: Clock) -> None:
    def refuses(number: int, body: object) -> web.Response:
        return web.json_response({"error": {"code": 190, "message": "expired"}}, status=401)

    sink.trouble = refuses
    async with served(project, sink, clock) as (frontdesk, url):
        body = delivery(message("491", 1, "return"))
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/webhooks/main", data=body,
                                    headers=signed(body)) as answer:
                assert answer.status == 200
            async with asyncio.timeout(10):
                while not frontdesk.outbox.stopped:
                    await asyncio.sleep(0.01)
            async with session.get(f"{url}/readyz") as answer:
                assert answer.status == 503
                assert "main" in await answer.text()
        (conversation,) = (await frontdesk.store.desk.conversations()).rows
        async with asyncio.timeout(10):
            while True:
                last = (await frontdesk.store.desk.transcript(conversation.id)).rows[-1]
                if last.status != "sending":
                    break
                await asyncio.sleep(0.01)
        assert last.status == "queued"
        assert last.reason


async def test_a_worker_goes_on_when_the_store_comes_back() -> None:
    attempts = 0
    done = asyncio.Event()

    async def worker() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise StoreError("gone for a moment")
        done.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(steadily(worker))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    assert attempts == 2


async def test_a_worker_that_fails_otherwise_ends_the_process() -> None:
    async def worker() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await steadily(worker)
