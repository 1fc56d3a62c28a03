"""A provider that keeps a ledger, a bot in a process that can be killed, and people who write.

The load is the project of tests/bench/load: six turns to a conversation, one reply to each.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "bench" / "load" / "config.yaml"
SECRET = b"bench-app-secret"
NUMBER = "100200300"

#: What a person says or presses, and a word of what must come back.
SCRIPT = (("say", "hi", "return"), ("say", "return", "order number"),
          ("say", "12", "not an order number"), ("say", "A1234", "reason"),
          ("press", "Damaged", "confirm"), ("press", "Yes", "registered"))


@dataclass
class Ledger:
    """Everything that the provider took, by person, in the order of its coming."""

    sends: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list))
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    count: int = 0
    #: Called with each message that the provider takes, and the id that it gives it.
    taken: list[Callable[[dict[str, Any], str], None]] = field(default_factory=list)


@dataclass
class Provider:
    """Meta's sending, as a script wants it: `trouble` may answer in its place."""

    url: str
    ledger: Ledger
    #: (number of the request, body) -> a response, or None to take the message.
    trouble: Callable[[int, dict[str, Any]], Any] | None = None
    requests: int = 0


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider on the loopback for as long as the context lasts."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    ledger = Ledger()
    made = Provider("", ledger)

    async def messages(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        if "status" in body:
            return web.json_response({"success": True})
        made.requests += 1
        if made.trouble is not None:
            answer = made.trouble(made.requests, body)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer is not None:
                return answer
        return web.json_response({"messages": [{"id": await take(ledger, body)}]})

    app.router.add_post("/v23.0/{number}/messages", messages)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def take(ledger: Ledger, body: dict[str, Any]) -> str:
    """The provider takes a message: it is in the ledger from now on."""
    async with ledger.came:
        ledger.count += 1
        ledger.sends[body["to"].lstrip("+")].append(body)
        ledger.came.notify_all()
        provider_id = f"wamid.OUT{ledger.count}"
        for hear in ledger.taken:
            hear(body, provider_id)
        return provider_id


def shown(body: dict[str, Any]) -> str:
    """The text of a message that was sent."""
    if body["type"] == "text":
        return str(body["text"]["body"])
    return str(body["interactive"]["body"]["text"])


def buttons(body: dict[str, Any]) -> dict[str, str]:
    action = body.get("interactive", {}).get("action", {})
    return {b["reply"]["title"]: b["reply"]["id"] for b in action.get("buttons", ())}


def delivery(*messages: dict[str, Any], statuses: tuple[dict[str, Any], ...] = ()) -> bytes:
    """A webhook with these messages, as Meta would post it."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": NUMBER}}
    if messages:
        value["contacts"] = [{"profile": {"name": "Customer"}, "wa_id": m["from"]}
                             for m in messages]
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return json.dumps({"object": "whatsapp_business_account", "entry": [
        {"id": "400500600", "changes": [{"field": "messages", "value": value}]}]}).encode()


def message(who: str, number: object, text: str | None = None,
            tap: tuple[str, str] | None = None) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "text", "text": {"body": text}}
    if tap is not None:
        part = {"type": "interactive", "interactive": {
            "type": "button_reply", "button_reply": {"id": tap[0], "title": tap[1]}}}
    return {"from": who, "id": f"wamid.{who}.{number}", "timestamp": str(int(time.time())), **part}


def signed(body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json",
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Bot:
    """`bot run` in a process of its own, on a store that outlives it: its file, or another."""

    store: Path
    provider: Provider
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    config: Path = CONFIG
    url_of_store: str = ""
    arguments: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, failpoints: str = "") -> None:
        """Start and wait until it serves (or has been killed by a failpoint on the way)."""
        self.spawn(failpoints)
        await self.served()

    def spawn(self, failpoints: str = "") -> None:
        self.starts += 1
        with (self.store.with_suffix(".log")).open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run", "--config", str(self.config),
                 *self.arguments],
                stdout=log, stderr=log,
                env={**os.environ, **self.environment(), "BOT_FAILPOINTS": failpoints})

    def environment(self) -> dict[str, str]:
        """What its configuration asks the environment for."""
        return {"PYTHONPATH": str(ROOT), "BENCH_PORT": str(self.port),
                "BENCH_SINK": self.provider.url,
                "BENCH_STORE": self.url_of_store or f"sqlite:////{self.store}", **self.environ}

    async def served(self, within: float = 60.0) -> None:
        """Wait until it serves or is dead."""
        assert self.process is not None
        deadline = time.monotonic() + within
        async with aiohttp.ClientSession() as session:
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)
        if self.process.poll() is None:
            raise AssertionError("the bot did not come up\n" + self.log())

    @property
    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def log(self) -> str:
        return self.store.with_suffix(".log").read_text()


@dataclass
class Person:
    """Somebody who walks through the script, again and again, and delivers as Meta does: until
    a 200 comes."""

    who: str
    bot: Bot
    session: aiohttp.ClientSession
    sent: int = 0
    acknowledged: list[str] = field(default_factory=list)

    async def deliver(self, body: bytes, until: float) -> bool:
        while time.monotonic() < until:
            try:
                async with self.session.post(f"{self.bot.url}/webhooks/main", data=body,
                                             headers=signed(body)) as answer:
                    if answer.status == 200:
                        return True
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(0.05)
        return False

    async def replies(self, count: int, until: float) -> list[dict[str, Any]]:
        """The first so many different replies; a copy of one (same tag) does not count again."""
        ledger = self.bot.provider.ledger
        while True:
            async with ledger.came:
                found = different(ledger.sends[self.who])
                if len(found) >= count:
                    return found
                try:
                    async with asyncio.timeout(max(0.01, until - time.monotonic())):
                        await ledger.came.wait()
                except TimeoutError:
                    raise AssertionError(
                        f"{self.who} has {len(found)} of {count} replies\n"
                        f"{self.bot.log()[-3000:]}") from None

    async def walk(self, conversations: int, until: float) -> None:
        """Every reply must be the one that the turn asks for, in order."""
        for _ in range(conversations):
            for kind, words, expected in SCRIPT:
                before = different(self.bot.provider.ledger.sends[self.who])
                tap = (buttons(before[-1])[words], words) if kind == "press" else None
                item = message(self.who, self.sent, words, tap)
                assert await self.deliver(delivery(item), until), "never acknowledged"
                self.sent += 1
                self.acknowledged.append(item["id"])
                reply = (await self.replies(self.sent, until))[self.sent - 1]
                assert expected in shown(reply).lower(), (
                    f"{self.who} said {words!r} and got {shown(reply)!r}")


def different(sends: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages without later copies of the same one."""
    seen: dict[str, dict[str, Any]] = {}
    for body in sends:
        seen.setdefault(body["biz_opaque_callback_data"], body)
    return list(seen.values())
