"""What a person and the front desk owe each other, said again in a few lines: the reference that
the whole of `bot` is compared with. It knows the flow of `tally`, and no store, no commit, no
process.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MINUTE, HOUR = 60_000, 3_600_000
LABELS = ("Alpha", "Beta", "Gamma", "Delta")
HM = "Sorry, I did not understand that. Could you put it in other words?"
OLD = "That button belongs to an earlier question."
OVER = "This was already finished. Tap below to start anew."
REMIND = ("Are you still there? I can write to you for one more hour only. "
          "Any word from you keeps our chat open.")
QUEUED = ("A colleague has not got to you yet, sorry. Please send any word, so that we can still "
          "answer you here.")
RANK = {"sent": 1, "delivered": 2, "read": 3}


@dataclass
class Message:
    """A reply, from its writing to its end."""

    text: str
    origin: str
    epoch: int
    status: str = "queued"
    resting: bool = False  #: it waits for the time of its retry, or for a receipt
    button: tuple[int, int] | None = None  #: the run and the question that its buttons answer
    doubts: int = 0
    tag: str = ""


@dataclass
class Event:
    kind: str
    at: int
    payload: tuple[object, ...] = ()


@dataclass
class Person:
    """One conversation."""

    owner: str = "bot"
    epoch: int = 0
    ticket: str = ""  #: waiting | taken
    run: int = 0  #: 0: in no flow
    runs: int = 0
    question: int = 0
    n: int = 0
    at: str = ""  #: ask | call | person
    call: str = ""  #: list | buy
    calls: int = 0
    since: int = 0
    wrote: int = 0
    rang: tuple[int, int] = (0, 0)
    reminders: int = 0
    owes: bool = False
    tap: tuple[object, int] | None = None
    heard: int = 0
    until: int = 0
    closing: bool = False
    remind: int | None = None
    timer: tuple[int, tuple[int, int]] | None = None
    waiting: list[Event] = field(default_factory=list)
    out: list[Message] = field(default_factory=list)
    came: int = 0

    # What happens

    def message(self, now: int, sent_at: int, payload: tuple[object, ...], fast: bool) -> None:
        self.came += 1
        if (at := min(sent_at, now)) > self.heard:
            self.heard, self.until, self.closing = at, at + 24 * HOUR, False
        self.remind = None
        self.happen(Event("message", now, payload), now, fast)

    def happen(self, event: Event, now: int, fast: bool) -> None:
        first = next(iter(self.ready()), None)
        if fast and first is None and not (self.at == "call" and event.kind == "message"):
            self.turn(event, now)
        else:
            self.waiting.append(event)

    def ready(self) -> list[Event]:
        return [e for e in self.waiting if self.at != "call" or e.kind != "message"]

    def work(self, now: int) -> None:
        while self.ready():
            event = self.ready()[0]
            self.waiting.remove(event)
            self.turn(event, now)

    def due(self, now: int) -> None:
        if self.timer is not None and self.timer[0] <= now:
            self.waiting.append(Event("timer", now, (self.timer[1],)))
            self.timer = None
        if self.remind is not None and self.remind <= now:
            self.remind, self.closing = None, True
            self.waiting.append(Event("reminder", now))

    # A turn

    def turn(self, event: Event, now: int) -> None:
        before, said = self.owner, []
        if event.kind == "message":
            said = self.hear(*event.payload, event.at)  # type: ignore[arg-type]
        elif event.kind == "timer" and self.token() == event.payload[0] != self.rang:
            self.rang = self.token()
            late = event.at >= self.until or (
                (due := self.remind_at(event.at)) is not None and due <= event.at)
            said = [] if late else [("Still there?", None)]
        elif event.kind == "reminder" and (due := self.remind_at(event.at)) is not None \
                and due <= event.at:
            said = {"bot": [(REMIND, None)], "queue": [(QUEUED, None)]}.get(self.owner, [])
            self.reminders += 1
        elif event.kind == "result" and self.at == "call" and event.payload[0] == self.calls:
            said = self.ask("" if event.payload[1] else "Failed.\n\n", event.at)
        elif event.kind == "agent":
            self.act(*event.payload, event.at, said)  # type: ignore[arg-type]
        if self.owner != before:
            self.epoch += 1
            if self.owner.startswith("agent:"):
                for m in self.out:
                    if m.origin == "bot" and m.status in ("queued", "parked"):
                        m.status = "suppressed"
        if event.kind == "message" and now < self.until - 10_000:
            for m in self.out:
                if m.status == "parked":
                    m.status, m.resting = "queued", False
        for text, button, *origin in said:
            self.out.append(Message(text, *(origin or ["bot"]), self.epoch,  # type: ignore[misc]
                                    button=button))
        self.timer = None
        if self.at == "ask" and self.owner == "bot" and self.rang != self.token():
            self.timer = (self.token()[1] + 2 * HOUR, self.token())
        self.remind = self.remind_at(event.at)
        self.pump(now)

    def hear(self, kind: str, what: object, at: int) -> list:
        if kind == "reaction":
            return []
        tapped, self.tap = self.tap, (what, at) if kind == "tap" else None
        self.wrote, self.reminders, self.rang = at, 0, (0, 0)
        if self.owner != "bot":
            self.owes = True
            return []
        if kind == "tap":
            (run, question), label = what  # type: ignore[misc]
            alive = run == self.run
            if tapped is not None and tapped[0] == what \
                    and at - tapped[1] <= (MINUTE if alive else 10_000):
                return []
            if (run, question) == (self.run, self.question):
                return self.choose(label, at)
            if alive:
                return self.repeat(OLD + "\n\n")
            return [(OVER, None), *(self.repeat("") if self.run else [])]
        if what in LABELS:
            return self.choose(str(what), at) if self.run else [(HM, None)]
        if self.run:
            return self.repeat("")
        self.runs += 1
        self.run, self.n = self.runs, 0
        return self.ask("", at)

    def choose(self, label: str, at: int) -> list:
        if label == "Alpha":
            self.n += 1
            return [("pin", None), *self.ask("", at)]
        if label == "Delta":
            self.at, self.owner, self.ticket = "person", "queue", "waiting"
            return [("Somebody comes.", None)]
        self.at, self.call = "call", {"Beta": "list", "Gamma": "buy"}[label]
        self.calls += 1
        return []

    def ask(self, before: str, at: int) -> list:
        self.at, self.since = "ask", at
        self.question += 1
        return self.repeat(before)

    def repeat(self, before: str) -> list:
        return [(f"{before}At {self.n}.", (self.run, self.question))]

    def refusal(self, who: str) -> str:
        if self.owner == "bot":
            return "The bot has this conversation: there is no open ticket."
        if self.owner not in ("queue", f"agent:{who}"):
            return f"{self.owner[-1].upper()} has this conversation."
        return ""

    def act(self, who: str, action: str, text: str, at: int, said: list) -> None:
        if self.refusal(who):
            return
        if action in ("take", "reply"):
            if self.owner == "queue":
                self.owner, self.ticket, self.owes = f"agent:{who}", "taken", True
            if action == "reply":
                said.append((text, None, f"agent:{who}"))
                self.owes = False
            return
        self.owner, self.ticket, self.owes = "bot", "", False
        if action == "return":
            said += self.ask("", at)
        else:
            self.run, self.at = 0, ""

    def token(self) -> tuple[int, int]:
        return (self.question, max(self.since, self.wrote)) if self.at == "ask" else (-1, -1)

    def remind_at(self, now: int) -> int | None:
        owed = self.owner == "queue" or (self.owner != "bot" and self.owes)
        if not self.heard or self.reminders or not (owed or self.at == "ask"):
            return None
        at = self.heard + 23 * HOUR
        return at if max(at, now) < self.until else None

    # Sending

    def pump(self, now: int) -> None:
        """The next message leaves, if one may."""
        while True:
            busy = [m for m in self.out if m.status in ("sending", "unknown")]
            head = next(iter(busy or [m for m in self.out if m.status == "queued"]), None)
            if head is None or head.status == "sending" or head.resting:
                return
            if head.origin == "bot" and head.epoch < self.epoch and self.owner.startswith("agent:"):
                head.status = "suppressed"
            elif now >= self.until - 10_000:
                head.status = "parked"
            else:
                head.status = "sending"

    def answered(self, m: Message, outcome: str, now: int) -> None:
        if m.status == "sending":
            m.status, m.resting = {
                "taken": ("sent", False), "refused": ("failed", False), "slower": ("queued", True),
                "lost": ("unknown", True), "silent": ("unknown", True)}[outcome]
            m.doubts += outcome in ("lost", "silent")
        elif outcome == "taken" and m.status == "queued":
            m.status = "sent"
        self.pump(now)  # what was unparked meanwhile stands before what waits for its next try

    def reported(self, m: Message, status: str, now: int) -> None:
        if m.status in ("sending", "unknown") or (m.status in ("queued", "parked")
                                                  and status != "failed"):
            m.status = "sent"
        if status == "failed":
            if m.status == "sent":
                m.status = "failed"
        elif RANK.get(m.status, 9) < RANK[status]:
            m.status = status
        self.pump(now)
