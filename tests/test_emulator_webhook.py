"""What the emulator delivers to the bot: envelope, signature, receipts, order, second tries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.emulator import samples
from tests.emulating import (
    ACCOUNT,
    ADA_PHONE,
    NUMBER,
    PHONE,
    SAM,
    SECRET,
    TOKEN,
    World,
    buttons,
    rows,
    text,
    world,
)


@pytest.fixture
async def w() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_a_text_arrives_in_metas_envelope(w: World) -> None:
    said = await w.say(text="hello")
    await w.until(lambda: w.bot.bodies)
    body = json.loads(w.bot.bodies[0])
    assert body["object"] == "whatsapp_business_account"
    assert body["entry"][0]["id"] == ACCOUNT
    change = body["entry"][0]["changes"][0]
    assert change["field"] == "messages"
    assert change["value"]["metadata"] == {
        "display_phone_number": "49305550100", "phone_number_id": NUMBER}
    contact = change["value"]["contacts"][0]
    assert (contact["profile"]["name"], contact["wa_id"]) == ("Ada", ADA_PHONE[1:])
    message = change["value"]["messages"][0]
    assert message["id"] == said["id"]
    assert message["from"] == ADA_PHONE[1:]
    assert message["from_user_id"] == contact["user_id"]
    assert message["text"] == {"body": "hello"}
    assert int(message["timestamp"]) == said["at"] // 1000


async def test_the_bytes_are_escaped_as_meta_escapes_them_and_signed_so(w: World) -> None:
    await w.say(text="Grüße 😀 a/b <b> 100% @all")
    await w.until(lambda: w.bot.bodies)
    body, headers = w.bot.bodies[0], w.bot.headers[0]
    for part in (b"Gr\\u00fc\\u00dfe", b"\\ud83d\\ude00", b"a\\/b", b"\\u003Cb>", b"100\\u0025",
                 b"\\u0040all"):
        assert part in body
    key = SECRET.encode()
    assert headers["X-Hub-Signature-256"] == (
        "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest())
    assert headers["X-Hub-Signature"] == "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest()
    assert json.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] == (
        "Grüße 😀 a/b <b> 100% @all")


async def test_a_person_without_a_phone_is_named_by_the_scoped_id_alone(w: World) -> None:
    await w.say(SAM, text="hello")
    value = (await w.until(lambda: w.bot.values()))[0]
    assert "wa_id" not in value["contacts"][0]
    assert "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == value["contacts"][0]["user_id"]
    assert value["contacts"][0]["profile"]["username"] == "sam"


async def _answer(w: World, message: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Send a message, answer it, and return what the bot was told."""
    await w.say(text="hello")
    sent = await w.sent(**message)
    await w.say(**said)
    told = (await w.until(lambda: w.bot.messages()[1:]))[0]
    assert told["context"] == {"from": "49305550100", "id": sent}
    assert isinstance(told, dict)
    return told


@pytest.mark.parametrize("tap", ["id-Yes", "Yes", " yes "])
async def test_a_button_is_tapped_by_id_or_title(w: World, tap: str) -> None:
    told = await _answer(w, buttons("Yes", "No"), tap=tap)
    assert told["interactive"] == {"type": "button_reply",
                                   "button_reply": {"id": "id-Yes", "title": "Yes"}}


async def test_a_row_of_a_list_is_chosen(w: World) -> None:
    told = await _answer(w, rows("Red", "Blue", sections=2), tap="Blue")
    assert told["interactive"] == {"type": "list_reply", "list_reply": {
        "id": "id-Blue", "title": "Blue", "description": "about Blue"}}


async def test_a_quick_reply_of_a_template_is_pressed() -> None:
    template = {"name": "ask", "language": "en", "components": [
        {"type": "BODY", "text": "Coming?"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]}]}
    async with world(templates=[template]) as w:
        told = await _answer(w, {"type": "template", "template": {
            "name": "ask", "language": {"code": "en"}, "components": [
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "p1"}]}]}}, tap="Yes")
        assert (told["type"], told["button"]) == ("button", {"payload": "p1", "text": "Yes"})


async def test_an_old_button_can_still_be_pressed(w: World) -> None:
    await w.say(text="hello")
    old = await w.sent(**buttons("Yes", "No"))
    await w.sent(**buttons("Yes", "Maybe"))
    await w.say(tap="Yes", of=old)
    told = (await w.until(lambda: w.bot.messages()[1:]))[0]
    assert told["context"]["id"] == old


async def test_the_newest_message_is_meant_when_none_is_named(w: World) -> None:
    await w.say(text="hello")
    await w.sent(**buttons("Yes"))
    new = await w.sent(**buttons("Yes"))
    assert (await w.say(tap="Yes"))["context"]["id"] == new


