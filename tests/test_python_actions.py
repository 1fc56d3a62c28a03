"""Actions of a business's own: what flows hand over, and what becomes of their errors."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from calling import Business, gives, open_business
from plugging import PLUGIN

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Provider
from serving import say, served

from bot.actions import Backends, CallResult
from bot.clock import Clock
from bot.plugins import MARK, Call, Failed, action
from bot.python_actions import Actions
from bot.settings import Backend

Do = Callable[..., Awaitable[CallResult]]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def actions(session: aiohttp.ClientSession, *functions: Callable[..., Any],
            url: str = "http://127.0.0.1:9") -> Actions:
    declared = {each.name: each for function in functions for each in getattr(function, MARK)}
    orders = Backend.model_validate({"base_url": url, "operations": {"find": {"get": "/orders"}}})
    return Actions(declared, Backends({"orders": orders}, session), session, backoff=0.001)


async def test_an_action_gets_its_arguments_by_name_and_gives_data(
        session: aiohttp.ClientSession) -> None:
    @action("stock.find", changes=False)
    async def find(call: Call, sku: str, size: int | None = None) -> dict[str, Any]:
        return {"sku": sku, "size": size, "key": call.key, "soon": 0 < call.remaining <= 5}

    made = actions(session, find)
    assert await made.call("stock.find", {"sku": "A1"}, key="k1") == CallResult(
        True, {"sku": "A1", "size": None, "key": "k1", "soon": True})


async def test_what_is_no_action_is_asked_of_the_backend(session: aiohttp.ClientSession) -> None:
    async with open_business() as business:
        business.answers = [gives({"a": 1})]
        made = actions(session, url=business.url)
        assert (await made.call("orders.find", {}, key="k")).value == {"a": 1}
        assert made.repeatable("orders.find")
        assert not made.repeatable("orders.fnid")


async def test_an_action_has_the_session_that_all_share(session: aiohttp.ClientSession) -> None:
    business: Business

    @action("price", changes=False, retries=0)
    async def price(call: Call) -> Any:
        async with call.http.get(business.url) as answer:
            answer.raise_for_status()
            return await answer.json()

    async with open_business() as business:
        made = actions(session, price)
        for answer, expected in (
                (gives({"euro": 9}, **{"Content-Type": "application/json"}),
                 CallResult(True, {"euro": 9})),
                (gives({}, 503), CallResult(False, error_kind="unavailable", status=503)),
                (gives({}, 409), CallResult(False, error_kind="conflict", status=409)),
                (gives({}, 422), CallResult(False, error_kind="refused", status=422))):
            business.answers = [answer]
            assert await made.call("price", {}, key="k") == expected
    assert (await made.call("price", {}, key="k")).error_kind == "unavailable"


@pytest.mark.parametrize(("error", "kind", "status"), [
    (Failed(), "refused", None), (Failed("conflict"), "conflict", None),
    (Failed("refused", status=422), "refused", 422), (TimeoutError(), "timeout", None),
    (ConnectionResetError(), "unavailable", None), (OSError("disk"), "unavailable", None),
    (ValueError("of Kim Lee, +49 151"), "invalid", None), (KeyError("x"), "invalid", None)])
async def test_what_an_action_raises_is_an_error_of_the_flow(
        session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, error: Exception,
        kind: str, status: int | None) -> None:
    @action("do")
    async def do(call: Call) -> None:
        raise error

    made = actions(session, do)
    assert await made.call("do", {}, key="k") == CallResult(False, None, kind, status)
    assert "Kim Lee" not in caplog.text
    told = [record for record in caplog.records if record.message == "plugin failed"]
    assert len(told) == (1 if kind == "invalid" else 0)
    if told:
        assert told[0].at.startswith(__file__)  # type: ignore[attr-defined]
        assert told[0].levelno == logging.ERROR


@pytest.mark.parametrize(("declared", "times"), [
    ({"changes": False}, 3), ({"idempotent": True}, 3), ({}, 1),
    ({"changes": False, "retries": 0}, 1)])
async def test_it_is_tried_again_under_the_same_key_only_where_that_is_safe(
        session: aiohttp.ClientSession, declared: dict[str, Any], times: int) -> None:
    keys = []

    @action("do", **declared)
    async def do(call: Call) -> None:
        keys.append(call.key)
        raise Failed("unavailable")

    made = actions(session, do)
    assert (await made.call("do", {}, key="k")).error_kind == "unavailable"
    assert keys == ["k"] * times
    assert made.repeatable("do") is (times > 1 or "changes" in declared)


async def test_a_step_may_say_how_often_and_how_long(session: aiohttp.ClientSession) -> None:
    tries = []

    @action("do", changes=False)
    async def do(call: Call) -> None:
        tries.append(call.remaining)
        await asyncio.Event().wait()

    made = actions(session, do)
    result = await made.call("do", {}, key="k", retries=1, timeout_ms=20)
    assert result == CallResult(False, error_kind="timeout")
    assert len(tries) == 2
    assert max(tries) <= 0.02


async def test_what_succeeds_the_second_time_has_succeeded(session: aiohttp.ClientSession) -> None:
    tries = []

    @action("do", changes=False)
    async def do(call: Call) -> dict[str, int]:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionResetError
        return {"tries": len(tries)}

    assert await actions(session, do).call("do", {}, key="k") == CallResult(True, {"tries": 2})


@pytest.mark.parametrize("arguments", [{}, {"sku": "a", "colour": "red"}])
async def test_arguments_that_do_not_fit_are_refused(
        session: aiohttp.ClientSession, arguments: dict[str, str]) -> None:
    @action("do")
    async def do(call: Call, sku: str) -> None:
        raise AssertionError

    assert await actions(session, do).call("do", arguments, key="k") == CallResult(
        False, error_kind="refused")


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), b"x", "x" * (1 << 21)])
async def test_what_json_can_not_hold_is_no_result(session: aiohttp.ClientSession,
                                                   value: Any) -> None:
    @action("do")
    async def do(call: Call) -> Any:
        return value

    assert await actions(session, do).call("do", {}, key="k") == CallResult(
        False, error_kind="invalid")


@pytest.mark.parametrize(("value", "kept"), [
    (None, None), ([], []), ("text", "text"), (7, 7), ({"a": (1, "x\0")}, {"a": [1, "x"]})])
async def test_none_is_there_is_none_and_data_is_kept(session: aiohttp.ClientSession, value: Any,
                                                      kept: Any) -> None:
    @action("do")
    async def do(call: Call) -> Any:
        return value

    assert await actions(session, do).call("do", {}, key="k") == CallResult(True, kept)


FLOW = """flow: stock
title: What is there
triggers: {keywords: [stock]}
steps:
  find:
    call: stock.find
    with: {article: boots}
    save: found
  say_it: {say: "{{ found.left }} left of {{ found.article }}.", end: said}
"""


async def test_a_flow_calls_one_in_the_whole_program(
        project: Path, sink: Provider, clock: Clock) -> None:
    (project.parent / "plugins").mkdir()
    (project.parent / "plugins" / "shop.py").write_text(PLUGIN, "utf-8")
    (project.parent / "flows" / "stock.yaml").write_text(FLOW, "utf-8")
    project.write_text(project.read_text("utf-8") + "\nplugins: plugins\n", "utf-8")
    async with served(project, sink, clock) as (_, url):
        assert await say(url, sink, 1, "stock") == "0 left of boots."
