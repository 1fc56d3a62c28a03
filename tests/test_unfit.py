"""What a database can't hold is put aside, and keeps nothing else out."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import NUMBER, Provider, delivery, message, signed
from serving import served
from storing import rows, wrote

from bot.app import Frontdesk
from bot.clock import Clock
from bot.model import Address, Incoming, Item, Receipt

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
DICE = random.Random(20261122)
#: Nothing that a database could make shorter; an index of PostgreSQL takes a third of 8 KiB.
LONG = "".join(DICE.choices("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=3_000))
WIDE = "".join(chr(DICE.randrange(0x20000, 0x2a000)) for _ in range(512))
KEYS = (LONG, WIDE, LONG[:512], WIDE[:128], "9" * 3_000, 10**39, 10**400, -1)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:////{tmp_path}/bot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


def keyed(key: Any) -> list[dict[str, Any]]:
    """Values of deliveries with this in each field by which something is found again."""
    base = {"from": "4911", "id": "wamid.k", "timestamp": "1760000001", "type": "text",
            "text": {"body": "hello"}}
    status = {"id": "wamid.s", "status": "delivered", "timestamp": "1760000001"}
    system = {"type": "user_changed_number", "wa_id": key, "user_id": key, "previous_user_id": key}
    image = {"id": key, "mime_type": "image/png"}
    return [
        *({"messages": [{**base, "id": f"wamid.{n}", **wrong}]} for n, wrong in enumerate((
            {"id": key}, {"from": key}, {"from_user_id": key}, {"from": key, "from_user_id": key},
            {"timestamp": key}, {"type": key}, {"context": {"id": key}}, {"group_id": key},
            {"referral": {"source_id": key}}, {"type": "system", "system": system},
            {"type": "image", "image": image}, {"type": "reaction", "reaction": {
                "message_id": key, "emoji": "x"}}))),
        {"messages": [{**base, "id": "wamid.c"}],
         "contacts": [{"wa_id": key, "user_id": key, "profile": {"name": key}}]},
        *({"statuses": [{**status, **wrong}]} for wrong in (
            {"id": key}, {"biz_opaque_callback_data": key}, {"timestamp": key},
            {"status": "failed", "errors": [{"code": key}]}, {"status": key},
            {"status": "failed", "errors": [{"code": 2**31}]}, {"recipient_id": key})),
        {"metadata": {"phone_number_id": key}, "messages": [base]},
    ]


async def test_no_key_is_too_long_to_be_answered(
        project: Path, sink: Provider, store_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Or the provider would deliver it, and what came with it, again for days."""
    async with served(project, sink, Clock(), store_url) as (frontdesk, url):
        async with aiohttp.ClientSession() as session:
            for number, key in enumerate(KEYS):
                entries = [{"id": id_, "changes": [{"field": field, "value": {
                    "metadata": {"phone_number_id": NUMBER}, **value}}]}
                    for value in keyed(key)
                    for id_, field in (("1", "messages"), (key, "messages"), ("1", key))]
                good = json.loads(delivery(message("4922", number, "hello")))
                body = json.dumps({"object": "whatsapp_business_account",
                                   "entry": [*entries, *good["entry"]]}).encode()
                async with session.post(f"{url}/webhooks/main", data=io.BytesIO(body),
                                        headers=signed(body)) as answer:
                    assert answer.status == 200, str(key)[:20]
        found = await rows(frontdesk.store._db, (
            "select count(*) from message m where m.direction = 'in' and m.provider_id like "
            "'wamid.4922.%'"))
        assert found == [(len(KEYS),)]
    assert "delivery taken apart" not in caplog.text  # not one of them came as far as the store


def unfit() -> list[Item]:
    """What no channel should hand on."""
    return [
        Receipt("main", "wamid.late", "read", 2**70),
        Incoming("main", "wamid.half", (Address("phone", "4931"),),
                 {"type": "text", "text": "\ud800"}, 0),
        Incoming("main", "wamid.raw", (Address("phone", "4932"),),
                 {"type": "text", "text": "x"}, 0, raw="\ud800"),
        Incoming("main", "wamid.\udfff", (Address("phone", "4933"),),
                 {"type": "text", "text": "x"}, 0)]


async def test_what_can_t_be_kept_is_put_aside_and_the_rest_is_kept(
        project: Path, sink: Provider, store_url: str, clock: Clock) -> None:
    async with served(project, sink, clock, store_url) as (frontdesk, _):
        good = [wrote(clock, f"494{n}", n, "hello") for n in range(len(unfit()))]
        mixed = [item for pair in zip(unfit(), good, strict=True) for item in pair]
        await take(frontdesk, mixed)
        await take(frontdesk, mixed[:1])  # and alone, once more
        assert await rows(frontdesk.store._db, (
            "select count(*) from message where direction = 'in'")) == [(len(good),)]
        assert await rows(frontdesk.store._db, (
            "select kind, count(*) from notice group by kind")) == [
                ("malformed.item", len(unfit()))]


async def test_what_only_one_database_can_t_find_again_is_answered_by_both(
        project: Path, sink: Provider, store_url: str, clock: Clock) -> None:
    item = Incoming("main", LONG, (Address("phone", "4951"),), {"type": "text", "text": "x"}, 0)
    async with served(project, sink, clock, store_url) as (frontdesk, _):
        await take(frontdesk, [item, wrote(clock, "4952", 1, "hello")])
        ((messages, aside),) = await rows(frontdesk.store._db, (
            "select (select count(*) from message where direction = 'in'), "
            "(select count(*) from notice)"))
        assert (messages, aside) == ((1, 1) if "postgres" in store_url else (2, 0))


async def take(frontdesk: Frontdesk, items: list[Item]) -> None:
    await frontdesk.inbox.accept(items)
