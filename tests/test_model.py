"""The whole against a reference of a page: whatever happens in whatever order, the conversation,
its ticket, its clocks and every reply stand where the reference says, after each step.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from compared import compare
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from modelling import HOUR, LABELS, MINUTE, Event, Message, Person
from postgres import Server
from storing import receipt
from tally import FrontDesk, Still, counting

from bot.errors import Refused, StoreError
from bot.model import Address, Incoming, Json
from bot.store.base import Database, load
from bot.store.postgres import Postgres
from bot.store.rows import Agent
from bot.store.sqlite import SQLite

T = TypeVar("T")
PEOPLE = ("491", "492")
AGENTS = ("a", "b")
WORDS = (*LABELS, "tally", "tally")


class Conversations(RuleBasedStateMachine):
    """Two people, two agents, a provider, a shop, a clock, and a process that may die."""

    postgres: ClassVar[Server | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="model"))
        self.name = ""
        if self.postgres is not None:
            self.name = self.postgres.database("base")
        self.desk = FrontDesk(counting(self.folder), self.reopen)
        self.run(self.desk.start())
        self.people = {who: Person() for who in PEOPLE}
        self.ids: dict[str, str] = {}
        self.agents: dict[str, Agent] = {
            name: self.run(self.desk.store.desk.add_agent(name, name.upper(), "x"))
            for name in AGENTS}
        self.fast = True
        self.history: list[tuple[str, Incoming]] = []
        self.wishes: list[tuple[str, str, str, str, str]] = []
        self.granted: set[str] = set()
        self.shop: dict[str, str] = {}  #: who -> queued | running | lost
        self.asked: dict[str, int] = {}  #: the last call of each
        self.count = itertools.count(1)

    async def reopen(self, clock: Still) -> Database:
        if self.postgres is not None:
            return await Postgres.open(self.postgres.url(self.name) + "&pool_size=2",
                                       clock)  # type: ignore[arg-type]
        return await SQLite.open(self.folder / "bot.db", clock)  # type: ignore[arg-type]

    def run(self, work: Awaitable[T]) -> T:
        async def within() -> T:
            async with asyncio.timeout(20):
                return await work

        return self.loop.run(within())

    def teardown(self) -> None:
        self.run(self.desk.close())
        self.loop.close()
        if self.postgres is not None:
            self.postgres.drop(self.name)
        shutil.rmtree(self.folder)

    @property
    def now(self) -> int:
        return self.desk.clock.now()

    async def _after(self) -> None:
        """Every worker but the inbox and the calls looks once."""
        desk = self.desk
        desk.engine.follow(await desk.store.claim_sends())
        await desk.settle()

    # Customers

    @rule(data=st.data(), breaks=st.sampled_from(["", "", "", "", "before", "after"]),
          again=st.booleans(), late=st.sampled_from([0, 0, 0, 3 * HOUR]))
    def write(self, data: st.DataObject, breaks: str, again: bool, late: int) -> None:
        """Several messages in one delivery; some of them may have come before."""
        new: list[tuple[str, tuple[object, ...], Incoming]] = []
        for who in data.draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3)):
            what = "tally" if not self.people[who].run else data.draw(
                st.sampled_from((*WORDS, "reaction")))
            payload = ("reaction", None) if what == "reaction" else ("text", what)
            content = ({"type": "text", "text": what} if what != "reaction" else
                       {"type": "reaction", "emoji": "x", "to": "1"})
            new.append((who, payload, self.incoming(who, content, late)))
        self.deliver(new, breaks if self.desk.store.shared or breaks == "before" else "",
                     [self.history[-1]] if again and self.history else [])

    @precondition(lambda self: any(m.button and m.tag for p in self.people.values()
                                   for m in p.out))
    @rule(data=st.data(), label=st.sampled_from(LABELS), old=st.booleans())
    def tap(self, data: st.DataObject, label: str, old: bool) -> None:
        """A button of the question that stands there, or of any before it."""
        who = data.draw(st.sampled_from([
            who for who, p in self.people.items() if any(m.button and m.tag for m in p.out)]))
        shown = [m for m in self.people[who].out if m.button and m.tag]
        message = data.draw(st.sampled_from(shown)) if old else shown[-1]
        content = self.content(message.tag)
        row = next(row for row in content.get("rows", content.get("buttons", ()))
                   if row["title"] == label)
        item = self.incoming(who, {"type": "tap", "id": row["id"], "title": label}, 0)
        self.deliver([(who, ("tap", (message.button, label)), item)], "", [])

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def redeliver(self, data: st.DataObject) -> None:
        """The provider delivers again what it delivered before."""
        self.deliver([], "", [data.draw(st.sampled_from(self.history))])

    def incoming(self, who: str, content: Json, late: int) -> Incoming:
        return Incoming("main", f"wamid.in{next(self.count)}", (Address("phone", who),), content,
                        self.now - late, who)

    def deliver(self, new: list[tuple[str, tuple[object, ...], Incoming]], breaks: str,
                again: list[tuple[str, Incoming]]) -> None:
        items = [item for _, _, item in new] + [item for _, item in again]

        async def accept() -> None:
            self.desk.database.breaks = breaks
            broke: Any = pytest.raises(StoreError) if breaks else contextlib.nullcontext()
            with broke:
                await self.desk.engine.accept(items)
            if breaks == "after":  # what it released is nobody's: found again after a while
                tags = "', '".join(self.desk.wire.waiting)
                await self.desk.sql("update outbox set lease_until = lease_until - 600000 "
                                    f"where state = 'sending' and id not in ('{tags}')")
                await self.desk.store.recover(self.desk.outbox._lost)
            await self._after()

        self.run(accept())
        if breaks == "before":
            return
        for who in PEOPLE:
            for each, payload, item in new:
                if each == who:
                    self.people[who].message(self.now, item.sent_at, payload, self.fast)
                    self.history.append((who, item))
        self.called()

    # Work

    @precondition(lambda self: any(p.waiting for p in self.people.values()))
    @rule()
    def handle(self) -> None:
        """The inbox takes the turns of what waits."""
        async def work() -> None:
            for conversation in await self.desk.store.ready(64):
                await self.desk.engine.drain(conversation)
            await self._after()

        self.run(work())
        for person in self.people.values():
            person.work(self.now)
        self.called()

    @precondition(lambda self: self.history)
    @rule(ms=st.sampled_from([7 * MINUTE, 7 * MINUTE, 123 * MINUTE, 21 * HOUR + 11 * MINUTE,
                              26 * HOUR]))
    def time_passes(self, ms: int) -> None:
        """And what is due by then comes due."""
        self.desk.clock.advance(ms)

        async def look() -> None:
            await self.desk.timers.look()
            await self._after()

        self.run(look())
        for person in self.people.values():
            person.due(self.now)
            person.pump(self.now)

    @precondition(lambda self: self.history)
    @rule(to=st.booleans())
    def trust(self, to: bool) -> None:
        """The fast path, or the slow one."""
        self.fast = self.desk.engine.fast = to

    # Agents

    @precondition(lambda self: self.people["491"].owner != "bot"
                  or self.people["491"].waiting or self.wishes)
    @rule(who=st.sampled_from(AGENTS), again=st.booleans(),
          action=st.sampled_from(["take", "reply", "reply", "return", "close"]))
    def act(self, who: str, action: str, again: bool) -> None:
        """An agent does something with the first person, or does the last thing twice."""
        number = next(self.count)
        wish = (f"act{number}", "491", who, action, f"r{number}")
        if again and self.wishes:
            wish = self.wishes[-1]
        self.wishes.append(wish)
        key, person, who, action, text = wish
        subject = self.people[person]

        async def asked() -> str:
            try:
                await self.desk.engine.act(self.ids[person], self.agents[who], action,
                                           client_id=key, text=text)
            except Refused as refused:
                return str(refused)
            finally:
                await self._after()
            return ""

        said = self.run(asked())
        subject.work(self.now)
        refusal = "" if key in self.granted else subject.refusal(who)
        if key not in self.granted and not refusal:
            self.granted.add(key)
            subject.happen(self.event("agent", who, action, text), self.now, fast=True)
        subject.pump(self.now)
        self.called()
        assert said == refusal

    def event(self, kind: str, *payload: object) -> Event:
        return Event(kind, self.now, payload)

    # The provider

    @precondition(lambda self: self.desk.wire.waiting)
    @rule(data=st.data(), outcome=st.sampled_from(
        ["taken", "taken", "taken", "refused", "slower", "lost", "silent"]))
    def provider_answers(self, data: st.DataObject, outcome: str) -> None:
        tag = data.draw(st.sampled_from(sorted(self.desk.wire.waiting)))
        person, message = self.sent(tag)

        async def answer() -> None:
            self.desk.wire.answer(tag, outcome)
            await self.desk.settle()
            await self._after()

        self.run(answer())
        person.answered(message, outcome, self.now)

    @precondition(lambda self: self.desk.wire.taken)
    @rule(data=st.data(), status=st.sampled_from(["sent", "delivered", "read", "failed"]))
    def receipt_comes(self, data: st.DataObject, status: str) -> None:
        """Of something that the provider took, in whatever order."""
        tag = data.draw(st.sampled_from(sorted(self.desk.wire.taken)))
        person, message = self.sent(tag)

        async def come() -> None:
            await self.desk.engine.accept([receipt(
                tag, status, self.desk.clock,  # type: ignore[arg-type]
                self.desk.wire.id_of(tag))])
            await self._after()

        self.run(come())
        person.reported(message, status, self.now)

    @precondition(lambda self: any(m.resting for p in self.people.values() for m in p.out))
    @rule(data=st.data())
    def the_time_for_another_try_comes(self, data: st.DataObject) -> None:
        """Of what the provider put off, or of a doubt that no receipt resolved."""
        state = data.draw(st.sampled_from(sorted(
            {m.status for p in self.people.values() for m in p.out if m.resting})))

        async def due() -> None:
            await self.desk.sql(f"update outbox set not_before = 0 where state = '{state}'")
            await self._after()

        self.run(due())
        for person in self.people.values():
            for message in person.out:
                if message.status == state:
                    message.resting = False
            person.pump(self.now)

    def sent(self, tag: str) -> tuple[Person, Message]:
        return next((p, m) for p in self.people.values() for m in p.out if m.tag == tag)

    # The shop

    def called(self) -> None:
        for who, person in self.people.items():
            if person.at == "call" and self.asked.get(who) != person.calls:
                self.shop[who], self.asked[who] = "queued", person.calls

    @precondition(lambda self: any(s != "running" for s in self.shop.values()))
    @rule()
    def calls_are_made(self) -> None:
        async def look() -> None:
            await self.desk.calls.look()
            await self._after()

        self.run(look())
        for who, state in list(self.shop.items()):
            if state == "lost" and self.people[who].call == "buy":
                self.returned(who, ok=False)
            else:
                self.shop[who] = "running"

    @precondition(lambda self: "running" in self.shop.values())
    @rule(data=st.data(), ok=st.booleans())
    def shop_answers(self, data: st.DataObject, ok: bool) -> None:
        who = data.draw(st.sampled_from([w for w, s in self.shop.items() if s == "running"]))

        async def answer() -> None:
            (key,) = [key for key, future in self.desk.shop.waiting.items()
                      if key.startswith(self.ids[who]) and not future.done()]
            self.desk.shop.waiting[key].set_result(200 if ok else 500)
            await self.desk.settle()
            await self._after()

        self.run(answer())
        self.returned(who, ok=ok)

    def returned(self, who: str, *, ok: bool) -> None:
        del self.shop[who]
        person = self.people[who]
        person.happen(self.event("result", person.calls, ok), self.now, self.fast)
        person.pump(self.now)
        self.called()

    # The end

    @precondition(lambda self: self.history)
    @rule(trusts=st.booleans())
    def the_process_dies(self, trusts: bool) -> None:
        """And the next one finds everything as it was; what was on the wire is in doubt."""
        self.run(self.desk.die())
        self.fast = self.desk.engine.fast = trusts
        for person in self.people.values():
            for message in person.out:
                if message.status == "sending":
                    message.status, message.resting = "unknown", True
                    message.doubts += 1
            person.pump(self.now)
        self.shop = {who: "lost" if state == "running" else state
                     for who, state in self.shop.items()}
        self.run(self._after())

    # After each step

    @invariant()
    def everything_is_as_the_reference_says(self) -> None:
        self.run(compare(self.desk, self.people, self.agents, self.ids))

    def content(self, tag: str) -> Json:
        ((content,),) = self.run(self.desk.sql(f"select content from message where id = '{tag}'"))
        found: Json = load(content)
        return found


def prove(examples: int, steps: int, server: Server | None = None) -> None:
    """So many conversations of so many steps, on SQLite or on that PostgreSQL."""
    Conversations.postgres = server
    run_state_machine_as_test(Conversations, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=examples <= 60,
        print_blob=True, suppress_health_check=list(HealthCheck)))


def test_whatever_happens_is_as_the_reference_says_on_sqlite() -> None:
    prove(50, 30)


def test_whatever_happens_is_as_the_reference_says_on_postgres(postgres: Server) -> None:
    prove(15, 25, postgres)
