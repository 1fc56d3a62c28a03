from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ExpressionError
from bot.flow.expressions.values import Picked, When, holds, less, moment, plain, typed

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("kind", "kept", "data"), [
    ("choice", {"id": "damaged", "label": "It is damaged"}, "damaged"), ("choice", "size", "size"),
    ("date", "2026-03-10", "2026-03-10"), ("time", "15:00", "15:00"),
    ("date", {"iso": "2026-03-10", "from": "2026-03-10T15:00+01:00",
              "until": "2026-03-10T16:00+01:00"}, "2026-03-10"),
    ("datetime", "2026-03-10T15:00+01:00", "2026-03-10T15:00+01:00"),
    ("datetime", "2026-07-10T15:00", "2026-07-10T15:00+02:00"), ("integer", 7, 7),
    ("yes_no", False, False), ("text", "2026-03-10", "2026-03-10"),
    ("object", {"a": [1]}, {"a": [1]}),
    ("date", "no date", "no date"), ("any", None, None)])
def test_what_is_kept_becomes_a_value_and_data_again(kind: str, kept: Any, data: Any) -> None:
    assert plain(typed(kind, kept, BERLIN)) == data


def test_every_moment_has_the_stretch_of_time_that_it_stands_for() -> None:
    exact = typed("datetime", "2026-03-10T15:00+01:00", BERLIN)
    assert isinstance(exact, When)
    assert exact.start == exact.until == exact.value
    short = typed("date", "2026-03-29", BERLIN)  # the clocks go forward: 23 hours
    assert plain(short.start) == "2026-03-29T00:00+01:00"
    assert plain(short.until) == "2026-03-30T00:00+02:00"


@pytest.mark.parametrize(("value", "expected"), [
    (Decimal("1.50"), 1.5), (Decimal("2"), 2), (timedelta(days=3), "P3D"),
    (timedelta(hours=-2), "-PT2H"), (timedelta(days=1, minutes=5), "P1DT5M"),
    (datetime(2026, 3, 4, 5, 6, 7, tzinfo=BERLIN), "2026-03-04T05:06:07+01:00"),
    (time(3, 4), "03:04"), ((1, Picked("a", "A")), [1, "a"]), ({1: date(2026, 1, 2)},
                                                             {"1": "2026-01-02"})])
def test_data_is_json(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_thing_that_is_no_data_never_leaves_an_expression() -> None:
    with pytest.raises(ExpressionError):
        plain(print)


def test_text_is_a_moment_only_when_all_of_it_is_one() -> None:
    for text in ("2026-03-04", "2026-03-04T14:30", "2026-03-04 14:30:05.123Z",
                 "2026-03-04T14:30+0400"):
        assert moment(text, BERLIN) is not None, text
    for text in ("2026-3-4", "20260304", "2026-13-04", "on 2026-03-04", "2026-03-04T25:00",
                 "AB2026-03-04", "２０２６-03-04"):
        assert moment(text, BERLIN) is None, text


def test_none_is_before_and_in_nothing() -> None:
    assert not less(None, 1, BERLIN)
    assert not less(1, None, BERLIN)
    assert not holds(None, 1, BERLIN)
    assert not holds("text", None, BERLIN)
    with pytest.raises(ExpressionError, match="a text can't be compared with a number"):
        less("1", 1, BERLIN)


@given(st.text(max_size=40))
def test_any_kept_text_can_be_looked_at(text: str) -> None:
    for kind in ("date", "datetime", "time", "choice", "text"):
        plain(typed(kind, text, BERLIN))
