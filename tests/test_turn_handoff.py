from __future__ import annotations

from pathlib import Path

from returning import RETURNS, SHOES, returning
from talking import DAY, HOUR, TUESDAY, Talk, flows

from bot import router
from bot.model import Event, Snapshot

DESK = """flow: desk
title: {en: Ask us, zh: 咨询}
queue: support
triggers: {keywords: {en: [ask us]}}
slots: {topic: {type: text, label: Topic}}
steps:
  ask: {say: What about?, ask: topic}
  person:
    say: I am getting somebody.
    handoff: {priority: urgent, note: "About {{ topic }}", return_to: after, if_closed: closed}
  after: {say: "Was that all about {{ topic }}?", ask: topic}
  done: {say: Bye., end: done}
  closed: {say: We are closed., end: closed}
"""
#: Tuesday 20:00 in Berlin, after the queue has closed.
EVENING = TUESDAY + 10 * HOUR


def test_a_handoff_opens_a_ticket_and_the_run_rests(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK)).says("ask us").says("shoes")
    assert talk.said == "I am getting somebody."
    assert talk.decision is not None
    change = talk.decision.ticket
    assert change is not None
    assert (change.action, change.queue, change.priority, change.note, change.reason,
            change.return_to) == ("open", "support", "urgent", "About shoes", "step", "after")
    assert (talk.owner, talk.decision.timers) == ("queue", {})
    assert talk.says("hello?").rule == "agent"
    assert talk.contents == []


def test_the_agent_gives_it_back_at_return_to(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK)).says("ask us").says("shoes").agent("take")
    assert (talk.owner, talk.contents) == ("agent:a1", [])
    talk.agent("reply", "Hello, this is Ann.")
    assert talk.decision is not None
    assert talk.decision.replies[0].origin == "agent:a1"
    assert talk.said == "Hello, this is Ann."
    assert talk.says("thanks").contents == []
    talk.agent("return", slots={"topic": "boots", "no_such": 1})
    assert talk.said == "Was that all about boots?"
    assert (talk.owner, talk.ticket, talk.step) == ("bot", None, "desk/after")
    assert talk.says("yes").outcome == "done"


def test_the_agent_closes_and_everything_is_over(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK)).says("ask us").says("shoes").agent("take").agent("close")
    assert (talk.outcome, talk.owner, talk.step, talk.contents) == ("handed_over", "bot", "", [])
    assert talk.says("ask us").said == "What about?"


def test_only_who_has_it_may_act(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK)).says("ask us")
    for action in ("take", "reply", "return", "close"):
        assert talk.agent(action, "hi").decision is not None
        assert "no open ticket" in talk.decision.refused  # type: ignore[union-attr]
    talk.says("shoes").agent("take")
    talk.agent("take")  # again: nothing changes
    assert talk.decision is not None
    assert (talk.decision.refused, talk.decision.ticket) == ("", None)
    for action in ("take", "reply", "return", "close"):
        talk.agent(action, "hi", who="a2")
        assert "Ann has this conversation" in talk.decision.refused
    assert talk.owner == "agent:a1"


def test_a_reply_to_a_waiting_ticket_takes_it(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK)).says("ask us").says("shoes").agent("reply", "Here I am.")
    assert (talk.owner, talk.said) == ("agent:a1", "Here I am.")


def test_when_the_queue_is_closed_the_flow_may_go_elsewhere_without_a_ticket(
        tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK), now=EVENING).says("ask us").says("shoes")
    assert (talk.outcome, talk.ticket) == ("closed", None)
    assert "We are closed." in talk.said


def test_when_the_queue_is_closed_the_customer_is_told_when_it_opens(tmp_path: Path) -> None:
    talk = returning(tmp_path)
    talk.now = EVENING
    talk.says("agent")
    assert "from Wed, Mar 11" in talk.said
    assert "9:00" in talk.said
    assert talk.ticket is not None
    chinese = returning(tmp_path)
    chinese.now = EVENING
    assert "不在服务时间" in chinese.says("人工").said


