from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.language.choose import ChoiceLabels, Chosen, Several, choose

REASONS = [ChoiceLabels("damaged", ("It is damaged", "有破损", "broken", "torn")),
           ChoiceLabels("wrong", ("Wrong item", "发错货")),
           ChoiceLabels("size", ("Does not fit", "尺码不合适"))]
DOCTORS = [ChoiceLabels("a", ("Dr. Anna Meyer",)), ChoiceLabels("b", ("Dr. Bernd Meyer",)),
           ChoiceLabels("c", ("Dr. Carla Schmidt",))]
SIZES = [ChoiceLabels("s38", ("38",)), ChoiceLabels("s39", ("39",)), ChoiceLabels("s2", ("2",))]


@pytest.mark.parametrize(("text", "chosen", "how"), [
    ("It is damaged", "damaged", "label"), ("IT IS DAMAGED!", "damaged", "label"),
    ("有破损", "damaged", "label"), ("Broken.", "damaged", "label"), ("2", "wrong", "position"),
    ("2.", "wrong", "position"), ("(2)", "wrong", "position"), ("#2", "wrong", "position"),
    ("number 2", "wrong", "position"), ("option two", "wrong", "position"),
    ("the second", "wrong", "position"), ("the 2nd one please", "wrong", "position"),
    ("2️⃣", "wrong", "position"), ("２", "wrong", "position"), ("第二个", "wrong", "position"),
    ("第2", "wrong", "position"), ("二", "wrong", "position"), ("我选第二个", "wrong", "position"),
    ("the last one", "size", "position"), ("最后一个", "size", "position"),
    ("zweite", "wrong", "position"), ("la segunda", "wrong", "position"),
    ("damaged", "damaged", "words"), ("I think it's damaged", "damaged", "words"),
    ("the wrong item was sent", "wrong", "words"), ("doesn't fit", "size", "words"),
    ("破损", "damaged", "words"), ("我的有破损了", "damaged", "words"),
    ("demaged", "damaged", "near"),
    ("its demaged", "damaged", "near"), ("wrongitem", "wrong", "near"),
    ("brokn", "damaged", "near"),
    ("发错了", "wrong", "words"), ("尺码不对", "size", "near")])
def test_a_typed_answer_finds_its_choice(text: str, chosen: str, how: str) -> None:
    assert choose(text, REASONS) in (Chosen(chosen, how), Chosen(chosen, "near"))


@pytest.mark.parametrize("text", [
    "4", "0", "the fifth", "no", "it", "I have 2 questions", "", "👍", "where is my money",
    "2 or 3",
    "12345678901234567890", "what do you mean by that", "tow", "你好", "不知道", "第九个"])
def test_an_answer_that_names_none_chooses_none(text: str) -> None:
    assert choose(text, REASONS) is None


@pytest.mark.parametrize(("text", "ids"), [
    ("meyer", ("a", "b")), ("Dr Meyer", ("a", "b")), ("mey", ("a", "b")), ("Meier", ("a", "b"))])
def test_several_that_fit_are_all_named(text: str, ids: tuple[str, ...]) -> None:
    assert choose(text, DOCTORS) == Several(ids)


@pytest.mark.parametrize(("text", "chosen"), [
    ("anna", "a"), ("Bernd Meyer", "b"), ("schmidt", "c"), ("carla meyer", "c"), ("schmit", "c"),
    ("Dr. Carla", "c"), ("the third", "c"), ("3", "c")])
def test_a_part_of_a_name_is_enough_where_one_has_it(text: str, chosen: str) -> None:
    found = choose(text, DOCTORS)
    assert isinstance(found, Chosen)
    assert found.id == chosen


def test_where_a_label_is_a_number_no_number_is_a_position() -> None:
    assert choose("2", SIZES) == Chosen("s2", "label")
    assert choose("39", SIZES) == Chosen("s39", "label")
    assert choose("1", SIZES) is None
    assert choose("the first", SIZES) is None
    assert choose("size 39 please", SIZES) == Chosen("s39", "words")


def test_an_emoji_is_a_label_too() -> None:
    choices = [ChoiceLabels("y", ("👍",)), ChoiceLabels("n", ("👎",))]
    assert choose("👎🏽", choices) == Chosen("n", "label")


def test_the_same_label_twice_means_both() -> None:
    choices = [ChoiceLabels("a", ("Monday",)), ChoiceLabels("b", ("Monday",)),
               ChoiceLabels("c", ("Tuesday",))]
    assert choose("monday", choices) == Several(("a", "b"))


def test_saying_no_to_a_choice_does_not_take_it() -> None:
    choices = [ChoiceLabels("red", ("Red",)), ChoiceLabels("blue", ("Blue",))]
    assert choose("not red", choices) is None
    assert choose("red, not blue", choices) is None
    assert choose("不要红色", [ChoiceLabels("r", ("红色",)), ChoiceLabels("b", ("蓝色",))]) is None


def test_a_near_miss_has_five_letters_and_is_clearly_nearest() -> None:
    choices = [ChoiceLabels("a", ("Form",)), ChoiceLabels("b", ("Bank",))]
    assert choose("from", choices) is None
    twins = [ChoiceLabels("a", ("Marina",)), ChoiceLabels("b", ("Marino",)),
             ChoiceLabels("c", ("Peter",))]
    assert choose("Marinx", twins) == Several(("a", "b"))


@given(st.text())
def test_any_answer_can_be_compared(text: str) -> None:
    choose(text, REASONS)
    choose(text, SIZES)
