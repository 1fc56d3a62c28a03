"""A flow is changed while a thousand people stand in it, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import SHIPPED, SUPPORT

from bot import publishing, router
from bot.clock import DAY, Clock
from bot.errors import BotError, UnknownVersion
from bot.flow.flows import FlowOptions, Flows
from bot.flow.lint import CheckOptions
from bot.flow.load import Loaded, load
from bot.model import Address, Decision, Event, Incoming, Snapshot
from bot.publishing import Published
from bot.serving import DEMO, RELOAD, START, Serving
from bot.store.base import Database
from bot.store.store import Store
from bot.store.versions import FRESH, LAST

PEOPLE = 1_000
ORDER = """flow: order
title: Order something
triggers: {keywords: [order]}
slots:
  what: {type: text, label: What}
  size: {type: choice, label: Size}
  count: {type: text, label: Count}
steps:
  ask_what:
    say: What shall it be?
    ask: what
  ask_size:
    say: Which size?
    choices: {small: {label: Small}, large: {label: Large}}
    save: size
  ask_count:
    say: How many?
    ask: count
  check:
    review: [what, size, count]
  thanks:
    say: Anything to add?
    ask: what
  bye:
    say: Bye.
    end: done
"""
#: What leads on from each step.
ANSWERS = {"ask_what": "shoes", "ask_size": "small", "how_large": "small", "ask_count": "3",
           "check": "confirm", "thanks": "no", "when": "soon"}
STEPS = ("ask_what", "ask_size", "ask_count", "check", "thanks")


class House:
    """A process: it serves what is published, and customers write to it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.serving = Serving(store.versions, FlowOptions(key=b"k" * 32, queues={
            "support": SUPPORT}, idle_ms=1 << 50), self.read)
        self.serving.changed = self.take
        self.flows: Flows
        self.decisions: dict[str, Decision] = {}  #: of each person, by phone, the last one
        self.sent = 0

    def read(self) -> Loaded:
        return load(self.folder, self.folder / "templates",
                    CheckOptions("en", frozenset(), frozenset({"support"}), {}), standard=SHIPPED)

    def take(self, flows: Flows) -> None:
        self.flows = flows

    async def start(self) -> House:
        loaded = self.read()
        assert not loaded.errors, loaded.errors
        self.flows = await self.serving.start(loaded)
        return self

    def write(self, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "order.yaml").write_text(text, "utf-8")

    def step(self, snapshot: Snapshot, event: Event) -> Decision:
        decision = router.decide(self.flows, snapshot, event)
        self.decisions[snapshot.contact.phone or ""] = decision
        return decision

    async def say(self, texts: dict[str, str]) -> None:
        """Each person writes a message."""
        items = []
        for phone, text in texts.items():
            self.sent += 1
            items.append(Incoming("main", f"wamid.{id(self)}.{self.sent}",
                                  (Address("phone", phone),), {"type": "text", "text": text},
                                  1 << 50))
        for start in range(0, len(items), 50):
            while True:
                try:
                    await self.store.accept(items[start:start + 50], self.step)
                    break
                except UnknownVersion as missing:
                    (found,) = await self.store.versions.sources(
                        [(missing.flow, missing.version)])
                    self.flows.add_version(*found)

    async def spread(self, number: int) -> None:
        """So many people stand at the steps of the flow, as many at each."""
        phones = [f"49151{place:06}" for place in range(number)]
        for place, text in enumerate(["order", *(ANSWERS[step] for step in STEPS[:-1])]):
            await self.say({phone: text for index, phone in enumerate(phones)
                            if index % len(STEPS) >= place})
        assert self.places() == dict.fromkeys(STEPS, number // len(STEPS))

    def places(self) -> dict[str, int]:
        return dict(Counter(decision.place.step for decision in self.decisions.values()
                            if decision.place is not None))

    async def finish(self) -> None:
        """Everybody answers what is asked, until the flow is over for all."""
        for _ in range(12):
            texts = {phone: ANSWERS[decision.place.step]
                     for phone, decision in self.decisions.items() if decision.place is not None}
            if not texts:
                break
            await self.say(texts)
        assert self.places() == {}
        outcomes = Counter(decision.journal.outcome for decision in self.decisions.values())
        assert outcomes == {"done": len(self.decisions)}
        assert await self.store.versions.standing() == []

    async def publish(self, text: str, in_flight: str | None = None) -> None:
        """As `bot publish` does; the process hears of it."""
        self.write(text)
        loaded = self.read()
        assert not loaded.errors, loaded.errors
        published, found = await publishing.compared(self.store.versions, loaded)
        found = [replaced(one, in_flight) for one in found]
        await publishing.publish(self.store.versions, published, found,
                                 publishing.pieces(loaded), "test")
        await self.serving.look()

    async def back(self) -> None:
        versions = self.store.versions
        log = await versions.log()
        wanted = publishing.before_last(log, ["order"])
        specs = {name: self.flows.version(name, version or "").spec
                 for name, version in wanted.items()}
        moved = {"order": publishing.way_back(log, "order", wanted["order"])}
        published = Published.of(log)
        found = [replaced(one, "move") for one in await publishing.differences(
            versions, published, wanted, specs, moved)]
        await publishing.publish(versions, published, found, {}, "test")
        await self.serving.look()


def replaced(one: publishing.Difference, in_flight: str | None) -> publishing.Difference:
    from dataclasses import replace

    return replace(one, in_flight=in_flight or one.in_flight)


@pytest.fixture
async def house(store: Store, tmp_path: Path) -> House:
    made = House(store, tmp_path / "flows")
    made.write(ORDER)
    return await made.start()


TEXT = ORDER.replace("How many?", "How many pieces?").replace("Large}", "Large one}")
RULES = ORDER.replace("count: {type: text,", "count: {type: text, pattern: '[0-9]+',").replace(
    "  check:", "  when:\n    say: When?\n    ask: what\n  check:")
GONE = ORDER.replace("""  ask_size:
    say: Which size?
    choices: {small: {label: Small}, large: {label: Large}}
    save: size
""", "").replace("size: {type: choice, label: Size}", "size: {type: text, label: Size}").replace(
    "ask: count", "ask: count\n    set: {size: any}")
RENAMED = ORDER.replace("ask_size", "how_large").replace(
    "count: {type: text", "count: {type: integer") + "moved: {ask_size: how_large}\n"


@pytest.mark.parametrize(("text", "in_flight"), [
    (TEXT, None), (RULES, None), (GONE, "move"), (GONE, "finish"), (GONE, "restart"),
    (RENAMED, None)],
    ids=["text", "rules", "gone, move", "gone, finish", "gone, restart", "renamed, moved"])
async def test_who_is_in_a_flow_that_is_changed_reaches_its_end(
        house: House, text: str, in_flight: str | None) -> None:
    await house.spread(50)
    await house.publish(text, in_flight)
    standing = await house.store.versions.standing()
    assert {one.step: one.people for one in standing} == dict.fromkeys(STEPS, 10)
    await house.finish()


async def test_a_thousand_people_in_a_flow_that_is_changed_again_and_again_reach_its_end(
        house: House) -> None:
    await house.spread(PEOPLE)
    for text in (TEXT, RULES, RENAMED, GONE):
        await house.publish(text, "move")
        third = [phone for phone, decision in house.decisions.items() if decision.place][::3]
        await house.say(dict.fromkeys(third, "well"))
        done = sum(decision.journal.outcome == "done" for decision in house.decisions.values())
        standing = publishing.count(await house.store.versions.standing())
        assert standing == sum(house.places().values()) == PEOPLE - done
    await house.back()
    await house.finish()


async def test_after_going_back_nobody_is_lost_either(house: House) -> None:
    await house.spread(100)
    first = house.flows.current["order"].id
    await house.publish(RENAMED)
    half = list(house.decisions)[::2]
    await house.say(dict.fromkeys(half, "hm"))  # these have moved, the others have not
    await house.back()
    assert house.flows.current["order"].id == first
    await house.finish()
    assert {line.version for line in await house.store.versions.log()
            if line.flow == "order"} >= {first}


async def test_whatever_is_published_during_traffic_every_message_has_one_turn(
        database: Database, clock: Clock, tmp_path: Path) -> None:
    stores = [Store(database, clock, unknown_after=1_000) for _ in range(2)]
    houses = [House(store, tmp_path / "flows") for store in stores]
    houses[0].write(ORDER)
    for house in houses:
        await house.start()
    done = asyncio.Event()

    async def talk(house: House, own: int) -> None:
        phones = [f"4917{own}{place:05}" for place in range(20)]
        await house.say(dict.fromkeys(phones, "order"))
        while not done.is_set():
            await house.say({phone: ANSWERS[decision.place.step] if decision.place else "order"
                             for phone in phones if (decision := house.decisions[phone])})
            await house.serving.look()

    async def change() -> None:
        for text in (TEXT, GONE, RENAMED, RULES, ORDER, GONE, ORDER):
            await houses[0].publish(text, "move")
            await asyncio.sleep(0)
            await houses[1].serving.look()
        done.set()

    await asyncio.gather(*(talk(house, own) for own, house in enumerate(houses)), change())
    turns = await database.read(lambda tx: tx.all("turn_rows", "~", 100_000))
    messages = await database.read(lambda tx: tx.all("message_rows", "~", 100_000))
    assert turns == []  # they are listed with their messages
    assert len(messages) == sum(house.sent for house in houses)
    assert all(row[7] is not None and row[8] is None for row in messages)
    for house in houses:
        assert "failed" not in {one.journal.outcome for one in house.decisions.values()}


async def test_a_process_that_starts_publishes_what_is_new_and_goes_back_by_no_means(
        house: House, clock: Clock) -> None:
    versions = house.store.versions
    assert {line.flow for line in await versions.log()} == {"order", ""}
    before = await versions.last()
    await house.start()
    assert await versions.last() == before
    await house.spread(5)
    house.write(GONE)
    await house.start()
    log = await versions.log()
    assert (log[-1].in_flight, log[-1].who) == ("finish", "start")
    house.write(ORDER)
    await house.start()
    assert await versions.last() == log[-1].id  # what was published before is history
    await house.serving.reload(RELOAD)
    assert (await versions.log())[-1].version == house.flows.current["order"].id
    await house.finish()


async def test_mistakes_in_a_file_leave_the_old_version_serving(
        house: House, caplog: pytest.LogCaptureFixture) -> None:
    before = house.flows
    said: list[str] = []
    house.write(ORDER.replace("ask: what", "aks: what"))
    assert not await house.serving.reload(DEMO, said.append)
    assert house.flows is before
    assert "order.yaml:11" in said[0]
    assert "aks" in said[0]
    assert not await house.serving.reload(RELOAD)
    assert "flows not published" in caplog.text
    house.write(TEXT)
    assert await house.serving.reload(DEMO, said.append)
    assert said[-1] == "Published."
    assert house.flows.current["order"].id != before.current["order"].id


async def test_a_file_that_is_saved_is_served_a_moment_later(
        house: House, eventually: Callable[..., Any]) -> None:
    watching = asyncio.create_task(house.serving.watch((house.folder,), DEMO))
    before = house.flows.current["order"].id
    try:
        await asyncio.sleep(0)
        await eventually(lambda: _saved(house))
    finally:
        watching.cancel()
    assert house.flows.current["order"].id != before


async def _saved(house: House) -> bool:
    house.write(TEXT)  # again, until the watcher has had its first look
    return "pieces" in house.flows.current["order"].spec.source()


async def test_two_who_publish_at_once_are_told(house: House) -> None:
    versions = house.store.versions
    house.write(TEXT)
    loaded = house.read()
    published, found = await publishing.compared(versions, loaded)
    await publishing.publish(versions, published, found, publishing.pieces(loaded), "one")
    with pytest.raises(BotError, match="just now"):
        await publishing.publish(versions, published, found, publishing.pieces(loaded), "other")


async def test_a_flow_that_was_taken_away_is_finished_but_not_begun(house: House) -> None:
    await house.spread(5)
    (house.folder / "order.yaml").unlink()
    (house.folder / "other.yaml").write_text(
        "flow: other\ntitle: Other\ntriggers: {keywords: [other]}\nsteps:\n  a: {say: Hi., "
        "end: done}\n", "utf-8")
    await house.serving.reload(START)
    await house.finish()
    await house.say({"49151000000": "order"})
    assert house.decisions["49151000000"].place is None


async def test_versions_in_which_nobody_stands_are_dropped_in_time(
        house: House, clock: Clock) -> None:
    await house.spread(5)
    first = house.flows.current["order"].id
    for number in range(LAST + 3):
        await house.publish(ORDER.replace("Bye.", f"Bye {number}."), "move")
    versions = house.store.versions
    assert await versions.prune() == 0
    clock.advance(FRESH + DAY)
    assert await versions.prune() == 0  # five people are on their way from the first
    await house.finish()
    assert await versions.prune() == 4
    assert await versions.sources([("order", first)]) == []
    await house.serving.look()
    await house.start()
    await house.say({"49151000000": "order"})
    assert house.decisions["49151000000"].place is not None
