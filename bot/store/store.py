"""The questions that the work asks its database. Each is one transaction.

A question that moves conversations answers with its `Work`: the messages that it released and
whom to tell. `now` is business time, `real` the wall's; both epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from bot import failpoints
from bot.clock import Clock, real_now
from bot.model import CallRequest, Event, Item, Json
from bot.store import business, clockwork, desk, sends, turns
from bot.store.asking import Desk
from bot.store.base import Database, Tx
from bot.store.caution import Caution
from bot.store.dead import DeadLetters
from bot.store.held import find, met
from bot.store.pruning import Keep, Pruning
from bot.store.rows import Outcome
from bot.store.turns import Step
from bot.store.versions import Versions
from bot.store.work import Flooded, Limits, Pace, Reach, Work, unlimited, unpaced

#: What was released so long ago (ms) and is not under way has been lost sight of.
LOST = 5_000
#: Unless the configuration says otherwise.
KEEP = Keep()


class Store:
    """Everything that is kept."""

    def __init__(self, database: Database, clock: Clock, *, unknown_after: int = 60_000,
                 lease: int = 30_000, pace: Pace = unpaced, reach: Reach = unpaced,
                 flooded: Flooded = unlimited, keep: Keep = KEEP) -> None:
        self._db = database
        self._clock = clock
        self._unknown_after = unknown_after
        self._lease = lease
        self._pace = pace
        self._reach = reach
        self._flooded = flooded
        self.unclean = database.unclean
        #: Other processes work on it too.
        self.shared = database.shared
        #: What others ask: people, and whoever keeps the store small and the processes careful.
        self.desk = Desk(database, clock)
        self.dead = DeadLetters(database, clock)
        self.versions = Versions(database, clock)
        self.pruning = Pruning(database, clock, keep)
        self.caution = Caution(database)
        #: Under this name the process holds what it has claimed.
        self.holder = database.holder

    async def probe(self) -> None:
        """Write a little. Raises `StoreError` where that can't be done."""
        await self._db.write(lambda tx: tx.run("probe", str(real_now())))

    async def close(self) -> None:
        """Let go of the database once what is under way is written."""
        await self._db.close()

    async def _moved(self, move: Callable[[Tx, Work], Awaitable[object]], *,
                     lazy: bool = False) -> Work:
        """Run a unit that may move conversations; its work is made anew each time it is run."""
        limits = self._limits()

        async def unit(tx: Tx) -> Work:
            work = self._work(limits)
            await move(tx, work)
            return work

        return await self._db.write(unit, lazy=lazy)

    def _limits(self) -> Limits:
        return Limits(self._pace, self._reach, self._flooded)

    def _work(self, limits: Limits) -> Work:
        limits.again()
        real = real_now()
        return Work(self._clock.now(), real, limits, self._db.holder, real + self._lease)

    # What happened

    async def accept(self, items: Sequence[Item], step: Step | None) -> Work:
        """Keep everything of a delivery; with `step`, take the turns of those who are free."""
        return await met(lambda alone: self._moved(lambda tx, work: turns.accept(
            tx, items, step, work, alone=alone or not self.shared)))

    async def happen(self, conversation: str, event: Event, step: Step | None, *,
                     key: str | None = None) -> Work | None:
        """Put an event of our own in the inbox. With a key, the same key changes nothing twice,
        and what would have to stand behind others is left out: `Work.behind`.

        None: that key was seen before, or there is no such conversation.
        """
        limits = self._limits()

        async def unit(tx: Tx) -> Work | None:
            work = self._work(limits)
            current = await find(tx, conversation)
            if current is None:
                return None
            if key is not None and not await tx.run("see", "", key, work.now):
                return None
            await turns.happen(tx, current, event, step, work)
            if key is not None and (work.refused or work.behind):
                raise Rollback(work)  # the same wish may be granted later
            return work

        try:
            return await self._db.write(unit)
        except Rollback as refused:
            return refused.work

    async def tell_of(self, told: business.Told, step: Step | None) -> Work:
        """Keep a business event; where it is not kept, `Work.refused` says why."""
        return await self._moved(lambda tx, work: business.keep(tx, told, step, work))

    async def ready(self, limit: int, *, suspects: bool = False) -> list[str]:
        """Conversations with events that wait; `suspects`: those in whose turn a process ended."""
        name = "suspects" if suspects else "ready"
        rows = await self._db.read(lambda tx: tx.all(name, real_now(), limit))
        return [row[0] for row in rows]

    async def begin(self, conversation: str, *, at_once: bool = False) -> tuple[str, int] | None:
        """Count the attempt at the oldest event before it is made: (event, attempts before).

        Not `at_once`: a flood is waited for until it pauses.
        """
        limits = self._limits()
        return await self._db.write(
            lambda tx: turns.begin(tx, conversation, self._work(limits), at_once=at_once))

    async def take_turn(self, conversation: str, event: str, step: Step) -> Work:
        """The turn of the event that `begin` named; nothing when another has taken it."""
        return await self._moved(
            lambda tx, work: turns.take_turn(tx, conversation, event, step, work))

    async def failed(self, conversation: str, event: str, error: str, attempts: int) -> Work:
        """A turn raised: the event is tried again later, or put aside after the last attempt."""
        return await self._moved(
            lambda tx, work: turns.failed(tx, conversation, event, error, attempts, work))

    # Sending

    async def adopt(self) -> int:
        """At start: how many messages of the process before are in doubt now.

        Nobody else has the store open: what is held is held by nobody, and every lease is over.
        """
        return await self._db.write(
            lambda tx: clockwork.adopt(tx, real_now(), self._unknown_after))

    async def recover(self, lost: sends.Lost) -> int:
        """Where others work too: how many messages of silent processes are in doubt now.

        What this process released and lost sight of - the connection broke at the commit - waits
        again; `lost` says so of a claim, and must not let it begin any more.
        """
        async def unit(tx: Tx) -> int:
            real = real_now()
            await self._beat(tx, real)
            age = min(LOST, self._lease // 2)
            await sends.put_back(tx, self._db.holder, lost, real + self._lease - age)
            return await sends.lapse(tx, real, real + self._unknown_after, 100)

        return await self._db.write(unit)

    async def _beat(self, tx: Tx, real: int) -> None:
        await sends.beat(tx, real, real + self._unknown_after, real + self._lease)

    async def put_back(self, lost: sends.Lost) -> None:
        """At the end: what was released and never begun waits again, without a doubt."""
        await self._db.write(lambda tx: sends.put_back(tx, self._db.holder, lost, sends.EVER))

    async def claim_sends(self, limit: int = 100) -> Work:
        """Release what waited for its time: retries, doubts that nobody resolved, new room."""
        async def claim(tx: Tx, work: Work) -> None:
            await sends.claim_due(tx, work, limit)
            if not self.shared:
                await sends.beat_in_doubt(tx, work.real)

        return await self._moved(claim)

    async def settle(self, outcomes: Sequence[Outcome]) -> Work:
        """What became of attempts. Where nothing stands behind them it may wait a moment for a
        commit to ride with.
        """
        failpoints.hit("outbox.answered")
        lazy = not any(outcome.send.followed for outcome in outcomes)
        work = await self._moved(
            lambda tx, work: sends.settle(tx, outcomes, self._unknown_after, work), lazy=lazy)
        failpoints.hit("outbox.settled")
        return work

    # Clocks and calls

    async def fire(self, limit: int = 100) -> Work:
        """Timers and reminders that are due become events."""
        return await self._moved(lambda tx, work: clockwork.fire(tx, work, limit))

    async def next_due(self) -> int | None:
        """When the next timer or reminder is due, business time."""
        return await self._db.read(clockwork.next_due)

    async def claim_calls(self, limit: int = 50, but: Iterable[str] = ()
                          ) -> list[tuple[str, str, CallRequest]]:
        """(conversation, channel, call) of calls to be made, of other operations than these."""
        return await self._db.write(
            lambda tx: clockwork.claim_calls(tx, limit, "queued", self._work(self._limits()), but))

    async def adopt_calls(self, limit: int = 50) -> list[tuple[str, str, CallRequest]]:
        """Calls that another process began and did not finish before its lease ended."""

        async def unit(tx: Tx) -> list[tuple[str, str, CallRequest]]:
            if self.shared:
                await self._beat(tx, real_now())
            return await clockwork.claim_calls(tx, limit, "running", self._work(self._limits()))

        return await self._db.write(unit)

    async def keep_calls(self, keys: Collection[str]) -> None:
        """The calls that this process makes stay its own; not one that it lost sight of."""
        until = real_now() + self._lease
        rows = [(key, self.holder, until) for key in sorted(keys)]
        await self._db.write(lambda tx: tx.many("keep_calls", rows))

    async def end_call(self, conversation: str, result: Json, step: Step | None) -> Work | None:
        """Keep a call's result and make it an event; None when it is known already."""
        limits = self._limits()

        async def unit(tx: Tx) -> Work | None:
            work = self._work(limits)
            return work if await clockwork.end_call(tx, conversation, result, step, work) else None

        return await self._db.write(unit)

    # The other processes

    async def tell(self, hint: str) -> None:
        """Say something short to them; it may get lost."""
        await self._db.tell(hint)

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with what they say, until cancelled."""
        await self._db.listen(heard)

    async def touched(self, since: str) -> list[str]:
        """Conversations with messages, or acts of agents, behind that id."""
        return await self._db.read(lambda tx: desk.touched(tx, since))

    # Settings

    async def setting(self, name: str, default: str) -> str:
        """A value kept under a name; the default is kept when there is none yet."""
        async def unit(tx: Tx) -> str:
            row = await tx.one("setting", name)
            if row is not None:
                return str(row[0])
            await tx.run("set_setting", name, default)
            row = await tx.one("setting", name)  # somebody else may have been faster
            return default if row is None else str(row[0])

        return await self._db.write(unit)


class Rollback(Exception):
    """Leaves a unit of work without keeping what it wrote, with what it found out."""

    def __init__(self, work: Work) -> None:
        super().__init__("rolled back on purpose")
        self.work = work

