"""Whether a store is as the guarantee says (docs/guarantee.md): what `bot doctor --verify` asks.

It only reads, a page at a time, beside whoever works on the store. Each question sees one moment;
what is under way then is right as it stands, because everything is committed whole. What waits may
wait, for as long as `patience` says. `bot.witness` adds what was seen from outside.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bot.clock import DAY, HOUR, MINUTE
from bot.ids import stamp
from bot.store.base import Row, Tx
from bot.store.reading import Read

#: Rows of a page.
PAGE = 2_000
#: Violations that are told one by one; the others are counted.
MOST = 1_000
#: An event's turn is tried so often.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the guarantee rules out."""

    guarantee: str  #: G1 … G10
    conversation: str | None
    about: str  #: id of the message, event, ticket, call, … or of the conversation itself
    what: str  #: one line


@dataclass(slots=True)
class Report:
    """What was examined, and what was wrong in it."""

    examined: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    more: int = 0  #: violations that are not told one by one

    def add(self, guarantee: str, conversation: str | None, about: str, what: str) -> None:
        if len(self.violations) < MOST:
            self.violations.append(Violation(guarantee, conversation or None, about, what))
        else:
            self.more += 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged."""

    now: int  #: business time
    real: int  #: real time
    patience: int = MINUTE  #: so long something may wait that is due, ms
    lease: int = 30_000  #: so long a message may be on the wire, ms
    settled: bool = False  #: nothing may wait at all
    #: What seems to wait too long is looked at again after so many seconds: it may just be going.
    pause: float = 1.5
    # Business time from when on the store still has these; what is older may have been let go of.
    seen: int = 0
    messages: int = 0
    journal: int = 0
    receipts: int = 0

    def value(self, name: str) -> Any:
        """A parameter of a question, by its name."""
        return {
            "seen": max(self.seen, self.now - 30 * DAY + HOUR), "messages": self.messages,
            "journal": self.journal, "receipts": self.receipts,
            "first_id": stamp(max(0, self.messages)) if self.messages else "",
            "due": self.real - self.patience, "due_now": self.now - self.patience,
            "made": stamp(self.real - self.patience), "slack": self.lease + MINUTE,
            "attempts": ATTEMPTS,
        }[name]


@dataclass(frozen=True, slots=True)
class Check:
    """A named statement of verify.sql; each of its rows is a violation."""

    name: str
    guarantee: str
    what: str  #: takes the figures of the row, those behind the conversation and the id
    asks: tuple[str, ...] = ()


#: By what they are paged; "" for what is asked at once.
CHECKS: dict[str, tuple[Check, ...]] = {
    "conversation": (
        Check("waiting_counted", "G4", "{} events are said to wait, {} do"),
        Check("timers_counted", "G4", "{} timers are said to be armed, {} are"),
        Check("last_message_written", "G4", "its last message {} was never written: a turn is "
                                            "there without its replies", ("first_id",)),
        Check("ticket_with_owner", "G4", "the conversation is with {}, its ticket is {}"),
        Check("nobody_looks", "G10", "an event could be handled and nothing will look at it"),
        Check("busy_with_nothing", "G10", "messages wait for the result of a call that is not "
                                          "there"),
    ),
    "message": (
        Check("heard_twice", "G2", "{} was taken in before, as {}"),
        Check("heard_and_forgotten", "G1", "{} was kept, but was neither handled nor put aside",
              ("journal",)),
        Check("heard_and_not_seen", "G2", "{} is not noted as seen: delivered again it would count "
                                          "again", ("seen",)),
        Check("never_leaves", "G5", "it is {} and not in the outbox: it would never leave",
              ("messages",)),
        Check("no_such_status", "G5", "“{}” is no state of a message"),
        Check("sent_by_nobody", "G5", "it is said to be {}, and no provider has an id for it"),
        Check("taken_and_failed", "G5", "it is shown as failed, and the provider took it as {}",
              ("receipts",)),
    ),
    "receipt": (
        Check("reported_outside_window", "G7", "the provider says it was sent at {}, outside the "
                                               "window", ("slack",)),
        Check("reported_after_take", "G9", "a message of the bot was sent at {}, after an agent "
                                           "had taken over at {}", ("slack",)),
    ),
    "seen": (
        Check("seen_and_lost", "G1", "taken in on channel {}, and the message is not there",
              ("messages",)),
    ),
    "": (
        Check("turns_counted", "G4", "it was changed {} times, the journal has {} turns",
              ("journal",)),
        Check("events_counted", "G3", "{} events came in; {} were handled, {} wait or are put "
                                      "aside, {} were closed", ("journal",)),
        Check("turns_joined", "G3", "its turns do not join: step “{}” was reached {:+} times more "
                                    "often than left, and it stands at “{}”", ("journal",)),
        Check("handled_and_waits", "G2", "it was handled, and is still there as {}"),
        Check("beyond_the_last", "G3", "its place is {}, the last one that was given is {}"),
        Check("tried_too_often", "G10", "it was tried {} times", ("attempts",)),
        Check("put_aside_silently", "G10", "it was put aside without a reason"),
        Check("fired_twice", "G8", "the same timer fired before, as {}"),
        Check("shown_otherwise", "G5", "it is shown as {}, and the outbox has it as {}"),
        Check("nothing_to_send", "G5", "the outbox has it as {}, and the message is not there"),
        Check("not_suppressed", "G9", "the bot's message waits to leave though an agent has taken "
                                      "over"),
    ),
}
#: What waits longer than it may, asked twice. `anything_waits` stands for all when nothing may.
WAITS: dict[str, tuple[Check, ...]] = {
    "conversation": (
        Check("conversation_waits", "G1", "an event has been due for too long", ("due",)),
        Check("reminder_waits", "G8", "a reminder has been due for too long", ("due_now",)),
    ),
    "": (
        Check("timer_waits", "G8", "a timer has been due for too long", ("due_now",)),
        Check("send_waits", "G5", "it is {} and has been due for too long", ("due", "made")),
        Check("call_waits", "G5", "a call is {} and has been due for too long", ("due",)),
    ),
}
SETTLED = Check("anything_waits", "G5", "it still waits in {}")


async def verify(read: Read, asked: Asked) -> Report:
    """Ask everything of the store itself."""
    report = Report()
    for kind, checks in CHECKS.items():
        await _paged(read, report, kind, checks, asked)
    for name in ("turn", "inbox", "outbox"):
        report.examined[f"rows of {name}"] = (await rows_of(read, f"size_of_{name}"))[0][0]
    for kind, checks in WAITS.items():
        first, second = Report(), Report()
        await _paged(read, first, kind, checks, asked)
        if first.violations:
            await asyncio.sleep(asked.pause)
            await _paged(read, second, kind, checks, asked)
        for violation in first.violations:
            if violation in second.violations:
                report.add(violation.guarantee, violation.conversation, violation.about,
                           violation.what)
    if asked.settled:
        await _paged(read, report, "", (SETTLED,), asked)
    return report


async def _paged(read: Read, report: Report, kind: str, checks: tuple[Check, ...],
                 asked: Asked) -> None:
    """Ask these of every row of a kind, a page in a transaction; `kind` "": of all at once."""
    if not kind:
        for check in checks:
            await _ask(read, report, (check,), asked, ())
        return
    after: tuple[str, ...] = ("", "") if kind == "seen" else ("",)
    count = 0
    while rows := await rows_of(read, f"{kind}_page", *after, PAGE):
        count += len(rows)
        upto = tuple(rows[-1])
        await _ask(read, report, checks, asked, (*after, *upto))
        after = upto
    report.examined[f"{kind}s" if kind != "seen" else "ids seen"] = count


async def _ask(read: Read, report: Report, checks: tuple[Check, ...], asked: Asked,
               page: tuple[str, ...]) -> None:
    async def unit(tx: Tx) -> list[tuple[Check, list[Row]]]:
        return [(check, await tx.all(check.name, *page, *map(asked.value, check.asks)))
                for check in checks]

    for check, rows in await read(unit):
        for conversation, about, *figures in rows:
            report.add(check.guarantee, conversation, about, check.what.format(*figures))


async def rows_of(read: Read, name: str, *args: Any) -> list[Row]:
    async def unit(tx: Tx) -> list[Row]:
        return await tx.all(name, *args)

    return await read(unit)
