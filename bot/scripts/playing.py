"""Playing a script: the conversation it tells, on the engine of production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.clock import duration
from bot.model import Json
from bot.scripts import judging, publishing
from bot.scripts.judging import Differs
from bot.scripts.reading import Entry, Script, mistake
from bot.testing import CUSTOMER, KIM, MONDAY, Chat, Project, ScriptError

_SENT: Final = ("image", "audio", "voice", "video", "document", "sticker")
_AGENT: Final = ("says", "takes", "closes")
_MIME: Final = {"jpg": "image/jpeg", "png": "image/png", "pdf": "application/pdf",
                "ogg": "audio/ogg", "mp4": "video/mp4", "webp": "image/webp"}


@dataclass(slots=True)
class _Play:
    """A script being played."""

    chat: Chat
    project: Project
    given: Json
    file: Path  #: of the script
    at: int = 0  #: the first message that no `bot:` has found yet
    since: int = 0  #: the first message after the customer's or the clock's last step


def play(script: Script, project: Project) -> Chat:
    """Have the conversation. Raises `Differs` with the chat and the line that differs."""
    given = script.given
    contact = replace(KIM, **given.get("contact", {}))
    if "tags" in given.get("contact", {}):
        tags = given["contact"]["tags"]
        contact = replace(contact, tags=tuple(tags) if isinstance(tags, list) else (tags,))
    if contact.language is not None:
        contact = replace(contact, language_from="chosen")
    chat = Chat(project.flows, given.get("backend", {}), contact, _moment(script, project))
    playing = _Play(chat, project, given, script.file)
    first = [Entry(script.line, "run", script.run)] if script.run else []
    for entry in (*first, *script.entries):
        try:
            _STEPS[entry.word](playing, entry.value)
            if chat.incidents:
                raise Differs(f"the engine reports: {'; '.join(chat.incidents)}")
            if chat.blanks:
                raise Differs(f"a value in this text is missing: {chat.blanks[0]}")
        except (Differs, ScriptError) as problem:
            raise Differs(
                f"{script.file}:{entry.line} “{script.name}”\n{chat.transcript()}\n"
                f"{'>>>':>9}  {_written(entry)}\n{'':>9}  {problem}") from None
    return chat


def _customer(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    if isinstance(value, Mapping):
        playing.chat.sends(content(value))
    else:
        playing.chat.writes(str(value))


def content(value: Mapping[str, Any]) -> Json:
    """What a customer sends who does not write: a picture, a place …"""
    if "location" in value:
        return {"type": "location", **value["location"]}
    kind = next((word for word in _SENT if word in value), None)
    if kind is None:
        raise ScriptError(f"a customer sends a text or one of {', '.join(_SENT)}, location")
    name = str(value[kind])
    media: Json = {"id": f"media-{name}", "name": name, "mime_type": _MIME.get(
        name.rpartition(".")[2], "application/octet-stream")}
    if kind == "voice":
        media["voice"] = True
    made: Json = {"type": "audio" if kind == "voice" else kind, "media": media}
    if "text" in value:
        made["text"] = value["text"]
    return made


def _tap(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    if isinstance(value, Mapping):
        playing.chat.taps(str(value["tap"]), str(value["about"]))
    else:
        playing.chat.taps(str(value))


def _bot(playing: _Play, value: Any) -> None:
    messages = playing.chat.messages
    start = max(playing.at, playing.since)
    if value != "nothing":
        playing.at = judging.find(messages, start, playing.since, value) + 1
    elif any(message.by != CUSTOMER for message in messages[start:]):
        raise Differs("The bot should have said nothing.")


def _advance(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    playing.chat.advance(duration(str(value)))


def _agent(playing: _Play, value: Any) -> None:
    chat = playing.chat
    wanted: dict[Any, Any] = dict(value) if isinstance(value, Mapping) else {value: None}
    judging.known_words(wanted, _AGENT, "agent")
    if wanted.get("closes", "done") not in ("done", "back"):
        raise ScriptError("an agent `closes: done`, or `closes: back` to the bot")
    playing.since = len(chat.messages)
    if not chat.owner.startswith("agent:"):
        chat.acts("take")
    if "says" in wanted:
        chat.acts("reply", str(wanted["says"]))
    if "closes" in wanted:
        chat.acts("close" if wanted["closes"] == "done" else "return")


def _event(playing: _Play, value: Any) -> None:
    if not isinstance(value, Mapping) or "name" not in value:
        raise ScriptError("an event has a name: {name: payment.received, about: en12, amount: 7}")
    playing.since = len(playing.chat.messages)
    playing.chat.happens(dict(value))


def _provider(playing: _Play, value: Any) -> None:
    judging.known_words(value, ("undelivered",), "provider")
    if not isinstance(value, Mapping) or not isinstance(value.get("undelivered"), int):
        raise ScriptError("a provider reports {undelivered: 131026}, the code of its error")
    playing.since = len(playing.chat.messages)
    playing.chat.fails(value["undelivered"])


def _run(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    playing.chat.begins(str(value), playing.given.get("slots"),
                        str(playing.given.get("step", "")))


def _publish(playing: _Play, value: Any) -> None:
    chat = playing.chat
    chat.flows = publishing.publish(playing.project, playing.file, chat.flows, value)


def _expect(playing: _Play, value: Any) -> None:
    judging.expect(playing.chat, playing.project, value)


_STEPS: Final[Mapping[str, Callable[[_Play, Any], None]]] = {
    "customer": _customer, "tap": _tap, "bot": _bot, "advance": _advance, "agent": _agent,
    "event": _event, "provider": _provider, "run": _run,
    "publish": _publish, "expect": _expect}


def _moment(script: Script, project: Project) -> int:
    given = script.given.get("now")
    if given is None:
        return MONDAY
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        raise mistake(script.file, script.line, f"{given} is no time: 2026-03-01T09:00") from None
    zone = at.tzinfo or project.flows.options.timezone
    return int(at.replace(tzinfo=zone).timestamp() * 1000)


def _written(entry: Entry) -> str:
    value = entry.value
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name}: {each}" for name, each in value.items())
        value = f"{{{inside}}}"
    return f"{entry.word}: {value}"
