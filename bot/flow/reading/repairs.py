"""What a line that can't be read was meant to be: guesses, the likeliest first.

Whether a guess is right is seen by reading the file with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.flow.reading import quotes

_KEY = r"[A-Za-z_][\w.-]*"
#: What a line may lack to be read, and the line in two halves between which it belongs.
_LACKING = tuple((re.compile(pattern), between, why) for pattern, between, why in (
    (r"(\s*(?:- +)?[a-z_]+:)([^\s:/].*)$", " ", "a space is missing after the colon"),
    (r"(\s*(?:- +)?[a-z_]+)：\s*(.*)$", ": ", "`：` is no colon here: write `:` and a space"),
    (r"(\s*-)([^\s-].*)$", " ", "a space is missing after the `-`"),
    (r"(\s*(?:- +)?[a-z_]+) +([^\s:].*)$", ": ", "a `:` is missing after the word"),
    (r"(\s*(?:- +)?[a-z][a-z0-9_]*)(\s*)$", ":", "a `:` is missing after the word"),
))
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|\{\{.*?\}\}")


@dataclass(frozen=True, slots=True)
class Repair:
    """A line as it may have been meant."""

    number: int  #: from 0
    why: str
    line: str
    guessed: bool = False  #: it may as well have been meant otherwise

    def column(self, old: str) -> int:
        """Where the mistake is in the line as it stands."""
        indent = old[:len(old) - len(old.lstrip())]
        if old.strip() == self.line.strip() and old.rstrip() != self.line.rstrip():
            return indent.find("\t") + 1 or len(indent) + 1
        return next((at for at, (a, b) in enumerate(zip(old, self.line, strict=False)) if a != b),
                    min(len(old), len(self.line))) + 1


def repairs(lines: list[str], failed: int, numbers: Iterable[int]) -> Iterator[Repair]:
    """What may be wrong with one of these lines of a file that can't be read beyond `failed`."""
    numbers = [number for number in numbers if 0 <= number < len(lines)]
    for number in numbers:
        yield from (Repair(number, *one) for one in _lacking(lines[number]))
    if failed in numbers:
        yield from (Repair(failed, *one) for one in _shifted(lines, failed))
    for number in numbers:
        yield from (Repair(number, *one, guessed=True) for one in _unclosed(lines[number]))
        quoted = quotes.fixed(lines[number])
        if quoted is not None:
            yield Repair(number, "this line can't be read: put the text in quotes", quoted)


def _lacking(line: str) -> Iterator[tuple[str, str]]:
    for pattern, between, why in _LACKING:
        match = pattern.match(line)
        if match is not None:
            yield why, match[1] + between + match[2]


def _unclosed(line: str) -> Iterator[tuple[str, str]]:
    bare = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
    if bare.count("[") > bare.count("]"):
        begin = bare.rindex("[")
        end = re.compile(rf",\s*{_KEY}:\s|\s*\}}|\s*$").search(bare, begin)
        if end is not None:
            yield "the closing `]` is missing", f"{line[:end.start()]}]{line[end.start():]}"
    if bare.count("{") > bare.count("}"):
        yield "the closing `}` is missing", line.rstrip() + "}" * (
            bare.count("{") - bare.count("}"))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shifted(lines: list[str], number: int) -> Iterator[tuple[str, str]]:
    """The line as far to the right as one of those around it."""
    line = lines[number]
    text = line.lstrip()
    own = line[:len(line) - len(text)]
    before = [one for one in reversed(lines[max(0, number - 9):number]) if one.strip()]
    after = next((one for one in lines[number + 1:] if one.strip()), "")
    if not text or not before:
        return
    below = _indent(after)
    known = {_indent(one) for one in before} | {below}
    # What opens a block stands to the left of it; what does not, beside the next line.
    likely = [spaces for spaces in sorted(known, reverse=True)
              if (spaces < below if text.endswith(":") else spaces == below)]
    for spaces in dict.fromkeys([*likely, *sorted(known, key=lambda one: abs(one - len(own)))]):
        if own != " " * spaces:
            yield ("the line begins with a tab: indent with spaces" if "\t" in own else
                   f"{len(own)} spaces stand before this line and {spaces} before those that it "
                   "belongs to"), " " * spaces + text
