"""A customer, an agent and the clock around `router.decide`, for flows written in tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot import router
from bot.clock import DAY, HOUR
from bot.flow.flows import FlowOptions, Flows, Queue
from bot.flow.lint import CheckOptions
from bot.flow.load import load
from bot.hours import Hours
from bot.model import BOT, CallRequest, Contact, Decision, Event, Json, Snapshot

SHIPPED = Path(__file__).resolve().parent.parent / "flows"
#: Tuesday 2026-03-10 10:00 in Berlin.
TUESDAY = 1_773_133_200_000
OPERATIONS = frozenset({"orders.find", "orders.create_return", "orders.of_customer",
                        "shop.list", "shop.buy"})
BERLIN = ZoneInfo("Europe/Berlin")
SUPPORT = Queue(Hours.parse("Mon-Fri 09:00-18:00"))


_KNOWN: dict[str, Flows] = {}


def flows(folder: Path, *texts: str, **options: Any) -> Flows:
    """The flows of these YAML texts, with the shipped commands and texts; read once a process."""
    key = repr((texts, sorted(options.items())))
    if key not in _KNOWN:
        _KNOWN[key] = read(folder, *texts, **options)
    return _KNOWN[key]


def read(folder: Path, *texts: str, **options: Any) -> Flows:
    """The same, read anew."""
    folder.mkdir(exist_ok=True)
    for text in texts:
        kind, _, name = text.strip().splitlines()[0].partition(": ")
        (folder / f"{name.split('#')[0].strip() if kind != 'texts' else 'texts'}.yaml").write_text(
            text, encoding="utf-8")
    queues = options.pop("queues", {"support": SUPPORT})
    loaded = load(folder, folder / "templates",
                  CheckOptions("en", OPERATIONS, frozenset(queues), {"shop_name": "Trail & Co"}),
                  standard=SHIPPED)
    errors = [str(finding) for finding in loaded.errors
              if "commands.yaml" not in finding.file]
    assert not errors, "\n".join(errors)
    return Flows(loaded, FlowOptions(**{
        "key": b"k" * 32, "timezone": BERLIN, "queues": queues, "default_queue": "support",
        "public": {"shop_name": "Trail & Co"},
        "reads": frozenset({"orders.find", "orders.of_customer", "shop.list"}), **options}))


@dataclass
class Talk:
    """One conversation. What the bot said last stands in `said`."""

    flows: Flows
    now: int = TUESDAY
    id: str = "c1"
    contact: Contact = field(default_factory=lambda: Contact("p1", "Kim", phone="447700900900"))
    state: Json = field(default_factory=dict)
    owner: str = BOT
    ticket: Json | None = None
    window_until: int = 0
    heard_at: int = 0
    decision: Decision | None = None
    call: CallRequest | None = None
    count: int = 0

    def happens(self, kind: str, payload: Json) -> Talk:
        """Let an event happen and apply what it causes."""
        self.count += 1
        before = repr(self.state)
        snapshot = Snapshot(self.id, "main", self.contact, self.owner, self.state,
                            self.window_until, self.heard_at, self.ticket)
        decision = self.decision = router.decide(
            self.flows, snapshot, Event(f"e{self.count}", kind, self.now, payload))
        assert repr(self.state) == before, "a snapshot was changed"
        if decision.refused:
            return self
        self.state, self.owner = decision.state, decision.owner
        self.call = decision.calls[-1] if decision.calls else self.call
        changes = dict(decision.contact)
        if "fields" in changes:
            changes["fields"] = {**self.contact.fields, **changes["fields"]}
        if "tags" in changes:
            changes["tags"] = tuple(changes["tags"])
        self.contact = replace(self.contact, **changes)
        if (change := decision.ticket) is not None:
            if change.action == "open":
                self.ticket = {"id": "t1", "queue": change.queue, "state": "waiting",
                               "agent": None, "agent_name": None, "return_to": change.return_to,
                               "created_at": self.now}
            elif change.action == "take":
                assert self.ticket is not None
                self.ticket = {**self.ticket, "state": "taken", "agent": change.agent,
                               "agent_name": "Ann"}
            else:
                self.ticket = None
        return self

    def gets(self, content: Json, after: int = 1_000) -> Talk:
        """The customer sends this."""
        self.now += after
        self.heard_at, self.window_until = self.now, self.now + DAY
        return self.happens("message", content)

    def says(self, text: str) -> Talk:
        return self.gets({"type": "text", "text": text})

    def taps(self, title: str) -> Talk:
        """Tap the button or row of this title in the last messages that have one."""
        return self.tap(self.button(title))

    def tap(self, button: Json) -> Talk:
        return self.gets({"type": "tap", "id": button["id"], "title": button["title"]})

    def button(self, title: str) -> Json:
        for content in reversed(self.contents):
            for row in (*content.get("buttons", ()), *content.get("rows", ())):
                if row["title"] == title:
                    return row
        raise AssertionError(f"no button {title!r} in {self.titles}")

    def sends(self, kind: str, **more: Any) -> Talk:
        """The customer sends media."""
        return self.gets({"type": kind, "media": {"id": "m1", "mime_type": f"{kind}/x"}, **more})

    def returns(self, value: Any = None, *, error: Json | None = None) -> Talk:
        """The call that is under way comes back."""
        assert self.call is not None, "no call was asked for"
        call = self.call
        payload: Json = {"call": call.operation, "key": call.key, "ok": error is None}
        payload["value" if error is None else "error"] = value if error is None else error
        return self.happens("result", payload)

    def waits(self, ms: int) -> Talk:
        """Time passes: due timers and reminders fire in their order."""
        until = self.now + ms
        while self.decision is not None:
            due = [(at, name, token) for name, (at, token) in self.decision.timers.items()]
            if self.decision.remind_at is not None:
                due.append((max(self.decision.remind_at, self.now), "", ""))
            due = [one for one in due if one[0] <= until]
            if not due:
                break
            at, name, token = min(due)
            self.now = max(self.now, at)
            if name:
                self.happens("timer", {"name": name, "token": token})
            else:
                self.happens("reminder", {})
        self.now = until
        return self

    def agent(self, action: str, text: str = "", *, who: str = "a1", **more: Any) -> Talk:
        return self.happens("agent", {"action": action, "agent": who, "name": "Ann", "text": text,
                                      **more})

    @property
    def contents(self) -> list[Json]:
        assert self.decision is not None
        return [reply.content for reply in self.decision.replies]

    @property
    def said(self) -> str:
        """The texts of the last turn."""
        return "\n---\n".join(str(content.get("text", content)) for content in self.contents)

    @property
    def titles(self) -> list[str]:
        """What could be tapped in the last turn."""
        return [row["title"] for content in self.contents
                for row in (*content.get("buttons", ()), *content.get("rows", ()))]

    @property
    def step(self) -> str:
        """flow/step, or "" in no flow."""
        assert self.decision is not None
        place = self.decision.place
        return f"{place.flow}/{place.step}" if place else ""

    @property
    def rule(self) -> str:
        assert self.decision is not None
        return self.decision.journal.rule

    @property
    def outcome(self) -> str:
        assert self.decision is not None
        return self.decision.journal.outcome

    @property
    def slots(self) -> Json:
        return self.state["runs"][-1]["slots"] if self.state.get("runs") else {}


__all__ = ["BERLIN", "DAY", "HOUR", "SHIPPED", "TUESDAY", "Talk", "flows", "read"]
