"""Several short messages taken as one answer: the question waits a little for more of them.

What has come stands in the `held` of the visit as `gathered`: {texts, until}. A command or a tap
ends the waiting; a picture is for whatever the words before it lead to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import steps
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.machine import Node
    from bot.flow.turn import Turn

TIMER = "gather"
#: So many messages make one answer at most.
_MOST = 50


def add(turn: Turn, node: Node, text: str) -> bool:
    """Keep a text and wait for more; False where the step waits for none."""
    if node.step.gather_ms is None:
        return False
    held = turn.run.get("held", {})
    texts = [*held.get("gathered", {}).get("texts", ()), text]
    if len(texts) >= _MOST:
        turn.run["held"] = {**held, "gathered": {"texts": texts, "until": turn.now}}
        return True
    turn.run["held"] = {**held, "gathered": {"texts": texts,
                                             "until": turn.now + node.step.gather_ms}}
    return True


def under_way(turn: Turn) -> bool:
    """Whether texts wait for more of them."""
    return turn.waits is not None and "gathered" in turn.run.get("held", {})


def end(turn: Turn) -> None:
    """No more is waited for: what there is counts as soon as this message has been dealt with."""
    held = turn.run["held"]
    turn.run["held"] = {**held, "gathered": {**held["gathered"], "until": turn.now}}


def take(turn: Turn) -> None:
    """What has come is the answer."""
    node = turn.waits
    assert node is not None
    held = dict(turn.run["held"])
    text = turn.answer = "\n".join(held.pop("gathered")["texts"])
    turn.run["held"] = held
    content: Json = {"type": "text", "text": text}
    turn.reason = steps.answer(turn, node, content)
    if turn.reason:
        turn.rule, turn.item, turn.next = "refused", turn.reason, "refused"
    else:
        turn.rule, turn.item = "answer", node.slot or ""


def timer(turn: Turn) -> dict[str, tuple[int, str]]:
    """When enough has been waited."""
    gathered = turn.run.get("held", {}).get("gathered") if turn.runs else None
    if gathered is None or turn.waits is None:
        return {}
    token = f"{turn.run['number']}.{turn.run['visit']}.{len(gathered['texts'])}"
    return {TIMER: (gathered["until"], f"{token}.{gathered['until']}")}


def rings(turn: Turn, token: str) -> bool:
    """The waiting is over; False: more has come since."""
    due = timer(turn).get(TIMER)
    if due is None or due[1] != token:
        return False
    take(turn)
    return True
