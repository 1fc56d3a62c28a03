from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from storing import rows, wrote

from bot.clock import Clock
from bot.metrics import Counts
from bot.model import Address, Decision, Event, Journal, Json, Reply, Snapshot
from bot.outbox import Outbox
from bot.pace import Pacer
from bot.store.base import Database
from bot.store.store import Store


class Slow:
    """A channel whose provider answers when the test lets it."""

    name = "main"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers = asyncio.Event()

    async def send(self, to: Sequence[Address], content: Json, tag: str) -> str:
        self.sent.append(content["text"])
        await self.answers.wait()
        return f"wamid.{len(self.sent)}"


def three(snapshot: Snapshot, event: Event) -> Decision:
    return Decision({}, Journal("answer"), owner=snapshot.owner,
                    replies=[Reply({"type": "text", "text": text}) for text in "abc"])


def outbox(store: Store, channel: Slow) -> Outbox:
    return Outbox(store, {"main": channel}, Pacer({}), {}, Counts())  # type: ignore[dict-item]


async def states(database: Database) -> list[tuple[str, int]]:
    return await rows(database, "select state, (select doubt from message where id = o.id) "
                                "from outbox o order by id")  # type: ignore[return-value]


async def test_at_the_end_what_is_on_the_wire_is_finished_and_the_rest_stays_queued(
        store: Store, clock: Clock, database: Database,
        eventually: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]) -> None:
    channel = Slow()
    sending = outbox(store, channel)
    sending.start((await store.accept([wrote(clock)], three)).sends)

    async def begun() -> bool:
        return channel.sent == ["a"]

    await eventually(begun)
    ending = asyncio.create_task(sending.finish())
    await asyncio.sleep(0)
    channel.answers.set()
    await ending
    assert channel.sent == ["a"], "nothing is begun any more"
    assert await states(database) == [("queued", 0), ("queued", 0)]


async def test_at_the_end_what_the_provider_does_not_answer_stays_in_doubt(
        store: Store, clock: Clock, database: Database) -> None:
    channel = Slow()
    sending = outbox(store, channel)
    sending.start((await store.accept([wrote(clock)], three)).sends)
    await sending.finish(within=0.05)
    assert [state for state, _ in await states(database)] == ["sending", "queued", "queued"]
    channel.answers.set()


async def test_a_message_released_while_the_process_ends_waits_without_a_doubt(
        store: Store, clock: Clock, database: Database) -> None:
    await store.accept([wrote(clock)], three)  # whoever asked was cancelled: nobody sends it
    await outbox(store, Slow()).finish()
    assert await states(database) == [("queued", 0)] * 3
    assert await store.adopt() == 0


async def test_what_the_provider_does_not_answer_within_its_lease_is_given_up_and_in_doubt(
        database: Database, clock: Clock,
        eventually: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]) -> None:
    store = Store(database, clock, lease=200)
    sending = outbox(store, Slow())
    sending.start((await store.accept([wrote(clock)], three)).sends)

    async def in_doubt() -> bool:
        return await states(database) == [("unknown", 1), ("queued", 0), ("queued", 0)]

    await eventually(in_doubt)
    await sending.finish(within=1)
