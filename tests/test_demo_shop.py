"""The demo's shop: orders that move with the clock, and returns with their labels."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot import demo
from bot.clock import DAY, Clock
from bot.demo.hints import ANNA, BEN, CUSTOMERS, DANA, HINTS, LI_NA

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(clock: Clock, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    app = web.Application()
    app.add_subapp("/demo", demo.application(clock))
    return await aiohttp_client(app)


async def order(client: Client, number: str, language: str = "en") -> dict[str, Any]:
    answer = await client.get(f"/demo/shop/orders/{number}", params={"language": language})
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


async def orders_of(client: Client, phone: str) -> list[dict[str, Any]]:
    answer = await client.get("/demo/shop/orders", params={"phone": phone})
    assert answer.status == 200
    found: list[dict[str, Any]] = (await answer.json())["orders"]
    return found


async def ask_return(client: Client, key: str = "", **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/demo/shop/returns", json=body,
                               headers={"Idempotency-Key": key} if key else {})
    return answer.status, await answer.json()


async def test_an_order_that_arrived_days_ago_can_be_returned(client: Client) -> None:
    found = await order(client, "AB123456")
    assert (found["item"], found["status"], found["returnable"]) == (
        "Trail shoes", "delivered", True)


async def test_an_order_past_its_30_days_can_not_be_returned(client: Client) -> None:
    found = await order(client, "cd789012")
    assert found["returnable"] is False
    assert found["return_until"] > found["delivered_on"]
    status, body = await ask_return(client, order="CD789012", reason="size")
    assert (status, body["error"]["code"]) == (422, "not_returnable")


async def test_an_unknown_order_is_a_404_in_json(client: Client) -> None:
    answer = await client.get("/demo/shop/orders/ZZ000000")
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "unknown_order"


async def test_items_and_states_are_named_in_the_language_asked_for(client: Client) -> None:
    assert (await order(client, "EF345678", "zh-CN"))["item"] == "越野跑鞋"
    assert (await order(client, "EF345678", "zh"))["status_text"] == "已送达"
    assert (await order(client, "EF345678", "de"))["item"] == "Trail shoes"


async def test_customers_have_many_orders_one_or_none_the_newest_first(client: Client) -> None:
    many = await orders_of(client, f"+{ANNA}")
    assert len(many) > 10
    assert [each["ordered_on"] for each in many] == sorted(
        (each["ordered_on"] for each in many), reverse=True)
    assert len(await orders_of(client, LI_NA)) > 10
    assert len(await orders_of(client, BEN)) == 1
    assert await orders_of(client, DANA) == []
    assert await orders_of(client, "49301234567") == []


async def test_a_parcel_leaves_and_arrives_as_the_clock_moves(
        client: Client, clock: Clock) -> None:
    states = []
    for _ in range(6):
        found = await order(client, "AB207735")
        states.append(found["status"])
        assert (found["tracking_number"] is None) is (found["status"] == "processing")
        assert (found["delivered_on"] is None) is (found["status"] != "delivered")
        clock.advance(DAY)
    assert [state for place, state in enumerate(states) if state not in states[:place]] == [
        "processing", "shipped", "delivered"]


async def test_the_return_period_ends_as_the_clock_moves(client: Client, clock: Clock) -> None:
    clock.advance(25 * DAY)
    assert (await order(client, "AB123456"))["returnable"] is False


async def test_a_return_gives_a_label_that_can_be_fetched_as_a_pdf(client: Client) -> None:
    status, made = await ask_return(client, order="AB123456", reason="damaged", photo=None)
    assert status == 201
    answer = await client.session.get(made["url"])
    assert (answer.status, answer.content_type) == (200, "application/pdf")
    body = await answer.read()
    assert b"(AB123456)" in body
    assert b"Order: AB123456" in body


async def test_the_label_is_a_valid_pdf_each_object_where_its_table_says(client: Client) -> None:
    _, made = await ask_return(client, order="AB123456", reason="size")
    body = await (await client.session.get(made["url"])).read()
    assert body.startswith(b"%PDF-1.4")
    assert body.endswith(b"%%EOF\n")
    table = int(re.search(rb"startxref\n(\d+)\n", body)[1])  # type: ignore[index]
    assert body[table:].startswith(b"xref\n0 7\n")
    places = re.findall(rb"^(\d{10}) 00000 n $", body[table:], re.MULTILINE)
    assert len(places) == 6
    for number, place in enumerate(places, 1):
        assert body[int(place):].startswith(b"%d 0 obj\n" % number)
    length = int(re.search(rb"/Length (\d+)", body)[1])  # type: ignore[index]
    stream = body[body.index(b"stream\n") + 7:]
    assert stream[length:].startswith(b"\nendstream")


async def test_the_same_key_again_gives_the_same_answer_again(client: Client) -> None:
    first = await ask_return(client, "k1", order="AB123456", reason="size")
    assert await ask_return(client, "k1", order="AB123456", reason="size") == first


async def test_a_key_can_not_be_used_for_another_request(client: Client) -> None:
    await ask_return(client, "k1", order="AB123456", reason="size")
    status, body = await ask_return(client, "k1", order="EF345678", reason="size")
    assert (status, body["error"]["code"]) == (422, "key_reused")


async def test_a_second_return_of_one_order_is_given_the_same_label(client: Client) -> None:
    _, first = await ask_return(client, "k1", order="AB123456", reason="size")
    status, second = await ask_return(client, "k2", order="AB123456", reason="wrong")
    assert status == 200
    assert second["url"] == first["url"]


@pytest.mark.parametrize(("body", "status"), [
    ({"order": "AB123456"}, 422),
    ({"order": "AB123456", "reason": ""}, 422),
    ({"order": "AB123456", "reason": 5}, 422),
    ({"order": 5, "reason": "size"}, 404),
    ({"order": "ZZ000000", "reason": "size"}, 404),
    ({"order": "AB207735", "reason": "size"}, 422),
])
async def test_a_return_that_makes_no_sense_is_refused(
        client: Client, body: dict[str, Any], status: int) -> None:
    assert (await ask_return(client, **body))[0] == status


async def test_what_is_no_json_object_is_a_400(client: Client) -> None:
    for body in (b"{", b"[]", b"\xff"):
        answer = await client.post("/demo/shop/returns", data=body)
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "not_json"


async def test_what_the_server_itself_refuses_is_json_too(client: Client) -> None:
    missing = await client.get("/demo/shop/nothing")
    wrong = await client.delete("/demo/shop/orders")
    assert [each.status for each in (missing, wrong)] == [404, 405]
    for each in (missing, wrong):
        assert (await each.json())["error"]["code"]
    assert (await client.get("/demo/shop/labels/none.pdf")).status == 404
    assert (await client.get("/demo/shop/orders")).status == 422


async def test_the_hints_name_orders_that_exist_and_one_that_does_not(client: Client) -> None:
    numbers = set(re.findall(r"\b[A-Z]{2}\d{6}\b", "\n".join(HINTS)))
    assert numbers == {"AB123456", "CD789012", "EF345678", "GH901234", "ZZ000000"}
    for number in numbers - {"ZZ000000"}:
        await order(client, number)
    assert len({each.phone for each in CUSTOMERS}) == len(CUSTOMERS)
