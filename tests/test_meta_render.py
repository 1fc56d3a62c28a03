from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel.meta_render import length, message, read_mark
from bot.errors import Rejected
from bot.model import Address, Json

DATA = Path(os.environ.get("FRONTDESK_DATA", Path(__file__).parents[2] / "shared" / "data"))
PHONE = (Address("phone", "4915112300001"),)
PICTURE = "https://shop.example/tent.jpg"


def rendered(content: Json, to: tuple[Address, ...] = PHONE, tag: str = "01tag") -> Json:
    body: Json = json.loads(message(to, content, tag))
    accepts(body)
    return body


def buttons(*titles: str, **more: Any) -> Json:
    return {"type": "buttons", "text": "Which?",
            "buttons": [{"id": f"id-{n}", "title": t} for n, t in enumerate(titles)], **more}


def rows(count: int, **more: Any) -> Json:
    return {"type": "list", "text": "Which?", "button": "Choose",
            "rows": [{"id": f"id-{n}", "title": f"Row {n}"} for n in range(count)], **more}


# An oracle of our own: what the Cloud API takes, written down apart from the code that renders.

def accepts(body: Json) -> None:
    assert body["messaging_product"] == "whatsapp"
    assert body["recipient_type"] == "individual"
    assert ("to" in body) != ("recipient" in body)
    if "to" in body:
        assert body["to"][0] == "+"
        assert body["to"][1:].isdigit()
    assert 1 <= len(body["biz_opaque_callback_data"]) <= 512
    kind = body["type"]
    assert set(body) - {"to", "recipient"} == {
        "messaging_product", "recipient_type", "type", kind, "biz_opaque_callback_data"}
    ORACLE[kind](body[kind])


def between(text: Any, most: int) -> None:
    assert isinstance(text, str)
    assert 1 <= len(text.encode("utf-16-le")) // 2 <= most


def keys(body: Json, needed: set[str], allowed: set[str] = frozenset()) -> None:  # type: ignore
    assert needed <= set(body) <= needed | allowed, set(body)


def text_oracle(body: Json) -> None:
    keys(body, {"body"}, {"preview_url"})
    between(body["body"], 4096)


def media_oracle(body: Json) -> None:
    assert ("link" in body) != ("id" in body)
    keys(body, {"link"} if "link" in body else {"id"}, {"caption", "filename"})
    between(body.get("caption", "-"), 1024)
    if "link" in body:
        assert body["link"].startswith(("http://", "https://"))


def bare_media_oracle(body: Json) -> None:
    media_oracle(body)
    assert not {"caption", "filename"} & set(body)


def interactive_oracle(body: Json) -> None:
    action = body["action"]
    keys(body, {"type", "body", "action"}, {"header"})
    between(body["body"]["text"], 1024)
    if body["type"] == "button":
        replies = [button["reply"] for button in action["buttons"]]
        assert 1 <= len(replies) <= 3
        assert len({r["id"] for r in replies}) == len({r["title"] for r in replies}) == len(replies)
        for button in action["buttons"]:
            assert button["type"] == "reply"
            between(button["reply"]["id"], 256)
            between(button["reply"]["title"], 20)
        if "header" in body:
            header = body["header"]
            assert header["type"] in ("image", "video", "document")
            media_oracle(header[header["type"]])
    elif body["type"] == "list":
        between(action["button"], 20)
        found = [row for section in action["sections"] for row in section["rows"]]
        assert 1 <= len(found) <= 10
        assert len({row["id"] for row in found}) == len(found)
        for row in found:
            keys(row, {"id", "title"}, {"description"})
            between(row["id"], 200)
            between(row["title"], 24)
            between(row.get("description", "-"), 72)
        assert "header" not in body
    else:
        assert body["type"] == "cta_url"
        assert action["name"] == "cta_url"
        between(action["parameters"]["display_text"], 20)
        assert action["parameters"]["url"].startswith(("http://", "https://"))


def location_oracle(body: Json) -> None:
    keys(body, {"latitude", "longitude"}, {"name", "address"})
    assert -90 <= body["latitude"] <= 90
    assert -180 <= body["longitude"] <= 180


def contacts_oracle(body: list[Json]) -> None:
    for card in body:
        assert {"formatted_name", "first_name"} <= set(card["name"])
        assert card["phones"]


def reaction_oracle(body: Json) -> None:
    keys(body, {"message_id", "emoji"})


def template_oracle(body: Json) -> None:
    keys(body, {"name", "language"}, {"components"})
    for component in body.get("components", []):
        assert component["type"] == "body"
        for parameter in component["parameters"]:
            assert parameter["type"] == "text"
            between(parameter["text"], 1024)
            assert not set("\n\t") & set(parameter["text"])
            assert "     " not in parameter["text"]


