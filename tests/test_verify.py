"""Each guarantee has its violation planted in a real store, and exactly that is reported."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from storing import rows, wrote

from bot import witness
from bot.clock import DAY, HOUR, MINUTE, Clock, real_now
from bot.errors import BotError
from bot.model import Decision, Event, Journal, Place, Receipt, Reply, Snapshot, TicketChange
from bot.store.base import Database, statements
from bot.store.reading import FILE, Read, of_file, of_postgres
from bot.store.rows import Outcome
from bot.store.sqlite import SQLite, SQLiteTx
from bot.store.store import Store
from bot.verify import CHECKS, SETTLED, WAITS, Asked, Report, verify

#: Where the words of a customer lead.
STEPS = {"": "shop/one", "shop/one": "shop/two", "shop/two": "shop/one"}


def walks(snapshot: Snapshot, event: Event) -> Decision:
    """From step to step, with a reply and a timer; some words do something else."""
    word = str(event.payload.get("text", ""))
    if word == "poison":
        raise RuntimeError("this event can't be handled")
    before = snapshot.state.get("here", "")
    here = STEPS[before]
    flow, _, step = here.partition("/")
    owner, ticket = snapshot.owner, None
    if word == "agent":
        owner, ticket = "queue", TicketChange("open", queue="support")
    elif event.kind == "agent":
        owner, ticket = "agent:kim", TicketChange("take", agent="kim")
    return Decision(
        {"here": here}, Journal("answer", before=before, after=here), place=Place(flow, "v1", step),
        owner=owner, ticket=ticket, timers={"timeout": (event.at + HOUR, here)},
        remind_at=event.at + 23 * HOUR,
        replies=[Reply({"type": "text", "text": text}) for text in word.split("+")])


@pytest.fixture
async def read(database: Database) -> AsyncIterator[Read]:
    opened = (of_file(database.path) if isinstance(database, SQLite) else
              of_postgres(database.at.url))  # type: ignore[attr-defined]
    async with opened as reading:
        yield reading


@pytest.fixture
async def conversation(store: Store, clock: Clock) -> str:
    """A conversation that has seen everything that is right: heard, answered, reported, put aside,
    waiting, parked; and a second one with an agent."""
    for number, who in enumerate(("491", "491", "491", "492", "492")):
        word = "agent" if number == 4 else f"word {number}"
        work = await store.accept([wrote(clock, who, number, word)], walks)
        (send,) = work.sends
        await store.settle([Outcome(send, "sent", f"out{number}")])
        await store.accept([Receipt("main", f"out{number}", "sent", clock.now(), send.id),
                            Receipt("main", f"out{number}", "read", clock.now(), send.id)], walks)
    first, second = [row.id for row in reversed((await store.desk.conversations()).rows)]
    await store.accept([wrote(clock, "491", 6, "poison")], walks)
    for attempt in range(5):
        tried = await store.begin(first)
        assert tried is not None
        await store.failed(first, tried[0], "RuntimeError()", attempt + 1)
    work = await store.accept([wrote(clock, "491", 7, "one+two+three")], walks)
    await store.settle([Outcome(work.sends[0], "retry", not_before=1 << 60)])
    await store.happen(second, Event("take", "agent", clock.now(), {"action": "take"}), walks,
                       key="desk:1")
    return first


async def asked(read: Read, **more: Any) -> Report:
    now = real_now()
    return await verify(read, Asked(now, now, pause=0.0, **more))


async def plant(database: Database, *statements_: str) -> None:
    async def unit(tx: Any) -> None:
        for statement in statements_:
            if isinstance(tx, SQLiteTx):
                tx._execute(statement)
            else:
                await tx._connection.execute(statement)

    await database.write(unit)


async def test_a_store_after_real_traffic_has_nothing_wrong_and_says_what_was_examined(
        read: Read, conversation: str) -> None:
    report = await asked(read)
    assert report.violations == []
    assert report.examined == {"conversations": 2, "messages": 16, "receipts": 10, "ids seen": 8,
                               "rows of turn": 7, "rows of inbox": 1, "rows of outbox": 4}


#: What is planted, after the statement of verify.sql that must see it. {c} is the conversation with
#: the dead event, {a} that of the agent, {old} a long time ago (ms), {id} an id of that time.
PLANTED = {
    "waiting_counted": "update conversation set waiting = 1, ready_at = {now} where id = '{c}'",
    "timers_counted": "delete from timer where conversation = '{c}'",
    "last_message_written": "update conversation set last_id = '{id}' where id = '{c}'",
    "ticket_with_owner": "update ticket set state = 'waiting'",
    "nobody_looks": "update inbox set state = 'new'; update conversation set waiting = 1 "
                    "where id = '{c}'",
    "busy_with_nothing": "update conversation set busy = 1 where id = '{c}'",
    "heard_twice": "insert into message (id, conversation, direction, origin, content, at, status, "
                   "provider_id) values ('0', '{c}', 'in', 'customer', '{{}}', {now}, 'received', "
                   "'wamid.491.1'); insert into turn values ('0', '{c}', 'message', {now}, "
                   "'ignored', 'flood', null, '', '', null, '')",
    "heard_and_forgotten": "insert into message (id, conversation, direction, origin, content, at, "
                           "status, provider_id) values ('~', '{c}', 'in', 'customer', '{{}}', "
                           "{now}, 'received', 'x'); insert into seen values ('main', 'x', {now})",
    "heard_and_not_seen": "delete from seen where external_id = 'wamid.491.1'",
    "never_leaves": "delete from outbox where id = (select max(id) from outbox)",
    "no_such_status": "update message set status = 'gone' where provider_id = 'out1'",
    "sent_by_nobody": "update message set provider_id = null where provider_id = 'out1'",
    "taken_and_failed": "update message set status = 'failed' where provider_id = 'out1'",
    "reported_outside_window": "update receipt set at = at + 90000000 where provider_id = 'out1' "
                               "and status = 'sent'",
    "reported_after_take": "insert into audit values ('~', {old}, 'agent:kim', 'take', '{c}', ''); "
                           "update message set status = 'delivered' where id = ''; "
                           "delete from receipt where provider_id <> 'out1' or status <> 'sent'",
    "seen_and_lost": "insert into seen values ('main', 'wamid.lost', {now})",
    "turns_counted": "update conversation set rev = rev + 1, in_seq = in_seq + 1 where id = '{c}'",
    "events_counted": "update conversation set in_seq = in_seq + 1 where id = '{c}'",
    "turns_joined": "update turn set step_after = 'shop/else' "
                    "where id = (select min(id) from turn)",
    "handled_and_waits": "insert into turn select id, conversation, kind, at, 'ignored', 'flood', "
                         "null, '', '', null, '' from inbox",
    "beyond_the_last": "update inbox set seq = 99",
    "tried_too_often": "update inbox set attempts = 6",
    "put_aside_silently": "update inbox set error = null",
    "fired_twice": "insert into inbox (conversation, seq, id, kind, payload, at, state, error) "
                   "values ('{c}', 0, '{id}', 'timer', '{{}}', {now}, 'dead', 'x'), "
                   "('{c}', -1, '{id}', 'timer', '{{}}', {now}, 'dead', 'x'); "
                   "update conversation set in_seq = in_seq + 2 where id = '{c}'",
    "shown_otherwise": "update message set status = 'sent', provider_id = 'x' where id = "
                       "(select max(id) from outbox where state = 'queued')",
    "nothing_to_send": "insert into outbox (conversation, id, channel, once, free, owner_epoch, "
                       "state, created_at) values ('{c}', '~', 'main', 0, 1, 0, 'held', {now})",
    "not_suppressed": "update outbox set owner_epoch = -1, state = 'queued', attempts = 0 "
                      "where conversation = '{a}'",
    "conversation_waits": "update inbox set state = 'new'; update conversation set waiting = 1, "
                          "ready_at = {old} where id = '{c}'",
    "reminder_waits": "update conversation set remind_at = {old} where id = '{c}'",
    "timer_waits": "update timer set fire_at = {old} where conversation = '{c}'",
    "send_waits": "update outbox set state = 'sending', lease_until = {old} "
                  "where conversation = '{a}'",
    "call_waits": "insert into call (key, conversation, operation, arguments, state, created_at) "
                  "values ('k', '{c}', 'o', '{{}}', 'queued', {old})",
}
CHECKED = {check.name: check for checks in [*CHECKS.values(), *WAITS.values()] for check in checks}


@pytest.mark.parametrize("name", CHECKED)
async def test_a_planted_violation_is_reported_and_nothing_else(
        name: str, database: Database, read: Read, conversation: str) -> None:
    ((agents,),) = await rows(database, "select id from conversation where owner <> 'bot'")
    now = real_now()
    statement = PLANTED[name].format(c=conversation, a=agents, now=now, old=now - 10 * MINUTE,
                                     id="0" * 10 + "x" * 10)
    assert (await asked(read)).violations == []
    await plant(database, *statement.split("; "))
    report = await asked(read)
    assert {each.guarantee for each in report.violations} == {CHECKED[name].guarantee}
    words = CHECKED[name].what
    assert all(fits(words, each.what) for each in report.violations), report.violations


def fits(words: str, what: str) -> bool:
    return re.fullmatch(re.sub(r"\\{.*?\\}", ".+", re.escape(words)), what) is not None


async def test_every_statement_serves_a_check() -> None:
    pages = {f"{kind}_page" for kind in CHECKS if kind}
    sizes = {"size_of_turn", "size_of_inbox", "size_of_outbox"}
    outside = {"acknowledged", "taken", "said_to_be_sent"}
    assert set(statements(FILE)) == {*CHECKED, SETTLED.name, *pages, *sizes, *outside}
    assert set(PLANTED) == set(CHECKED)


async def test_work_under_way_is_no_violation_unless_everything_should_be_settled(
        store: Store, clock: Clock, read: Read) -> None:
    await store.accept([wrote(clock, "491", 1)], None)
    await store.accept([wrote(clock, "492", 1)], walks)
    assert (await asked(read)).violations == []
    settled = await asked(read, settled=True)
    assert [(each.guarantee, each.what) for each in settled.violations] == [
        ("G5", "it still waits in the inbox"), ("G5", "it still waits in the outbox")]


def written(file: Path, *lines: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


async def test_what_was_acknowledged_must_be_there(
        read: Read, conversation: str, tmp_path: Path) -> None:
    report = Report()
    await witness.acknowledged(read, report, written(
        tmp_path / "acks", {"id": "wamid.491.1", "channel": "main"}, {"id": "wamid.491.6"},
        {"id": "wamid.491.1", "channel": "other"}, {"id": "wamid.491.99"}))
    assert report.examined == {"acknowledged": 4}
    assert [(each.guarantee, each.about) for each in report.violations] == [
        ("G1", "wamid.491.1"), ("G1", "wamid.491.99")]


async def ledger(database: Database, **more: Any) -> list[dict[str, Any]]:
    """What a provider would have taken of the messages that were sent to 491."""
    sent = await rows(database, "select m.id, m.at, m.provider_id from message m join conversation "
                                "v on v.id = m.conversation join contact c on c.id = v.contact "
                                "where m.provider_id like 'out%' and c.phone = '491' order by m.id")
    return [{"tag": tag, "at": at, "id": provider_id, **more} for tag, at, provider_id in sent]


#: What is wrong with the ledger, the guarantee, and a word of what is said about it.
WRONG: dict[str, tuple[str, str]] = {
    "unknown": ("G4", "does not have it"), "order": ("G3", "after a later message"),
    "copy": ("G6", "2 copies left"), "late copy": ("G6", "its outcome was known"),
    "once": ("G6", "may leave once"), "window": ("G7", "outside the window"),
    "stop": ("G7", "customer's stop"), "take": ("G9", "an agent had taken over"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_the_provider_took_is_held_against_the_store(
        wrong: str, database: Database, read: Read, conversation: str, tmp_path: Path) -> None:
    lines = await ledger(database)
    assert len(lines) == 3
    now = real_now()

    async def told() -> Report:
        report = Report()
        await witness.taken(read, report, written(tmp_path / "ledger", *lines), Asked(now, now))
        return report

    report = await told()
    assert (report.violations, report.examined) == ([], {"taken by the provider": 3})
    if wrong == "unknown":
        lines.append({"tag": "nobody", "at": now})
    elif wrong == "order":
        lines.insert(0, lines.pop())
    elif wrong == "copy":
        lines.append(lines[-1])
    elif wrong == "late copy":
        await plant(database, "update message set doubt = 1")
        lines.append(lines[0])
    elif wrong == "once":
        await plant(database, "update message set doubt = 1")
        lines[-1] = {**lines[-1], "once": True}
        lines.append(lines[-1])
    elif wrong == "window":
        lines[-1] = {**lines[-1], "at": now + 25 * HOUR}
    elif wrong == "stop":
        await plant(database, f"update contact set opted_out_at = {lines[-1]['at'] + 1}")
        lines[-1] = {**lines[-1], "at": now + HOUR}
    else:
        await plant(database, f"insert into audit values ('~', {now}, 'agent:kim', 'take', "
                              f"'{conversation}', '')")
        lines[-1] = {**lines[-1], "at": now + HOUR}
    guarantee, words = WRONG[wrong]
    report = await told()
    assert {each.guarantee for each in report.violations} == {guarantee}
    assert words in report.violations[-1].what


async def test_a_doubt_or_a_refusal_explains_a_copy(
        database: Database, read: Read, conversation: str, tmp_path: Path) -> None:
    lines = await ledger(database)
    now = real_now()
    await plant(database, f"update message set doubt = 1 where id = '{lines[1]['tag']}'",
                f"update receipt set status = 'failed' where provider_id = '{lines[0]['id']}' "
                "and status = 'sent'")
    lines[1:1] = [lines[1]]
    lines.append({**lines[0], "id": "again"})
    report = Report()
    await witness.taken(read, report, written(tmp_path / "ledger", *lines), Asked(now, now))
    assert report.violations == []


async def test_what_is_said_to_be_sent_was_taken(
        database: Database, read: Read, conversation: str, tmp_path: Path) -> None:
    lines = await ledger(database)
    now = real_now()
    await plant(database, "update message set status = 'failed' where provider_id in "
                          "('out3', 'out4')")
    report = Report()
    await witness.taken(read, report, written(tmp_path / "ledger", *lines[1:]),
                        Asked(now, now, settled=True))
    assert [(each.guarantee, each.about) for each in report.violations] == [
        ("G5", lines[0]["tag"])]


async def test_a_line_that_cannot_be_read_is_named(read: Read, tmp_path: Path) -> None:
    (tmp_path / "acks").write_text('{"id": "x"}\n{"ids": 1}\n')
    with pytest.raises(BotError, match=r"acks:2: a line is a JSON object with id"):
        await witness.acknowledged(read, Report(), tmp_path / "acks")


async def test_what_was_let_go_of_is_not_missed(
        store: Store, database: Database, read: Read, conversation: str) -> None:
    await plant(database, "delete from turn", "delete from receipt", "delete from seen",
                "delete from message where status in ('read', 'received') and id not in "
                "(select id from inbox)")
    assert (await asked(read)).violations
    later = real_now() + DAY
    report = await asked(read, seen=later, messages=later, journal=later, receipts=later)
    assert report.violations == []
