from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ExpressionError
from bot.flow.expressions import render, sources
from bot.flow.expressions.values import Picked, Scope
from bot.flow.spec import TEMPLATE

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_767_225_600_000  # 2026-01-01 01:00 in Berlin


def scope(language: str = "en", **names: Any) -> Scope:
    return Scope(names, language, BERLIN, now=NOW)


def test_a_text_without_braces_is_given_back_as_it_is() -> None:
    source = "Hello {you} 100% {# no comment #}"
    assert render.text(source, scope()) is source


def test_none_is_nothing_in_a_text() -> None:
    order = {"item": "Shoes"}
    assert render.text("a{{ order.colour }}b{{ order.maker.name }}c{{ nothing }}d",
                       scope(order=order, nothing=None)) == "abcd"


def test_a_name_that_nobody_gave_is_an_error_even_in_default() -> None:
    for source in ("{{ colour }}", "{{ colour | default('red') }}", "{{ colour is defined }}",
                   "{{ 'x' if colour is none }}"):
        with pytest.raises(ExpressionError, match="nothing called colour"):
            render.text(source, scope())


def test_comparing_with_none_gives_false_both_ways() -> None:
    names = scope(order={"total": None})
    for expression in ("order.total < 3", "order.total > 3", "3 < order.total",
                       "order.total <= 3", "order.total >= 3", "order.nowhere < 3"):
        assert render.truth(expression, names) is False
    assert render.truth("order.total is none", names)
    assert render.truth("order.total == none", names)


@pytest.mark.parametrize(("source", "expected"), [
    ("{{ count }}", 3), ("{{ yes }}", True), ("{{ order }}", {"n": 1, "tags": ["a"]}),
    ("{{ nothing }}", None), (" {{ count }}\n", 3), ("{{ reason }}", "damaged"),
    ("{{ today }}", "2026-01-01"), ("{{ now }}", "2026-01-01T01:00+01:00"),
    ("{{ count > 2 }}", True), ("{{ [reason, today] }}", ["damaged", "2026-01-01"]),
    ("{{ count }} {{ yes }}", "3 true"), ("{{ reason }}/{{ nothing }}", "damaged/"),
    ("plain", "plain")])
def test_a_value_that_is_one_expression_keeps_its_type(source: str, expected: Any) -> None:
    found = render.value(source, scope(count=3, yes=True, order={"n": 1, "tags": ["a"]},
                                       nothing=None, reason=Picked("damaged", "It is damaged")))
    assert found == expected
    assert type(found) is type(expected)


def test_people_read_labels_and_words_where_data_has_ids_and_booleans() -> None:
    names = {"reason": Picked("damaged", {"en": "It is damaged", "zh": "有破损"}), "ok": True,
             "total": 1234.5}
    assert render.text("{{ reason }}, {{ ok }}, {{ total }}", scope(**names)) == (
        "It is damaged, Yes, 1234.5")
    assert render.text("{{ reason }}, {{ ok }}, {{ total }}", scope("de", **names)) == (
        "It is damaged, Ja, 1234,5")
    assert render.text("{{ reason ~ '!' }}{{ ok }}", scope("zh", **names)) == "有破损!是"
    assert render.truth("reason == 'damaged' and reason in ['damaged', 'wrong']", scope(**names))


def test_what_a_customer_wrote_is_never_a_template() -> None:
    for wrote in ("{{7*7}}", "{% for x in y %}", "${7*7}", "{0.__class__}", "%s", "{{config}}"):
        names = scope(answer=wrote, order={"name": wrote})
        assert render.text("You wrote {{ answer }}.", names) == f"You wrote {wrote}."
        assert render.value("{{ order.name }}", names) == wrote
        assert render.evaluate("answer", names) == wrote
        once = render.text("{{ answer }}", names)
        assert render.text("{{ again }}", scope(again=once)) == wrote


def test_a_time_in_text_form_is_a_time_when_compared() -> None:
    names = scope(order={"at": "2026-03-04T14:30+04:00", "same": "2026-03-04T10:30Z",
                         "day": "2026-03-04"})
    for expression in ("order.at > now", "order.at == order.same", "order.at > today",
                       "order.day > today", "order.day == order.at", "order.at > '2026-03-03'",
                       "order.day + days(1) > order.at", "order.at - order.same == days(0)",
                       "(order.day - today).days == 62", "today - days(1) < today"):
        assert render.truth(expression, names), expression


def test_a_dot_at_the_beginning_is_a_field_of_item() -> None:
    names = scope(item={"id": 7, "start": "2026-03-04T14:30+01:00", "open": True})
    assert render.evaluate(".id", names) == 7
    assert render.truth("not .closed and .open and (.id == 7)", names)
    assert render.text("{{ .start | time }}", names) == "2:30 PM"


