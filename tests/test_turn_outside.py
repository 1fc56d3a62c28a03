"""Registered templates: sent by a flow, or in place of what can't be said outside the window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from storing import rows, wrote
from talking import DAY, HOUR, Talk, read

from bot import router
from bot.channel import meta_render
from bot.clock import Clock
from bot.emulator.templates import Templates
from bot.flow.flows import Flows
from bot.flow.lint import CheckOptions
from bot.flow.load import load
from bot.model import Address, Contact, Decision, Event, Json, Snapshot
from bot.store.base import Database
from bot.store.business import Told
from bot.store.rows import Outcome
from bot.store.store import Store
from bot.templates import definitions
from bot.testing import Chat

PARCEL = """template: parcel
category: utility
codes: {en: en_GB}
header: {en: Your parcel, zh: 您的包裹}
body:
  {en: "Order {{ order }} of {{ day }} needs your word.",
   zh: "{{ day }} 的订单 {{ order }} 需要您确认。"}
footer: {en: Trail & Co}
buttons:
  keep: {en: Keep it, zh: 保留}
  later: {en: Not now, zh: 以后再说}
"""
HELD = """flow: held
title: {en: Held, zh: 暂存}
triggers: {event: order.held, keywords: {en: [is it held], zh: [暂存了吗]}}
slots: {what: {type: choice}, why: {type: text}, place: {type: text}}
steps:
  ask:
    say: {en: "Order {{ event.order }} is held. What now?", zh: 您的订单暂存。怎么办？}
    outside:
      whatsapp_template:
        {name: parcel, with: {order: "{{ event.order }}", day: "{{ event.at | date }}"}}
    choices:
      keep: {label: {en: Keep it, zh: 保留它}}
      return_it: {label: {en: Send it back, zh: 退回}}
    save: what
  why:
    say: {en: Why?, zh: 为什么？}
    ask: why
    on_timeout: {after: 30h, say: {en: Still there?, zh: 还在吗？}, then: stay,
                 outside: {whatsapp_template: {name: parcel, with: {order: x, day: "\\n  y"}}}}
  done: {say: {en: Noted., zh: 好的。}, end: noted}
