from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from storing import counts, receipt, rows, wrote

from bot.clock import DAY, HOUR, MINUTE, Clock, real_now
from bot.ids import new_id
from bot.model import Decision, Event, Journal, Reply, Snapshot, TicketChange
from bot.store.base import Database
from bot.store.rows import MessageRow, Outcome, Send
from bot.store.sqlite import SQLite
from bot.store.store import Store

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


def says(*contents: dict[str, object], owner: str = "bot", origin: str = "bot",
         once: bool = False, **more: object) -> object:
    def step(snapshot: Snapshot, event: Event) -> Decision:
        return Decision(snapshot.state, Journal("answer"), owner=owner,
                        replies=[Reply(dict(content), origin, once) for content in contents],
                        **more)  # type: ignore[arg-type]
    return step


def text(body: str) -> dict[str, object]:
    return {"type": "text", "text": body}


async def thread(store: Store) -> list[MessageRow]:
    (conversation,) = (await store.desk.conversations()).rows
    return [row for row in (await store.desk.transcript(conversation.id)).rows
            if row.direction == "out"]


async def statuses(store: Store) -> list[str]:
    return [row.status for row in await thread(store)]


async def happen(store: Store, clock: Clock, step: object, kind: str = "timer") -> list[Send]:
    (conversation,) = (await store.desk.conversations()).rows
    event = Event(new_id(), kind, clock.now(), {})
    work = await store.happen(conversation.id, event, step)  # type: ignore[arg-type]
    assert work is not None
    return work.sends


