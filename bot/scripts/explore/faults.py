"""What is wrong with where a conversation has come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bot.flow.lint.parts import Document
from bot.flow.messages import BODY, BUTTON, BUTTONS, DESCRIPTION, PLAIN, ROW, ROWS, fits
from bot.model import BOT
from bot.scripts.coverage import near
from bot.scripts.explore import standing
from bot.scripts.explore.walking import NO_ANSWER, Stand, Walk, leading_on
from bot.testing import CUSTOMER, Chat, Message

NO_END: Final = "from here no way leads to an end"
_HOLE: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks, where it is written, and a way there."""

    file: str
    line: int
    what: str
    languages: tuple[str, ...] = ()
    way: tuple[str, ...] = ()

    def __str__(self) -> str:
        spoken = f" ({', '.join(self.languages)})" if self.languages else ""
        return f"{self.file}:{self.line} {self.what}{spoken}"


@dataclass(slots=True)
class Faults:
    """Every fault that was met, each with the shortest way to it."""

    documents: dict[str, Document]
    found: dict[tuple[str, int, str], Fault] = field(default_factory=dict)

    def add(self, stand: Stand, what: str, flow: str = "", step: str = "",
            source: str = "") -> None:
        """A fault met at this place; `source`: the text or expression that is to blame."""
        file, line = self.place(flow or stand.flow, step or stand.step, source)
        self.note(Fault(file, line, what, (str(stand.chat.contact.language),), stand.way()))

    def note(self, fault: Fault) -> None:
        """Keep a fault; met in another language too it is the same."""
        name = (fault.file, fault.line, fault.what)
        known = self.found.get(name)
        if known is None:
            self.found[name] = fault
        else:
            more = [one for one in fault.languages if one not in known.languages]
            self.found[name] = replace(known, languages=(*known.languages, *more),
                                       way=known.way or fault.way)

    def place(self, flow: str, step: str, source: str = "") -> tuple[str, int]:
        """Where something of a step is written."""
        doc = self.documents.get(flow)
        if doc is None:
            return flow, 1
        parts = [part for part in doc.parts if source and part.source == source]
        parts.sort(key=lambda part: part.path[:2] != ("steps", step))
        if parts:
            return near(Path(doc.file)), doc.root.at(*parts[0].path).place[0]
        spot = ("steps", step) if step in doc.spec.steps else ("flow",)
        return near(Path(doc.file)), doc.root.key(*spot)[0]

    def judge(self, here: Stand, there: Stand) -> None:
        """What has gone wrong in one turn."""
        new, old = there.chat, here.chat
        first = here is there
        for incident in new.incidents[0 if first else len(old.incidents):]:
            flow, step = _named(incident, there if not here.step else here)
            self.add(there, incident, flow, step, _quoted(incident, self.documents.get(flow)))
        flow, step = (there.flow, there.step) if there.flow else (here.flow, here.step)
        for source in new.blanks[0 if first else len(old.blanks):]:
            flow, step = self._said_by(source, (there, here))
            self.add(there, f"a value in this text is missing: {_short(source)}", flow, step,
                     source)
        messages = new.messages[0 if first else len(old.messages):]
        for message in messages:
            for what in too_much(message) if message.by == BOT else ():
                self.add(there, what, flow, step, self._source_of(message, flow))
        for message in new.parked[0 if first else len(old.parked):]:
            if not any(one.content["type"] == "template" for one in messages):
                self.add(there, "this would be said when the 24 hours are over, and no template "
                                "stands in `outside`", flow, step,
                         self._source_of(message, flow))
        if there.did and here.changed.get(there.did) == here.answers:
            self.add(there, f"{here.chat.calling[0].operation} is done twice with the same "
                            "values, and nothing was answered in between", here.flow, here.step)
        self._waits(here, there)

    def _waits(self, here: Stand, there: Stand) -> None:
        """A question must be heard, and something must be under way."""
        node = standing.waits(there.chat)
        runs = there.chat.state.get("runs")
        if node is None or not runs:
            if runs and there.chat.owner == BOT and not there.chat.calling:
                self.add(there, "nothing waits here, and nothing has ended")
            return
        before = here.chat.state.get("runs")
        visit = (runs[-1]["number"], runs[-1]["visit"])
        asked = here is there or not before or visit != (before[-1]["number"],
                                                         before[-1]["visit"])
        if asked and node.kind != "wait" and _silent(there.chat):
            self.add(there, "this asks without a word")

    def _source_of(self, message: Message, flow: str) -> str:
        """The text of the flow that a message begins with, if one is known."""
        doc = self.documents.get(flow)
        for part in doc.parts if doc is not None else ():
            fixed = [one.strip() for one in _HOLE.split(part.source)]
            if part.path[0] == "steps" and "say" in part.path and any(fixed) and all(
                    one in message.text for one in fixed):
                return part.source
        return ""

    def _said_by(self, source: str, stands: tuple[Stand, ...]) -> tuple[str, str]:
        """The flow and step in which a text stands, those at hand first."""
        flows = [stand.flow for stand in stands if stand.flow]
        flows += [flow for flow in self.documents if flow not in flows]
        steps = [stand.step for stand in stands]
        for flow in flows:
            parts = [part for part in self.documents[flow].parts
                     if part.source == source]
            parts.sort(key=lambda part: part.step not in steps)
            if parts:
                return flow, parts[0].step
        return stands[0].flow or stands[-1].flow, stands[0].step or stands[-1].step

    def judge_walk(self, walk: Walk, unanswered: frozenset[tuple[str, str]]) -> None:
        """What can be seen only when every way is known; `unanswered`: questions for which
        nobody knows an answer that is taken.
        """
        on = leading_on(walk, frozenset({"command"}))
        told: set[tuple[str, str]] = set()
        for key, stand in walk.stands.items():
            if key not in on:
                told.add((stand.flow, stand.step))
                self.add(stand, NO_END)
        for flow, step in sorted(_unleft(walk) - told - unanswered):
            stand = next(one for one in walk.stands.values()
                         if (one.flow, one.step) == (flow, step))
            self.add(stand, "no answer leads on from this question")
        for stand in _circling(walk):
            self.add(stand, f"{stand.chat.calling[0].operation} is called again and again here, "
                            "as long as it gives the same")