"""
OTHER = "answers: faq\nitems: {hours: {keywords: [opening hours], say: 9 to 18.}}\n"
EVENT = {"name": "order.held", "id": "1", "contact": "c", "order": 7,
         "at": "2026-03-01T10:00+01:00"}


@pytest.fixture
def known(tmp_path: Path) -> Flows:
    (tmp_path / "f" / "templates").mkdir(parents=True)
    (tmp_path / "f" / "templates" / "parcel.yaml").write_text(PARCEL, "utf-8")
    return read(tmp_path / "f", HELD, OTHER)


@pytest.fixture
def talk(known: Flows) -> Talk:
    """Somebody who wrote two days ago, and hears of the event now."""
    talk = Talk(known).says("opening hours")
    talk.now += 2 * DAY
    return talk.happens("event", EVENT)


def outside(talk: Talk) -> list[Json | None]:
    assert talk.decision is not None
    return [reply.outside for reply in talk.decision.replies]


def test_the_template_goes_with_what_is_said_filled_in_for_people(talk: Talk) -> None:
    (template,) = outside(talk)
    assert template is not None
    assert (template["name"], template["language"]) == ("parcel", "en_GB")
    assert template["with"] == {"order": "7", "day": "Sun, Mar 1, 2026"}
    assert template["text"] == "Order 7 of Sun, Mar 1, 2026 needs your word."
    assert [button["title"] for button in template["buttons"]] == ["Keep it", "Not now"]
    assert talk.contents[0]["type"] == "buttons"


def test_it_is_in_the_contact_s_language(known: Flows) -> None:
    talk = Talk(known, contact=Contact("p1", "Kim", "zh", phone="447700900900"))
    (template,) = outside(talk.happens("event", EVENT))
    assert template is not None
    assert template["language"] == "zh_CN"
    assert template["text"].endswith("的订单 7 需要您确认。")


def test_the_reply_opens_the_window_and_is_no_answer(talk: Talk) -> None:
    talk.says("yes, what is it?")
    assert (talk.rule, talk.said, talk.step) == ("opened", "", "held/ask")
    assert talk.says("Send it back").step == "held/why"


def test_commands_labels_and_other_topics_are_understood_at_once(talk: Talk, known: Flows) -> None:
    assert talk.says("opening hours").said.startswith("9 to 18.")
    again = Talk(known, state=dict(talk.state), count=90)
    assert again.says("cancel").step == ""


def test_a_label_or_the_template_s_button_of_a_choice_is_the_choice(talk: Talk) -> None:
    (template,) = outside(talk)
    assert template is not None
    keep, later = template["buttons"]
    assert (keep["id"] != "", later["id"]) == (True, "")
    state = dict(talk.state)
    assert talk.tap(keep).step == "held/why"
    other = Talk(talk.flows, state=state, count=50)
    other.gets({"type": "tap", "id": "Not now", "title": "Not now"})
    assert (other.rule, other.step) == ("opened", "held/ask")


def test_in_the_open_window_a_reply_is_the_answer(known: Flows) -> None:
    talk = Talk(known).says("opening hours").happens("event", EVENT)
    assert talk.says("something").rule == "refused"


def test_after_a_time_out_s_template_the_question_itself_comes_again(talk: Talk) -> None:
    talk.says("ok").says("Keep it").waits(30 * HOUR)
    assert talk.said == "Still there?"
    (template,) = outside(talk)
    assert template is not None
    assert template["with"] == {"order": "x", "day": "y"}
    assert talk.says("yes").said == "Why?"
    assert talk.says("It is too small").outcome == "noted"


def test_a_chat_sees_the_template_and_then_what_was_held_back(known: Flows) -> None:
    chat = Chat(known)
    chat.writes("opening hours")
    chat.advance(2 * DAY)
    chat._turn("event", EVENT)
    assert chat.messages[-1].content["name"] == "parcel"
    assert chat.messages[-1].choices[0][1:] == ("keep", "Keep it")
    chat.writes("what?")
    assert "What now?" in chat.messages[-1].text
    chat.taps("return_it")
    assert chat.messages[-1].text == "Why?"


def test_a_template_can_be_sent_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "parcel.yaml").write_text(PARCEL, "utf-8")
    talk = Talk(read(tmp_path, """flow: send
title: Send
triggers: {keywords: [send it]}
steps:
  one:
    say: Look.
    send: {whatsapp_template: {name: parcel, with: {order: A1, day: "{{ nobody }}"}}}
  two: {end: sent}
