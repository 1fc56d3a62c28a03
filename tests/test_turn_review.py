from __future__ import annotations

from pathlib import Path

import pytest
from returning import LABEL, OLD, RETURNS, SHOES, returning, reviewing
from talking import Talk, flows


def test_a_return_from_its_first_word_to_the_label(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("I want to retrun my shoes")
    assert "Which order" in talk.said
    assert "“12” is not an order number." in talk.says("12").said
    talk.says("ab123456")
    assert talk.decision is not None
    assert talk.decision.busy
    call, = talk.decision.calls
    assert (call.operation, call.arguments) == ("orders.find", {"number": "AB123456"})
    assert "Why are you returning Trail shoes?" in talk.returns(SHOES).said
    assert talk.titles == ["It is damaged", "Wrong item", "Does not fit"]
    assert "photo" in talk.says("demaged").said
    talk.sends("image")
    assert talk.said == ("Please check:\n\nOrder number: AB123456\nReason: It is damaged\n"
                         "Photo: received")
    assert talk.titles == ["Confirm", "Edit", "Cancel"]
    talk.taps("Confirm")
    assert talk.decision.calls[0].arguments["reason"] == "damaged"
    assert talk.decision.calls[0].arguments["photo"]["id"] == "m1"
    talk.returns(LABEL)
    assert talk.contents[-1] == {"type": "document", "url": LABEL["url"],
                                 "name": "return-AB123456.pdf"}
    assert (talk.outcome, talk.step) == ("label_sent", "")


def test_edit_asks_again_and_runs_forward_with_the_answers_that_still_fit(
        tmp_path: Path) -> None:
    talk = reviewing(tmp_path).taps("Edit")
    assert talk.titles == ["Order number", "Reason", "Photo"]
    assert talk.taps("Order number").said == "Which order is it?"
    talk.says("CD654321")
    assert talk.decision is not None
    assert talk.decision.calls[0].arguments == {"number": "CD654321"}
    talk.returns({"item": "Socks", "returnable": True})
    assert talk.step == "returns/review"
    assert "Why are you" not in talk.said
    assert "Order number: CD654321\nReason: It is damaged\nPhoto: received" in talk.said


def test_edit_to_an_order_that_cant_be_returned_and_again(tmp_path: Path) -> None:
    talk = reviewing(tmp_path, RETURNS.replace(
        "{if: not order.returnable, step: too_late}",
        '{if: not order.returnable, refuse: ask_order, say: "Too late for {{ order.item }}."}\n'
        "      - {if: order.broken, step: too_late}"))
    talk.taps("Edit").taps("Order number").says("OL000001").returns(OLD)
    assert (talk.said, talk.step) == ("Too late for Old boots.", "returns/ask_order")
    assert "order_number" not in talk.slots
    assert "order" not in talk.slots
    talk.says("AB999999").returns(SHOES)
    assert "Order number: AB999999\nReason: It is damaged\nPhoto: received" in talk.said
    assert talk.taps("Confirm").returns(LABEL).outcome == "label_sent"


def test_where_the_edit_leads_elsewhere_it_does_not_come_back(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).taps("Edit").taps("Order number").says("OL000001").returns(OLD)
    assert (talk.outcome, talk.said) == ("too_late", "The 30 days for Old boots are over.")


def test_slots_whose_question_is_no_longer_passed_become_empty(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).taps("Edit").taps("Reason")
    assert "Why are you returning" in talk.said
    talk.says("wrong item")
    assert talk.said == "Please check:\n\nOrder number: AB123456\nReason: Wrong item"
    assert "photo" not in talk.slots


def test_an_edit_ignores_skip_if(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).taps("Edit").taps("Photo")
    assert talk.said == "Please send a photo of the damage."
    assert talk.sends("image").step == "returns/review"


@pytest.mark.parametrize("words", ["Confirm", "yes", "ok", "确认", "好的"])
def test_confirm_may_be_typed(tmp_path: Path, words: str) -> None:
    assert reviewing(tmp_path).says(words).step == "returns/create"


@pytest.mark.parametrize("words", ["edit", "修改", "change"])
def test_edit_may_be_typed_and_so_may_the_slot(tmp_path: Path, words: str) -> None:
    talk = reviewing(tmp_path).says(words)
    assert "What would you like to change?" in talk.said
    assert "Why are you" in talk.says("the reason").said


def test_change_what_asks_it_anew_from_anywhere(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).says("change the photo")
    assert "photo of the damage" in talk.said
    assert "Which order" in talk.says("change order number").said
    assert talk.says("change my mind").rule == "refused"
    assert "can't change" in talk.says("change").said


@pytest.mark.parametrize("way", ["tap", "type"])
def test_cancel_at_the_review_is_the_command(tmp_path: Path, way: str) -> None:
    talk = reviewing(tmp_path)
    talk.taps("Cancel") if way == "tap" else talk.says("cancel")
    assert (talk.outcome, talk.step) == ("cancelled", "")
    assert "I have stopped this" in talk.said


def test_a_review_may_say_where_cancel_leads(tmp_path: Path) -> None:
    talk = reviewing(tmp_path, RETURNS.replace(
        "    review: [order_number, reason, photo]\n",
        "    review: [order_number, reason, photo]\n    on_cancel: too_late\n"))
    assert talk.taps("Cancel").outcome == "too_late"


def test_what_fits_nothing_at_a_review_shows_it_again(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).says("hmmm well")
    assert talk.rule == "refused"
    assert "Order number: AB123456" in talk.said
    assert talk.titles == ["Confirm", "Edit", "Cancel"]


def test_back_asks_the_question_before_with_the_slots_as_they_were(tmp_path: Path) -> None:
    talk = reviewing(tmp_path).says("back")
    assert talk.said == "Please send a photo of the damage."
    assert "photo" not in talk.slots
    talk.says("back")
    assert "Why are you" in talk.said
    assert "reason" not in talk.slots
    assert "Which order" in talk.says("go back").said
    assert "This is the first question." in talk.says("back").said
    assert "Which order" in talk.said
    assert talk.says("AB123456").returns(SHOES).step == "returns/review"


def test_back_never_passes_a_call_that_changed_something(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: buy
title: Buy
triggers: {keywords: {en: [buy]}}
slots: {what: {type: text}, gift: {type: yes_no}, note: {type: text}}
steps:
  what: {say: What?, ask: what}
  buy: {call: shop.buy, with: {what: "{{ what }}"}, save: bought}
  gift: {say: A gift?, ask: gift}
  note: {say: A note?, ask: note}
  done: {say: Done., end: done}
""")).says("buy").says("shoes").returns({"id": 1})
    assert talk.titles == ["Yes", "No"]
    talk.says("yes").says("back")
    assert talk.step == "buy/gift"
    talk.says("back")
    assert "can't be undone" in talk.said
    assert talk.step == "buy/gift"


def test_a_goto_may_edit(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: ages
title: Ages
triggers: {keywords: {en: [ages]}}
slots: {name: {type: text}, age: {type: integer}}
steps:
  name: {say: Your name?, ask: name}
  age: {say: "How old are you, {{ name }}?", ask: age, goto: [{if: age < 0, edit: name}, done]}
  done: {say: "{{ name }}, {{ age }}", end: done}
""")).says("ages").says("Kim").says("-3")
    assert talk.said == "Your name?"
    assert talk.slots == {}
    # The old age would lead back to the name for ever: it is asked for again.
    assert talk.says("Lee").said == "How old are you, Lee?"
    assert talk.says("33").said == "Lee, 33"


