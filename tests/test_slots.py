from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talking import Talk, flows

from bot.errors import ExpressionError
from bot.flow import slots
from bot.flow.expressions.values import Scope
from bot.flow.slots import Accepted, Refused
from bot.flow.spec import Slot
from bot.model import Json

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN).timestamp() * 1000)  # a Tuesday
ORDER = {"pattern": r"[A-Z]{2}\d{6}", "clean": "upper"}
PHOTO: Json = {"type": "image", "media": {"id": "m1", "mime_type": "image/jpeg"}, "text": "broken"}
VOICE: Json = {"type": "audio", "media": {"id": "v1", "mime_type": "audio/ogg", "voice": True}}


def scope(language: str = "en", **names: Any) -> Scope:
    return Scope(names, language, BERLIN, country="DE")


def take(kind: str, said: str | Json, language: str = "en", **rules: Any) -> Accepted | Refused:
    content = {"type": "text", "text": said} if isinstance(said, str) else said
    return slots.parse(Slot.model_validate({"type": kind, **rules}), content,
                       scope(language, limit=5), NOW)


@pytest.mark.parametrize(("kind", "said", "language", "value"), [
    ("text", "  Hello there ", "en", "Hello there"), ("text", "👨‍👩‍👧", "en", "👨‍👩‍👧"),
    ("number", "1.234,5", "de", 1234.5), ("number", "1,234.5", "en", 1234.5),
    ("number", "1.234", "de", 1234), ("number", "1 000 000", "fr", 1_000_000),
    ("number", "１２３", "zh", 123), ("number", "三十五", "zh", 35), ("number", "两千", "zh", 2000),
    ("number", "-3", "en", -3), ("number", "two", "en", 2), ("number", "50€", "de", 50),
    ("integer", "2 people", "en", 2), ("integer", "三个", "zh", 3), ("integer", "0", "en", 0),
    ("yes_no", "Yes please!", "en", True), ("yes_no", "nope", "en", False),
    ("yes_no", "是的", "zh", True), ("yes_no", "不要", "zh", False), ("yes_no", "👍🏽", "en", True),
    ("yes_no", "Sí", "es", True), ("yes_no", "ja", "de", True), ("yes_no", "yesss", "en", True),
    ("date", "2026-12-01", "en", "2026-12-01"), ("date", "next tuesday", "en", "2026-12-01"),
    ("date", "三月五号", "zh", "2027-03-05"), ("time", "15:30", "en", "15:30"),
    ("time", "下午三点半", "zh", "15:30"), ("datetime", "tomorrow 10am", "en",
                                         "2026-11-25T10:00+01:00"),
    ("datetime", "next tuesday at 3", "en", "2026-12-01T15:00+01:00"),
    ("datetime", "2027-07-01 9:00", "en", "2027-07-01T09:00+02:00"),
    ("datetime", "3pm", "en", "2026-11-24T15:00+01:00"),
    ("datetime", "9am", "en", "2026-11-25T09:00+01:00"),
    ("datetime", "in 2 hours", "en", "2026-11-24T12:00+01:00"),
    ("email", "it is Anna.B@Example.COM.", "en", "anna.b@example.com"),
    ("phone", "030 123456", "en", "+4930123456"), ("phone", "+44 (0)20 7946 0958", "en",
                                                  "+442079460958"), ("any", "hi", "en", "hi")])
def test_an_answer_is_kept_as_its_type(kind: str, said: str, language: str, value: Any) -> None:
    found = take(kind, said, language)
    assert isinstance(found, Accepted)
    assert found.value == value
    assert type(found.value) is type(value)
    assert slots.is_valid(Slot.model_validate({"type": kind}), value, scope(language))


