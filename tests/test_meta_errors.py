from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.channel.meta_errors import MEANINGS, failure, meaning, sentence
from bot.errors import (
    ChannelError,
    ChannelStopped,
    OutcomeUnknown,
    PairThrottled,
    Rejected,
    Throttled,
    WindowClosed,
)


def body(code: object, details: str = "because") -> bytes:
    return json.dumps({"error": {"message": "(#1) m", "type": "OAuthException", "code": code,
                                 "error_data": {"details": details}}}).encode()


@pytest.mark.parametrize(("status", "code", "wanted"), [
    (401, 190, ChannelStopped), (401, 0, ChannelStopped), (403, 10, ChannelStopped),
    (500, 3, ChannelStopped), (403, 200, ChannelStopped), (403, 299, ChannelStopped),
    (403, 131031, ChannelStopped), (403, 368, ChannelStopped), (400, 131048, ChannelStopped),
    (400, 131042, ChannelStopped), (500, 131045, ChannelStopped), (400, 133010, ChannelStopped),
    (400, 4, Throttled), (400, 80007, Throttled), (400, 130429, Throttled),
    (429, 130429, Throttled), (400, 133016, Throttled), (500, 131057, Throttled),
    (500, 2494100, Throttled), (400, 131056, PairThrottled), (429, 131056, PairThrottled),
    (400, 131047, WindowClosed),
    (500, 131000, OutcomeUnknown), (503, 133004, OutcomeUnknown), (503, 2, OutcomeUnknown),
    (500, 131016, OutcomeUnknown), (500, 1, OutcomeUnknown), (400, 1, Rejected),
    (400, 100, Rejected), (400, 131008, Rejected), (400, 131009, Rejected), (400, 131026, Rejected),
    (400, 131051, Rejected), (400, 132000, Rejected), (404, 132001, Rejected),
    (400, 132005, Rejected), (400, 132007, Rejected), (400, 132012, Rejected),
    (400, 132015, Rejected), (400, 131021, Rejected), (400, 131053, Rejected),
    (403, 130497, Rejected), (400, 131062, Rejected), (400, 33, Rejected),
    # Codes that Meta may add: the status decides.
    (400, 199999, Rejected), (500, 199999, OutcomeUnknown), (429, 199999, Throttled),
    (401, 199999, ChannelStopped), (403, 199999, ChannelStopped),
    (400, "131056", PairThrottled), (400, True, Rejected), (400, [5], Rejected),
])
def test_a_code_has_its_class(status: int, code: object, wanted: type[ChannelError]) -> None:
    error = failure(status, body(code))
    assert type(error) is wanted
    assert error.advice
    assert "because" in str(error)
    if isinstance(code, int) and not isinstance(code, bool):
        assert error.code == code


@pytest.mark.parametrize(("status", "wanted"), [
    (300, ChannelStopped), (302, ChannelStopped), (400, Rejected), (401, ChannelStopped),
    (403, ChannelStopped), (404, Rejected), (408, OutcomeUnknown), (413, Rejected),
    (429, Throttled), (500, OutcomeUnknown), (502, OutcomeUnknown), (503, OutcomeUnknown),
    (504, OutcomeUnknown), (599, OutcomeUnknown),
])
@pytest.mark.parametrize("answer", [b"", b"<html>busy</html>", b"[]", b'{"error": "no"}', b"null"])
def test_an_answer_that_can_t_be_read_goes_by_its_status(
        status: int, wanted: type[ChannelError], answer: bytes) -> None:
    error = failure(status, answer)
    assert type(error) is wanted
    assert error.code is None
    assert error.advice


@pytest.mark.parametrize(("header", "seconds"), [
    (None, None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("1e9", 3600.0), ("nan", None),
    ("soon", None), ("", None), ("inf", 3600.0),
])
def test_the_provider_s_wish_to_wait_is_kept(header: str | None, seconds: float | None) -> None:
    assert failure(429, b"", header).retry_after == seconds


def test_the_provider_may_name_a_date_to_wait_for() -> None:
    when = datetime.now(UTC) + timedelta(seconds=90)
    wait = failure(429, b"", format_datetime(when, usegmt=True)).retry_after
    assert wait is not None
    assert 60 < wait <= 90
    assert failure(429, b"", "Wed, 21 Oct 2015 07:28:00 GMT").retry_after == 0


def test_every_code_comes_with_advice_in_one_sentence() -> None:
    for code, what in MEANINGS.items():
        assert what.advice.endswith("."), code
        assert meaning(code) is what


def test_why_a_message_failed_is_told_to_people() -> None:
    told = sentence(131026, "Message undeliverable")
    assert told.startswith("Message undeliverable (Meta's code 131026) - Reach the person")
    assert sentence(None, "") == "Meta gave no reason"
    assert sentence(987654, "odd") == "odd (Meta's code 987654)"


def test_what_no_database_keeps_is_left_out_of_what_the_provider_said() -> None:
    assert "\0" not in str(failure(400, body(131026, "to\0 you")))
    assert "to you" in str(failure(400, body(131026, "to\0 you")))
