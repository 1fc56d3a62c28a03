"""A conversation written down as a script, to be played again by `bot test`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.clock import DAY, HOUR, MINUTE
from bot.errors import BotError
from bot.flow import refs
from bot.flow.reading import source
from bot.model import Json
from bot.scripts.reading import Entry
from bot.testing import Call, Message

#: So much of a text is enough to know it by.
_MOST = 60
#: A pause that is shorter than this is nobody's waiting for something.
_PAUSE = MINUTE


def bot_line(message: Message) -> Json:
    """What a `bot:` line asks for, from a message of the bot."""
    content = message.content
    line: Json = {}
    text = str(content.get("text") or content.get("caption") or "")
    first = next((part.strip() for part in text.splitlines() if part.strip()), "")
    if first:
        line["contains"] = first if len(first) <= _MOST else first[:_MOST].rpartition(" ")[0]
    if message.choices:
        line["choices"] = [choice for _, choice, _ in message.choices]
    for held in (content, content.get("header") or {}):
        if held.get("type") in ("image", "video", "audio", "document", "sticker"):
            line[held["type"]] = held.get("name") or held.get("url")
    if content.get("url") and content["type"] == "link":
        line["link"] = content["url"]
    return line or {"type": content["type"]}


def of_emulator(messages: Iterable[Json]) -> list[Entry]:
    """A chat in the emulator, from the messages of its JSON API, as lines of a script."""
    entries: list[Entry] = []
    before = None
    for message in messages:
        if message["from"] == "emulator":
            continue
        if before is not None and (went_by := pause(message["at"] - before)):
            entries.append(Entry(0, "advance", went_by))
        before = message["at"]
        line = _of_business(message) if message["from"] == "business" else None
        entries.append(Entry(0, "bot", line) if line is not None else _of_customer(message))
    return entries


def _of_business(message: Json) -> Json:
    media = message.get("media") or {}
    kind = message["type"] if message["type"] != "interactive" else ""
    content = {"type": kind or "text", "text": message["text"], "name": media.get("name")}
    return bot_line(Message(message["at"], "bot", content, choices=tuple(
        (choice["id"], refs.choice_in(choice["id"]), choice["title"])
        for choice in message["choices"] if choice["kind"] != "link")))


def _of_customer(message: Json) -> Entry:
    if message["type"] == "interactive" and "type" in message["body"]:
        tapped = message["body"][message["body"]["type"]]["id"]
        return Entry(0, "tap", refs.choice_in(tapped))
    if message["type"] == "location":
        return Entry(0, "customer", {"location": message["body"]})
    media = message.get("media")
    if not media:
        return Entry(0, "customer", message["text"])
    said: Json = {message["type"]: media.get("name") or message["type"]}
    if message["text"]:
        said["text"] = message["text"]
    return Entry(0, "customer", said)


def answers(calls: Iterable[Call]) -> Json:
    """What operations gave in a chat, as `given: backend:` has it."""
    given: dict[str, list[Json]] = {}
    for call in calls:
        rules = given.setdefault(call.operation, [])
        when = {name: value for name, value in call.arguments.items()
                if isinstance(value, str | int | float) and "\n" not in str(value)}
        same = next((rule for rule in rules if rule["when"] == when), None)
        if same is None:
            rules.append({"when": when, "gives": {"in turn": [call.answer]}})
        elif same["gives"]["in turn"][-1] != call.answer:
            same["gives"]["in turn"].append(call.answer)
    for rules in given.values():
        for rule in rules:
            if len(rule["gives"]["in turn"]) == 1:
                [rule["gives"]] = rule["gives"]["in turn"]
    return {operation: rules[0]["gives"] if len(rules) == 1 else rules
            for operation, rules in given.items()}


def pause(ms: int) -> str:
    """A time that went by, as `advance:` has it; "" for one too short to matter."""
    if ms < _PAUSE:
        return ""
    minutes = -(-ms // MINUTE)
    parts = []
    for name, unit in (("d", DAY // MINUTE), ("h", HOUR // MINUTE), ("m", 1)):
        count, minutes = divmod(minutes, unit)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts)


def written(name: str, entries: Iterable[Entry], given: Mapping[str, Any]) -> str:
    """The script, as it stands under `tests:`."""
    lines = [f"  {_flow(name)}:"]
    if given:
        lines.append(f"    given: {_flow(given)}")
    lines.append("    script:")
    lines += [f"      - {entry.word}: {_flow(entry.value)}" for entry in entries]
    return "\n".join(lines) + "\n"


def save(file: Path, name: str, entries: Iterable[Entry], given: Mapping[str, Any]) -> None:
    """Put the script at the end of the file, which is made where there is none.

    Raises `BotError` where the file is none of scripts, or has one of that name.
    """
    new = written(name, entries, given)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"tests:\n{new}", encoding="utf-8")
        return
    text = file.read_text("utf-8")
    tree, findings = source.read(str(file), text.encode())
    if tree is None or findings or not isinstance(tree.value, dict):
        raise BotError(f"{file} can't be read: mend it first, or name a new file")
    if list(tree.value)[-1:] != ["tests"]:
        raise BotError(f"{file} does not end with `tests:`: name a new file")
    if name in tree.at("tests").keys:
        raise BotError(f"{file} has a test “{name}” already: choose another name")
    file.write_text(text.rstrip("\n") + "\n\n" + new, encoding="utf-8")


def _flow(value: Any) -> str:
    """A value on one line."""
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False,
                          width=1_000_000).removesuffix("\n").removesuffix("\n...")
