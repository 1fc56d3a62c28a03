from __future__ import annotations

from pathlib import Path

import pytest
from talking import Talk, flows

from bot.flow.flows import Flows
from bot.flow.messages import fits

PICK = """flow: pick
title: {en: Pick, zh: 挑选}
triggers: {keywords: {en: [pick], zh: [挑选]}}
slots:
  reason: {type: choice, label: {en: Reason, zh: 原因}}
  order: {type: object}
steps:
  why:
    say: {en: "Why?", zh: 为什么？}
    choices:
      damaged: {label: {en: It is damaged, zh: 有破损}, also: {en: [broken, torn]}, goto: photo}
      wrong:   {label: {en: Wrong item, zh: 发错货}}
      size:    {label: {en: Does not fit, zh: 尺码不合适}}
    save: reason
  done: {say: {en: "Done: {{ reason }}", zh: "好：{{ reason }}"}, end: done}
  photo: {say: {en: "Photo of: {{ reason }}", zh: 照片}, end: photo}
"""

SHOP = """flow: buy
title: Buy
triggers: {keywords: {en: [buy]}}
slots:
  limit: {type: integer}
  thing: {type: object}
steps:
  list:
    call: shop.list
    save: found
  choose:
    say: Which one?
    choices_from:
      {each: found.items, id: .id, label: "{{ .name }}", description: "{{ .price }} euro"}
    choices:
      none_of_them: {label: None of them, goto: leave}
    save: thing
    if_empty: nothing
  bought: {say: "{{ thing.name }} for {{ thing.price }}", end: bought}
  nothing: {say: All sold., end: empty}
  leave: {say: Bye., end: left_it}
"""


@pytest.fixture
def pick(tmp_path: Path) -> Talk:
    return Talk(flows(tmp_path, PICK)).says("pick")


@pytest.fixture
def shop(tmp_path: Path) -> Flows:
    return flows(tmp_path, SHOP)


def stock(count: int, name: str = "Thing") -> dict[str, list[dict[str, object]]]:
    return {"items": [{"id": number, "name": f"{name} number {number}", "price": number}
                      for number in range(1, count + 1)]}


@pytest.mark.parametrize("words", ["It is damaged", "it is damaged!", "demaged", "broken", "1",
                                   "the first", "有破损"])
def test_a_label_a_synonym_an_ordinal_or_a_near_miss_chooses(pick: Talk, words: str) -> None:
    assert "Photo of: It is damaged" in pick.says(words).said
    assert pick.outcome == "photo"


def test_a_tap_chooses_by_its_id_whatever_its_title(pick: Talk) -> None:
    button = pick.button("Wrong item")
    assert "Done: Wrong item" in pick.tap({**button, "title": "It is damaged"}).said


def test_the_choice_is_kept_with_its_label_and_shown_in_the_contacts_language(
        tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, PICK)).says("挑选")
    assert talk.titles == ["有破损", "发错货", "尺码不合适"]
    assert "好：发错货" in talk.says("wrong item").said


def test_what_fits_nothing_gets_the_choices_again(pick: Talk) -> None:
    pick.says("purple")
    assert pick.rule == "refused"
    assert pick.titles == ["It is damaged", "Wrong item", "Does not fit"]
    assert "Please choose" in pick.said


def test_the_third_refusal_in_a_row_adds_the_way_to_a_person(pick: Talk) -> None:
    assert "agent" not in pick.says("purple").said
    assert "agent" not in pick.says("green").said
    assert "write *agent*" in pick.says("yellow").said


def test_up_to_three_short_choices_are_buttons_and_more_a_list(shop: Flows) -> None:
    talk = Talk(shop).says("buy").returns(stock(2))
    assert talk.contents[-1]["type"] == "list"  # rows with a description are a list
    assert talk.titles == ["Thing number 1", "Thing number 2", "None of them"]
    assert talk.contents[-1]["rows"][0]["description"] == "1 euro"


