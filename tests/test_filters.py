from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.errors import ExpressionError
from bot.flow.expressions import filters, render
from bot.flow.expressions.values import Picked, Scope, typed

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 3, 1, 9, 0, tzinfo=BERLIN).timestamp() * 1000)
NAMES: dict[str, Any] = {
    "at": "2026-03-04T14:30+04:00", "day": "2026-03-04", "clock": "15:05", "none_": None,
    "price": 1234.5, "text_price": "49.9", "n": 3, "one": 1, "words": ["pears", "apples", "figs"],
    "born": "1990-03-02", "orders": [{"id": "b", "total": 30, "open": True, "by": {"n": "Bo"}},
                                     {"id": "a", "total": 7.5, "open": False, "by": {"n": "Al"}},
                                     {"id": "c", "open": True}],
    "reason": Picked("damaged", {"en": "Damaged", "zh": "有破损"})}


def said(source: str, language: str = "en", **more: Any) -> str:
    known = {key: more.pop(key) for key in ("currency", "contact_zone") if key in more}
    return render.text(source, Scope({**NAMES, **more}, language, BERLIN, now=NOW, **known))


def worth(expression: str, language: str = "en") -> Any:
    return render.evaluate(expression, Scope(NAMES, language, BERLIN, now=NOW))


@pytest.mark.parametrize(("source", "language", "expected"), [
    ("{{ at | date }}", "en", "Wed, Mar 4, 2026"), ("{{ at | date }}", "zh", "2026年3月4日周三"),
    ("{{ day | date }}", "de", "Mi., 4. März 2026"), ("{{ day | date('long') }}", "en",
                                                       "March 4, 2026"),
    ("{{ day | date('short') }}", "en-GB", "04/03/2026"),
    ("{{ day | date('day') }}", "en", "Wed, Mar 4"),
    ("{{ at | date('day') }}", "zh", "3月4日周三"), ("{{ at | time }}", "en", "11:30 AM"),
    ("{{ at | time }}", "de", "11:30"), ("{{ at | time }}", "zh", "11:30"),
    ("{{ clock | time }}", "en", "3:05 PM"), ("{{ price | money }}", "en", "€1,234.50"),
    ("{{ price | money }}", "de", "1.234,50 €"),
    ("{{ text_price | money('USD') }}", "en", "$49.90"),
    ("{{ price | number }}", "de", "1.234,5"), ("{{ price | number(2) }}", "en", "1,234.50"),
    ("{{ price }}", "de", "1234,5"), ("{{ n }}", "de", "3"), ("{{ words | list }}", "en",
                                                             "pears, apples and figs"),
    ("{{ words | list }}", "zh", "pears、apples和figs"), ("{{ words | list }}", "en-US",
                                                       "pears, apples, and figs"),
    ("{{ words }}", "de", "pears, apples und figs"),
    ("{{ [reason, n] | list }}", "zh", "有破损和3"),
    ("{{ born | age }}", "en", "35"), ("{{ n > 2 }}", "fr", "Oui"), ("{{ today }}", "en",
                                                                   "Sun, Mar 1, 2026"),
    ("{{ now }}", "en", "Sun, Mar 1, 2026, 9:00 AM"), ("{{ reason | upper }}", "en", "DAMAGED"),
    ("{{ days(14) }}", "en", "2 weeks"), ("{{ orders[0] }}", "en", "b"),
    ("{{ at | date }} {{ price | money }}", "xx-unknown", "Wed, Mar 4, 2026 €1,234.50")])
def test_values_are_written_in_the_language_of_the_contact(
        source: str, language: str, expected: str) -> None:
    assert said(source, language) == expected


def test_no_text_holds_a_space_that_nobody_can_type() -> None:
    for language in ("en", "fr", "de", "nb", "pl", "ru"):
        written = said("{{ at | time }}{{ price | money }}{{ 1234567 | number }}{{ at | date }}",
                       language)
        assert not {"\u202f", "\xa0", "\u2009"} & set(written)


def test_a_time_names_its_zone_where_the_contact_lives_by_another() -> None:
    assert said("{{ at | time }}", contact_zone=ZoneInfo("Asia/Dubai")) == "11:30 AM Berlin time"
    assert said("{{ at | time }}", contact_zone=ZoneInfo("Europe/Paris")) == "11:30 AM"
    assert "Berlin" in said("{{ now }}", contact_zone=UTC)


@pytest.mark.parametrize(("count", "language", "expected"), [
    (1, "en", "order"), (2, "en", "orders"), (0, "en", "orders"), (0, "fr", "order"),
    (1, "zh", "orders"), (1.5, "en", "orders")])
def test_plural_follows_the_rules_of_the_language(count: float, language: str,
                                                  expected: str) -> None:
    assert said("{{ count | plural('order', 'orders') }}", language, count=count) == expected


