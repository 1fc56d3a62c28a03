"""What texts and expressions ask for and what is wrong with them, found without working them out.

Each source is parsed once a process, and nothing is compiled: a project of thousands of texts is
looked through on each save.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Final

import regex
from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from bot.flow.expressions.complaints import plainly
from bot.flow.expressions.filters import NAMES
from bot.flow.expressions.sandbox import (
    OWN,
    Sandbox,
    Unparsable,
    guarded,
    parsed,
    parsed_expression,
)
from bot.flow.spec import TEMPLATE
from bot.nearest import nearest

#: What a source that can't be read makes the parser, or Python's own, raise.
UNREADABLE: Final = (TemplateSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError)
_SHORT: Final = Sandbox(blocks=False, finalize=str)
_LONG: Final = Sandbox(blocks=True, finalize=str)
#: `{{ order.item }}` and `{{ day | date }}`, as most of what is filled in is written.
_PLAIN_HOLE: Final = regex.compile(
    r"\{\{ *([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)(?: *\| *([a-z]+))? *\}\}")
#: Words that are no names to the parser.
_WORDS: Final = frozenset({"and", "or", "not", "in", "is", "if", "else", "true", "false", "none",
                           "self", "super", "caller", "recursive", "loop"})

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a text or an expression, and where in it.

    Line and column count from 1, the mark of a long text left out.
    """

    message: str
    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a source; of one with a mistake nothing else is known."""

    mistake: Mistake | None = None
    #: the names it needs from its scope
    names: frozenset[str] = frozenset()
    #: those names with the fields asked of them: ("order", "item") of `order.item`
    paths: frozenset[Path] = frozenset()
    #: the filters that are none of the language, with their offsets: `fault` judges them
    filters: frozenset[tuple[str, int]] = frozenset()


@lru_cache(maxsize=65_536)
def text(source: str) -> Examined:
    """A text that may hold `{{ }}`, or a long one that begins with the mark of templates."""
    long = source.startswith(TEMPLATE)
    if not long and (quick := _plain(source)) is not None:
        return quick
    if not long and "{%" in source:
        return Examined(at(source, source.index("{%"),
                           "{% … %} may stand in files of templates/ only"))
    environment = _LONG if long else _SHORT
    try:
        tree = guarded(parsed(environment, source))
        paths = set(_paths([tree]))
        names = frozenset(find_undeclared_variables(tree) if long else {path[0] for path in paths})
        if long:  # Python bounds how deep loops and conditions may be nested
            environment.from_string(tree)
    except UNREADABLE as error:
        return Examined(mistake(source, error))
    return Examined(None, names, frozenset(path for path in paths if path[0] in names),
                    _own_filters(tree))


@lru_cache(maxsize=65_536)
def expression(source: str) -> Examined:
    """An expression, which is written without braces."""
    try:
        tree = parsed_expression(_SHORT, source)
        paths = frozenset(_paths([tree]))
    except UNREADABLE as error:
        return Examined(mistake(source, error))
    return Examined(None, frozenset(path[0] for path in paths), paths, _own_filters(tree))


def fault(source: str, found: Examined, own: frozenset[str]) -> Mistake | None:
    """What is wrong with a source, once it is known which filters the business has of its own."""
    for name, offset in sorted(found.filters, key=itemgetter(1)):
        if name not in own:
            near = nearest(name, NAMES | own)
            return at(source, offset, f"there is no filter {name}"
                                      + (f"; did you mean {near}?" if near else ""))
    return found.mistake


def _plain(source: str) -> Examined | None:
    """What is found in a text of which everything in braces is a name, perhaps with a filter."""
    paths: set[Path] = set()
    end = 0
    for hole in _PLAIN_HOLE.finditer(source):
        path = tuple(hole[1].split("."))
        if "{{" in source[end:hole.start() + 1] or not _WORDS.isdisjoint(path) or (
                hole[2] is not None and hole[2] not in NAMES):
            return None
        paths.add(path)
        end = hole.end()
    if "{{" in source[end:] or "{%" in source:
        return None
    return Examined(None, frozenset(path[0] for path in paths), frozenset(paths))


def _own_filters(tree: nodes.Node) -> frozenset[tuple[str, int]]:
    found = (one for one in (tree, *tree.find_all(nodes.Filter)) if isinstance(one, nodes.Filter))
    return frozenset((one.args[0].value, one.lineno) for one in found
                     if one.name == OWN and isinstance(one.args[0], nodes.Const))


def _paths(trees: Iterable[nodes.Node]) -> Iterator[Path]:
    for node in trees:
        fields: list[str] = []
        inner: nodes.Node = node
        while isinstance(inner, nodes.Getattr):
            fields.append(inner.attr)
            inner = inner.node
        if isinstance(inner, nodes.Name) and inner.ctx == "load":
            yield (inner.name, *reversed(fields))
        else:
            yield from _paths(inner.iter_child_nodes())


def pattern(source: str) -> Mistake | None:
    """What is wrong with an author's pattern, if anything."""
    open_brace = regex.search(r"(?<!\\)\{\d+(?:,\d*)?(?![\d,]*\})", source)
    if open_brace is not None:
        return at(source, open_brace.start(), "the closing `}` is missing")
    try:
        regex.compile(source)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        return at(source, getattr(error, "pos", 0) or 0,
                  plainly(getattr(error, "msg", str(error))))
    return None


def mistake(source: str, error: Exception) -> Mistake:
    """What the parser complained about, in words."""
    if isinstance(error, Unparsable):
        return at(source, error.offset, plainly(error.message or "this can't be read"))
    if isinstance(error, TemplateSyntaxError):
        message = error.message or "this can't be read"
        place = regex.search(r" at (\d+)$", message)
        if place:
            return at(source, int(place[1]), plainly(message[:place.start()]))
        return at(source, error.lineno, plainly(message))
    return at(source, 0, "this is nested too deeply or holds too large a number")


def at(source: str, offset: int, message: str) -> Mistake:
    """A mistake at this offset of the source."""
    if source.startswith(TEMPLATE):
        source, offset = source.removeprefix(TEMPLATE), offset - len(TEMPLATE)
    offset = max(0, min(offset, len(source)))
    before = source[:offset]
    return Mistake(message, offset, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
