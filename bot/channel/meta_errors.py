"""What Meta's error codes mean: one table, from code to class and advice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json

from bot.errors import (
    ChannelError,
    ChannelStopped,
    OutcomeUnknown,
    PairThrottled,
    Rejected,
    Throttled,
    WindowClosed,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means to us: the class to raise, and what a person can do."""

    error: type[ChannelError]
    advice: str


_TOKEN = Meaning(ChannelStopped, "Put a valid access token into the configuration and restart.")
_PERMISSION = Meaning(
    ChannelStopped,
    "Give the app's system user the permissions whatsapp_business_messaging and "
    "whatsapp_business_management for this number.")
_BUSY = Meaning(OutcomeUnknown, "Nothing to do: Meta has a problem, the message is tried again.")
_SLOWER = Meaning(Throttled, "Nothing to do: messages leave more slowly until Meta allows more.")
_MAINTENANCE = Meaning(Throttled, "Nothing to do: Meta is working on the account; it goes on soon.")
_LOCKED = Meaning(
    ChannelStopped, "Open the WhatsApp Manager: Meta has locked or restricted this account.")
_UNREGISTERED = Meaning(ChannelStopped, "Register the number with the Cloud API again.")
_OUR_MISTAKE = Meaning(
    Rejected, "Report this as a fault of Frontdesk, together with the message's content.")
_TEMPLATE = Meaning(
    Rejected, "Compare the template's file with what is approved in the WhatsApp Manager.")
_TEMPLATE_OFF = Meaning(
    Rejected, "Use another template: Meta has paused or disabled this one for its quality.")
_UNDELIVERABLE = Meaning(
    Rejected, "Reach the person another way: the number is not on WhatsApp, has blocked the "
              "business, or uses an old version.")
_MEDIA = Meaning(
    Rejected, "Check that the file can be fetched from the internet, has the right type and is "
              "not too large.")
_MARKETING = Meaning(Rejected, "Don't repeat it: the person gets no more advertising for now.")
_SETUP = Meaning(Rejected, "Finish the number's set-up in the WhatsApp Manager.")

MEANINGS: Mapping[int, Meaning] = {
    0: _TOKEN, 190: _TOKEN,
    3: _PERMISSION, 10: _PERMISSION, **dict.fromkeys(range(200, 300), _PERMISSION),
    2: _BUSY, 131000: _BUSY, 131016: _BUSY, 133004: _BUSY,
    4: _SLOWER, 80007: _SLOWER, 130429: _SLOWER, 133016: _SLOWER,
    131057: _MAINTENANCE, 2494100: _MAINTENANCE,
    131056: Meaning(
        PairThrottled, "Nothing to do: too many messages to one person, the next leaves later."),
    131031: _LOCKED, 368: _LOCKED,
    131048: Meaning(
        ChannelStopped, "Stop campaigns and look at the number's quality in the WhatsApp Manager: "
                        "too many people reported its messages as spam."),
    131042: Meaning(ChannelStopped, "Add or repair the account's means of payment at Meta."),
    131037: Meaning(ChannelStopped, "Have the number's display name approved at Meta."),
    131045: _UNREGISTERED, 133010: _UNREGISTERED,
    131047: Meaning(
        WindowClosed, "Wait until the person writes, or send a template: the last message is "
                      "more than 24 hours old."),
    131026: _UNDELIVERABLE,
    131021: Meaning(Rejected, "The business can't write to its own number."),
    131030: Meaning(
        Rejected, "Add the person's number to the test number's list of recipients at Meta."),
    130497: Meaning(Rejected, "The business may not write to people in this country."),
    130472: Meaning(Rejected, "Don't repeat it: the person is part of an experiment of Meta's."),
    131049: _MARKETING, 131050: _MARKETING,
    33: Meaning(Rejected, "Check phone_number_id: Meta knows no such number for this token."),
    100: _OUR_MISTAKE, 131008: _OUR_MISTAKE, 131009: _OUR_MISTAKE, 131051: _OUR_MISTAKE,
    131059: _OUR_MISTAKE, 131060: _OUR_MISTAKE, 135000: _OUR_MISTAKE,
    131005: Meaning(Rejected, "Check that the token's app may use this number."),
    131052: Meaning(Rejected, "Ask the person to send the file again."),
    131053: _MEDIA,
    131062: Meaning(
        Rejected, "Ask for the person's phone number: codes can't go to somebody known only by "
                  "a username."),
    131064: _TEMPLATE,
    132000: _TEMPLATE, 132001: _TEMPLATE, 132005: _TEMPLATE, 132007: _TEMPLATE,
    132012: _TEMPLATE, 132018: _TEMPLATE,
    132015: _TEMPLATE_OFF, 132016: _TEMPLATE_OFF, 132068: _TEMPLATE_OFF,
    132069: Meaning(Rejected, "Try again later: Meta is limiting this form."),
    133000: _SETUP, 133005: _SETUP, 133006: _SETUP, 133008: _SETUP, 133009: _SETUP,
    133015: _SETUP, 134011: _SETUP,
}