slots: {nobody: {type: text}}
""")).says("send it")
    assert [content["type"] for content in talk.contents] == ["text", "template"]
    assert talk.contents[1]["with"] == {"order": "A1", "day": "–"}


def test_the_channel_sends_the_buttons_of_choices_with_their_ids(talk: Talk) -> None:
    (template,) = outside(talk)
    assert template is not None
    body = meta_render.message((Address("phone", "49123"),), {**template, "visit": "1.1"}, "t1")
    assert b'"sub_type":"quick_reply","index":"0","parameters":[{"type":"payload"' in body
    assert b'"index":"1"' not in body
    assert b'"code":"en_GB"' in body


def test_what_the_channel_sends_fits_what_is_registered(talk: Talk) -> None:
    (template,) = outside(talk)
    assert template is not None
    account = Templates(definitions(talk.flows.templates.values(), "en"))
    body = json.loads(meta_render.message((Address("phone", "49123"),), template, "t1"))
    filled = account.fill(body["template"])
    assert filled.text == template["text"]
    assert [(button["text"], button["payload"]) for button in filled.body["buttons"]] == [
        ("Keep it", template["buttons"][0]["id"]), ("Not now", "Not now")]


def test_templates_are_registered_as_whatsapp_wants_them(talk: Talk) -> None:
    english, chinese = definitions(talk.flows.templates.values(), "en")
    assert (english["language"], chinese["language"]) == ("en_GB", "zh_CN")
    assert [part["type"] for part in english["components"]] == ["HEADER", "BODY", "FOOTER",
                                                                "BUTTONS"]
    assert chinese["components"][2]["text"] == "Trail & Co"


@pytest.mark.parametrize(("change", "line", "message"), [
    (("template: parcel", "template: Parcel!"), 1, "can't be the name of a template"),
    (("template: parcel", "template: other"), 1, "the file is called parcel.yaml"),
    (("{{ order }} of", "{{ order | upper }} of"), 6, "only `body` has parameters"),
    (("Trail & Co", "{{ order }}"), 8, "only `body` has parameters"),
    (("Keep it", "Keep it, please, for a while"), 10, "25 characters at most"),
    (("category: utility", "category: useful"), 2, "`useful` is not possible here"),
    (("en_GB", "english"), 3, "is no language of WhatsApp"),
    (("Your parcel", "Your parcel" + "!" * 60), 4, "too long for the header"),
    (("body:", "bdy:"), 5, "a template has no word `bdy`"),
])
def test_mistakes_in_a_template_are_found(tmp_path: Path, change: tuple[str, str], line: int,
                                          message: str) -> None:
    (tmp_path / "parcel.yaml").write_text(PARCEL.replace(*change), "utf-8")
    found = [f"{one.line} {one.message}" for one in load(
        tmp_path / "none", tmp_path, CheckOptions("en", frozenset(), frozenset())).errors]
    assert any(one.startswith(f"{line} ") and message in one for one in found), found


def test_mistakes_in_its_use_are_found(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(PARCEL, "utf-8")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "small.yaml").write_text("""flow: small
title: Small
triggers: {keywords: [small]}
steps:
  one: {say: A., outside: {whatsapp_template: {name: parcle, with: {order: a, day: b}}}}
  two: {say: B., outside: {whatsapp_template: {name: parcel, with: {order: a}}}}
  three: {say: C., outside: {whatsapp_template: {name: parcel, with: {order: a, dya: b}}}}
  four: {outside: {whatsapp_template: parcel}, send: {whatsapp_template: parcel}}
  five: {say: D., outside: {template: parcel}}
  six: {say: E., outside: {whatsapp_template: {name: parcel, with: {order: a, day: "{{ x }}"}}}}
  last: {say: Over., end: x}
""")
    found = [f"{one.line} {one.message}" for one in load(
        tmp_path / "flows", tmp_path, CheckOptions("en", frozenset(), frozenset())).errors]
    for number, beginning in enumerate((
            "5 there is no template `parcle` - did you mean", "6 the template `parcel` needs `day`",
            "7 the template `parcel` has no parameter `dya`", "8 `outside` leaves in place of",
            "8 the template `parcel` needs `day` and", "8 the template `parcel` needs `day` and",
            "9 `outside` needs `whatsapp_template`", "9 `outside` has no word `template`",
            "10 there is no slot `x`")):
        assert found[number].startswith(beginning), found
    assert len(found) == 9, found


class Heard:
    """Somebody on the real store who wrote two days ago."""

    def __init__(self, store: Store, clock: Clock, known: Flows) -> None:
        self.store, self.clock, self.flows = store, clock, known

    def step(self, snapshot: Snapshot, event: Event) -> Decision:
        return router.decide(self.flows, snapshot, event)

    async def begin(self, ago: int = 2 * DAY) -> None:
        work = await self.store.accept([wrote(self.clock, text="opening hours")], self.step)
        await self.store.settle([Outcome(send, "sent", "wamid.0") for send in work.sends])
        self.clock.advance(ago)

    async def held(self) -> list[Json]:
        """The event happens; what is sent because of it."""
        work = await self.store.tell_of(
            Told(EVENT, Address("phone", "4912345"), None, "main", True), self.step)
        return [send.content for send in work.sends]

    async def lines(self) -> list[tuple[str, str]]:
        (row,) = (await self.store.desk.conversations()).rows
        return [(line.content["type"], line.status)
                for line in (await self.store.desk.transcript(row.id)).rows[2:]]


@pytest.fixture
def heard(store: Store, clock: Clock, known: Flows) -> Heard:
    return Heard(store, clock, known)


async def test_outside_the_window_the_template_leaves_and_the_rest_follows_the_reply(
        heard: Heard, database: Database) -> None:
    await heard.begin()
    (sent,) = await heard.held()
    assert (sent["type"], sent["name"]) == ("template", "parcel")
    assert await heard.lines() == [("buttons", "parked"), ("template", "sending")]
    assert (await heard.store.claim_sends()).sends == []


async def test_the_reply_brings_what_was_held_back_and_the_template_once_only(
        heard: Heard, database: Database) -> None:
    await heard.begin()
    work = await heard.store.tell_of(
        Told(EVENT, Address("phone", "4912345"), None, "main", True), heard.step)
    await heard.store.settle([Outcome(work.sends[0], "sent", "wamid.1")])
    work = await heard.store.accept([wrote(heard.clock, number=2, text="what?")], heard.step)
    (send,) = work.sends
    assert (send.content["type"], "outside" in send.content) == ("buttons", False)
    assert (await rows(database, "select count(*) from message where content like '%template%' "
                                 "and direction = 'out'")) == [(1,)]


async def test_inside_the_window_what_is_said_leaves_itself(heard: Heard) -> None:
    await heard.begin(HOUR)
    (sent,) = await heard.held()
    assert sent["type"] == "buttons"
    assert await heard.lines() == [("buttons", "sending")]


@pytest.mark.parametrize("closes", ["at once", "while it waited"])
async def test_a_window_that_closes_before_the_message_leaves_makes_a_template_of_it(
        heard: Heard, clock: Clock, closes: str) -> None:
    await heard.begin(DAY - HOUR)
    work = await heard.store.tell_of(
        Told(EVENT, Address("phone", "4912345"), None, "main", True), heard.step)
    (send,) = work.sends
    if closes == "at once":  # the provider says so
        work = await heard.store.settle([Outcome(send, "parked", code=131047, error="Too late.")])
    else:
        await heard.store.settle([Outcome(send, "retry", not_before=0, error="Busy.")])
        clock.advance(2 * HOUR)
        work = await heard.store.claim_sends()
    assert [one.content["type"] for one in work.sends] == ["template"]
    assert await heard.lines() == [("buttons", "parked"), ("template", "sending")]


def test_a_question_that_could_not_be_sent_is_not_answered_by_what_comes_next(
        tmp_path: Path) -> None:
    talk = Talk(read(tmp_path / "f", """flow: plain