def test_the_whole_item_goes_into_an_object(shop: Flows) -> None:
    talk = Talk(shop).says("buy").returns(stock(4)).taps("Thing number 3")
    assert "Thing number 3 for 3" in talk.said


def test_fixed_choices_stand_beside_those_from_data(shop: Flows) -> None:
    assert Talk(shop).says("buy").returns(stock(4)).taps("None of them").outcome == "left_it"


@pytest.mark.parametrize("count", [10, 11, 25])
def test_a_list_beyond_ten_rows_comes_in_pages(shop: Flows, count: int) -> None:
    talk = Talk(shop).says("buy").returns(stock(count - 1))
    seen: list[str] = []
    for _ in range(4):
        titles = talk.titles
        assert len(titles) <= 10
        seen += [title for title in titles if title != "More"]
        if "More" not in titles:
            break
        talk.taps("More")
    assert seen == [*(f"Thing number {number}" for number in range(1, count)), "None of them"]
    assert ("More" in Talk(shop).says("buy").returns(stock(count - 1)).titles) == (count > 10)


def test_a_place_counts_in_the_whole_list_whatever_page_is_shown(shop: Flows) -> None:
    talk = Talk(shop).says("buy").returns(stock(25)).taps("More")
    assert "Thing number 20 for 20" in talk.says("20").said


def test_a_part_of_a_name_searches_a_long_list_and_costs_no_attempt(shop: Flows) -> None:
    found = stock(20)
    found["items"][6]["name"] = "Green jacket"
    found["items"][15]["name"] = "Green trousers"
    talk = Talk(shop).says("buy").returns(found).says("green")
    assert talk.titles == ["Green jacket", "Green trousers"]
    assert talk.state["runs"][-1]["refused"] == {}
    assert "Green trousers for 16" in talk.taps("Green trousers").said


def test_an_empty_list_goes_where_the_step_says(tmp_path: Path) -> None:
    only = SHOP.replace("    choices:\n      none_of_them: {label: None of them, goto: leave}\n",
                        "").replace("  leave: {say: Bye., end: left_it}\n", "")
    for found in ({"items": []}, {"items": None}, {}):
        talk = Talk(flows(tmp_path, only)).says("buy").returns(found)
        assert (talk.outcome, talk.said) == ("empty", "All sold.")


def test_rows_without_an_id_of_their_own_are_left_out_and_reported(shop: Flows) -> None:
    found = stock(3)
    found["items"][1]["id"] = None
    found["items"].append(dict(found["items"][0]))
    talk = Talk(shop).says("buy").returns(found)
    assert talk.titles == ["Thing number 1", "Thing number 3", "None of them"]
    assert talk.decision is not None
    assert "no id" in talk.decision.incident


def test_long_labels_are_cut_at_a_word_and_told_whole_below(tmp_path: Path) -> None:
    plain = SHOP.replace(', description: "{{ .price }} euro"', "")
    talk = Talk(flows(tmp_path, plain)).says("buy").returns(
        stock(5, "A pair of blue trail running shoes"))
    rows = talk.contents[-1]["rows"][:-1]
    assert len({row["title"] for row in rows}) == 5
    assert all(fits(row["title"], 24) for row in rows)
    assert rows[2]["description"] == "A pair of blue trail running shoes number 3"
    assert "number 4" in talk.tap(rows[3]).said


def test_an_id_that_is_data_never_leaves_its_list(shop: Flows) -> None:
    found = stock(3)
    found["items"][0]["id"] = "more"
    found["items"][1]["id"] = "x" * 300 + "."
    talk = Talk(shop).says("buy").returns(found)
    assert all(len(row["id"]) < 120 for row in talk.contents[-1]["rows"])
    assert "Thing number 1 for 1" in talk.taps("Thing number 1").said


def test_the_list_is_kept_for_the_visit_and_not_looked_up_again(shop: Flows) -> None:
    talk = Talk(shop).says("buy").returns(stock(4)).says("nonsense here")
    assert talk.titles[:4] == [f"Thing number {number}" for number in range(1, 5)]


