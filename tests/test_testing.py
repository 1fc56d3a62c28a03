"""A scripted conversation, used from Python as a business would in its own tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot import resources, testing
from bot.clock import DAY, HOUR
from bot.errors import ConfigError, FlowError
from bot.testing import CUSTOMER, Chat, ScriptError

ORDER = {"number": "AB123456", "item": "Trail shoes", "total": 129, "currency": "EUR",
         "status": "delivered", "status_text": "delivered", "returnable": True,
         "return_until": "2026-03-24"}
LABEL = {"url": "https://shop.example/l.pdf", "valid_until": "2026-03-16"}


@pytest.fixture(scope="module")
def project() -> testing.Project:
    return testing.load(resources.shipped() / "config.yaml")


def chat(project: testing.Project, **operations: Any) -> Chat:
    return Chat(project.flows, {"orders.find": ORDER, "orders.create_return": LABEL,
                                **operations})


def test_what_was_said_and_called_can_be_looked_at(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("return AB123456")
    assert "Trail shoes" in talk.messages[-1].text
    assert [choice for _, choice, _ in talk.messages[-1].choices] == ["damaged", "wrong", "size"]
    assert talk.step == "ask_reason"
    talk.taps("Does not fit")
    talk.taps("confirm")
    assert talk.messages[-1].content == {
        "type": "document", "url": LABEL["url"], "name": "return-AB123456.pdf"}
    assert (talk.outcome, talk.step) == ("label_sent", "")
    assert [call.operation for call in talk.calls] == ["orders.find", "orders.create_return"]
    assert talk.calls[1].arguments["reason"] == "size"


def test_what_a_customer_sends_reaches_an_operation_as_a_link(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("return AB123456")
    talk.taps("damaged")
    talk.sends({"type": "image", "media": {"id": "m1", "mime_type": "image/jpeg"}})
    talk.taps("confirm")
    assert talk.calls[1].arguments["photo"] == "https://files.example/m1"


def test_a_tap_on_what_was_never_offered_is_an_error(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("return AB123456")
    with pytest.raises(ScriptError, match="no message has a button or row “red”"):
        talk.taps("red")


def test_time_passes_only_when_the_script_says_so(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("return")
    said = len(talk.messages)
    talk.advance(2 * HOUR - 1)
    assert len(talk.messages) == said
    talk.advance(1)
    assert "Still there" in talk.messages[-1].text
    assert talk.messages[-1].at == testing.MONDAY + 2 * HOUR


def test_what_an_agent_writes_too_late_waits_for_the_customer(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("agent")
    talk.acts("take")
    talk.advance(DAY)
    talk.acts("reply", "Good morning!")
    assert [message.text for message in talk.parked] == ["Good morning!"]
    talk.writes("hello?")
    assert not talk.parked
    assert talk.messages[-1].text == "Good morning!"
    assert talk.messages[-1].by != CUSTOMER


def test_what_an_agent_may_not_do_is_an_error(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("return")
    with pytest.raises(ScriptError):
        talk.acts("return")


def test_the_transcript_shows_who_said_what(project: testing.Project) -> None:
    talk = chat(project)
    talk.writes("return AB123456")
    assert talk.transcript() == (
        " customer  return AB123456\n"
        "      bot  Why are you returning Trail shoes?\n"
        "           [damaged: It is damaged] [wrong: Wrong item] [size: Does not fit]")


def test_a_flow_that_calls_without_end_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "config.yaml").write_text("""
channels: {main: {provider: meta, phone_number_id: "1", app_secret: "${A}", access_token: "${B}",
                  verify_token: "${C}"}}
backends: {ring: {base_url: "http://127.0.0.1:9", operations: {find: {get: /}}}}
""")
    (tmp_path / "flows" / "ring.yaml").write_text("""
flow: ring
title: {en: Ring}
triggers: {keywords: {en: [ring]}}
steps:
  one:
    call: ring.find
    goto:
      - {if: 1 > 2, step: two}
      - one
  two: {end: done}
""")
    talk = Chat(testing.load(tmp_path / "config.yaml").flows, {"ring.find": {}})
    with pytest.raises(ScriptError, match="without end"):
        talk.writes("ring")


def test_a_project_with_mistakes_is_not_talked_to(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        testing.load(tmp_path / "config.yaml")
    (tmp_path / "flows").mkdir()
    (tmp_path / "config.yaml").write_text("""
channels: {main: {provider: meta, phone_number_id: "1", app_secret: "${A}", access_token: "${B}",
                  verify_token: "${C}"}}
""")
    (tmp_path / "flows" / "bad.yaml").write_text(
        "flow: bad\ntitle: {en: Bad}\nsteps: {a: {goto: b}}")
    with pytest.raises(FlowError, match=r"bad\.yaml:3"):
        testing.load(tmp_path / "config.yaml")


def test_the_business_takes_numbers_of_its_country(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text((resources.shipped() / "config.yaml").read_text(
        "utf-8").replace("timezone: Europe/Berlin", "timezone: Asia/Tokyo"), "utf-8")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(
        "flow: a\ntitle: A\ntriggers: {keywords: [phone]}\nslots: {n: {type: phone}}\nsteps:\n"
        "  a: {say: Number?, ask: n}\n  b: {say: '{{ n }}', end: done}\n", "utf-8")
    chat = testing.Chat(testing.load(tmp_path / "config.yaml").flows)
    chat.writes("phone")
    chat.writes("03-1234-5678")
    assert chat.messages[-1].text == "+81312345678"
