"""What the emulated Graph API takes, and how it refuses the rest."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.emulator import samples
from tests.emulating import (
    ACCOUNT,
    ADA,
    ADA_PHONE,
    NUMBER,
    PHONE,
    SAM,
    TOKEN,
    World,
    buttons,
    rows,
    text,
    world,
)

DATA = Path(os.environ.get("FRONTDESK_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
async def w() -> AsyncIterator[World]:
    async with world() as made:
        await made.say(text="hello")
        yield made


async def test_a_text_is_taken_and_answered_as_meta_answers(w: World) -> None:
    status, answer = await w.graph(**text("hi"))
    assert status == 200
    assert answer["messaging_product"] == "whatsapp"
    assert answer["contacts"] == [{"input": ADA_PHONE, "wa_id": ADA_PHONE[1:]}]
    assert answer["messages"][0]["id"].startswith("wamid.")
    assert answer["messages"][0]["message_status"] == "accepted"
    assert [one["text"] for one in await w.log(query="?from=business")] == ["hi"]


async def test_a_person_without_a_phone_is_reached_by_the_scoped_id(w: World) -> None:
    await w.say(SAM, text="hello")
    _, listed = await w.ask("GET", "/api/customers")
    scoped = next(one["user_id"] for one in listed["customers"] if one["id"] == SAM)
    status, answer = await w.graph({"messaging_product": "whatsapp", "recipient": scoped,
                                    **text("hi")})
    assert (status, answer["contacts"]) == (200, [{"input": scoped, "user_id": scoped}])


async def test_a_number_wins_over_a_scoped_id_when_both_are_named(w: World) -> None:
    status, answer = await w.graph(recipient="US.1", **text("hi"))
    assert (status, answer["contacts"][0]["wa_id"]) == (200, ADA_PHONE[1:])


@pytest.mark.parametrize("token", [None, "", "wrong"])
async def test_without_the_token_everything_is_refused_with_190(
        w: World, token: str | None) -> None:
    for method, path in (("POST", f"/v23.0/{NUMBER}/messages"), ("GET", "/v23.0/123"),
                         ("POST", f"/v23.0/{NUMBER}/media"), ("GET", "/v23.0/nothing/here")):
        status, answer = await w.ask(method, path, {} if method == "POST" else None, token=token)
        assert (status, answer["error"]["code"]) == (401, 190)


async def test_any_version_is_served_and_another_number_is_unknown(w: World) -> None:
    body = {"messaging_product": "whatsapp", "to": ADA_PHONE, **text("hi")}
    assert (await w.ask("POST", f"/v26.0/{NUMBER}/messages", body, token=TOKEN))[0] == 200
    status, answer = await w.ask("POST", "/v23.0/999/messages", body, token=TOKEN)
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)


async def test_an_unknown_path_is_refused_in_metas_form(w: World) -> None:
    status, answer = await w.ask("GET", f"/v23.0/{NUMBER}/calls/x", token=TOKEN)
    assert (status, answer["error"]["code"]) == (400, 2500)


TAKEN: dict[str, Any] = {
    "a text of 4096": text("x" * 4096),
    "three buttons of 20": buttons("a" * 20, "b" * 20, "c" * 20),
    "buttons with a text above": buttons("a", header={"type": "text", "text": "x" * 60}),
    "ten rows in ten parts": rows(*"abcdefghij", sections=10),
    "a place": {"type": "location", "location": {"latitude": "52.5", "longitude": 13.4}},
    "a link button": {"type": "interactive", "interactive": {
        "type": "cta_url", "body": {"text": "Look"}, "footer": {"text": "now"}, "action": {
            "name": "cta_url", "parameters": {"display_text": "Open", "url": "https://a.b/c"}}}},
    "a person": {"type": "contacts", "contacts": [
        {"name": {"formatted_name": "Mia B", "first_name": "Mia"}, "phones": [{"phone": "+49"}]}]},
    "a request for the place": {"type": "interactive", "interactive": {
        "type": "location_request_message", "body": {"text": "Where?"},
        "action": {"name": "send_location"}}},
    "an answer to a message": {**text("hi"), "context": {"message_id": "wamid.1"}},
    "a tag of 512": {**text("hi"), "biz_opaque_callback_data": "x" * 512},
}


@pytest.mark.parametrize("name", TAKEN)
async def test_what_meta_takes_is_taken(w: World, name: str) -> None:
    assert await w.sent(**TAKEN[name])


def _with(message: dict[str, Any], *path: str | int, value: Any) -> dict[str, Any]:
    """A copy of a message with one value changed, or (None) taken out."""
    copy = json.loads(json.dumps(message))
    at = copy
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copy


_REPLY = ("interactive", "action", "buttons", 0, "reply")
_ROW = ("interactive", "action", "sections", 0, "rows", 0)

REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "a text of 4097": (text("x" * 4097), 131009),
    "a text of 4096 counted in UTF-16": (text("😀" * 2049), 131009),
    "an empty text": (text("  "), 131009),
    "no text at all": ({"type": "text", "text": {}}, 131008),
    "no body of the type": ({"type": "text"}, 131008),
    "a type that is none": ({"type": "poll", "poll": {}}, 131051),
    "a type that is a list": ({"type": [], "text": {}}, 131051),
    "a key that is unknown": (_with(text("hi"), "text", "bodi", value="x"), 100),
    "four buttons": (buttons(*"abcd"), 131009),
    "no buttons": (buttons(), 131009),
    "a button of 21": (buttons("x" * 21), 131009),
    "an id of 257": (_with(buttons("a"), *_REPLY, "id", value="x" * 257), 131009),
    "a button without an id": (_with(buttons("a"), *_REPLY, "id", value=None), 131008),
    "two buttons with one title": (
        _with(buttons("a", "b"), "interactive", "action", "buttons", 1, "reply", "title",
              value="a"), 131009),
    "two buttons with one id": (
        _with(buttons("a", "b"), "interactive", "action", "buttons", 1, "reply", "id",
              value="id-a"), 131009),
    "a body of 1025": (_with(buttons("a"), "interactive", "body", "text", value="x" * 1025),
                       131009),
    "a footer of 61": (buttons("a", footer={"text": "x" * 61}), 131009),
    "a text above of 61": (buttons("a", header={"type": "text", "text": "x" * 61}), 131009),
    "eleven rows in two parts": (rows(*"abcdefghijk", sections=2), 131009),
    "a row of 25": (_with(rows("a"), *_ROW, "title", value="x" * 25), 131009),
    "a row's text of 73": (_with(rows("a"), *_ROW, "description", value="x" * 73), 131009),
    "a row's id of 201": (_with(rows("a"), *_ROW, "id", value="x" * 201), 131009),
    "two parts, one without a title": (
        _with(rows("a", "b", sections=2), "interactive", "action", "sections", 0, "title",
              value=None), 131008),
    "a list's button of 21": (_with(rows("a"), "interactive", "action", "button", value="x" * 21),
                              131009),
    "a picture above a list": (
        _with(rows("a"), "interactive", "header", value={"type": "image", "image": {"id": "1"}}),
        131009),
    "a link that is a script": (
        _with(TAKEN["a link button"], "interactive", "action", "parameters", "url",
              value="javascript:alert(1)"), 131009),
    "a link button of 21": (
        _with(TAKEN["a link button"], "interactive", "action", "parameters", "display_text",
              value="x" * 21), 131009),
    "a kind of interactive that is none": (
        {"type": "interactive", "interactive": {"type": "quiz", "action": {}}}, 131051),
    "a place off the globe": (_with(TAKEN["a place"], "location", "latitude", value=91), 131009),
    "a person with one name": (
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Mia"}}]}, 131009),
    "a picture that is nowhere": ({"type": "image", "image": {"id": "1"}}, 131009),
    "a picture without id or link": ({"type": "image", "image": {}}, 131008),
    "a picture with id and link": (
        {"type": "image", "image": {"id": "1", "link": "https://a.b"}}, 131008),
    "words under a sound": (
        {"type": "audio", "audio": {"link": "https://a.b", "caption": "x"}}, 100),
    "a reaction to nothing": (
        {"type": "reaction", "reaction": {"message_id": "wamid.x", "emoji": "👍"}}, 131009),
    "a template nobody registered": (
        {"type": "template", "template": {"name": "x", "language": {"code": "en"}}}, 132001),
    "a tag of 513": ({**text("hi"), "biz_opaque_callback_data": "x" * 513}, 131009),
    "a group": ({**text("hi"), "recipient_type": "group"}, 131009),
    "nobody": ({**text("hi"), "to": None}, 131008),
    "a number that is none": ({**text("hi"), "to": "ada"}, 131009),
    "a number without a phone here": ({**text("hi"), "to": "+15550001111"}, 131026),
    "the business itself": ({**text("hi"), "to": PHONE}, 131021),
    "another product": ({**text("hi"), "messaging_product": "telegram"}, 100),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_meta_refuses_is_refused_with_its_code(w: World, name: str) -> None:
    message, code = REFUSED[name]
    assert await w.refused(**message) == code
    assert [one["type"] for one in await w.log(query="?from=business")] == []


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
async def test_a_body_that_is_no_object_is_refused(w: World, raw: bytes) -> None:
    status, answer = await w.ask("POST", f"/v23.0/{NUMBER}/messages", raw=raw, token=TOKEN)
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_a_refusal_is_shown_between_the_bubbles(w: World) -> None:
    await w.refused(**buttons("x" * 21))
    notes = await w.log(query="?from=emulator")
    assert "131009" in notes[-1]["text"]
    assert "title" in notes[-1]["text"]


async def test_outside_24_hours_only_a_template_is_taken() -> None:
    template = {"name": "reminder", "language": "en", "category": "UTILITY", "components": [
        {"type": "BODY", "text": "Hello {{1}}, still there?"}]}
    async with world(templates=[template]) as w:
        assert await w.refused(**text("too early")) == 131047
        await w.say(text="hello")
        await w.sent(**text("in time"))
        w.clock.advance(24 * 3_600_000 - 60_000)
        await w.sent(**text("just in time"))
        w.clock.advance(60_000)
        assert await w.refused(**text("too late")) == 131047
        asked = {"name": "reminder", "language": {"code": "en"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Ada"}]}]}
        await w.sent(type="template", template=asked)
        assert (await w.log(query="?from=business"))[-1]["text"] == "Hello Ada, still there?"
        asked["components"] = []
        assert await w.refused(type="template", template=asked) == 132000
        await w.say(text="back again")
        await w.sent(**text("open again"))


async def test_the_24_hours_can_end_in_a_failed_receipt_instead() -> None:
    async with world(window_error="async") as w:
        sent = await w.sent(**text("too late"))
        await w.until(lambda: w.bot.statuses_of(sent))
        receipt = w.bot.statuses_of(sent)[0]
        assert (receipt["status"], receipt["errors"][0]["code"]) == ("failed", 131047)


async def test_a_read_mark_turns_the_ticks_of_this_and_earlier_messages_blue(w: World) -> None:
    ids = [(await w.say(text=str(number)))["id"] for number in range(3)]
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": ids[1],
            "typing_indicator": {"type": "text"}}
    assert await w.graph(body) == (200, {"success": True})
    status = {one["id"]: one["status"] for one in await w.log(query="?from=customer")}
    assert [status[one] == "read" for one in ids] == [True, True, False]


@pytest.mark.parametrize("change", [{"message_id": "wamid.x"}, {"status": "delivered"},
                                    {"typing_indicator": {"type": "dance"}}])
async def test_a_wrong_read_mark_is_refused(w: World, change: dict[str, Any]) -> None:
    said = await w.say(text="hi")
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": said["id"], **change}
    assert (await w.graph(body))[0] == 400


async def _upload(w: World, data: bytes, mime_type: str, **fields: str) -> tuple[int, Any]:
    form = aiohttp.FormData()
    for key, value in {"messaging_product": "whatsapp", **fields}.items():
        form.add_field(key, value)
    form.add_field("file", io.BytesIO(data), filename="a", content_type=mime_type)
    async with w.http.post(f"{w.url}/v23.0/{NUMBER}/media", data=form,
                           headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        return answer.status, await answer.json()


async def test_an_uploaded_file_is_sent_by_id_and_comes_back_with_the_token_only(w: World) -> None:
    photo = samples.make("image").data
    status, answer = await _upload(w, photo, "image/png")
    assert status == 200
    media = answer["id"]
    await w.sent(type="image", image={"id": media, "caption": "look"})
    status, about = await w.ask("GET", f"/v23.0/{media}?phone_number_id={NUMBER}", token=TOKEN)
    assert (status, about["mime_type"], about["file_size"]) == (200, "image/png", len(photo))
    assert about["sha256"] == hashlib.sha256(photo).hexdigest()
    async with w.http.get(about["url"]) as bare:
        assert bare.status == 401
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with w.http.get(about["url"], headers=headers) as got:
        assert (got.status, await got.read()) == (200, photo)
    async with w.http.get(about["url"].replace("ext=1", "ext=2"), headers=headers) as forged:
        assert forged.status == 404
    assert (await w.ask("DELETE", f"/v23.0/{media}", token=TOKEN))[1] == {"success": True}
    assert (await w.ask("GET", f"/v23.0/{media}", token=TOKEN))[1]["error"]["code"] == 100


@pytest.mark.parametrize(("data", "mime_type", "code"), [
    (b"<svg/>", "image/svg+xml", 131053), (b"no picture", "image/png", 131053),
    (b"", "image/png", 131008),
    (b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024), "image/png", 131053),
])
async def test_an_upload_that_meta_would_not_send_is_refused(
        w: World, data: bytes, mime_type: str, code: int) -> None:
    status, answer = await _upload(w, data, mime_type)
    assert (status, answer["error"]["code"]) == (400, code)


async def test_a_file_can_be_no_larger_than_the_emulator_keeps() -> None:
    async with world(max_file=1000) as w:
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("file", bytes(2000), filename="a", content_type="application/pdf")
        async with w.http.post(f"{w.url}/v23.0/{NUMBER}/media", data=form,
                               headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 413


async def test_templates_and_the_number_can_be_asked_for(w: World) -> None:
    new = {"name": "hello", "language": "en", "category": "UTILITY",
           "components": [{"type": "BODY", "text": "Hi"}]}
    path = f"/v23.0/{ACCOUNT}/message_templates"
    assert (await w.ask("POST", path, new, token=TOKEN))[1]["status"] == "APPROVED"
    listed = (await w.ask("GET", path, token=TOKEN))[1]["data"]
    assert [one["name"] for one in listed] == ["hello"]
    assert (await w.ask("POST", path, {**new, "name": "Not So"}, token=TOKEN))[0] == 400
    assert (await w.ask("GET", f"/v23.0/{NUMBER}", token=TOKEN))[1]["verified_name"] == "Trail & Co"
    subscribed = await w.ask("POST", f"/v23.0/{ACCOUNT}/subscribed_apps", {}, token=TOKEN)
    assert subscribed == (200, {"success": True})


async def test_trouble_comes_as_often_as_it_was_asked_for(w: World) -> None:
    asked = {"next": 2, "kind": "error", "status": 429, "retry_after": 3}
    assert (await w.ask("POST", "/trouble", asked))[1] == {"waiting": 2}
    for _ in range(2):
        status, answer = await w.graph(**text("hi"))
        assert (status, answer["error"]["code"]) == (429, 130429)
    assert (await w.graph(**text("hi")))[0] == 200


async def test_a_dropped_send_is_not_taken_and_a_hanging_one_is(w: World) -> None:
    await w.ask("POST", "/trouble", {"kind": "drop"})
    with pytest.raises(aiohttp.ClientError):
        await w.graph(**text("dropped"))
    await w.ask("POST", "/trouble", {"kind": "hang", "seconds": 0.01})
    with pytest.raises(aiohttp.ClientError):
        await w.graph(**text("taken"))
    assert [one["text"] for one in await w.log(query="?from=business")] == ["taken"]


async def test_a_send_can_fail_after_it_was_taken(w: World) -> None:
    await w.ask("POST", "/trouble", {"kind": "failed", "code": 131049})
    sent = await w.sent(**text("hi"))
    await w.until(lambda: w.bot.statuses_of(sent))
    assert w.bot.statuses_of(sent)[0]["errors"][0]["code"] == 131049


@pytest.mark.parametrize("body", [{"next": 0}, {"kind": "fire"}, {"status": 200}, {"code": 7},
                                  {"seconds": -1}, {"next": "two"}])
async def test_trouble_that_makes_no_sense_is_refused(w: World, body: dict[str, Any]) -> None:
    assert (await w.ask("POST", "/trouble", body))[0] == 400


async def test_a_hanging_send_does_not_keep_the_emulator_from_stopping() -> None:
    async with asyncio.timeout(10):
        async with world() as w:
            await w.say(text="hello")
            await w.ask("POST", "/trouble", {"kind": "hang", "seconds": 120})
            hanging = asyncio.create_task(w.graph(**text("hi")))
            waiting = asyncio.create_task(w.log(query="?after=1000&wait=60"))
            while not await w.log(query="?from=business"):
                await asyncio.sleep(0.005)
        await asyncio.gather(hanging, waiting, return_exceptions=True)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data at {DATA}")
async def test_requests_that_other_projects_send_are_taken(w: World) -> None:
    """Those of a kind that is emulated, with the recipient and the media made ours."""
    _, answer = await _upload(w, samples.make("image").data, "image/png")
    media = {"image": answer["id"]}
    for kind, name in (("audio", "voice"), ("sticker", "sticker"), ("document", "document")):
        sample = samples.make(name)
        media[kind] = (await _upload(w, sample.data, sample.mime_type))[1]["id"]
    said = await w.say(text="react to me")
    taken = []
    for path in sorted((DATA / "whatsapp" / "outbound").glob("meta*/*.json")):
        body = json.loads(path.read_text("utf-8"))
        kind = body.get("type") if isinstance(body, dict) else None
        if kind not in ("text", "location", "image", "audio", "sticker", "document", "reaction"):
            continue
        content = body.get(kind)
        if not isinstance(content, dict):
            continue
        if "id" in content:
            content["id"] = media[kind]
        if not content.get("link", "https://").startswith(("http://", "https://")):  # a placeholder
            continue
        if "message_id" in content:
            content["message_id"] = said["id"]
        body = {**body, "to": ADA_PHONE, "recipient_type": "individual"}
        status, answer = await w.graph(body)
        assert status == 200, (path.name, body, answer)
        taken.append(kind)
    assert len(taken) > 10
    assert ADA in (await w.ask("GET", "/api/customers"))[1]["customers"][0]["id"]
