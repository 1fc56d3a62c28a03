from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from desking import House, opened

from bot.clock import HOUR, Clock
from bot.web import desk_live


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        yield found


async def told(stream: ClientResponse, within: float = 8.0) -> bool:
    """Wait for the next `changed`; False when the stream ends first."""
    async with asyncio.timeout(within):
        while line := await stream.content.readline():
            if line.strip() == b"event: changed":
                return True
        return False


async def quiet(stream: ClientResponse) -> bool:
    """Whether nothing more is in the stream at this moment."""
    try:
        return not await told(stream, within=0.2)
    except TimeoutError:
        return True


async def test_a_page_is_told_at_once_and_then_of_every_message(house: House) -> None:
    conversation = await house.hears("return")
    async with house.browser("maria") as browser:
        stream = await browser.get("/desk/feed", params={"only": conversation})
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        assert await told(stream), "a page that was away catches up"
        await house.hears("AB123456")
        assert await told(stream)
        stream.close()


async def test_a_page_is_not_told_of_other_conversations(house: House) -> None:
    conversation = await house.hears("return")
    async with house.browser("maria") as browser:
        stream = await browser.get("/desk/feed", params={"only": conversation})
        assert await told(stream)
        await house.hears("return", phone="4999")
        assert await quiet(stream)
        stream.close()


async def test_the_queue_is_told_of_a_new_ticket(house: House) -> None:
    async with house.browser("maria") as browser:
        stream = await browser.get("/desk/feed", params={"only": "tickets"})
        assert await told(stream)
        await house.wants_a_person()
        assert await told(stream)
        stream.close()


async def test_moving_the_business_clock_shows_in_open_pages(house: House) -> None:
    async with house.browser("maria") as browser:
        stream = await browser.get("/desk/feed", params={"only": "tickets"})
        assert await told(stream)
        house.clock.advance(HOUR)
        assert await told(stream, within=2)
        stream.close()


async def test_an_agent_who_is_disabled_is_cut_off_within_seconds(house: House) -> None:
    async with house.browser("maria") as browser:
        stream = await browser.get("/desk/feed")
        assert await told(stream)
        await house.store.desk.set_agent("maria", disabled=True)
        house.clock.advance(1)  # any sign of life makes it look
        assert await told(stream), "the page asks once more, and is sent to the sign-in"
        assert not await told(stream), "then the stream ends"
    assert desk_live.CHECK <= 5


async def test_open_streams_do_not_hold_up_the_end_of_the_process(house: House) -> None:
    async with house.browser("maria") as browser:
        stream = await browser.get("/desk/feed")
        assert await told(stream)
        await house.frontdesk.web.shutdown()
        assert not await told(stream)
