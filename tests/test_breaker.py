"""A backend that fails again and again is left alone for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from calling import Business, gives, hangs, open_business
from prometheus_client import generate_latest

from bot.actions import Backends, CallResult
from bot.metrics import Counts, registry
from bot.settings import Backend

DOWN = CallResult(False, error_kind="unavailable", status=503)
LEFT_ALONE = CallResult(False, error_kind="unavailable")


@dataclass
class Shop:
    """Operations of a backend, with a clock that the test moves."""

    business: Business
    session: aiohttp.ClientSession
    time: float = 1_000.0
    counts: Counts = field(default_factory=Counts)

    def declare(self, **breaker: Any) -> None:
        self.backends = Backends(
            {name: Backend.model_validate({
                "base_url": self.business.url, "breaker": breaker,
                "operations": {"find": {"get": "/orders/{number}", "missing": 404,
                                        "retries": 0, "timeout": "5s"},
                               "look": {"get": "/orders/{number}", "retries": 8},
                               "book": {"post": "/orders", "json": {"number": "{number}"}}}})
             for name in ("orders", "other")},
            self.session, self.counts, backoff=0.001, now=lambda: self.time)

    async def call(self, operation: str = "orders.find", **more: Any) -> CallResult:
        return await self.backends.call(operation, {"number": "7"}, key="k", **more)

    @property
    def asked(self) -> int:
        return len(self.business.seen)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_business() as business, aiohttp.ClientSession() as session:
        shop = Shop(business, session)
        shop.declare(failures="3", pause="30s")
        yield shop


async def open_up(shop: Shop) -> None:
    shop.business.answers = [gives({}, 503)]
    for _ in range(3):
        assert await shop.call() == DOWN


async def test_after_so_many_failures_in_a_row_calls_fail_without_being_made(shop: Shop) -> None:
    await open_up(shop)
    assert [await shop.call() for _ in range(5)] == [LEFT_ALONE] * 5
    assert await shop.call("orders.book") == LEFT_ALONE
    assert shop.asked == 3


async def test_another_backend_is_asked_as_ever(shop: Shop) -> None:
    await open_up(shop)
    assert await shop.call("other.find") == DOWN


async def test_after_the_pause_one_call_looks_and_closes_it(shop: Shop) -> None:
    await open_up(shop)
    shop.business.answers = [gives({"item": "boots"})]
    shop.time += 29.9
    assert await shop.call() == LEFT_ALONE
    shop.time += 0.1
    assert (await shop.call()).ok
    assert (await shop.call()).ok
    assert shop.asked == 5


async def test_the_call_that_looks_fails_and_the_pause_begins_anew(shop: Shop) -> None:
    await open_up(shop)
    shop.time += 30
    assert await shop.call() == DOWN
    assert await shop.call() == LEFT_ALONE
    shop.time += 29
    assert await shop.call() == LEFT_ALONE
    assert shop.asked == 4
    shop.time += 1
    assert await shop.call() == DOWN


async def test_while_one_call_looks_the_others_do_not(shop: Shop) -> None:
    await open_up(shop)
    shop.time += 30
    shop.business.answers = [hangs]
    looking = asyncio.create_task(shop.call())
    async with asyncio.timeout(5):
        while shop.asked == 3:
            await asyncio.sleep(0)
    assert await shop.call() == LEFT_ALONE
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    # Nobody knows what it would have found: the next one looks.
    shop.business.answers = [gives({})]
    assert (await shop.call()).ok


async def test_what_the_backend_refuses_is_an_answer(shop: Shop) -> None:
    shop.business.answers = [gives({}, 503), gives({}, 503), gives({}, 422), gives({}, 404),
                             gives({}, 503), gives({}, 503), gives({})]
    for _ in range(6):
        await shop.call()
    assert (await shop.call()).ok
    assert shop.asked == 7


async def test_an_answer_that_does_not_come_in_time_is_a_failure(shop: Shop) -> None:
    shop.business.answers = [hangs]
    for _ in range(3):
        assert (await shop.call(timeout_ms=20)).error_kind == "timeout"
    assert await shop.call() == LEFT_ALONE


async def test_the_tries_of_one_call_count_and_end_with_it(shop: Shop) -> None:
    shop.business.answers = [gives({}, 503)]
    assert await shop.call("orders.look") == DOWN
    assert shop.asked == 3


async def test_it_can_be_off(shop: Shop) -> None:
    shop.declare(failures="off")
    shop.business.answers = [gives({}, 503)]
    assert [await shop.call() for _ in range(20)] == [DOWN] * 20


async def test_operators_see_it(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "bot.breaker"):
        await open_up(shop)
        await shop.call()
        figures = generate_latest(registry(shop.counts)).decode()
        assert 'frontdesk_backend_left_alone{backend="orders"} 1.0' in figures
        assert 'frontdesk_backend_left_alone{backend="other"} 0.0' in figures
        assert 'frontdesk_calls_not_made_total{backend="orders"} 1.0' in figures
        shop.time += 30
        shop.business.answers = [gives({})]
        await shop.call()
    figures = generate_latest(registry(shop.counts)).decode()
    assert 'frontdesk_backend_left_alone{backend="orders"} 0.0' in figures
    assert [(one.message, one.backend) for one in caplog.records
            if one.name == "bot.breaker"] == [
        ("backend is left alone", "orders"), ("backend is back", "orders")]