@pytest.mark.parametrize(("kind", "said", "rules", "reason"), [
    ("text", "12", ORDER, "pattern"), ("text", "xAB123456y", ORDER, "pattern"),
    ("text", "abcd", {"max": "3"}, "range"), ("text", "a", {"min": "limit - 3"}, "range"),
    ("text", "a" * 40, {"pattern": "(a+)+b"}, "pattern"), ("text", "\u0000\u0007", {}, "type"),
    ("number", "many", {}, "type"), ("number", "20 or 30", {}, "type"),
    ("number", "1e9", {}, "type"),
    ("number", "nan", {}, "type"), ("integer", "2.5", {}, "type"),
    ("integer", "9" * 40, {}, "type"),
    ("integer", "7", {"max": "6"}, "range"), ("integer", "4", {"check": "answer > limit"}, "check"),
    ("yes_no", "maybe", {}, "type"), ("yes_no", "yes no", {}, "type"),
    ("yes_no", "no idea what you mean", {}, "type"), ("date", "4", {}, "type"),
    ("date", "yesterday", {"after": "today"}, "range"),
    ("date", "today", {"after": "today"}, "range"),
    ("datetime", "tomorrow", {}, "type"), ("time", "afternoon", {}, "type"),
    ("email", "anna@", {}, "type"), ("email", "a@b.de or c@d.de", {}, "type"),
    ("phone", "12", {}, "type"), ("choice", "damaged", {}, "type"),
    ("image", "here it is", {}, "type"),
    ("image", VOICE, {}, "media"), ("text", VOICE, {}, "media"), ("date", VOICE, {}, "media"),
    ("text", {"type": "unknown", "what": "poll"}, {}, "media"), ("text", "   ", {}, "type"),
    ("location", "at home", {}, "type"), ("document", PHOTO, {}, "media")])
def test_an_answer_is_refused_for_the_first_rule_it_breaks(
        kind: str, said: str | Json, rules: Json, reason: str) -> None:
    assert take(kind, said, **rules) == Refused(reason)  # type: ignore[arg-type]


def test_cleaning_comes_before_the_pattern() -> None:
    for said in ("ab123456", "AB123456.", "ＡＢ１２３４５６", "\u200bAB123456", "“ab123456”"):
        assert take("text", said, **ORDER) == Accepted("AB123456")
    assert take("text", "Tel: 030/12 34", clean="digits") == Accepted("0301234")
    assert take("text", "a\n b", clean="trim") == Accepted("a b")


def test_a_caption_counts_as_text_and_a_tap_as_its_title() -> None:
    assert take("text", PHOTO) == Accepted("broken")
    assert take("yes_no", {"type": "tap", "id": "", "title": "Yes"}) == Accepted(True)


def test_media_is_kept_with_what_is_known_of_it() -> None:
    assert take("image", PHOTO) == Accepted({"id": "m1", "type": "image/jpeg", "caption": "broken"})
    as_file = {"type": "document", "media": {"id": "d", "mime_type": "image/png", "name": "a.png"}}
    assert take("image", as_file) == Accepted({"id": "d", "type": "image/png", "name": "a.png"})
    assert take("any", VOICE) == Accepted({"id": "v1", "type": "audio/ogg"})
    place = {"type": "location", "latitude": 0, "longitude": 13.4, "name": "Office"}
    assert take("location", place) == Accepted({"latitude": 0, "longitude": 13.4,
                                                "name": "Office"})


@pytest.mark.parametrize(("kind", "said", "read_back"), [
    ("date", "2026-12-01", False), ("date", "1 December 2026", False), ("date", "5 March", False),
    ("date", "3/4", True), ("date", "13/4", False), ("date", "tomorrow", True),
    ("date", "next tuesday", True), ("time", "15:30", False), ("time", "at 3", True),
    ("datetime", "2026-12-01 15:00", False), ("datetime", "1 December at 3", True),
    ("datetime", "3pm", True)])
def test_what_could_mean_something_else_is_read_back(kind: str, said: str, read_back: bool) -> None:
    found = take(kind, said)
    assert isinstance(found, Accepted)
    assert found.read_back is read_back


def test_the_reading_that_fits_the_rules_is_taken() -> None:
    assert take("date", "5 March", before="today") == Accepted("2026-03-05", read_back=True)
    assert take("date", "3/4", after="today + days(110)") == Accepted("2027-04-03", read_back=True)
    assert take("time", "at 8", after="'12:00'") == Accepted("20:00", read_back=True)


def test_a_part_of_the_day_goes_with_the_date() -> None:
    span = {"from": "2026-12-01T12:00+01:00", "until": "2026-12-01T18:00+01:00",
            "part": "afternoon"}
    for language, said in (("en", "next tuesday afternoon"), ("zh", "下周二下午")):
        assert take("date", said, language, after="today - days(1)", before="today + days(31)") == (
            Accepted({"iso": "2026-12-01", **span}, read_back=True))
        assert take("datetime", said, language) == Accepted(
            {"iso": "2026-12-01T12:00+01:00", **span}, read_back=True)
    hours = take("date", "next tuesday between 2 and 4pm")
    assert hours == Accepted({"iso": "2026-12-01", "from": "2026-12-01T14:00+01:00",
                              "until": "2026-12-01T16:00+01:00"}, read_back=True)
    assert slots.show(hours.value, Slot(type="date"), scope()) == (
        "Tue, Dec 1, 2026, 2:00 PM – 4:00 PM")
    assert take("date", "next tuesday at 3") == Accepted(
        {"iso": "2026-12-01", "from": "2026-12-01T15:00+01:00",
         "until": "2026-12-01T16:00+01:00"}, read_back=True)


