"""Links to what customers sent, for backends."""

from __future__ import annotations

from typing import Any

import pytest

from bot.web.media import MediaLinks

PHOTO = {"id": "900100", "name": "shoe.jpg", "type": "image/jpeg", "caption": "the left one"}


@pytest.fixture
def links() -> MediaLinks:
    return MediaLinks(b"key", "https://bot.example/", {}, lambda: 1_000)


def test_what_a_slot_keeps_of_a_file_leaves_as_a_link(links: MediaLinks) -> None:
    filled = links.filled({"photo": PHOTO, "more": [PHOTO], "voice": {
        "id": "900101", "type": "audio/ogg; codecs=opus"}}, "main")
    for link in (filled["photo"], *filled["more"], filled["voice"]):
        assert link.startswith("https://bot.example/media/604801000.main.")


@pytest.mark.parametrize("value", [
    {"id": "a1", "treatment": "Physiotherapy"}, {"id": "a1", "type": "express"}, {"id": 7},
    {"type": "image/jpeg"}, {**PHOTO, "price": 5}, "image/jpeg", None, 7, [1, {"a": None}],
])
def test_other_data_leaves_as_it_is(links: MediaLinks, value: Any) -> None:
    assert links.filled(value, "main") == value
