"""Scripts that stand beside the flows, in `flows/tests/*.yaml`: read, played and judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

from bot.clock import duration
from bot.errors import BotError, FlowError
from bot.flow.expressions.values import is_media, plain, typed
from bot.flow.reading import source
from bot.model import Json
from bot.testing import CUSTOMER, KIM, MONDAY, Chat, Message, Project, ScriptError

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "none": None}
_GIVEN: Final = ("backend", "contact", "now")
_CONTACT: Final = ("name", "language", "timezone", "phone")
_SENT: Final = ("image", "audio", "voice", "video", "document", "sticker")
_BOT: Final = ("contains", "lacks", "choices", "link", "template", "language", "image", "video",
               "audio", "document", "sticker", "type")
_EXPECT: Final = ("outcome", "slots", "step", "queue", "tags", "calls", "owner", "language")
_AGENT: Final = ("says", "takes", "closes")
_MIME: Final = {"jpg": "image/jpeg", "png": "image/png", "pdf": "application/pdf",
                "ogg": "audio/ogg", "mp4": "video/mp4", "webp": "image/webp"}


class Differs(BotError):
    """The conversation is not what the script says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a script: a word and what stands after it."""

    line: int
    word: str
    value: Any


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation, and what must be so."""

    file: Path
    line: int
    name: str
    given: Json
    entries: tuple[Entry, ...]

    def __str__(self) -> str:
        return f"{self.file.stem}: {self.name}"


