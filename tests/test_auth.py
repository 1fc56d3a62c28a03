from __future__ import annotations

import statistics
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bot.clock import MINUTE, SECOND, Clock
from bot.store.rows import Agent
from bot.store.store import Store
from bot.web import auth

PUBLIC = "https://bot.example.com"
RIGHT = "seven brown foxes"


def request(host: str = "bot.example.com", **headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("POST", "/desk/sign-in", headers={"Host": host, **named})


def agent(disabled: bool = False) -> Agent:
    return Agent("a1", "maria", "Maria", auth.hash_password(RIGHT), disabled)


async def test_only_the_right_password_of_an_agent_in_service_fits() -> None:
    passwords = auth.Passwords()

    assert await passwords.check(agent(), RIGHT)
    assert not await passwords.check(agent(), RIGHT.upper())
    assert not await passwords.check(agent(), "")
    assert not await passwords.check(agent(), RIGHT + "x" * auth.LONGEST)
    assert not await passwords.check(agent(disabled=True), RIGHT)
    assert not await passwords.check(None, RIGHT)
    assert not await passwords.check(Agent("a2", "x", "X", "no hash at all"), RIGHT)


async def test_an_unknown_login_takes_as_long_as_a_wrong_password() -> None:
    passwords, somebody = auth.Passwords(), agent()
    await passwords.check(None, "warm")

    async def taken(who: Agent | None) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            await passwords.check(who, "a wrong password")
            times.append(time.process_time() - start)
        return statistics.median(times)

    known, unknown = await taken(somebody), await taken(None)
    assert unknown > 0.01, "no hash was computed for a login that nobody has"
    assert 0.4 < known / unknown < 2.5


@pytest.mark.parametrize(("password", "fits"), [
    (RIGHT, True), ("short", False), ("x" * 129, False), ("aaaaaaaaaaaaaa", False),
    ("密码要长一点才安全可靠呢对吧", True)])
def test_a_password_has_12_to_128_characters(password: str, fits: bool) -> None:
    assert (auth.password_problem(password) == "") is fits


def test_the_eleventh_try_within_15_minutes_has_to_wait() -> None:
    real = Clock()
    tries = auth.Tries(real.now)

    assert [tries.begin("maria", "1.1.1.1") for _ in range(10)] == [0] * 10
    wait = tries.begin("maria", "1.1.1.1")
    assert 14 * MINUTE < wait <= 15 * MINUTE
    assert tries.begin("MARIA", "1.1.1.1") > 0, "another spelling is no other login"

    real.advance(wait)
    assert tries.begin("maria", "1.1.1.1") == 0


def test_a_stranger_elsewhere_cannot_lock_an_agent_out() -> None:
    tries = auth.Tries(Clock().now)
    for _ in range(11):
        tries.begin("maria", "6.6.6.6")

    assert tries.begin("maria", "1.1.1.1") == 0


def test_one_address_cannot_try_many_logins_for_ever() -> None:
    tries = auth.Tries(Clock().now)
    answers = [tries.begin(f"login{n}", "6.6.6.6") for n in range(101)]

    assert answers[:100] == [0] * 100
    assert answers[100] > 0


def test_the_answer_to_a_wrong_password_comes_later_each_time() -> None:
    tries = auth.Tries(Clock().now)
    delays = []
    for _ in range(10):
        tries.begin("maria", "1.1.1.1")
        delays.append(tries.delay("maria", "1.1.1.1"))

    assert delays[:3] == [0, 0, 250]
    assert delays == sorted(delays)
    assert delays[-1] == 4 * SECOND


def test_the_right_password_ends_the_count() -> None:
    tries = auth.Tries(Clock().now)
    for _ in range(9):
        tries.begin("maria", "1.1.1.1")
    tries.succeed("maria", "1.1.1.1")

    assert [tries.begin("maria", "1.1.1.1") for _ in range(10)] == [0] * 10


def test_random_logins_do_not_fill_the_memory() -> None:
    tries = auth.Tries(Clock().now, most=50)
    for n in range(200):
        tries.begin(f"login{n}", f"10.0.{n}.1")

    assert len(tries._seen) == 50


async def test_the_store_never_holds_what_the_cookie_holds(store: Store) -> None:
    made = await store.desk.add_agent("maria", "Maria", "hash")
    token = await auth.sign_in(store, made, store_now := 1_000_000)

    assert len(token) >= 43
    assert await store.desk.signed_in(token, store_now) is None
    found = await store.desk.signed_in(auth.token_hash(token), store_now)
    assert found is not None
    assert found.agent.login == "maria"
    assert found.csrf not in (token, auth.token_hash(token))


@pytest.mark.parametrize(("wanted", "goes"), [
    ("/desk/c/01abc", "/desk/c/01abc"), ("/desk?after=30", "/desk?after=30"),
    ("https://evil.example", "/desk"), ("//evil.example", "/desk"), ("/\\evil.example", "/desk"),
    ("/desk\r\nSet-Cookie: a=b", "/desk"), ("/desk@evil.example", "/desk"), ("", "/desk"),
    ("/deskevil", "/desk"), ("javascript:alert(1)", "/desk"), ("/desk/sign-out", "/desk"),
    ("/healthz", "/desk"), ("/desk/" + "x" * 600, "/desk")])
def test_after_signing_in_one_goes_to_a_page_of_the_desk(wanted: str, goes: str) -> None:
    assert auth.next_page(wanted) == goes


@pytest.mark.parametrize(("headers", "ours"), [
    ({}, True),
    ({"Origin": PUBLIC}, True),
    ({"Origin": PUBLIC, "Sec_Fetch_Site": "same-origin"}, True),
    ({"Origin": "null", "Sec_Fetch_Site": "same-origin"}, True),
    ({"Origin": "null"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "https://bot.example.com.evil.example"}, False),
    ({"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"}, False),
    ({"Origin": PUBLIC, "Sec_Fetch_Site": "cross-site"}, False),
    ({"Sec_Fetch_Site": "same-site"}, False),
    ({"Sec_Fetch_Site": "none"}, False)])
def test_a_form_comes_from_our_own_pages(headers: dict[str, str], ours: bool) -> None:
    assert auth.from_our_pages(request(**headers), PUBLIC) is ours


@pytest.mark.parametrize(("host", "headers", "name"), [
    ("127.0.0.1:8080", {}, "session"), ("localhost:8080", {}, "session"),
    ("[::1]:8080", {}, "session"), ("bot.example.com", {}, "__Host-session"),
    ("127.0.0.1:8080", {"X_Forwarded_Proto": "https, http"}, "__Host-session"), ("[", {},
                                                                                "__Host-session"),
    ("127.0.0.1:8080", {"Origin": PUBLIC}, "__Host-session")])
def test_only_plain_http_on_this_machine_gets_the_plain_cookie(
        host: str, headers: dict[str, str], name: str) -> None:
    asked, response = request(host, **headers), web.Response()
    auth.set_cookie(asked, response, "value")
    cookie = response.cookies[name]

    assert bool(cookie["secure"]) is name.startswith("__Host-")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["domain"] == ""


def test_a_secret_that_is_missing_equals_nothing() -> None:
    assert auth.same("a", "a")
    assert not auth.same("", "")
    assert not auth.same("a", "b")
    assert not auth.same("\udcff", "a")