title: Plain
triggers: {event: it.came}
slots: {where: {type: text}}
steps: {ask: {say: Where shall it go?, ask: where}, done: {say: "To {{ where }}.", end: told}}
"""))
    talk.happens("event", {"name": "it.came", "id": "1", "contact": "c"})
    talk.says("what is the weather like")
    assert (talk.rule, talk.said, talk.step) == ("opened", "", "plain/ask")
    assert talk.says("to the shed").said == "To to the shed."


def test_a_template_of_an_earlier_step_holds_back_the_question_too(tmp_path: Path) -> None:
    (tmp_path / "f" / "templates").mkdir(parents=True)
    (tmp_path / "f" / "templates" / "parcel.yaml").write_text(PARCEL, "utf-8")
    talk = Talk(read(tmp_path / "f", """flow: two
title: Two
triggers: {event: it.came}
slots: {sure: {type: yes_no}}
steps:
  one: {say: It came., outside: {whatsapp_template: {name: parcel, with: {order: a, day: b}}}}
  ask: {say: Shall we bring it?, ask: sure}
  done: {say: Done., end: told}
"""))
    talk.happens("event", {"name": "it.came", "id": "1", "contact": "c"})
    assert outside(talk)[0] is not None
    assert talk.says("ok").rule == "opened"
    assert talk.says("yes").outcome == "told"


def test_what_is_said_a_day_later_without_a_template_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(PARCEL, "utf-8")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "small.yaml").write_text("""flow: small
title: Small
triggers: {keywords: [small]}
slots: {n: {type: text}}
steps:
  one: {say: A., ask: n, on_timeout: {after: 25h, say: Still there?, then: stay}}
  two: {say: B., wait: {event: x, for: 2d}, on_timeout: {say: Over., then: end}}
  three:
    say: C.
    wait: {event: x, for: 2d}
    on_timeout:
      say: Over.
      then: end
      outside: {whatsapp_template: {name: parcel, with: {order: a, day: b}}}
  last: {say: Over., end: x}
""")
    found = [one.line for one in load(
        tmp_path / "flows", tmp_path, CheckOptions("en", frozenset(), frozenset())).findings
        if "WhatsApp takes no free text" in one.message]
    assert found == [6, 7, 9, 15]
