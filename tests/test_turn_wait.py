"""Steps that wait for an event or a while, and flows that events start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from talking import HOUR, Talk, flows

from bot.flow.drawing.picture import picture
from bot.flow.lint import CheckOptions
from bot.flow.load import load

ENROL = """flow: enrol
title: Enrol
triggers: {keywords: [enrol]}
slots: {child: {type: text, label: Child}, code: {type: text}}
steps:
  who: {say: "Who is it?", ask: child}
  pay:
    say: Please pay for {{ child }}.
    wait: {event: payment.received, about: "{{ child }}", for: 3d, save: payment}
    on_timeout: late
  paid: {say: "Thank you for {{ payment.amount | money }}.", ask: code}
  done: {say: Welcome., end: enrolled}
  late: {say: Too late., end: unpaid}
"""
HOURS = "answers: shop\nitems: {hours: {keywords: [opening hours], say: 9 to 18.}}\n"
OTHER = """flow: other
title: The other
triggers: {keywords: [something else]}
slots: {thing: {type: text}}
steps: {what: {say: Which thing?, ask: thing}, done: {say: Noted., end: noted}}
"""


def paid(talk: Talk, about: str = "Ann", id_: str = "p1", **data: Any) -> Talk:
    return talk.happens("event", {"name": "payment.received", "id": id_, "contact": "+447700900900",
                                  "about": about, "amount": 12, **data})


def waiting(tmp_path: Path, *more: str) -> Talk:
    return Talk(flows(tmp_path, ENROL, HOURS, OTHER, *more)).says("enrol").says("Ann")


def test_the_event_goes_on_with_what_it_brought(tmp_path: Path) -> None:
    talk = paid(waiting(tmp_path))
    assert talk.said == "Thank you for €12.00."
    assert talk.rule == "event"
    assert talk.slots["payment"]["amount"] == 12
    assert paid(talk, id_="p2").decision.replies == []  # type: ignore[union-attr]


def test_an_event_about_something_else_changes_nothing(tmp_path: Path) -> None:
    talk = paid(waiting(tmp_path), about="Bob")
    assert talk.said == ""
    assert talk.step == "enrol/pay"


def test_the_end_of_the_wait_goes_where_on_timeout_says_however_much_is_written(
        tmp_path: Path) -> None:
    talk = waiting(tmp_path).waits(71 * HOUR).says("hm hm hm").waits(HOUR - 2_000)
    assert talk.step == "enrol/pay"
    talk.waits(2_000)
    assert talk.outcome == "unpaid"
    assert talk.said == "Too late."
    assert paid(talk).said == ""


def test_an_event_that_came_earlier_in_the_run_counts_at_once_and_only_once(
        tmp_path: Path) -> None:
    talk = paid(Talk(flows(tmp_path, ENROL, HOURS, OTHER)).says("enrol"))
    assert talk.said == ""
    assert talk.step == "enrol/who"
    talk.says("Ann")
    assert talk.step == "enrol/paid"
    assert "Thank you for €12.00." in talk.said
    again = talk.says("back").says("Ann")
    assert again.step == "enrol/pay"


def test_an_event_of_another_run_does_not_count(tmp_path: Path) -> None:
    talk = paid(Talk(flows(tmp_path, ENROL, HOURS, OTHER)).says("enrol")).says("cancel")
    assert talk.says("enrol").says("Ann").step == "enrol/pay"


def test_what_is_written_meanwhile_is_no_answer_and_say_comes_again(tmp_path: Path) -> None:
    talk = waiting(tmp_path).says("I have no idea what that means")
    assert talk.rule == "fallback"
    assert talk.said.endswith("Please pay for Ann.")
    assert talk.says("opening hours").said == "9 to 18.\n\nPlease pay for Ann."
    assert talk.says("repeat").said.endswith("Please pay for Ann.")
    assert talk.sends("image").said.endswith("Please pay for Ann.")
    assert talk.says("cancel").step == ""


def test_a_wait_goes_on_while_its_flow_rests_and_continues_when_it_is_on_top(
        tmp_path: Path) -> None:
    talk = waiting(tmp_path).says("something else").taps("Yes, switch")
    assert talk.step == "other/what"
    assert paid(talk).said == ""
    assert talk.step == "other/what"
    talk.says("the lamp")
    assert "Go on" in talk.titles[0]
    talk.taps(talk.titles[0])
    assert talk.step == "enrol/paid"
    assert "Thank you for" in talk.said


def test_its_time_runs_while_it_rests(tmp_path: Path) -> None:
    talk = waiting(tmp_path).says("something else").taps("Yes, switch").waits(71 * HOUR)
    assert talk.step == "other/what"
    talk.says("the lamp").waits(2 * HOUR)
    assert talk.said == "Too late."
    assert talk.outcome == "unpaid"


def test_an_event_takes_up_the_flow_that_waits_for_it_when_the_customer_is_in_no_other(
        tmp_path: Path) -> None:
    talk = waiting(tmp_path).says("something else").taps("Yes, switch").says("the lamp")
    assert talk.step == ""
    assert paid(talk).step == "enrol/paid"
    assert talk.said.startswith("Thank you for")


def test_with_an_agent_the_wait_goes_on_and_continues_when_the_bot_is_back(tmp_path: Path) -> None:
    talk = waiting(tmp_path).says("agent").agent("take")
    assert paid(talk).said == ""
    assert talk.owner != "bot"
    talk.agent("return")
    assert "Thank you for" in talk.said
    assert talk.step == "enrol/paid"


def test_plain_waits_go_on_by_themselves_for_a_while_or_until_a_time(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: pause
title: Pause
triggers: {keywords: [pause]}
timezone: Europe/Berlin
slots: {day: {type: date}, sure: {type: yes_no}}
on_timeout: {after: 10m, say: Still there?, then: stay}
steps:
  first: {say: One., wait: {for: 2h}}
  second: {set: {day: 2026-03-12}, say: Two., wait: {until: "{{ day }}T09:30"}}
  third: {say: Three., wait: {until: "{{ now }}"}}
  last: {say: Four., end: over}
""")).says("pause")
    assert talk.said == "One."
    talk.waits(2 * HOUR - 1)
    assert talk.step == "pause/first"
    assert talk.said == "One."
    assert talk.waits(1).said == "Two."
    talk.waits(45 * HOUR + 29 * 60_000)
    assert talk.step == "pause/second"
    talk.waits(60_000)
    assert talk.said == "Three.\n\nFour."
    assert talk.outcome == "over"


