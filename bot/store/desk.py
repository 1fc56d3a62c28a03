"""What the desk and the command line ask: queues, transcripts, agents, what came in."""

from __future__ import annotations

from bot.clock import MINUTE
from bot.model import Json, Snapshot
from bot.store.base import Row, Tx, load
from bot.store.held import Held, find, snapshot, text_of
from bot.store.rows import (
    PRIORITIES,
    Agent,
    ConversationRow,
    EventRow,
    MessageRow,
    Page,
    SignedIn,
    TicketRow,
)

#: Sorts behind every id.
LAST = "~"
#: A sign-in that nobody used for so long ends (ms of real time; OWASP ASVS 7.3.1).
IDLE_SIGN_IN = 30 * MINUTE


def _ticket(row: Row) -> TicketRow:
    (id_, conversation, channel, queue, priority, state, note, reason, created_at, agent,
     agent_name, name, phone, window_until, closing, waiting_since, last) = row
    return TicketRow(id_, conversation, channel, queue, PRIORITIES[priority], state, note,
                     reason, created_at, agent, agent_name, name, phone, window_until,
                     bool(closing), waiting_since, text_of(last) if last else "")


async def queue(tx: Tx, after: str | None, limit: int) -> Page[TicketRow]:
    """Open tickets. `after` is the offset that the page before ended with."""
    start = int(after or 0)
    rows = await tx.all("queue_page", limit + 1, start)
    more = len(rows) > limit
    return Page([_ticket(row) for row in rows[:limit]], str(start + limit) if more else None)


async def ticket(tx: Tx, conversation: str) -> TicketRow | None:
    row = await tx.one("ticket_of", conversation)
    return None if row is None else _ticket(row)


async def conversations(tx: Tx, after: str | None, limit: int) -> Page[ConversationRow]:
    """All, the most recently heard first."""
    at, _, id_ = (after or "").partition(":")
    rows = await tx.all("conversations", int(at) if at else 1 << 60, id_ or LAST, limit + 1)
    found = [ConversationRow(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8],
                             text_of(r[9]) if r[9] else "") for r in rows[:limit]]
    more = len(rows) > limit
    return Page(found, f"{found[-1].last_inbound_at}:{found[-1].id}" if more else None)


def _message(row: Row) -> MessageRow:
    id_, direction, origin, name, content, at, status, reason, sending = row[:9]
    return MessageRow(id_, direction, origin, name, load(content), at, sending or status,
                      reason or "")


async def transcript(tx: Tx, conversation: str, before: str | None, limit: int) -> Page[MessageRow]:
    """The newest messages before `before`, the oldest of them first."""
    rows = await tx.all("thread", conversation, before or LAST, limit + 1)
    more = len(rows) > limit
    found = [_message(row) for row in reversed(rows[:limit])]
    return Page(found, found[0].id if more else None)


async def message(tx: Tx, id_: str) -> MessageRow | None:
    row = await tx.one("message", id_)
    return None if row is None else _message(row)


async def message_channel(tx: Tx, id_: str) -> str | None:
    row = await tx.one("conversation_of_message", id_)
    return None if row is None else row[1]


async def touched(tx: Tx, since: str) -> list[str]:
    return list({row[1] for row in await tx.all("touched", since, 500)})


async def held_snapshot(tx: Tx, conversation: str) -> Snapshot | None:
    current: Held | None = await find(tx, conversation)
    return None if current is None else await snapshot(tx, current)


def _agent(row: Row) -> Agent:
    return Agent(row[0], row[1], row[2], row[3], bool(row[4]))


async def agents(tx: Tx) -> list[Agent]:
    return [_agent(row) for row in await tx.all("agents")]


async def agent(tx: Tx, login: str) -> Agent | None:
    row = await tx.one("agent", login)
    return None if row is None else _agent(row)


async def set_agent(tx: Tx, login: str, password_hash: str | None, disabled: bool | None) -> bool:
    """Change an account; every sign-in of it ends. False: there is none of that name."""
    changed = 0
    if password_hash is not None:
        changed += await tx.run("set_password", login, password_hash)
    if disabled is not None:
        changed += await tx.run("disable_agent", login, int(disabled))
    await tx.run("sign_out_agent", login)
    return changed > 0


async def signed_in(tx: Tx, token_hash: str, now: int, active: bool) -> SignedIn | None:
    """Whose sign-in this is; none when it is unknown, idle too long, over, or disabled.

    A page that keeps itself up to date is not `active` and does not prolong the sign-in.
    """
    row = await tx.one("signed_in", token_hash)
    if row is None:
        return None
    csrf, seen_at, expires_at = row[5:]
    found = _agent(row)
    if found.disabled or now >= expires_at or now - seen_at > IDLE_SIGN_IN:
        await tx.run("sign_out", token_hash)
        return None
    if active and now - seen_at > MINUTE:  # not at every click: a minute is near enough
        await tx.run("touch_sign_in", token_hash, now)
    return SignedIn(found, csrf)


async def _happened(tx: Tx, before: str, limit: int) -> list[EventRow]:
    """The newest rows of everything that came in or came due, before an id."""
    found: list[EventRow] = []
    for (id_, at, channel, conversation, content, raw, rule, item, state, attempts,
         error) in await tx.all("message_rows", before, limit):
        data: Json = load(content)
        state, became = _became(state, rule, item)
        found.append(EventRow(id_, at, channel, conversation,
                              f"message.{data.get('type', 'unknown')}", text_of(data), state,
                              became, attempts or 0, error or "", raw or ""))
    for id_, at, channel, conversation, kind, rule, item in await tx.all(
            "turn_rows", before, limit):
        state, became = _became(None, rule, item)
        found.append(EventRow(id_, at, channel, conversation, kind, "", state, became))
    for id_, at, channel, conversation, kind, payload, state, attempts, error in await tx.all(
            "waiting_rows", before, limit):
        state, became = _became(state, None, None)
        found.append(EventRow(id_, at, channel, conversation, kind, text_of(payload), state,
                              became, attempts, error or ""))
    found += [EventRow(id_, at, channel, None, kind, text, "kept", "kept", raw=raw)
              for id_, at, channel, kind, text, raw in await tx.all("notice_rows", before, limit)]
    for id_, at, channel, conversation, status, provider_id, message_, code, error in await tx.all(
            "receipt_rows", before, limit):
        text = f"{error or provider_id} ({code})" if code is not None else error or provider_id
        found.append(EventRow(
            id_, at, channel, conversation, f"receipt.{status}", text,
            "done" if message_ else "kept",
            f"message {message_}" if message_ else "no message of ours is known by it"))
    found.sort(key=lambda event: event.id, reverse=True)
    return found[:limit]


def _became(waiting: str | None, rule: str | None, item: str | None) -> tuple[str, str]:
    if waiting is not None:
        return waiting, {"new": "waits", "dead": "put aside"}.get(waiting, waiting)
    return "done", f"{rule or ''} {item or ''}".strip()


async def events(tx: Tx, after: str | None, limit: int, kind: str | None) -> Page[EventRow]:
    """What came in, the newest first: messages, receipts, and what could only be kept."""
    found: list[EventRow] = []
    before = after or LAST
    while len(found) <= limit:
        page = await _happened(tx, before, limit + 1)
        found += [event for event in page if kind is None or event.kind == kind
                  or event.kind.startswith(f"{kind}.")]
        if len(page) <= limit:
            break
        before = page[-1].id
    more = len(found) > limit
    found = found[:limit]
    return Page(found, found[-1].id if more else None)


async def incidents_of(tx: Tx, conversation: str) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in await tx.all("incidents", conversation)]

