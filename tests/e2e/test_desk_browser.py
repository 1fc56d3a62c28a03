"""The desk in a real browser: what only scripts, styles and a keyboard can show."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from desking import PASSWORD, House, opened
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.clock import DAY, HOUR, MINUTE, Clock

CHROMIUM = shutil.which("chromium")
#: One browser for all of these tests, hence one event loop.
pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
              pytest.mark.asyncio(loop_scope="module")]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
#: Two cores shared with the rest of the suite.
PATIENCE = 15_000


@pytest_asyncio.fixture(loop_scope="module")
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as found:
        await found.agent()
        await found.agent("li", "李伟")
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def at_the_desk(chromium: Browser, house: House, *, login: str = "maria", width: int = 1280,
                      height: int = 800) -> tuple[Page, list[str]]:
    """A page, signed in, and the list of what it complains of."""
    context = await chromium.new_context(viewport={"width": width, "height": height},
                                         base_url=str(house.server.make_url("")))
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page, troubles = await context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text)
            if message.type == "error" else None)
    page.on("dialog", lambda dialog: troubles.append(f"dialog {dialog.message}"))
    await page.goto("/desk")
    await page.get_by_label("Login").fill(login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    return page, troubles


async def test_a_conversation_from_the_queue_to_the_customer_and_back(
        house: House, chromium: Browser) -> None:
    page, troubles = await at_the_desk(chromium, house)
    await expect(page.get_by_text("Nobody is waiting.")).to_be_visible()

    await house.wants_a_person(why="the sole came off")
    await page.locator("a.ticket").click()  # it appeared by itself
    await expect(page.locator("#messages").get_by_text("the sole came off")).to_be_visible()
    await page.get_by_role("button", name="Take").click()

    await page.get_by_label("Reply to Ana").fill("Hello Ana!\nI am Maria. 您好")
    await page.keyboard.press("Control+Enter")
    messages = page.locator("#messages")
    await expect(messages.locator(".line-agent")).to_have_count(1)
    await expect(messages.locator(".line-agent .status.sent")).to_be_visible()
    await expect(page.get_by_label("Reply to Ana")).to_have_value("")
    await expect(page.get_by_label("Reply to Ana")).to_be_focused()
    assert "Hello Ana!\nI am Maria. 您好" in house.provider.texts()

    await page.get_by_label("Reply to Ana").fill("a draft")
    await house.hears("thank you so much")
    await expect(messages.get_by_text("thank you so much")).to_be_visible()
    await expect(page.get_by_label("Reply to Ana")).to_have_value("a draft")

    await page.get_by_role("button", name="Hand back to the bot").click()
    await expect(page.get_by_text("The bot has it")).to_be_visible()
    assert troubles == []


async def test_what_an_agent_was_writing_survives_a_reload(house: House,
                                                           chromium: Browser) -> None:
    conversation = await house.wants_a_person()
    page, troubles = await at_the_desk(chromium, house)
    await page.goto(f"/desk/c/{conversation}")
    await page.get_by_role("button", name="Take").click()
    await page.get_by_label("Reply to Ana").fill("a draft")
    await page.reload()
    await expect(page.get_by_label("Reply to Ana")).to_have_value("a draft")
    await page.keyboard.press("Control+Enter")  # nobody is in the field: nothing leaves
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".line-agent")).to_have_count(1)
    await page.reload()
    await expect(page.get_by_label("Reply to Ana")).to_have_value("")
    assert troubles == []


async def test_a_colleague_who_takes_it_shows_at_once(house: House, chromium: Browser) -> None:
    conversation = await house.wants_a_person()
    mine, troubles = await at_the_desk(chromium, house)
    theirs, _ = await at_the_desk(chromium, house, login="li")
    await mine.goto(f"/desk/c/{conversation}")
    await expect(mine.get_by_role("button", name="Take")).to_be_visible()
    await theirs.goto(f"/desk/c/{conversation}")
    await theirs.get_by_role("button", name="Take").click()

    await expect(mine.get_by_text("李伟 has this conversation.")).to_be_visible()
    await expect(mine.get_by_role("button", name="Take")).to_have_count(0)
    assert troubles == []


async def test_the_window_runs_down_and_a_parked_reply_says_so(house: House,
                                                               chromium: Browser) -> None:
    conversation = await house.wants_a_person()
    page, troubles = await at_the_desk(chromium, house)
    await page.goto(f"/desk/c/{conversation}")
    await page.get_by_role("button", name="Take").click()
    house.clock.advance(23 * HOUR + 18 * MINUTE)
    await expect(page.locator("#known .window.soon")).to_contain_text("41 min left")
    await expect(page.locator("#banner")).to_contain_text("41 min left to answer")
    house.clock.advance(DAY)
    await expect(page.locator("#banner")).to_contain_text("The 24-hour window is closed.")

    await page.get_by_label("Reply to Ana").fill("still there?")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".line-agent .status.warn")).to_contain_text("Parked:")
    assert "still there?" not in house.provider.texts()
    await house.hears("yes")
    await expect(page.locator(".line-agent .status.sent")).to_be_visible()
    assert "still there?" in house.provider.texts()
    assert troubles == []


async def test_no_text_of_a_customer_runs_or_loads_anything(house: House,
                                                            chromium: Browser) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'
    page, troubles = await at_the_desk(chromium, house)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await house.wants_a_person(name=hostile, number=hostile, why=hostile)
    await page.locator("a.ticket").click()
    await house.hears(hostile + " live", name=hostile)
    await expect(page.locator("#messages")).to_contain_text(hostile + " live")
    await expect(page.locator("h1")).to_have_text(hostile)
    await page.goto("/desk/conversations")
    await expect(page.locator(".name")).to_have_text(hostile)
    ours = str(house.server.make_url(""))
    assert [url for url in asked if not url.startswith(ours) or url.endswith("/x")] == []
    assert troubles == []


@pytest.mark.parametrize("width", [360, 1280])
async def test_every_page_fits_its_screen(house: House, chromium: Browser, width: int) -> None:
    conversation = await house.wants_a_person(
        name="A customer with quite a long name indeed", why="x" * 300)
    page, troubles = await at_the_desk(chromium, house, width=width, height=740)
    for path in ("/desk", "/desk/conversations", f"/desk/c/{conversation}"):
        await page.goto(path)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path
    take = page.get_by_role("button", name="Take")
    await expect(take).to_be_in_viewport()
    if width == 360:
        await page.get_by_role("link", name="Details").click()
        await expect(page.get_by_text("Order number", exact=True)).to_be_in_viewport()
        await page.get_by_role("link", name="Back to the messages").click()
    await take.click()
    await expect(page.get_by_label(r"Reply to")).to_be_in_viewport()
    assert troubles == []


async def test_the_desk_can_be_worked_with_the_keyboard_alone(house: House,
                                                              chromium: Browser) -> None:
    await house.wants_a_person()
    page, troubles = await at_the_desk(chromium, house)
    await page.goto("/desk")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.locator("a.ticket:focus").count():
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Take")).to_be_visible()
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.locator("#do-take:focus").count():
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Reply to Ana")).to_be_visible()
    assert troubles == []


async def test_an_open_page_goes_to_the_sign_in_when_the_session_ends(
        house: House, chromium: Browser) -> None:
    conversation = await house.wants_a_person()
    page, _ = await at_the_desk(chromium, house)
    await page.goto(f"/desk/c/{conversation}")
    await expect(page.get_by_role("button", name="Take")).to_be_visible()
    await house.store.desk.set_agent("maria", disabled=True)
    await expect(page.get_by_label("Password")).to_be_visible()
    assert f"next=/desk/c/{conversation}" in page.url


async def test_reading_the_past_keeps_its_place_and_new_messages_wait_below(
        house: House, chromium: Browser) -> None:
    conversation = await house.hears("return")
    for number in range(60):
        await house.hears(f"message {number:02}")
    page, troubles = await at_the_desk(chromium, house)
    await page.goto(f"/desk/c/{conversation}")
    last = page.locator("#messages").get_by_text("message 59")
    await expect(last).to_be_in_viewport()

    earlier = page.get_by_role("link", name="Earlier messages")
    await earlier.scroll_into_view_if_needed()
    seen = page.locator("#messages > li").nth(1)
    mark = await seen.get_attribute("id") or await page.locator(
        "#messages > li[id]").first.get_attribute("id")
    await earlier.click()
    above = page.locator(f"#messages > li[id]:has(~ #{mark})")
    await expect(above.first).to_be_attached()
    await expect(page.locator(f"#{mark}")).to_be_in_viewport()

    await house.hears("one more thing")
    jump = page.get_by_role("button", name="New messages below")
    await jump.click()
    await expect(page.locator("#messages").get_by_text("one more thing")).to_be_in_viewport()
    await expect(jump).to_be_hidden()
    assert troubles == []


async def test_a_page_whose_line_broke_catches_up(house: House, chromium: Browser) -> None:
    conversation = await house.wants_a_person()
    page, _ = await at_the_desk(chromium, house)
    await page.goto(f"/desk/c/{conversation}")
    await house.hears("before")
    await expect(page.locator("#messages").get_by_text("before")).to_be_visible()
    await house.frontdesk.web.shutdown()  # ends every open stream
    await house.hears("while it was broken")
    await expect(page.locator("#messages").get_by_text("while it was broken")).to_have_count(1)
