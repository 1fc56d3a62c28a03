"""Slots with `keep`: for a while the next runs that declare the same slot have its value.

`kept` of the state holds them: slot -> [type, value, until]. What counts is when the run that
held the value was left or ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.machine import Version
    from bot.flow.turn import Turn


def note(turn: Turn) -> None:
    """The runs under way are left, or make room: what they hold is kept from now on."""
    for run in turn.runs:
        spared = turn.flows.version(run["flow"], run["version"]).spared
        if not spared:
            continue
        kept = dict(turn.state.get("kept", {}))
        for name, kind, for_ms in spared:
            value = run["slots"].get(name)
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = [kind, value, turn.now + for_ms]
        turn.state["kept"] = kept


def hand_on(turn: Turn, version: Version, slots: Json) -> None:
    """Give a run that begins what is still kept for slots that it declares and was not given."""
    kept = {name: entry for name, entry in turn.state.get("kept", {}).items()
            if entry[2] > turn.now}
    for name, (kind, value, _) in kept.items():
        declared = version.slots.get(name)
        if declared is not None and declared.type == kind:
            slots.setdefault(name, value)
    if kept:
        turn.state["kept"] = kept
    else:
        turn.state.pop("kept", None)