ORACLE = {
    "text": text_oracle, "image": media_oracle, "video": media_oracle, "document": media_oracle,
    "audio": bare_media_oracle, "sticker": bare_media_oracle, "interactive": interactive_oracle,
    "location": location_oracle, "contacts": contacts_oracle, "reaction": reaction_oracle,
    "template": template_oracle}


def test_a_text_goes_to_a_phone_with_its_tag() -> None:
    assert rendered({"type": "text", "text": "Hello"}) == {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+4915112300001",
        "type": "text", "text": {"body": "Hello"}, "biz_opaque_callback_data": "01tag"}


def test_an_address_in_a_text_is_shown_with_a_preview() -> None:
    assert rendered({"type": "text", "text": "see https://a.example"})["text"]["preview_url"]


def test_who_has_no_phone_is_reached_by_the_business_scoped_id() -> None:
    body = rendered({"type": "text", "text": "Hi"}, to=(Address("bsuid", "PT.4402", "90001"),))
    assert body["recipient"] == "PT.4402"
    assert "to" not in body


def test_who_has_both_is_reached_by_phone() -> None:
    body = rendered({"type": "text", "text": "Hi"},
                    to=(Address("bsuid", "PT.4402", "90001"), *PHONE))
    assert body["to"] == "+4915112300001"
    assert "recipient" not in body


@pytest.mark.parametrize(("content", "part"), [
    (buttons("Yes", "No"), {"interactive": {
        "type": "button", "body": {"text": "Which?"}, "action": {"buttons": [
            {"type": "reply", "reply": {"id": "id-0", "title": "Yes"}},
            {"type": "reply", "reply": {"id": "id-1", "title": "No"}}]}}}),
    (buttons("Yes", header={"type": "image", "url": PICTURE}), {"interactive": {
        "type": "button", "header": {"type": "image", "image": {"link": PICTURE}},
        "body": {"text": "Which?"}, "action": {"buttons": [
            {"type": "reply", "reply": {"id": "id-0", "title": "Yes"}}]}}}),
    (buttons("Yes", header={"type": "document", "url": "https://a.example/1", "name": "l.pdf"}),
     {"interactive": {
        "type": "button",
        "header": {"type": "document", "document": {"link": "https://a.example/1",
                                                    "filename": "l.pdf"}},
        "body": {"text": "Which?"}, "action": {"buttons": [
            {"type": "reply", "reply": {"id": "id-0", "title": "Yes"}}]}}}),
    ({"type": "list", "text": "When?", "button": "Times", "rows": [
        {"id": "a", "title": "9:00", "description": "Dr. Hart"}, {"id": "b", "title": "10:00"}]},
     {"interactive": {"type": "list", "body": {"text": "When?"}, "action": {
         "button": "Times", "sections": [{"rows": [
             {"id": "a", "title": "9:00", "description": "Dr. Hart"},
             {"id": "b", "title": "10:00"}]}]}}}),
    ({"type": "link", "text": "Track it", "label": "Open", "url": "https://a.example/t?n=1"},
     {"interactive": {"type": "cta_url", "body": {"text": "Track it"}, "action": {
         "name": "cta_url", "parameters": {"display_text": "Open",
                                           "url": "https://a.example/t?n=1"}}}}),
    ({"type": "image", "url": PICTURE, "caption": "The tent"},
     {"image": {"link": PICTURE, "caption": "The tent"}}),
    ({"type": "image", "id": "555001"}, {"image": {"id": "555001"}}),
    ({"type": "video", "url": "http://a.example/v"}, {"video": {"link": "http://a.example/v"}}),
    ({"type": "audio", "url": "https://a.example/a"}, {"audio": {"link": "https://a.example/a"}}),
    ({"type": "sticker", "id": "9"}, {"sticker": {"id": "9"}}),
    ({"type": "document", "url": "https://a.example/l", "name": "label.pdf", "caption": "Label"},
     {"document": {"link": "https://a.example/l", "filename": "label.pdf", "caption": "Label"}}),
    ({"type": "location", "latitude": 52.5, "longitude": 13, "name": "Shop", "address": "Weg 1"},
     {"location": {"latitude": 52.5, "longitude": 13, "name": "Shop", "address": "Weg 1"}}),
    ({"type": "contact", "name": "Front desk", "phone": "+4930555000"},
     {"contacts": [{"name": {"formatted_name": "Front desk", "first_name": "Front desk"},
                    "phones": [{"phone": "+4930555000"}]}]}),
    ({"type": "reaction", "emoji": "👍", "to": "wamid.X"},
     {"reaction": {"message_id": "wamid.X", "emoji": "👍"}}),
    ({"type": "reaction", "emoji": "", "to": "wamid.X"},
     {"reaction": {"message_id": "wamid.X", "emoji": ""}}),
    ({"type": "template", "name": "order_update", "language": "en-US",
      "with": {"order": "A 1\n\tB      2", "name": "Mara"}},
     {"template": {"name": "order_update", "language": {"code": "en_US"}, "components": [
         {"type": "body", "parameters": [
             {"type": "text", "parameter_name": "order", "text": "A 1 B 2"},
             {"type": "text", "parameter_name": "name", "text": "Mara"}]}]}}),
    ({"type": "template", "name": "hello", "language": "de", "with": {"2": "b", "1": 7}},
     {"template": {"name": "hello", "language": {"code": "de"}, "components": [
         {"type": "body", "parameters": [
             {"type": "text", "text": "7"}, {"type": "text", "text": "b"}]}]}}),
    ({"type": "template", "name": "hello", "language": "de", "with": {}},
     {"template": {"name": "hello", "language": {"code": "de"}}}),
], ids=lambda value: value.get("type", "") if isinstance(value, dict) else "")
def test_every_kind_has_the_form_that_meta_documents(content: Json, part: Json) -> None:
    body = rendered(content)
    assert {body["type"]: body[body["type"]]} == part


