from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from storing import counts, rows, wrote

from bot.clock import DAY, HOUR, Clock
from bot.errors import UnknownVersion
from bot.model import Address, CallRequest, Decision, Event, Journal, Notice, Snapshot, TicketChange
from bot.store.base import Database
from bot.store.rows import Outcome
from bot.store.sqlite import SQLite
from bot.store.store import Store


async def state(store: Store) -> dict[str, list[str]]:
    page = await store.desk.conversations()
    found = {}
    for row in page.rows:
        snapshot = await store.desk.snapshot(row.id)
        assert snapshot is not None
        found[row.phone] = snapshot.state.get("seen", [])
    return found


async def drain(store: Store) -> None:
    for conversation in await store.ready(100):
        while (event := await store.begin(conversation)) is not None:
            await store.take_turn(conversation, event[0], counts)


async def test_the_same_message_changes_its_conversation_once(
        store: Store, clock: Clock, database: Database) -> None:
    work = await asyncio.gather(*(store.accept([wrote(clock)], counts) for _ in range(50)))

    assert sum(len(one.sends) for one in work) == 1
    assert await state(store) == {"4912345": ["hello"]}
    assert await rows(database, "select count(*) from message") == [(2,)]


async def test_a_batch_of_a_thousand_messages_is_one_unit(store: Store, clock: Clock) -> None:
    batch = [wrote(clock, f"49{n % 100}", n, str(n)) for n in range(1_000)]
    work = await store.accept(batch, counts)

    assert len(work.sends) == 100  # one a conversation; the others wait behind it
    assert all(seen == [str(n) for n in range(1_000) if f"49{n % 100}" == who]
               for who, seen in (await state(store)).items())


async def test_the_fast_and_the_slow_path_leave_the_same_behind(
        tmp_path: Path, clock: Clock) -> None:
    def script() -> list[object]:
        return [wrote(clock, who, n, f"{who}-{n}", sent_at=clock.now() - n)
                for n in range(20) for who in ("491", "492", "493")]

    left = []
    for fast in (True, False):
        database = await SQLite.open(tmp_path / f"{fast}.db", clock)
        store = Store(database, clock)
        for item in script():
            await store.accept([item], counts if fast else None)  # type: ignore[list-item]
            await drain(store)
        left.append((
            await state(store),
            await rows(database, "select direction, origin, content from message order by id"),
            await rows(database, "select kind, rule, step_before, step_after, outcome from turn"
                                 " order by id"),
            await rows(database, "select owner, rev, in_seq, flow, version, step, busy, waiting"
                                 " from conversation order by id"),
            await rows(database, "select count(*) from inbox"),
        ))
        await database.close()
    assert left[0] == left[1]


async def test_an_event_that_waits_is_not_overtaken(store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock, number=1, text="one")], None)
    await store.accept([wrote(clock, number=2, text="two")], counts)
    assert await state(store) == {"4912345": []}
    await drain(store)
    assert await state(store) == {"4912345": ["one", "two"]}


async def test_messages_wait_while_a_call_runs_and_its_result_does_not(
        store: Store, clock: Clock) -> None:
    def calls(snapshot: Snapshot, event: Event) -> Decision:
        decision = counts(snapshot, event)
        decision.busy = event.payload.get("text") == "call"
        if decision.busy:
            decision.calls.append(CallRequest("r1", "orders.find", {}))
        return decision

    await store.accept([wrote(clock, text="call")], calls)
    await store.accept([wrote(clock, number=2, text="meanwhile")], calls)
    (conversation,) = [row.id for row in (await store.desk.conversations()).rows]
    assert await store.begin(conversation) is None
    work = await store.happen(conversation, Event("r1", "result", clock.now(), {}), calls)
    assert work is not None
    await drain(store)
    assert await state(store) == {"4912345": ["call", "result", "meanwhile"]}


async def test_a_poison_event_is_put_aside_after_five_attempts_and_its_contact_goes_on(
        store: Store, clock: Clock, database: Database) -> None:
    def poisoned(snapshot: Snapshot, event: Event) -> Decision:
        if event.payload.get("text") == "poison":
            raise ZeroDivisionError("bad event")
        return counts(snapshot, event)

    await store.accept([wrote(clock, text="poison")], poisoned)
    await store.accept([wrote(clock, number=2, text="fine")], poisoned)
    (conversation,) = [row.id for row in (await store.desk.conversations()).rows]
    for attempt in range(5):
        tried = await store.begin(conversation)
        assert tried is not None
        assert tried[1] == attempt
        with pytest.raises(ZeroDivisionError):
            await store.take_turn(conversation, tried[0], poisoned)
        await store.failed(conversation, tried[0], "ZeroDivisionError()", attempt + 1)
    await drain(store)

    assert await state(store) == {"4912345": ["fine"]}
    dead = [event for event in (await store.desk.events()).rows if event.state == "dead"]
    assert [(event.text, event.attempts, event.error) for event in dead] == [
        ("poison", 5, "ZeroDivisionError()")]
    assert len(await store.desk.incidents(conversation)) == 1


