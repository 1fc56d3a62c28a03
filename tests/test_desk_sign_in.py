from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from desking import PASSWORD, House, fields, opened, press, sign_in

from bot.clock import HOUR, MINUTE, Clock
from bot.web import auth
from bot.web.desk_pages import DESK
from bot.web.desk_sign_in import TRIES


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        yield found


def part(house: House) -> web.Application:
    """The desk's own part of the web application."""
    return next(app for app in house.frontdesk.web._subapps if DESK in app)


async def test_the_right_password_opens_the_desk_and_the_wrong_one_does_not(house: House) -> None:
    async with house.browser() as browser:
        wrong = await sign_in(browser, password="not the password")
        unknown = await sign_in(browser, login="nobody")
        assert (wrong.status, unknown.status) == (401, 401)
        words = "This login and password don&#39;t go together."
        assert words in await wrong.text()
        assert words in await unknown.text()
        assert (await browser.get("/desk", allow_redirects=False)).status == 303

        right = await sign_in(browser, wanted="/desk/conversations")
        assert (right.status, right.headers["Location"]) == (303, "/desk/conversations")
        assert "Maria" in await (await browser.get("/desk")).text()


async def test_a_session_is_new_at_every_sign_in_and_the_old_one_ends(house: House) -> None:
    async with house.browser() as browser, house.browser() as waiting:
        page = await (await waiting.get("/desk/sign-in")).text()
        first = (await sign_in(browser)).cookies["session"].value
        jar = {cookie.key: cookie.value for cookie in waiting.cookie_jar}
        again = await browser.post("/desk/sign-in", allow_redirects=False, cookies=jar, data={
            **fields(page, "/desk/sign-in"), "login": "maria", "password": PASSWORD})
        second = again.cookies["session"].value
        assert first != second
        for token, status in ((first, 303), (second, 200)):
            answer = await waiting.get("/desk", cookies={"session": token}, allow_redirects=False)
            assert answer.status == status


async def test_a_token_from_before_the_sign_in_is_worth_nothing(house: House) -> None:
    async with house.browser() as browser:
        browser.cookie_jar.update_cookies({"session": "planted" * 6}, house.server.make_url("/"))
        answer = await sign_in(browser)
        assert answer.cookies["session"].value != "planted" * 6


async def test_signing_out_ends_the_session_also_for_a_copy_of_the_cookie(house: House) -> None:
    async with house.browser() as browser:
        token = (await sign_in(browser)).cookies["session"].value
        page = await (await browser.get("/desk")).text()
        answer = await browser.post("/desk/sign-out", data=fields(page, "/desk/sign-out"),
                                    allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/desk/sign-in")
        copied = await browser.get("/desk", cookies={"session": token}, allow_redirects=False)
        assert copied.status == 303


async def test_a_session_ends_after_half_an_hour_unused_and_twelve_hours_in_all(
        house: House) -> None:
    real = part(house)[DESK].real
    async with house.browser() as browser:
        await sign_in(browser)
        for _ in range(24):
            real.advance(29 * MINUTE)
            assert (await browser.get("/desk", allow_redirects=False)).status == 200
        real.advance(25 * MINUTE)
        assert (await browser.get("/desk", allow_redirects=False)).status == 303, "12 hours"

        await sign_in(browser)
        real.advance(31 * MINUTE)
        assert (await browser.get("/desk", allow_redirects=False)).status == 303, "30 minutes"


async def test_a_page_that_reloads_itself_keeps_nobody_signed_in(house: House) -> None:
    real = part(house)[DESK].real
    async with house.browser() as browser:
        await sign_in(browser)
        for _ in range(2):
            real.advance(16 * MINUTE)
            answer = await browser.get("/desk", allow_redirects=False,
                                       headers={"Desk-Live": "1", "HX-Request": "true",
                                                "HX-Current-URL": "http://127.0.0.1/desk?after=3"})
        assert answer.status == 401
        assert answer.headers["HX-Redirect"] == "/desk/sign-in?next=/desk%3Fafter%3D3"


async def test_moving_the_business_clock_signs_nobody_out(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser)
        house.clock.advance(23 * HOUR)
        assert (await browser.get("/desk", allow_redirects=False)).status == 200


async def test_a_disabled_agent_is_out_at_once(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser)
        await house.store.desk.set_agent("maria", disabled=True)
        assert (await browser.get("/desk", allow_redirects=False)).status == 303
        assert (await sign_in(browser)).status == 401


async def test_a_new_password_ends_every_session(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser)
        await house.store.desk.set_agent(
            "maria", password_hash=auth.hash_password("another password"))
        assert (await browser.get("/desk", allow_redirects=False)).status == 303
        assert (await sign_in(browser)).status == 401
        assert (await sign_in(browser, password="another password")).status == 303


async def test_the_eleventh_try_is_told_to_wait_even_with_the_right_password(house: House) -> None:
    tries = part(house)[TRIES]
    for _ in range(10):
        tries.begin("maria", "127.0.0.1")
    async with house.browser() as browser:
        answer = await sign_in(browser)
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
        part(house)[DESK].real.advance(15 * MINUTE)
        assert (await sign_in(browser)).status == 303


async def test_the_sign_in_form_of_another_site_is_refused(house: House) -> None:
    async with house.browser() as browser:
        right = {"login": "maria", "password": PASSWORD}
        bare = await browser.post("/desk/sign-in", data=right)
        assert bare.status == 403
        foreign = await sign_in(browser, Origin="https://evil.example")
        assert foreign.status == 403
        cross = await sign_in(browser, **{"Sec-Fetch-Site": "cross-site"})
        assert cross.status == 403
        assert "session" not in {cookie.key for cookie in browser.cookie_jar}


@pytest.mark.parametrize("body", [
    b"login=%ff%fe&password=%00", b"\xff\xfe=\xff", b"login", b"", b"&&&", b"login=a&login=b"])
async def test_no_body_of_a_form_breaks_the_sign_in(house: House, body: bytes) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/desk/sign-in", data=body, headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
        assert 400 <= answer.status < 500


@pytest.mark.parametrize(("kind", "status"), [
    ("text/plain", 415), ("application/json", 415), ("multipart/form-data; boundary=x", 415),
    ("application/x-www-form-urlencoded; charset=nonsense", 400)])
async def test_only_a_form_is_read_as_a_form(house: House, kind: str, status: int) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/desk/sign-in", data=b"login=maria",
                                    headers={"Content-Type": kind})
        assert answer.status == status


async def test_a_form_that_is_far_too_long_is_not_read(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/desk/sign-in", data={"login": "x" * 300_000})
        assert answer.status == 413


async def test_over_plain_http_from_elsewhere_nobody_can_sign_in(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/desk/sign-in", headers={"Host": "192.168.1.5:8080"})
        assert answer.status == 403
        assert "over https" in await answer.text()


async def test_behind_https_the_cookie_is_bound_to_this_host(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/desk/sign-in", headers={
            "Host": "bot.example.com", "X-Forwarded-Proto": "https"})
        cookie = answer.cookies["__Host-signin"]
        assert cookie["secure"]
        assert cookie["path"] == "/"


async def test_a_form_without_its_token_changes_nothing(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser() as browser:
        await sign_in(browser)
        answer = await browser.post(f"/desk/c/{conversation}/take", data={
            "csrf": "wrong", "client_id": "x" * 20}, allow_redirects=False)
        assert answer.status == 403
        snapshot = await house.store.desk.snapshot(conversation)
        assert snapshot.owner == "queue"
        assert (await press(browser, conversation, "take")).status == 303