def test_a_wait_without_an_end_has_only_clocks_of_its_own(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: parcel
title: Parcel
triggers: {keywords: [parcel]}
steps:
  wait:
    say: I tell you when it is here.
    wait: {event: parcel.here}
    on_timeout: {after: 5h, say: Not yet., then: stay}
  here: {say: It is here., end: here}
""")).says("parcel")
    assert talk.waits(5 * HOUR).said == "Not yet."
    assert talk.waits(90 * HOUR).said == "Not yet."
    talk.happens("event", {"name": "parcel.here", "id": "1", "contact": "c"})
    assert talk.said == "It is here."


def test_a_time_that_cannot_be_read_fails_like_a_call(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: pause
title: Pause
triggers: {keywords: [pause]}
slots: {when: {type: text, in_trigger: no}}
steps:
  first: {set: {when: soon}, wait: {until: "{{ when }}"}, on_error: person}
  last: {say: Four., end: over}
  person: {say: Sorry., end: failed_it}
""")).says("pause")
    assert talk.said == "Sorry."
    assert "this is no time" in talk.decision.incident


SHIPPED = """flow: shipped
title: Shipped
triggers: {event: order.shipped}
slots: {note: {type: text}}
steps:
  tell: {say: "Order {{ event.order }} is on its way. Where shall it be left?", ask: note}
  done: {say: Noted., end: noted}
"""


def ships(talk: Talk, order: int) -> Talk:
    talk.window_until = max(talk.window_until, talk.now + HOUR)
    return talk.happens("event", {"name": "order.shipped", "id": f"s{order}", "contact": "c",
                                  "order": order})


def test_an_event_starts_a_flow_and_is_known_in_it(tmp_path: Path) -> None:
    talk = ships(Talk(flows(tmp_path, SHIPPED, OTHER, ENROL)), 7)
    assert talk.said.startswith("Order 7 is on its way.")
    assert talk.step == "shipped/tell"
    assert talk.says("at the door").outcome == "noted"


def test_a_question_that_waits_is_not_disturbed_the_flow_begins_after_it(tmp_path: Path) -> None:
    talk = ships(Talk(flows(tmp_path, SHIPPED, OTHER, ENROL)).says("something else"), 7)
    assert talk.said == ""
    assert talk.step == "other/what"
    assert ships(talk, 8).said == ""
    talk.says("the lamp")
    assert talk.said.startswith("Noted.\n\nOrder 7")
    assert talk.step == "shipped/tell"
    assert "Order 8" in talk.says("at the door").said


def test_a_flow_that_only_waits_makes_room_for_it(tmp_path: Path) -> None:
    talk = ships(waiting(tmp_path, SHIPPED), 7)
    assert talk.step == "shipped/tell"
    assert "Go on" in talk.says("at the door").titles[0]


def test_a_question_that_nobody_answers_makes_room_at_last(tmp_path: Path) -> None:
    talk = ships(Talk(flows(tmp_path, SHIPPED, OTHER, ENROL)).says("something else"), 7)
    assert talk.waits(71 * HOUR).step == "other/what"
    assert talk.waits(2 * HOUR).step == "shipped/tell"


def test_with_an_agent_it_begins_when_the_ticket_is_closed(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, SHIPPED, OTHER, ENROL)).says("agent").agent("take")
    assert ships(talk, 7).said == ""
    assert "Order 7" in talk.agent("close").said


def test_whoever_wants_no_messages_gets_none_because_of_an_event(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, SHIPPED, OTHER, ENROL)).says("stop")
    assert ships(talk, 7).said == ""
    assert talk.step == ""
    assert talk.rule == "ignored"


