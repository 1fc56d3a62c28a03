from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from desking import Browser, House, fields, opened
from storing import rows

from bot.clock import Clock
from bot.model import Notice
from bot.store.turns import ATTEMPTS


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        yield found


async def poisoned(house: House, text: str = "return <b>it</b>") -> tuple[str, str]:
    """(conversation, letter) of a message that could not be handled."""
    house.frontdesk.engine.fast = False
    conversation = await house.hears(text)
    for _ in range(ATTEMPTS):
        begun = await house.store.begin(conversation)
        await house.store.failed(conversation, begun[0], "ValueError('<i>no</i>')", begun[1] + 1)
    (letter,) = (await house.store.dead.listed()).rows
    return conversation, letter.id


async def press(browser: Browser, letter: str, action: str) -> int:
    where = f"/desk/dead/{letter}/{action}"
    form = fields(await (await browser.get("/desk/dead")).text(), where)
    return (await browser.post(where, data=form, allow_redirects=False)).status


async def test_the_queue_says_that_something_could_not_be_handled(house: House) -> None:
    async with house.browser("maria") as browser:
        assert "could not be handled" not in await (await browser.get("/desk")).text()
        assert "Everything was handled." in await (await browser.get("/desk/dead")).text()
        conversation, _ = await poisoned(house)
        assert "1 could not be handled" in await (await browser.get("/desk")).text()
        page = unescape(re.sub(r"<[^>]+>", "", await (await browser.get("/desk/dead")).text()))
        assert "return <b>it</b>" in page, "a customer's words are text"
        assert "ValueError('<i>no</i>')" in page
        assert "5 attempts" in page
        assert f'href="/desk/c/{conversation}"' in await (await browser.get("/desk/dead")).text()


async def test_trying_again_answers_the_message(house: House) -> None:
    conversation, letter = await poisoned(house, "return")
    async with house.browser("maria") as browser:
        assert await press(browser, letter, "retry") == 303
        await house.frontdesk.engine.drain(conversation)
        transcript = await house.store.desk.transcript(conversation)
        assert transcript.rows[-1].content["text"] == "Which order is it?"
        assert await rows(house.store._db, "select what, object, detail from audit where who like "
                          "'agent:%'") == [("dead letter retried", conversation, letter)]
        token = fields(await (await browser.get("/desk")).text(), "/desk/sign-out")
        again = await browser.post(f"/desk/dead/{letter}/retry", data=token)
        assert again.status == 409
        assert "already" in await again.text()


async def test_closing_needs_a_form_of_ours_and_leaves_a_line_in_the_audit(house: House) -> None:
    conversation, letter = await poisoned(house)
    async with house.browser("maria") as browser:
        forged = await browser.post(f"/desk/dead/{letter}/skip", data={"csrf": "guess"})
        assert forged.status == 403
        assert await house.store.dead.count() == 1
        assert await press(browser, letter, "skip") == 303
        assert await house.store.dead.count() == 0
        assert await rows(house.store._db, "select what, object from audit where who like "
                          "'agent:%'") == [("dead letter skipped", conversation)]
    async with house.browser() as stranger:
        page = await stranger.get("/desk/dead", allow_redirects=False)
        assert page.status == 303


async def test_what_nobody_could_read_can_only_be_closed(house: House) -> None:
    await house.frontdesk.inbox.accept([Notice("main", "malformed.message", '{"id": 7}', "no id")])
    async with house.browser("maria") as browser:
        page = await (await browser.get("/desk/dead")).text()
        assert "Try again" not in page
        assert "{&#34;id&#34;: 7}" in page
        (letter,) = (await house.store.dead.listed()).rows
        assert await press(browser, letter.id, "skip") == 303


async def test_the_figure_for_alerts_counts_them(house: House) -> None:
    await poisoned(house)
    async with house.browser() as anybody:
        text = await (await anybody.get("/metrics")).text()
    assert "\nfrontdesk_dead_letters 1.0" in text
