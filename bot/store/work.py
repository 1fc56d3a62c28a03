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


class Limits:
    """The limits of this process, as one unit asks them.

    A unit that is run again hears what it heard before: no message of a conversation is counted
    twice. (A conversation made by the unit is another one when it is made again.)
    """

    __slots__ = ("_answers", "_flooded", "_heard", "_pace", "_reach", "begun")

    def __init__(self, pace: Pace, reach: Reach, flooded: Flooded) -> None:
        self._pace, self._reach, self._flooded = pace, reach, flooded
        self._answers: list[tuple[object, str, int]] = []
        self._heard: list[tuple[object, str, int]] = []
        #: (event, lease) of what the unit began, in whichever run.
        self.begun: set[tuple[str, int]] = set()

    def again(self) -> None:
        """The unit is run, for the first time or once more."""
        self._answers, self._heard = [*self._heard, *self._answers], []

    def _ask(self, limit: Callable[[str, str], int], channel: str, conversation: str) -> int:
        for place, (asked, who, answer) in enumerate(self._answers):
            if asked is limit and who == conversation:
                self._heard.append(self._answers.pop(place))
                return answer
        answer = limit(channel, conversation)
        self._heard.append((limit, conversation, answer))
        return answer

    def pace(self, channel: str, conversation: str) -> int:
        return self._ask(self._pace, channel, conversation)

    def reach(self, channel: str, conversation: str) -> int:
        return self._ask(self._reach, channel, conversation)

    def flooded(self, channel: str, conversation: str) -> bool:
        return bool(self._ask(self._flooded, channel, conversation))


@dataclass(slots=True)
class Work:
    """Filled by the questions while the unit runs."""

    now: int  #: business time, epoch ms
    real: int  #: real time, epoch ms
    limits: Limits
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
    behind: bool = False  #: the event stands behind others in the inbox


def unpaced(channel: str, conversation: str) -> int:
    """Every message may leave at once."""
    return 0


def unlimited(channel: str, conversation: str) -> bool:
    """No message is one too many."""
    return False
