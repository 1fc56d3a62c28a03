"""What a flow does when what it said could not be delivered."""

from __future__ import annotations

from pathlib import Path

import pytest
from storing import receipt, rows, wrote
from talking import Talk, flows

from bot import router
from bot.clock import Clock
from bot.flow.lint import CheckOptions
from bot.flow.load import load
from bot.model import Decision, Event, Snapshot
from bot.store.base import Database
from bot.store.rows import Outcome
from bot.store.store import Store
from bot.store.work import Work

REACH = """flow: reach
title: Reach
triggers: {keywords: [reach me]}
slots: {name: {type: text}, day: {type: text}}
steps:
  hello: {say: [First., Second.]}
  ask: {say: Your name?, ask: name, on_undelivered: person}
  which: {say: Which day?, ask: day}
  done: {say: Noted., end: noted}
  person: {handoff: {note: "{{ contact.name }} can't be reached"}}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(flows(tmp_path, REACH)).says("reach me")


def fails(talk: Talk, visit: str, code: int = 131026) -> Talk:
    return talk.happens("undelivered", {"message": "m1", "visit": visit, "code": code})


def test_only_what_the_step_itself_has_said_is_listened_for(talk: Talk) -> None:
    assert talk.decision is not None
    assert [(reply.content["text"], reply.visit) for reply in talk.decision.replies] == [
        ("First.", ""), ("Second.", ""), ("Your name?", "1.2")]
    talk.says("repeat")
    assert [reply.visit for reply in talk.decision.replies] == ["1.2"]
    assert [reply.visit for reply in talk.says("Kim").decision.replies] == [""]  # type: ignore


def test_the_step_takes_its_other_way(talk: Talk) -> None:
    fails(talk, "1.2")
    assert (talk.rule, talk.owner, talk.step) == ("undelivered", "queue", "reach/person")


def test_it_counts_only_while_that_visit_lasts(talk: Talk) -> None:
    assert fails(talk, "1.1").rule == "stale"
    assert fails(talk.says("Kim"), "1.2").rule == "stale"
    assert talk.step == "reach/which"


def test_a_step_that_does_not_exist_or_waits_for_nothing_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        "flow: small\ntitle: Small\ntriggers: {keywords: [small]}\nslots: {n: {type: text}}\n"
        "steps:\n  one: {say: How many?, ask: n, on_undelivered: lst}\n"
        "  two: {say: Hm., on_undelivered: last}\n  last: {say: Over., end: x}\n")
    found = [f"{one.line} {one.message}" for one in load(
        tmp_path, tmp_path, CheckOptions("en", frozenset(), frozenset())).errors]
    assert found == ["6 there is no step `lst` - did you mean `last`?",
                     "7 `on_undelivered` does nothing here: it goes with `ask`, `choices`, "
                     "`review` or `wait`"]


class Asked:
    """One customer at the question, on the real store."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self.store, self.clock = store, clock
        self.flows = flows(folder, REACH.replace("say: [First., Second.]", "tag: seen"))

    def step(self, snapshot: Snapshot, event: Event) -> Decision:
        return router.decide(self.flows, snapshot, event)

    async def begin(self) -> Work:
        return await self.store.accept([wrote(self.clock, text="reach me")], self.step)

    async def owner(self) -> str:
        for conversation in await self.store.ready(10):
            while (tried := await self.store.begin(conversation)) is not None:
                await self.store.take_turn(conversation, tried[0], self.step)
        (row,) = (await self.store.desk.conversations()).rows
        return row.owner


@pytest.fixture
def asked(store: Store, clock: Clock, tmp_path: Path) -> Asked:
    return Asked(store, clock, tmp_path)


async def test_a_receipt_of_failure_is_an_event_of_the_conversation_once(
        asked: Asked, database: Database) -> None:
    (send,) = (await asked.begin()).sends
    await asked.store.settle([Outcome(send, "sent", "wamid.out")])
    assert await asked.owner() == "bot"
    failed = receipt(send.id, "failed", asked.clock, code=131026, error="Not on WhatsApp.")
    await asked.store.accept([failed], asked.step)
    assert await asked.owner() == "queue"
    await asked.store.accept([failed], asked.step)
    assert await rows(database, "select count(*) from turn where kind = 'undelivered'") == [(1,)]
    assert await rows(database, "select count(*) from inbox") == [(0,)]


async def test_a_failure_that_overtakes_the_answer_to_the_send_counts_too(asked: Asked) -> None:
    (send,) = (await asked.begin()).sends
    await asked.store.accept([receipt(None, "failed", asked.clock, code=131026)], asked.step)
    assert await asked.owner() == "bot"
    await asked.store.settle([Outcome(send, "sent", "wamid.out")])
    assert await asked.owner() == "queue"


async def test_a_send_that_is_refused_at_once_counts_too(asked: Asked) -> None:
    (send,) = (await asked.begin()).sends
    await asked.store.settle([Outcome(send, "failed", code=131026, error="Not on WhatsApp.")])
    assert await asked.owner() == "queue"


@pytest.mark.parametrize("late", [True, False])
async def test_outside_the_window_nothing_is_held_back_where_the_flow_takes_another_way(
        asked: Asked, database: Database, late: bool) -> None:
    (send,) = (await asked.begin()).sends
    if late:
        await asked.store.settle([Outcome(send, "sent", "wamid.out")])
        await asked.store.accept([receipt(send.id, "failed", asked.clock, code=131047,
                                          closes_window=True)], asked.step)
    else:
        await asked.store.settle([Outcome(send, "parked", code=131047, error="Too late.")])
    assert await rows(database, "select count(*) from outbox") == [(0,)]
    assert await asked.owner() == "queue"