@pytest.mark.parametrize("content", [
    {"type": "text", "text": "x" * 4096},
    {"type": "text", "text": "😀" * 2048},
    buttons("x" * 20, "y" * 20, "z", text="t" * 1024),
    rows(10, text="t" * 1024, button="b" * 20),
    {"type": "list", "text": "t", "button": "b",
     "rows": [{"id": "i" * 200, "title": "t" * 24, "description": "d" * 72}]},
    {"type": "link", "text": "t" * 1024, "label": "l" * 20, "url": "https://a.example/"},
    {"type": "image", "url": PICTURE, "caption": "c" * 1024},
], ids=lambda c: c["type"])
def test_what_is_just_within_the_limits_goes(content: Json) -> None:
    rendered(content)


@pytest.mark.parametrize(("content", "why"), [
    ({"type": "text", "text": "x" * 4097}, "the text has 4097 characters, WhatsApp takes 4096"),
    ({"type": "text", "text": "😀" * 2049}, "4098 characters"),
    ({"type": "text", "text": ""}, "the text is empty"),
    ({"type": "text", "text": " \n "}, "the text is empty"),
    ({"type": "text", "text": None}, "the text is no text"),
    ({"type": "text"}, "incomplete"),
    ({"type": "text", "text": "half an emoji \ud83d"}, "can't be written"),
    (buttons("A", "B", "C", "D"), "1 to 3 buttons, not 4"),
    (buttons(), "1 to 3 buttons, not 0"),
    (buttons("x" * 21), "a button's title has 21 characters, WhatsApp takes 20"),
    (buttons("A", "A"), "two buttons have the same title"),
    (buttons("A", text="t" * 1025), "the text above buttons has 1025"),
    (buttons("A", header={"type": "audio", "url": PICTURE}), "can't have 'audio' above"),
    ({"type": "buttons", "text": "t", "buttons": [{"id": "i" * 257, "title": "A"}]}, "257"),
    ({"type": "buttons", "text": "t", "buttons": [{"id": "i", "title": "A"},
                                                  {"id": "i", "title": "B"}]}, "same id"),
    (rows(11), "1 to 10 rows, not 11"),
    (rows(0), "1 to 10 rows, not 0"),
    (rows(1, text="t" * 1025), "the text above a list has 1025"),
    (rows(1, button="b" * 21), "a list's button has 21"),
    (rows(1, rows=[{"id": "a", "title": "t" * 25}]), "a row's title has 25"),
    (rows(1, rows=[{"id": "i" * 201, "title": "t"}]), "a row's id has 201"),
    (rows(1, rows=[{"id": "a", "title": "t", "description": "d" * 73}]), "has 73"),
    (rows(1, rows=[{"id": "a", "title": "t"}, {"id": "a", "title": "u"}]), "two rows"),
    (rows(1, rows=5), "incomplete"),
    ({"type": "link", "text": "t", "label": "l" * 21, "url": PICTURE}, "a link's label has 21"),
    ({"type": "link", "text": "t", "label": "l", "url": "javascript:alert(1)"}, "https://"),
    ({"type": "link", "text": "t", "label": "l", "url": "https://a b"}, "https://"),
    ({"type": "link", "text": "t", "label": "l", "url": "https://[broken"}, "https://"),
    ({"type": "image", "url": PICTURE, "caption": "c" * 1025}, "a caption has 1025"),
    ({"type": "audio", "url": PICTURE, "caption": "c"}, "no caption with audio"),
    ({"type": "image"}, "incomplete"),
    ({"type": "location", "latitude": 91, "longitude": 0}, "no place"),
    ({"type": "location", "latitude": float("nan"), "longitude": 0}, "no place"),
    ({"type": "location", "latitude": "north", "longitude": 0}, "can't be written"),
    ({"type": "template", "name": "Bad Name", "language": "en"}, "small letters"),
    ({"type": "template", "name": "a", "language": "English"}, "no language"),
    ({"type": "template", "name": "a", "language": "en", "with": {"x": " "}}, "x is empty"),
    ({"type": "reaction", "emoji": "x" * 41, "to": "w"}, "one emoji"),
    ({"type": "hologram"}, "can't send 'hologram'"),
    ({}, "can't send None"),
    ({"type": ["text"]}, "can't send"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_meta_would_refuse_is_refused_with_the_reason(content: Json, why: str) -> None:
    with pytest.raises(Rejected) as caught:
        message(PHONE, content, "01tag")
    assert why in str(caught.value)
    assert caught.value.advice


def test_nobody_and_no_tag_are_refused() -> None:
    with pytest.raises(Rejected, match="no address"):
        message((Address("email", "a@b.example"),), {"type": "text", "text": "a"}, "t")
    for tag in ("", "x" * 513):
        with pytest.raises(Rejected, match="1 to 512"):
            message(PHONE, {"type": "text", "text": "a"}, tag)


def test_the_read_mark_may_show_that_we_type() -> None:
    assert json.loads(read_mark("wamid.X", typing=False)) == {
        "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}
    assert json.loads(read_mark("wamid.X", typing=True))["typing_indicator"] == {"type": "text"}


def test_length_counts_as_the_strictest_reader_would() -> None:
    assert [length(t) for t in ("", "abc", "äöü", "中文", "😀", "👩‍👧")] == [0, 3, 3, 2, 2, 5]


values = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=30),
                   st.text(alphabet="x😀", min_size=15, max_size=30),
                   st.just(PICTURE), st.lists(st.fixed_dictionaries(
                       {"id": st.text(max_size=5), "title": st.text(max_size=30)}), max_size=12))
contents = st.builds(
    lambda kind, more: {"type": kind, **more},
    st.sampled_from(["text", "buttons", "list", "link", "image", "audio", "document", "location",
                     "contact", "reaction", "template"]),
    st.dictionaries(st.sampled_from(
        ["text", "buttons", "rows", "button", "label", "url", "caption", "name", "latitude",
         "longitude", "phone", "emoji", "to", "language", "with", "header"]), values))


@given(contents)
def test_whatever_is_rendered_is_valid_and_all_else_is_rejected(content: Json) -> None:
    try:
        data = message(PHONE, content, "01tag")
    except Rejected:
        return
    accepts(json.loads(data))


def test_our_requests_use_no_field_that_other_projects_don_t_send() -> None:
    """Compared with requests that other projects' tests expect, for the kinds we both have."""
    folder = DATA / "whatsapp" / "outbound"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {DATA}: set FRONTDESK_DATA")
    seen: dict[str, set[str]] = {}
    for path in folder.glob("meta*/*.json"):
        body = json.loads(path.read_text())
        if isinstance(body, dict) and isinstance(body.get("type"), str):
            part = body.get(body["type"])
            kind = body["type"] if body["type"] != "interactive" else f"i.{part['type'].lower()}"
            seen.setdefault(kind, set()).update(fields(part))
    for content in (buttons("A", header={"type": "image", "url": PICTURE}), rows(2),
                    {"type": "text", "text": "https://a.example"},
                    {"type": "image", "url": PICTURE, "caption": "c"},
                    {"type": "document", "url": PICTURE, "name": "n", "caption": "c"},
                    {"type": "location", "latitude": 1, "longitude": 2, "name": "n"},
                    {"type": "contact", "name": "n", "phone": "+49"},
                    {"type": "reaction", "emoji": "👍", "to": "w"}):
        body = rendered(content)
        part = body[body["type"]]
        kind = body["type"] if body["type"] != "interactive" else f"i.{part['type']}"
        assert fields(part) <= seen[kind], kind


def fields(tree: Any, at: str = "") -> set[str]:
    if isinstance(tree, dict):
        return {name for key, value in tree.items()
                for name in {f"{at}.{key}"} | fields(value, f"{at}.{key}")}
    if isinstance(tree, list):
        return {name for value in tree for name in fields(value, at)}
    return set()
