"""What is wrong with an expression, said without a parser's words."""

from __future__ import annotations

import pytest

from bot.flow.expressions import sources


@pytest.mark.parametrize(("source", "message"), [
    ("{{ a | time }", "the end `}}` is missing, or there is a brace too many"),
    ("{{ (a * b | money }}", "the closing `)` is missing"),
    ("{{ a b }}", "`b` is not understood here"),
    ("{{ a + }}", "something is missing at the end"),
    ("{{ a", "the end `}}` is missing"),
    ("{{ 'x }}", "a quote ' has no other half"),
    ("{{ “x” }}", "`“` is not understood here: write '"),
    ("{{ a ≥ b }}", "`≥` is not understood here: write >="),
    ("{{ a && b }}", "`&` is not understood here: write and"),
])
def test_a_text_that_can_not_be_worked_out(source: str, message: str) -> None:
    found = sources.text(source).mistake
    assert found is not None
    assert found.message == message


@pytest.mark.parametrize(("source", "message"), [
    ("(a", "the closing `)` is missing"), ("a and", "something is missing at the end"),
    ("a AND b", "`AND` is not understood here: write and"),
    ("if a", "`a` is not understood here"),
])
def test_a_condition_that_can_not_be_worked_out(source: str, message: str) -> None:
    found = sources.expression(source).mistake
    assert found is not None
    assert found.message == message


@pytest.mark.parametrize(("source", "message"), [
    ("[A-Z{3}", "the closing `]` is missing"), (r"(\d{4}", "the closing `)` is missing"),
    (r"\d{4", "the closing `}` is missing"), ("a)", "there is a `)` too many"),
    ("*a", "nothing stands before a `*`, `+`, `?` or `{`"),
    ("a+*{2}{3", "the closing `}` is missing"),
    ("a**", "nothing stands before a `*`, `+`, `?` or `{`"),
])
def test_a_pattern_that_can_not_be_read(source: str, message: str) -> None:
    found = sources.pattern(source)
    assert found is not None
    assert found.message == message
