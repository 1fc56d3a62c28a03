"""Calls of a business's API, against a real server on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from calling import Answer, Business, breaks_off, gives, hangs, open_business, resets

from bot.actions import MAX_BYTES, MAX_DEPTH, Backends, CallResult
from bot.settings import Backend


@pytest.fixture
async def business() -> AsyncIterator[Business]:
    async with open_business() as business:
        yield business


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def backends(session: aiohttp.ClientSession, url: str, **more: Any) -> Backends:
    orders = Backend.model_validate({
        "base_url": url,
        "headers": {"Authorization": "Bearer secret"},
        "operations": {
            "find": {"get": "/orders/{number}", "query": {"language": "{language}"},
                     "timeout": "2s", "retries": 2, "missing": 404},
            "search": {"get": "/orders", "query": {"q": "{q}", "open": "{open}", "page": "1"}},
            "change": {"post": "/orders/{number}/notes",
                       "json": {"text": "{text}", "tags": ["{tag}", "bot"],
                                "line": "{count} of {tag}"}},
            "pay": {"post": "/payments", "json": {"amount": "{amount}"}, "idempotent": True},
            "cancel": {"delete": "/orders/{number}"},
            **more,
        }})
    return Backends({"orders": orders}, session, backoff=0.001)


Call = Callable[..., Awaitable[CallResult]]


@pytest.fixture
def call(business: Business, session: aiohttp.ClientSession) -> Call:
    made = backends(session, business.url)

    async def call(operation: str, key: str = "key-1", retries: int | None = None,
                   timeout_ms: int | None = None, **arguments: Any) -> CallResult:
        return await made.call(f"orders.{operation}", arguments, key=key, retries=retries,
                               timeout_ms=timeout_ms)
    return call


async def test_an_answer_is_given_back_as_data(business: Business, call: Call) -> None:
    business.answers = [gives({"item": "Trail shoes", "sizes": [41, 42.5]})]
    assert await call("find", number="AB123456", language="zh") == CallResult(
        True, {"item": "Trail shoes", "sizes": [41, 42.5]}, None, 200)
    method, path, headers, body = business.seen[0]
    assert (method, path, body) == ("GET", "/api/orders/AB123456?language=zh", "")
    assert headers["Authorization"] == "Bearer secret"


async def test_a_list_is_an_answer_too(business: Business, call: Call) -> None:
    business.answers = [gives([1, 2])]
    assert (await call("find", number="1")).value == [1, 2]


async def test_an_empty_success_saves_none(business: Business, call: Call) -> None:
    business.answers = [gives(b"", 204)]
    assert await call("cancel", number="1") == CallResult(True, None, None, 204)


async def test_what_is_missing_is_none_and_no_error(business: Business, call: Call) -> None:
    business.answers = [gives({"error": "no such order"}, 404)]
    assert await call("find", number="ZZ000000") == CallResult(True, None, None, 404)
    assert (await call("search", q="x")).error_kind == "refused"


@pytest.mark.parametrize(("status", "kind"), [
    (400, "refused"), (401, "refused"), (422, "refused"), (409, "conflict"),
    (500, "unavailable"), (503, "unavailable"), (302, "invalid"),
])
async def test_each_status_has_its_kind_of_error(
        business: Business, call: Call, status: int, kind: str) -> None:
    business.answers = [gives({}, status)]
    assert await call("change", number="1") == CallResult(False, None, kind, status)


async def test_a_get_is_tried_again_until_it_works(business: Business, call: Call) -> None:
    business.answers = [gives({}, 500), resets, gives({"item": "Cap"})]
    assert (await call("find", number="1")).value == {"item": "Cap"}
    assert len(business.seen) == 3


async def test_tries_end_with_the_last_error(business: Business, call: Call) -> None:
    business.answers = [gives({}, 503)]
    assert await call("find", number="1") == CallResult(False, None, "unavailable", 503)
    assert len(business.seen) == 3


async def test_the_step_may_say_how_often_and_how_long(business: Business, call: Call) -> None:
    business.answers = [gives({}, 500)]
    await call("find", number="1", retries=0)
    assert len(business.seen) == 1
    business.answers = [hangs]
    assert (await call("find", number="1", retries=0, timeout_ms=30)).error_kind == "timeout"


@pytest.mark.parametrize("failure", [gives({}, 500), resets, breaks_off])
async def test_what_changes_something_is_not_tried_again(
        business: Business, call: Call, failure: Answer) -> None:
    business.answers = [failure, gives({})]
    assert (await call("change", number="1", retries=5)).error_kind == "unavailable"
    assert len(business.seen) == 1


async def test_what_is_idempotent_is_tried_again_under_the_same_key(
        business: Business, call: Call) -> None:
    business.answers = [gives({}, 502), breaks_off, gives({"paid": True})]
    assert (await call("pay", key="visit-7", amount=12)).value == {"paid": True}
    assert [headers["Idempotency-Key"] for _, _, headers, _ in business.seen] == ["visit-7"] * 3


async def test_a_refusal_is_not_tried_again(business: Business, call: Call) -> None:
    business.answers = [gives({}, 422), gives({})]
    assert (await call("find", number="1")).error_kind == "refused"
    assert len(business.seen) == 1


async def test_who_asks_for_patience_for_a_moment_gets_it(
        business: Business, call: Call) -> None:
    business.answers = [gives({}, 429, **{"Retry-After": "0"}), gives({"item": "Cap"})]
    assert (await call("find", number="1")).value == {"item": "Cap"}
    business.answers = [gives({}, 429, **{"Retry-After": "3600"}), gives({})]
    assert (await call("find", number="1")).error_kind == "refused"


async def test_a_slow_backend_is_a_timeout_without_a_status(
        business: Business, call: Call) -> None:
    business.answers = [hangs]
    assert await call("find", number="1", retries=1, timeout_ms=30) == CallResult(
        False, None, "timeout", None)
    assert len(business.seen) == 2


async def test_a_backend_that_is_not_there_is_unavailable(
        session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    made = backends(session, f"http://127.0.0.1:{unused_tcp_port}")
    assert await made.call("orders.find", {"number": "1"}, key="k", retries=1) == CallResult(
        False, None, "unavailable", None)


@pytest.mark.parametrize("body", [
    b"<html>", b"", b"null", b'"text"', b"42", b"{", b"\xff\xfe", b'{"a": NaN}', b"[Infinity]",
    b"[" * 100_000, b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    b'{"n": ' + b"9" * 10_000 + b"}",
], ids=lambda body: repr(body[:12]))
async def test_an_answer_that_is_no_object_or_list_is_invalid(
        business: Business, call: Call, body: bytes) -> None:
    business.answers = [gives(body)]
    result = await call("find", number="1")
    if body == b"":  # nothing at all is none, as a 204 is
        assert result.ok
    else:
        assert result == CallResult(False, None, "invalid", 200)
        assert len(business.seen) == 1


async def test_an_answer_may_be_one_mebibyte_and_no_larger(
        business: Business, call: Call) -> None:
    fits = json.dumps({"a": "x" * (MAX_BYTES - 9)}).encode()
    assert len(fits) == MAX_BYTES
    business.answers = [gives(fits)]
    assert (await call("find", number="1")).ok
    business.answers = [gives(fits + b" ")]
    assert (await call("find", number="1")).error_kind == "invalid"


async def test_an_endless_answer_is_given_up_early(business: Business, call: Call) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
    business.answers = [endless]
    assert (await call("find", number="1")).error_kind == "invalid"


async def test_what_no_store_can_keep_is_taken_out_of_an_answer(
        business: Business, call: Call) -> None:
    business.answers = [gives(b'{"a": "x\\u0000y", "b\\ud83d": "\\ud83d"}')]
    assert (await call("find", number="1")).value == {"a": "xy", "b?": "?"}


async def test_a_redirect_is_not_followed(business: Business, call: Call) -> None:
    business.answers = [gives({}, 307, Location=business.url + "elsewhere"), gives({})]
    assert (await call("find", number="1")).error_kind == "invalid"
    assert len(business.seen) == 1


@pytest.mark.parametrize(("number", "path"), [
    ("a/b", "a%2Fb"), ("../../admin", "..%2F..%2Fadmin"), ("a?x=1#y", "a%3Fx%3D1%23y"),
    ("a b", "a%20b"), ("%2e%2e", "%252e%252e"), ("a\r\nX-Evil: 1", "a%0D%0AX-Evil%3A%201"),
    ("鞋", "%E9%9E%8B"), ("\ud83d", "%3F"), ("{language}", "%7Blanguage%7D"), (7, "7"),
])
async def test_an_argument_can_not_leave_its_place_in_the_path(
        business: Business, call: Call, number: Any, path: str) -> None:
    business.answers = [gives({})]
    assert (await call("find", number=number)).ok
    assert business.seen[0][1] == f"/api/orders/{path}"


@pytest.mark.parametrize("number", ["", None, ".", ".."])
async def test_an_argument_that_would_name_another_thing_is_not_sent(
        business: Business, call: Call, number: str | None) -> None:
    assert await call("find", number=number) == CallResult(False, None, "refused", None)
    assert business.seen == []


async def test_arguments_keep_their_type_in_the_body(business: Business, call: Call) -> None:
    business.answers = [gives({})]
    await call("change", number="1", text='"}, {"evil": "', tag=None, count=3)
    headers, body = business.seen[0][2:]
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"text": '"}, {"evil": "', "tags": [None, "bot"], "line": "3 of "}


async def test_the_query_is_quoted_and_leaves_out_what_is_none(
        business: Business, call: Call) -> None:
    business.answers = [gives({})]
    await call("search", q="a&b=c d+é", open=True)
    await call("search", q=["x", "y"], open=None)
    await call("search", q="\ud83d")
    assert [path for _, path, _, _ in business.seen] == [
        "/api/orders?q=a%26b%3Dc+d%2B%C3%A9&open=true&page=1",
        "/api/orders?q=x&q=y&page=1", "/api/orders?q=?&page=1"]


async def test_a_key_can_not_add_a_header(business: Business, call: Call) -> None:
    business.answers = [gives({})]
    assert (await call("find", number="1", key="k\r\nX-Evil: 1")).ok
    headers = business.seen[0][2]
    assert "X-Evil" not in headers
    assert headers["Idempotency-Key"] == "k%0D%0AX-Evil:%201"


@pytest.mark.parametrize("operation", ["orders.nothing", "nobody.find", "orders", ""])
async def test_an_unknown_operation_is_an_error_and_no_exception(
        session: aiohttp.ClientSession, operation: str) -> None:
    made = backends(session, "http://127.0.0.1:9")
    assert await made.call(operation, {}, key="k") == CallResult(False, None, "invalid", None)


async def test_a_call_can_be_cancelled(business: Business, call: Call) -> None:
    business.answers = [hangs]
    running = asyncio.ensure_future(call("find", number="1"))
    async with asyncio.timeout(5):
        while not business.seen:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_get_and_what_is_idempotent_may_be_repeated_and_nothing_else(
        session: aiohttp.ClientSession) -> None:
    made = backends(session, "http://127.0.0.1:9")
    assert [name for name in ("find", "search", "change", "pay", "cancel", "nothing")
            if made.repeatable(f"orders.{name}")] == ["find", "search", "pay"]
