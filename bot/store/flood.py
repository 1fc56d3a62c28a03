"""A person's flood: what is beyond the limit of a minute is kept, and handled as one message.

The first message beyond the limit becomes an event that waits until the person pauses; those that
follow it belong to it, as long as nothing else of the conversation came in between. What the turn
hears is put together when it is taken: out of the transcript, which has every one of them.
"""

from __future__ import annotations

from bot.model import ANSWERS, Event, Json
from bot.store.base import Tx, dump, load
from bot.store.held import Held
from bot.store.work import Work

#: It is handled when nothing more came for so long, and after a minute in any case (ms, real time).
PAUSE, LONGEST = 3_000, 60_000
#: So many messages are one at most.
MOST = 2_000
#: As long as a text of WhatsApp may be; what was written last counts.
LENGTH = 4_096
#: Nobody says more than this to be heard at any time (stop).
COMMAND = 100


async def add(tx: Tx, conversation: Held, event: Event, work: Work) -> int:
    """Keep a message that is one too many; how many events wait more than before."""
    row = await tx.one("flood", conversation.id, conversation.in_seq)
    kept = load(row[0]) if row is not None else {"count": MOST}
    if kept["count"] < MOST:
        kept |= {"last": event.id, "count": kept["count"] + 1}
        await tx.run("grow_flood", conversation.id, conversation.in_seq, dump(kept),
                     min(work.real + PAUSE, kept["until"]))
        await tx.run("add_turn", event.id, conversation.id, event.kind, event.at, "ignored",
                     "flood", None, "", "", None, "")
        return 0
    conversation.in_seq += 1
    conversation.waiting += 1
    conversation.ready_at = work.real + PAUSE
    await tx.run("add_flood", conversation.id, conversation.in_seq, event.id, dump(
        {"last": event.id, "count": 1, "until": work.real + LONGEST}), event.at,
        conversation.ready_at)
    return 1


async def together(tx: Tx, conversation: str, event: str, kept: Json) -> Json:
    """All messages of a flood as one."""
    return joined([load(row[0]) for row in await tx.all(
        "flood_messages", conversation, event, kept["last"], MOST)])


def joined(messages: list[Json]) -> Json:
    """The texts of messages, a line each; with the last that has media, or was a place or a card.

    `together` has each text by itself that may be a command.
    """
    answers = [one for one in messages if one.get("type") in ANSWERS]
    texts = [text for one in answers if (text := _text(one))]
    other = next((one for one in reversed(answers) if one["type"] not in ("text", "tap")), None)
    if other is not None and ("media" in other or not texts):
        content = {**other, "text": _cut(texts)} if texts else dict(other)
    elif any(one["type"] == "text" for one in answers):
        content = {"type": "text", "text": _cut(texts)}
    else:
        content = dict((answers or messages)[-1])
    return {**content, "together": list(dict.fromkeys(
        text for text in texts if len(text) <= COMMAND))}


def _text(content: Json) -> str:
    text = content.get("title" if content["type"] == "tap" else "text")
    return text.strip() if isinstance(text, str) else ""


def _cut(texts: list[str]) -> str:
    """A line each; where that is too much, without the first of them."""
    found: list[str] = []
    room = LENGTH
    for text in reversed(texts):
        if len(text) > room:
            break
        found.append(text)
        room -= len(text) + 1
    return "\n".join(reversed(found)) or texts[-1][:LENGTH]