async def test_a_photo_arrives_as_an_id_and_its_bytes_can_be_fetched(w: World) -> None:
    await w.say(image={"sample": True, "caption": "broken"})
    told = (await w.until(lambda: w.bot.messages()))[0]["image"]
    assert (told["caption"], told["mime_type"]) == ("broken", "image/png")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    _, about = await w.ask("GET", f"/v23.0/{told['id']}", token=TOKEN)
    async with w.http.get(about["url"], headers=headers) as answer:
        assert await answer.read() == samples.make("image").data


@pytest.mark.parametrize(("said", "kind", "part"), [
    ({"voice": {"sample": True}}, "audio", {"voice": True}),
    ({"audio": {"sample": True}}, "audio", {"voice": False}),
    ({"document": {"sample": True}}, "document", {"filename": "receipt.pdf"}),
    ({"sticker": {"sample": True}}, "sticker", {"mime_type": "image/webp"}),
    ({"location": {"latitude": 52.5, "longitude": 13.4, "name": "Here"}}, "location",
     {"latitude": 52.5, "longitude": 13.4, "name": "Here"}),
    ({"raw": {"type": "order", "order": {"catalog_id": "1"}}}, "order", {"catalog_id": "1"}),
])
async def test_every_kind_of_message_arrives(
        w: World, said: dict[str, Any], kind: str, part: dict[str, Any]) -> None:
    await w.say(**said)
    told = (await w.until(lambda: w.bot.messages()))[0]
    assert told["type"] == kind
    assert part.items() <= told[kind].items()


async def test_a_shared_person_arrives_with_a_number(w: World) -> None:
    await w.say(contacts=[{"name": "Mia B", "phone": "+49 170 1"}])
    told = (await w.until(lambda: w.bot.messages()))[0]["contacts"]
    assert told["contacts"][0]["phones"][0] == {"phone": "+491701", "wa_id": "491701",
                                                "type": "CELL"}


async def test_a_reaction_arrives_and_can_be_taken_back(w: World) -> None:
    said = await w.say(text="hello")
    await w.say(reaction={"message_id": said["id"], "emoji": "👍"})
    assert (await w.log())[0]["reactions"] == {"customer": "👍"}
    await w.say(reaction={"message_id": said["id"], "emoji": ""})
    assert (await w.log())[0]["reactions"] == {}
    told = await w.until(lambda: w.bot.messages()[2:] and w.bot.messages())
    assert told[1]["reaction"] == {"message_id": said["id"], "emoji": "👍"}
    assert "emoji" not in told[2]["reaction"]


async def test_an_answer_names_the_message_and_a_forward_names_none(w: World) -> None:
    said = await w.say(text="one")
    await w.say(text="two", reply_to=said["id"])
    await w.say(text="three", forwarded=True)
    told = await w.until(lambda: w.bot.messages()[2:] and w.bot.messages())
    assert told[1]["context"] == {"from": ADA_PHONE[1:], "id": said["id"]}
    assert told[2]["context"] == {"forwarded": True}