def test_the_command_agent_works_at_any_step_and_the_question_comes_back(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("ab123456").returns(SHOES)
    talk.says("can I speak to a human please")
    assert "A colleague will answer you here shortly." in talk.said
    assert talk.decision is not None
    assert talk.decision.ticket is not None
    assert (talk.decision.ticket.reason, talk.decision.ticket.note) == ("command",
                                                                       "Return an item")
    talk.agent("take").agent("return")
    assert talk.said.startswith("You are back with the assistant.")
    assert "Why are you returning" in talk.said
    assert talk.titles == ["It is damaged", "Wrong item", "Does not fit"]
    assert talk.taps("Wrong item").step == "returns/review"


def test_a_button_from_before_the_handoff_still_answers_after_it(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("ab123456").returns(SHOES)
    button = talk.button("Wrong item")
    talk.says("agent").agent("take").agent("return")
    assert talk.tap(button).step == "returns/review"


def test_a_handoff_without_return_to_is_over_when_it_comes_back(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return")
    for _ in range(3):
        talk.says("12")
    assert (talk.step, talk.owner) == ("returns/talk_to_us", "queue")
    assert talk.decision is not None
    assert talk.decision.ticket is not None
    assert talk.decision.ticket.note == "Return of an unknown order"
    talk.agent("take").agent("return")
    assert (talk.outcome, talk.step) == ("handed_over", "")
    assert "You are back with the assistant." in talk.said
    assert talk.titles  # the menu


def test_the_note_is_in_the_language_of_the_staff(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK.replace(
        'note: "About {{ topic }}"', 'note: {en: "About {{ topic }}", zh: "关于 {{ topic }}"}')))
    talk.contact = talk.contact.__class__("p1", "Kim", "zh", "chosen")
    talk.says("ask us").says("鞋")
    assert talk.decision is not None
    assert talk.decision.ticket is not None
    assert talk.decision.ticket.note == "About 鞋"


def test_the_desk_sees_what_is_known_so_far(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("ab123456").returns(SHOES).says("torn")
    talk.sends("image").says("agent")
    snapshot = Snapshot("c1", "main", talk.contact, talk.owner, talk.state, talk.window_until,
                        talk.heard_at, talk.ticket)
    assert router.answers(talk.flows, snapshot) == [
        ("Order number", "AB123456"), ("Reason", "It is damaged"), ("Photo", "received")]
    assert router.answers(talk.flows, Snapshot("c9", "main", talk.contact, "bot", {}, 0, 0)) == []
    changed = flows(tmp_path, RETURNS.replace("Which order is it?", "Which one?"))
    assert ("Order number", "AB123456") in router.answers(changed, snapshot)


def test_while_an_agent_has_it_the_bot_is_silent_for_clocks_too(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("agent").agent("take")
    assert talk.decision is not None
    assert talk.decision.timers == {}
    talk.waits(30 * HOUR)
    assert talk.contents == []
    assert talk.owner == "agent:a1"


def test_an_interrupted_turn_of_an_agent_leaves_the_snapshot_alone(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return")
    snapshot = Snapshot("c1", "main", talk.contact, "bot", talk.state, 0, 0)
    decision = router.decide(talk.flows, snapshot,
                             Event("x", "agent", talk.now, {"action": "take", "agent": "a1"}))
    assert decision.refused
    assert decision.state is talk.state


def test_the_queue_is_asked_for_by_expressions(tmp_path: Path) -> None:
    source = """flow: hours
title: Hours
triggers: {keywords: {en: [hours]}}
steps:
  look: {goto: [{if: conversation.queue_open.support, step: yes_open}, not_open]}
  yes_open: {say: Open., end: open}
  not_open: {say: "From {{ conversation.queue_opens.support | time }}", end: closed}
"""
    assert Talk(flows(tmp_path, source)).says("hours").outcome == "open"
    assert "9:00" in Talk(flows(tmp_path, source), now=EVENING + DAY).says("hours").said


def test_the_returns_flow_hands_over_with_its_priority(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, RETURNS)).says("return").says("ab123456")
    talk.returns(error={"kind": "unavailable", "status": 503})
    assert talk.decision is not None
    assert talk.decision.ticket is not None
    assert (talk.decision.ticket.priority, talk.decision.ticket.note) == (
        "high", "Return of AB123456")


def test_who_stopped_gets_nothing_of_the_bot_when_it_comes_back(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, DESK)).says("ask us").says("shoes")
    talk.agent("take").says("stop").agent("return")
    assert talk.contents == []
    assert talk.step == ""
    assert "write *start*" in talk.says("hello").said.lower()