async def test_a_turn_that_fails_leaves_no_trace_but_the_event(
        store: Store, clock: Clock, database: Database) -> None:
    def unwritable(snapshot: Snapshot, event: Event) -> Decision:
        decision = counts(snapshot, event)
        decision.state["broken"] = object()
        return decision

    with pytest.raises(Exception, match="object"):
        await store.accept([wrote(clock, text="lost?")], unwritable)
    assert await rows(database, "select count(*) from message") == [(0,)]
    await store.accept([wrote(clock, text="lost?")], counts)
    assert await state(store) == {"4912345": ["lost?"]}


async def test_a_missing_version_is_reported_and_nothing_is_kept(
        store: Store, clock: Clock, database: Database) -> None:
    def old(snapshot: Snapshot, event: Event) -> Decision:
        raise UnknownVersion("returns", "abc")

    with pytest.raises(UnknownVersion):
        await store.accept([wrote(clock)], old)
    assert await rows(database, "select count(*) from seen") == [(0,)]


async def test_the_window_runs_from_the_earlier_of_the_two_clocks(
        store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock, "491", sent_at=clock.now() - HOUR)], counts)
    await store.accept([wrote(clock, "492", sent_at=clock.now() + HOUR)], counts)
    ends = {row.phone: row.window_until - clock.now() for row in
            (await store.desk.conversations()).rows}
    assert ends["491"] == pytest.approx(23 * HOUR, abs=5_000)
    assert ends["492"] == pytest.approx(DAY, abs=5_000)


async def test_a_message_that_comes_late_does_not_shorten_the_window(
        store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock)], counts)
    before = (await store.desk.conversations()).rows[0].window_until
    await store.accept([wrote(clock, number=2, sent_at=clock.now() - 10 * HOUR)], counts)
    assert (await store.desk.conversations()).rows[0].window_until == before


async def test_a_contact_is_known_by_each_of_its_addresses(store: Store, clock: Clock) -> None:
    phone, bsuid = Address("phone", "4912345"), Address("bsuid", "DE.1", "acc")
    await store.accept([wrote(clock, number=1, text="a", addresses=(phone, bsuid))], counts)
    await store.accept([wrote(clock, number=2, text="b", addresses=(bsuid,))], counts)
    await store.accept([wrote(clock, number=3, text="c", addresses=(phone,))], counts)
    assert await state(store) == {"4912345": ["a", "b", "c"]}


async def test_two_contacts_that_turn_out_to_be_one_are_joined(
        store: Store, clock: Clock, database: Database) -> None:
    phone, bsuid = Address("phone", "4912345"), Address("bsuid", "DE.1", "acc")
    await store.accept([wrote(clock, number=1, text="a", addresses=(phone,))], counts)
    await store.accept([wrote(clock, number=2, text="b", addresses=(bsuid,))], counts)
    await store.accept([wrote(clock, number=3, text="c", addresses=(phone, bsuid))], counts)
    await store.accept([wrote(clock, number=4, text="d", addresses=(bsuid,))], counts)
    kept = await state(store)
    assert kept["4912345"] == ["a", "c", "d"]
    assert await rows(database, "select count(*) from contact") == [(2,)]


async def test_a_person_known_by_an_id_goes_on_when_their_phone_is_told(
        store: Store, clock: Clock) -> None:
    phone, bsuid = Address("phone", "4912345"), Address("bsuid", "DE.1", "acc")
    await store.accept([wrote(clock, number=1, text="a", addresses=(bsuid,))], counts)
    work = await store.accept([wrote(clock, number=2, text="b", addresses=(phone, bsuid))], counts)
    assert await state(store) == {"4912345": ["a", "b"]}
    assert [row.phone for row in (await store.desk.conversations()).rows] == ["4912345"]
    assert not work.sends, "the first answer is still on the wire"


