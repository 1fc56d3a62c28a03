"""What people may write, by the whole path: the same in both stores, shown apart, sent whole."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import regex

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import Provider, delivery, message, shown, signed
from serving import served
from storing import rows
from unicode_texts import kept, texts

from bot.clock import Clock
from bot.web import auth

TEXTS = texts()
CONTROL = regex.compile(r"[\p{Cc}--\n\t]", regex.VERSION1)
ECHO = """
flow: echo
title: Echo
triggers: {keywords: [tell]}
slots:
  words: {type: text, label: Words}
steps:
  ask:
    say: Yes?
    ask: words
  answer:
    say: "<{{ words }}>"
    end: done
"""


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:////{tmp_path}/bot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


def written(number: int, text: str) -> list[dict[str, Any]]:
    """Everything that a person can put a text into; each text has a person of its own."""
    who = phone(number)
    base = {"from": who, "timestamp": "1760000000"}
    return [message(who, f"{number}t", text),
            {**base, "id": f"wamid.{number}d", "type": "document", "document": {
                "id": "1", "mime_type": "application/pdf", "caption": text, "filename": text}},
            {**base, "id": f"wamid.{number}b", "type": "interactive", "interactive": {
                "type": "button_reply", "button_reply": {"id": text[:200], "title": text}}},
            {**base, "id": f"wamid.{number}l", "type": "location", "location": {
                "latitude": 1, "longitude": 2, "name": text, "address": text}},
            {**base, "id": f"wamid.{number}c", "type": "contacts", "contacts": [
                {"name": {"formatted_name": text}, "phones": [{"phone": text}]}]}]


def phone(number: int) -> str:
    return f"49{number:06}"


def wanted(number: int, text: str) -> list[dict[str, Any]]:
    """What the store must hold of it, in the order of `written`."""
    text, tap = kept(text), kept(text[:200])
    some = {"text": text} if text else {}
    named = {"name": text} if text else {}
    addressed = {"address": text} if text else {}
    return [
        {"type": "text", "text": text},
        {"type": "document", "media": {"id": "1", "mime_type": "application/pdf", **named},
         **some},
        ({"type": "tap", "id": tap, "title": text} if tap or text else
         {"type": "unknown", "what": "the button_reply is empty"}),
        {"type": "location", "latitude": 1.0, "longitude": 2.0, **named, **addressed},
        {"type": "contacts", "contacts": [{"name": text, "phones": [text] if text else []}]}]


async def deliver(url: str, written: Callable[[int, str], list[dict[str, Any]]],
                  said: list[tuple[int, str]]) -> None:
    """What these people write, ten of them in a delivery; each is named as they write."""
    async with aiohttp.ClientSession() as session:
        for at in range(0, len(said), 10):
            some = said[at:at + 10]
            tree = json.loads(delivery(*(item for each in some for item in written(*each))))
            tree["entry"][0]["changes"][0]["value"]["contacts"] = [
                {"wa_id": phone(number), "profile": {"name": text}} for number, text in some]
            try:  # half of them written out, half escaped, as all halves of pairs must be
                body = json.dumps(tree, ensure_ascii=at % 20 == 0).encode()
            except UnicodeEncodeError:
                body = json.dumps(tree).encode()
            async with session.post(f"{url}/webhooks/main", data=io.BytesIO(body),
                                    headers=signed(body)) as answer:
                assert answer.status == 200, body[:300]


async def test_every_text_is_kept_as_it_came_and_shown_apart_from_the_page(
        project: Path, sink: Provider, clock: Clock, store_url: str) -> None:
    assert len(TEXTS) >= 500
    async with served(project, sink, clock, store_url) as (frontdesk, url):
        await deliver(url, written, list(enumerate(TEXTS)))
        found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for row in await rows(frontdesk.store._db, (
                "select c.phone, m.content, c.name, v.id from message m "
                "join conversation v on v.id = m.conversation join contact c on c.id = v.contact "
                "where m.direction = 'in' order by m.id")):
            found[row[0]].append(row)
        for number, text in enumerate(TEXTS):
            contents = [json.loads(row[1]) for row in found[phone(number)]]
            assert contents == wanted(number, text), (number, text[:80])
            assert {row[2] for row in found[phone(number)]} == {kept(text).strip() or None}
        await frontdesk.store.desk.add_agent("ana", "Ana", auth.hash_password("seven brown foxes"))
        agent = await frontdesk.store.desk.agent("ana")
        token = await auth.sign_in(frontdesk.store, agent, clock.now())
        async with aiohttp.ClientSession(cookies={"session": token}) as browser:
            for number, text in list(enumerate(TEXTS))[::7]:
                conversation = found[phone(number)][0][3]
                async with browser.get(f"{url}/desk/c/{conversation}") as page:
                    assert page.status == 200, text[:80]
                    html = await page.text()
                isolated = [unescape(re.sub(r"<br>", "\n", each)) for each in re.findall(
                    r"<(?:bdi|p|div|span|h1|h2)[^>]*dir=\"auto\"[^>]*>(.*?)</|<bdi[^>]*>(.*?)</bdi>",
                    html, re.DOTALL) for each in each if each]
                name = kept(text).strip()
                if name and "\r" not in name:
                    assert any(name[:40] in each for each in isolated), (number, text[:80])
                assert "<script>alert" not in html


async def test_what_is_said_again_is_whole_and_within_the_limits(
        project: Path, sink: Provider, clock: Clock, store_url: str,
        eventually: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]) -> None:
    (project.parent / "flows" / "echo.yaml").write_text(ECHO)
    said = [(n, text) for n, text in enumerate(TEXTS) if kept(text).strip()]
    async with served(project, sink, clock, store_url) as (_, url):
        await deliver(url, lambda n, text: [message(phone(n), "e", "tell"),
                                            message(phone(n), "f", text)], said)

        async def answered() -> bool:
            """The long answers come in pieces."""
            return all(len(sends) > 1 and (sends[1][0] != "<" or sends[-1][-1] in (">", "…"))
                       for sends in (replies(sink, n) for n, _ in said))

        await eventually(answered)
    echoed = 0
    for number, text in said:
        pieces = replies(sink, number)[1:]
        assert all(len(piece.encode("utf-16-le")) // 2 <= 4_096 for piece in pieces), text[:80]
        reply = "".join(pieces)
        if not reply.startswith("<"):
            continue  # nothing that can be said, or a command
        echoed += 1
        words = CONTROL.sub("", kept(text)).strip()  # those have no place in an answer
        if reply.endswith(">"):
            assert squeezed(reply[1:-1]) == squeezed(words), (number, text[:80])
        else:  # cut
            assert len(reply) > 4_000
            assert words.startswith(reply[1:-1])
        ends = {1 + each.end() for each in regex.finditer(r"\X", words[:9_000])}
        at = 0
        for piece in pieces[:-1]:
            at += len(piece)
            assert at in ends, (number, text[:80])
        if reply.endswith("…"):
            assert len(reply) - 1 in ends, (number, text[:80])
    assert echoed > 450


def replies(sink: Provider, number: int) -> list[str]:
    return [shown(each) for each in sink.ledger.sends[phone(number)]]


def squeezed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
