"""A front desk put together as in real life, with its provider on the loopback, for the desk."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from bot import app as root
from bot import config
from bot.clock import Clock, real_now
from bot.model import Address, Incoming, Json
from bot.web import auth

PASSWORD = "seven brown foxes"
Browser = ClientSession
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                    "1f15c4890000000d49444154789c6360f8cf500f0003860180"
                    "5a346d6b0000000049454e44ae426082")

CONFIG = """
server: {{host: 127.0.0.1, port: 8080, public_url: "http://127.0.0.1:8080"}}
store: sqlite:///bot.db
default_language: en
timezone: Europe/Berlin
flows: flows
templates: templates
channels:
  main:
    provider: meta
    phone_number_id: "106540352242922"
    business_account_id: "102290129340398"
    graph_url: {graph}
    app_secret: ${{SECRET}}
    access_token: ${{TOKEN}}
    verify_token: ${{VERIFY}}
    limits: {{per_second: off, per_pair: off, flood: off}}
    receipts: {{read: off, typing: off}}
reminders: {{after: 23h}}
public: {{shop_name: Trail & Co}}
handoff: {{default: support, queues: {{support: {{hours: "Mon-Sun 00:00-24:00"}}}}}}
"""

FLOW = """
flow: returns
title: {en: Return an item, zh: 退货}
queue: support
triggers:
  keywords: {en: [return], zh: [退货]}
slots:
  number: {type: text, label: {en: Order number, zh: 订单号}}
  why: {type: text, label: {en: Reason, zh: 原因}}
steps:
  ask_number:
    say: {en: "Which order is it?", zh: 请提供订单号。}
    ask: number
  ask_why:
    say: {en: "What is wrong with it?", zh: 请说明原因。}
    ask: why
  person:
    say: {en: "A colleague takes over.", zh: 同事会接手。}
    handoff: {priority: high, note: "Return of {{ number }}"}
"""


@dataclass(slots=True)
class Provider:
    """Plays the Graph API: keeps what it was sent, hands out one picture."""

    sent: list[Json] = field(default_factory=list)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    url: str = ""
    _ids: Any = field(default_factory=itertools.count)

    def texts(self) -> list[str]:
        return [m["text"]["body"] for m in self.sent if m.get("type") == "text"]

    async def send(self, request: web.Request) -> web.Response:
        message = await request.json()
        self.sent.append(message)
        return web.json_response({"messages": [{"id": f"wamid.out{next(self._ids)}"}],
                                  "messaging_product": "whatsapp", "contacts": []})

    async def describe(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        if id_ not in self.media:
            return web.json_response({"error": {"message": "gone", "code": 100}}, status=400)
        kind, body = self.media[id_]
        return web.json_response({"id": id_, "mime_type": kind, "file_size": len(body),
                                  "url": f"{self.url}/file/{id_}"})

    async def file(self, request: web.Request) -> web.Response:
        kind, body = self.media[request.match_info["id"]]
        return web.Response(body=body, headers={"Content-Type": kind})


@dataclass(slots=True)
class House:
    """The open front desk, its provider, and people who write to it."""

    frontdesk: root.Frontdesk
    provider: Provider
    server: TestServer
    clock: Clock
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def store(self) -> Any:
        return self.frontdesk.store

    async def agent(self, login: str = "maria", name: str = "Maria") -> Any:
        return await self.store.desk.add_agent(login, name, password_hash())

    async def hears(self, text: str | Json, phone: str = "4915112345",
                    name: str | None = "Ana") -> str:
        """A customer writes; answers with the id of the conversation."""
        content = {"type": "text", "text": text} if isinstance(text, str) else text
        await self.frontdesk.inbox.accept([Incoming(
            "main", f"wamid.in{next(self._ids)}", (Address("phone", phone),), content,
            self.clock.now(), name)])
        page = await self.store.desk.conversations(limit=200)
        return str(next(row.id for row in page.rows if row.phone == phone))

    async def wants_a_person(self, phone: str = "4915112345", name: str | None = "Ana",
                             number: str = "AB123456", why: str = "it broke") -> str:
        """A conversation in the queue."""
        for text in ("return", number, why):
            conversation = await self.hears(text, phone, name)
        return conversation

    @contextlib.asynccontextmanager
    async def browser(self, login: str | None = None) -> AsyncIterator[Browser]:
        """A browser with cookies of its own; signed in already where a login is given."""
        jar = CookieJar(unsafe=True)  # the server's name is a number
        async with ClientSession(str(self.server.make_url("")), cookie_jar=jar) as browser:
            if login is not None:
                token = await auth.sign_in(self.store, await self.store.desk.agent(login),
                                           real_now())
                jar.update_cookies({"session": token}, self.server.make_url("/"))
            yield browser


@contextlib.asynccontextmanager
async def opened(folder: Path, clock: Clock, port: int | None = None) -> AsyncIterator[House]:
    provider = Provider()
    graph = web.Application()
    graph.add_routes([web.post("/v23.0/{number}/messages", provider.send),
                      web.get("/v23.0/{id}", provider.describe),
                      web.get("/file/{id}", provider.file)])
    async with TestServer(graph) as provided:
        provider.url = str(provided.make_url("")).rstrip("/")
        (folder / "flows").mkdir()
        (folder / "templates").mkdir()
        (folder / "flows" / "returns.yaml").write_text(FLOW, "utf-8")
        (folder / "config.yaml").write_text(CONFIG.format(graph=f"{provider.url}/v23.0"), "utf-8")
        settings = config.load(folder / "config.yaml",
                               {"SECRET": "app-secret-x", "TOKEN": "token-x", "VERIFY": "word-x"})
        async with root.assemble(settings, clock) as frontdesk:
            server = TestServer(frontdesk.web, port=port)
            sending = asyncio.create_task(frontdesk.outbox.run())
            try:
                async with server:
                    yield House(frontdesk, provider, server, clock)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
                await frontdesk.outbox.finish()


@cache
def password_hash() -> str:
    return auth.hash_password(PASSWORD)


# -- What a browser does with a page ----------------------------------------------------------


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with that action."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form is not None, f"no form for {action} in the page"
    return {unescape(name): unescape(value) for name, value in re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[0])}


async def sign_in(browser: Browser, login: str = "maria", password: str = PASSWORD,
                  wanted: str = "/desk", **headers: str) -> ClientResponse:
    page = await (await browser.get("/desk/sign-in", params={"next": wanted})).text()
    return await browser.post("/desk/sign-in", allow_redirects=False, headers=headers, data={
        **fields(page, "/desk/sign-in"), "login": login, "password": password})


async def press(browser: Browser, conversation: str, action: str,
                **more: Any) -> ClientResponse:
    """Press a button of the conversation's page as it stands now."""
    page = await (await browser.get(f"/desk/c/{conversation}")).text()
    return await post(browser, conversation, action, fields(
        page, f"/desk/c/{conversation}/{action}"), **more)


async def post(browser: Browser, conversation: str, action: str,
               form: dict[str, str], *, text: str | None = None, htmx: bool = False
               ) -> ClientResponse:
    data = form if text is None else {**form, "text": text}
    return await browser.post(f"/desk/c/{conversation}/{action}", data=data, allow_redirects=False,
                              headers={"HX-Request": "true"} if htmx else {})
