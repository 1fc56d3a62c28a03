"""What has to be known of two versions of a flow to move people from one to the other.

People are moved when their conversation is next looked at (`bot.flow.moving`); what two versions
have in common is worked out once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.flow.machine import Node, Version


@dataclass(frozen=True, slots=True)
class Onward:
    """Where those go who stand in a version that is not the current one any more."""

    version: str
    in_flight: Literal["move", "restart"] = "move"
    moved: Mapping[str, str] = field(default_factory=dict)  #: old step -> the one in its place


class Between:
    """Two versions of a flow, the later one published after the other."""

    __slots__ = ("new", "old", "places", "restarts")

    def __init__(self, old: Version, new: Version, onward: Onward) -> None:
        self.old = old
        self.new = new
        self.restarts = onward.in_flight == "restart"
        #: Each old step that the new version has, by whatever name.
        self.places = {name: to for name in old.nodes
                       if (to := onward.moved.get(name, name)) in new.nodes}

    def goes_on(self, step: str) -> bool:
        """Whether a visit of this step can go on in the new version."""
        to = self.places.get(step)
        return to is not None and _is_same(self.old.nodes[step], self.new.nodes[to])

    def is_retyped(self, slot: str) -> bool:
        """Whether the new version declares the slot, and not as the old one did."""
        kind = self.new.kinds.get(slot)
        return kind is not None and kind != self.old.kinds.get(slot)


def _is_same(old: Node, new: Node) -> bool:
    """Whether what the customer was asked, or what is waited for, is still the same thing."""
    if old.kind != new.kind or old.slot != new.slot or old.step.call != new.step.call:
        return False
    flow = old.step.run.flow if old.step.run is not None else None
    return flow == (new.step.run.flow if new.step.run is not None else None)
