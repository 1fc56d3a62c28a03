"""Deliveries recorded elsewhere: each is answered, kept and listed, and nothing is unhandled."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from pathlib import Path

import pytest
from aiohttp import web
from storing import counts

from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.clock import Clock
from bot.model import Item
from bot.store.store import Store
from bot.web.webhook import Webhook

DATA = Path(os.environ.get("FRONTDESK_DATA", Path(__file__).parents[2] / "shared" / "data"))
INBOUND = DATA / "whatsapp" / "inbound"
FILES = sorted([*INBOUND.glob("meta/*"), *INBOUND.glob("meta-docs/*")])
SECRET = "s3cret"


@pytest.mark.skipif(not FILES, reason=f"no recorded deliveries in {INBOUND}: set FRONTDESK_DATA")
async def test_every_recorded_delivery_is_answered_and_kept(
        store: Store, clock: Clock, aiohttp_client, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    async with HttpClient() as http:
        # A channel for each: recordings of different projects use the same message ids.
        channels = {f"c{n}": Meta(name=f"c{n}", phone_number_id="1", app_secrets=[SECRET],
                                  graph_url="http://127.0.0.1:9/v23.0", access_token="t",
                                  verify_token="v", http=http) for n in range(len(FILES))}

        async def accept(items: list[Item]) -> None:
            await store.accept(items, counts)

        app = web.Application()
        app.add_routes(Webhook(channels=channels, accept=accept, clock=clock,
                               numbers={name: Every(name) for name in channels}).routes())
        client = await aiohttp_client(app)
        kept = 0
        for name, file in zip(channels, FILES, strict=True):
            body = file.read_bytes()
            try:
                json.loads(body)
                expected = 200
            except ValueError:
                expected = 400
            signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            for _ in range(2):  # and again, as providers do
                answer = await client.post(f"/webhooks/{name}", data=body, headers={
                    "X-Hub-Signature-256": f"sha256={signature}"})
                assert answer.status == expected, (file.name, await answer.text())
            count = len(await listed(store))
            assert (count > kept) == (expected == 200), file.name
            kept = count
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


class Every(dict):  # type: ignore[type-arg]
    """Every number of the recordings belongs to one channel."""

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def get(self, key: object, default: object = None) -> object:
        return self.channel


async def listed(store: Store) -> list[object]:
    found: list[object] = []
    after = None
    while True:
        page = await store.desk.events(after=after, limit=500)
        found += page.rows
        if (after := page.next) is None:
            return found
