"""One conversation: its transcript, what is known, and what an agent can do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

from bot.errors import Refused
from bot.feed import TICKETS
from bot.flow.messages import PLAIN, size
from bot.ids import stamp
from bot.model import BOT, QUEUE, Snapshot
from bot.store.rows import Agent, MessageRow, Page, TicketRow
from bot.web import auth, desk_words
from bot.web.desk_bubbles import bubbles
from bot.web.desk_pages import DESK, Desk, Moment, agent, is_partial, moment, page
from bot.web.desk_queue import PER_PAGE, listed

MESSAGES = 50
#: Pages read back to find the message a browser saw last; beyond them the page starts anew.
MOST_MISSED = 10
ACTIONS = ("take", "reply", "return", "close")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation as the agent who looks at it may see and change it."""

    id: str
    snapshot: Snapshot
    ticket: TicketRow | None
    customer: str
    owner: str  #: who has it, in a word
    mode: str
    """What the composer is: reply (it is mine) | take (it waits) | bot | other (a colleague's)"""
    place: tuple[str, str] | None  #: flow and step
    answers: list[tuple[str, str]]
    incidents: list[tuple[int, str]]
    window: desk_words.Window


async def look(desk: Desk, who: Agent, conversation: str, at: Moment) -> Thread:
    """Raises 404 when there is no such conversation."""
    snapshot = await desk.store.desk.snapshot(conversation)
    if snapshot is None:
        raise web.HTTPNotFound
    ticket = await desk.store.desk.ticket(conversation)
    contact = snapshot.contact
    mode = "bot" if snapshot.owner == BOT else "take"
    if desk_words.is_agents(snapshot.owner):
        mode = "reply" if snapshot.owner == f"agent:{who.id}" else "other"
    return Thread(id=conversation, snapshot=snapshot, ticket=ticket,
                  customer=desk_words.customer(contact.name, contact.phone),
                  owner=await _owner(desk, who, snapshot, ticket), mode=mode,
                  place=await desk.store.desk.place(conversation), answers=desk.answers(snapshot),
                  incidents=await desk.store.desk.incidents(conversation),
                  window=at.window(snapshot.window_until))


async def _owner(desk: Desk, who: Agent, snapshot: Snapshot, ticket: TicketRow | None) -> str:
    if snapshot.owner == BOT:
        return "Bot"
    if snapshot.owner == QUEUE:
        return "Waiting"
    if snapshot.owner == f"agent:{who.id}":
        return "You"
    if ticket is not None and ticket.agent_name and snapshot.owner == f"agent:{ticket.agent}":
        return ticket.agent_name
    names = {f"agent:{a.id}": a.name for a in await desk.store.desk.agents()}
    return names.get(snapshot.owner, "Another agent")


async def show(request: web.Request) -> web.Response:
    """The whole page."""
    return await _page(request, before=request.query.get("before") or None)


async def _page(request: web.Request, *, before: str | None = None, status: int = 200,
                alert: str = "", text: str = "", client_id: str = "") -> web.Response:
    desk, conversation, at = request.app[DESK], request.match_info["conversation"], \
        moment(request.app[DESK])
    thread = await look(desk, agent(request), conversation, at)
    found = await desk.store.desk.transcript(conversation, before=before, limit=MESSAGES)
    newest = (found if before is None else
              await desk.store.desk.transcript(conversation, before=None, limit=1))
    tickets = await desk.store.desk.queue(after=None, limit=PER_PAGE)
    return page(request, "thread.html", status=status, at=at, thread=thread,
                bubbles=bubbles(found.rows, at, thread.customer), older=found.next,
                forgotten=_forgotten(desk, conversation, found, at),
                last=newest.rows[-1].id if newest.rows else "", past=before is not None,
                alert=alert, text=text, client_id=client_id,
                current=conversation, default_language=desk.default_language,
                **listed("/desk", tickets, None))


def _forgotten(desk: Desk, conversation: str, found: Page[MessageRow], at: Moment) -> str:
    """The day before which messages of this conversation were let go of; "" for none."""
    keep = desk.store.pruning.keep.messages
    if keep is None or found.next is not None:
        return ""
    begins = at.now - keep
    if conversation >= stamp(max(0, begins)) or any(row.at < begins for row in found.rows[:1]):
        return ""
    return desk_words.day(begins, at.now, at.zone)