WELCOME = """flow: welcome
title: Welcome
triggers: {first_message: yes}
slots: {name: {type: text}}
steps: {ask: {say: "Welcome! What is your name?", ask: name}, done: {say: Hello., end: met}}
"""
OFFER = """flow: summer
title: Summer offer
triggers: {referral: ["120208467", "99"]}
steps: {tell: {say: Ten per cent off., end: told}}
"""


def test_the_first_message_ever_starts_its_flow_unless_it_says_what_it_is_about(
        tmp_path: Path) -> None:
    known = flows(tmp_path, WELCOME, OFFER, ENROL, HOURS)
    for first in ("hi", "good evening to you"):
        talk = Talk(known).says(first)
        assert talk.step == "welcome/ask"
        talk.says("Kim")
        assert talk.says("good evening to you").step == ""
    assert Talk(known).sends("image").step == "welcome/ask"
    assert Talk(known).says("enrol").step == "enrol/who"
    assert Talk(known).says("opening hours").said == "9 to 18."
    assert Talk(known).says("agent").owner == "queue"


def test_who_comes_by_an_advertisement_gets_its_flow(tmp_path: Path) -> None:
    known = flows(tmp_path, WELCOME, OFFER, ENROL, HOURS)
    ad = {"type": "text", "text": "Can I enrol?", "referral": {"source": "99", "type": "ad"}}
    assert Talk(known).gets(ad).said == "Ten per cent off."
    assert Talk(known).gets({**ad, "referral": {"source": "5"}}).step == "enrol/who"
    assert "Summer offer" in Talk(known).says("enrol").gets(ad).said


def test_what_starts_one_flow_can_start_no_other(tmp_path: Path) -> None:
    loaded = load(tmp_path, tmp_path, CheckOptions("en", frozenset(), frozenset()))
    assert loaded
    for name, word in (("a", "first_message: yes"), ("b", "first_message: yes"),
                       ("c", "event: x.y"), ("d", "event: x.y"), ("e", "referral: ['1']"),
                       ("f", "referral: ['2', '1']")):
        (tmp_path / f"{name}.yaml").write_text(
            f"flow: {name}\ntitle: T\ntriggers: {{{word}}}\nsteps: {{s: {{say: Hi., end: x}}}}\n")
    found = [f"{Path(one.file).name}:{one.line} {one.message}" for one in load(
        tmp_path, tmp_path, CheckOptions("en", frozenset(), frozenset())).errors]
    assert found == ["b.yaml:3 `first_message: yes` starts the flow `a` too: one flow only",
                     "d.yaml:3 `event: x.y` starts the flow `c` too: one flow only",
                     "f.yaml:3 `referral: 1` starts the flow `e` too: one flow only"]


def mistakes(tmp_path: Path, steps: str, **more: str) -> list[str]:
    (tmp_path / "small.yaml").write_text(
        f"flow: small\ntitle: Small\ntriggers: {{{more.get('triggers', 'keywords: [small]')}}}\n"
        f"steps:\n{steps}  late: {{say: Late., end: late}}\n  last: {{say: Over., end: over}}\n")
    return [f"{one.line} {one.message}" for one in load(
        tmp_path, tmp_path, CheckOptions("en", frozenset(), frozenset())).errors]


def test_mistakes_in_a_wait_are_found_where_they_stand(tmp_path: Path) -> None:
    for wait, message in (
            ("wait: {event: paid, for: 3d}", "a wait that ends needs `on_timeout`"),
            ("wait: 2h", "`wait` holds words"),
            ("wait: {}", "say what to wait for"),
            ("wait: {for: 2h, until: '{{ now }}'}", "`for` and `until` exclude"),
            ("wait: {for: 2h, save: x}", "`save` goes with `event` only"),
            ("wait: {event: Payment Received}", "can't name an event"),
            ("wait: {event: paid}, on_timeout: late", "say how long"),
            ("wait: {event: paid, for: 3d}, on_timeout: {after: 2h}", "take `after` out"),
            ("wait: {event: paid}, save: payment", "wait: {event: ..., save: ...}"),
            ("wait: {event: paid, about: '{{ nothing }}'}", "there is no slot `nothing`"),
            ("wait: {event: paid, save: p, for: 2h}, say: '{{ p.x }}', on_timeout: late",
             "this is sent before the wait"),
            ("wait: {for: 2h}, ask: x", "can't stand beside"),
            ("say: '{{ event.x }}'", "`event` is known only in a flow that an event starts")):
        found = mistakes(tmp_path, f"  one: {{{wait}}}\n")
        assert any(message in one and one.startswith("5 ") for one in found), (wait, found)


def test_the_ways_out_of_a_wait_are_drawn_in_words(tmp_path: Path) -> None:
    known = flows(tmp_path, ENROL, HOURS, OTHER)
    drawn = picture(known.current["enrol"].spec, "en")
    pay = next(box for box in drawn.boxes if box.step == "pay")
    assert [(arrow.label, arrow.target, arrow.mishap) for arrow in pay.arrows] == [
        ("payment.received", "paid", False), ("after 3d", "late", True)]
