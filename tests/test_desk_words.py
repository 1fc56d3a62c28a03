from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.clock import DAY, HOUR, MINUTE
from bot.store.rows import MessageRow
from bot.web import desk_words

BERLIN = ZoneInfo("Europe/Berlin")
#: Tuesday, 14 October 2025, 09:30 in Berlin.
NOW = 1_760_427_000_000


@pytest.mark.parametrize(("ms", "says"), [
    (0, "< 1 min"), (59_999, "< 1 min"), (MINUTE, "1 min"), (59 * MINUTE, "59 min"),
    (HOUR, "1 h"), (5 * HOUR + 12 * MINUTE, "5 h 12 min"), (DAY, "1 d"),
    (3 * DAY + 4 * HOUR + 5 * MINUTE, "3 d 4 h"), (-5, "< 1 min")])
def test_a_duration_is_said_as_people_say_it(ms: int, says: str) -> None:
    assert desk_words.duration(ms) == says


def test_times_are_those_of_the_business() -> None:
    assert desk_words.when(NOW, NOW, BERLIN) == "09:30"
    assert desk_words.when(NOW - DAY, NOW, BERLIN) == "13 Oct, 09:30"
    assert desk_words.when(NOW - 400 * DAY, NOW, BERLIN) == "9 Sep 2024, 09:30"
    assert desk_words.when(NOW - DAY, NOW - DAY, ZoneInfo("Asia/Shanghai")) == "15:30"


def test_days_are_days_of_the_business_not_24_hours() -> None:
    midnight = NOW - 9 * HOUR - 30 * MINUTE
    assert desk_words.day(midnight, NOW, BERLIN) == "Today"
    assert desk_words.day(midnight - 1, NOW, BERLIN) == "Yesterday"
    assert desk_words.day(NOW - 4 * DAY, NOW, BERLIN) == "Friday, 10 October"
    assert desk_words.day(NOW - 400 * DAY, NOW, BERLIN) == "Monday, 9 September 2024"


@pytest.mark.parametrize(("left", "tone", "says", "is_open"), [
    (5 * HOUR, "ok", "5 h", True), (HOUR, "ok", "1 h", True), (43 * MINUTE, "soon", "43 min", True),
    (1, "soon", "< 1 min", True), (0, "closed", "closed", False),
    (-DAY, "closed", "closed", False)])
def test_the_last_hour_of_the_window_is_urgent(left: int, tone: str, says: str,
                                               is_open: bool) -> None:
    assert desk_words.window(NOW + left, NOW) == desk_words.Window(is_open, says, tone)


def row(status: str, reason: str = "", direction: str = "out") -> MessageRow:
    return MessageRow("m1", direction, "bot", None, {"type": "text", "text": "hi"}, NOW, status,
                      reason)


def test_a_parked_message_says_why_and_what_happens_next() -> None:
    said = desk_words.status(row("parked"))
    assert said is not None
    assert (said.word, said.tone) == ("Parked", "warn")
    assert said.note == ("The 24-hour window is closed. It will leave as soon as the customer "
                         "writes again.")


def test_a_failed_message_gives_the_reason_it_came_with() -> None:
    said = desk_words.status(row("failed", "the number is not on WhatsApp"))
    assert said is not None
    assert (said.word, said.note) == ("Not delivered", "The number is not on WhatsApp.")


@pytest.mark.parametrize("status", ["queued", "sending", "unknown", "sent", "delivered", "read",
                                    "failed", "parked", "suppressed", "held"])
def test_every_end_of_a_message_has_words(status: str) -> None:
    said = desk_words.status(row(status))
    assert said is not None
    assert said.word
    assert said.note or status in ("queued", "sending", "sent", "delivered", "read")


def test_what_customers_send_has_no_status() -> None:
    assert desk_words.status(row("received", direction="in")) is None


@pytest.mark.parametrize(("text", "links"), [
    ("see https://shop.example.com/a?b=1.", ["https://shop.example.com/a?b=1"]),
    ("请看https://shop.example.com/a，谢谢", ["https://shop.example.com/a"]),
    ("(http://a.example) and HTTPS://B.example/x_y!", ["http://a.example",
                                                       "HTTPS://B.example/x_y"]),
    ("javascript:alert(1) data:text/html,x ftp://a.example //b.example", []),
    ('https://a.example/"onmouseover="alert(1)', ["https://a.example/"]),
    ("no link at all", []), ("https://", [])])
def test_only_addresses_of_the_web_become_links(text: str, links: list[str]) -> None:
    found = desk_words.runs(text)
    assert [run.href for run in found if run.href] == links
    assert "".join(run.text for run in found) == text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x",
                                 " https://a.example", "https://a.example/\nx", "https://", "",
                                 "//a.example", None, 7, "http://[", "vbscript:x"])
def test_an_address_that_is_none_of_the_web_is_no_link(url: object) -> None:
    assert desk_words.safe_link(url) == ""


def test_a_customer_is_called_by_what_is_known() -> None:
    assert desk_words.customer("Ana", "4912345") == "Ana"
    assert desk_words.customer(None, "4912345") == "+4912345"
    assert desk_words.customer(None, None) == "Customer without a name"
    assert desk_words.initial("李伟") == "李"
    assert desk_words.initial("!!!") == "#"
    assert desk_words.words_of("front_desk") == "Front desk"
    assert desk_words.language("zh-CN") == "Chinese"
    assert desk_words.language("xx") == "xx"