def test_a_long_template_may_hold_blocks_and_a_short_text_shows_them() -> None:
    long = (TEMPLATE + "{% for x in items %}\n- {{ x }}\n{% endfor %}\n"
            "{% if a %}\nEnd\n{% endif %}\n")
    assert render.text(long, scope(items=["one", "two"], a=1)) == "- one\n- two\nEnd"
    assert render.text("{% if x %} {{ a }}", scope(a=1)) == "{% if x %} 1"
    found = sources.text("Hello\n{% if x %}").mistake
    assert found is not None
    assert (found.line, found.column) == (2, 1)
    assert "templates/" in found.message


def test_a_text_that_grows_too_long_is_cut_at_a_whole_character() -> None:
    family = "👨‍👩‍👧"
    written = render.text("{{ answer }}", scope(answer=family * 2_000))
    assert len(written) <= 4_096 + len("{{ answer }}")
    assert written.endswith(family + "…")


@pytest.mark.parametrize(("expression", "message", "column"), [
    ("order.total >", "end", 13), ("a b", "not understood", 3), ("a = 3", "==", 3),
    ("a | dat", "did you mean date", 5), ("a is nome", "did you mean none", 3), ("", "missing", 1),
    ("{{ a }}", "without", 1), ("1 & 2", "write and", 3), ("a.b()", "never a method", 4),
    ("date(a)", "write", 5), ("((((" * 3_000, "deep", 1), ("9" * 5_000, "number", 1)])
def test_check_says_what_is_wrong_and_where(expression: str, message: str, column: int) -> None:
    found = sources.fault(expression, sources.expression(expression), frozenset())
    assert found is not None
    assert message in found.message
    assert abs(found.column - column) <= 1


def unknown(text: str) -> sources.Mistake | None:
    return sources.fault(text, sources.text(text), frozenset())


def test_a_filter_of_the_business_is_known_where_it_is_named() -> None:
    text = "{{ account | iban }} {{ account | ibam }}"
    assert sources.fault("{{ account | iban }}", sources.text("{{ account | iban }}"),
                         frozenset({"iban"})) is None
    found = sources.fault(text, sources.text(text), frozenset({"iban"}))
    assert found is not None
    assert (found.column, found.message) == (35, "there is no filter ibam; did you mean iban?")


def test_check_text_counts_lines_and_columns_without_the_mark_of_a_long_text() -> None:
    found = unknown("Dear customer,\n  {{ order | dat }}")
    assert found is not None
    assert (found.line, found.column) == (2, 14)
    found = unknown(TEMPLATE + "{{ x | dat }}")
    assert found is not None
    assert (found.line, found.column) == (1, 8)
    assert sources.text("{{ order.item | upper }}").mistake is None


def test_names_and_paths_are_found_without_running_anything() -> None:
    assert sources.text("{{ a.b }} {{ c if d else e | default(f) }} plain").names == set("acdef")
    assert sources.text(TEMPLATE + "{% for x in xs %}{{ x }}{% endfor %}").names == {"xs"}
    assert sources.expression(".start | time").names == {"item"}
    assert sources.expression("today + days(1) > born").names == {"today", "born"}
    assert sources.expression("a +").names == set()
    assert sources.text("{{ config.shop.name ~ answer }}").paths == {
        ("config", "shop", "name"), ("answer",)}


def test_an_error_quotes_the_author_and_never_the_customer() -> None:
    with pytest.raises(ExpressionError) as caught:
        render.evaluate("answer | money", scope(answer="my secret"))
    assert "answer | money" in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(ExpressionError, match="division"):
        render.evaluate("1 / 0", scope())
    with pytest.raises(ExpressionError, match="none"):
        render.evaluate("nothing + 1", scope(nothing=None))


def test_a_pattern_fits_the_whole_and_a_slow_one_fits_nothing() -> None:
    assert render.matches(r"[A-Z]{2}\d{6}", "AB123456")
    assert not render.matches(r"[A-Z]{2}\d{6}", "xAB123456")
    assert not render.matches(r"(a+)+b", "a" * 40)
    assert render.found_once(r"[A-Z]{2}\d{6}", "return AB123456 please") == "AB123456"
    assert render.found_once(r"[A-Z]{2}\d{6}", "AB123456 or AB123457") is None
    assert render.found_once(r"\d{4}", "my number is 123456") is None
    assert sources.pattern("a(") is not None
    assert sources.pattern("a+") is None


@given(st.text())
def test_any_text_is_either_a_text_or_an_expression_error(source: str) -> None:
    sources.expression(source)
    sources.text(source)
    if sources.text("{{ " + source + " }}").mistake is not None:
        return
    try:
        render.text("{{ " + source + " }}", scope())
    except ExpressionError:
        return


@given(st.text())
def test_any_answer_is_shown_as_it_was_written(answer: str) -> None:
    assert render.text("{{ answer }}", scope(answer=answer)) == answer
