"""The demo's clinic: appointments, free times, and moving one to the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot import demo
from bot.clock import DAY, HOUR, Clock, local
from bot.demo.hints import ANNA, BEN, CUSTOMERS, LI_NA

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(clock: Clock, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    app = web.Application()
    app.add_subapp("/demo", demo.application(clock))
    return await aiohttp_client(app)


async def appointments(client: Client, phone: str, language: str = "en") -> list[dict[str, Any]]:
    answer = await client.get("/demo/clinic/appointments",
                              params={"phone": phone, "language": language})
    assert answer.status == 200
    found: list[dict[str, Any]] = (await answer.json())["appointments"]
    return found


async def times(client: Client, appointment: str, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/demo/clinic/slots", params={"appointment": appointment, **query})
    assert answer.status == 200, await answer.text()
    found: list[dict[str, Any]] = (await answer.json())["slots"]
    return found


async def move(client: Client, appointment: str, slot: Any,
               key: str = "") -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/demo/clinic/appointments/{appointment}/move",
                               json={"slot": slot},
                               headers={"Idempotency-Key": key} if key else {})
    return answer.status, await answer.json()


def next_weekday(clock: Clock, weekday: int) -> datetime:
    """Midnight of the first such day that is at least two days away."""
    day = local(clock.now(), demo.ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    day += timedelta(2)
    while day.weekday() != weekday:
        day += timedelta(1)
    return day


async def test_every_customer_of_the_demo_and_anybody_else_has_an_appointment(
        client: Client, clock: Clock) -> None:
    now = local(clock.now(), demo.ZONE)
    for phone in [*(each.phone for each in CUSTOMERS), "4915112345678"]:
        found = await appointments(client, phone)
        assert found
        assert all(datetime.fromisoformat(each["start"]) > now for each in found)
    assert len(await appointments(client, ANNA)) > 1
    assert len(await appointments(client, "+49 151 12345678")) == 1


async def test_treatments_are_named_in_the_language_asked_for(client: Client) -> None:
    assert [each["treatment"] for each in await appointments(client, LI_NA, "zh")] == [
        "运动按摩", "物理治疗"]


async def test_the_next_free_times_are_spread_over_days(client: Client, clock: Clock) -> None:
    [first, *_] = await appointments(client, ANNA)
    found = await times(client, first["id"], per_day="3", limit="9")
    starts = [datetime.fromisoformat(each["start"]) for each in found]
    assert len(found) == 9
    assert starts == sorted(starts)
    assert min(starts) > local(clock.now(), demo.ZONE)
    assert max(Counter(each.date() for each in starts).values()) == 3


async def test_free_times_of_a_day_and_of_a_part_of_it(client: Client, clock: Clock) -> None:
    [first, *_] = await appointments(client, ANNA)
    day = next_weekday(clock, 1)
    whole = await times(client, first["id"], **{"from": day.date().isoformat()})
    noon = day.replace(hour=12)
    by_moment = await times(client, first["id"], **{
        "from": noon.isoformat(), "until": day.replace(hour=18).isoformat()})
    by_part = await times(client, first["id"], **{
        "from": day.date().isoformat(), "part": "afternoon"})
    assert by_moment == by_part
    assert by_moment == [each for each in whole
                         if datetime.fromisoformat(each["start"]) >= noon]
    assert 0 < len(by_moment) < len(whole)


async def test_nothing_is_free_on_a_wednesday_afternoon_or_at_the_weekend(
        client: Client, clock: Clock) -> None:
    [first, *_] = await appointments(client, ANNA)
    wednesday, sunday = next_weekday(clock, 2), next_weekday(clock, 6)
    assert await times(client, first["id"], **{
        "from": wednesday.date().isoformat(), "part": "afternoon"}) == []
    assert await times(client, first["id"], **{
        "from": wednesday.date().isoformat(), "part": "morning"}) != []
    assert await times(client, first["id"], **{"from": sunday.date().isoformat()}) == []


async def test_a_moved_appointment_stands_at_its_new_time(client: Client) -> None:
    [first, *_] = await appointments(client, BEN)
    [slot, *_] = await times(client, first["id"])
    status, moved = await move(client, first["id"], slot["id"])
    assert (status, moved["start"]) == (200, slot["start"])
    assert [each["start"] for each in await appointments(client, BEN)] == [slot["start"]]
    assert slot not in await times(client, first["id"])


async def test_a_time_that_somebody_else_took_is_a_conflict(client: Client) -> None:
    [anna, *_], [ben, *_] = await appointments(client, ANNA), await appointments(client, BEN)
    [slot, *_] = await times(client, anna["id"])
    assert slot in await times(client, ben["id"])
    assert (await move(client, anna["id"], slot["id"]))[0] == 200
    status, body = await move(client, ben["id"], slot["id"])
    assert (status, body["error"]["code"]) == (409, "slot_taken")
    assert (await appointments(client, BEN))[0] == ben


async def test_the_same_key_again_moves_nothing_twice(client: Client) -> None:
    [anna, *_], [ben, *_] = await appointments(client, ANNA), await appointments(client, BEN)
    slot, other, *_ = await times(client, anna["id"])
    first = await move(client, anna["id"], slot["id"], "k1")
    await move(client, anna["id"], other["id"], "k2")
    await move(client, ben["id"], slot["id"], "k3")
    assert await move(client, anna["id"], slot["id"], "k1") == first
    assert (await appointments(client, BEN))[0]["start"] == slot["start"]


async def test_moving_to_where_it_already_is_changes_nothing(client: Client) -> None:
    [first, *_] = await appointments(client, BEN)
    [slot, *_] = await times(client, first["id"])
    await move(client, first["id"], slot["id"])
    assert (await move(client, first["id"], slot["id"]))[0] == 200


@pytest.mark.parametrize("slot", ["", "tomorrow", "20200101t1430jr", "20261301t1430jr", None, 5,
                                  "20261124t1431jr", "20261124t1000xx", "20261124t1000ly"])
async def test_what_is_no_free_time_is_refused(client: Client, slot: Any) -> None:
    [first, *_] = await appointments(client, BEN)
    assert (await move(client, first["id"], slot))[0] == 422


async def test_what_is_past_is_neither_shown_nor_moved(client: Client, clock: Clock) -> None:
    [ben, *_] = await appointments(client, BEN)
    slots = await times(client, ben["id"])
    clock.advance(40 * DAY)
    assert await appointments(client, BEN) == []
    status, body = await move(client, ben["id"], slots[0]["id"])
    assert (status, body["error"]["code"]) == (422, "too_late")


async def test_nobody_is_expected_within_two_hours(client: Client, clock: Clock) -> None:
    [first, *_] = await appointments(client, ANNA)
    now = local(clock.now(), demo.ZONE)
    for ahead in range(8):
        day = (now + timedelta(ahead)).date().isoformat()
        for each in await times(client, first["id"], **{"from": day}):
            assert datetime.fromisoformat(each["start"]).timestamp() * 1000 >= (
                clock.now() + 2 * HOUR - 60_000)


@pytest.mark.parametrize("query", [
    {"from": "soon"}, {"limit": "many"}, {"part": "teatime"}, {"from": "2026-11-24T99:00"},
    {"from": "2026-11-24", "until": "2026-11-23"}, {"from": "2026-11-24", "until": "2027-11-23"},
    {"from": "9999-12-31"},
])
async def test_a_query_that_makes_no_sense_is_refused(
        client: Client, query: dict[str, str]) -> None:
    [first, *_] = await appointments(client, ANNA)
    answer = await client.get("/demo/clinic/slots", params={"appointment": first["id"], **query})
    assert answer.status == 422
    assert (await answer.json())["error"]["message"]


async def test_an_unknown_appointment_is_a_404(client: Client) -> None:
    assert (await client.get("/demo/clinic/slots")).status == 404
    assert (await move(client, "a9999", "20261124t1000jr"))[0] == 404
    assert (await client.get("/demo/clinic/appointments")).status == 422


async def test_whoever_comes_gets_something_to_move_however_many_come(client: Client) -> None:
    starts = [(await appointments(client, f"49{n:09}"))[0]["start"] for n in range(60)]
    assert len(set(starts)) == 60
