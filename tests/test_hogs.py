"""Steps of a flow that want too much, and events that break a part of the program: alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from harness import Provider, delivery, message, shown, signed
from serving import say, served
from storing import rows, wrote
from talking import Talk, flows, read
from tally import write

from bot.clock import Clock
from bot.engine import Engine
from bot.feed import Feed
from bot.metrics import Counts
from bot.model import Decision, Event, Reply, Snapshot
from bot.router import decide
from bot.store.base import Database
from bot.store.store import Store

FLOW = """flow: hog{n}
title: Hog
triggers: {{keywords: [hog{n}]}}
slots: {{what: {{type: text{slot}}}}}
steps:
  ask: {{say: What?, ask: what}}
  hog: {step}
  done: {{say: Fine., end: done}}
"""
#: What the answer must fit, and the step behind it.
HOGS = [
    (", pattern: '(a+)+b'", "{say: hi}"),
    (", pattern: '(a|a|aa)+$x'", "{say: hi}"),
    (", pattern: '(.*a){60}b'", "{say: hi}"),
    (", pattern: '((x?){500}x{500})*y'", "{say: hi}"),
    (", check: \"answer | replace('a', answer) | replace('a', answer) | length < 3\"", "{say: hi}"),
    ("", "{say: \"{{ what | replace('a', what) | replace('a', what) }}\"}"),
    ("", "{say: \"{{ what ~ what ~ what | replace('a', what ~ what) }}\"}"),
    ("", "{set: {what: \"{{ (what | replace('a', 'aaaaaaaaaaaaaaaa'))"
         " | replace('a', 'aaaaaaaaaaaaaaaa') }}\"}}"),
    ("", "{set: {what: \"{{ what }}a\"}, goto: [{if: \"what | length > 5\", step: hog}, done]}"),
]
#: So much of the processor a step may have.
MOST = 1.0


def hog(n: int) -> str:
    slot, step = HOGS[n]
    return FLOW.format(n=n, slot=slot, step=step)


@pytest.mark.parametrize("n", range(len(HOGS)))
def test_a_step_that_wants_too_much_is_ended_and_a_person_helps_or_the_answer_is_refused(
        tmp_path: Path, n: int) -> None:
    talk = Talk(flows(tmp_path, hog(n))).says(f"hog{n}")
    began = time.thread_time()
    talk.says("a" * 4_000)
    assert time.thread_time() - began < MOST
    assert talk.decision is not None
    assert talk.rule == "refused" or (talk.owner == "queue" and talk.decision.incident)


@pytest.mark.parametrize("text", ["{{ 'x' * 10**9 }}", "{{ 10**10**7 }}", "{{ range(10**6) }}",
                                  "{% for i in range(1000000) %}{{ i }}{% endfor %}"])
def test_what_could_only_be_too_much_is_not_loaded(tmp_path: Path, text: str) -> None:
    began = time.thread_time()
    with pytest.raises(AssertionError, match=r"hog0\.yaml:\d+:\d+ error"):
        read(tmp_path, FLOW.format(n=0, slot="", step=f'{{say: "{text}"}}'))
    assert time.thread_time() - began < MOST


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_others_are_answered_while_steps_want_too_much(
        project: Path, sink: Provider, clock: Clock, kind: str,
        request: pytest.FixtureRequest) -> None:
    for n in range(len(HOGS)):
        (project.parent / "flows" / f"hog{n}.yaml").write_text(hog(n), "utf-8")
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    async with served(project, sink, clock, url) as (frontdesk, address), \
            aiohttp.ClientSession() as session:

        async def deliver(who: str, number: int, text: str) -> None:
            body = delivery(message(who, number, text))
            async with session.post(f"{address}/webhooks/main", data=body,
                                    headers=signed(body)) as answer:
                assert answer.status == 200

        for n in range(len(HOGS)):
            assert "What?" in await say(address, sink, 1, f"hog{n}", f"48{n}")
        hogs = [asyncio.create_task(deliver(f"48{n}", 2, "a" * 4_000)) for n in range(len(HOGS))]
        for n in range(20):
            assert "order number" in await say(address, sink, 1, "return", f"49{n}")
        await asyncio.gather(*hogs)
        async with asyncio.timeout(20), sink.ledger.came:
            await sink.ledger.came.wait_for(lambda: all(
                len(sink.ledger.sends[f"48{n}"]) > 1 for n in range(len(HOGS))))
        assert [shown(sink.ledger.sends[f"48{n}"][1]) for n in range(len(HOGS))]
        assert await frontdesk.store.dead.count() == 0


class Unwritable:
    """Nothing that can be kept."""


def no_template(decision: Decision) -> None:
    raise RecursionError("the template")


def no_matcher(decision: Decision) -> None:
    raise MemoryError("the matcher")


def no_state(decision: Decision) -> None:
    decision.state["what"] = Unwritable()


def no_reply(decision: Decision) -> None:
    decision.replies.append(Reply({"type": "text", "text": Unwritable()}))


def no_text(decision: Decision) -> None:
    decision.replies.append(Reply({"type": "text", "text": "\ud800"}))


class Ignored:
    """An outbox that sends nothing."""

    def start(self, sends: Any) -> None:
        self.sends = sends

    def show_read(self, *_: Any, **__: Any) -> None:
        pass


@pytest.mark.parametrize("breaks", [no_template, no_matcher, no_state, no_reply, no_text])
async def test_whatever_part_an_event_breaks_it_is_kept_and_put_aside_and_its_contact_goes_on(
        store: Store, clock: Clock, database: Database, tmp_path: Path,
        breaks: Callable[[Decision], None]) -> None:
    def step(snapshot: Snapshot, event: Event) -> Decision:
        decision = decide(engine.flows, snapshot, event)
        if event.payload.get("text") == "poison":
            breaks(decision)
        return decision

    engine = Engine(flows(tmp_path, hog(0)), store, Ignored(), Feed(), clock, Counts())
    engine.step = step  # type: ignore[method-assign]  # nothing of the program breaks by itself
    await engine.accept([wrote(clock, "491", 1, "hog0"), wrote(clock, "491", 2, "poison"),
                         wrote(clock, "492", 1, "hog0"), wrote(clock, "491", 3, "aaab")])
    for _ in range(8):
        await write(database, "update inbox set lease_until = 0")
        await write(database, "update conversation set ready_at = 0 where ready_at is not null")
        for conversation in await store.ready(10):
            await engine.drain(conversation)
    (letter,) = (await store.dead.listed()).rows
    assert (letter.text, letter.attempts) == ("poison", 5)
    assert [tuple(row) for row in await rows(
        database, "select flow, step, waiting from conversation where owner = 'bot' "
                  "order by created_at, id")] == [(None, None, 0), ("hog0", "ask", 0)]
    assert await rows(database, "select count(*) from turn") == [(3,)]
