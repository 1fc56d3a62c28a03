"""Time-outs and reminders: when they are due, and what they do.

A time-out counts from when the step began to wait or the contact last wrote, whichever is later;
a reminder from the contact's last message only. Each fires once for each count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import registered, tickets, waiting
from bot.flow.spec import Timer
from bot.model import QUEUE

if TYPE_CHECKING:
    from bot.flow.machine import Node
    from bot.flow.turn import Turn

TIMEOUT = "timeout"
STAY, END, HANDOFF = "stay", "end", "handoff"


def timers(turn: Turn) -> dict[str, tuple[int, str]]:
    """What is armed after this turn: the time-out of the question, and the ends of waits."""
    if opted_out(turn):
        return {}
    armed = waiting.timers(turn)
    node = turn.waits
    if node is None or node.step.on_timeout is None or (
            node.step.wait is not None and node.step.wait.ends):
        return armed
    token = timeout_token(turn)
    if turn.state.get("timed_out") != token:
        armed[TIMEOUT] = (_base(turn) + node.step.on_timeout.after_ms, token)
    return armed


def idle_at(turn: Turn) -> int:
    """When the question that waits has been open for so long that nobody will answer it."""
    return _base(turn) + turn.flows.options.idle_ms


def is_idle(turn: Turn) -> bool:
    """Whether that time has passed."""
    return turn.now > idle_at(turn)


def timeout_token(turn: Turn) -> str:
    """What the time-out of the current wait is known by; another count has another."""
    return f"{turn.run['number']}.{turn.run['visit']}.{_base(turn)}"


def _base(turn: Turn) -> int:
    return max(int(turn.run["since"]), int(turn.state.get("wrote_at", 0)))


def too_early(turn: Turn, timer: Timer) -> bool:
    """Whether a time-out rings before its time."""
    return turn.now < _base(turn) + timer.after_ms


def is_past_saying(turn: Turn, timer: Timer) -> bool:
    """Whether a time-out that only says something comes so late that it had better not: the
    reminder is due too, or the window is closed and the words would leave some other day.
    """
    due = remind_at(turn)
    shut = turn.now >= turn.snapshot.window_until and timer.outside is None
    return timer.then == STAY and (shut
                                   or (due is not None and due <= turn.now))


def remind_at(turn: Turn) -> int | None:
    """When the next reminder before the window closes is due."""
    snapshot = turn.snapshot
    if not snapshot.last_inbound_at or opted_out(turn):
        return None
    fired = int(turn.state.get("reminders", 0))
    general = turn.flows.options.remind_after_ms
    if turn.owner == QUEUE or (turn.owner != "bot" and turn.state.get("owe")):
        after = [general]
    else:
        node = turn.waits
        if node is None:
            return None
        after = [general] if node.step.remind is None else [
            timer.after_ms for timer in node.step.remind]
    if fired >= len(after):
        return None
    at = snapshot.last_inbound_at + after[fired]
    # Once the window is closed nothing could be said that a reminder is for.
    return at if max(at, turn.now) < snapshot.window_until else None


def opted_out(turn: Turn) -> bool:
    """Whether the contact wants no messages, as of this turn."""
    return bool(turn.changes.get("opted_out", turn.snapshot.contact.opted_out))


def ring(turn: Turn, node: Node, timer: Timer) -> None:
    """What a time-out or a reminder says, and the handoff where it is one."""
    turn.say(timer.say, timer.outside)
    if timer.outside is not None:
        registered.stands_in(turn, for_question=False)
    if timer.then == HANDOFF:
        tickets.hand_over(turn, None, reason="reminder", said=bool(timer.say))


def destination(timer: Timer, done: str) -> str | None:
    """The state that a time-out or a reminder leads to; None: the step stays."""
    if timer.then in (STAY, HANDOFF):
        return None
    return done if timer.then == END else timer.then
