"""Who comes first when a person, the bot and agents act at once."""

from __future__ import annotations

import asyncio
import random

import pytest
from tally import FrontDesk

from bot.errors import Refused, StoreError
from bot.store.rows import Agent


async def agents(desk: FrontDesk) -> list[Agent]:
    return [await desk.store.desk.add_agent(name, name.title(), "x") for name in ("ann", "ben")]


async def act(desk: FrontDesk, conversation: str, agent: Agent, action: str, key: str,
              text: str = "") -> str:
    try:
        await desk.engine.act(conversation, agent, action, client_id=key, text=text)
    except Refused as refused:
        return str(refused)
    return ""


async def waiting_for_somebody(desk: FrontDesk, who: str, replies: int) -> str:
    """A conversation in the queue with so many replies of the bot not yet sent, one on the wire."""
    await desk.hear(who, "tally")
    for _ in range(replies):
        await desk.hear(who, "tally")
    return await desk.hear(who, "Delta")


async def test_after_a_takeover_no_message_of_the_bot_begins(counter: FrontDesk) -> None:
    """0 to 5 wait and one is on the wire; the provider answers before, during or after."""
    dice = random.Random(3)
    ann, _ = await agents(counter)
    for race in range(30):
        conversation = await waiting_for_somebody(counter, f"49{race}", race % 6)
        began: list[str] = []

        async def take(conversation: str = conversation, race: int = race,
                       began: list[str] = began) -> None:
            for _ in range(dice.randrange(6)):
                await asyncio.sleep(0)
            assert await act(counter, conversation, ann, "take", f"take{race}") == ""
            began += counter.wire.started

        async def provider() -> None:
            for _ in range(dice.randrange(8)):
                await asyncio.sleep(dice.choice((0, 0, 0.001)))
                for tag in list(counter.wire.waiting):
                    counter.wire.answer(tag, dice.choice(("taken", "refused", "taken")))

        await asyncio.gather(take(), provider())
        for _ in range(3):
            counter.engine.follow(await counter.store.claim_sends())
            await counter.settle()
            for tag in list(counter.wire.waiting):
                counter.wire.answer(tag, "taken")
        # What the release before the take had handed over may still have been on its way.
        late = counter.wire.started[len(began):]
        released = await counter.sql("select count(*) from outbox")
        assert len(late) <= 1
        assert released == [(0,)]
        states = [status for _, status in await counter.shown(conversation)]
        assert set(states) <= {"sent", "failed", "suppressed"}


async def test_two_agents_claim_and_one_has_it(counter: FrontDesk) -> None:
    """The other is told who; a double click and a retry after a break are one message."""
    ann, ben = await agents(counter)
    for race in range(25):
        conversation = await waiting_for_somebody(counter, f"49{race}", 0)
        said = await asyncio.gather(
            *(act(counter, conversation, who, "take", f"{who.login}{race}") for who in (ann, ben)))
        assert sorted(map(bool, said)) == [False, True]
        winner, loser = (ann, ben) if said[1] else (ben, ann)
        assert f"{winner.name} has this conversation." in said
        counter.database.breaks = ("before", "after", "")[race % 3]
        tries = [act(counter, conversation, winner, "reply", f"reply{race}", "Hello")
                 for _ in range(3)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert [r for r in results if r] == [r for r in results if isinstance(r, StoreError)]
        assert await act(counter, conversation, winner, "reply", f"reply{race}", "Hello") == ""
        # Given back while somebody types: who types is told, and nothing is sent in their name.
        assert await act(counter, conversation, winner, "return", f"return{race}") == ""
        late = await act(counter, conversation, loser, "reply", f"late{race}", "Typed before")
        assert "The bot has this conversation" in late
        await counter.settle()
        texts = [text for text, _ in await counter.shown(conversation)]
        assert texts.count("Hello") == 1
        assert "Typed before" not in texts


@pytest.mark.parametrize("breaks", ["", "before", "after"])
async def test_a_handoff_with_nobody_there_is_kept_once(
        counter: FrontDesk, breaks: str) -> None:
    """Broken inside, delivered again, the process killed: one ticket, one receipt, everything
    that was written is in the transcript."""
    conversation = await counter.hear("491", "tally")
    count = next(counter._ids)
    for _ in range(3):
        counter._ids = iter([count])  # type: ignore[assignment]
        counter.database.breaks, breaks = breaks, ""
        try:
            await counter.hear("491", "Delta")
        except StoreError:
            await counter.die()
    counter._ids = iter(range(count + 1, count + 9))  # type: ignore[assignment]
    await counter.hear("491", "anybody there?")
    await counter.die()
    await counter.handle()
    assert await counter.sql("select count(*), max(state) from ticket") == [(1, "waiting")]
    assert await counter.sql("select remind_at is not null from conversation") == [(True,)]
    rows = (await counter.store.desk.transcript(conversation)).rows
    assert [(row.direction, row.content["text"]) for row in rows] == [
        ("in", "tally"), ("out", "At 0."), ("in", "Delta"), ("out", "Somebody comes."),
        ("in", "anybody there?")]
    (ann, _) = await agents(counter)
    (ticket,) = (await counter.store.desk.queue()).rows
    assert await act(counter, ticket.conversation, ann, "take", "take") == ""
