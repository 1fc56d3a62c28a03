"""What the bot makes of a text when nothing waits for an answer, and why.

The decision is the router's own; here it is only asked, and what it weighed is put beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot import router
from bot.clock import DAY
from bot.flow.flows import Flows
from bot.flow.language.match import MARGIN, THRESHOLD, Candidate
from bot.model import BOT, Contact, Event, Journal, Json, Snapshot

#: When the texts are written is of no weight; that the contact has written before, is.
_NOW = DAY


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a text leads to."""

    text: str
    journal: Journal  #: as the conversation would keep it
    candidates: tuple[Candidate, ...]  #: best first
    #: Each word as it was compared: its weight, and the known words that it is taken for.
    words: Mapping[str, tuple[float, Mapping[str, float]]]

    @property
    def item(self) -> str:
        """What was chosen: flow:x, answer:file/x or command:x; "" where nothing was."""
        if self.journal.rule == "command":
            return f"command:{self.journal.item}"
        return "" if self.journal.rule != "trigger" or self.unclear else self.journal.item

    @property
    def unclear(self) -> tuple[str, ...]:
        """Items too close to call, between which the customer is asked."""
        items = tuple(self.journal.item.split(" ")) if self.journal.rule == "trigger" else ()
        return items if len(items) > 1 else ()

    @property
    def margin(self) -> float | None:
        """How far the best candidate is before the next one."""
        if len(self.candidates) < 2:
            return None
        return round(self.candidates[0].score - self.candidates[1].score, 1)

    def why_not(self, candidate: Candidate) -> str:
        """Why this candidate was not chosen; "" if it was."""
        best = self.candidates[0]
        if self.journal.rule == "command":
            return "a command comes first"
        if candidate.item == self.item:
            return ""
        if candidate.item in self.unclear:
            return f"less than {MARGIN:g} apart: the customer is asked which"
        if candidate.score < THRESHOLD:
            return f"under {THRESHOLD:g}"
        if best.whole and not candidate.whole:
            return f"the message is “{best.phrase}” and nothing else"
        return f"{best.score - candidate.score:.1f} behind"


def judge(flows: Flows, text: str, language: str = "") -> Verdict:
    """What the bot makes of a text of a contact who has written before."""
    contact = Contact("judged", language=language or None,
                      language_from="chosen" if language else None)
    state: Json = {"wrote_at": _NOW}
    snapshot = Snapshot("judged", "judged", contact, BOT, state, 2 * DAY, _NOW)
    decision = router.decide(flows, snapshot, Event("judged", "message", _NOW,
                                                    {"type": "text", "text": text}))
    return Verdict(text, decision.journal, tuple(flows.candidates(text)), flows.weighed(text))