def test_plural_takes_a_word_for_each_of_the_forms_a_language_has() -> None:
    source = ("{{ count }} {{ count | plural({'one': 'день', 'few': 'дня', 'many': 'дней', "
              "'other': 'дня'}) }}")
    assert [said(source, "ru", count=count) for count in (1, 3, 5, 21)] == [
        "1 день", "3 дня", "5 дней", "21 день"]
    with pytest.raises(ExpressionError, match="other"):
        said("{{ n | plural({'one': 'x'}) }}")


@pytest.mark.parametrize(("expression", "expected"), [
    ("none_ | default('x')", "x"), ("'' | default('x')", ""), ("'' | default('x', true)", "x"),
    ("words | length", 3), ("none_ | length", 0), ("words | first", "pears"),
    ("[] | first", None), ("words | last", "figs"), ("words | sort", ["apples", "figs", "pears"]),
    ("words | sort | first", "apples"), ("orders | map(attribute='id')", ["b", "a", "c"]),
    ("orders | map(attribute='by.n') | list", "Bo and Al"),
    ("orders | sort(attribute='total') | map(attribute='id')", ["a", "b", "c"]),
    ("orders | sum(attribute='total')", 37.5), ("[0.1, 0.2] | sum", 0.3),
    ("orders | min(attribute='total')", {"id": "a", "total": 7.5, "open": False,
                                         "by": {"n": "Al"}}),
    ("[3, 1, 2] | max", 3), ("[2.5] | map('round') | first", 3), ("2.345 | round(2)", 2.35),
    ("2.1 | round(0, 'ceil')", 3), ("[1, 2, 1] | unique", [1, 2]),
    ("orders | selectattr('open') | map(attribute='id')", ["b", "c"]),
    ("orders | rejectattr('open') | map(attribute='id')", ["a"]),
    ("orders | selectattr('total', 'gt', 10) | length", 1),
    ("orders | selectattr('id', 'in', ['a', 'c']) | length", 2),
    ("[1, none, 3] | select | length", 2), ("[1, 2, 3] | reject('odd') | first", 2),
    ("words | join(', ')", "pears, apples, figs"),
    ("words | map('upper') | join", "PEARSAPPLESFIGS"),
    ("' a ' | trim | upper", "A"), ("'aXa' | lower | replace('a', 'b')", "bxb"),
    ("none_ | upper", None), ("none_ | date", None), ("none_ | money", None), ("none_ | sum", 0),
    ("words[0][:3]", "pea"), ("none_[1:]", None), ("words[9]", None), ("words[-1]", "figs"),
    ("orders[0].by.n", "Bo"), ("orders['0'].id", "b"), ("words is sequence", True),
    ("price is number and n is odd", True), ("orders[2].total is defined", False),
    ("'Damaged' == reason.label.en", True), ("born | age >= 18", True),
    ("'x' if none_ else 'y'", "y"), ("'x' if none_", None), ("7 // 2 + 7 % 2 - 1", 3)])
def test_filters_and_operators(expression: str, expected: Any) -> None:
    assert worth(expression) == expected


def test_what_is_no_date_number_or_list_is_an_error() -> None:
    for expression in ("words | money", "'soon' | date", "'x' | number", "clock | date",
                       "day | time", "n | list", "day | date('huge')", "true | money",
                       "[1, 'a'] | sort", "n + words", "'1' + 1", "'x' < 1"):
        with pytest.raises(ExpressionError):
            worth(expression)


def test_a_day_with_its_part_gives_the_stretch_of_time_that_was_meant() -> None:
    kept = {"iso": "2026-03-10", "part": "afternoon", "from": "2026-03-10T12:00+01:00",
            "until": "2026-03-10T18:00+01:00"}
    scope = Scope({"when": typed("date", kept, BERLIN), "day": typed("date", "2026-03-10", BERLIN)},
                  "en", BERLIN, now=NOW)
    assert render.value("{{ when }}", scope) == "2026-03-10"
    assert render.value("{{ when.from }}/{{ when.until }}/{{ when.part }}", scope) == (
        "2026-03-10T12:00+01:00/2026-03-10T18:00+01:00/afternoon")
    assert render.text("{{ when }}", scope) == "Tue, Mar 10, 2026, 12:00 PM – 6:00 PM"
    assert render.value("{{ day.until }}", scope) == "2026-03-11T00:00+01:00"
    assert render.evaluate("day.part", scope) is None
    assert render.truth("when == day and when > today and when.date == day", scope)
    assert render.evaluate("when.weekday", scope) == 2


def test_only_the_filters_of_the_language_can_be_written() -> None:
    assert {
        "date", "time", "money", "number", "list", "plural", "age", "default", "length", "first",
        "last", "min", "max", "sum", "round", "sort", "unique", "map", "select", "reject",
        "selectattr", "rejectattr", "join", "upper", "lower", "trim", "replace"} == filters.NAMES


def test_a_day_that_was_chosen_from_a_list_is_a_day() -> None:
    assert said("{{ chosen | date }}", chosen=Picked("2026-03-04", "Tomorrow")) == \
        "Wed, Mar 4, 2026"
    with pytest.raises(ExpressionError, match="no date or time"):
        said("{{ reason | date }}")
