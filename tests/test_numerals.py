from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.language.numerals import han, number, position
from bot.flow.language.words import normalise


@pytest.mark.parametrize(("text", "language", "value"), [
    ("1.234,56", "de", "1234.56"), ("1,234.56", "de", "1234.56"), ("1,5", "en", "1.5"),
    ("1,234", "en", "1234"), ("1.234", "de", "1234"), ("1.234", "en", "1.234"),
    ("0,500", "en", "0.500"), ("1.000.000", "de", "1000000"), ("1,00,000", "en-IN", "100000"),
    ("1'000", "de-CH", "1000"), ("1 000,5", "fr", "1000.5"), ("−5", "en", "-5"), ("+5", "en", "5"),
    ("٣٫٥", "ar", "3.5"), ("५", "hi", "5"), ("12k", "en", "12000"), ("seven", "en", "7"),
    ("twenty five", "en", "25"), ("zwölf", "de", "12"), ("三百零五", "zh", "305"), ("3万", "zh",
                                                                               "30000"),
    ("负三", "zh", "-3"), ("三点五", "zh", "3.5")])
def test_a_number_with_the_separators_of_its_language(
        text: str, language: str, value: str) -> None:
    assert number(text, language) == Decimal(value)


@pytest.mark.parametrize("text", [
    "", "-", "1-2", "1..2", "1,2,3", "12 34", "1.2.3", "a1", "1e5", "inf", "nan", "0x10", "½a",
    "1,", "9" * 50, "5 5"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(text, "en") is None


@pytest.mark.parametrize(("text", "value"), [
    ("十", 10), ("十二", 12), ("二十一", 21), ("两百", 200), ("一千零一", 1001), ("二〇二六", 2026),
    ("一万二千", 12_000), ("〇", 0)])
def test_chinese_numerals(text: str, value: int) -> None:
    assert han(text) == value


@pytest.mark.parametrize(("text", "place"), [
    ("1", 0), ("3.", 2), ("the third one", 2), ("last", 2), ("第三个吧", 2), ("option 2 please", 1),
    ("la tercera", 2), ("4", None), ("0", None), ("2 apples", None), ("one or two", None),
    ("das zweite", 1), ("nr 2", 1), ("最后一个", 2), ("第四个", None), ("", None)])
def test_a_place_in_a_list_of_three(text: str, place: int | None) -> None:
    assert position(normalise(text), 3) == place


@given(st.text(alphabet="0123456789.,' -+k三十百万零点〇٣½", max_size=20))
def test_any_digits_are_a_number_or_none(text: str) -> None:
    number(text, "en")
    number(text, "de")
    han(text)


@pytest.mark.parametrize(("said", "language", "value"), [
    ("five hundred", "en", 500), ("two thousand", "en", 2_000), ("a dozen", "en", 12),
    ("2 million", "en", 2_000_000), ("fünf hundert", "de", 500), ("一千二", "zh", 1_200),
    ("两万五", "zh", 25_000), ("一千零二", "zh", 1_002), ("三百五十", "zh", 350),
    ("一百二", "zh", 120),
    ("once", "es", 11), ("once", "en", None), ("两三", "zh", None), ("二三", "zh", None)])
def test_a_number_with_its_hundreds_and_thousands(said: str, language: str,
                                                  value: int | None) -> None:
    assert number(said, language) == value
