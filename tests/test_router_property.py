"""Whatever happens, `decide` answers, changes no snapshot and says only what can be sent."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returning import RETURNS, SHOES
from talking import Talk, flows
from test_turn_choices import PICK, SHOP, stock

from bot.flow.flows import Flows
from bot.flow.messages import fits

SAID = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["return", "AB123456", "退货", "cancel", "back", "menu", "stop", "start", "yes",
                     "no", "1", "2", "agent", "buy", "pick", "edit", "change the photo", "more",
                     "language", "中文", "{{7*7}}", "{% raw %}", "demaged", "help", "repeat"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10**9, 10**9) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=6), inner, max_size=3), max_leaves=6)
CONTENT = st.one_of(
    SAID.map(lambda text: {"type": "text", "text": text}),
    st.builds(lambda kind, text: {"type": kind, "media": {"id": "m", "mime_type": "x/y"},
                                  "text": text},
              st.sampled_from(["image", "audio", "video", "document", "sticker"]), SAID),
    st.builds(lambda id_, title: {"type": "tap", "id": id_, "title": title},
              st.text(max_size=30), SAID),
    st.builds(lambda kind, more: {**more, "type": kind},
              st.sampled_from(["text", "tap", "image", "location", "contacts", "reaction",
                               "system", "edit", "revoke", "unsupported", "unknown", "odd"]),
              st.dictionaries(st.sampled_from(["text", "id", "title", "media", "emoji"]), JSON)))
STEP = st.one_of(
    st.tuples(st.just("message"), CONTENT),
    st.tuples(st.just("tap"), st.integers(0, 9)),
    st.tuples(st.just("result"), st.sampled_from([SHOES, None, stock(12), 7, "x"]) | JSON),
    st.tuples(st.just("error"), st.sampled_from(["timeout", "refused", "unavailable"])),
    st.tuples(st.just("wait"), st.integers(1, 100)),
    st.tuples(st.sampled_from(["result!", "timer", "reminder", "agent", "undelivered", "other"]),
              st.dictionaries(st.sampled_from(["key", "ok", "token", "name", "action", "agent",
                                               "text", "slots"]), JSON)),
    st.tuples(st.just("agent"), st.builds(
        lambda action, text: {"action": action, "agent": "a1", "name": "Ann", "text": text},
        st.sampled_from(["take", "reply", "return", "close"]), st.text(max_size=20))))


@cache
def shared() -> Flows:
    return flows(Path(mkdtemp()), RETURNS, PICK, SHOP)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, min_size=1, max_size=12))
def test_whatever_happens_decide_answers(script: list[tuple[str, Any]]) -> None:
    talk = Talk(shared())
    buttons: list[dict[str, str]] = []
    for kind, value in script:
        act(talk, kind, value, buttons)
        if talk.decision is None:
            continue
        json.dumps(talk.state)
        for content in talk.contents:
            sendable(content)
            buttons += content.get("buttons", []) + content.get("rows", [])
        assert "49" not in talk.said or "49" in json.dumps(script)


def act(talk: Talk, kind: str, value: Any, buttons: list[dict[str, str]]) -> None:
    if kind == "message":
        talk.gets(value)
    elif kind == "tap":
        if buttons:
            talk.tap(buttons[-1 - value % len(buttons)])
    elif kind == "result":
        if talk.call is not None:
            talk.returns(value)
    elif kind == "error":
        if talk.call is not None:
            talk.returns(error={"kind": value, "status": None})
    elif kind == "wait":
        talk.waits(value * 3_600_000)
    else:
        talk.happens(kind.rstrip("!"), value)


def sendable(content: dict[str, Any]) -> None:
    """What WhatsApp would take."""
    if content["type"] == "text":
        assert content["text"].strip()
        assert fits(content["text"], 4096)
    rows = content.get("buttons") or content.get("rows") or []
    if content["type"] in ("buttons", "list"):
        assert content["text"].strip()
        assert fits(content["text"], 1024)
        most, longest = (3, 20) if content["type"] == "buttons" else (10, 24)
        assert 1 <= len(rows) <= most
        assert len({row["id"] for row in rows}) == len(rows)
        assert len({row["title"] for row in rows}) == len(rows)
        for row in rows:
            assert row["title"].strip()
            assert fits(row["title"], longest)
            assert fits(row.get("description", ""), 72)
            assert len(row["id"]) < 120
