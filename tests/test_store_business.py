"""Business events on the real store, on both databases."""

from __future__ import annotations

from pathlib import Path

from storing import counts, rows, wrote
from talking import flows

from bot import router
from bot.clock import DAY, Clock
from bot.model import Address, Decision, Event, Json, Snapshot
from bot.store.base import Database
from bot.store.business import Told
from bot.store.store import Store

ANA = Address("phone", "4912345")


def told(id_: str = "e1", to: Address | str = ANA, *, begins: bool = False,
         channel: str | None = None, **data: object) -> Told:
    event: Json = {"name": "payment.received", "id": id_, "contact": "+49 12345", "about": id_,
                   **data}
    return Told(event, to, channel, "main", begins)


async def test_an_event_is_a_row_of_its_contact_and_moves_the_conversation(
        store: Store, clock: Clock, database: Database) -> None:
    await store.accept([wrote(clock)], counts)
    work = await store.tell_of(told(), counts)
    assert (work.refused, len(work.changed)) == ("", 1)
    (conversation,) = work.changed
    snapshot = await store.desk.snapshot(conversation)
    assert snapshot is not None
    assert snapshot.state["seen"] == ["hello", "event"]
    assert [row[0] for row in await rows(database, "select kind from turn order by id")] == [
        "message", "event"]


async def test_the_same_id_changes_nothing_twice_whatever_it_says(
        store: Store, clock: Clock, database: Database) -> None:
    await store.accept([wrote(clock)], counts)
    await store.tell_of(told(), None)
    again = await store.tell_of(told(amount=7), None)
    assert (again.refused, again.changed) == ("known", set())
    assert await rows(database, "select count(*) from inbox") == [(1,)]


async def test_nobody_we_know_gets_nothing_unless_a_flow_begins_with_it(
        store: Store, clock: Clock, database: Database) -> None:
    for to in (ANA, "0123456789abcdefghjk"):
        assert (await store.tell_of(told(to=to, begins=to != ANA), counts)).refused == "nobody"
    assert await rows(database, "select count(*) from seen") == [(0,)]
    assert await rows(database, "select count(*) from contact") == [(0,)]
    work = await store.tell_of(told(begins=True), counts)
    assert work.refused == ""
    assert await rows(database, "select phone from contact") == [("4912345",)]
    await store.accept([wrote(clock)], counts)
    assert await rows(database, "select count(*) from conversation") == [(1,)]


async def test_it_goes_where_the_contact_wrote_last_or_to_the_channel_that_it_names(
        store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock, channel="first")], counts)
    clock.advance(1_000)
    await store.accept([wrote(clock, channel="second", number=2)], counts)
    ((_, latest), (contact, earlier)) = [
        (one.contact.id, one.channel) for id_ in [row.id for row in (
            await store.desk.conversations()).rows] if (one := await store.desk.snapshot(id_))]
    assert (latest, earlier) == ("second", "first")
    for number, (to, channel, where) in enumerate((
            (ANA, None, "second"), (contact, None, "second"), (ANA, "first", "first"))):
        work = await store.tell_of(told(f"e{number}", to, channel=channel), counts)
        (conversation,) = work.changed
        snapshot = await store.desk.snapshot(conversation)
        assert snapshot is not None
        assert snapshot.channel == where
    assert (await store.tell_of(told("e9", contact, channel="third"), counts)).refused == "nobody"
    assert (await store.tell_of(
        told("e9", contact, channel="third", begins=True), counts)).refused == ""


async def test_a_wait_survives_a_restart_and_ends_by_its_timer_or_its_event(
        store: Store, clock: Clock, database: Database, tmp_path: Path) -> None:
    known = flows(tmp_path, """flow: pay
title: Pay
triggers: {keywords: [pay now]}
steps:
  wait: {say: Please pay., wait: {event: payment.received, for: 3d, save: got}, on_timeout: late}
  paid: {say: "{{ got.amount }} received.", end: paid}
  late: {say: Too late., end: late}
""")

    def step(snapshot: Snapshot, event: Event) -> Decision:
        return router.decide(known, snapshot, event)

    await store.accept([wrote(clock, text="pay now"),
                        wrote(clock, "4999", 2, text="pay now")], step)
    await store.tell_of(told(amount=12), None)  # kept, not handled: the process ends here
    again = Store(database, clock)
    (conversation,) = await again.ready(10)
    tried = await again.begin(conversation)
    assert tried is not None
    await again.take_turn(conversation, tried[0], step)
    assert (await again.desk.transcript(conversation)).rows[-1].content["text"] == "12 received."
    assert [row[0] for row in await rows(database, "select conversation from timer")] != [
        conversation]
    clock.advance(3 * DAY + 1)
    work = await again.fire()
    (other,) = [one for one in work.changed | set(await again.ready(10)) if one != conversation]
    tried = await again.begin(other)
    assert tried is not None
    await again.take_turn(other, tried[0], step)
    assert (await again.desk.transcript(other)).rows[-1].content["text"] == "Too late."
    assert await rows(database, "select count(*) from timer") == [(0,)]