async def older(request: web.Request) -> web.Response:
    """One more page of the past, to be put above what is shown."""
    desk, conversation, at = request.app[DESK], request.match_info["conversation"], \
        moment(request.app[DESK])
    thread = await look(desk, agent(request), conversation, at)
    found = await desk.store.desk.transcript(
        conversation, before=request.query.get("before") or None, limit=MESSAGES)
    return page(request, "older.html", at=at, thread=thread, older=found.next,
                forgotten=_forgotten(desk, conversation, found, at),
                bubbles=bubbles(found.rows, at, thread.customer),
                default_language=desk.default_language)


async def live(request: web.Request) -> web.Response:
    """What changed since the message `after`, as parts that htmx puts in their places."""
    desk, conversation, at = request.app[DESK], request.match_info["conversation"], \
        moment(request.app[DESK])
    after = request.query.get("after", "")
    thread = await look(desk, agent(request), conversation, at)
    shown, new = await _missed(desk, conversation, after)
    # Too much was missed, or "Today" above the messages is no longer today.
    if shown is None or request.query.get("day", at.today()) != at.today():
        return web.Response(headers={"HX-Refresh": "true"})
    return page(request, "live.html", at=at, thread=thread,
                bubbles=bubbles(new, at, thread.customer, before=shown[-1] if shown else None),
                settled=[(row.id, desk_words.status(row)) for row in shown
                         if row.direction == "out"],
                last=new[-1].id if new else after,
                composer=request.query.get("mode", "") != thread.mode,
                text="", alert="", client_id="",
                default_language=desk.default_language)


async def _missed(desk: Desk, conversation: str, after: str
                  ) -> tuple[list[MessageRow] | None, list[MessageRow]]:
    """(the latest messages that the browser has, those it has not); None: too many to say."""
    rows: list[MessageRow] = []
    cursor: str | None = None
    for _ in range(MOST_MISSED):
        found = await desk.store.desk.transcript(conversation, before=cursor, limit=MESSAGES)
        rows = [*found.rows, *rows]
        for place, row in enumerate(rows):
            if row.id == after:
                return rows[:place + 1], rows[place + 1:]
        if found.next is None:
            return ([], rows) if not after else (None, [])
        cursor = found.next
    return None, []


async def act(request: web.Request) -> web.Response:
    """Take, reply, hand back, close. What can't be done is a 409 that says why."""
    desk, conversation = request.app[DESK], request.match_info["conversation"]
    action = request.match_info["action"]
    form = await auth.read_form(request)
    client_id, text = form.get("client_id", ""), form.get("text", "").replace("\r\n", "\n").strip()
    if action not in ACTIONS or not _CLIENT_ID.fullmatch(client_id):
        raise web.HTTPBadRequest(text="This form can't be used. Please reload the page.")
    if action == "reply" and not 0 < size(text) <= PLAIN:
        problem = ("Write something first." if not text else
                   f"WhatsApp takes {PLAIN} characters at most; these are {size(text)}.")
        return await _composer(request, 422, problem, text, client_id)
    if await desk.store.desk.snapshot(conversation) is None:
        raise web.HTTPNotFound
    try:
        await desk.engine.act(conversation, agent(request), action, client_id=client_id,
                              text=text if action == "reply" else "")
    except Refused as refused:
        return await _composer(request, 409, desk_words.sentence(str(refused)), text, client_id)
    desk.feed.publish((conversation, TICKETS))  # a reply ends somebody's waiting, too
    if is_partial(request):
        return await _composer(request, 200, "", "", "")
    raise web.HTTPSeeOther(f"/desk/c/{conversation}")


async def _composer(request: web.Request, status: int, alert: str, text: str, client_id: str
                    ) -> web.Response:
    """The part where an agent writes, or the whole page for a browser without scripts."""
    if not is_partial(request):
        return await _page(request, status=status, alert=alert, text=text, client_id=client_id)
    desk, at = request.app[DESK], moment(request.app[DESK])
    thread = await look(desk, agent(request), request.match_info["conversation"], at)
    response = page(request, "composer.html", status=status, at=at, thread=thread, alert=alert,
                    text=text, client_id=client_id)
    response.headers["HX-Trigger-After-Swap"] = "refresh"
    return response


