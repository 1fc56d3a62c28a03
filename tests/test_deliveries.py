"""Deliveries as providers make them: again, at once, in any order, in batches of any size."""

from __future__ import annotations

import io
import itertools
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Provider, delivery, message, signed
from repeats import repeated, throw
from serving import served
from storing import rows

from bot.clock import Clock

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
PEOPLE = 25


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:////{tmp_path}/bot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


async def test_a_message_has_one_effect_however_often_and_wherever_it_is_delivered(
        project: Path, sink: Provider, store_url: str) -> None:
    """At once, in other batches, by several processes, after a restart, eight days later."""
    delivered, wrong = await repeated(project, sink, store_url, PEOPLE, random.Random(20261122))
    assert wrong == []
    assert delivered > 2_000


#: What a status may become; what has arrived has not failed, and what has failed does not arrive.
RANK = {"sent": 0, "delivered": 1, "read": 2}
REPORTED = ("sent", "delivered", "read", "played", "failed")


def after(now: str, told: str) -> str:
    told = {"played": "read"}.get(told, told)
    if now == "failed" or (told == "failed" and now in ("delivered", "read")):
        return now
    return told if told == "failed" or RANK[told] > RANK[now] else now


async def test_no_status_of_what_was_sent_goes_back_in_whatever_order_receipts_come(
        project: Path, sink: Provider, store_url: str, eventually: Eventually) -> None:
    """Five reports of each of 120 messages in all their orders, in batches, some of them twice."""
    dice = random.Random(20261122)
    orders = list(itertools.permutations(REPORTED))
    people = [f"49{n:04}" for n in range(len(orders))]
    ids: dict[str, tuple[str, str]] = {}  # of the provider, and ours
    sink.ledger.taken.append(lambda body, id_: ids.setdefault(
        body["to"].lstrip("+"), (id_, body["biz_opaque_callback_data"])))
    async with served(project, sink, Clock(), store_url) as (frontdesk, url):
        await throw([url], [delivery(*(message(who, 0, "hi") for who in people[at:at + 10]))
                            for at in range(0, len(people), 10)], dice)

        async def settled() -> bool:
            return await rows(frontdesk.store._db, "select count(*) from outbox") == [(0,)]

        await eventually(settled)
        wanted = dict.fromkeys(people, "sent")
        for place in range(len(REPORTED)):
            told = [(who, order[place]) for who, order in zip(people, orders, strict=True)]
            for who, status in told:
                wanted[who] = after(wanted[who], status)
            told += dice.sample(told, 30)
            dice.shuffle(told)
            statuses = [{"id": ids[who][0], "status": status, "timestamp": str(1760000000 + place),
                         "recipient_id": who, "errors": [{"code": 131026}], **dice.choice((
                             {}, {"biz_opaque_callback_data": ids[who][1]}))}
                        for who, status in told]
            await throw([url], [delivery(statuses=tuple(statuses[at:at + 25]))
                                for at in range(0, len(statuses), 25)], dice)
            found = await rows(frontdesk.store._db, (
                "select c.phone, m.status from message m join conversation v on v.id = "
                "m.conversation join contact c on c.id = v.contact where m.direction = 'out'"))
            assert dict(found) == wanted, place
        kept = await rows(frontdesk.store._db, "select count(*) from receipt")
        assert kept == [(len(people) * len(REPORTED),)]


@pytest.mark.parametrize("size", [1, 10, 100, 1_000])
async def test_a_batch_of_any_size_is_answered_once_and_in_time(
        project: Path, sink: Provider, store_url: str, size: int) -> None:
    """Of mixed people, unknown kinds, statuses in any order, and things that nobody can read."""
    dice = random.Random(size)
    good = [message(f"49{n % 97:04}", n, "x" * 2_000 if size == 1_000 else "x")
            for n in range(size)]
    bad: list[Any] = [{"id": "w", "type": "text"}, 7, None, {"type": "hologram", "from": "4",
                      "id": "h", "hologram": {}}, {"from": [], "id": {}, "type": 3}]
    statuses = [{"id": f"wamid.S{n % 7}", "status": dice.choice(
        ("read", "sent", "delivered", "failed", "melted")), "timestamp": "1760000000"}
        for n in range(size // 2)]
    tree = json.loads(delivery(*good, statuses=tuple(statuses)))
    messages = tree["entry"][0]["changes"][0]["value"]["messages"]
    messages += [] if size == 1 else bad
    dice.shuffle(messages)
    tree["entry"].append({"id": "2", "changes": [{"field": "comet", "value": {"a": 1}}, 5]})
    body = json.dumps(tree).encode()
    assert len(body) < 3 * 2**20
    async with served(project, sink, Clock(), store_url) as (frontdesk, url):
        async with aiohttp.ClientSession() as session:
            began, busy = time.monotonic(), time.process_time()
            async with session.post(f"{url}/webhooks/main", data=io.BytesIO(body),
                                    headers=signed(body)) as answer:
                assert answer.status == 200
            took = min(time.monotonic() - began, time.process_time() - busy)
            assert took < 1.0, took
        assert await rows(frontdesk.store._db, (
            "select count(*) from message where direction = 'in'")) == [
                (size + (size > 1),)]
