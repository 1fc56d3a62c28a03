"""Reading a YAML file as people write it: everything is text, and every piece knows its place.

`yes`, `0412`, `1.10` and `18:30` stay as written. What YAML offers beyond texts, lists and
mappings (anchors, tags, several documents) is refused: nobody here needs it, and each is a way
to say something else than one means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml._yaml import CParser

from bot.flow.reading import quotes
from bot.flow.reading.finding import Finding, Place
from bot.flow.reading.repairs import repairs

__all__ = ["MAX_BYTES", "Finding", "Node", "Place", "read"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
#: After so many mistakes of writing the rest of a file is not looked at.
_MOST = 100
#: So many times a file is read again with quotes put where they are missing.
_REPAIRS = 20
#: What no text can hold: control characters but tab and line ends, non-characters, and the line
#: ends of other systems, which YAML would count and no editor shows.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
#: A line that is indented with something that only looks like a space.
_NO_SPACE = re.compile(r"^ *(?![ \t\r\n])\s(?=\s*(?:- |[a-z_]+:))", re.MULTILINE)
#: What is no comment, whatever YAML says: `Order #12 is here`, `n#1`.
_LOST_OF_A_SENTENCE = re.compile(r"\s*#\S")
_LOST_OF_A_WORD = re.compile(r"\s*#[\d{]")
_TECHNICAL = {
    "anchor": "a text can't begin with `&`",
    "alias": "a text can't begin with `*`",
    "tag": "a text can't begin with `!`",
}


@dataclass(slots=True)
class Node:
    """A text, a list or a mapping, with the line and column where it begins (both from 1)."""

    value: str | list[Node] | dict[str, Node]
    line: int
    column: int
    #: of a mapping: where each key stands, also one with nothing after it
    keys: dict[str, Place] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return self.line, self.column

    def at(self, *path: str | int) -> Node:
        """The piece at `path`, or the deepest one on the way to it that exists.

        A number goes into a list and is passed over elsewhere, because what may be a list
        (`goto`, `say`) may also be written as a single piece.
        """
        node = self
        for part in path:
            value = node.value
            if isinstance(part, str):
                if not isinstance(value, dict) or part not in value:
                    return node
                node = value[part]
            elif isinstance(value, list):
                if part >= len(value):
                    return node
                node = value[part]
        return node

    def key(self, *path: str | int) -> Place:
        """Where the last key of `path` is written, or the nearest place to it."""
        parent = self.at(*path[:-1])
        last = path[-1]
        return parent.keys.get(last, parent.place) if isinstance(last, str) else (
            self.at(*path).place)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    node: Node
    flow: bool  #: written in brackets
    key: str | None = None
    key_place: Place = (1, 1)
    bad_key: bool = False


class _Hopeless(Exception):
    """There is too much wrong with a file."""


class _Reader:
    """One file being read; the mistakes are collected on the way."""

    def __init__(self, file: str, lines: list[str], quoted: set[int]) -> None:
        self.file, self.lines = file, lines
        self.text = "\n".join(lines)
        self.findings: list[Finding] = []
        #: lines of which it was said that a text in them needs quotes
        self.quoted = quoted
        #: such lines as they should be
        self.repairs: dict[int, str] = {}

    def error(self, place: Place, message: str, *, repaired: bool = False,
              guessed: bool = False) -> None:
        if len(self.findings) == _MOST:
            raise _Hopeless
        self.findings.append(Finding(self.file, *place, "error", message, repaired, guessed))

    def quote(self, place: Place, why: str) -> None:
        """Say once a line that a text needs quotes, with the line as it should be."""
        if place[0] in self.quoted:
            return
        self.quoted.add(place[0])
        line = self.lines[place[0] - 1] if place[0] <= len(self.lines) else ""
        fixed = quotes.fixed(line)
        self.error(place, f"{why}: put the text in quotes"
                          + (f": {fixed.strip()}" if fixed else ""), repaired=bool(fixed))
        if fixed:
            self.repairs[place[0] - 1] = fixed

    def read(self) -> Node | None:
        parser = CParser(self.text)
        try:
            return self._document(parser)
        except yaml.YAMLError as problem:
            self._unreadable(problem)
            return None
        finally:
            parser.dispose()

    def _document(self, parser: Any) -> Node | None:
        root: Node | None = None
        stack: list[_Open] = []
        documents = 0
        while parser.check_event():
            event = parser.get_event()
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            kind = type(event)
            if kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.error(place, "a file holds one document: remove the line `---`",
                               repaired=True)
                    self.repairs[place[0] - 1] = ""
                    break
                continue
            node: Node | None = None
            opened = False
            if kind is yaml.ScalarEvent:
                node = self._scalar(event, place, stack[-1] if stack else None)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._technical(event, place)
                node = Node({} if kind is yaml.MappingStartEvent else [], *place)
                opened = True
            elif kind is yaml.AliasEvent:
                if stack and stack[-1].key == "<<":
                    self.error(stack[-1].key_place, "`<<` can't be used: write the lines here")
                    stack[-1].key = None
                    continue
                self.quote(place, _TECHNICAL["alias"])
                node = Node("*", *place)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                stack.pop()
                continue
            else:
                continue
            if stack:
                self._add(stack[-1], node, place)
            else:
                root = node
            if opened:
                if len(stack) >= MAX_DEPTH:
                    self.error(place, f"brackets or indents are nested more than {MAX_DEPTH} deep")
                    return None
                stack.append(_Open(node, bool(event.flow_style)))
        if root is None:
            self.error((1, 1), "the file is empty")
        return root

    def _technical(self, event: Any, place: Place) -> None:
        if not event.anchor and not event.tag:
            return
        line = self.lines[place[0] - 1] if place[0] <= len(self.lines) else ""
        if event.anchor and not isinstance(event, yaml.ScalarEvent) and (
                line[place[1] - 1:].strip() == f"&{event.anchor}"):
            self.error(place, f"`&{event.anchor}` means nothing here: take it out", repaired=True)
            self.repairs[place[0] - 1] = line[:place[1] - 1].rstrip()
        elif event.anchor:
            self.quote(place, _TECHNICAL["anchor"])
        if event.tag:
            self.quote(place, _TECHNICAL["tag"])

    def _scalar(self, event: Any, place: Place, parent: _Open | None) -> Node:
        self._technical(event, place)
        if not event.style and event.value:
            end = event.end_mark
            rest = self.lines[end.line][end.column:] if end.line < len(self.lines) else ""
            lost = _LOST_OF_A_SENTENCE if " " in event.value else _LOST_OF_A_WORD
            if "#" in rest and lost.match(rest):
                self.quote(place, "the part after `#` would be lost")
        return Node(event.value, *place)

    def _add(self, parent: _Open, node: Node, place: Place) -> None:
        value = parent.node.value
        if isinstance(value, list):
            if node.value == "" and not self._written(place):
                self.error(place, "an entry of the list is empty")
            else:
                value.append(node)
            return
        assert isinstance(value, dict)
        if parent.key is None and not parent.bad_key:
            if not isinstance(node.value, str):
                self.quote(parent.node.place, "a text can't begin with `{` or `[`")
                parent.bad_key = True
                return
            parent.key, parent.key_place = node.value, place
            return
        key, parent.key = parent.key, None
        if parent.bad_key or key is None:
            parent.bad_key = False
            return
        if node.value == "" and not self._written(place):
            parent.node.keys.setdefault(key, parent.key_place)
            if (parent.flow and self._goes_on(parent, key)) or place[0] in self.quoted:
                return
            if parent.flow and not self._colon_after(key, parent.key_place):
                before = self.lines[parent.key_place[0] - 1][:parent.key_place[1] - 1].rstrip()
                self.quote(parent.key_place, "a comma ends a text inside `{ }`"
                           if before.endswith(",") else "a text can't begin with `{`")
            elif re.search(r":\s+#\S", self.lines[parent.key_place[0] - 1]):
                self.quote(parent.key_place, "what follows `#` is a comment")
            else:
                self.error(parent.key_place, f"`{key}` has nothing after it")
            return
        if key in value:
            first = parent.node.keys[key][0]
            self.error(parent.key_place, f"`{key}` stands here twice (first in line {first})")
            return
        value[key] = node
        parent.node.keys[key] = parent.key_place

    def _colon_after(self, key: str, place: Place) -> bool:
        rest = self.lines[place[0] - 1][place[1] - 1:] if place[0] <= len(self.lines) else ""
        return rest.startswith(key) and rest[len(key):].lstrip().startswith(":")

    def _goes_on(self, parent: _Open, key: str) -> bool:
        """Join `一,二` again: a comma without a space, then a word that can't be a key here."""
        value = parent.node.value
        assert isinstance(value, dict)
        line, column = parent.key_place
        if not value or key.isascii() or self.lines[line - 1][column - 2:column - 1] != ",":
            return False
        last = value[next(reversed(value))]
        if not isinstance(last.value, str) or last.line != line:
            return False
        last.value += "," + key
        return True

    def _written(self, place: Place) -> bool:
        """Whether an empty text is there on purpose: '' or ""."""
        line = self.lines[place[0] - 1] if place[0] <= len(self.lines) else ""
        return line[place[1] - 1:place[1]] in {"'", '"', "|", ">"}

    def _unreadable(self, problem: yaml.YAMLError) -> None:
        mark = getattr(problem, "problem_mark", None)
        context = getattr(problem, "context_mark", None)
        line = mark.line if mark else 0
        column = mark.column if mark else 0
        candidates = [line, *([context.line] if context else []), *range(line - 1, line - 4, -1)]
        candidates = list(dict.fromkeys(candidates))
        done = next((at for at, number in enumerate(candidates) if number + 1 in self.quoted), None)
        for repair in repairs(self.lines, line, candidates[:done]):
            if self._helps(repair.number, repair.line, line):
                old = self.lines[repair.number]
                self.error((repair.number + 1, repair.column(old)),
                           f"{repair.why}: {repair.line.strip()}", repaired=True,
                           guessed=repair.guessed)
                self.quoted.add(repair.number + 1)
                self.repairs[repair.number] = repair.line
                return
        if done is not None:
            return
        place = (min(line, len(self.lines) - 1) + 1, column + 1)
        text = self.lines[place[0] - 1]
        if "\t" in text[:len(text) - len(text.lstrip())]:
            self.error(place, "the line begins with a tab: indent with spaces")
            return
        what = str(getattr(problem, "problem", None) or "it is not YAML")
        if "expected ',' or" in what and not text[:column].strip():
            # What is missing belongs to the end of what stands above.
            above = next((number for number in range(place[0] - 2, -1, -1)
                          if self.lines[number].strip()), place[0] - 1)
            place = (above + 1, len(self.lines[above]) + 1)
        since = f" (what begins in line {context.line + 1})" if (
            context and context.line + 1 != place[0]) else ""
        self.error(place, f"this line can't be read: {_in_words(what)}{since}")

    def _helps(self, number: int, fixed: str, failed: int) -> bool:
        """Whether the file with this one line changed can be read further than before."""
        lines = [*self.lines[:number], fixed, *self.lines[number + 1:]]
        parser = CParser("\n".join(lines))
        try:
            while parser.check_event():
                parser.get_event()
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            return mark is not None and mark.line > failed
        else:
            return True
        finally:
            parser.dispose()


