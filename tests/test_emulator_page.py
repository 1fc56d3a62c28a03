"""The phone's page, its files and its socket, and the JSON API, without a browser."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

import aiohttp
import pytest

from bot.emulator import samples
from tests.emulating import ADA_PHONE, World, buttons, text, world


@pytest.fixture
async def w() -> AsyncIterator[World]:
    async with world(hints=["Write `<b>hi</b>`"], business_name="Trail <&> Co") as made:
        yield made


@pytest.mark.parametrize("path", ["/emulator", "/emulator/"])
async def test_every_link_of_the_page_works_with_and_without_a_slash(w: World, path: str) -> None:
    async with w.http.get(w.host + path) as answer:
        assert answer.status == 200
        page = await answer.text()
        links = re.findall(r'(?:href|src)="([^"]+)"', page)
        assert len(links) >= 7
        for link in links:
            assert not re.match(r"[a-z]+:|/", link)
            async with w.http.get(answer.url.join(aiohttp.client.URL(link))) as linked:
                assert linked.status == 200, link


async def test_the_page_runs_no_script_and_style_but_its_own(w: World) -> None:
    async with w.http.get(w.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page)


async def test_names_and_hints_are_text(w: World) -> None:
    async with w.http.get(w.url) as answer:
        page = await answer.text()
    assert "Trail &lt;&amp;&gt; Co" in page
    assert "&lt;b&gt;hi&lt;/b&gt;" in page


def test_the_scripts_build_no_markup_from_text() -> None:
    for item in (resources.files("bot.emulator") / "static").iterdir():
        if item.name.endswith(".js"):
            source = item.read_text("utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|"
                                 r"https?://(?!www\.(w3|openstreetmap)\.org)\w", source), item.name


async def test_every_module_that_a_script_imports_is_there(w: World) -> None:
    home = resources.files("bot.emulator") / "static"
    for item in home.iterdir():
        if item.name.endswith(".js"):
            for name in re.findall(r'from "\./([^"]+)"', item.read_text("utf-8")):
                async with w.http.get(f"{w.url}/static/{name}") as answer:
                    assert answer.status == 200
                    assert answer.headers["Content-Type"].startswith("text/javascript")


async def test_static_files_are_asked_for_once(w: World) -> None:
    async with w.http.get(f"{w.url}/static/main.js") as first:
        tag = first.headers["ETag"]
    async with w.http.get(f"{w.url}/static/main.js", headers={"If-None-Match": tag}) as again:
        assert again.status == 304
    for name in ("nothing.js", "..%2Fsettings.py"):
        async with w.http.get(f"{w.url}/static/{name}") as answer:
            assert answer.status == 404


async def _file(w: World, data: bytes, mime_type: str) -> str:
    said = await w.say(document={"data": base64.b64encode(data).decode(), "mime_type": mime_type,
                                 "name": "a\"b/ü.html"})
    return f"{w.url}/files/{said['media']['id']}"


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "application/pdf"])
async def test_a_file_that_could_run_is_saved_and_never_shown(w: World, mime_type: str) -> None:
    async with w.http.get(await _file(w, b"<script>alert(1)</script>", mime_type)) as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("wanted", "status", "part"), [
    ("bytes=0-3", 206, b"abcd"), ("bytes=4-", 206, b"ef"), ("bytes=-2", 206, b"ef"),
    ("bytes=9-", 416, b""), ("lines=1", 200, b"abcdef"),
])
async def test_a_part_of_a_file_can_be_had(
        w: World, wanted: str, status: int, part: bytes) -> None:
    url = await _file(w, b"abcdef", "video/mp4")
    async with w.http.get(url, headers={"Range": wanted}) as answer:
        assert (answer.status, await answer.read()) == (status, part)


async def _event(socket: aiohttp.ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            event: dict[str, Any] = await socket.receive_json()
            if wanted.items() <= event.items():
                return event


async def test_the_socket_tells_everything_and_then_what_changes(w: World) -> None:
    await w.say(text="before")
    async with w.http.ws_connect(f"{w.url}/socket") as socket:
        hello = await _event(socket, type="hello")
        assert hello["business"]["name"] == "Trail <&> Co"
        assert [one["text"] for one in hello["customers"][0]["messages"]] == ["before"]
        sent = await w.sent(**buttons("Yes"))
        event = await _event(socket, type="message", customer="ada")
        while event["message"]["id"] != sent:
            event = await _event(socket, type="message", customer="ada")
        assert event["message"]["choices"][0]["title"] == "Yes"
        await w.ask("POST", "/clock", {"advance": "23h"})
        assert (await _event(socket, type="clock"))["offset"] == 23 * 3_600_000


async def test_a_message_is_read_when_its_chat_is_on_a_screen_and_not_before(w: World) -> None:
    await w.say(text="hello")
    sent = await w.sent(**text("hi"))
    await w.until(lambda: len(w.bot.statuses_of(sent)) == 2)
    assert (await w.ask("GET", "/api/customers/ada"))[1]["customer"]["unread"] == 1
    async with w.http.ws_connect(f"{w.url}/socket") as socket:
        await socket.send_json({"shown": ["ada"]})
        await w.until(lambda: len(w.bot.statuses_of(sent)) == 3)
        seen = await w.sent(**text("and this"))
        await w.until(lambda: len(w.bot.statuses_of(seen)) == 3)
        await socket.send_json({"shown": []})
        await socket.send_str("no json at all")
    assert w.bot.statuses_of(seen)[-1]["status"] == "read"


async def test_typing_is_shown_and_ends_with_the_reply(w: World) -> None:
    said = await w.say(text="hello")
    async with w.http.ws_connect(f"{w.url}/socket") as socket:
        await _event(socket, type="hello")
        await w.graph({"messaging_product": "whatsapp", "status": "read", "message_id": said["id"],
                       "typing_indicator": {"type": "text"}})
        assert (await _event(socket, type="typing", customer="ada"))["on"] is True
        await w.sent(**text("hi"))
        assert (await _event(socket, type="typing", customer="ada"))["on"] is False


async def test_pages_of_other_sites_are_shut_out(w: World) -> None:
    headers = {"Origin": "https://evil.example"}
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await w.http.ws_connect(f"{w.url}/socket", headers=headers)
    async with w.http.post(f"{w.url}/api/customers", json={"name": "Eve"},
                           headers=headers) as answer:
        assert answer.status == 403
    async with w.http.post(f"{w.url}/api/customers", json={"name": "Eve"},
                           headers={"Origin": w.host}) as answer:
        assert answer.status == 201


@pytest.mark.parametrize(("step", "hours"), [
    ("23h", 23.0), ("1d 2h", 26.0), ("90m", 1.5), ("1d2h30m", 26.5), (" 3600s ", 1.0)])
async def test_the_clock_moves_forward(w: World, step: str, hours: float) -> None:
    before = w.clock.now()
    status, answer = await w.ask("POST", "/clock", {"advance": step})
    assert status == 200
    assert answer["offset"] == w.clock.offset == int(hours * 3_600_000)
    assert abs(answer["now"] - before - hours * 3_600_000) < 10_000
    assert (await w.ask("GET", "/clock"))[1]["offset"] == answer["offset"]


@pytest.mark.parametrize("step", ["-1h", "0h", "h", "soon", "1w", "", None, 5, "99999d"])
async def test_the_clock_never_moves_otherwise(w: World, step: Any) -> None:
    assert (await w.ask("POST", "/clock", {"advance": step}))[0] == 400
    assert w.clock.offset == 0


async def test_customers_are_added_with_and_without_a_phone(w: World) -> None:
    status, answer = await w.ask("POST", "/api/customers", {
        "name": "Bea Ray", "phone": "+44 20 7946 0000", "language": "fr"})
    assert (status, answer["customer"]["id"]) == (201, "bea-ray")
    assert answer["customer"]["phone"] == "442079460000"
    assert answer["customer"]["user_id"].startswith("FR.")
    status, answer = await w.ask("POST", "/api/customers", {"name": "Bea Ray", "phone": None})
    assert (answer["customer"]["id"], answer["customer"]["phone"]) == ("bea-ray-2", None)
    assert await w.say("bea-ray-2", text="hello")


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"name": 5}, {"name": "A", "phone": "abc"},
                                  {"name": "A", "phone": "12"}, {"name": "A", "age": "5"},
                                  {"name": "A", "language": "<b>"}])
async def test_a_customer_that_cannot_be_is_refused(w: World, body: dict[str, Any]) -> None:
    assert (await w.ask("POST", "/api/customers", body))[0] == 400


async def test_there_are_no_more_customers_and_messages_than_are_kept() -> None:
    async with world(keep_customers=3, keep_messages=5) as w:
        assert (await w.ask("POST", "/api/customers", {"name": "Eve"}))[0] == 400
        first = await w.say(text="0")
        for number in range(1, 8):
            await w.say(text=str(number))
        assert [one["text"] for one in await w.log()] == ["3", "4", "5", "6", "7"]
        status, _ = await w.ask("POST", "/api/customers/ada/messages",
                                {"text": "a", "reply_to": first["id"]})
        assert status == 400


async def test_the_oldest_files_make_room() -> None:
    async with world(keep_media=10_000) as w:
        first = await w.say(image={"sample": True})
        for _ in range(2):
            await w.say(image={"sample": True})
        async with w.http.get(f"{w.url}/files/{first['media']['id']}") as answer:
            assert answer.status == 404


async def test_a_long_poll_waits_for_the_first_message(w: World) -> None:
    await w.say(text="hello")
    asked = asyncio.create_task(w.ask(
        "GET", "/api/customers/ada/messages?from=business&after=1&wait=30"))
    await asyncio.sleep(0)
    await w.sent(**text("hi"))
    async with asyncio.timeout(10):
        _, answer = await asked
    assert [one["text"] for one in answer["messages"]] == ["hi"]
    assert answer["next"] == answer["messages"][0]["seq"]
    _, answer = await w.ask("GET", f"/api/customers/ada/messages?after={answer['next']}")
    assert answer["messages"] == []


@pytest.mark.parametrize("query", ["?after=x", "?wait=x", "?from=nobody", "?wait=nan"])
async def test_a_question_that_makes_no_sense_is_refused(w: World, query: str) -> None:
    assert (await w.ask("GET", f"/api/customers/ada/messages{query}"))[0] == 400
    assert (await w.ask("GET", "/api/customers/nobody/messages"))[0] == 404


async def test_a_file_can_come_in_a_form(w: World) -> None:
    form = aiohttp.FormData()
    form.add_field("kind", "image")
    form.add_field("caption", "look")
    form.add_field("file", samples.make("image").data, filename="x.png", content_type="text/html")
    async with w.http.post(f"{w.url}/api/customers/ada/messages", data=form) as answer:
        said = (await answer.json())["message"]
    assert said["body"]["caption"] == "look"
    assert said["media"]["mime_type"] == "image/png"


@pytest.mark.parametrize("kind", list(samples.MAKERS))
def test_every_sample_is_what_it_says(kind: str) -> None:
    from bot.emulator.media import plain, sniff

    made = samples.make(kind)
    assert sniff(made.data) == plain(made.mime_type)


async def test_the_number_of_a_customer_can_be_written_as_people_do(w: World) -> None:
    await w.say(text="hello")
    spaced = f"{ADA_PHONE[:3]} {ADA_PHONE[3:6]}-{ADA_PHONE[6:]}"
    assert (await w.graph(to=spaced, **text("hi")))[0] == 200
