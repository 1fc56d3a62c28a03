from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.metrics import Counts, registry
from bot.web.server import application

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def missing() -> list[str]:
    """What the process lacks to serve; a test may add to it."""
    return []


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
async def client(missing: list[str], counts: Counts) -> AsyncIterator[Client]:
    async def ready() -> str:
        return "; ".join(missing)

    async def broken(request: web.Request) -> web.Response:
        raise ZeroDivisionError("the answer of a customer")

    async def measure() -> None:
        counts.dead += 1

    app = application(ready, registry(counts), measure)
    app.router.add_get("/broken", broken)
    async with TestClient(TestServer(app)) as made:
        yield made


async def test_it_says_whether_it_can_serve_and_what_is_missing(
        client: Client, missing: list[str]) -> None:
    assert (await client.get("/readyz")).status == 200
    missing.append("main: the token has expired")
    answer = await client.get("/readyz")
    assert (answer.status, await answer.text()) == (503, "main: the token has expired\n")
    assert (await client.get("/healthz")).status == 200


async def test_the_figures_are_read_when_somebody_asks(client: Client, counts: Counts) -> None:
    counts.accepted, counts.turns_failed, counts.stopped_channels = 7, 2, 1
    counts.sends["sent"] = 5
    lines = (await (await client.get("/metrics")).text()).splitlines()
    for line in ("frontdesk_items_accepted_total 7.0", 'frontdesk_sends_total{outcome="sent"} 5.0',
                 "frontdesk_turns_failed_total 2.0", "frontdesk_channels_stopped 1.0"):
        assert line in lines
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


async def test_what_nobody_expected_is_a_number_that_the_log_knows(
        client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "bot.web.server"):
        answer = await client.get("/broken")
    said = await answer.json()
    assert answer.status == 500
    assert said == {"error": "internal error", "incident": said["incident"]}
    (record,) = caplog.records
    assert record.incident == said["incident"]  # type: ignore[attr-defined]