def test_a_choice_that_asks_for_something_anew_is_not_taken_again_by_itself(
        tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: days
title: Days
triggers: {keywords: {en: [days]}}
slots: {day: {type: text}, hour: {type: choice}}
steps:
  day: {say: Which day?, ask: day}
  hour:
    say: "At what time on {{ day }}?"
    choices: {nine: {label: Nine}, other: {label: Another day, goto: {edit: day}}}
    save: hour
  done: {say: "{{ day }}, {{ hour }}", end: done}
""")).says("days").says("Monday").says("another day")
    assert talk.said == "Which day?"
    assert talk.says("Tuesday").said == "At what time on Tuesday?"
    assert talk.says("nine").said == "Tuesday, Nine"


def test_an_order_number_in_the_first_message_is_not_asked_for(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("I want to return ab123456 please")
    assert talk.decision is not None
    assert talk.step == "returns/find_order"
    assert talk.decision.calls[0].arguments == {"number": "AB123456"}
    assert "I can't find AB123456." in talk.returns(None).said
    assert talk.step == "returns/ask_order"
    assert talk.says("CD111111").returns(SHOES).step == "returns/ask_reason"


def test_refused_afterwards_uses_attempts_and_gives_up(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB000001").returns(None)
    assert talk.said == "I can't find AB000001."
    assert talk.says("12").rule == "refused"
    talk.says("AB000002").returns(None)
    assert talk.step == "returns/talk_to_us"
    assert "I can't find AB000002." in talk.said
    assert talk.ticket is not None
    assert talk.owner == "queue"


def test_without_a_camera_it_goes_on_after_the_second_refusal(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("ab123456").returns(SHOES).says("torn")
    assert talk.says("I can't").rule == "refused"
    talk.says("I really can't")
    assert talk.step == "returns/review"
    assert "Photo" not in talk.said


def test_an_ambiguous_answer_is_read_back(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: when
title: When
triggers: {keywords: {en: [when]}}
slots: {day: {type: date, label: Day}}
steps:
  day: {say: Which day?, ask: day}
  done: {say: "{{ day }}", end: done}
""")).says("when").says("next tuesday")
    assert "Is that right?" in talk.said
    assert talk.titles == ["Yes", "Change"]
    assert "Which day?" in talk.taps("Change").said
    talk.says("next tuesday").says("yes")
    assert talk.outcome == "done"
    assert "17" in talk.said


