"""Timers, reminders and calls: what comes due becomes an event, and events move conversations."""

from __future__ import annotations

from collections.abc import Iterable

from bot import failpoints
from bot.ids import new_id
from bot.model import CallRequest, Event, Json
from bot.store import sends, turns
from bot.store.base import Row, Tx, load
from bot.store.held import find
from bot.store.turns import Step
from bot.store.work import Work


async def adopt(tx: Tx, real: int, unknown_after: int) -> int:
    """Nobody holds anything: every lease is over. How many messages are in doubt now."""
    await tx.run("end_begun")
    await tx.run("end_waits", real)
    await tx.run("end_leases_of_calls")
    await sends.wait_on(tx, real, unknown_after)
    return await sends.lapse(tx, sends.EVER, real + unknown_after, sends.EVER)


async def fire(tx: Tx, work: Work, limit: int) -> None:
    """A due timer is disarmed in the transaction that makes it an event: never twice."""
    timers = await tx.all("due_timers", work.now, limit)
    for conversation, name, token in timers:
        if await tx.run("drop_timer", conversation, name, token):
            await tx.run("count_timer_off", conversation)
            await _event(tx, conversation, "timer", {"name": name, "token": token}, work)
    for (conversation,) in await tx.all("due_reminders", work.now, limit - len(timers)):
        if await tx.run("reminded", conversation):
            work.tickets = True
            await _event(tx, conversation, "reminder", {}, work)
    failpoints.hit("timer.fired")


async def next_due(tx: Tx) -> int | None:
    row = await tx.one("next_due")
    return None if row is None else row[0]


async def _event(tx: Tx, conversation: str, kind: str, payload: Json, work: Work) -> None:
    current = await find(tx, conversation)
    if current is not None:
        await turns.happen(tx, current, Event(new_id(), kind, work.now, payload), None, work)


def _call(row: Row) -> tuple[str, str, CallRequest]:
    key, conversation, channel, operation, arguments, retries, timeout_ms = row
    return conversation, channel, CallRequest(key, operation, load(arguments), retries, timeout_ms)


async def claim_calls(tx: Tx, limit: int, state: str, work: Work,
                      but: Iterable[str] = ()) -> list[tuple[str, str, CallRequest]]:
    """Those that wait longest; none of the operations `but`."""
    rows = await tx.all("calls", state, work.real, limit, "".join(f"|{name}|" for name in but))
    for row in rows:
        await tx.run("run_call", row[0], work.lease_until, work.holder)
    failpoints.hit("call.claimed")
    return [_call(row) for row in rows]


async def end_call(tx: Tx, conversation: str, result: Json, step: Step | None,
                   work: Work) -> bool:
    """A call becomes the event of its result, which keeps it. False: it had a result before."""
    current = await find(tx, conversation)
    if not await tx.run("end_call", result["key"]):
        return False
    if current is not None:
        await turns.happen(tx, current, Event(new_id(), "result", work.now, result), step, work)
    return True