async def test_a_person_is_answered_where_they_write_from(store: Store, clock: Clock) -> None:
    old, new = Address("phone", "4912345"), Address("phone", "4998765")
    first = await store.accept([wrote(clock, number=1, addresses=(old,))], counts)
    await store.settle([Outcome(first.sends[0], "sent", "wamid.out1")])
    changed = await store.accept([wrote(clock, number=2, addresses=(new, old))], counts)
    assert changed.sends[0].to[0] == new
    await store.settle([Outcome(changed.sends[0], "sent", "wamid.out2")])
    back = await store.accept([wrote(clock, number=3, addresses=(old,))], counts)
    assert back.sends[0].to[0] == old
    assert len((await store.desk.conversations()).rows) == 1


async def test_a_person_without_a_phone_can_be_answered(store: Store, clock: Clock) -> None:
    bsuid = Address("bsuid", "US.13491208655302741918", "acc")
    work = await store.accept([wrote(clock, addresses=(bsuid,))], counts)
    assert work.sends[0].to == (bsuid,)


async def test_what_can_only_be_kept_is_listed_with_its_kind(store: Store, clock: Clock) -> None:
    await store.accept([Notice("main", "field.account_update", '{"event":"X"}', "X"),
                        wrote(clock, text="hi", content={"type": "unknown", "what": "poll"})],
                       counts)
    listed = (await store.desk.events()).rows
    assert [(row.kind, row.text, row.state) for row in listed] == [
        ("message.unknown", "poll", "done"), ("field.account_update", "X", "kept")]
    assert listed[1].raw == '{"event":"X"}'


async def test_events_are_listed_page_by_page_and_by_kind(store: Store, clock: Clock) -> None:
    for n in range(30):
        await store.accept([wrote(clock, number=n, text=str(n)),
                            Notice("main", "field.security", "{}", str(n))], counts)
    texts, after = [], None
    while True:
        page = await store.desk.events(after=after, limit=7, kind="message")
        texts += [row.text for row in page.rows]
        if (after := page.next) is None:
            break
    assert texts == [str(n) for n in reversed(range(30))]


async def test_an_agents_wish_that_is_refused_changes_nothing_and_may_be_tried_again(
        store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock)], counts)
    (conversation,) = [row.id for row in (await store.desk.conversations()).rows]
    granted = False

    def desk(snapshot: Snapshot, event: Event) -> Decision:
        if not granted:
            return Decision(snapshot.state, Journal("agent"), refused="Kim has it.")
        return counts(snapshot, event)

    for granted in (False, True, True):
        event = Event(f"a{granted}", "agent", clock.now(), {"text": "mine"})
        work = await store.happen(conversation, event, desk, key="desk:1")
        if not granted:
            assert work is not None
            assert work.refused == "Kim has it."
    assert await state(store) == {"4912345": ["hello", "mine"]}


async def test_what_could_not_be_read_whole_is_listed_as_it_came(
        store: Store, clock: Clock) -> None:
    odd = '{"type":"order","order":{"catalog_id":"7"}}'
    content = {"type": "unknown", "what": "order"}
    await store.accept([wrote(clock, content=content, raw=odd)], counts)
    await store.accept([wrote(clock, number=2)], counts)
    rows = [event for event in (await store.desk.events()).rows
            if event.kind.startswith("message.")]
    assert [(event.kind, event.raw) for event in rows] == [
        ("message.text", ""), ("message.unknown", odd)]


async def test_what_a_joined_contact_waited_for_is_over(store: Store, clock: Clock) -> None:
    def opens(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("command"), owner="queue", remind_at=event.at + HOUR,
                        timers={"timeout": (event.at + HOUR, "t")},
                        ticket=TicketChange("open", queue="support"))

    phone, bsuid = Address("phone", "4912345"), Address("bsuid", "DE.1", "acc")
    await store.accept([wrote(clock, number=1, addresses=(bsuid,))], opens)
    await store.accept([wrote(clock, number=2, addresses=(phone,))], counts)
    assert len((await store.desk.queue()).rows) == 1
    await store.accept([wrote(clock, number=3, addresses=(phone, bsuid))], counts)
    assert (await store.desk.queue()).rows == []
    clock.advance(2 * HOUR)
    await store.fire()
    assert await store.ready(10) == []


async def test_one_persons_messages_keep_their_order_though_the_number_changes_between_them(
        store: Store, clock: Clock) -> None:
    old, new = Address("phone", "492"), Address("phone", "491")
    await store.accept([wrote(clock, "493", text="somebody else"),
                        wrote(clock, "492", text="first"),
                        wrote(clock, "491", text="second", addresses=(new, old)),
                        wrote(clock, "491", 2, text="third", addresses=(new,))], counts)
    texts = {tuple(snapshot.state["seen"]) for row in (await store.desk.conversations()).rows
             if (snapshot := await store.desk.snapshot(row.id)) is not None}
    assert texts == {("somebody else",), ("first", "second", "third")}
