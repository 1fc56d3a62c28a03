"""Flows that another one interrupted: they rest with all they know, and are offered again.

`stacked` of the state holds them, the oldest first: {runs: the interrupted run and its callers,
offered: how often the customer was asked to go on with it}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import keeping, moving, offers, waiting
from bot.flow.state import copied
from bot.model import BOT, Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn

#: So many rest at once; when one more is interrupted the oldest ends.
MOST = 3
#: So often is the customer asked to go on with one; then it ends.
ASKED = 3


def push(turn: Turn) -> None:
    """What is under way makes room."""
    stacked = [*turn.state.get("stacked", ()), {"runs": turn.runs, "offered": 0}]
    turn.run["step"] = turn.step
    keeping.note(turn)
    turn.runs = []
    turn.drop_runs("")
    _keep(turn, stacked[-MOST:])
    if len(stacked) > MOST:
        turn.ended = "abandoned"


def clear(turn: Turn) -> None:
    """Nothing is gone on with."""
    turn.state.pop("stacked", None)


def holds(turn: Turn, flow: str) -> Json | None:
    """The resting stack that this flow began."""
    return next((one for one in turn.state.get("stacked", ())
                 if one["runs"][0]["flow"] == flow), None)


def holds_run(turn: Turn, number: int) -> Json | None:
    """The resting stack that the run of this number is in."""
    return next((one for one in turn.state.get("stacked", ())
                 if any(run["number"] == number for run in one["runs"])), None)


def is_fresh(turn: Turn, stack: Json) -> bool:
    """False: nobody answered it for so long that this very turn has set it aside."""
    return bool(turn.runs or stack["offered"])


def resume(turn: Turn, stack: Json) -> None:
    """Take this one up; what is under way now rests in its place. Its question comes again."""
    _keep(turn, [one for one in turn.state["stacked"] if one is not stack])
    if turn.runs:
        push(turn)
    turn.runs = [copied(run) for run in stack["runs"]]
    turn.bind()
    moving.follow(turn)
    if moving.arrive(turn):
        return
    if not waiting.go_on(turn):
        turn.run["since"] = turn.now
        turn.next = "repeated"


def leave(turn: Turn, stack: Json) -> None:
    """The customer does not want to go on with this one."""
    _keep(turn, [one for one in turn.state["stacked"] if one is not stack])
    turn.ended = "abandoned"


def latest(turn: Turn) -> Json | None:
    """The one that was interrupted last."""
    stacked = turn.state.get("stacked")
    return stacked[-1] if stacked else None


def offer(turn: Turn) -> None:
    """After a turn that leaves nothing waiting: "Go on with …?" about what was interrupted last."""
    if turn.runs or turn.owner != BOT or not (turn.out or turn.ended):
        return
    while (last := latest(turn)) is not None:
        if last["offered"] < ASKED and last["runs"][0]["flow"] in turn.flows.current:
            break
        leave(turn, last)
    else:
        return
    number = last["runs"][0]["number"]
    _keep(turn, [*turn.state["stacked"][:-1], {**last, "offered": last["offered"] + 1}])
    beside = turn.state.get("offer", [])
    turn.tell("unfinished", title=turn.flows.title(f"flow:{last['runs'][0]['flow']}",
                                                   turn.language))
    offers.show(turn, [(f"resume:{number}", turn.system("go_on"), ""),
                       (f"leave:{number}", turn.system("leave"), "")])
    turn.state["offer"] = [*beside, *turn.state["offer"]]


def _keep(turn: Turn, stacked: list[Json]) -> None:
    if stacked:
        turn.state["stacked"] = stacked
    else:
        clear(turn)
