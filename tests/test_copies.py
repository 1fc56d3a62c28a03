"""A message of which several copies may have left: what is known of one is not said of another."""

from __future__ import annotations

import pytest
from storing import counts, receipt, rows, wrote
from tally import write

from bot.clock import Clock
from bot.ids import new_id
from bot.model import Decision, Event, Journal, Reply, Snapshot, TicketChange
from bot.store.base import Database
from bot.store.rows import Outcome, Send
from bot.store.store import Store


async def out(database: Database) -> list[tuple[str, str | None]]:
    """(status, state in the outbox) of every message of ours."""
    return [(status, state) for status, state in await rows(
        database, "select m.status, o.state from message m left join outbox o on o.id = m.id "
                  "where m.direction = 'out' order by m.id")]


async def in_doubt(store: Store, database: Database, clock: Clock) -> Send:
    """Nobody knows what became of the first copy; the second one is on the wire."""
    (first,) = (await store.accept([wrote(clock)], hears_of_failures)).sends
    await store.settle([Outcome(first, "unknown")])
    await write(database, "update outbox set not_before = 0")
    (second,) = (await store.claim_sends()).sends
    assert second.epoch == first.epoch + 1
    return second


def hears_of_failures(snapshot: Snapshot, event: Event) -> Decision:
    decision = counts(snapshot, event)
    return Decision(decision.state, decision.journal, place=decision.place, owner=decision.owner,
                    replies=[Reply(reply.content, visit="1") for reply in decision.replies])


async def taken_by_another(store: Store, database: Database, clock: Clock) -> Send:
    """A process was taken for lost, another one sends a second copy; the first was taken."""
    (first,) = (await store.accept([wrote(clock)], counts)).sends
    await write(database, "update outbox set state = 'unknown', not_before = 0")
    (second,) = (await store.claim_sends()).sends
    await write(database, "update outbox set holder = 'another'")
    await store.settle([Outcome(first, "sent", "p1")])
    assert await out(database) == [("sent", "sending")]
    return second


async def test_the_failure_of_one_copy_is_not_that_of_the_one_that_waits_to_leave(
        store: Store, database: Database, clock: Clock) -> None:
    second = await in_doubt(store, database, clock)
    await store.settle([Outcome(second, "retry", error="slower", not_before=1 << 60)])
    await store.accept([receipt(second.id, "failed", clock, "p1")], counts)
    assert await out(database) == [("queued", "queued")]
    assert await rows(database, "select kind from inbox") == [], "no step is told of a failure"
    await write(database, "update outbox set not_before = 0")
    (third,) = (await store.claim_sends()).sends
    await store.settle([Outcome(third, "sent", "p2")])
    assert await out(database) == [("sent", None)]


async def test_a_window_that_is_closed_for_one_copy_is_closed_for_the_one_that_waits(
        store: Store, database: Database, clock: Clock) -> None:
    second = await in_doubt(store, database, clock)
    await store.settle([Outcome(second, "retry", error="slower", not_before=0)])
    await store.accept([receipt(second.id, "failed", clock, "p1", code=131047,
                                closes_window=True)], counts)
    assert await out(database) == [("parked", "parked")]


async def test_the_failure_of_one_copy_is_not_that_of_a_later_one_that_was_taken(
        store: Store, database: Database, clock: Clock) -> None:
    second = await in_doubt(store, database, clock)
    await store.settle([Outcome(second, "sent", "p2")])
    await store.accept([receipt(second.id, "failed", clock, "p1", code=131047,
                                closes_window=True)], counts)
    assert await out(database) == [("sent", None)]
    await store.accept([receipt(second.id, "delivered", clock, "p2")], counts)
    assert await out(database) == [("delivered", None)]


@pytest.mark.parametrize("answered", [False, True])
async def test_a_copy_that_was_taken_after_the_failure_of_another_is_shown_as_sent(
        store: Store, database: Database, clock: Clock, answered: bool) -> None:
    """By the provider's answer, or by its receipt."""
    second = await in_doubt(store, database, clock)
    await store.accept([receipt(second.id, "failed", clock, "p1")], counts)
    assert await out(database) == [("failed", None)]
    if answered:
        await store.settle([Outcome(second, "sent", "p2")])
    else:
        await store.accept([receipt(second.id, "sent", clock, "p2")], counts)
    assert await out(database) == [("sent", None)]


async def test_a_failure_keeps_its_reason_when_the_answer_comes_after_it(
        store: Store, database: Database, clock: Clock) -> None:
    (send,) = (await store.accept([wrote(clock)], counts)).sends
    await store.accept([receipt(send.id, "failed", clock, "p1", error="No such number")], counts)
    await store.settle([Outcome(send, "sent", "p1")])
    assert await rows(database, "select status, reason from message where direction = 'out'") == [
        ("failed", "No such number")]


@pytest.mark.parametrize("outcome", ["failed", "retry", "unknown", "parked"])
async def test_a_copy_that_did_not_leave_changes_nothing_of_a_message_that_was_taken(
        store: Store, database: Database, clock: Clock, outcome: str) -> None:
    second = await taken_by_another(store, database, clock)
    await store.settle([Outcome(second, outcome, not_before=0)])
    assert await out(database) == [("sent", None)]
    assert (await store.claim_sends()).sends == []


async def test_a_message_that_was_taken_is_not_sent_again_when_the_other_process_falls_silent(
        store: Store, database: Database, clock: Clock) -> None:
    await taken_by_another(store, database, clock)
    await write(database, "update outbox set lease_until = 0")
    await store.adopt()
    await write(database, "update outbox set not_before = 0")
    assert (await store.claim_sends()).sends == []
    assert await out(database) == [("sent", None)]


def takes(snapshot: Snapshot, event: Event) -> Decision:
    """An agent takes the conversation over."""
    return Decision(snapshot.state, Journal("agent"), owner="agent:kim",
                    ticket=TicketChange("take", agent="kim"))


async def test_what_the_provider_refuses_after_an_agents_take_does_not_wait_to_leave(
        store: Store, database: Database, clock: Clock) -> None:
    """The window was closed, it says of a message of the bot; nothing of the bot leaves now."""
    (send,) = (await store.accept([wrote(clock)], counts)).sends
    await store.settle([Outcome(send, "sent", "p1")])
    work = await store.happen(send.conversation, Event(new_id(), "agent", clock.now(), {}), takes)
    assert work is not None
    await store.accept([receipt(send.id, "failed", clock, "p1", code=131047,
                                closes_window=True)], counts)
    assert await out(database) == [("suppressed", None)]
    nothing = Decision({}, Journal("agent"), owner="agent:kim")
    assert (await store.accept([wrote(clock, number=2)], lambda *_: nothing)).sends == []


async def test_what_was_written_after_the_take_leaves_when_the_window_opens(
        store: Store, database: Database, clock: Clock) -> None:
    (send,) = (await store.accept([wrote(clock)], lambda *_: Decision({}, Journal("agent"), owner=(
        "agent:kim"), replies=[Reply({"type": "text", "text": "Kim here"}, "agent:kim")]))).sends
    await store.settle([Outcome(send, "sent", "p1")])
    await store.accept([receipt(send.id, "failed", clock, "p1", code=131047,
                                closes_window=True)], counts)
    assert await out(database) == [("parked", "parked")]
    nothing = Decision({}, Journal("agent"), owner="agent:kim")
    (again,) = (await store.accept([wrote(clock, number=2)], lambda *_: nothing)).sends
    assert again.id == send.id
