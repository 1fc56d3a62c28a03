"""Texts and expressions of flows: parsed once, worked out in a sandbox.

What a customer wrote is a value in a `Scope`; only what stands in a flow file is ever parsed.
A text is written for people (`text`) or as data (`value`); an expression is worked out with
`evaluate` or `truth`. A name nobody gave is an error, a field that is missing is none, and
whatever else goes wrong is an `ExpressionError` that quotes the author and never a customer.

The sandbox is Jinja2's, made smaller: a dot finds a field of the data and nothing else, the
only calls are `days(n)` and the filters of `filters.py`, `*` and `%` are for numbers, `**` is
refused, and texts, lists, numbers and loops can't grow without end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex
from jinja2 import nodes, pass_context
from jinja2.runtime import Context
from jinja2.utils import missing

from bot.clock import local
from bot.errors import ExpressionError
from bot.flow.expressions import fields, filters, operators, values
from bot.flow.expressions.sandbox import Sandbox, guarded, parsed, parsed_expression
from bot.flow.expressions.sources import UNREADABLE, mistake
from bot.flow.expressions.values import Scope, plain
from bot.flow.spec import TEMPLATE

#: A message may hold this many characters beside what the author wrote.
LONGEST_MESSAGE = 4_096
LONGEST_TEMPLATE = 16_384
_REGEX_SECONDS = 0.05


class Frame(Context):
    """One rendering: the names that are known, and the form in which values are written."""

    def __init__(self, scope: Scope, *, people: bool) -> None:
        # Jinja's own initialiser prepares inheritance and imports, which no flow has.
        self.scope = scope
        self.people = people
        self.rounds = 0
        self.blank = False  #: a value that was to be written is none
        self.vars = {}
        self.exported_vars = set()

    def resolve_or_missing(self, key: str) -> Any:
        scope = self.scope
        found = scope.names.get(key, missing)
        if found is missing and scope.now is not None:
            if key == "now":
                return local(scope.now, scope.zone)
            if key == "today":
                return filters.today_in(scope)
        return found

    def apply(self, name: str, value: Any, args: tuple[Any, ...]) -> Any:
        """What the filter of this name makes of the value."""
        if name in filters.NAMES:
            return filters.FILTERS[name](self, value, *args)
        return operators.OPERATORS["op own"](self, value, name, *args)

    def holds(self, name: str, value: Any, args: tuple[Any, ...]) -> bool:
        """Whether the test of this name is true of the value."""
        if name not in operators.TESTS:
            raise ExpressionError(f"there is no test {name!r}")
        return bool(operators.TESTS[name](self, value, *args))


@pass_context
def _written(frame: Frame, value: Any) -> str:
    if value is None:
        frame.blank = True
        return ""
    return value if type(value) is str else fields.text_of(frame, value)


_SHORT = Sandbox(blocks=False, finalize=_written)
_LONG = Sandbox(blocks=True, finalize=_written)

Run = Callable[[Context], Iterator[str]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    run: Run
    #: The text is one `{{ … }}` and nothing else: `run` leaves its value under this name.
    single: bool


@lru_cache(maxsize=32_768)
def _compiled(source: str, kind: str) -> _Compiled:
    """`kind`: text, value or expression."""
    try:
        if kind == "expression":
            return _Compiled(_assigned(parsed_expression(_SHORT, source)), single=True)
        environment = _LONG if source.startswith(TEMPLATE) else _SHORT
        tree = parsed(environment, source)
        if kind == "value":
            alone = _alone(tree)
            if alone is not None:
                return _Compiled(_assigned(guarded(alone)), single=True)
        guarded(tree)
        return _Compiled(environment.from_string(tree).root_render_func, single=False)
    except UNREADABLE as error:
        raise ExpressionError(mistake(source, error).message,
                              expression=_quoted(source)) from None


def _alone(tree: nodes.Template) -> nodes.Expr | None:
    if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output):
        parts = tree.body[0].nodes
        if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData):
            return parts[0]
    return None


def _assigned(expression: nodes.Expr) -> Run:
    body: list[nodes.Node] = [
        nodes.Assign(nodes.Name("result", "store", lineno=1), expression, lineno=1)]
    tree = nodes.Template(body, lineno=1)
    tree.set_environment(_SHORT)
    return _SHORT.from_string(tree).root_render_func


def text(source: str, scope: Scope) -> str:
    """The text for people. One that begins with `spec.TEMPLATE` may hold `{% … %}`.

    What grows too long for a message is cut, since its length is often a customer's doing.
    """
    long = source.startswith(TEMPLATE)
    if not long and "{{" not in source:
        return source
    compiled = _compiled(source, "text")
    most = LONGEST_TEMPLATE if long else LONGEST_MESSAGE + len(source)
    frame = Frame(scope, people=True)
    written = _run(source, compiled.run, frame, most)
    if frame.blank and scope.blanks is not None:
        scope.blanks.append(source)
    return written.strip("\n") if long else written


def value(source: str, scope: Scope) -> Any:
    """The text as data; one that is exactly one `{{ … }}` keeps the type of its value."""
    if "{{" not in source:
        return source
    compiled = _compiled(source.strip(), "value")
    frame = Frame(scope, people=False)
    if compiled.single:
        return plain(_result(source, compiled.run, frame))
    return _run(source, compiled.run, frame, values.LONGEST_TEXT)


def evaluate(expression: str, scope: Scope) -> Any:
    """The value of an expression (written without braces), as data."""
    frame = Frame(scope, people=False)
    return plain(_result(expression, _compiled(expression, "expression").run, frame))


def truth(expression: str, scope: Scope) -> bool:
    """Whether an expression is true."""
    frame = Frame(scope, people=False)
    return bool(_result(expression, _compiled(expression, "expression").run, frame))


def _run(source: str, run: Run, frame: Frame, most: int) -> str:
    parts: list[str] = []
    size = 0
    try:
        for part in run(frame):
            parts.append(part)
            size += len(part)
            if size > most:
                return _cut("".join(parts), most)
    except Exception as error:
        raise _failure(source, error) from None
    return "".join(parts)


def _result(source: str, run: Run, frame: Frame) -> Any:
    try:
        for _ in run(frame):
            pass
        return frame.vars["result"]
    except Exception as error:
        raise _failure(source, error) from None


def _failure(source: str, error: Exception) -> ExpressionError:
    """The error as staff read it. Python's own message may quote a customer: it is left out."""
    if isinstance(error, ExpressionError):
        message = str(error)
    elif isinstance(error, ZeroDivisionError):
        message = "a division by zero"
    elif isinstance(error, TypeError):
        message = "this can't be done with values of these kinds, perhaps none"
    else:
        message = f"it failed ({type(error).__name__})"
    return ExpressionError(message, expression=_quoted(source))


def _cut(text: str, most: int) -> str:
    """The beginning of a text, ending with a whole character as people see it."""
    end = most - 1
    for match in regex.finditer(r"\X", text, pos=max(0, end - 64), endpos=end + 64):
        if match.end() > end:
            return text[:match.start()] + "…"
    return text[:end] + "…"


def _quoted(source: str) -> str:
    source = " ".join(source.split())
    return source if len(source) <= 120 else source[:119] + "…"


def matches(pattern: str, text: str) -> bool:
    """Whether an author's pattern fits the whole text; one that takes too long does not."""
    try:
        return _pattern(pattern).fullmatch(text, timeout=_REGEX_SECONDS) is not None
    except TimeoutError:
        return False


def found_once(pattern: str, text: str) -> str | None:
    """The part of the text that an author's pattern fits, if exactly one whole word part does."""
    try:
        found = {match[0] for match in _pattern(rf"(?<!\w)(?:{pattern})(?!\w)").finditer(
            text, timeout=_REGEX_SECONDS)}
    except TimeoutError:
        return None
    found.discard("")
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=4_096)
def _pattern(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern, regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ExpressionError("this is no pattern", expression=_quoted(pattern)) from error