def test_a_time_that_summer_time_leaves_out_is_the_hour_after() -> None:
    assert take("datetime", "28 March 2027 2:30am") == Accepted("2027-03-28T03:30+02:00")


@pytest.mark.parametrize(("kind", "value", "language", "text"), [
    ("date", "2026-12-01", "en", "Tue, Dec 1, 2026"),
    ("date", "2026-12-01", "zh", "2026年12月1日周二"),
    ("time", "15:30", "en", "3:30 PM"), ("yes_no", False, "zh", "否"), ("number", 1234.5, "de",
                                                                      "1234,5"),
    ("choice", {"id": "a", "label": {"en": "One", "zh": "一"}}, "zh", "一"),
    ("choice", "a", "en", "a"),
    ("datetime", "2026-12-01T15:00+01:00", "en", "Tue, Dec 1, 2026, 3:00 PM"),
    ("text", "{{ 7*7 }}", "en", "{{ 7*7 }}"), ("image", {"id": "m"}, "en", ""),
    ("location", {"latitude": 1, "longitude": 2}, "en", "1, 2"), ("text", None, "en", "")])
def test_a_kept_value_is_shown_as_people_write_it(
        kind: str, value: Any, language: str, text: str) -> None:
    assert slots.show(value, Slot.model_validate({"type": kind}), scope(language)) == text


def test_a_kept_value_is_valid_while_it_fits_type_and_rules() -> None:
    slot = Slot(type="integer", min="1", max="limit")
    assert slots.is_valid(slot, 5, scope(limit=5))
    assert not slots.is_valid(slot, 6, scope(limit=5))
    assert not slots.is_valid(slot, "5", scope(limit=5))
    assert not slots.is_valid(slot, None, scope(limit=5))
    assert slots.is_valid(Slot(type="yes_no"), False, scope())
    assert slots.is_valid(Slot(type="integer"), 0, scope())
    assert not slots.is_valid(Slot(type="date"), "soon", scope())
    assert not slots.is_valid(Slot(type="text", pattern="a+"), "b", scope())


def test_a_rule_that_cannot_be_worked_out_is_the_authors_mistake() -> None:
    with pytest.raises(ExpressionError):
        take("integer", "5", max="nowhere + 1")


@given(text=st.text(), language=st.sampled_from(["en", "zh", "de", "ar"]))
def test_any_answer_is_taken_or_refused(text: str, language: str) -> None:
    for kind in ("text", "number", "integer", "yes_no", "date", "time", "datetime", "email",
                 "phone", "any", "image", "location"):
        found = take(kind, text, language)
        if isinstance(found, Accepted):
            slot = Slot.model_validate({"type": kind})
            assert slots.is_valid(slot, found.value, scope(language)), kind
            slots.show(found.value, slot, scope(language))


@pytest.mark.parametrize(("rule", "said", "taken"), [
    ("type: time, after: 15:00", "14:59", False), ("type: time, after: 15:00", "15:01", True),
    ("type: time, before: '9:30'", "9:29", True), ("type: time, before: '9:30'", "9:30", False),
    ("type: date, before: 2026-12-24", "24.12.2026", False),
    ("type: date, before: 2026-12-24", "23.12.2026", True),
])
def test_a_limit_is_written_as_people_write_a_day_or_a_time(tmp_path: Path, rule: str, said: str,
                                                            taken: bool) -> None:
    talk = Talk(flows(tmp_path, f"""flow: limit
title: Limit
triggers: {{keywords: [limit]}}
slots: {{at: {{{rule}}}}}
steps:
  ask: {{say: When?, ask: at}}
  done: {{say: Done., end: done}}
"""))
    talk.says("limit").says(said)
    assert (talk.rule == "answer") is taken


@pytest.mark.parametrize(("said", "language"), [
    ("three and a half", "en"), ("twelve and a half hundred", "en"), ("2½", "en"),
    ("minus five", "en"), ("three quarters", "en"), ("five point five", "en"), ("once", "en"),
    ("ein paar", "de"), ("2,5 tausend", "de"), ("三个半", "zh"), ("两三个", "zh"), ("十几个", "zh"),
    ("一打", "zh"), ("2万5", "zh")])
def test_half_of_what_was_said_is_no_number(said: str, language: str) -> None:
    assert take("number", said, language) == Refused("type")
