"""The connection to PostgreSQL is lost exactly at a commit: before it came, or after it was kept.

    python tests/faults/commits.py [--cuts 200] [--seed 1] [--newcomers 200]

Every kind of unit meets it: accepting, taking a turn, claiming, settling, firing, acting, calls.
Two processes work on six conversations; afterwards each has heard everything once and in order, has
answered each once, and nothing is left over. Then so many people write for the first time, eight
messages each at once by four processes: each is one contact with one conversation.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from postgres import Server, programs, server
from side_by_side import processes
from storing import counts, rows, wrote
from wire import wire

from bot.clock import HOUR, Clock
from bot.model import CallRequest, Decision, Event, Snapshot
from bot.store.postgres import Postgres
from bot.store.rows import Outcome, Send
from bot.store.store import Store
from bot.store.work import Work

PEOPLE = 6
#: Of what a process takes in hand, milliseconds.
LEASE = 1_000


@dataclass
class Lost:
    """What came of the cuts."""

    cuts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def asks(snapshot: Snapshot, event: Event) -> Decision:
    """Counts, and after each message wants a call made and to be woken."""
    decision = counts(snapshot, event)
    decision.remind_at = None
    if event.kind != "timer":
        decision.timers = {"timeout": (event.at + HOUR, event.id)}
    if event.kind == "message":
        decision.calls = [CallRequest(f"c.{event.id}", "orders.find", {})]
    return decision


async def lose(running: Server, url: str, cuts: int, dice: random.Random) -> Lost:
    """Cut so many commits of two processes that work on the same conversations."""
    clock, lost = Clock(), Lost()
    wires = [wire(running), wire(running)]
    async with wires[0] as one, wires[1] as two:
        stores = [Store(await Postgres.open(line.url(url), clock), clock, lease=LEASE)
                  for line in (one, two)]
        lines = dict(zip(stores, (one, two), strict=True))
        sent: Counter[str] = Counter()
        expected: dict[str, list[str]] = {}

        async def broken(kind: str, store: Store, question: Awaitable[Any]) -> Any:
            line = lines[store]
            # A turn whose beginning was kept and not heard of waits for five seconds: not too many.
            fates = ("before",) * (3 if kind == "begin" else 1) + ("after",)
            line.cut, before = dice.choice(fates), line.cuts
            answer = await question
            if line.cuts > before:
                lost.cuts[kind] += 1
            line.cut = None
            return answer

        async def leave(store: Store, work: Work | None) -> None:
            """Send what a unit released, and what that releases."""
            waiting: list[Send] = list(work.sends) if work is not None else []
            while waiting:
                send = waiting.pop()
                sent[send.id] += 1
                outcome = Outcome(send, "sent", f"wamid.{send.id}")
                done = await broken("settle", store, store.settle([outcome]))
                waiting += done.sends

        async def drain() -> None:
            """Take every turn. What was begun when the line broke is begun again after 5 s."""
            until = time.monotonic() + 30
            while await rows(stores[0]._db, "select 1 from inbox") and time.monotonic() < until:
                store = dice.choice(stores)
                for conversation in await store.ready(10):
                    while (begun := await broken("begin", store, store.begin(conversation))):
                        await leave(store, await broken("turn", store, store.take_turn(
                            conversation, begun[0], asks)))
                await asyncio.sleep(0.01)

        number = 0
        while lost.cuts.total() < cuts:
            number += 1
            store, who = dice.choice(stores), f"49{number % PEOPLE}"
            expected.setdefault(who, []).append("message")
            await leave(store, await broken("accept", store, store.accept(
                [wrote(clock, who, number)], asks if number % 2 else None)))
            await drain()
            store = dice.choice(stores)
            calls = await broken("call", store, store.claim_calls())
            until = time.monotonic() + 10
            while await rows(store._db, "select 1 from call") and time.monotonic() < until:
                for conversation, _, call in calls:
                    result = {"key": call.key, "call": call.operation, "ok": True, "value": 1}
                    await leave(store, await broken("result", store, store.end_call(
                        conversation, result, asks)))
                    expected[who].append("result")
                await asyncio.sleep(0.01)
                calls = await store.adopt_calls()  # one that was lost sight of, after its lease
            (row,) = [each for each in (await store.desk.conversations()).rows if each.phone == who]
            act = Event(f"act.{number}", "agent", clock.now(), {})
            await leave(store, await broken("act", store, store.happen(
                row.id, act, asks, key=f"desk:{number}")))
            expected[who].append("agent")
            if number % PEOPLE == 0:
                clock.advance(2 * HOUR)
                await broken("fire", store, store.fire())
                await drain()
                for each in expected.values():
                    each.append("timer")
            for each in stores:  # what a broken connection has hidden from its process
                await each.put_back(lambda *_: True)
                await leave(each, await broken("claim", each, each.claim_sends()))
        until = time.monotonic() + 10
        while await rows(stores[0]._db, "select 1 from outbox") and time.monotonic() < until:
            for each in stores:
                await each.put_back(lambda *_: True)
                await leave(each, await each.claim_sends())
        for row in (await stores[0].desk.conversations()).rows:
            snapshot = await stores[0].desk.snapshot(row.id)
            heard = [] if snapshot is None else [
                "message" if word == "hello" else word for word in snapshot.state["seen"]]
            if heard != expected[row.phone or ""]:
                lost.faults.append(f"{row.phone} heard {heard}, not {expected[row.phone or '']}")
        lost.faults += [f"{id_} left {count} times" for id_, count in sent.items() if count != 1]
        total = sum(map(len, expected.values()))
        if len(sent) != total:
            lost.faults.append(f"{len(sent)} replies to {total} events")
        for table in ("inbox", "outbox", "call"):
            if (left := await rows(stores[0]._db, f"select count(*) from {table}")) != [(0,)]:
                lost.faults.append(f"{left[0][0]} left in {table}")
        for each in stores:
            await each.close()
    return lost


async def newcomers(url: str, people: int, *, messages: int = 8) -> list[str]:
    """So many people write for the first time, all their messages at once."""
    clock = Clock()
    async with processes(url, clock, 4) as stores:
        for start in range(0, people, 20):
            await asyncio.gather(*(
                stores[(who + n) % 4].accept([wrote(clock, f"48{who:04}", n, str(n))], counts)
                for who in range(start, min(start + 20, people)) for n in range(messages)))
        found = await rows(stores[0]._db, "select (select count(*) from contact), "
                           "(select count(*) from conversation), (select count(*) from message "
                           "where direction = 'in'), (select count(*) from turn)")
    wanted = (people, people, people * messages, people * messages)
    return [] if found == [wanted] else [f"contacts, conversations, messages, turns: {found[0]}, "
                                         f"not {wanted}"]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--newcomers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    if programs() is None:
        print("skipped: no PostgreSQL")
        return 0
    print(f"seed {given.seed}")
    with server() as running:
        lost = await lose(running, running.url(running.database()), given.cuts,
                          random.Random(given.seed))
        print(f"{lost.cuts.total()} commits cut, {dict(lost.cuts)}: {len(lost.faults)} faults",
              *lost.faults[:5], sep="\n")
        wrong = await newcomers(running.url(running.database()), given.newcomers)
        print(f"{given.newcomers} newcomers: {len(wrong)} faults", *wrong, sep="\n")
    return 1 if lost.faults or wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
