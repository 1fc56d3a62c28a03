"""How the desk says durations, times, the window, and what became of a message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlsplit

from bot.clock import DAY, HOUR, MINUTE, local
from bot.model import BOT, QUEUE
from bot.store.rows import MessageRow


def duration(ms: int) -> str:
    """About how long, as people say it."""
    if ms < MINUTE:
        return "< 1 min"
    days, hours, minutes = ms // DAY, ms % DAY // HOUR, ms % HOUR // MINUTE
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def when(at: int, now: int, zone: tzinfo) -> str:
    """The time alone today, with its date on other days."""
    moment, today = local(at, zone), local(now, zone)
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    if moment.year == today.year:
        return f"{moment.day} {moment:%b, %H:%M}"
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def day(at: int, now: int, zone: tzinfo) -> str:
    """The heading above the messages of one day."""
    date, today = local(at, zone).date(), local(now, zone).date()
    apart = (today - date).days
    if apart in (0, 1):
        return ("Today", "Yesterday")[apart]
    year = "" if date.year == today.year else f" {date.year}"
    return f"{date:%A}, {date.day} {date:%B}{year}"


def exact(at: int, zone: tzinfo) -> str:
    """For `<time datetime>` and tooltips."""
    return local(at, zone).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Window:
    """The 24-hour window as the desk shows it."""

    is_open: bool
    text: str  #: e.g. "5 h 12 min"; says closed when it is
    tone: str  #: ok | soon | closed


def window(until: int, now: int) -> Window:
    left = until - now
    if left <= 0:
        return Window(False, "closed", "closed")
    return Window(True, duration(left), "soon" if left < HOUR else "ok")


#: status -> (word, why and what next; "" where the word says it all, tone)
STATUS = {
    "queued": ("Waiting to be sent", "", "wait"),
    "sending": ("Being sent", "", "wait"),
    "unknown": ("Not confirmed",
                "WhatsApp did not answer. We wait for its receipt before anything else is tried.",
                "wait"),
    "sent": ("Sent", "", "sent"),
    "delivered": ("Delivered", "", "delivered"),
    "read": ("Read", "", "read"),
    "parked": ("Parked", "The 24-hour window is closed. It will leave as soon as the customer "
                         "writes again.", "warn"),
    "failed": ("Not delivered", "WhatsApp refused it.", "bad"),
    "suppressed": ("Not sent", "It was held back before it left.", "off"),
    "held": ("Held", "Nobody knows whether it arrived, and it must not go out twice.", "bad"),
}


@dataclass(frozen=True, slots=True)
class Status:
    word: str
    note: str
    tone: str  #: wait | sent | delivered | read | warn | bad | off


def status(row: MessageRow) -> Status | None:
    """What became of a message of ours; None for the customer's."""
    if row.direction == "in":
        return None
    word, note, tone = STATUS.get(row.status, (row.status, "", "wait"))
    if tone in ("warn", "bad", "off") and row.reason:
        note = sentence(row.reason)
    return Status(word, note, tone)


def sentence(text: str) -> str:
    """`text` beginning with a capital and ending with a full stop."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?。！？…" else text + "."


def phone(digits: str | None) -> str:
    """A phone number in groups, as far as that can be done without a table of countries."""
    if not digits:
        return ""
    return f"+{digits}" if digits.isdigit() else digits


def customer(name: str | None, number: str | None) -> str:
    return name or phone(number) or "Customer without a name"


def initial(name: str) -> str:
    """One letter for the round picture beside a name."""
    return next((letter.upper() for letter in name if letter.isalnum()), "#")


def words_of(identifier: str) -> str:
    """An id as a person would write it: `front_desk` -> `Front desk`."""
    text = identifier.replace("_", " ")
    return text[:1].upper() + text[1:]


REASON = {"step": "The flow asked for a person", "command": "The customer asked for a person",
          "fallback": "The bot did not understand", "reminder": "The window was about to close",
          "failure": "Something failed in the flow", "agent": "An agent took it"}


def reason(ticket_reason: str) -> str:
    return REASON.get(ticket_reason, words_of(ticket_reason))


LANGUAGES = {"en": "English", "zh": "Chinese", "de": "German", "es": "Spanish", "fr": "French",
             "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "tr": "Turkish", "ar": "Arabic",
             "hi": "Hindi", "th": "Thai", "ja": "Japanese", "ru": "Russian", "pl": "Polish"}


def language(tag: str | None) -> str:
    if not tag:
        return ""
    return LANGUAGES.get(tag.split("-")[0].split("_")[0].lower(), tag)


def is_agents(owner: str) -> bool:
    return owner not in (BOT, QUEUE)


# ASCII only: Chinese text follows an address without a space.
_LINK = re.compile(r"https?://[!#-&*-;=?-_a-~]*[#$%&*+/=@A-Z_a-z0-9~-]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text; `href` where it is a link that may be followed."""

    text: str
    href: str = ""


def runs(text: str) -> list[Run]:
    """`text` with its http(s) addresses set apart. Nothing else ever becomes a link."""
    found, end = [], 0
    for match in _LINK.finditer(text):
        if match.start() > end:
            found.append(Run(text[end:match.start()]))
        found.append(Run(match[0], match[0]))
        end = match.end()
    if end < len(text):
        found.append(Run(text[end:]))
    return found


def safe_link(url: object) -> str:
    """`url` when it may stand in a link, else ""."""
    if not isinstance(url, str) or len(url) > 2_000 or not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""
