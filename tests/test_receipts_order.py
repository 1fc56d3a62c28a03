"""Receipts in every order: a status never goes back, and everything reported is kept."""

from __future__ import annotations

import itertools
import random

import pytest
from storing import counts, receipt, rows, wrote

from bot.clock import DAY, Clock
from bot.model import Receipt
from bot.store.base import Database
from bot.store.rows import Outcome
from bot.store.store import Store

RANK = {"queued": 0, "sending": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 3}
STATUSES = ("sent", "delivered", "read", "delivered", "sent")


def orders() -> list[tuple[str, ...]]:
    """All orders of five receipts, then some with a failure in each place and with copies."""
    whole = set(itertools.permutations(STATUSES))
    failing = {(*order[:place], "failed", *order[place:]) for place in range(4)
               for order in itertools.permutations(("sent", "delivered", "read"))}
    return sorted(whole | failing)


@pytest.mark.parametrize("before_the_answer", [False, True])
async def test_a_status_never_goes_back_whatever_order_receipts_come_in(
        store: Store, clock: Clock, database: Database, before_the_answer: bool) -> None:
    """With copies of each, by its tag or by the provider's id, before or after the response."""
    dice = random.Random(7)
    for number, order in enumerate(orders()):
        work = await store.accept([wrote(clock, f"49{number}")], counts)
        (send,) = work.sends
        provider_id = f"wamid.out{number}"
        if not before_the_answer:
            await store.settle([Outcome(send, "sent", provider_id)])
        reported: list[Receipt] = []
        ranks = []
        for place, status in enumerate(order):
            tag = send.id if before_the_answer or dice.random() < 0.5 else None
            reported.append(Receipt("main", provider_id, status, clock.now() + place, tag=tag))
            again = dice.sample(reported, dice.randint(0, len(reported)))
            await store.accept([reported[-1], *again], None)
            ((status_now,),) = await rows(database,
                                          f"select status from message where id = '{send.id}'")
            ranks.append(RANK[status_now])
        if before_the_answer:
            await store.settle([Outcome(send, "sent", provider_id)])
            ((status_now,),) = await rows(database,
                                          f"select status from message where id = '{send.id}'")
            ranks.append(RANK[status_now])
        assert ranks == sorted(ranks), order
        last = status_now
        if "failed" not in order:
            assert last == "read", order
        elif order.index("failed") == 0 or order[:2] == ("sent", "failed"):
            assert last == "failed", order
        else:  # what has arrived has arrived
            assert last in ("delivered", "read"), order
        kept = await rows(database, "select status, at from receipt where provider_id = "
                                    f"'{provider_id}' order by at")
        assert kept == [(r.status, r.at) for r in reported]


async def test_a_receipt_before_the_response_is_applied_and_no_orphan_is_left(
        store: Store, clock: Clock, database: Database) -> None:
    work = await store.accept([wrote(clock)], counts)
    (send,) = work.sends
    await store.accept([receipt(None, "delivered", clock, "p1")], None)
    assert await rows(database, "select message from receipt") == [(None,)]
    await store.settle([Outcome(send, "sent", "p1")])
    assert await rows(database, "select message from receipt") == [(send.id,)]
    assert await rows(database, f"select status from message where id = '{send.id}'") == [
        ("delivered",)]


async def test_a_copy_that_leaves_after_the_first_has_failed_is_not_shown_as_failed(
        store: Store, clock: Clock, database: Database) -> None:
    """The first try was in doubt and fails late, while its second try waits for its time."""
    work = await store.accept([wrote(clock)], counts)
    (first,) = work.sends
    await store.settle([Outcome(first, "retry", error="too fast", not_before=0)])
    (second,) = (await store.accept([receipt(first.id, "failed", clock, "p1")], None)).sends
    assert second.id == first.id
    await store.settle([Outcome(second, "sent", "p2")])
    query = f"select status from message where id = '{first.id}'"
    assert await rows(database, query) == [("sent",)]
    await store.accept([receipt(first.id, "delivered", clock, "p2")], None)
    assert await rows(database, query) == [("delivered",)]


async def test_a_receipt_of_nothing_we_know_is_kept_and_pruned(
        store: Store, clock: Clock, database: Database) -> None:
    await store.accept([receipt(None, "read", clock, "p.unknown")], None)
    assert await store.pruning.batch("receipts") is False
    assert await rows(database, "select count(*) from receipt") == [(1,)]
    clock.advance(91 * DAY)
    await store.pruning.batch("receipts")
    assert await rows(database, "select count(*) from receipt") == [(0,)]
