from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from desking import PNG, House, fields, opened, post, press

from bot.clock import DAY, Clock
from bot.web.desk_thread import MESSAGES

Wait = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        await found.agent("li", "李伟")
        yield found


def shown(page: str) -> str:
    """The words of a page, as one reads them."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


async def owner(house: House, conversation: str) -> str:
    snapshot = await house.store.desk.snapshot(conversation)
    assert snapshot is not None
    return str(snapshot.owner)


async def test_an_agent_sees_what_was_said_and_what_the_bot_found_out(house: House) -> None:
    conversation = await house.wants_a_person(number="AB123456", why="the sole came off")
    async with house.browser("maria") as browser:
        words = shown(await (await browser.get(f"/desk/c/{conversation}")).text())
    for expected in ("Ana", "+4915112345", "Which order is it?", "the sole came off",
                     "A colleague takes over.", "Waiting for an agent", "Return of AB123456",
                     "Order number AB123456", "Reason the sole came off", "High",
                     "Returns", "left"):
        assert expected in words


async def test_take_reply_and_hand_back(house: House, eventually: Wait) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        assert (await press(browser, conversation, "take")).status == 303
        assert (await owner(house, conversation)).startswith("agent:")

        answer = await press(browser, conversation, "reply", text="Hello Ana,\r\nsorry! 您好")
        assert answer.status == 303

        async def sent() -> bool:
            return "Hello Ana,\nsorry! 您好" in house.provider.texts()

        await eventually(sent)

        await house.hears("thank you")
        said = len(house.provider.texts())
        assert (await press(browser, conversation, "return")).status == 303
        assert await owner(house, conversation) == "bot"
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        assert "The bot has it" in page
        assert "thank you" in page
        assert house.provider.texts()[said:].count("Hello Ana,\nsorry! 您好") == 0


async def test_what_the_bot_has_can_be_read_along_but_not_taken(house: House) -> None:
    conversation = await house.hears("return")
    async with house.browser("maria") as browser:
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        assert "The bot has it" in page
        assert "/take" not in page
        assert "<textarea" not in page


async def test_closing_takes_the_ticket_off_the_queue(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        await press(browser, conversation, "take")
        assert (await press(browser, conversation, "close")).status == 303
        assert "Nobody is waiting." in await (await browser.get("/desk")).text()
        assert await house.store.desk.ticket(conversation) is None


async def test_a_double_click_sends_one_message(house: House, eventually: Wait) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        await press(browser, conversation, "take")
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        form = fields(page, f"/desk/c/{conversation}/reply")
        for _ in range(3):
            assert (await post(browser, conversation, "reply", form, text="once")).status == 303

        async def sent() -> bool:
            return "once" in house.provider.texts()

        await eventually(sent)
        found = await house.store.desk.transcript(conversation)
        assert [m.content["text"] for m in found.rows if m.origin.startswith("agent")] == ["once"]


async def test_each_form_of_a_page_counts_for_itself(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        await press(browser, conversation, "take")
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        ids = re.findall(r'name="client_id" value="([^"]+)"', page)
        assert len(ids) == len(set(ids)) == 3


async def test_who_comes_second_is_told_who_came_first(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as mine, house.browser("li") as theirs:
        page = await (await mine.get(f"/desk/c/{conversation}")).text()
        late = fields(page, f"/desk/c/{conversation}/take")
        await press(theirs, conversation, "take")

        answer = await post(mine, conversation, "take", late)
        assert answer.status == 409
        text = await answer.text()
        assert 'role="alert"' in text
        assert "李伟" in shown(text)
        assert "李伟 has this conversation. You can read along here." in shown(text)
        li = await house.store.desk.agent("li")
        assert await owner(house, conversation) == f"agent:{li.id}"


async def test_a_reply_that_came_too_late_keeps_its_text(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        await press(browser, conversation, "take")
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        form = fields(page, f"/desk/c/{conversation}/reply")
        await press(browser, conversation, "close")
        for htmx in (True, False):
            answer = await post(browser, conversation, "reply", form, text="a long letter",
                                htmx=htmx)
            assert answer.status == 409
            text = await answer.text()
            assert "a long letter" in text
            assert 'role="alert"' in text
            assert text.lstrip().startswith("<section") is htmx


async def test_a_reply_after_the_window_is_parked_and_says_why(house: House,
                                                               eventually: Wait) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        await press(browser, conversation, "take")
        house.clock.advance(DAY)
        page = shown(await (await browser.get(f"/desk/c/{conversation}")).text())
        assert "The 24-hour window is closed. Your reply will be parked here and leaves as soon " \
               "as Ana writes again." in page
        await press(browser, conversation, "reply", text="are you still there?")
        assert "are you still there?" not in house.provider.texts()
        page = shown(await (await browser.get(f"/desk/c/{conversation}")).text())
        assert "Parked:" in page
        assert "window is closed" in page

        await house.hears("yes, here I am")

        async def sent() -> bool:
            return "are you still there?" in house.provider.texts()

        await eventually(sent)


@pytest.mark.parametrize(("text", "says"), [("  \r\n ", "Write something first."),
                                            ("x" * 4_097, "4096 characters at most")])
async def test_a_reply_that_cannot_be_one_is_not_sent(house: House, text: str, says: str) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        await press(browser, conversation, "take")
        answer = await press(browser, conversation, "reply", text=text, htmx=True)
        assert answer.status == 422
        assert says in await answer.text()


@pytest.mark.parametrize("change", [{"client_id": ""}, {"client_id": "x"}, {"client_id": "a b" * 9},
                                    {"action": "steal"}])
async def test_a_form_that_no_page_of_ours_made_is_refused(house: House,
                                                           change: dict[str, str]) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        form = fields(page, f"/desk/c/{conversation}/take")
        action = change.pop("action", "take")
        answer = await post(browser, conversation, action, {**form, **change})
        assert answer.status == 400
        assert await owner(house, conversation) == "queue"


async def test_what_customers_write_stays_text(house: House) -> None:
    hostile = ["<script>alert(1)</script>", "{{7*7}}", "<img src=x onerror=alert(1)>",
               '"><svg onload=alert(1)>', "javascript:alert(1)", "{% raw %}", "\u202egnp.exe"]
    for number, text in enumerate(hostile):
        await house.wants_a_person(phone=f"49{number}", name=text, number=text, why=text)
        conversation = await house.hears({"type": "location", "latitude": 1, "longitude": 2,
                                          "name": text, "address": text}, phone=f"49{number}",
                                         name=text)
        await house.hears({"type": "document", "media": {"id": "1", "name": text}, "text": text},
                          phone=f"49{number}", name=text)
        await house.hears({"type": "unsupported", "what": text}, phone=f"49{number}", name=text)
        async with house.browser("maria") as browser:
            for path in ("/desk", "/desk/conversations", f"/desk/c/{conversation}",
                         f"/desk/c/{conversation}/live?after="):
                page = await (await browser.get(path)).text()
                assert ">49<" not in page
                assert not re.search(r"<script(?! src)|<img src=x|<svg onload", page)
                assert not re.search(r'(?:href|src)="javascript:', page)
                if path.startswith("/desk/c"):
                    assert text in unescape(page)


async def test_earlier_messages_come_page_by_page(house: House) -> None:
    conversation = await house.hears("return")
    for number in range(MESSAGES):
        await house.hears(f"message {number}")
    async with house.browser("maria") as browser:
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        seen = []
        while True:
            seen = re.findall(r'id="m-(\w+)"', page) + seen
            more = re.search(r'hx-get="(/desk/c/[^"]+/older\?before=[^"]+)"', page)
            if more is None:
                break
            page = await (await browser.get(unescape(more[1]))).text()
        whole = [row.id for row in (await house.store.desk.transcript(
            conversation, limit=500)).rows]
        assert seen == whole
        past = await (await browser.get(f"/desk/c/{conversation}?before={whole[10]}")).text()
        assert "You are reading the past." in past
        assert re.findall(r'id="m-(\w+)"', past) == whole[:10]


async def test_where_older_messages_were_let_go_of_the_page_says_so(house: House) -> None:
    conversation = await house.hears("return")
    async with house.browser("maria") as browser:

        async def shown_above() -> str:
            page = await (await browser.get(f"/desk/c/{conversation}")).text()
            again = await (await browser.get(f"/desk/c/{conversation}/older?before=~")).text()
            lines = [re.findall("Messages from before [^<]+ are no longer kept", text)
                     for text in (page, again)]
            assert lines[0] == lines[1]
            return "".join(lines[0])

        assert await shown_above() == ""
        house.clock.advance(400 * DAY)
        assert await shown_above() == "", "they are there still"
        await house.hears("here again")
        while await house.store.pruning.batch("messages"):
            pass
        assert await shown_above()
        assert (await house.store.desk.transcript(conversation)).rows[0].content == {
            "type": "text", "text": "here again"}
    house.store.pruning.keep = replace(house.store.pruning.keep, messages=None)
    async with house.browser("maria") as browser:
        assert "no longer kept" not in await (
            await browser.get(f"/desk/c/{conversation}")).text()


async def test_the_page_gets_what_it_misses_and_nothing_twice(house: House) -> None:
    conversation = await house.wants_a_person()
    async with house.browser("maria") as browser:
        page = await (await browser.get(f"/desk/c/{conversation}")).text()
        state = dict(re.findall(r'name="(after|mode)" value="(\w*)"', page))
        quiet = await (await browser.get(f"/desk/c/{conversation}/live", params=state)).text()
        assert 'id="m-' not in quiet
        assert 'id="composer"' not in quiet, "a reply being written is left alone"

        await house.hears("and another thing")
        parts = await (await browser.get(f"/desk/c/{conversation}/live", params=state)).text()
        assert len(re.findall(r'id="m-\w+"', parts)) == 1
        assert "and another thing" in parts
        assert 'hx-swap-oob="beforeend:#messages"' in parts

        await press(browser, conversation, "take")
        parts = await (await browser.get(f"/desk/c/{conversation}/live", params=state)).text()
        assert 'id="composer"' in parts
        gone = await browser.get(f"/desk/c/{conversation}/live", params={"after": "unknown"})
        assert gone.headers["HX-Refresh"] == "true"


async def test_a_picture_is_shown_and_what_could_carry_code_is_not(house: House) -> None:
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    house.provider.media.update({"1": ("image/png", PNG), "2": ("image/svg+xml", script),
                                 "3": ("image/png", script), "4": ("text/html", script)})
    for id_ in "12345":
        conversation = await house.hears({"type": "image", "media": {
            "id": id_, "mime_type": "image/png", "name": "a.html"}})
    found = [row.id for row in (await house.store.desk.transcript(conversation)).rows
             if row.content.get("media")]
    async with house.browser("maria") as browser:
        first = await browser.get(f"/desk/media/{found[0]}")
        assert (first.status, first.headers["Content-Type"]) == (200, "image/png")
        assert first.headers["Content-Disposition"].startswith("inline")
        assert await first.read() == PNG
        part = await browser.get(f"/desk/media/{found[0]}", headers={"Range": "bytes=0-7"})
        assert (part.status, await part.read()) == (206, PNG[:8])
        assert part.headers["Content-Range"] == f"bytes 0-7/{len(PNG)}"
        for id_ in found[1:4]:
            answer = await browser.get(f"/desk/media/{id_}")
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await browser.get(f"/desk/media/{found[4]}")).status == 502
