"""The business behind the bot: its backend, and an agent at the desk."""

from __future__ import annotations

import asyncio
import random
import re
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from troubles import CutOff

from bot.clock import real_now
from bot.store.store import Store
from bot.web import auth


@dataclass
class Shop:
    """A backend that notes what it was asked to do, by the word that stands in each request."""

    dice: random.Random
    trouble: float = 0.05  #: how often a request goes wrong
    url: str = ""
    #: Word -> the keys under which it was changed; each key changes it once.
    changes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pays: Counter[str] = field(default_factory=Counter)

    def _goes_wrong(self) -> bool:
        return self.dice.random() < self.trouble

    async def look(self, request: web.Request) -> web.StreamResponse:
        if self._goes_wrong():
            return web.Response(status=503)
        return web.json_response({"value": "looked"})

    async def change(self, request: web.Request) -> web.StreamResponse:
        word = (await request.json())["word"]
        if self._goes_wrong():
            return web.Response(status=503)
        self.changes[word][request.headers["Idempotency-Key"]] += 1
        return CutOff() if self._goes_wrong() else web.json_response({"value": "changed"})

    async def pay(self, request: web.Request) -> web.StreamResponse:
        self.pays[(await request.json())["word"]] += 1
        return CutOff() if self._goes_wrong() else web.json_response({"value": "paid"})


@asynccontextmanager
async def shop(dice: random.Random) -> AsyncIterator[Shop]:
    made = Shop(dice)
    app = web.Application()
    app.add_routes([web.get("/look/{word}", made.look), web.post("/change", made.change),
                    web.post("/pay", made.pay)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@dataclass
class Agent:
    """Somebody at the desk, who presses a button until it has worked."""

    token: str
    url: Callable[[], str]  #: of a process that may be alive

    @classmethod
    async def hired(cls, store: Store, url: Callable[[], str]) -> Agent:
        agent = await store.desk.add_agent("kim", "Kim", auth.hash_password("seven brown foxes"))
        return cls(await auth.sign_in(store, agent, real_now()), url)

    async def act(self, conversation: str, action: str, until: float, text: str = "") -> None:
        client_id = str(uuid.uuid4())
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(3), aiohttp.ClientSession(
                        self.url(), cookies={"session": self.token},
                        cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
                    async with browser.get(f"/desk/c/{conversation}") as answer:
                        found = re.search(r'name="csrf" value="([^"]+)"', await answer.text())
                    if found is not None:
                        async with browser.post(
                                f"/desk/c/{conversation}/{action}", allow_redirects=False,
                                data={"csrf": found[1], "client_id": client_id, "text": text},
                                ) as answer:
                            if answer.status == 303:
                                return
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.05)
        raise AssertionError(f"the desk never took {action}")