def _in_words(problem: str) -> str:
    """The parser's sentence, in words of people who do not know YAML."""
    for part, words in (
        ("mapping values are not allowed", "there is a `:` too many, or the indent is wrong"),
        ("did not find expected key", "it is not indented like the lines above it, "
                                      "or a quote is missing"),
        ("did not find expected ',' or '}'", "a `,` or the closing `}` is missing"),
        ("did not find expected ',' or ']'", "a `,` or the closing `]` is missing"),
        ("did not find expected '-'", "it is not indented like the list above it"),
        ("could not find expected ':'", "a `:` is missing"),
        ("unexpected end of stream", "a closing quote is missing"),
        ("unknown escape character", "a backslash inside \" \" has a meaning of its own: use ' '"),
    ):
        if part in problem:
            return words
    return problem


def read(file: str, data: bytes) -> tuple[Node | None, list[Finding]]:
    """The document in `data`, or None, and every mistake of writing that was found."""
    if len(data) > MAX_BYTES:
        return None, [Finding(file, 1, 1, "error",
                              f"the file is larger than {MAX_BYTES // 1024} KiB")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = data[:problem.start].decode("utf-8", "replace")
        return None, [Finding(file, *_place(before), "error",
                              "the file is not UTF-8: save it with that encoding")]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    bad = _UNPRINTABLE.search(text)
    if bad:
        return None, [Finding(file, *_place(text[:bad.start()]), "error",
                              f"there is an invisible character here (U+{ord(bad[0]):04X}): "
                              "remove it")]
    odd = _NO_SPACE.search(text)
    if odd:
        at = odd.end() - 1
        return None, [Finding(file, *_place(text[:at]), "error",
                              f"this is no ordinary space (U+{ord(text[at]):04X}): indent with the "
                              "space bar")]
    lines = text.split("\n")
    quoted: set[int] = set()
    kept: list[Finding] = []
    for _ in range(_REPAIRS):
        reader = _Reader(file, lines, quoted)
        try:
            root = reader.read()
        except _Hopeless:
            return None, [*kept, *reader.findings]
        except (RecursionError, ValueError, UnicodeError) as problem:
            return None, [*kept, Finding(file, 1, 1, "error", f"the file can't be read: {problem}")]
        if not reader.repairs:
            break
        # Read on with quotes where they are missing, so that one run finds what is wrong below.
        kept += [finding for finding in reader.findings if finding.line - 1 in reader.repairs]
        lines = [reader.repairs.get(number, line) for number, line in enumerate(lines)]
    return root, [*kept, *reader.findings] if not reader.repairs else kept


def _place(before: str) -> Place:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
