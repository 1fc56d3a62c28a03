from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from storing import counts, rows, wrote

from bot.clock import Clock
from bot.errors import BotError
from bot.model import Decision, Event, Notice, Snapshot
from bot.store.base import Database
from bot.store.store import Store
from bot.store.turns import ATTEMPTS


def refuses(*words: str) -> Callable[[Snapshot, Event], Decision]:
    """A bot that counts, and breaks at these words."""

    def step(snapshot: Snapshot, event: Event) -> Decision:
        if event.payload.get("text") in words:
            raise ValueError(f"can't stand {event.payload['text']}")
        return counts(snapshot, event)

    return step


async def handle(store: Store, conversation: str, step: Any) -> None:
    """What the worker of the inbox does, without its pauses between attempts."""
    while (tried := await store.begin(conversation)) is not None:
        event, before = tried
        try:
            await store.take_turn(conversation, event, step)
        except ValueError as error:
            await store.failed(conversation, event, repr(error), before + 1)
            return


async def bury(store: Store, clock: Clock, text: str, number: int = 1) -> str:
    """A message whose turn fails until it is put aside; its conversation."""
    await store.accept([wrote(clock, number=number, text=text)], None)
    page = await store.desk.conversations()
    conversation = page.rows[0].id
    for _ in range(ATTEMPTS):
        await handle(store, conversation, refuses(text))
    return conversation


async def seen(database: Database) -> str:
    return str((await rows(database, "select state from conversation"))[0][0])


async def test_an_event_put_aside_is_listed_with_its_error_and_attempts(
        store: Store, clock: Clock) -> None:
    conversation = await bury(store, clock, "poison")
    assert await store.dead.count() == 1
    (letter,) = (await store.dead.listed()).rows
    assert (letter.conversation, letter.kind, letter.text, letter.attempts) == (
        conversation, "message", "poison", ATTEMPTS)
    assert "can't stand poison" in letter.error
    assert letter.contact_name == "Ana"
    assert letter.at <= clock.now()


async def test_a_dead_letter_tried_again_comes_before_what_still_waits_and_behind_what_is_done(
        store: Store, database: Database, clock: Clock) -> None:
    conversation = await bury(store, clock, "poison")
    await store.accept([wrote(clock, number=2, text="done")], counts)
    await store.accept([wrote(clock, number=3, text="waits")], None)
    (letter,) = (await store.dead.listed()).rows
    assert await store.dead.retry(letter.id, "command line") == conversation
    assert conversation in await store.ready(10)
    await handle(store, conversation, counts)
    assert await seen(database) == '{"seen":["done","poison","waits"]}'
    assert await store.dead.count() == 0
    assert (await rows(database, "select waiting from conversation"))[0][0] == 0
    assert (await rows(database, "select who, detail from audit where what = 'dead letter retried'"
                       )) == [("command line", letter.id)]


async def test_a_dead_letter_that_fails_again_is_tried_as_often_as_before(
        store: Store, clock: Clock) -> None:
    conversation = await bury(store, clock, "poison")
    (letter,) = (await store.dead.listed()).rows
    await store.dead.retry(letter.id, "command line")
    for attempt in range(ATTEMPTS):
        assert await store.dead.count() == 0, attempt
        await handle(store, conversation, refuses("poison"))
    assert (await store.dead.listed()).rows[0].id == letter.id


async def test_a_skipped_dead_letter_changes_nothing_and_stays_in_the_transcript(
        store: Store, database: Database, clock: Clock) -> None:
    conversation = await bury(store, clock, "poison")
    (letter,) = (await store.dead.listed()).rows
    await store.dead.skip(letter.id, "agent:1")
    assert await store.dead.count() == 0
    assert await store.ready(10) == [] or await store.begin(conversation) is None
    assert [row.content["text"] for row in (await store.desk.transcript(conversation)).rows] == [
        "poison"]
    (event,) = (await store.desk.events()).rows
    assert (event.state, event.became) == ("done", "ignored skipped")
    assert (await rows(database, "select who, object, detail from audit "
                       "where what = 'dead letter skipped'")) == [
        ("agent:1", conversation, letter.id)]
    with pytest.raises(BotError, match="no dead letter"):
        await store.dead.skip(letter.id, "agent:1")
    with pytest.raises(BotError, match="no dead letter"):
        await store.dead.retry(letter.id, "agent:1")


async def test_what_nobody_could_read_is_listed_and_can_only_be_skipped(
        store: Store, clock: Clock) -> None:
    await store.accept([Notice("main", "malformed.message", '{"id": 7}', "no id"),
                        Notice("main", "field.account_update", "{}", "")], counts)
    (letter,) = (await store.dead.listed()).rows
    assert (letter.kind, letter.conversation, letter.raw) == (
        "malformed.message", None, '{"id": 7}')
    with pytest.raises(BotError, match="can't be read"):
        await store.dead.retry(letter.id, "command line")
    await store.dead.skip(letter.id, "command line")
    assert await store.dead.count() == 0
    assert "skipped.message" in [row.kind for row in (await store.desk.events()).rows]


async def test_dead_letters_come_by_the_page(store: Store, clock: Clock) -> None:
    for number in range(1, 4):
        await bury(store, clock, "poison", number)
    first = await store.dead.listed(limit=2)
    second = await store.dead.listed(after=first.next, limit=2)
    assert len(first.rows) == 2
    assert len(second.rows) == 1
    assert second.next is None
    assert len({row.id for row in (*first.rows, *second.rows)}) == 3
