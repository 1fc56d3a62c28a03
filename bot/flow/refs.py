"""Reply ids: short signed references that live on customers' phones for weeks.

`1` (the version), a kind, what it points at, and a MAC bound to the conversation, parted by
dots. A step's choice is `1s.<flow>.<run>.<visit>.<choice>.<mac>`; what it stands for is kept with
the visit. An offer made outside a flow is `1o.<action>.<mac>`, e.g. `flow:returns`
(`bot.flow.offers`).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

_STEP = "1s"
_OFFER = "1o"
#: Bytes of the MAC that are kept: 96 bits, as much as anybody could ever guess at.
_KEPT = 12


@dataclass(frozen=True, slots=True)
class StepRef:
    """A choice that one visit of a step offered."""

    flow: str
    run: int
    visit: int
    choice: str


@dataclass(frozen=True, slots=True)
class OfferRef:
    """Something offered outside a flow, e.g. a row of the menu; it does not grow old."""

    action: str


def step_prefix(flow: str, run: int, visit: int) -> str:
    """What all references of one visit begin with."""
    return f"{_STEP}.{flow}.{run}.{visit}."


def sign(key: bytes, conversation: str, body: str) -> str:
    """The reply id for this body, valid in this conversation only."""
    return f"{body}.{_mac(key, conversation, body)}"


def offer(action: str) -> str:
    """The body of a reply id that offers this action."""
    return f"{_OFFER}.{action}"


def looks_ours(reply_id: object) -> bool:
    """Whether an id that `read` did not know has the form of ours: made up, or of somebody else."""
    return isinstance(reply_id, str) and reply_id.startswith((f"{_STEP}.", f"{_OFFER}."))


def read(key: bytes, conversation: str, reply_id: str) -> StepRef | OfferRef | None:
    """What a reply id points at; None when we did not make it for this conversation."""
    if len(reply_id) > 200 or not reply_id.isascii():
        return None
    body, _, mac = reply_id.rpartition(".")
    if not hmac.compare_digest(mac, _mac(key, conversation, body)):
        return None
    kind, _, rest = body.partition(".")
    if kind == _OFFER:
        return OfferRef(rest)
    if kind == _STEP:
        flow, run, visit, choice = rest.split(".", 3)
        return StepRef(flow, int(run), int(visit), choice)
    return None


def choice_in(reply_id: str) -> str:
    """The choice or the action that a reply id of ours names, whoever made it."""
    kind, _, rest = reply_id.rpartition(".")[0].partition(".")
    return rest.rpartition(":")[2] if kind == _OFFER else rest.split(".", 3)[-1].removeprefix("@")


def _mac(key: bytes, conversation: str, body: str) -> str:
    digest = hmac.digest(key, f"{conversation}\0{body}".encode(), "sha256")
    return urlsafe_b64encode(digest[:_KEPT]).decode()
