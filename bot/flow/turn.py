"""One event handled: a throw-away model that the machine moves, and what it wants done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bot.errors import EndlessTurn, ExpressionError
from bot.flow import keeping, registered, tickets
from bot.flow.expressions import render
from bot.flow.expressions.values import Scope
from bot.flow.language.tags import text_for
from bot.flow.messages import PLAIN, Options, Part, Text, split
from bot.flow.names import Names
from bot.flow.spec import Say, TemplateUse, Texts
from bot.flow.state import copied
from bot.model import BOT, CallRequest, Event, Json, Reply, Snapshot, TicketChange

if TYPE_CHECKING:
    from bot.flow.flows import Flows
    from bot.flow.machine import Node, Version

#: A turn that takes more steps than this is thrown away.
CAP = 100
#: The journal of a run keeps so many questions; older ones can't be gone back to.
QUESTIONS = 60
#: And these so much in all, in characters: what a call gave may be large, and is kept to go back.
HEAVIEST = 262_144
DONE = "_done"
_NOTHING: Mapping[str, Any] = {}
_FILLED_IN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


class Turn:
    """What happens to one conversation because of one event."""

    __slots__ = ("_scope", "answer", "before", "blanks", "calls", "changes", "choice", "count",
                 "editing", "ended", "ending", "entered", "error", "event", "flows", "given",
                 "incident", "item", "language", "leaving", "left", "mark", "next", "now", "out",
                 "outcome", "owner", "reason", "refused", "replies", "rule", "run", "runs",
                 "score", "silent", "slots", "snapshot", "state", "step", "target", "ticket",
                 "version")

    def __init__(self, flows: Flows, snapshot: Snapshot, event: Event) -> None:
        self.flows = flows
        self.snapshot = snapshot
        self.event = event
        self.now = event.at
        self.state: Json = dict(snapshot.state)
        self.runs: list[Json] = [copied(run) for run in self.state.get("runs", ())]
        if "stacked" in self.state:
            self.state["stacked"] = [{**stack, "runs": [dict(run) for run in stack["runs"]]}
                                     for stack in self.state["stacked"]]
        self.language = snapshot.contact.language or flows.options.default_language
        self.out: list[Part] = []
        self.replies: list[Reply] = []
        self.calls: list[CallRequest] = []
        self.changes: Json = {}
        self.ticket: TicketChange | None = None
        self.owner = snapshot.owner
        self.incident = ""
        self.blanks: list[str] = []  #: texts in which a value was none
        self.rule = "ignored"  #: for the journal: what decided, which item, how sure
        self.item = ""
        self.score: float | None = None
        self.next: str | None = None  #: the machine's next event; None: the step waits
        self.count = 0
        self.entered = False
        #: What the customer wrote; None where it was no text.
        self.answer: str | None = None
        self.error: Json | None = None
        self.outcome: str | None = None  #: of the sub-flow that has just ended
        self.choice: str | None = None
        self.reason = ""  #: why an answer is refused
        self.given: Json | None = None  #: an answer for the next question, known before it is asked
        self.target = 0  #: the question to go back to: its index in the run's journal
        self.editing = False
        self.refused: list[Part] | None = None  #: said instead of the next step's own text
        self.ending = ""
        self.ended = ""  #: outcome of the last run that ended in this turn
        self.left: Json = {}  #: the slots of that run
        self.leaving: tuple[str, Json] | None = None
        self.silent = False
        self._scope: Scope | None = None
        self.step = ""
        self.version: Version = None  # type: ignore[assignment]  # bound while a run is there
        self.run: Json = {}
        self.slots: Json = {}
        self.mark: tuple[Any, ...] = ()
        if self.runs:
            self.bind()
        self.before = self.here

    def bind(self) -> None:
        """Look at the run that is on top of the stack."""
        run = self.run = self.runs[-1]
        self.version = self.flows.version(run["flow"], run["version"])
        self.step = run["step"]
        self.slots = run["slots"]
        self._scope = None
        self.mark = self._marked()

    @property
    def here(self) -> str:
        """Flow and step, for people; "" in no flow."""
        return f"{self.run['flow']}/{self.step}" if self.runs else ""

    @property
    def node(self) -> Node | None:
        """The step at which the run on top stands."""
        return self.version.nodes.get(self.step) if self.runs else None

    def begin(self, flow: str, slots: Json) -> None:
        """Start a run of a flow on top of the stack."""
        version = self.flows.begins(flow)
        number = self.state["last_run"] = self.state.get("last_run", 0) + 1
        kept = {name: value for name, value in slots.items() if value is not None}
        if self.runs:
            keeping.note(self)
        if "kept" in self.state:
            keeping.hand_on(self, version, kept)
        self.runs.append({"flow": flow, "version": version.id, "number": number, "step": DONE,
                          "visit": 0, "slots": kept, "refused": {}, "questions": [],
                          "since": self.now})
        self.bind()
        self.next = "started"

    def end_run(self) -> None:
        """The run on top has come to its end: start what takes its place, or go on below."""
        keeping.note(self)
        run = self.runs.pop()
        outcome, self.ending = self.ending, ""
        self.ended, self.left = outcome, run["slots"]
        if self.leaving is not None:
            (flow, given), self.leaving = self.leaving, None
            self.runs.clear()  # whoever ran this one is left with it
            self.begin(flow, given)
            return
        if not self.runs:
            self.drop_runs(outcome)
            return
        self.bind()
        node = self.node
        if node is None or node.step.run is None:
            return
        for ours, theirs in node.step.run.save.items():
            self.put(ours, run["slots"].get(theirs))
        self.outcome = outcome
        failed = outcome == "failed" and node.step.on_error
        self.next = "failed" if failed else "returned"

    def caller_minds(self) -> bool:
        """Whether the flow below says what to do when this one fails."""
        if len(self.runs) < 2:
            return False
        below = self.runs[-2]
        node = self.flows.version(below["flow"], below["version"]).nodes.get(below["step"])
        return node is not None and bool(node.step.on_error or node.minds_outcome)

    def drop_runs(self, outcome: str) -> None:
        """End every run on the stack."""
        if self.runs:
            self.ended, self.left = outcome, self.runs[-1]["slots"]
            keeping.note(self)
        self.runs.clear()
        self.run, self.slots, self.step, self._scope = {}, {}, "", None

    def go(self) -> None:
        """Fire events until the step on top waits for something."""
        while self.next is not None:
            name, self.next = self.next, None
            self.count += 1
            if self.count > CAP:
                raise EndlessTurn(f"flow {self.run.get('flow')} took more than {CAP} steps in one "
                                  f"turn and was at {self.step}")
            self.fire(name)

    def fire(self, name: str) -> None:
        """Give the machine one event. A failing expression becomes the event `failed`."""
        self.entered = False
        place = self.here
        try:
            moved = self.version.machine.events[name].trigger(self)
        except ExpressionError as problem:
            self._failed(name, f"{self.here}: {problem}")
            return
        if not moved:
            self._failed(name, f"{place}: no way out of this step fits")

    def fails(self, problem: ExpressionError) -> None:
        """An expression failed before the machine was asked: the step that waits is to mind."""
        if self.waits is None:
            raise problem
        self._failed("", f"{self.here}: {problem}")

    def _failed(self, name: str, incident: str) -> None:
        self.note(incident)
        self.cut()
        self.error = {"kind": "expression", "status": None}
        if name == "failed" and not self.entered:
            tickets.rest(self)
        else:
            self.next = "failed"

    def note(self, incident: str) -> None:
        """Something that staff must hear about."""
        self.incident = f"{self.incident}; {incident}" if self.incident else incident

    def call_fails(self, error: Json) -> None:
        """The call at which the run stands has failed: its step's `on_error` comes next."""
        self.error = {"kind": "invalid", "status": None, **error}
        self.mark_here()
        self.next = "failed"

    def mark_here(self) -> None:
        """From here on a failing expression takes everything back."""
        self.mark = self._marked()

    def _marked(self) -> tuple[Any, ...]:
        journal = self.run.get("questions", ())
        last = journal[-1] if journal else None
        return (len(self.out), len(self.calls), dict(self.slots), dict(self.changes),
                len(journal), None if last is None else (dict(last[2]), len(last)))

    def cut(self) -> None:
        """Take back what the step at hand has begun."""
        out, calls, slots, changes, questions, last = self.mark
        del self.out[out:]
        del self.calls[calls:]
        self.changes = changes
        self.slots.clear()
        self.slots.update(slots)
        journal = self.run.get("questions", [])
        del journal[questions:]
        if last is not None and len(journal) == questions:
            journal[-1][2] = last[0]
            del journal[-1][last[1]:]
        self.refused = None
        self.editing = False
        self._scope = None

    def put(self, slot: str, value: Any) -> None:
        """Set a slot (None empties it); the question at hand remembers what was there."""
        slots = self.slots
        before = slots.get(slot)
        journal = self.run["questions"]
        if journal:
            journal[-1][2].setdefault(slot, before)
        if value is None:
            slots.pop(slot, None)
        else:
            slots[slot] = value

    def assign(self, sets: Mapping[str, Any]) -> None:
        """The word `set`: slots and fields of the contact."""
        for name, source in sets.items():
            value = self.value(source)
            if name.startswith("contact."):
                self.set_contact(name[8:], value)
            else:
                self.put(name, value)

    def set_contact(self, field: str, value: Any) -> None:
        """Keep a field of the contact; the language is what they chose."""
        if field == "language" and isinstance(value, str):
            self.set_language(value, "chosen")
            return
        self.changes["fields"] = {**self.changes.get("fields", {}), field: value}
        self._scope = None

    def set_language(self, language: str, how: str) -> None:
        """From here on in this language; `how` it is known: chosen, trigger or script."""
        self.changes["language"] = self.language = language
        self.changes["language_from"] = how
        self._scope = None

    def tag(self, tags: tuple[str, ...]) -> None:
        """Put tags on the contact; one written `-tag` is taken off."""
        kept = list(self.changes.get("tags", self.snapshot.contact.tags))
        for tag in tags:
            if tag.startswith("-"):
                kept = [one for one in kept if one != tag[1:]]
            elif tag not in kept:
                kept.append(tag)
        self.changes["tags"] = kept
        self._scope = None

    def scope(self, extra: Mapping[str, Any] = _NOTHING) -> Scope:
        """What an expression may read now."""
        if not extra and self._scope is not None:
            return self._scope
        options = self.flows.options
        scope = Scope(
            Names(self, extra), self.language, self.zone, options.currency,
            options.default_language, self.now, self.flows.zone(self.contact_timezone),
            options.country, self.blanks, options.own)
        if not extra:
            self._scope = scope
        return scope

    @property
    def zone(self) -> Any:
        """The time zone of this conversation: the flow's, else that of config."""
        zone = self.version.timezone if self.runs else None
        if zone == "contact":
            zone = self.contact_timezone
        return self.flows.zone(zone) or self.flows.options.timezone

    @property
    def contact_timezone(self) -> str | None:
        """The name of the contact's zone: one that a flow has set goes before the one known."""
        fields = {**self.snapshot.contact.fields, **self.changes.get("fields", {})}
        return fields.get("timezone") or self.snapshot.contact.timezone

    def pick(self, texts: Texts) -> str:
        return text_for(texts, self.language, self.flows.options.default_language)

    def text(self, texts: Texts, extra: Mapping[str, Any] = _NOTHING) -> str:
        """A text in the contact's language, filled in for people."""
        source = self.pick(texts)
        return render.text(source, self.scope(extra)) if "{" in source else source

    @contextmanager
    def in_language_of_staff(self) -> Iterator[None]:
        """Texts made within are for staff, whatever language the contact speaks."""
        language, blanks = self.language, self.blanks
        self.language, self.blanks, self._scope = self.flows.options.default_language, [], None
        try:
            yield
        finally:
            self.language, self.blanks, self._scope = language, blanks, None

    def system(self, name: str, **extra: Any) -> str:
        """What the system itself says, without what is filled in where that fails."""
        texts = self.flows.texts[name]
        try:
            return self.text(texts, extra)
        except ExpressionError as problem:  # the apology for a failure must not fail as well
            self.note(f"the text {name}: {problem}")
            return _FILLED_IN.sub("", self.pick(texts)).strip() or name

    def value(self, source: Any) -> Any:
        """A value of `with` or `set`: data, in which every text is filled in."""
        if isinstance(source, str):
            return render.value(source, self.scope()) if "{" in source else source
        if isinstance(source, Mapping):
            return {key: self.value(item) for key, item in source.items()}
        if isinstance(source, list | tuple):
            return [self.value(item) for item in source]
        return source

    def truth(self, expression: str) -> bool:
        """Whether an expression holds now."""
        return render.truth(expression, self.scope())

    def say(self, say: Say, outside: TemplateUse | None = None) -> None:
        """Say a text, or several as separate messages; what is filled in to nothing is not said.
        `outside` leaves in place of the first where the window is closed.
        """
        joins = len(say) == 1
        template = registered.content(self, outside) if outside is not None else None
        for texts in say:
            text = self.text(texts)
            if text.strip():
                self.out.append(Text(text, joins, template))
                template = None

    def tell(self, name: str, **extra: Any) -> None:
        """Say one of the system's own texts."""
        self.out.append(Text(self.system(name, **extra)))

    def repeat(self) -> None:
        """The open question again, if there is one."""
        if self.waits is not None:
            self.next = "repeated"

    def reply(self, text: str, origin: str) -> None:
        """What a person of the business writes."""
        self.replies += [Reply({"type": "text", "text": part}, origin)
                         for part in split(text, PLAIN)]

    def options(self, rows: list[tuple[str, str, str]], button: str, *, as_list: bool) -> None:
        """Buttons or a list under what was said last: (reply id, title, description)."""
        self.out.append(Options(rows, button, as_list))

    @property
    def waits(self) -> Node | None:
        """The step that waits for the contact's answer now, if one does."""
        node = self.node
        if node is not None and node.waits and "rests" not in self.run and self.owner == BOT:
            return node
        return None

    @property
    def calling(self) -> bool:
        """A call of this conversation runs."""
        node = self.node
        return node is not None and node.kind == "call" and "rests" not in self.run
