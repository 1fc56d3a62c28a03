from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from desking import House, opened, sign_in
from yarl import URL

from bot.clock import Clock
from bot.web import desk
from bot.web.desk_pages import DESK, statics


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        yield found


def routes(house: House) -> list[tuple[str, str, str | None]]:
    """(method, path, name) of every route of the desk."""
    part = next(app for app in house.frontdesk.web._subapps if DESK in app)
    found = []
    for route in part.router.routes():
        path = route.resource.canonical if route.resource else ""
        found.append((route.method, re.sub(r"\{\w+\}", "x", path), route.name))
    return found


async def test_every_route_but_the_sign_in_needs_an_agent(house: House) -> None:
    walked = routes(house)
    assert len(walked) >= 12
    async with house.browser() as browser:
        for method, path, name in walked:
            if name in desk.PUBLIC:
                continue
            answer = await browser.request(method, path, allow_redirects=False)
            asks = answer.status == 303 and answer.headers["Location"].startswith("/desk/sign-in")
            assert asks or answer.status == 401, f"{method} {path} answered {answer.status}"
    assert {"sign_in", "static"} == desk.PUBLIC


async def test_also_what_does_not_exist_needs_an_agent(house: House) -> None:
    async with house.browser() as browser:
        assert (await browser.get("/desk/nothing", allow_redirects=False)).status == 303
        await sign_in(browser)
        answer = await browser.get("/desk/nothing")
        assert answer.status == 404
        assert "There is nothing here." in await answer.text()
        assert (await browser.get("/desk/c/unknown")).status == 404
        assert (await browser.get("/desk/media/unknown")).status == 404
        assert (await browser.put("/desk", headers={"Origin": "null"})).status == 403
        assert (await browser.get("/deskx")).status == 404


async def test_every_answer_of_the_desk_carries_its_headers(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser() as browser:
        answers = [await browser.get("/desk/sign-in"), await browser.get("/desk/nothing")]
        await sign_in(browser)
        answers += [await browser.get(path) for path in (
            "/desk", "/desk/conversations", f"/desk/c/{conversation}", "/desk/c/none")]
        for answer in answers:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["Cache-Control"] == "no-store"
            for name in ("X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy",
                         "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"):
                assert answer.headers[name]
            assert "aiohttp" not in answer.headers["Server"]


async def test_no_page_has_inline_code_or_looks(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        for path in ("/desk", "/desk/conversations", f"/desk/c/{conversation}", "/desk/nothing"):
            page = await (await browser.get(path)).text()
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
            assert not re.search(r"<script(?![^>]*\ssrc=)", page)
            assert not re.search(r'(?:src|href)="(?:https?:)?//(?!shop)', page)


async def test_static_files_are_named_by_their_content_and_kept_for_ever(house: House) -> None:
    files, names = statics()
    assert {"desk.css", "desk.js", "htmx.js", "htmx-sse.js", "icon.svg"} <= set(names)
    async with house.browser() as browser:
        for served, file in files.items():
            answer = await browser.get(f"/desk/static/{served}")
            assert answer.status == 200
            assert await answer.read() == file.body
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Content-Type"].startswith(file.content_type)
        for name in ("desk.css", "VENDOR.json", "%2e%2e%2fdesk.py"):
            assert (await browser.get(URL(f"/desk/static/{name}", encoded=True))).status == 404


async def test_a_store_that_is_gone_is_said_in_words(house: House) -> None:
    async with house.browser("maria") as browser:
        await house.store.close()
        answer = await browser.get("/desk")
        assert answer.status == 503
        assert "can&#39;t reach its store" in await answer.text()
