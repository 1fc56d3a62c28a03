from __future__ import annotations

import asyncio
import os
import signal
import socket

import aiohttp
import pytest

from bot.clock import Clock
from bot.emulator.server import serve
from bot.emulator.settings import Customer, EmulatorSettings


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
async def test_the_emulator_alone_serves_the_phone_and_stops_when_asked_to(name: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = EmulatorSettings(
        webhook_url="http://127.0.0.1:9/none", app_secret="s", access_token="t", verify_token="v",
        phone_number_id="1", display_phone_number="+49 30 5550100", business_account_id="2",
        business_name="Trail & Co", customers=[Customer("Ada", "+491701234567")])
    serving = asyncio.create_task(serve(port, settings, Clock()))
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/") as answer:
                    assert (answer.status, answer.url.path) == (200, "/emulator")
                    assert "Trail &amp; Co" in await answer.text()
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.005)
        # An open phone must not keep the program from ending.
        async with http.ws_connect(f"http://127.0.0.1:{port}/emulator/socket") as phone:
            assert (await phone.receive_json())["type"] == "hello"
            os.kill(os.getpid(), getattr(signal, name))
            await serving
            while (await phone.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            assert phone.closed
