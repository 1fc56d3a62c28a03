"""The project of the load test, started as the driver starts it, answers its conversation."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

ROOT = Path(__file__).parent.parent
PHONE = "4915700000001"


class Sink:
    """Plays Meta: takes what is sent and keeps it."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        assert request.path == "/v23.0/100200300/messages"
        message = await request.json()
        await self.sent.put(message)
        return web.json_response({"messages": [{"id": f"wamid.sent{id(message)}"}]})


@asynccontextmanager
async def running(folder: Path, sink: str) -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process: Process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", "--config", "tests/bench/load/config.yaml", cwd=ROOT,
        env={**os.environ, "BENCH_PORT": str(port), "BENCH_SINK": sink,
             "BENCH_STORE": f"sqlite:///{folder}/bench.db"}, stderr=PIPE)
    assert process.stderr is not None
    try:
        while json.loads(await process.stderr.readline())["event"] != "serving":
            pass
        yield f"http://127.0.0.1:{port}/webhooks/main"
    finally:
        process.terminate()
        await process.communicate()


def delivery(number: int, message: dict[str, Any]) -> bytes:
    value = {"messaging_product": "whatsapp",
             "metadata": {"display_phone_number": "10", "phone_number_id": "100200300"},
             "contacts": [{"profile": {"name": "Kim"}, "wa_id": PHONE}],
             "messages": [{"from": PHONE, "id": f"wamid.{number}",
                           "timestamp": str(int(time.time())),
                           **message}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [
        {"id": "400500600", "changes": [{"field": "messages", "value": value}]}]}).encode()


async def test_the_conversation_of_the_load_test_is_answered(tmp_path: Path) -> None:
    sink = Sink()
    app = web.Application()
    app.router.add_post("/{path:.*}", sink.take)
    async with TestServer(app) as server, running(
            tmp_path, f"http://127.0.0.1:{server.port}") as webhook, \
            aiohttp.ClientSession() as session:
        buttons: dict[str, str] = {}
        turns = [("hi", "text", "return"), ("return", "text", "order number"),
                 ("12", "text", "not an order number"), ("A1234", "interactive", "reason"),
                 ("[Damaged]", "interactive", "confirm"), ("[Yes]", "text", "registered")]
        for number, (said, kind, expected) in enumerate(turns):
            title = said.strip("[]")
            message = ({"type": "interactive", "interactive": {
                "type": "button_reply", "button_reply": {"id": buttons[title], "title": title}}}
                if said != title else {"type": "text", "text": {"body": said}})
            body = delivery(number, message)
            signature = hmac.new(b"bench-app-secret", body, hashlib.sha256).hexdigest()
            async with session.post(webhook, data=body, headers={
                    "X-Hub-Signature-256": f"sha256={signature}"}) as response:
                assert response.status == 200
            reply = await asyncio.wait_for(sink.sent.get(), 10)
            assert (reply["to"].lstrip("+"), reply["type"]) == (PHONE, kind)
            assert expected in json.dumps(reply).lower()
            if kind == "interactive":
                buttons = {button["reply"]["title"]: button["reply"]["id"]
                           for button in reply["interactive"]["action"]["buttons"]}
        assert sink.sent.empty()