def _unleft(walk: Walk) -> set[tuple[str, str]]:
    """Questions that nothing leaves which a customer could answer."""
    asked: dict[tuple[str, str], bool] = {}
    for stand in walk.stands.values():
        node = standing.waits(stand.chat)
        if node is None or node.kind == "wait":
            continue
        here = (stand.flow, stand.step)
        leaves = not stand.walked or any(
            kind not in NO_ANSWER and _elsewhere(walk.stands[to], stand)
            for kind, to in stand.ways)
        asked[here] = asked.get(here, False) or leaves
    return {here for here, leaves in asked.items() if not leaves}


def _elsewhere(there: Stand, here: Stand) -> bool:
    """Whether this is another step, or another run."""
    run = here.chat.state["runs"][-1]
    runs = there.chat.state.get("runs")
    return not runs or there.chat.owner != BOT or there.step != here.step or (
        runs[-1]["number"] != run["number"])


def _circling(walk: Walk) -> Iterator[Stand]:
    """Calls that come round to themselves though nobody says a word."""
    told: set[tuple[str, str]] = set()
    for key, stand in walk.stands.items():
        if not stand.chat.calling or (stand.flow, stand.step) in told:
            continue
        for kind in ("call", "call failed"):
            seen = set()
            todo = [to for one, to in stand.ways if one == kind]
            while todo:
                there = todo.pop()
                if there == key:
                    told.add((stand.flow, stand.step))
                    yield stand
                    todo = []
                elif there not in seen and walk.stands[there].chat.calling:
                    seen.add(there)
                    todo += [to for one, to in walk.stands[there].ways if one == kind]
            if (stand.flow, stand.step) in told:
                break


def too_much(message: Message) -> Iterator[str]:
    """What WhatsApp would not take of a message."""
    content = message.content
    kind = content["type"]
    if kind == "template":
        return
    text = content.get("text")
    if text is not None and not str(text).strip():
        yield "the message is empty"
    most = BODY if kind in ("buttons", "list", "link") else PLAIN
    if text and not fits(text, most):
        yield f"the message is longer than {most} characters"
    rows = content.get("rows", ())
    titles = [(row["title"], ROW) for row in rows]
    titles += [(one["title"], BUTTON) for one in content.get("buttons", ())]
    for title, limit in titles:
        if not fits(title, limit) or not title.strip():
            yield f"“{title}” is no title: 1 to {limit} characters"
    if len({title for title, _ in titles}) < len(titles):
        yield "two choices have the same title"
    if len(rows) > ROWS or len(content.get("buttons", ())) > BUTTONS:
        yield "there are more choices than WhatsApp shows"
    for row in rows:
        if not fits(row.get("description", ""), DESCRIPTION):
            yield f"a description is longer than {DESCRIPTION} characters"


def _silent(chat: Chat) -> bool:
    """Whether the bot has said nothing since the customer last wrote."""
    for message in reversed(chat.messages):
        if message.by != CUSTOMER:
            return False
        break
    return not chat.parked


def _named(incident: str, stand: Stand) -> tuple[str, str]:
    """The flow and step that an incident names, else where it happened."""
    place, _, _ = incident.partition(":")
    flow, slash, step = place.partition("/")
    return (flow, step) if slash and " " not in place else (stand.flow, stand.step)


def _quoted(incident: str, doc: Document | None) -> str:
    """The expression of the flow that an incident quotes."""
    if doc is None:
        return ""
    sources = [part.source for part in doc.parts
               if len(part.source) > 2 and " ".join(part.source.split()) in incident]
    return max(sources, key=len, default="")


def _short(source: str) -> str:
    line = " ".join(source.split())
    return line if len(line) <= 70 else line[:69] + "…"


