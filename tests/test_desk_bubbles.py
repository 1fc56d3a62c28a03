from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.clock import DAY
from bot.store.rows import MessageRow
from bot.web.desk_bubbles import bubble, bubbles
from bot.web.desk_pages import Moment

NOW = 1_760_427_000_000
AT = Moment(NOW, ZoneInfo("Europe/Berlin"))


def row(content: Any, direction: str = "in", origin: str = "customer", at: int = NOW,
        id_: str = "m1") -> MessageRow:
    return MessageRow(id_, direction, origin, "Maria" if origin.startswith("agent") else None,
                      content, at, "received" if direction == "in" else "sent")


def test_each_person_stands_on_their_side() -> None:
    text = {"type": "text", "text": "hi"}
    assert bubble(row(text), "Ana").side == "in"
    assert bubble(row(text), "Ana").who == "Ana"
    assert bubble(row(text, "out", "bot"), "Ana").who == "Bot"
    mine = bubble(row(text, "out", "agent:a1"), "Ana")
    assert (mine.side, mine.who) == ("agent", "Maria")


def test_a_day_is_named_once_and_a_run_begins_once() -> None:
    text = {"type": "text", "text": "hi"}
    shown = bubbles([row(text, at=NOW - DAY), row(text), row(text), row(text, "out", "bot")], AT,
                    "Ana")
    assert [b.day for b in shown] == ["Yesterday", "Today", "", ""]
    assert [b.first for b in shown] == [True, True, False, True]

    more = bubbles([row(text)], AT, "Ana", before=row(text))
    assert (more[0].day, more[0].first) == ("", False)


def test_a_tap_is_shown_as_a_tap() -> None:
    shown = bubble(row({"type": "tap", "id": "ref", "title": "Damaged"}), "Ana")
    assert (shown.label, shown.text) == ("Tapped", "Damaged")


def test_what_a_customer_sent_comes_through_our_own_address() -> None:
    shown = bubble(row({"type": "image", "media": {"id": "9", "mime_type": "image/jpeg",
                                                   "url": "https://evil.example"},
                        "text": "look"}), "Ana")
    assert shown.media is not None
    assert (shown.media.href, shown.media.inline, shown.text) == ("/desk/media/m1", True, "look")
    voice = bubble(row({"type": "audio", "media": {"id": "9", "voice": True}}), "Ana")
    assert voice.media is not None
    assert voice.media.label == "Voice message"
    paper = bubble(row({"type": "document", "media": {"id": "9", "name": "a.html"}}), "Ana")
    assert paper.media is not None
    assert (paper.media.inline, paper.media.label) == (False, "a.html")


def test_what_we_sent_is_a_link_and_only_to_the_web() -> None:
    shown = bubble(row({"type": "document", "url": "https://shop.example.com/label.pdf",
                        "name": "label.pdf", "caption": "Your label"}, "out", "bot"), "Ana")
    assert shown.media is not None
    assert shown.media.href == "https://shop.example.com/label.pdf"
    assert bubble(row({"type": "image", "url": "javascript:alert(1)"}, "out", "bot"),
                  "Ana").media is None
    assert bubble(row({"type": "link", "text": "t", "label": "l", "url": "javascript:alert(1)"},
                      "out", "bot"), "Ana").link is None


def test_buttons_and_rows_are_shown_as_choices() -> None:
    shown = bubble(row({"type": "list", "text": "What?", "button": "Choose", "rows": [
        {"id": "1", "title": "Damaged", "description": "Broken"}, {"id": "2", "title": "Other"}]},
        "out", "bot"), "Ana")
    assert shown.choices == (("Damaged", "Broken"), ("Other", ""))
    shown = bubble(row({"type": "buttons", "text": "Sure?",
                        "buttons": [{"id": "1", "title": "Yes"}]}, "out", "bot"), "Ana")
    assert shown.choices == (("Yes", ""),)


def test_a_place_links_to_a_map() -> None:
    shown = bubble(row({"type": "location", "latitude": 52.52, "longitude": 13.4,
                        "name": "Office"}), "Ana")
    assert shown.place.startswith("https://www.openstreetmap.org/?mlat=52.520000&mlon=13.400000")
    assert bubble(row({"type": "location", "latitude": "52", "longitude": True}), "Ana").place == ""
    assert bubble(row({"type": "location", "latitude": float("inf"), "longitude": 1}),
                  "Ana").place == ""


@pytest.mark.parametrize("kind", [
    "text", "tap", "image", "audio", "video", "document", "sticker", "location", "contacts",
    "contact", "reaction", "system", "edit", "revoke", "unsupported", "unknown", "buttons", "list",
    "link", "template", "something new", "", None, 7])
@pytest.mark.parametrize("rest", [
    {}, {"text": 7, "media": [], "buttons": {}, "rows": "x", "contacts": [7, {"phones": [None]}],
         "emoji": {}, "title": [], "with": "x", "header": 3, "latitude": None, "url": {}},
    {"text": None, "media": {"name": 3, "voice": "yes"}, "buttons": [{"title": {}}, 4],
     "rows": [[]], "contacts": [{}], "header": {"type": [], "url": 7}}])
@pytest.mark.parametrize("direction", ["in", "out"])
def test_no_shape_of_a_message_breaks_the_page(kind: object, rest: dict[str, object],
                                               direction: str) -> None:
    shown = bubble(row({"type": kind, **rest}, direction), "Ana")
    assert isinstance(shown.text, str)
    assert isinstance(shown.label, str)
    assert all(isinstance(part, str) for pair in shown.choices for part in pair)


def test_content_that_is_no_object_is_shown_as_unknown() -> None:
    assert bubble(row([1]), "Ana").label == "A message that can't be shown here"
