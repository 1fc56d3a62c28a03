"""What a unit of work has caused that others must hear of once it is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.store.rows import Send

#: (channel, conversation) -> 0 where a message may leave now (its place is taken), else the
#: milliseconds to wait.
Pace = Callable[[str, str], int]
#: The same for a template outside the window: it counts against the people of a day.
Reach = Pace
#: (channel, conversation) -> this message of a person is one too many in this minute.
Flooded = Callable[[str, str], bool]


@dataclass(slots=True)
class Work:
    """Filled by the questions while the unit runs."""

    now: int  #: business time, epoch ms
    real: int  #: real time, epoch ms
    pace: Pace
    reach: Reach
    flooded: Flooded
    holder: str  #: who claims what this unit releases
    lease_until: int  #: real time until which it does
    sends: list[Send] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    tickets: bool = False
    waiting: bool = False  #: events stand in the inbox
    timers: bool = False  #: a timer or reminder may be due earlier than known
    calls: bool = False
    heard: list[tuple[str, str]] = field(default_factory=list)  #: (channel, external id)
    refused: str = ""
