"""The one pure function: what an event causes in a conversation, and why.

`decide` reads the snapshot, moves the flow's machine and collects what is to be done. It asks no
clock, no network and no dice, so production, `bot test` and `bot chat` are the same engine.
"""

from __future__ import annotations

from collections.abc import Callable

from bot import handoff
from bot.errors import EndlessTurn, ExpressionError, Refused, UnknownVersion
from bot.flow import (
    clocks,
    events,
    gathering,
    hearing,
    moving,
    review,
    stack,
    starts,
    steps,
    tickets,
    undelivered,
    waiting,
)
from bot.flow.flows import Flows
from bot.flow.messages import compose
from bot.flow.turn import Turn
from bot.model import BOT, QUEUE, Decision, Event, Journal, Json, Place, Reply, Snapshot


def decide(flows: Flows, snapshot: Snapshot, event: Event) -> Decision:
    """Everything that one event causes. Raises `UnknownVersion`, and nothing else."""
    return _caused(flows, snapshot, event, _KINDS.get(event.kind, _ignored))


def begin(flows: Flows, snapshot: Snapshot, event: Event, flow: str, slots: Json,
          step: str = "") -> Decision:
    """What starting a flow causes, at any of its steps: nobody has said a word for it."""
    return _caused(flows, snapshot, event,
                   lambda turn: starts.start_at(turn, flow, slots, step))


def _caused(flows: Flows, snapshot: Snapshot, event: Event,
            first: Callable[[Turn], None]) -> Decision:
    turn = Turn(flows, snapshot, event)
    try:
        moving.follow(turn)
        try:
            first(turn)
        except ExpressionError as problem:
            turn.fails(problem)
        turn.go()
        if "unheard" in turn.state:
            hearing.again(turn)
        if "pending" in turn.state:
            events.start_next(turn)
        stack.offer(turn)
    except Refused as reason:
        return Decision(snapshot.state, Journal("agent"), owner=snapshot.owner,
                        refused=str(reason))
    except (EndlessTurn, ExpressionError) as problem:
        turn = Turn(flows, snapshot, event)
        _give_up(turn, str(problem))
    return _decided(turn)


def _give_up(turn: Turn, problem: str) -> None:
    """The turn never ends, or fails where no step could mind: it is dropped, and a person helps."""
    turn.rule = "ignored"
    turn.note(problem)
    if turn.owner != BOT:
        return
    if turn.calling:
        turn.run["rests"] = True  # its result came and led nowhere: nothing is to be waited for
    turn.tell("apology")
    tickets.hand_over(turn, None, reason="failure", note=problem)


def _decided(turn: Turn) -> Decision:
    state = turn.state
    place = None
    if turn.runs:
        run = turn.run
        run["step"] = turn.step
        state["runs"] = turn.runs
        place = Place(run["flow"], run["version"], turn.step)
    else:
        state.pop("runs", None)
    return Decision(
        state,
        Journal(turn.rule, turn.item, turn.score, turn.before, turn.here, turn.ended),
        place=place, owner=turn.owner, busy=turn.calling,
        replies=_replies(turn) if turn.out else turn.replies,
        calls=turn.calls,
        timers={**clocks.timers(turn), **events.timer(turn), **gathering.timer(turn)},
        remind_at=clocks.remind_at(turn), ticket=turn.ticket, contact=turn.changes,
        incident=turn.incident, blanks=turn.blanks, left=turn.left)


def _replies(turn: Turn) -> list[Reply]:
    return [*turn.replies, *undelivered.marked(turn, compose(turn.out))]


def _ignored(turn: Turn) -> None:
    turn.rule = "ignored"


def _timer(turn: Turn) -> None:
    node = turn.waits
    payload = turn.event.payload
    name, token = str(payload.get("name")), str(payload.get("token"))
    if name == gathering.TIMER:
        if not gathering.rings(turn, token):
            turn.rule = "stale"
        return
    if name.startswith(waiting.TIMER) or name == events.TIMER:
        turn.rule = "timer" if events.rings(turn, name, token) else "stale"
        return
    if (node is None or node.step.on_timeout is None or name != clocks.TIMEOUT
            or token != clocks.timeout_token(turn)
            or turn.state.get("timed_out") == token):
        turn.rule = "stale"
        return
    if clocks.too_early(turn, node.step.on_timeout):
        turn.rule = "stale"  # it was set by a version that gave less time; this turn sets it anew
        return
    turn.rule = "timer"
    turn.state["timed_out"] = token
    if clocks.is_past_saying(turn, node.step.on_timeout):
        turn.item = "late"
        return
    turn.next = "elapsed"


def _reminder(turn: Turn) -> None:
    due = clocks.remind_at(turn)
    if due is None or due > turn.now:
        # Once the window is closed it is too late for what it would have said.
        turn.rule = "expired" if turn.now >= turn.snapshot.window_until else "stale"
        return
    turn.rule = "reminder"
    if turn.owner == QUEUE:
        turn.tell("window_closing_queue")
    elif turn.owner == BOT:
        turn.next = "reminded"
        turn.go()
    turn.state["reminders"] = turn.state.get("reminders", 0) + 1


def _result(turn: Turn) -> None:
    payload = turn.event.payload
    if not turn.calling or payload.get("key") != steps.call_key(turn):
        turn.rule = "stale"
        return
    turn.rule = "result"
    node = turn.node
    assert node is not None
    turn.item = node.step.call or ""
    ok = bool(payload.get("ok"))
    if node.step.save is not None:
        turn.put(node.step.save, payload.get("value") if ok else None)
    if not ok:
        turn.call_fails(payload.get("error") or {})
    else:
        turn.next = "result"


def answers(flows: Flows, snapshot: Snapshot) -> list[tuple[str, str]]:
    """What is known so far, for the desk and the ticket: (label, value), in staff's language."""
    try:
        turn = Turn(flows, snapshot, Event("", "none", snapshot.last_inbound_at, {}))
        return _answers(flows, turn)
    # Nothing has happened since the flow was changed, or a label of it fails: bare values will do.
    except (UnknownVersion, ExpressionError):
        return [(name.replace("_", " ").capitalize(), str(value))
                for run in snapshot.state.get("runs", ())
                for name, value in run["slots"].items() if isinstance(value, str | int | float)]


def _answers(flows: Flows, turn: Turn) -> list[tuple[str, str]]:
    turn.language = flows.options.default_language
    found: dict[str, str] = {}
    stack = turn.runs
    for depth in range(1, len(stack) + 1):
        turn.runs = stack[:depth]
        turn.bind()
        names = tuple(name for name, kind in turn.version.kinds.items()
                      if kind not in ("object", "list") or name in turn.version.fillers)
        found.update(review.summary(turn, names))
    return list(found.items())


_KINDS: dict[str, Callable[[Turn], None]] = {
    "message": hearing.hear, "timer": _timer, "reminder": _reminder, "result": _result,
    "agent": handoff.act, "event": events.happened,
    "undelivered": undelivered.came,
}