def test_a_second_answer_instead_of_yes_is_read_anew(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: when
title: When
triggers: {keywords: {en: [when]}}
slots: {day: {type: date, label: Day}}
steps:
  day: {say: Which day?, ask: day}
  done: {say: "{{ day }}", end: done}
""")).says("when").says("next tuesday").says("2026-04-01")
    assert talk.outcome == "done"
    assert "Apr 1" in talk.said


def test_a_row_is_shown_as_the_list_showed_it(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: cards
title: Cards
triggers: {keywords: {en: [cards]}}
slots: {card: {type: object, label: Card}}
steps:
  find: {call: shop.list, save: found}
  which:
    say: Which?
    choices_from: {each: found.cards, id: .id, label: "{{ .kind }} {{ .last }}"}
    choices: {none_of_them: {label: Another one}}
    if_empty: done
    save: card
  check: {review: [card]}
  done: {say: "Done, {{ card.last }}.", end: done}
"""))
    talk.says("cards").returns({"cards": [{"id": "k1", "kind": "Visa", "last": "4411"}]})
    assert "Card: Visa 4411" in talk.taps("Visa 4411").said
    assert "Card: Another one" in talk.taps("Edit").taps("Another one").said


def test_what_is_refused_afterwards_is_named_as_it_was_shown(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: times
title: Times
triggers: {keywords: {en: [times]}}
slots: {day: {type: date}, time: {type: object}}
steps:
  ask_day: {say: Which day?, ask: day}
  find:
    call: shop.list
    save: found
    goto:
      - {if: found is none, refuse: ask_day, say: "Nothing on {{ answer }}."}
      - {if: found.closed, refuse: ask_day}
      - which
  which:
    say: Which time?
    choices_from: {each: found.rows, id: .id, label: "{{ .at }} o'clock"}
    if_empty: done
    save: time
  book: {call: shop.buy, on_error: taken}
  done: {say: Done., end: done}
  taken: {goto: {refuse: which}}
"""))
    talk.says("times").says("next tuesday").says("yes")
    assert talk.returns(None).said == "Nothing on Tue, Mar 17, 2026."
    talk.says("next wednesday").says("yes")
    assert "“Wed, Mar 18, 2026”" in talk.returns({"closed": True}).said
    talk.says("2026-03-20").returns({"rows": [{"id": "a", "at": 9}, {"id": "b", "at": 10}]})
    talk.says("9")
    assert "“9 o'clock”" in talk.returns(error={"kind": "conflict", "status": 409}).said
