"""What a person writes beyond `limits.flood` in a minute is kept, and answered as one message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from harness import Provider, delivery, message, shown, signed
from serving import say, served
from storing import counts, rows, wrote
from talking import Talk, flows
from tally import write

from bot.clock import Clock
from bot.model import CallRequest, Decision, Event, Snapshot
from bot.pace import Pacer
from bot.settings import Limits
from bot.store.base import Database, load
from bot.store.flood import LENGTH, MOST, PAUSE, joined
from bot.store.reading import of_file, of_postgres
from bot.store.store import Store
from bot.verify import Asked, verify

#: Messages that are answered one by one.
LIMIT = 3


@pytest.fixture
def store(database: Database, clock: Clock) -> Store:
    return Store(database, clock, flooded=Pacer({"main": Limits(flood=LIMIT)}).flooded)


def texts(first: int, last: int) -> list[str]:
    return [f"text {number}" for number in range(first, last + 1)]


async def flood(store: Store, clock: Clock, last: int, first: int = 1, **more: Any) -> None:
    for number in range(first, last + 1):
        await store.accept([wrote(clock, number=number, text=f"text {number}", **more)], counts)


async def pauses(database: Database) -> None:
    """As if so much time had passed that everything could be taken up."""
    await write(database, "update inbox set lease_until = 0")
    await write(database, "update conversation set ready_at = 0 where ready_at is not null")


async def drain(store: Store, step: Callable[[Snapshot, Event], Decision] = counts) -> int:
    taken = 0
    for conversation in await store.ready(100):
        while (event := await store.begin(conversation)) is not None:
            await store.take_turn(conversation, event[0], step)
            taken += 1
    return taken


async def heard(database: Database) -> list[str]:
    ((state,),) = await rows(database, "select state from conversation")
    return list(load(state).get("seen", []))


async def test_what_is_too_much_is_one_event_when_the_person_pauses(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, 9)
    assert await drain(store) == 0
    assert await heard(database) == texts(1, LIMIT)
    await pauses(database)
    assert await drain(store) == 1
    assert await heard(database) == [*texts(1, LIMIT), "\n".join(texts(4, 9))]
    assert await drain(store) == 0
    assert await rows(database, "select direction, count(*) from message group by direction "
                                "order by direction") == [("in", 9), ("out", LIMIT + 1)]
    assert await rows(database, "select rule, item, count(*) from turn group by rule, item "
                                "order by rule") == [("answer", "", LIMIT + 1),
                                                     ("ignored", "flood", 5)]


async def test_a_store_with_a_flood_is_as_the_guarantee_says(
        store: Store, clock: Clock, database: Database, tmp_path: Path,
        request: pytest.FixtureRequest) -> None:
    asked = Asked(clock.now(), clock.now())
    async with (of_postgres(request.getfixturevalue("postgres_url")) if database.shared else
                of_file(tmp_path / "bot.db")) as read:
        await flood(store, clock, 9)
        assert (await verify(read, asked)).violations == []
        await pauses(database)
        await drain(store)
        assert (await verify(read, asked)).violations == []


async def test_the_worker_looks_again_after_the_pause_and_not_before(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 1)
    ((ready, made),) = await rows(
        database, "select v.ready_at, i.lease_until from conversation v join inbox i "
                  "on i.conversation = v.id")
    assert ready == made
    await flood(store, clock, LIMIT + 2, LIMIT + 2)
    ((until,),) = await rows(database, "select lease_until from inbox")
    assert until >= made
    await write(database, "update conversation set ready_at = 0")
    assert await drain(store) == 0
    assert await rows(database, "select ready_at from conversation") == [(until,)]


async def test_a_flood_that_does_not_end_is_answered_when_the_minute_is_over(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 1)
    ((first,),) = await rows(database, "select lease_until - 3000 from inbox")
    assert PAUSE == 3_000
    await write(database, "update inbox set payload = replace(payload, "
                          f"'{first + 60_000}', '{first + 10}')")
    await flood(store, clock, LIMIT + 2, LIMIT + 2)
    assert await rows(database, "select lease_until from inbox") == [(first + 10,)]


async def test_the_same_messages_again_change_nothing(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, 9)
    await flood(store, clock, 9)
    await pauses(database)
    await drain(store)
    await flood(store, clock, 9)
    await pauses(database)
    assert await drain(store) == 0
    assert await heard(database) == [*texts(1, LIMIT), "\n".join(texts(4, 9))]


async def test_all_at_once_are_one_event_in_their_order(
        store: Store, clock: Clock, database: Database) -> None:
    batch = [wrote(clock, number=number, text=f"text {number}") for number in range(1, 31)]
    await store.accept(batch[:2], counts)
    await asyncio.gather(*(store.accept([one], counts) for one in batch[2:]))
    await pauses(database)
    while await drain(store):
        await pauses(database)
    said = [line for text in await heard(database) for line in text.split("\n")]
    assert sorted(said) == sorted(texts(1, 30))
    order = await rows(database, "select content from message where direction = 'in' order by id")
    assert said == [content.split('"text":"')[1][:-2] for (content,) in order]


async def test_what_happens_in_between_keeps_its_place(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 2)
    ((conversation,),) = await rows(database, "select id from conversation")
    await store.happen(conversation, Event("e", "timer", clock.now(), {"name": "n", "token": ""}),
                       counts)
    await flood(store, clock, LIMIT + 4, LIMIT + 3)
    await pauses(database)
    assert await drain(store) == 3
    assert await heard(database) == [*texts(1, LIMIT), "text 4\ntext 5", "timer", "text 6\ntext 7"]


async def test_who_wants_to_act_does_not_wait_for_the_pause(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 2)
    ((conversation,),) = await rows(database, "select id from conversation")
    assert await store.begin(conversation) is None
    tried = await store.begin(conversation, at_once=True)
    assert tried is not None
    assert await store.begin(conversation, at_once=True) is None, "another has it in hand"
    await flood(store, clock, LIMIT + 3, LIMIT + 3)
    await store.take_turn(conversation, tried[0], counts)
    assert await heard(database) == [*texts(1, LIMIT), "text 4\ntext 5"]
    await pauses(database)
    await drain(store)
    assert await heard(database) == [*texts(1, LIMIT), "text 4\ntext 5", "text 6"]


async def test_a_process_that_ends_in_between_loses_nothing(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 2)
    after = Store(database, clock, flooded=Pacer({"main": Limits(flood=LIMIT)}).flooded)
    if not database.shared:
        await after.adopt()
        assert await drain(after) == 1
    else:
        await pauses(database)
        ((conversation,),) = await rows(database, "select id from conversation")
        assert await after.begin(conversation) is not None  # and ends here
        await pauses(database)
        assert await drain(after) == 1
    assert await heard(database) == [*texts(1, LIMIT), "text 4\ntext 5"]


async def test_while_a_call_runs_a_flood_waits_for_its_result(
        store: Store, clock: Clock, database: Database) -> None:
    def calls(snapshot: Snapshot, event: Event) -> Decision:
        decision = counts(snapshot, event)
        decision.busy = event.payload.get("text") == f"text {LIMIT}"
        if decision.busy:
            decision.calls.append(CallRequest("k", "orders.find", {}))
        return decision

    for number in range(1, LIMIT + 3):
        await store.accept([wrote(clock, number=number, text=f"text {number}")], calls)
    await pauses(database)
    assert await drain(store) == 0
    ((conversation,),) = await rows(database, "select id from conversation")
    await store.end_call(conversation, {"key": "k", "ok": True, "value": 1}, counts)
    await pauses(database)
    assert await drain(store) == 1
    assert await heard(database) == [*texts(1, LIMIT), "result", "text 4\ntext 5"]


async def test_a_flood_whose_turn_fails_is_put_aside_and_tried_again_whole(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 2)
    ((conversation,),) = await rows(database, "select id from conversation")
    for attempt in range(5):
        await pauses(database)
        tried = await store.begin(conversation)
        assert tried is not None
        await store.failed(conversation, tried[0], "broken", attempt + 1)
        await flood(store, clock, LIMIT + 3 + attempt, LIMIT + 3 + attempt)
    await pauses(database)
    await drain(store)
    assert await heard(database) == [*texts(1, LIMIT), "\n".join(texts(6, 10))]
    (letter,) = (await store.dead.listed()).rows
    await store.dead.retry(letter.id, "kim")
    assert await drain(store) == 1
    assert (await heard(database))[-1] == "text 4\ntext 5"


async def test_one_is_no_longer_than_can_be_read_at_once(
        store: Store, clock: Clock, database: Database) -> None:
    await flood(store, clock, LIMIT + 1)
    await write(database, f"update inbox set payload = replace(payload, '\"count\":1', "
                          f"'\"count\":{MOST - 1}')")
    await flood(store, clock, LIMIT + 3, LIMIT + 2)
    assert await rows(database, "select count(*) from inbox where kind = 'message'") == [(2,)]


def test_texts_are_joined_and_the_oldest_give_way() -> None:
    assert joined([{"type": "text", "text": "a"}, {"type": "text", "text": " b "}]) == {
        "type": "text", "text": "a\nb", "together": ["a", "b"]}
    long = joined([{"type": "text", "text": f"{n:04}" * 25} for n in range(100)])
    assert len(long["text"]) <= LENGTH
    assert long["text"].endswith("0099")
    assert long["text"].startswith(f"{60:04}")
    assert len(joined([{"type": "text", "text": "x" * 9_000}])["text"]) == LENGTH


def test_the_last_picture_counts_with_all_that_was_written() -> None:
    def picture(id_: str, **more: Any) -> dict[str, Any]:
        return {"type": "image", "media": {"id": id_, "mime_type": "image/png"}, **more}

    assert joined([picture("1", text="front"), {"type": "text", "text": "back"}, picture("2")]) == {
        **picture("2"), "text": "front\nback", "together": ["front", "back"]}
    assert joined([picture("1"), picture("2")]) == {**picture("2"), "together": []}
    place = {"type": "location", "latitude": 1.0, "longitude": 2.0}
    assert joined([place, {"type": "reaction", "emoji": "x", "to": "y"}]) == {
        **place, "together": []}
    assert joined([place, {"type": "text", "text": "here"}])["type"] == "text"


def test_taps_count_as_what_they_say_beside_words_and_else_the_last_of_them() -> None:
    def tap(id_: str) -> dict[str, Any]:
        return {"type": "tap", "id": id_, "title": f"Choice {id_}"}

    assert joined([tap("1"), tap("2")]) == {**tap("2"), "together": ["Choice 1", "Choice 2"]}
    assert joined([tap("1"), {"type": "text", "text": "quick"}])["text"] == "Choice 1\nquick"


def test_what_is_no_answer_is_handled_as_what_it_is() -> None:
    reaction = {"type": "reaction", "emoji": "x", "to": "y"}
    assert joined([reaction, reaction]) == {**reaction, "together": []}
    assert joined([{"type": "text", "text": "a"}, reaction])["text"] == "a"


def test_stop_is_honoured_among_others(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, "flow: f\ntitle: F\ntriggers: {keywords: [begin]}\n"
                                "slots: {what: {type: text}}\n"
                                "steps: {a: {say: What?, ask: what}, b: {end: done}}\n"))
    talk.says("begin").happens("message", joined(
        [{"type": "text", "text": text} for text in ("one", "STOP", "two")]))
    assert (talk.rule, talk.contact.opted_out) == ("command", True)
    talk.happens("message", joined([{"type": "text", "text": text} for text in ("a", "b")]))
    assert talk.contact.opted_out
    talk.happens("message", joined(
        [{"type": "text", "text": text} for text in ("start", "thanks")]))
    assert not talk.contact.opted_out


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_who_floods_gets_one_answer_to_it_and_goes_on(
        project: Path, sink: Provider, clock: Clock, kind: str,
        request: pytest.FixtureRequest) -> None:
    text = project.read_text("utf-8")
    project.write_text(text.replace("flood: off", f"flood: {LIMIT}"), "utf-8")
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    async with served(project, sink, clock, url) as (frontdesk, address), \
            aiohttp.ClientSession() as session:
        await say(address, sink, 1, "return")
        await say(address, sink, 2, "A1234")
        await say(address, sink, 3, "damaged")
        for number in range(4, 14):
            body = delivery(message("491", number, f"word {number}"))
            async with session.post(f"{address}/webhooks/main", data=body,
                                    headers=signed(body)) as answer:
                assert answer.status == 200
        sends = sink.ledger.sends["491"]
        async with asyncio.timeout(15), sink.ledger.came:
            await sink.ledger.came.wait_for(lambda: len(sends) > 3)
        (row,) = (await frontdesk.store.desk.conversations()).rows
        thread = (await frontdesk.store.desk.transcript(row.id)).rows
        assert [one.content["text"] for one in thread if one.direction == "in"][3:] == [
            f"word {number}" for number in range(4, 14)]
        assert len(sends) == 4, [shown(one) for one in sends]
