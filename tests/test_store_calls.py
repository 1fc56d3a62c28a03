from __future__ import annotations

from storing import counts, rows, wrote

from bot.clock import Clock
from bot.model import CallRequest, Decision, Event, Snapshot
from bot.store.base import Database
from bot.store.store import Store

FIND = CallRequest("c1.1.1", "orders.find", {"number": "A1"}, retries=1)
RESULT = {"key": FIND.key, "call": FIND.operation, "ok": True, "value": {"item": "shoes"}}


def asks(snapshot: Snapshot, event: Event) -> Decision:
    """A bot that looks something up for each message."""
    decision = counts(snapshot, event)
    if event.kind == "message":
        decision.calls, decision.busy = [FIND], True
    return decision


async def asked(store: Store, clock: Clock) -> str:
    await store.accept([wrote(clock)], asks)
    ((conversation, channel, call),) = await store.claim_calls()
    assert (channel, call) == ("main", FIND)
    return conversation


async def test_a_call_is_claimed_once_and_known_as_running_after_a_restart(
        store: Store, clock: Clock, database: Database) -> None:
    assert await store.adopt_calls() == []
    conversation = await asked(Store(database, clock, lease=0), clock)
    assert await store.claim_calls() == []
    assert await store.adopt_calls() == [(conversation, "main", FIND)]


async def test_a_result_counts_once_and_nothing_of_the_call_is_left(
        store: Store, clock: Clock, database: Database) -> None:
    conversation = await asked(store, clock)
    work = await store.end_call(conversation, RESULT, asks)
    assert work is not None
    assert work.changed == {conversation}
    assert await store.end_call(conversation, RESULT, asks) is None
    assert await rows(database, "select * from call") == []
    snapshot = await store.desk.snapshot(conversation)
    assert snapshot is not None
    assert snapshot.state["seen"] == ["hello", "result"]


async def test_a_result_that_can_t_be_handled_at_once_waits_whole(
        store: Store, clock: Clock, database: Database) -> None:
    conversation = await asked(store, clock)
    await store.end_call(conversation, RESULT, None)
    got: list[Event] = []

    def step(snapshot: Snapshot, event: Event) -> Decision:
        got.append(event)
        return counts(snapshot, event)

    tried = await store.begin(conversation)
    assert tried is not None
    await store.take_turn(conversation, tried[0], step)
    assert [event.payload for event in got] == [RESULT]
    assert await rows(database, "select * from inbox") == []


async def test_behind_a_result_that_was_put_aside_messages_wait_for_nothing(
        store: Store, clock: Clock, database: Database) -> None:
    """Whatever the flow believes: it stands at the call, and does so after each further turn."""
    def believes(snapshot: Snapshot, event: Event) -> Decision:
        decision = counts(snapshot, event)
        decision.busy = True
        return decision

    conversation = await asked(store, clock)
    await store.accept([wrote(clock, number=2, text="held back")], believes)
    await store.end_call(conversation, RESULT, None)
    for attempt in range(1, 6):
        tried = await store.begin(conversation)
        assert tried is not None
        await store.failed(conversation, tried[0], "RuntimeError()", attempt)
    assert await store.dead.count() == 1
    assert conversation in await store.ready(10)
    tried = await store.begin(conversation)
    assert tried is not None
    await store.take_turn(conversation, tried[0], believes)
    await store.accept([wrote(clock, number=3, text="at once")], believes)
    assert await rows(database, "select state from conversation") == [
        ('{"seen":["hello","held back","at once"]}',)]
    (letter,) = (await store.dead.listed()).rows
    await store.dead.retry(letter.id, "command line")
    tried = await store.begin(conversation)
    assert tried is not None
    await store.take_turn(conversation, tried[0], counts)
    assert await rows(database, "select busy, waiting from conversation") == [(0, 0)]


async def test_behind_a_result_that_ended_every_process_messages_are_handled(
        store: Store, clock: Clock, database: Database) -> None:
    """Nobody could say that it failed: it is put aside by whoever would begin it once more."""
    conversation = await asked(store, clock)
    await store.accept([wrote(clock, number=2, text="held back")], counts)
    await store.end_call(conversation, RESULT, None)
    for _ in range(5):
        assert await store.begin(conversation) is not None
        await store.adopt()  # the process ended
    tried = await store.begin(conversation)
    assert await store.dead.count() == 1
    assert tried is not None
    await store.take_turn(conversation, tried[0], counts)
    assert await rows(database, "select waiting, state from conversation") == [
        (0, '{"seen":["hello","held back"]}')]


async def test_a_poison_event_beside_a_call_leaves_messages_waiting_for_its_result(
        store: Store, clock: Clock, database: Database) -> None:
    conversation = await asked(store, clock)
    await store.happen(conversation, Event("~", "timer", clock.now(), {}), None)
    for attempt in range(1, 6):
        tried = await store.begin(conversation)
        assert tried is not None
        await store.failed(conversation, tried[0], "RuntimeError()", attempt)
    assert await rows(database, "select busy from conversation") == [(1,)]
