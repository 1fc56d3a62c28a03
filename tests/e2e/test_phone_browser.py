"""The phone in a real browser, against a small bot that knows the Graph API and nothing of ours."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.emulator import samples
from tests.emulating import TOKEN, World, buttons, rows, text, world

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
              pytest.mark.asyncio(loop_scope="module")]

#: What a customer may call themselves, and say: none of it is markup.
NASTY = "<img src=x onerror=alert(1)>*bold*"


@dataclass
class Echo:
    """A bot: `menu` gets buttons, `list` gets a list, everything else is repeated."""

    w: World
    tasks: set[asyncio.Task[None]]

    def hear(self, delivery: dict[str, Any]) -> None:
        value = delivery["entry"][0]["changes"][0]["value"]
        for message in value.get("messages", []):
            task = asyncio.create_task(self.answer(message))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def answer(self, message: dict[str, Any]) -> None:
        to = {"to": f"+{message['from']}"} if "from" in message else {
            "recipient": message["from_user_id"]}
        await self.w.graph({"messaging_product": "whatsapp", "status": "read",
                            "message_id": message["id"], "typing_indicator": {"type": "text"}})
        said = message.get("text", {}).get("body", "")
        if said == "menu":
            reply = buttons("Red", "Blue")
        elif said == "list":
            reply = rows("One", "Two", "Three", sections=2)
        elif said == "file":
            _, about = await self.w.ask("GET", "/api/customers/ada/messages?from=customer")
            media = about["messages"][0]["media"]["id"]
            reply = {"type": "document", "document": {"id": media, "filename": "label.pdf"}}
        elif said == "quiet":
            return
        elif message["type"] == "interactive":
            chosen = message["interactive"][message["interactive"]["type"]]
            reply = text(f"chosen {chosen['title']}")
        else:
            reply = text(f"heard {said or message['type']}")
        await self.w.graph({"messaging_product": "whatsapp", **to, **reply})


@pytest_asyncio.fixture(loop_scope="module")
async def w() -> AsyncIterator[World]:
    async with world(hints=["Write `a hint` now"]) as made:
        echo = Echo(made, set())
        made.bot.act = echo.hear
        yield made
        await asyncio.gather(*echo.tasks)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(w: World, browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    troubles: list[str] = []
    opened.on("console", lambda said: troubles.append(said.text)
              if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("dialog", lambda dialog: troubles.append(f"dialog {dialog.message}"))
    await opened.goto(w.url)
    await expect(opened.locator(".phone")).to_have_count(3)
    yield opened
    await opened.close()
    assert troubles == []


def ada(page: Page) -> Any:
    return page.locator("#phone-ada")


async def write(page: Page, words: str) -> None:
    box = ada(page).get_by_role("textbox", name="Message")
    await box.fill(words)
    await box.press("Enter")


async def test_a_conversation_by_typing_tapping_and_choosing(w: World, page: Page) -> None:
    await write(page, "menu")
    await ada(page).get_by_role("button", name="Blue").click()
    await expect(ada(page).get_by_text("chosen Blue")).to_be_visible()
    await expect(ada(page).locator(".row.out .quote").last).to_contain_text("Which?")
    await write(page, "list")
    await ada(page).get_by_role("button", name="Choose").click()
    sheet = page.get_by_role("dialog", name="Choose")
    await expect(sheet.get_by_role("button", name="Send")).to_be_disabled()
    await expect(sheet.get_by_text("Part 1")).to_be_visible()
    await expect(sheet.get_by_text("about Three")).to_be_visible()
    await sheet.get_by_text("Three", exact=True).click()
    await sheet.get_by_role("button", name="Send").click()
    await expect(ada(page).get_by_text("chosen Three")).to_be_visible()
    await ada(page).get_by_role("button", name="Red").click()  # old, and still alive
    await expect(ada(page).get_by_text("chosen Red")).to_be_visible()
    answers = [message["interactive"] for message in w.bot.messages() if "interactive" in message]
    assert [answer[answer["type"]]["id"] for answer in answers] == ["id-Blue", "id-Three", "id-Red"]


async def test_ticks_turn_blue_and_the_bots_messages_are_read(w: World, page: Page) -> None:
    await write(page, "hello")
    await expect(ada(page).locator(".row.out .is-read")).to_have_count(1)
    await expect(ada(page).get_by_text("heard hello")).to_be_visible()
    reply = (await w.log(query="?from=business"))[0]["id"]
    await w.until(lambda: [one["status"] for one in w.bot.statuses_of(reply)] == [
        "sent", "delivered", "read"])


async def test_what_people_write_is_never_markup(w: World, page: Page) -> None:
    await w.ask("POST", "/api/customers", {"name": NASTY})
    await write(page, f"{NASTY} _a_ ~b~ ```c``` https://example.com/x. javascript:alert(1)")
    said = ada(page).locator(".row.in .text")
    await expect(said).to_contain_text("<img src=x onerror=alert(1)>")
    assert await said.locator("img").count() == 0
    for tag, words in (("strong", "bold"), ("em", "a"), ("s", "b"), ("code", "c")):
        await expect(said.locator(tag)).to_have_text(words)
    await expect(said.locator("a")).to_have_count(1)
    await expect(said.locator("a")).to_have_attribute("href", "https://example.com/x")
    assert await page.locator(".person-tab img").count() == 0
    await expect(page.get_by_role("tab", name=NASTY)).to_be_visible()


async def test_lines_and_the_enter_of_an_input_method(w: World, page: Page) -> None:
    box = ada(page).get_by_role("textbox", name="Message")
    await box.fill("one")
    await box.press("Shift+Enter")
    await box.press_sequentially("two")
    await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    await expect(box).to_have_value("one\ntwo")
    await box.press("Enter")
    await expect(box).to_have_value("")
    await w.until(lambda: w.bot.messages())
    assert w.bot.messages()[0]["text"]["body"] == "one\ntwo"


async def test_a_photo_from_a_file_with_a_caption(
        w: World, page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "shoe.png"
    photo.write_bytes(samples.make("image").data)
    await ada(page).get_by_role("button", name="Attach").click()
    async with page.expect_file_chooser() as chooser:
        await ada(page).get_by_role("button", name="Photo or video").click()
    await (await chooser.value).set_files(photo)
    preview = page.get_by_role("dialog", name="shoe.jpg")
    await preview.get_by_role("textbox", name="Add a caption").fill("broken *here*")
    await preview.get_by_role("button", name="Send").click()
    shown = ada(page).locator(".row.out .picture img")
    await expect(shown).to_be_visible()
    await expect(ada(page).locator(".row.out .text strong")).to_have_text("here")
    await w.until(lambda: w.bot.messages())
    told = w.bot.messages()[0]["image"]
    assert (told["mime_type"], told["caption"]) == ("image/jpeg", "broken *here*")
    _, about = await w.ask("GET", f"/v23.0/{told['id']}", token=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with w.http.get(about["url"], headers=headers) as answer:
        assert (await answer.read())[:3] == b"\xff\xd8\xff"
    await ada(page).get_by_role("button", name="Open the picture").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(("tile", "kind"), [
    ("Sample photo", "image"), ("Sample document", "document"), ("Voice note", "audio"),
    ("Sticker", "sticker"), ("Contact", "contacts")])
async def test_everything_else_is_one_press_away(
        w: World, page: Page, tile: str, kind: str) -> None:
    await ada(page).get_by_role("button", name="Attach").click()
    await ada(page).get_by_role("button", name=tile, exact=True).click()
    await expect(ada(page).locator(f".row.out[data-type={kind}]")).to_be_visible()
    await expect(ada(page).get_by_text(f"heard {kind}")).to_be_visible()
    for image in await ada(page).locator(".row.out img").all():
        assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    if kind == "audio":
        await expect(ada(page).locator(".length")).to_have_text("0:04")


async def test_a_place_and_a_document(w: World, page: Page) -> None:
    await w.say(document={"sample": True})
    await ada(page).get_by_role("button", name="Attach").click()
    await ada(page).get_by_role("button", name="Location").click()
    await page.get_by_role("textbox", name="Place").fill("Home")
    await page.get_by_role("button", name="Send this place").click()
    await expect(ada(page).locator(".row.out .place b")).to_have_text("Home")
    await write(page, "file")
    card = ada(page).locator(".row.in a.card")
    await expect(card).to_contain_text("label.pdf")
    async with page.expect_download() as download:
        await card.click()
    assert (await download.value).suggested_filename == "label.pdf"


async def test_answering_and_reacting_to_a_message(w: World, page: Page) -> None:
    await write(page, "hello")
    heard = ada(page).locator(".row.in:not(.typing) .bubble")
    await heard.hover()
    await heard.get_by_role("button", name="Message options").click()
    await page.get_by_role("menuitem", name="Reply").click()
    await write(page, "quiet")
    await expect(ada(page).locator(".row.out .quote")).to_contain_text("heard hello")
    await heard.hover()
    await heard.get_by_role("button", name="Message options").click()
    await page.get_by_role("menuitem", name="React with 👍").click()
    await expect(ada(page).locator(".reactions")).to_have_text("👍")


async def test_the_clock_is_moved_by_a_button_and_the_window_closes(
        w: World, page: Page) -> None:
    await write(page, "hello")
    await expect(ada(page).locator(".window")).to_contain_text("left")
    await page.get_by_role("button", name="+23 h").click()
    await expect(page.locator("#now small")).to_have_text("+23 h")
    await expect(ada(page).locator(".window")).to_have_text(re.compile(r"^(59 min|1 h 0 min) left"))
    await page.get_by_role("button", name="+1 h", exact=True).click()
    await expect(ada(page).locator(".window")).to_have_text("window closed")
    assert w.clock.offset == 24 * 3_600_000
    assert await w.refused(**text("too late")) == 131047
    await expect(ada(page).locator(".between.note")).to_contain_text("131047")
    await write(page, "back")
    await expect(ada(page).locator(".between.date")).to_have_text(["Yesterday", "Today"])
    await expect(ada(page).get_by_text("heard back")).to_be_visible()


async def test_a_customer_without_a_number_chats_beside_the_others(
        w: World, page: Page) -> None:
    await page.get_by_role("button", name="New customer").click()
    await page.get_by_role("textbox", name="Name").fill("Nia")
    await page.get_by_role("checkbox").check()
    await page.get_by_role("combobox").select_option("zh")
    await page.get_by_role("button", name="Add").click()
    nia = page.locator("#phone-nia")
    await nia.get_by_role("textbox", name="输入消息").fill("你好")
    await nia.get_by_role("textbox", name="输入消息").press("Enter")
    await expect(nia.get_by_text("heard 你好")).to_be_visible()
    await expect(ada(page).get_by_text("你好")).to_have_count(0)
    assert "from" not in w.bot.messages()[-1]


async def test_a_narrow_screen_shows_one_phone_and_switches(w: World, page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await expect(page.locator(".phone:visible")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    # The page learns by itself, and a little later, which phone is on the screen.
    await expect(page.locator("#phone-sam:not([data-seen])")).to_have_count(1)
    await w.say("sam", text="quiet")
    _, listed = await w.ask("GET", "/api/customers")
    sam = next(one["user_id"] for one in listed["customers"] if one["id"] == "sam")
    for words in ("one", "two"):
        await w.graph({"messaging_product": "whatsapp", "recipient": sam, **text(words)})
    await expect(page.locator("#tab-sam .badge")).to_have_text("2")
    await page.get_by_role("tab", name="Sam").click()
    await expect(page.locator(".phone:visible")).to_have_attribute("data-customer", "sam")
    await expect(page.locator("#phone-sam .unread")).to_have_text("2 unread messages")
    await expect(page.locator("#tab-sam .badge")).to_be_empty()
    await page.get_by_role("button", name="What to try").click()
    await page.get_by_role("button", name="a hint").click()
    await expect(page.locator("#phone-sam textarea")).to_have_value("a hint")


async def test_a_bot_that_does_not_take_the_webhook_is_noted(w: World, page: Page) -> None:
    w.bot.statuses = [500]
    await write(page, "quiet")
    await expect(ada(page).locator(".between.note")).to_contain_text("it answered 500")
    await expect(ada(page).locator(".row.out .is-read")).to_have_count(1)
    await page.locator("#hook").click()
    await expect(ada(page).locator(".toast")).to_contain_text("answers the handshake")
