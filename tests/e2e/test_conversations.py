"""Whole conversations of the shipped flows over real HTTP: phone, webhook, flows, backends."""

from __future__ import annotations

import re

from phoning import PHOTO, Demo


def titles(message: dict[str, object]) -> list[str]:
    return [str(choice["title"]) for choice in message["choices"]]  # type: ignore[attr-defined]


def test_a_return_from_the_first_typing_error_to_the_label(running: Demo) -> None:
    anna = running.customer("Anna Keller")
    anna.says("i want to retrun my shoes")
    anna.hears("order number")
    anna.says("12")
    anna.hears("“12” is not an order number")
    anna.says("ab123456")
    reasons = anna.hears("Trail shoes", "damaged")
    anna.says("demaged")
    anna.hears("photo")
    anna.sends(PHOTO)
    anna.hears("AB123456", "Confirm", "Edit", "Cancel")
    anna.taps("Edit")
    anna.hears("Order number", "Reason", "Photo")
    anna.taps("Order number")
    anna.hears("order number")
    anna.says("CD789012")
    anna.hears("can no longer be returned")
    anna.says("AB123456")
    anna.hears("AB123456", "Confirm")
    old = next(choice for choice in reasons["choices"] if choice["title"] == "Wrong item")
    anna.sends({"tap": old["id"]})  # a button of a question long answered
    again = anna.hears("Confirm")
    assert "damaged" in again["text"].lower()
    anna.taps("Confirm")
    anna.hears("label")
    label = anna.hears()
    assert label["type"] == "document"
    assert label["body"]["filename"] == "return-AB123456.pdf"


def test_another_reason_by_tap_skips_the_photo(running: Demo) -> None:
    person = running.somebody("Mara", phone="+44 7700 900150")
    person.says("refund please")
    person.hears("order number")
    person.says("AB 123456")
    person.hears("not an order number")
    person.says("AB123456")
    person.hears("Trail shoes")
    person.taps("Does not fit")
    person.hears("Confirm")
    person.says("no, cancel it")
    person.hears()
    person.says("cancel")
    person.hears("stopped")


def test_the_status_of_one_of_many_orders(running: Demo) -> None:
    anna = running.customer("Anna Keller")
    anna.says("where is my order?")
    first = anna.hears("orders")
    assert len(titles(first)) == 10
    assert titles(first)[-1].startswith("More")
    anna.taps(titles(first)[-1])
    second = anna.hears()
    assert not set(titles(first)[:9]) & set(titles(second))
    anna.says("shoes")
    narrowed = anna.hears()
    assert 0 < len(titles(narrowed)) < 10
    anna.taps(titles(narrowed)[0])
    anna.hears(titles(narrowed)[0].split()[0])


def test_an_appointment_moves_by_list_and_by_words(running: Demo) -> None:
    ben = running.customer("Ben Carter")
    ben.says("move my appointment")
    offered = ben.hears("Physiotherapy")
    ben.taps(titles(offered)[2])
    ben.hears("Confirm")
    ben.taps("Confirm")
    ben.hears("Done!")
    ben.says("I'd like to move my appointment")
    ben.hears("Physiotherapy")
    ben.says("next tuesday afternoon")
    assert titles(ben.hears("I understood", "Tue")) == ["Yes", "Change"]
    ben.taps("Yes")
    free = ben.hears("Which one")
    ben.taps(titles(free)[0])
    ben.hears("Confirm")
    ben.taps("Confirm")
    ben.hears("Done!")


def test_the_same_in_chinese(running: Demo) -> None:
    li = running.customer("李娜")
    li.says("我要退货")
    li.hears("订单号")
    li.says("ef345678")
    li.hears("为什么", "有破损")
    li.taps("有破损")
    li.hears("照片")
    li.sends(PHOTO)
    li.hears("EF345678", "确认", "修改", "取消")
    li.taps("确认")
    li.hears("退货面单")
    assert li.hears()["type"] == "document"
    li.says("我的订单")
    li.hears("订单")
    li.says("我要改约")
    which = li.hears("预约")
    li.taps(titles(which)[0])
    li.hears("时间")
    li.says("下周二下午")
    li.hears("我理解为", "周二")
    li.says("是")
    li.hears("周二")
    li.says("取消")
    li.hears()
    li.says("人工")
    li.hears("同事")


def test_what_customers_write_is_never_rendered_or_taken_for_a_command(running: Demo) -> None:
    kim = running.somebody("{{ 7*7 }}", phone="447700900160")
    kim.says("return")
    kim.hears("order number")
    kim.says("{{7*7}}")
    assert "“{{7*7}}”" in kim.hears("not an order number")["text"]
    kim.says("no I want it in november")
    kim.hears("not an order number")
    kim.sends({"voice": {"sample": True}})
    kim.hears("voice", "order number")
    kim.says("when are you open?")
    kim.hears("9", "order number")


def test_two_messages_in_the_same_second_are_handled_in_order(running: Demo) -> None:
    pat = running.somebody("Pat", phone="447700900161")
    pat.says("return")
    pat.says("AB123456")
    pat.hears("order number")
    pat.hears("Trail shoes")


def test_nobody_answers_for_23_hours_and_then_the_window_closes(running: Demo) -> None:
    lou = running.somebody("Lou", phone="447700900162")
    lou.says("return")
    lou.hears("order number")
    running.advance("2h")
    lou.hears("Still there")
    running.advance("21h")
    lou.hears("one more hour")
    running.advance("1h")
    lou.says("sorry, I was asleep")
    other = running.somebody("Ola", phone="447700900163")
    lou.hears_nothing_before(other)  # a colleague has it now; the bot is silent


def test_a_demo_stops_cleanly(running: Demo) -> None:
    """The fixture's end sees exit code 0 and no traceback; here it answers its health."""
    assert re.match(r"http://127\.0\.0\.1:\d+/emulator", running.phone)
