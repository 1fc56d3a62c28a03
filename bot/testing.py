"""Script a conversation against any flow, in one process and without waiting.

A `Chat` is one customer who writes to the bot. It takes its turns on the same engine as
production (`router.decide`), with a clock that the script moves and operations that answer what
the script says. What was said stands in `chat.messages`, in order.

    chat = Chat(flows, {"orders.find": {"item": "Trail shoes", "returnable": True}})
    chat.writes("I want to return my shoes")
    assert "Which order" in chat.messages[-1].text
    chat.taps("damaged")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bot import check, config, options, router
from bot.clock import DAY, MARGIN
from bot.errors import FlowError
from bot.flow import refs
from bot.flow.expressions.values import is_media
from bot.flow.flows import Flows
from bot.flow.load import Loaded
from bot.flow.machine import Version
from bot.model import (
    BOT,
    CallRequest,
    Contact,
    Decision,
    Event,
    Journal,
    Json,
    Snapshot,
    TicketChange,
)
from bot.scripts.operations import Operations, ScriptError, failure
from bot.settings import Settings

CUSTOMER: Final = "customer"
#: A Monday morning in Berlin: 2026-03-02 10:00.
MONDAY: Final = 1_772_442_000_000
#: Who writes, unless a script says who.
KIM: Final = Contact("c1", "Kim", phone="447700900900")
_KEY: Final = b"the key of scripted conversations"
_CONVERSATION, _CHANNEL, _AGENT = "scripted", "main", "agent-1"
#: A script whose flows call without end is stopped here.
_MOST_CALLS: Final = 200


@dataclass(frozen=True, slots=True)
class Message:
    """One message, of the customer, the bot or an agent."""

    at: int
    by: str  #: customer | bot | agent:<id>
    content: Json
    language: str = ""  #: of what the bot said
    choices: tuple[tuple[str, str, str], ...] = ()
    """What can be tapped: (reply id, the choice's id, its title)."""
    visit: str = ""  #: of the step that wants to know when it can't be delivered
    about: str = ""  #: what the event is about that its flow was started by

    @property
    def text(self) -> str:
        """All that can be read in it."""
        content = self.content
        parts = [content.get("text"), content.get("caption"), content.get("label"),
                 *(title for _, _, title in self.choices),
                 *(row.get("description") for row in content.get("rows", ()))]
        return "\n".join(part for part in parts if part)

    def __str__(self) -> str:
        content = self.content
        shown = content.get("text") or content.get("caption") or content.get("title") or ""
        if content["type"] not in ("text", "buttons", "list", "tap"):
            name = content.get("name") or content.get("url") or content.get("label") or ""
            shown = f"({content['type']}{': ' if name else ''}{name}) {shown}".rstrip()
        buttons = " ".join(f"[{choice}: {title}]" for _, choice, title in self.choices)
        return f"{shown}\n{buttons}" if buttons else str(shown)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a flow made, and what it was answered."""

    operation: str
    arguments: Json
    answer: Any


@dataclass(frozen=True, slots=True)
class Project:
    """The flows of a configuration, ready to be talked to."""

    folder: Path  #: the flows' own
    flows: Flows
    files: Mapping[str, str] = field(default_factory=dict)  #: flow -> its file
    settings: Settings | None = None  #: None: it was not read from files


def load(path: Path) -> Project:
    """The project of a config.yaml; no secret is needed. Raises `ConfigError`, `FlowError`."""
    settings = config.load(path, {}, secrets=False)
    loaded = check.load_all(settings)
    if loaded.errors:
        raise FlowError("\n".join(str(finding) for finding in loaded.errors))
    return project_of(settings, loaded)


def project_of(settings: Settings, loaded: Loaded) -> Project:
    """The project of what was read, mistakes and all."""
    known = options.flow_options(settings, _KEY)
    return Project(settings.flows, Flows(loaded, known), loaded.files, settings)


@dataclass(slots=True)
class Chat:
    """One customer's conversation with the bot."""

    flows: Flows
    operations: Mapping[str, Any] = field(default_factory=dict)
    contact: Contact = KIM
    now: int = MONDAY
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    outcome: str = ""  #: of the run that ended last
    slots: Json = field(default_factory=dict)  #: of the run on top, the last one if none is left
    step: str = ""  #: where the conversation stands; "" in no flow
    ticket: Json | None = None
    owner: str = BOT
    parked: list[Message] = field(default_factory=list)  #: what the closed window holds back
    journal: Journal | None = None  #: of the last turn: what decided, and how sure
    ask: Callable[[str, Json], Any] | None = None
    """Answers an operation for which nothing is given; without it that is a `ScriptError`."""
    blanks: list[str] = field(default_factory=list)  #: texts that were said with a value missing
    calling: list[CallRequest] = field(default_factory=list)  #: those not answered yet
    holds: bool = False  #: calls wait until `gives` is told what they give
    state: Json = field(default_factory=dict)  #: what the engine remembers
    _window_until: int = 0
    _last_inbound: int = 0
    _timers: dict[str, tuple[int, str]] = field(default_factory=dict)
    _remind_at: int | None = None
    _events: int = 0
    _answers: Operations = field(init=False)

    def __post_init__(self) -> None:
        self._answers = Operations(self.operations)

    def writes(self, text: str) -> None:
        """The customer writes."""
        self.sends({"type": "text", "text": text})

    def sends(self, content: Json) -> None:
        """The customer sends anything: `Incoming.content`."""
        self.messages.append(Message(self.now, CUSTOMER, content))
        self._window_until = self.now + DAY
        self._last_inbound = self.now
        self.messages += [replace(message, at=self.now) for message in self.parked]
        self.parked.clear()
        self._turn("message", content)

    def taps(self, choice: str, about: str = "") -> None:
        """The customer taps a choice, by its id or its title, in the newest message that has it.
        `about`: in the newest one of the flow that an event about this has started.
        """
        for message in reversed(self.messages):
            if about not in ("", message.about):
                continue
            for reply_id, id_, title in message.choices:
                if choice in (id_, title):
                    self.sends({"type": "tap", "id": reply_id, "title": title})
                    return
        raise ScriptError(f"no message{f' about {about}' if about else ''} has a button or row "
                          f"“{choice}”")

    def begins(self, flow: str, slots: Mapping[str, Any] | None = None, step: str = "") -> None:
        """A flow starts, with these slots filled, at this step; nobody has said anything."""
        version = self.flows.current.get(flow)
        if version is None or (step and step not in version.nodes):
            raise ScriptError(f"there is no flow {flow}" if version is None else
                              f"the flow {flow} has no step {step}")
        for name in slots or {}:
            if name not in version.slots:
                raise ScriptError(f"the flow {flow} has no slot {name}")
        self._window_until = self._window_until or self.now + DAY
        self._last_inbound = self._last_inbound or self.now
        kept = {name: kept_as(version, name, value) for name, value in (slots or {}).items()}
        self._take(router.begin(self.flows, self.snapshot, self._event("begin", {}), flow, kept,
                                step))

    def advance(self, ms: int) -> None:
        """Let time pass; time-outs and reminders happen when they are due."""
        until = self.now + ms
        while (due := self._due()) is not None and due[0] <= until:
            at, kind, payload = due
            self.now = max(self.now, at)
            if kind == "timer":
                del self._timers[payload["name"]]
            else:
                self._remind_at = None
            self._turn(kind, payload)
        self.now = until

    def acts(self, action: str, text: str = "") -> None:
        """The agent does something: take, reply, return or close."""
        payload: Json = {"action": action, "agent": _AGENT, "name": "Sam"}
        if action == "reply":
            payload["text"] = text
        self._turn("agent", payload)

    def happens(self, event: Json) -> None:
        """A program of the business tells of an event: {name, id?, about?, …data}."""
        id_ = str(event.get("id", f"event-{self._events}"))
        self._turn("event", {"contact": self.contact.phone, "about": id_, **event, "id": id_})

    def fails(self, code: int) -> None:
        """The provider reports that the bot's newest message can't be delivered."""
        newest = next((one for one in reversed(self.messages) if one.by == BOT), None)
        if newest is None:
            raise ScriptError("the bot has said nothing that could fail")
        if newest.visit:
            self._turn("undelivered", {"message": "m", "visit": newest.visit, "code": code})

    def transcript(self) -> str:
        """The whole conversation, for people."""
        lines: list[str] = []
        for message in self.messages:
            first, *more = str(message).split("\n")
            lines.append(f"{message.by.partition(':')[0]:>9}  {first}")
            lines += [" " * 11 + line for line in more]
        return "\n".join(lines)

    def _due(self) -> tuple[int, str, Json] | None:
        due = [(at, "timer", {"name": name, "token": token})
               for name, (at, token) in self._timers.items()]
        if self._remind_at is not None:
            due.append((self._remind_at, "reminder", {}))
        return min(due, key=lambda each: each[:2], default=None)

    def gives(self, answer: Any) -> None:
        """The oldest call that is not answered yet gives this."""
        call = self.calling.pop(0)
        arguments = {name: _linked(value) for name, value in call.arguments.items()}
        self._answered(call, arguments, answer)

    def fork(self) -> Chat:
        """The same conversation, to be gone on with in another way."""
        twin = copy(self)
        for name in ("messages", "calls", "incidents", "blanks", "calling", "parked"):
            setattr(twin, name, list(getattr(self, name)))
        twin._timers = dict(self._timers)
        return twin

    @property
    def snapshot(self) -> Snapshot:
        """The conversation, as the engine is given it."""
        return Snapshot(_CONVERSATION, _CHANNEL, self.contact, self.owner, self.state,
                        self._window_until, self._last_inbound, self.ticket)

    @property
    def next_at(self) -> int | None:
        """When the next time-out or reminder is due."""
        due = self._due()
        return due[0] if due is not None else None

    def _event(self, kind: str, payload: Json) -> Event:
        self._events += 1
        return Event(f"e{self._events}", kind, self.now, payload)

    def _turn(self, kind: str, payload: Json) -> None:
        self._take(router.decide(self.flows, self.snapshot, self._event(kind, payload)))

    def _take(self, decision: Decision) -> None:
        if decision.refused:
            raise ScriptError(decision.refused)
        self._apply(decision)
        self.calling += decision.calls
        for _ in range(_MOST_CALLS):
            if self.holds or not self.calling:
                return
            self._call(self.calling.pop(0))
        raise ScriptError("the flow calls its operations without end")

    def _apply(self, decision: Decision) -> None:
        self.state = decision.state
        self.journal = decision.journal
        self.owner = decision.owner
        self.step = decision.place.step if decision.place else ""
        self._timers = dict(decision.timers)
        self._remind_at = decision.remind_at
        if decision.remind_at is not None and decision.remind_at < self.now:
            self._remind_at = self.now
        runs = decision.state.get("runs")
        if runs:
            self.slots = runs[-1]["slots"]
        elif decision.left:
            self.slots = decision.left
        self.outcome = decision.journal.outcome or self.outcome
        if decision.incident:
            self.incidents.append(decision.incident)
        self.blanks += decision.blanks
        self._change_contact(decision.contact)
        if decision.ticket is not None:
            self._change_ticket(decision.ticket)
        language = self.contact.language or self.flows.options.default_language
        for reply in decision.replies:
            message = Message(self.now, reply.origin, reply.content, language,
                              self._choices(reply.content), reply.visit)
            if reply.content["type"] == "template" or self.now < self._window_until - MARGIN:
                self.messages.append(message)
                continue
            self.parked.append(message)
            if reply.outside is not None:
                self.messages.append(replace(message, content=reply.outside,
                                             choices=self._choices(reply.outside)))

    def _choices(self, content: Json) -> tuple[tuple[str, str, str], ...]:
        found = []
        for row in (*content.get("buttons", ()), *content.get("rows", ())):
            ref = refs.read(self.flows.options.key, _CONVERSATION, row["id"])
            if isinstance(ref, refs.StepRef):
                found.append((row["id"], ref.choice.removeprefix("@"), row["title"]))
            else:
                action = ref.action if ref is not None else row["id"]
                found.append((row["id"], action.rpartition(":")[2], row["title"]))
        return tuple(found)

    def _change_contact(self, changes: Mapping[str, Any]) -> None:
        known = dict(changes)
        if "fields" in known:
            known["fields"] = {**self.contact.fields, **known["fields"]}
        if "tags" in known:
            known["tags"] = tuple(known["tags"])
        self.contact = replace(self.contact, **known)

    def _change_ticket(self, change: TicketChange) -> None:
        if change.action == "open":
            self.ticket = {"id": "t1", "queue": change.queue, "state": "waiting", "agent": None,
                           "return_to": change.return_to, "created_at": self.now}
        elif change.action == "take" and self.ticket is not None:
            self.ticket = {**self.ticket, "state": "taken", "agent": change.agent}
        elif change.action == "close":
            self.ticket = None

    def _call(self, call: CallRequest) -> None:
        arguments = {name: _linked(value) for name, value in call.arguments.items()}
        if self.ask is not None and call.operation not in self.operations:
            answer = self.ask(call.operation, arguments)
        else:
            answer = self._answers.answer(call.operation, arguments)
        self._answered(call, arguments, answer)

    def _answered(self, call: CallRequest, arguments: Json, answer: Any) -> None:
        self.calls.append(Call(call.operation, arguments, answer))
        result: Json = {"key": call.key, "call": call.operation, "ok": True, "value": answer}
        if isinstance(answer, Mapping) and set(answer) == {"error"}:
            result = {"key": call.key, "call": call.operation, "ok": False,
                      "error": failure(answer["error"])}
        decision = router.decide(self.flows, self.snapshot, self._event("result", result))
        self._apply(decision)
        self.calling += decision.calls


def kept_as(version: Version, slot: str, value: Any) -> Any:
    """A slot's value as the engine keeps it: a choice has its label beside it."""
    if version.kinds[slot] != "choice" or isinstance(value, Mapping):
        return value
    for node in version.nodes.values():
        if node.slot == slot and str(value) in node.by_id:
            return {"id": str(value), "label": node.by_id[str(value)].label}
    return {"id": str(value), "label": str(value)}


def _linked(value: Any) -> Any:
    """What a customer sent leaves as a link, as it does in production."""
    return f"https://files.example/{value['id']}" if is_media(value) else value


__all__: Sequence[str] = ("CUSTOMER", "KIM", "MONDAY", "Call", "Chat", "Message", "Operations",
                          "Project", "ScriptError", "load")