async def test_receipts_come_in_order_with_the_tag_and_the_virtual_time(w: World) -> None:
    await w.say(text="hello")
    w.clock.advance(3_600_000)
    sent = await w.sent(**text("hi"), biz_opaque_callback_data="tag-1")
    await w.until(lambda: len(w.bot.statuses_of(sent)) == 2)
    await w.ask("POST", "/api/customers/ada/read", {})
    await w.until(lambda: len(w.bot.statuses_of(sent)) == 3)
    told = w.bot.statuses_of(sent)
    assert [one["status"] for one in told] == ["sent", "delivered", "read"]
    assert {one["biz_opaque_callback_data"] for one in told} == {"tag-1"}
    assert {one["recipient_id"] for one in told} == {ADA_PHONE[1:]}
    assert all(0 <= w.clock.now() // 1000 - int(one["timestamp"]) < 60 for one in told)
    assert told[0]["pricing"]["category"] == "service"


async def test_a_reaction_of_the_business_is_only_sent(w: World) -> None:
    said = await w.say(text="hello")
    reacted = await w.sent(type="reaction", reaction={"message_id": said["id"], "emoji": "❤️"})
    sent = await w.sent(**text("hi"))
    await w.until(lambda: len(w.bot.statuses_of(sent)) == 2)
    assert [one["status"] for one in w.bot.statuses_of(reacted)] == ["sent"]
    assert (await w.log())[0]["reactions"] == {"business": "❤️"}


async def test_a_file_behind_a_link_is_fetched_and_a_bad_link_fails_in_a_receipt(w: World) -> None:
    photo = await w.say(image={"sample": True})
    good = f"{w.url}/files/{photo['media']['id']}"
    fine = await w.sent(type="image", image={"link": good})
    wrong_kind = await w.sent(type="sticker", sticker={"link": good})
    nowhere = await w.sent(type="image", image={"link": f"{w.url}/files/1"})
    for message, statuses in ((fine, 2), (wrong_kind, 1), (nowhere, 1)):
        await w.until(lambda m=message, n=statuses: len(w.bot.statuses_of(m)) == n)
    for message in (wrong_kind, nowhere):
        assert w.bot.statuses_of(message)[0]["errors"][0]["code"] == 131053
    shown = next(one for one in await w.log() if one["id"] == fine)
    assert shown["media"]["state"] == "ready"
    assert shown["media"]["size"] == len(samples.make("image").data)


async def test_a_delivery_that_is_not_taken_is_tried_again_and_order_is_kept(w: World) -> None:
    w.bot.statuses = [500, 503, 302]
    said = [await w.say(text=str(number)) for number in range(3)]
    await w.until(lambda: len(w.bot.bodies) == 6)
    assert [one["text"]["body"] for one in w.bot.messages()] == ["0", "0", "0", "0", "1", "2"]
    assert w.bot.bodies[0] == w.bot.bodies[3]
    notes = await w.log(query="?from=emulator")
    assert [one["text"].split(":")[0] for one in notes] == ["The bot did not take the webhook"]

    async def delivered() -> bool:
        return {one["status"] for one in await w.log(query="?from=customer")} == {"delivered"}

    async with asyncio.timeout(10):
        while not await delivered():
            await asyncio.sleep(0.005)
    assert len(said) == 3


async def test_after_the_last_try_the_message_is_marked_and_the_next_goes_out() -> None:
    async with world(webhook_attempts=2) as w:
        w.bot.statuses = [500, 500]
        await w.say(text="lost")
        await w.say(text="next")
        await w.until(lambda: len(w.bot.bodies) == 3)
        async with asyncio.timeout(10):
            while [one["status"] for one in await w.log(query="?from=customer")] != [
                    "failed", "delivered"]:
                await asyncio.sleep(0.005)


async def test_one_customer_does_not_wait_for_another() -> None:
    async with world(webhook_backoff=60.0) as w:
        w.bot.statuses = [500]
        await w.say(text="stuck")
        await w.until(lambda: w.bot.bodies)
        await w.say(SAM, text="free")
        await w.until(lambda: len(w.bot.bodies) == 2)
        assert w.bot.messages()[1]["text"]["body"] == "free"
        w.clock.advance(1)  # whoever waits for a second try is woken by a moved clock
        await w.until(lambda: len(w.bot.bodies) == 3)
        assert w.bot.messages()[2]["text"]["body"] == "stuck"


async def test_a_bot_that_is_not_there_is_named_in_a_note() -> None:
    async with world(webhook_url="http://127.0.0.1:9/none", webhook_attempts=1) as w:
        await w.say(text="hello")
        async with asyncio.timeout(10):
            while len(await w.log(query="?from=emulator")) < 2:
                await asyncio.sleep(0.005)
        assert "no connection" in (await w.log(query="?from=emulator"))[0]["text"]


async def test_the_handshake_is_metas(w: World) -> None:
    assert await w.ask("POST", "/handshake", {}) == (200, {"ok": True, "status": 200})


async def test_a_handshake_with_another_token_says_so() -> None:
    async with world(verify_token="other") as w:
        assert await w.ask("POST", "/handshake", {}) == (200, {"ok": False, "status": 403})


@pytest.mark.parametrize("said", [
    {}, {"text": ""}, {"text": 1}, {"text": "a", "tap": "b"}, {"dance": 1}, {"tap": "nothing"},
    {"image": {}}, {"image": {"data": "%%"}}, {"image": {"data": ""}}, {"image": "x"},
    {"image": {"data": "QUJD", "mime_type": "a\r\nb"}},
    {"location": {"latitude": 91, "longitude": 0}}, {"contacts": []}, {"raw": {"type": "a b"}},
    {"reaction": {"message_id": "x", "emoji": "👍"}}, {"text": "a", "reply_to": "x"},
    {"tap": "x", "of": 5},
])
async def test_what_a_phone_could_not_say_is_refused(w: World, said: dict[str, Any]) -> None:
    status, answer = await w.ask("POST", "/api/customers/ada/messages", said)
    assert status == 400
    assert answer["error"]
    assert w.bot.bodies == []


async def test_the_business_cannot_be_a_customer_and_a_number_is_taken_once(w: World) -> None:
    for phone in (PHONE, ADA_PHONE, "+49 (170) 123-4567"):
        status, _ = await w.ask("POST", "/api/customers", {"name": "Eve", "phone": phone})
        assert status == 400
