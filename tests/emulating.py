"""The emulator as tests meet it: mounted in an application, over HTTP, with a bot behind it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bot.clock import Clock
from bot.emulator import Customer, EmulatorSettings, application

SECRET, TOKEN, VERIFY = "app-secret", "access-token", "verify-token"
NUMBER, ACCOUNT, PHONE = "100200300", "900800700", "+49 30 5550100"
ADA, ADA_PHONE, SAM = "ada", "+491701234567", "sam"
CUSTOMERS = (Customer("Ada", ADA_PHONE), Customer("Sam"), Customer("李雷", "8613800138000", "zh"))

Json = dict[str, Any]


@dataclass
class Bot:
    """Takes deliveries; a test tells it what to answer, and maybe what to do with them."""

    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  #: the next answers; 200 when there are none
    act: Callable[[Json], None] | None = None

    async def take(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            if request.query.get("hub.verify_token") != VERIFY:
                return web.Response(status=403)
            return web.Response(text=request.query["hub.challenge"])
        body = await request.read()
        status = self.statuses.pop(0) if self.statuses else 200
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == f"sha256={expected}"
        if status == 200 and self.act:
            self.act(json.loads(body))
        return web.Response(status=status)

    def values(self) -> list[Json]:
        """What the deliveries say, without the envelope."""
        return [json.loads(body)["entry"][0]["changes"][0]["value"] for body in self.bodies]

    def messages(self) -> list[Json]:
        return [message for value in self.values() for message in value.get("messages", [])]

    def statuses_of(self, message_id: str) -> list[Json]:
        return [status for value in self.values() for status in value.get("statuses", [])
                if status["id"] == message_id]


@dataclass
class World:
    """An emulator and its bot."""

    host: str
    clock: Clock
    bot: Bot
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"{self.host}/emulator"

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None,
                  raw: bytes | None = None) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        data = raw if raw is not None else None if body is None else json.dumps(body)
        async with self.http.request(method, self.url + path, data=data, headers=headers) as answer:
            return answer.status, await answer.json()

    async def graph(self, body: Json | None = None, *, to: str = ADA_PHONE, **message: Any
                    ) -> tuple[int, Json]:
        """Send as the bot: a whole body, or a message with the envelope put around it."""
        if body is None:
            body = {"messaging_product": "whatsapp", "to": to, **message}
        return await self.ask("POST", f"/v23.0/{NUMBER}/messages", body, token=TOKEN)

    async def sent(self, **message: Any) -> str:
        """Send as the bot and return the id; the message has to be taken."""
        status, answer = await self.graph(**message)
        assert status == 200, answer
        return str(answer["messages"][0]["id"])

    async def refused(self, **message: Any) -> int:
        """Send as the bot and return the code of the refusal."""
        status, answer = await self.graph(**message)
        assert status >= 400, answer
        return int(answer["error"]["code"])

    async def say(self, customer: str = ADA, **what: Any) -> Json:
        """Speak as a customer; returns the message."""
        status, answer = await self.ask("POST", f"/api/customers/{customer}/messages", what)
        assert status == 201, answer
        message: Json = answer["message"]
        return message

    async def log(self, customer: str = ADA, query: str = "") -> list[Json]:
        status, answer = await self.ask("GET", f"/api/customers/{customer}/messages{query}")
        assert status == 200, answer
        messages: list[Json] = answer["messages"]
        return messages

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until a condition holds; fail after ten seconds."""
        async with asyncio.timeout(10):
            while not (found := condition()):
                await asyncio.sleep(0.005)
        return found


@asynccontextmanager
async def world(**changes: Any) -> AsyncIterator[World]:
    """An emulator that hurries, mounted at /emulator, and its bot."""
    bot, clock = Bot(), Clock()
    app = web.Application()
    app.router.add_route("*", "/webhooks/main", bot.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    # The port has to be known before the emulator is made, so the server listens in two steps.
    probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    host = f"http://127.0.0.1:{port}"
    given: Json = {"webhook_url": f"{host}/webhooks/main", "app_secret": SECRET,
                   "access_token": TOKEN, "verify_token": VERIFY, "phone_number_id": NUMBER,
                   "display_phone_number": PHONE, "business_account_id": ACCOUNT,
                   "business_name": "Trail & Co", "customers": CUSTOMERS, "sent_after": 0.001,
                   "delivered_after": 0.001, "read_after": 0.001, "webhook_backoff": 0.01}
    app.add_subapp("/emulator", application(EmulatorSettings(**{**given, **changes}), clock))
    async with aiohttp.ClientSession() as http:
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield World(host, clock, bot, http)
        finally:
            await runner.cleanup()


def buttons(*titles: str, **more: Any) -> Json:
    """An interactive message with reply buttons."""
    return {"type": "interactive", "interactive": {
        "type": "button", "body": {"text": "Which?"}, **more,
        "action": {"buttons": [{"type": "reply", "reply": {"id": f"id-{title}", "title": title}}
                               for title in titles]}}}


def rows(*titles: str, sections: int = 1) -> Json:
    """An interactive message with a list, its rows dealt out to the sections."""
    dealt: list[Json] = [{"title": f"Part {number}", "rows": []} for number in range(sections)]
    for number, title in enumerate(titles):
        dealt[number % sections]["rows"].append({"id": f"id-{title}", "title": title,
                                                 "description": f"about {title}"})
    return {"type": "interactive", "interactive": {
        "type": "list", "body": {"text": "Which?"},
        "action": {"button": "Choose", "sections": dealt}}}


def text(words: str) -> Json:
    return {"type": "text", "text": {"body": words}}