@dataclass(slots=True)
class _Play:
    """A script being played."""

    chat: Chat
    project: Project
    at: int = 0  #: the first message that no `bot:` has found yet
    since: int = 0  #: the first message after the customer's or the clock's last step
    calls: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path) -> list[Script]:
    """The scripts of a file. Raises `FlowError` with each mistake's line."""
    data = path.read_bytes()
    _, findings = source.read(str(path), data)
    tree = None if findings else yaml.compose(data.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
    if tree is None:
        raise FlowError("\n".join(str(finding) for finding in findings))
    top = _entries(path, tree, ("given", "tests"))
    shared = _data(top["given"][1]) if "given" in top else {}
    if "tests" not in top:
        raise _mistake(path, 1, "the file holds no `tests:`")
    scripts = []
    for line, name, node in _pairs(path, top["tests"][1]):
        parts = _entries(path, node, ("given", "script"))
        given = {**shared, **(_data(parts["given"][1]) if "given" in parts else {})}
        _known(path, line, given, _GIVEN, "given")
        _known(path, line, given.get("contact", {}), _CONTACT, "contact")
        if "backend" in shared:
            given["backend"] = {**shared["backend"], **given["backend"]}
        if "script" not in parts or not isinstance(parts["script"][1], yaml.SequenceNode):
            raise _mistake(path, line, f"“{name}” needs a list `script:`")
        scripts.append(Script(path, line, name, given, tuple(
            _entry(path, each) for each in parts["script"][1].value)))
    return scripts


def play(script: Script, project: Project) -> Chat:
    """Have the conversation. Raises `Differs` with the chat and the line that differs."""
    given = script.given
    contact = replace(KIM, **given.get("contact", {}))
    if contact.language is not None:
        contact = replace(contact, language_from="chosen")
    chat = Chat(project.flows, given.get("backend", {}), contact, _moment(script, project))
    playing = _Play(chat, project)
    for entry in script.entries:
        try:
            _STEPS[entry.word](playing, entry.value)
            if chat.incidents:
                raise Differs(f"the engine reports: {'; '.join(chat.incidents)}")
        except (Differs, ScriptError) as problem:
            raise Differs(
                f"{script.file}:{entry.line} “{script.name}”\n{_written(entry)}\n{problem}\n\n"
                f"The chat up to here:\n{chat.transcript() or '(nothing)'}") from None
    return chat


def _customer(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    if isinstance(value, Mapping):
        playing.chat.sends(_content(value))
    else:
        playing.chat.writes(str(value))


def _content(value: Mapping[str, Any]) -> Json:
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
    content: Json = {"type": "audio" if kind == "voice" else kind, "media": media}
    if "text" in value:
        content["text"] = value["text"]
    return content


def _tap(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    playing.chat.taps(str(value))


def _bot(playing: _Play, value: Any) -> None:
    messages = playing.chat.messages
    start = max(playing.at, playing.since)
    new = [message for message in messages[start:] if message.by != CUSTOMER]
    if value == "nothing":
        if new:
            raise Differs("The bot should have said nothing.")
        return
    wanted = value if isinstance(value, Mapping) else {"contains": value}
    _known_word(wanted, _BOT, "bot")
    misses = []
    for place in range(start, len(messages)):
        message = messages[place]
        if message.by == CUSTOMER:
            continue
        missing = list(_missing(message, wanted))
        if not missing:
            playing.at = place + 1
            return
        misses.append("; ".join(missing))
    raise Differs(f"No new message of the bot is like that: {misses[-1]}" if misses
                  else "The bot said nothing new.")


def _missing(message: Message, wanted: Mapping[str, Any]) -> Iterator[str]:
    """What the message lacks of what is wanted."""
    for text in _listed(wanted.get("contains", [])):
        if str(text).casefold() not in message.text.casefold():
            yield f"“{text}” is not in it"
    for text in _listed(wanted.get("lacks", [])):
        if str(text).casefold() in message.text.casefold():
            yield f"“{text}” is in it"
    offered = [choice for _, choice, _ in message.choices]
    for choice in _listed(wanted.get("choices", [])):
        if str(choice) not in offered:
            yield f"it does not offer {choice} but {', '.join(offered) or 'nothing'}"
    if "language" in wanted and message.language != wanted["language"]:
        yield f"its language is {message.language}"
    content = message.content
    if "type" in wanted and content["type"] != wanted["type"]:
        yield f"it is of the type {content['type']}"
    if "template" in wanted and content.get("name") != wanted["template"]:
        yield "it is not that template"
    if "link" in wanted and str(wanted["link"]) not in (content.get("url") or ""):
        yield f"it has no link to {wanted['link']}"
    for kind in ("image", "video", "audio", "document", "sticker"):
        if kind in wanted:
            held = content if content["type"] == kind else content.get("header", {})
            if held.get("type") != kind or str(wanted[kind]) not in (
                    held.get("name"), held.get("url")):
                yield f"it holds no {kind} {wanted[kind]}"


def _advance(playing: _Play, value: Any) -> None:
    playing.since = len(playing.chat.messages)
    playing.chat.advance(duration(str(value)))


def _agent(playing: _Play, value: Any) -> None:
    chat = playing.chat
    wanted: dict[Any, Any] = dict(value) if isinstance(value, Mapping) else {value: None}
    _known_word(wanted, _AGENT, "agent")
    if wanted.get("closes", "done") not in ("done", "back"):
        raise ScriptError("an agent `closes: done`, or `closes: back` to the bot")
    playing.since = len(chat.messages)
    if not chat.owner.startswith("agent:"):
        chat.acts("take")
    if "says" in wanted:
        chat.acts("reply", str(wanted["says"]))
    if "closes" in wanted:
        chat.acts("close" if wanted["closes"] == "done" else "return")


def _expect(playing: _Play, value: Any) -> None:
    chat = playing.chat
    _known_word(value, _EXPECT, "expect")
    found = {"outcome": chat.outcome, "step": chat.step, "owner": chat.owner.partition(":")[0],
             "queue": chat.ticket["queue"] if chat.ticket else None,
             "language": chat.contact.language}
    for word, is_ in found.items():
        if word in value and is_ != value[word]:
            raise Differs(f"{word} is {is_ or 'none'}, not {value[word]}")
    for name, wanted in value.get("slots", {}).items():
        kept = _slot(playing, name)
        if kept != wanted and str(kept) != str(wanted):
            raise Differs(f"the slot {name} is {'none' if kept is None else kept}, not {wanted}")
    for tag in _listed(value.get("tags", [])):
        if tag not in chat.contact.tags:
            raise Differs(f"the tags are {', '.join(chat.contact.tags) or 'none'}, without {tag}")
    if "calls" in value:
        _expect_calls(chat, value["calls"])


def _slot(playing: _Play, name: str) -> Any:
    kept = playing.chat.slots.get(name)
    if is_media(kept):
        return kept.get("name")
    for kind in ("choice", "date"):  # both keep more than their data
        if isinstance(kept, Mapping) and ("label" if kind == "choice" else "iso") in kept:
            return plain(typed(kind, kept, playing.project.flows.options.timezone))
    return kept


def _expect_calls(chat: Chat, wanted: Any) -> None:
    if wanted is None:
        if chat.calls:
            raise Differs(f"{chat.calls[0].operation} was called")
        return
    for operation, each in wanted.items():
        made = [call.arguments for call in chat.calls if call.operation == operation]
        if each is None:
            if made:
                raise Differs(f"{operation} was called with {made[0]}")
            continue
        expected = each if isinstance(each, list) else [each]
        if isinstance(each, list) and len(made) != len(each):
            raise Differs(f"{operation} was called {len(made)} times: {made}")
        for arguments in expected:
            if not any(all(str(call.get(name)) == str(value) for name, value in arguments.items())
                       for call in made):
                raise Differs(f"{operation} was called with {made or 'nothing'}")


_STEPS: Final[Mapping[str, Callable[[_Play, Any], None]]] = {
    "customer": _customer, "tap": _tap, "bot": _bot, "advance": _advance, "agent": _agent,
    "expect": _expect}


def _moment(script: Script, project: Project) -> int:
    given = script.given.get("now")
    if given is None:
        return MONDAY
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        raise _mistake(script.file, script.line, f"{given} is no time: 2026-03-01T09:00") from None
    zone = at.tzinfo or project.flows.options.timezone
    return int(at.replace(tzinfo=zone).timestamp() * 1000)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _written(entry: Entry) -> str:
    value = entry.value
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name}: {each}" for name, each in value.items())
        value = f"{{{inside}}}"
    return f"  - {entry.word}: {value}"


def _entry(path: Path, node: yaml.Node) -> Entry:
    pairs = list(_pairs(path, node))
    line, word, value = pairs[0] if pairs else (node.start_mark.line + 1, "", node)
    if len(pairs) != 1 or word not in _STEPS:
        raise _mistake(path, line, f"a line of a script is one of {', '.join(_STEPS)}")
    return Entry(line, word, _data(value))


def _entries(path: Path, node: yaml.Node, words: tuple[str, ...]
             ) -> dict[str, tuple[int, yaml.Node]]:
    found = {}
    for line, word, value in _pairs(path, node):
        if word not in words:
            raise _mistake(path, line, f"“{word}” is unknown here; known: {', '.join(words)}")
        found[word] = (line, value)
    return found


def _pairs(path: Path, node: yaml.Node) -> Iterator[tuple[int, str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _mistake(path, node.start_mark.line + 1, "here `word: value` is needed")
    for key, value in node.value:
        yield key.start_mark.line + 1, str(key.value), value


def _data(node: yaml.Node) -> Any:
    """The data of a node: plain words true, false, none and numbers are what they say."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _data(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_data(value) for value in node.value]
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and not node.style:
        if text in _WORDS:
            return _WORDS[text]
        if _NUMBER.fullmatch(text):
            return float(text) if "." in text else int(text)
    return text


def _known(path: Path, line: int, found: Mapping[str, Any], words: tuple[str, ...],
           where: str) -> None:
    for word in found:
        if word not in words:
            raise _mistake(path, line, f"“{word}” is unknown in {where}; "
                                       f"known: {', '.join(words)}")


def _known_word(found: Any, words: tuple[str, ...], where: str) -> None:
    for word in found if isinstance(found, Mapping) else ():
        if word not in words:
            raise ScriptError(f"“{word}” is unknown in {where}; known: {', '.join(words)}")


def _mistake(path: Path, line: int, message: str) -> FlowError:
    return FlowError(f"{path}:{line}:1 error {message}")