async def test_the_messages_of_a_conversation_leave_one_after_the_other(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1"), text("2"), text("3")))
    left = []
    while work.sends:
        (send,) = work.sends
        left.append(send.content["text"])
        work = await store.settle([Outcome(send, "sent", f"wamid.{send.id}")])
    assert left == ["1", "2", "3"]
    assert await statuses(store) == ["sent"] * 3


async def test_a_refused_message_lets_the_next_one_pass(store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1"), text("2")))
    work = await store.settle([Outcome(work.sends[0], "failed", code=100, error="Bad parameter")])
    assert [send.content["text"] for send in work.sends] == ["2"]
    first = (await thread(store))[0]
    assert (first.status, first.reason) == ("failed", "Bad parameter")


async def test_after_the_window_free_text_is_parked_and_leaves_when_the_customer_writes(
        store: Store, clock: Clock) -> None:
    await store.settle([Outcome(send, "sent", "p1") for send in
                        (await store.accept([wrote(clock)], counts)).sends])
    clock.advance(DAY)
    assert await happen(store, clock, says(text("late"), origin="agent:a1")) == []
    late = (await thread(store))[-1]
    assert late.status == "parked"
    assert "24-hour window is closed" in late.reason

    work = await store.accept([wrote(clock, number=2)], says(text("hello again")))
    assert [send.content["text"] for send in work.sends] == ["late"]
    work = await store.settle([Outcome(work.sends[0], "sent", "p2")])
    assert [send.content["text"] for send in work.sends] == ["hello again"]


async def test_a_template_leaves_outside_the_window_past_what_is_parked(
        store: Store, clock: Clock) -> None:
    await store.settle([Outcome(send, "sent", "p1") for send in
                        (await store.accept([wrote(clock)], counts)).sends])
    clock.advance(DAY)
    await happen(store, clock, says(text("parked")))
    sends = await happen(store, clock, says({"type": "template", "name": "t", "language": "en"}))
    assert [send.content["type"] for send in sends] == ["template"]


async def test_the_window_is_judged_when_the_message_leaves(store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1"), text("2")))
    clock.advance(DAY - MINUTE)
    work = await store.settle([Outcome(work.sends[0], "retry", error="down")])
    clock.advance(MINUTE)
    work = await store.claim_sends()
    assert work.sends == []
    assert await statuses(store) == ["parked", "parked"]


async def test_a_provider_that_says_the_window_is_closed_is_believed(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1"), text("2")))
    work = await store.settle([Outcome(work.sends[0], "sent", "p1")])
    await store.accept([receipt(work.sends[0].id, "failed", clock, "p1", code=131047,
                                closes_window=True)], counts)
    assert (await store.desk.conversations()).rows[0].window_until <= clock.now()
    assert (await statuses(store))[1] == "parked"
    work = await store.accept([wrote(clock, number=2)], says())
    assert [send.content["text"] for send in work.sends] == ["2"]


async def test_a_receipt_overtaken_by_its_refusal_does_not_make_a_parked_reply_sent(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1")))
    (send,) = work.sends
    await store.settle([Outcome(send, "sent", "p1")])
    await store.accept([receipt(send.id, "failed", clock, "p1", code=131047,
                                closes_window=True)], counts)
    await store.accept([receipt(send.id, "sent", clock, "p1")], counts)
    assert await statuses(store) == ["parked"]
    work = await store.accept([wrote(clock, number=2)], says())
    assert [one.content["text"] for one in work.sends] == ["1"]


async def test_an_unknown_outcome_waits_for_its_receipt_and_is_not_sent_again(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1"), text("2")))
    (send,) = work.sends
    work = await store.settle([Outcome(send, "unknown")])
    assert work.sends == []
    assert await statuses(store) == ["unknown", "queued"]
    work = await store.accept([receipt(send.id, "delivered", clock)], counts)
    assert [one.content["text"] for one in work.sends] == ["2"]
    assert (await statuses(store))[0] == "delivered"


async def test_without_a_receipt_a_reply_is_sent_again_and_a_once_message_is_held(
        store: Store, clock: Clock, database: Database) -> None:
    def due() -> object:
        async def unit(tx: object) -> int:
            return await tx.run("wait_again", 0)  # type: ignore[attr-defined,no-any-return]
        return unit

    work = await store.accept([wrote(clock)], says(text("1")))
    await store.settle([Outcome(work.sends[0], "unknown")])
    assert (await store.claim_sends()).sends == []
    await database.write(due())  # type: ignore[arg-type]
    (again,) = (await store.claim_sends()).sends
    assert (again.content["text"], again.attempts, again.epoch) == ("1", 2, 2)
    await store.settle([Outcome(again, "sent", "p1")])

    work = await store.accept([wrote(clock, number=2)], says(text("code"), text("next"), once=True))
    await store.settle([Outcome(work.sends[0], "unknown")])
    await database.write(due())  # type: ignore[arg-type]
    assert [send.content["text"] for send in (await store.claim_sends()).sends] == ["next"]
    held = (await thread(store))[1]
    assert held.status == "held"
    assert "Nobody knows" in held.reason


async def test_an_old_claim_settles_nothing(store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1")))
    (stale,) = work.sends
    await store.settle([Outcome(stale, "retry", not_before=0)])
    (fresh,) = (await store.claim_sends()).sends
    await store.settle([Outcome(stale, "failed", error="zombie")])
    assert await statuses(store) == ["sending"]
    await store.settle([Outcome(fresh, "sent", "p1")])
    assert await statuses(store) == ["sent"]


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
async def test_a_status_never_goes_back(store: Store, clock: Clock, order: tuple[str, ...]) -> None:
    work = await store.accept([wrote(clock)], says(text("1")))
    await store.settle([Outcome(work.sends[0], "sent", "wamid.out")])
    best = "sent"
    ranks = ["sent", "delivered", "read"]
    for status in (*order, *order, "failed"):
        await store.accept([receipt(None, status, clock)], counts)
        if status != "failed":
            best = max(best, status, key=ranks.index)
        assert await statuses(store) == [best]


async def test_a_receipt_that_comes_before_the_answer_is_applied_when_the_send_is_settled(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1")))
    await store.accept([receipt(None, "delivered", clock, "wamid.7")], counts)
    assert (await store.desk.events(kind="receipt")).rows[0].state == "kept"
    await store.settle([Outcome(work.sends[0], "sent", "wamid.7")])
    assert await statuses(store) == ["delivered"]
    assert (await store.desk.events(kind="receipt")).rows[0].state == "done"


async def test_a_receipt_of_another_channel_or_a_made_up_tag_moves_nothing(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1")))
    await store.settle([Outcome(work.sends[0], "sent", "wamid.7")])
    foreign = receipt(work.sends[0].id, "read", clock)
    await store.accept([type(foreign)("other", "wamid.7", "read", clock.now(),
                                      tag=work.sends[0].id)], counts)
    assert await statuses(store) == ["sent"]


async def test_what_stands_behind_a_picture_waits_for_its_delivery(
        store: Store, clock: Clock) -> None:
    picture = {"type": "image", "url": "https://shop.example/a.png"}
    work = await store.accept([wrote(clock)], says(picture, text("2")))
    (send,) = work.sends
    work = await store.settle([Outcome(send, "sent", "p1")])
    assert work.sends == []
    work = await store.accept([receipt(send.id, "delivered", clock)], counts)
    assert [one.content["text"] for one in work.sends] == ["2"]


async def test_after_a_takeover_no_bot_message_is_started(
        store: Store, clock: Clock, database: Database) -> None:
    agent = await store.desk.add_agent("kim", "Kim", "x")
    work = await store.accept(
        [wrote(clock)], says(text("1"), text("2"), owner="queue",
                             ticket=TicketChange("open", queue="support")))
    (on_the_wire,) = work.sends
    sends = await happen(store, clock, says(text("Kim here"), owner=f"agent:{agent.id}",
                                            origin=f"agent:{agent.id}",
                                            ticket=TicketChange("take", agent=agent.id)), "agent")
    assert sends == []  # the one on the wire is finished first
    work = await store.settle([Outcome(on_the_wire, "sent", "p1")])
    assert [send.content["text"] for send in work.sends] == ["Kim here"]
    assert await statuses(store) == ["sent", "suppressed", "sending"]


async def test_after_stop_only_what_answers_it_leaves(store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock)], says(text("1"), text("2")))
    (on_the_wire,) = work.sends
    await store.accept([wrote(clock, number=2, text="stop")],
                       says(text("You will hear no more of us."), contact={"opted_out": True}))
    work = await store.settle([Outcome(on_the_wire, "sent", "p1")])
    assert [send.content["text"] for send in work.sends] == ["You will hear no more of us."]
    assert (await statuses(store))[1] == "suppressed"


async def test_a_restart_leaves_what_was_on_the_wire_in_doubt(
        store: Store, clock: Clock, database: Database) -> None:
    work = await store.accept([wrote(clock)], says(text("1")))
    assert await store.adopt() == 1
    assert await statuses(store) == ["unknown"]
    assert (await store.claim_sends()).sends == []
    await store.accept([receipt(work.sends[0].id, "sent", clock)], counts)
    assert await statuses(store) == ["sent"]
    assert await rows(database, "select doubt from message where direction = 'out'") == [(1,)]


async def test_a_paced_message_waits_for_its_place(
        database: Database, clock: Clock, eventually: Eventually) -> None:
    free = iter([0, 20, 20])
    store = Store(database, clock, pace=lambda channel, conversation: next(free, 0))
    work = await store.accept([wrote(clock, "491"), wrote(clock, "492")], says(text("1")))
    assert [send.to[0].value for send in work.sends] == ["491"]
    left: list[str] = []

    async def has_left() -> bool:
        left.extend(send.to[0].value for send in (await store.claim_sends()).sends)
        return bool(left)

    await eventually(has_left)
    assert left == ["492"]
    assert next(free, "asked") == "asked"


async def test_the_reminder_falls_due_once_and_a_new_message_arms_it_again(
        store: Store, clock: Clock) -> None:
    await store.accept([wrote(clock)], counts)
    clock.advance(23 * HOUR - MINUTE)
    assert not (await store.fire()).waiting
    clock.advance(MINUTE)
    assert (await store.fire()).waiting
    assert not (await store.fire()).waiting
    (conversation,) = await store.ready(10)
    event = await store.begin(conversation)
    assert event is not None
    await store.take_turn(conversation, event[0], says())
    await store.accept([wrote(clock, number=2)], counts)
    due = await store.next_due()
    assert due == pytest.approx(clock.now() + 23 * HOUR, abs=5_000)


async def test_a_ticket_whose_window_closes_stands_at_the_top_of_the_queue(
        store: Store, clock: Clock) -> None:
    def opens(priority: str) -> object:
        def step(snapshot: Snapshot, event: Event) -> Decision:
            return Decision({}, Journal("command"), owner="queue",
                            ticket=TicketChange("open", queue="support", priority=priority),
                            remind_at=snapshot.last_inbound_at + 23 * HOUR)
        return step

    await store.accept([wrote(clock, "491")], opens("normal"))
    clock.advance(2 * HOUR)
    await store.accept([wrote(clock, "492")], opens("urgent"))
    assert [row.phone for row in (await store.desk.queue()).rows] == ["492", "491"]
    clock.advance(21 * HOUR)
    await store.fire()
    top = (await store.desk.queue()).rows[0]
    assert (top.phone, top.closing) == ("491", True)
    assert top.window_until - clock.now() == pytest.approx(HOUR, abs=5_000)


async def test_a_timer_fires_once_and_a_disarmed_one_never(store: Store, clock: Clock) -> None:
    armed = says(timers={"timeout": (clock.now() + HOUR, "v1")})
    await store.accept([wrote(clock, "491"), wrote(clock, "492")], armed)
    await store.accept([wrote(clock, "492", 2)], says())
    clock.advance(HOUR)
    await store.fire()
    await store.fire()
    assert len(await store.ready(10)) == 1
    kinds = [row.kind for row in (await store.desk.events(kind="timer")).rows]
    assert kinds == ["timer"]


async def test_who_waits_behind_a_retry_keeps_nobody_else_waiting(
        store: Store, clock: Clock) -> None:
    work = await store.accept([wrote(clock, who="49111")], says(text("1"), text("2")))
    await store.settle([Outcome(work.sends[0], "retry", not_before=real_now() + 60_000)])
    work = await store.accept([wrote(clock, who="49222")], says(text("other")))
    await store.settle([Outcome(work.sends[0], "retry", not_before=real_now() - 1)])
    assert [send.content["text"] for send in (await store.claim_sends(limit=1)).sends] == ["other"]


async def test_a_reaction_leaves_for_the_message_that_the_provider_knows(
        store: Store, clock: Clock) -> None:
    def likes(snapshot: Snapshot, event: Event) -> Decision:
        return Decision({}, Journal("answer"), replies=[
            Reply({"type": "reaction", "emoji": "👍", "to": event.id})])

    work = await store.accept([wrote(clock, external_id="wamid.theirs")], likes)
    assert work.sends[0].content["to"] == "wamid.theirs"
    await store.settle([Outcome(work.sends[0], "sent", "p1")])
    assert [send.content["to"] for send in await happen(store, clock, likes)] == ["wamid.theirs"]


@pytest.mark.parametrize("released_again", [False, True])
async def test_what_was_sent_has_left_though_it_was_taken_for_lost_meanwhile(
        store: Store, clock: Clock, database: Database, released_again: bool) -> None:
    (send,) = (await store.accept([wrote(clock)], counts)).sends
    await store.put_back(lambda *_: True)
    if released_again:
        assert [again.id for again in (await store.claim_sends()).sends] == [send.id]
    await store.settle([Outcome(send, "sent", "wamid.1")])
    assert await rows(database, "select count(*) from outbox") == [(0,)]
    assert await rows(database, "select status, doubt from message where direction = 'out'"
                      ) == [("sent", 0)]


async def test_a_doubt_waits_on_over_restarts_only_for_as_long_as_nobody_was_there(
        tmp_path: Path, clock: Clock) -> None:
    """A process that is killed every second must not wait for ever."""
    async def waits(database: SQLite) -> int:
        ((until,),) = await rows(database, "select not_before from outbox")
        return int(until) - real_now()

    database = await SQLite.open(tmp_path / "again.db", clock)
    store = Store(database, clock, unknown_after=60_000)
    work = await store.accept([wrote(clock)], says(text("1")))
    await store.settle([Outcome(work.sends[0], "unknown")])
    await store.claim_sends()
    for heard_for in (20_000, 30_000):  # as if it had lived and been away for so long
        await database.write(lambda tx, ms=heard_for: tx.run("wait_on", -ms, 1 << 60))  # type: ignore[misc]
        before = await waits(database)
        await store.adopt()
        assert before - 1_000 <= await waits(database) <= before + 5_000
    await database.write(lambda tx: tx.run("beat", str(real_now() - 86_400_000)))
    await store.adopt()
    assert 55_000 < await waits(database) <= 60_000  # a day away: the whole time anew
    await database.close()