#: For codes that Meta has added since, and answers without any.
_BY_STATUS: Mapping[int, Meaning] = {
    401: _TOKEN, 403: _PERMISSION, 429: _SLOWER,
    408: Meaning(OutcomeUnknown, "Nothing to do: the answer did not come in time."),
}
_MOVED = Meaning(ChannelStopped, "Check graph_url: the address answers with a redirect.")
_UNKNOWN_CODE = Meaning(Rejected, "Look the code up in Meta's list of errors.")
_NO_CODE = Meaning(Rejected, "Check graph_url: the answer is none of Meta's.")

#: A provider's wish to be left alone for longer is taken for a mistake.
_LONGEST_WAIT = 3600.0


def meaning(code: int | None, status: int = 400) -> Meaning:
    """What an error with this code, in an answer with this HTTP status, means."""
    known = MEANINGS.get(code) if code is not None else None
    if known is not None:
        return known
    if status >= 500 or status < 300:
        return _BUSY
    if status < 400:
        return _MOVED
    return _BY_STATUS.get(status) or (_NO_CODE if code is None else _UNKNOWN_CODE)


def failure(status: int, body: bytes, retry_after: str | None = None) -> ChannelError:
    """The error that an answer other than success stands for."""
    code, said = _read(body)
    what = meaning(code, status)
    message = f"Meta answered {status}" + (f", code {code}" if code is not None else "")
    return what.error(f"{message}: {said}" if said else message, code=code, advice=what.advice,
                      retry_after=_seconds(retry_after))


def sentence(code: int | None, said: str) -> str:
    """Why a message failed and what to do about it, for people."""
    parts = [said or "Meta gave no reason"]
    if code is not None:
        parts.append(f"(Meta's code {code})")
    known = MEANINGS.get(code) if code is not None else None
    if known is not None:
        parts.append(f"- {known.advice}")
    return " ".join(parts)


def said(error: Mapping[str, Any]) -> str:
    """What an error object says in words, the most precise of its fields."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    for text in (details, error.get("message"), error.get("title"), error.get("error_user_msg")):
        if isinstance(text, str) and text.strip():
            return text.replace("\0", "").strip()[:500]  # which PostgreSQL can't keep
    return ""


def number(code: object) -> int | None:
    """An error's code, which comes as a number or as its digits."""
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 12:
        code = int(code)
    if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31:
        return code
    return None


def _read(body: bytes) -> tuple[int | None, str]:
    try:
        answer = from_json(body)
    except ValueError:
        return None, ""
    error = answer.get("error") if isinstance(answer, dict) else None
    return (number(error.get("code")), said(error)) if isinstance(error, dict) else (None, "")


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After is a number of seconds or a date."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            when = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - datetime.now(UTC)).total_seconds()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
