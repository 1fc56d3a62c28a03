"""Script files, `flows/tests/*.yaml`: what stands in them, with the line of every mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bot.errors import FlowError
from bot.flow.reading import source
from bot.model import Json

#: What a line of a script begins with.
WORDS: Final = ("customer", "tap", "bot", "advance", "agent", "event", "provider", "run",
                "publish", "expect")
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_PLAIN: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "none": None}
_GIVEN: Final = ("backend", "contact", "now", "step", "slots")
_CONTACT: Final = ("name", "language", "timezone", "phone", "tags", "fields")


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
    run: str = ""  #: the flow that is begun before the first line

    def __str__(self) -> str:
        return f"{self.file.stem}: {self.name}"


def shared(path: Path) -> Json:
    """What is given for every script of a file. Raises `FlowError`."""
    top = _top(path)
    found = _data(top["given"][1]) if "given" in top else {}
    return found if isinstance(found, dict) else {}


def _top(path: Path) -> dict[str, tuple[int, yaml.Node]]:
    data = path.read_bytes()
    _, findings = source.read(str(path), data)
    tree = None if findings else yaml.compose(data.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
    if tree is None:
        raise FlowError("\n".join(str(finding) for finding in findings))
    return _entries(path, tree, ("given", "tests"))


def read(path: Path) -> list[Script]:
    """The scripts of a file. Raises `FlowError` with each mistake's line."""
    top = _top(path)
    for_all = shared(path)
    if "tests" not in top:
        raise mistake(path, 1, "the file holds no `tests:`")
    scripts = []
    for line, name, node in _pairs(path, top["tests"][1]):
        parts = _entries(path, node, ("given", "run", "script"))
        given = {**for_all, **(_data(parts["given"][1]) if "given" in parts else {})}
        _known(path, line, given, _GIVEN, "given")
        _told(path, line, given)
        _known(path, line, given.get("contact", {}), _CONTACT, "contact")
        if "backend" in for_all:
            given["backend"] = {**for_all["backend"], **given["backend"]}
        if "script" not in parts or not isinstance(parts["script"][1], yaml.SequenceNode):
            raise mistake(path, line, f"“{name}” needs a list `script:`")
        entries = tuple(_entry(path, each) for each in parts["script"][1].value)
        # Who says where a conversation stands says it of the flow that the file is called after.
        anywhere = "step" in given or "slots" in given
        begins = str(_data(parts["run"][1])) if "run" in parts else path.stem if anywhere and not (
            any(entry.word == "run" for entry in entries)) else ""
        scripts.append(Script(path, line, name, given, entries, begins))
    return scripts


def _told(path: Path, line: int, given: Json) -> None:
    """What is given has the shape that it is used in."""
    for word in ("backend", "contact", "slots"):
        if not isinstance(given.get(word, {}), Mapping):
            raise mistake(path, line, f"`{word}:` needs `name: value` lines under it")


def _entry(path: Path, node: yaml.Node) -> Entry:
    pairs = list(_pairs(path, node))
    line, word, value = pairs[0] if pairs else (node.start_mark.line + 1, "", node)
    if word == "tap" and [each for _, each, _ in pairs] == ["tap", "about"]:
        return Entry(line, word, {"tap": _data(value), "about": _data(pairs[1][2])})
    if len(pairs) != 1 or word not in WORDS:
        raise mistake(path, line, f"a line of a script is one of {', '.join(WORDS)}")
    said = word == "bot" or (word in ("customer", "tap") and isinstance(value, yaml.ScalarNode))
    return Entry(line, word, _text(value) if said else _data(value))


def _entries(path: Path, node: yaml.Node, words: tuple[str, ...]
             ) -> dict[str, tuple[int, yaml.Node]]:
    found = {}
    for line, word, value in _pairs(path, node):
        if word not in words:
            raise mistake(path, line, f"“{word}” is unknown here; known: {', '.join(words)}")
        found[word] = (line, value)
    return found


def _pairs(path: Path, node: yaml.Node) -> Iterator[tuple[int, str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise mistake(path, node.start_mark.line + 1, "here `word: value` is needed")
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
        if text in _PLAIN:
            return _PLAIN[text]
        if _NUMBER.fullmatch(text):
            return float(text) if "." in text else int(text)
    return text


def _text(node: yaml.Node) -> Any:
    """What is said, as it is written: `none` and 1.10 are words here."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _text(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_text(value) for value in node.value]
    return str(node.value)


def _known(path: Path, line: int, found: Mapping[str, Any], words: tuple[str, ...],
           where: str) -> None:
    for word in found:
        if word not in words:
            raise mistake(path, line, f"“{word}” is unknown in {where}; "
                                       f"known: {', '.join(words)}")


def mistake(path: Path, line: int, message: str) -> FlowError:
    return FlowError(f"{path}:{line}:1 error {message}")
