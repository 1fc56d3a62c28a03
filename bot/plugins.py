"""What you write in Python for your front desk: actions, slot types and filters (docs/plugins.md).

Put the files into the folder that `plugins:` of config.yaml names, or name their modules in the
entry points `frontdesk.actions`, `frontdesk.slot_types` and `frontdesk.filters` of a package.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from bot.clock import duration
from bot.flow.expressions.own import Context, Refusal

if TYPE_CHECKING:
    import aiohttp  # of checking a project it would be a fifth

__all__ = ["Action", "Call", "Context", "Failed", "Filter", "Refusal", "SlotType", "action",
           "filter", "slot_type"]

ErrorKind = Literal["refused", "conflict", "unavailable", "timeout", "invalid"]
Function = TypeVar("Function", bound=Callable[..., Any])

#: Where a decorator leaves what it has declared, on the function itself.
MARK: Final = "__frontdesk__"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ACTION_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?")


class Failed(Exception):
    """Raised by an action that could not do what it was asked; the flow goes on at `on_error`."""

    def __init__(self, kind: ErrorKind = "refused", *, status: int | None = None) -> None:
        super().__init__(kind)
        self.kind: ErrorKind = kind
        self.status = status  #: what the flow sees as `error.status`


@dataclass(frozen=True, slots=True)
class Call:
    """One try of a call, as its action sees it."""

    key: str  #: the same for every try of one visit of the step: what came twice under it is one
    http: aiohttp.ClientSession  #: shared; no cookies are kept
    deadline: float  #: by the loop's clock; the try is broken off then

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Action:
    """An async function that flows call by its name."""

    name: str
    function: Callable[..., Awaitable[Any]]
    changes: bool
    idempotent: bool
    retries: int
    timeout_ms: int

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice under one key is doing it once."""
        return self.idempotent or not self.changes

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """What flows hand over: all but the call itself."""
        return list(inspect.signature(self.function).parameters.values())[1:]


@dataclass(frozen=True, slots=True)
class SlotType:
    """A kind of value that customers can be asked for."""

    name: str
    function: Callable[[str, Context], Any]
    show: Callable[[Any, Context], str] | None = None
    error: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """What may stand after `|` in an expression."""

    name: str
    function: Callable[..., Any]

    @property
    def context(self) -> bool:
        """Whether it asks for the context."""
        return "context" in inspect.signature(self.function).parameters


Declared = Action | SlotType | Filter


def action(name: str, *, changes: bool = True, idempotent: bool = False, retries: int = 2,
           timeout: str = "5s") -> Callable[[Function], Function]:
    """Let flows `call` this async function; its parameters after the `Call` are the `with`.

    `changes=False`: it only looks something up. `idempotent=True`: twice under one `call.key` is
    once. Only then is it tried again, `retries` times, after a time-out or when it was
    unavailable.
    """
    _named(name, _ACTION_NAME, "stock.find")
    if not 0 <= retries <= 10:
        raise ValueError("retries is a number from 0 to 10")
    timeout_ms = duration(timeout)
    if not 0 < timeout_ms <= 300_000:
        raise ValueError("timeout is at most 5m")

    def declare(function: Function) -> Function:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"an action is an async function: async def {_called(function)}")
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].kind not in (
                inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            raise TypeError(f"the first parameter of an action is the call: "
                            f"async def {_called(function)}(call, ...)")
        if any(each.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
               for each in parameters[1:]):
            raise TypeError("what flows hand over has names: the parameters after the call can't "
                            "be positional only")
        return _mark(function, Action(name, function, changes, idempotent, retries, timeout_ms))
    return declare


def slot_type(name: str, *, show: Callable[[Any, Context], str] | None = None,
              error: Mapping[str, str] | str = "") -> Callable[[Function], Function]:
    """Let slots have this type. The function makes of an answer its value, or a `Refusal`.

    The value is what JSON can hold. `show` writes it for people; `error` says, per language, what
    is wrong with an answer that is refused as `type`.
    """
    _named(name, _NAME, "iban")

    def declare(function: Function) -> Function:
        _plain_function(function, "a slot type")
        texts = {"": error} if isinstance(error, str) and error else dict(error or {})
        return _mark(function, SlotType(name, function, show, texts))
    return declare


def filter(name: str) -> Callable[[Function], Function]:  # noqa: A001 - the authors' own word
    """Let expressions say `value | name`. A parameter called `context` gets the `Context`.

    The function is pure: what it gives depends on what it is given, and nothing else happens.
    """
    _named(name, _NAME, "iban")

    def declare(function: Function) -> Function:
        _plain_function(function, "a filter")
        return _mark(function, Filter(name, function))
    return declare


def _mark(function: Function, declared: Declared) -> Function:
    setattr(function, MARK, (*getattr(function, MARK, ()), declared))
    return function


def _named(name: str, pattern: re.Pattern[str], example: str) -> None:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise ValueError(f"{name!r} can't be a name: use small letters, digits and _, as "
                         f"{example!r}")


def _plain_function(function: Callable[..., Any], what: str) -> None:
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise TypeError(f"{what} is a plain function, not an async one: it may wait for nothing")


def _called(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "find"))