def test_a_choice_with_a_condition_is_shown_only_then(tmp_path: Path) -> None:
    source = """flow: cond
title: Cond
triggers: {keywords: {en: [cond]}}
slots: {n: {type: integer}}
steps:
  how: {say: How many?, ask: n}
  pick:
    say: Pick.
    choices:
      a: {label: A few, if: n > 1, set: {n: "{{ n * 2 }}"}, say: "Now {{ n }}."}
      b: {label: Bare}
  done: {say: Done., end: done}
"""
    one = flows(tmp_path, source)
    assert Talk(one).says("cond").says("1").titles == ["Bare"]
    talk = Talk(one).says("cond").says("2")
    assert talk.titles == ["A few", "Bare"]
    assert "Now 4.\n\nDone." in talk.taps("A few").said


def test_fixed_choices_do_not_stand_in_for_data_that_is_empty(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: rooms
title: Rooms
triggers: {keywords: {en: [rooms]}}
slots: {room: {type: object}}
steps:
  find: {call: shop.list, save: found}
  which:
    say: Which?
    choices_from: {each: found.rooms, id: .id, label: "{{ .id }}"}
    choices: {other: {label: None of these}}
    if_empty: full
    save: room
  done: {say: Done., end: done}
  full: {say: We are full., end: full}
"""))
    assert talk.says("rooms").returns({"rooms": []}).said == "We are full."
    talk.says("rooms").returns({"rooms": [{"id": "A"}]})
    assert talk.titles == ["A", "None of these"]


@pytest.mark.parametrize(("said", "chosen"), [
    ("15:00", "c"), ("3pm", "c"), ("at 3 pm", "c"), ("half past nine", "b"), ("9:30", "b"),
    ("9.30", "b"), ("9:00", "a"), ("2", "b"), ("9", "a"), ("10:00", None), ("4pm", None)])
def test_a_time_finds_its_row_however_it_is_said(tmp_path: Path, said: str,
                                                 chosen: str | None) -> None:
    talk = Talk(flows(tmp_path, """flow: times
title: Times
triggers: {keywords: {en: [times]}}
slots: {slot: {type: object}}
steps:
  find: {call: shop.list, save: found}
  which:
    say: Which?
    choices_from: {each: found.rows, id: .id, label: "{{ .at | time }}"}
    choices: {other: {label: Another day}}
    if_empty: done
    save: slot
  done: {say: "{{ slot.id }}", end: done}
"""))
    talk.says("times").returns({"rows": [
        {"id": one, "at": f"2026-03-12T{at}:00+01:00"}
        for one, at in (("a", "09:00"), ("b", "09:30"), ("c", "15:00"))]})
    talk.says(said)
    assert (talk.said if talk.outcome else None) == chosen


NARROW = """flow: wear
title: Wear
triggers: {keywords: {en: [wear]}}
slots: {thing: {type: choice}}
steps:
  ask:
    say: Which?
    choices:
      hat: {label: Red hat}
      blue: {label: Blue shoe}
      green: {label: Green shoe}
      coat: {label: Black coat}
    save: thing
  done: {say: "{{ thing }}", end: done}
"""


@pytest.mark.parametrize(("said", "chosen"), [
    ("1", "Blue shoe"), ("the second", "Green shoe"), ("last", "Green shoe"), ("3", None),
    ("green", "Green shoe"), ("black coat", "Black coat"), ("hat", "Red hat")])
def test_a_number_is_of_the_list_that_is_shown(tmp_path: Path, said: str,
                                               chosen: str | None) -> None:
    talk = Talk(flows(tmp_path, NARROW)).says("wear").says("shoe")
    assert talk.titles == ["Blue shoe", "Green shoe"]
    talk.says(said)
    assert (talk.said if talk.outcome else None) == chosen


def test_more_is_no_row_that_could_be_counted(shop: Flows) -> None:
    talk = Talk(shop).says("buy").returns(stock(12))
    assert "More" in talk.titles
    assert talk.says("14").rule == "refused"
    assert talk.says("the last one").outcome == "left_it"
