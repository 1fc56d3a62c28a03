from __future__ import annotations

from pathlib import Path

import pytest
from returning import RETURNS, SHOES, returning, reviewing
from talking import Talk, flows

ORDERS = """flow: order_status
title: {en: Track an order, zh: 查询订单}
triggers:
  keywords: {en: [order status, track, my order], zh: [查订单]}
  examples: {en: [where is my order, when will my parcel arrive]}
slots: {number: {type: text, pattern: '[A-Z]{2}\\d{6}', clean: upper, in_trigger: yes}}
steps:
  ask: {say: {en: Which one shall I track?, zh: 查哪一个？}, ask: number, skip_if: known}
  done: {say: {en: "It is on its way: {{ number }}.", zh: "在路上：{{ number }}。"}, end: shown}
"""
SHOP = """answers: shop
items:
  opening_hours:
    keywords: {en: [opening hours, open today], zh: [营业时间]}
    say: {en: "We are open 9-18.", zh: "9 点到 18 点营业。"}
  parking:
    keywords: {en: [parking, track parking]}
    say: There is a car park.
"""
NAME = """flow: name
title: Your name
triggers: {keywords: {en: [register]}}
slots: {name: {type: text}}
steps:
  ask: {say: What is your name?, ask: name}
  done: {say: "Hello {{ name }}.", end: done}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return returning(tmp_path, ORDERS, SHOP, NAME)


def test_no_in_a_sentence_cancels_nothing(talk: Talk) -> None:
    talk.says("return")
    for words in ("no I have it somewhere, november I think", "I want no cancel fee",
                  "please don't cancel my order yet"):
        assert talk.says(words).step == "returns/ask_order"
        talk.says("back")


def test_an_answer_goes_before_another_topic(talk: Talk) -> None:
    """An open text takes a trigger within a sentence; only the whole message is let through."""
    assert "Hello my order is late." in talk.says("register").says("my order is late").said
    talk.says("register").says("opening hours")
    assert "We are open 9-18." in talk.said
    assert talk.said.endswith("What is your name?")


def test_an_answers_item_is_given_and_the_question_repeated(talk: Talk) -> None:
    talk.says("return").says("AB123456").returns(SHOES).says("what are your opening hours?")
    assert talk.said.startswith("We are open 9-18.\n\nWhy are you returning")
    assert talk.titles == ["It is damaged", "Wrong item", "Does not fit"]
    assert talk.rule == "trigger"
    assert talk.decision is not None
    assert talk.decision.journal.item == "answer:shop/opening_hours"
    assert talk.state["runs"][-1]["refused"] == {}


def test_another_topic_asks_before_it_leaves(talk: Talk) -> None:
    talk.says("return").says("where is my order AB999999")
    assert talk.said == "Leave *Return an item* and go on with *Track an order*?"
    assert talk.titles == ["Yes, switch", "No, stay here"]
    assert talk.step == "returns/ask_order"
    talk.taps("No, stay here")
    assert (talk.said, talk.step) == ("Which order is it?", "returns/ask_order")
    talk.says("where is my order AB999999").says("yes")
    assert talk.said == ("It is on its way: AB999999.\n\n"
                         "*Return an item* is not finished. Go on with it?")
    assert talk.outcome == "shown"


@pytest.mark.parametrize("manner", ["yes", "no"])
def test_the_flow_says_whether_it_may_be_interrupted(tmp_path: Path, manner: str) -> None:
    talk = returning(tmp_path, RETURNS.replace("interruptible: ask", f"interruptible: {manner}"),
                     ORDERS)
    talk.says("return").says("where is my order")
    if manner == "yes":
        assert talk.step == "order_status/ask"
    else:
        assert talk.said == "Let us finish this first.\n\nWhich order is it?"
        assert talk.step == "returns/ask_order"


def test_the_same_topic_again_repeats_the_question(talk: Talk) -> None:
    talk.says("return").says("refund")
    assert (talk.said, talk.rule) == ("Which order is it?", "trigger")
    assert talk.state["last_run"] == 1


def test_an_answer_tried_in_vain_is_no_other_topic(talk: Talk) -> None:
    for words in ("my order is 12345", "the order number is 99"):
        talk.says("return").says(words)
        assert (talk.rule, talk.step) == ("refused", "returns/ask_order")
        talk.says("cancel")


def test_a_topic_is_given_when_nothing_waits(talk: Talk) -> None:
    assert talk.says("opening hours").said == "We are open 9-18."
    assert talk.says("Where is my order?").step == "order_status/ask"
    assert talk.decision is not None
    assert talk.decision.journal.score == 100.0


def test_two_topics_too_close_to_call_are_both_offered(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, NAME.replace("[register]", "[green card]"),
                      SHOP.replace("track parking", "green parking"),
                      ORDERS.replace("my order", "green order")))
    talk.says("green")
    if talk.titles:
        assert "Did you mean" in talk.said
        assert set(talk.titles) <= {"Your name", "Track an order", "Parking"}


def test_the_ladder_rephrase_menu_person(talk: Talk) -> None:
    assert "other words" in talk.says("florb").said
    talk.says("florb glarb")
    assert "I still don't understand" in talk.said
    assert "Return an item" in talk.titles
    talk.says("grmpf")
    assert "getting a colleague" in talk.said
    assert talk.decision is not None
    assert talk.decision.ticket is not None
    assert (talk.decision.ticket.reason, talk.owner) == ("fallback", "queue")


def test_the_ladder_starts_anew_after_anything_understood(talk: Talk) -> None:
    talk.says("florb").says("opening hours")
    assert "other words" in talk.says("florb").said


@pytest.mark.parametrize("ladder", [("menu",), ("handoff",), ()])
def test_the_ladder_is_the_one_of_config(tmp_path: Path, ladder: tuple[str, ...]) -> None:
    talk = returning(tmp_path, fallback=ladder).says("florb")
    assert talk.decision is not None
    assert talk.decision.journal.item == (ladder[0] if ladder else "rephrase")


def test_media_nobody_asked_for_gets_words_and_the_open_question(talk: Talk) -> None:
    talk.says("return")
    talk.sends("audio", media={"id": "v", "mime_type": "audio/ogg", "voice": True})
    assert "can't listen to voice notes" in talk.said
    assert talk.said.endswith("Which order is it?")
    assert talk.state["runs"][-1]["refused"] == {}
    for kind in ("image", "video", "document", "sticker"):
        assert talk.sends(kind).said.endswith("Which order is it?")
        assert "Thanks" in talk.said or "Nice" in talk.said
    talk.gets({"type": "location", "latitude": 1.0, "longitude": 2.0})
    assert "location" in talk.said
    talk.gets({"type": "contacts", "contacts": [{"name": "A", "phones": ["1"]}]})
    assert "contact" in talk.said
    for kind in ("unsupported", "unknown"):
        assert "can't open" in talk.gets({"type": kind, "what": "poll"}).said


def test_media_out_of_the_blue_gets_words(talk: Talk) -> None:
    assert "picture" in talk.sends("image").said
    assert "voice" in talk.sends(
        "audio", media={"id": "v", "mime_type": "audio/ogg", "voice": True}).said


def test_a_caption_counts_as_text(talk: Talk) -> None:
    assert talk.sends("image", text="I want to return this").step == "returns/ask_order"
    assert talk.sends("image", text="ab123456").step == "returns/find_order"
    talk.returns(SHOES)
    assert talk.sends("image", text="broken").step == "returns/ask_photo"
    assert talk.sends("image", text="here").step == "returns/review"
    assert talk.sends("image", text="agent").owner == "queue"


def test_media_where_other_media_was_asked_for_costs_no_attempt(talk: Talk) -> None:
    talk.says("return").says("AB123456").returns(SHOES).says("torn").sends("sticker")
    assert talk.step == "returns/ask_photo"
    assert talk.state["runs"][-1]["refused"] == {}
    assert "photo" in talk.said


def test_a_step_may_say_what_becomes_of_media(tmp_path: Path) -> None:
    source = NAME.replace("ask: name}", "ask: name, errors: {media: Words please.}}")
    talk = Talk(flows(tmp_path, source)).says("register").sends("image")
    assert (talk.said, talk.step) == ("Words please.", "name/ask")
    source = NAME.replace("ask: name}", "ask: name, on_media: seen}") + \
        "  seen: {say: A picture!, end: seen}\n"
    assert Talk(flows(tmp_path, source)).says("register").sends("image").outcome == "seen"


@pytest.mark.parametrize("content", [
    {"type": "reaction", "emoji": "👍", "to": "x"}, {"type": "system", "text": "changed"},
    {"type": "edit", "of": "x"}, {"type": "revoke", "of": "x"}])
def test_what_is_no_message_moves_nothing(talk: Talk, content: dict[str, str]) -> None:
    before = talk.says("return").state
    talk.gets(content)
    assert (talk.rule, talk.state, talk.contents) == ("ignored", before, [])


def test_a_typed_label_goes_before_a_command(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: odd
title: Odd
triggers: {keywords: {en: [odd]}}
steps:
  pick:
    say: Pick.
    choices:
      menu: {label: Menu, goto: chosen}
      agent: {label: Agent, goto: chosen}
  chosen: {say: You chose., end: chosen}
"""))
    assert talk.says("odd").says("menu").outcome == "chosen"
    assert talk.says("odd").says("agent").outcome == "chosen"
    assert talk.says("odd").says("stop").contact.opted_out


def test_a_first_word_of_nothing_is_answered(tmp_path: Path) -> None:
    for words in ("", "   ", "👍", "?", "‮‮", "\x00", "𝓱𝓲", "a" * 5000):
        talk = returning(tmp_path).says(words)
        assert talk.contents, words


def test_the_journal_says_where_it_went(tmp_path: Path) -> None:
    talk = reviewing(tmp_path)
    assert talk.decision is not None
    journal = talk.decision.journal
    assert (journal.rule, journal.item, journal.before, journal.after) == (
        "answer", "photo", "returns/ask_photo", "returns/review")
