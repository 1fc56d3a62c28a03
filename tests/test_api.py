"""POST /api/events, over HTTP, and what it says of itself."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Provider, shown
from serving import say, served

from bot.clock import Clock
from bot.web.api import document

PAY = """flow: pay
title: Pay
triggers: {keywords: [pay please]}
steps:
  wait:
    say: Please pay.
    wait: {event: payment.received, about: course-1, for: 3d, save: got}
    on_timeout: late
  paid: {say: "{{ got.amount }} received from {{ contact.phone }}.", end: paid}
  late: {say: Too late., end: late}
"""
SHIPPED = """flow: shipped
title: Shipped
triggers: {event: order.shipped}
steps: {tell: {say: "Order {{ event.order }} is on its way.", end: told}}
"""
PAID = {"name": "payment.received", "id": "p1", "contact": "+49 1511 234", "about": "course-1",
        "amount": 12}
KIM = "491511234"
TOKEN = "a-token-of-the-tests"

Post = Any


@pytest.fixture
async def api(project: Path, sink: Provider, clock: Clock) -> AsyncIterator[tuple[str, Post]]:
    project.write_text(project.read_text() + f"api: {{token: '${{API:-{TOKEN}}}'}}\n")
    (project.parent / "flows" / "pay.yaml").write_text(PAY)
    (project.parent / "flows" / "shipped.yaml").write_text(SHIPPED)
    async with served(project, sink, clock) as (_, url), aiohttp.ClientSession() as session:

        async def post(body: Any, token: str | None = TOKEN) -> tuple[int, dict[str, Any]]:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            async with session.post(f"{url}/api/events", data=data, headers=headers) as answer:
                return answer.status, await answer.json()

        yield url, post


async def came(sink: Provider, phone: str, number: int) -> str:
    sends = sink.ledger.sends[phone]
    async with asyncio.timeout(10), sink.ledger.came:
        await sink.ledger.came.wait_for(lambda: len(sends) >= number)
    return shown(sends[number - 1])


async def test_an_event_goes_on_with_the_flow_that_waits_for_it_and_counts_once(
        api: tuple[str, Post], sink: Provider) -> None:
    url, post = api
    assert await say(url, sink, 1, "pay please", KIM) == "Please pay."
    assert await post({**PAID, "id": "p0", "about": "course-2"}) == (
        202, {"id": "p0", "status": "accepted"})
    assert await post(PAID) == (202, {"id": "p1", "status": "accepted"})
    assert await came(sink, KIM, 2) == f"12 received from {KIM}."
    assert await post({**PAID, "amount": 13}) == (200, {"id": "p1", "status": "known"})
    assert "return" in await say(url, sink, 2, "hi", KIM)


async def test_an_event_starts_a_flow_for_somebody_nobody_knew(
        api: tuple[str, Post], sink: Provider) -> None:
    url, post = api
    shipped = {"name": "order.shipped", "id": 7, "contact": "+49 151 / 234-567", "order": "A1"}
    assert await post(shipped) == (202, {"id": "7", "status": "accepted"})
    # Nobody has written to us: it is held back until they do.
    assert sink.ledger.sends["49151234567"] == []
    assert (await post({**PAID, "contact": "+49 151 234 999"}))[0] == 404
    assert await say(url, sink, 1, "hi")


async def test_what_is_wrong_is_said_with_the_field(api: tuple[str, Post]) -> None:
    _, post = api
    for body, status, part in (
            (b"{", 400, "no JSON"), (b"[]", 400, "no JSON object"), (b"", 400, "no JSON"),
            (b"\xff", 400, "no JSON"), (b'{"x": NaN}', 400, "no JSON"),
            (b"[" * 50_000, 400, "no JSON"), ({}, 400, "not as it should be"),
            (b" " * 70_000, 413, "64 KiB")):
        answered, error = await post(body)
        assert (answered, part in error["error"]) == (status, True), (body, error)
    for field, value in (("name", "Payment received"), ("name", 3), ("id", ""), ("id", "a\x00b"),
                         ("contact", "+49"), ("contact", "ana@example.com"), ("about", ["x"]),
                         ("channel", "other"), ("id", None), ("contact", True)):
        answered, error = await post({**PAID, field: value})
        assert (answered, list(error["fields"])) == (400, [field]), (field, value, error)


async def test_without_the_token_nothing_is_done(api: tuple[str, Post], sink: Provider) -> None:
    url, post = api
    for token in (None, "", "another", TOKEN[:-1], "Ü"):
        status, error = await post(PAID, token)
        assert (status, "Authorization" in error["error"]) == (401, True)
    assert (await post(PAID))[0] == 404
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/events") as answer:
        assert answer.status == 405


async def test_the_description_is_of_what_is_served(api: tuple[str, Post]) -> None:
    url, _ = api
    async with aiohttp.ClientSession() as session, session.get(
            f"{url}/api/openapi.json") as answer:
        described = await answer.json()
    assert described == json.loads(json.dumps(document("http://127.0.0.1:8080")))
    event = described["components"]["schemas"]["BusinessEvent"]
    assert event["required"] == ["name", "id", "contact"]
    assert set(described["paths"]["/api/events"]["post"]["responses"]) == {
        "200", "202", "400", "401", "404", "413", "503"}


async def test_without_a_token_in_the_configuration_there_is_no_api(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with (served(project, sink, clock) as (_, url), aiohttp.ClientSession() as session,
                session.post(f"{url}/api/events", json=PAID) as answer):
        assert answer.status == 404
