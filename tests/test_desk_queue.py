from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from desking import House, opened, press

from bot.clock import HOUR, MINUTE, Clock
from bot.web.desk_queue import PER_PAGE


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        yield found


def lines(page: str) -> list[str]:
    """The text of each row of a list."""
    rows = re.findall(r'<a class="ticket.*?</a>', page, re.DOTALL)
    return [unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row))).strip() for row in rows]


async def test_a_ticket_shows_who_waits_how_long_and_how_much_time_is_left(house: House) -> None:
    await house.wants_a_person(name="Ana", why="the sole came off")
    house.clock.advance(23 * HOUR + 17 * MINUTE)
    async with house.browser("maria") as browser:
        page = await (await browser.get("/desk")).text()
    (line,) = lines(page)
    assert line.startswith("A Ana +4915112345")
    assert "High Support" in line
    assert "Waiting 23 h 17 min" in line
    assert "Window : 42 min left" in line or "42 min left" in line
    assert 'class="window soon"' in page, "the last hour is red"
    assert "(1) Queue" in page


async def test_nobody_waiting_is_said_in_words(house: House) -> None:
    async with house.browser("maria") as browser:
        assert "Nobody is waiting." in await (await browser.get("/desk")).text()
        assert "Nobody has written yet." in await (await browser.get("/desk/conversations")).text()


async def test_the_queue_says_who_has_a_ticket(house: House) -> None:
    await house.agent("li", "李伟")
    conversation = await house.wants_a_person()
    async with house.browser("maria") as mine, house.browser("li") as theirs:
        await press(theirs, conversation, "take")
        assert "李伟" in lines(await (await mine.get("/desk")).text())[0]
        assert "You" in lines(await (await theirs.get("/desk")).text())[0]


async def test_long_lists_come_in_pages_and_nobody_is_left_out(house: House) -> None:
    people = PER_PAGE + 5
    for number in range(people):
        await house.wants_a_person(phone=f"49151000{number:03}", name=f"Person {number}")
    async with house.browser("maria") as browser:
        for path in ("/desk", "/desk/conversations"):
            seen: list[str] = []
            url: str | None = path
            while url is not None:
                page = await (await browser.get(url)).text()
                seen += re.findall(r"Person \d+", " ".join(lines(page)))
                following = re.search(rf'<a href="({path}\?after=[^"]+)">(?:More|Older)', page)
                url = unescape(following[1]) if following else None
            assert len(seen) == people
            assert len(set(seen)) == people


@pytest.mark.parametrize("after", ["x", "-1", "1e9", "٣", "9" * 30, "'; drop table ticket", "0:",
                                   "1:", "%00", "1:zz'"])
@pytest.mark.parametrize("path", ["/desk", "/desk/conversations"])
async def test_a_made_up_place_in_a_list_is_no_error(house: House, path: str, after: str) -> None:
    async with house.browser("maria") as browser:
        assert (await browser.get(path, params={"after": after})).status == 200


async def test_every_conversation_is_listed_with_who_has_it(house: House) -> None:
    await house.hears("return", phone="491", name="王小明")
    await house.wants_a_person(phone="492", name=None)
    async with house.browser("maria") as browser:
        first, second = lines(await (await browser.get("/desk/conversations")).text())
    assert "+492" in first
    assert "Waiting" in first
    assert "王小明 +491" in second
    assert "Bot Returns" in second
