"""Calls of the business's HTTP API, as its backends are declared in config."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.breaker import Breaker
from bot.metrics import Counts
from bot.model import Json
from bot.settings import Backend, Operation

log = logging.getLogger(__name__)

#: Answers are kept with the conversation: what is larger than this is no answer to a question.
MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
_ARGUMENT: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
CONFLICT: Final = 409
_TOO_MANY: Final = 429
#: Seconds; a backend that asks for more patience than this gets none.
_MAX_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class CallResult:
    """What became of a call."""

    ok: bool
    value: Any = None  #: the JSON of the answer; None also where it is `missing` or empty
    error_kind: str | None = None  #: refused | conflict | unavailable | timeout | invalid
    status: int | None = None  #: of the last answer, if there was one


@dataclass(frozen=True, slots=True)
class _Try:
    result: CallResult
    again: bool = False  #: whether trying once more could help
    after: float = 0.0  #: seconds that the backend asked us to wait


class Unsendable(ValueError):
    """The arguments make no request that would reach what the path names."""


class Backends:
    """The business's HTTP APIs. `call` never raises for what a backend does."""

    def __init__(self, backends: Mapping[str, Backend], session: aiohttp.ClientSession,
                 counts: Counts | None = None, *, backoff: float = 0.2,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._backends = backends
        self._session = session
        counted = counts or Counts()
        self._breakers = {name: Breaker(name, backend.breaker, counted, now=now)
                          for name, backend in backends.items()}
        #: Seconds before the first retry; each further one waits twice as long.
        self._backoff = backoff

    def repeatable(self, operation: str) -> bool:
        """Whether doing it twice under one key is doing it once."""
        found = self._find(operation)
        return found is not None and (found[1].method == "GET" or found[1].idempotent)

    def _find(self, operation: str) -> tuple[Backend, Operation] | None:
        name, _, short = operation.partition(".")
        backend = self._backends.get(name)
        declared = backend.operations.get(short) if backend is not None else None
        return None if backend is None or declared is None else (backend, declared)

    async def call(self, operation: str, arguments: Json, *, key: str, retries: int | None = None,
                   timeout_ms: int | None = None) -> CallResult:
        """Call `backend.operation` once, or again under the same key where that does no harm."""
        found = self._find(operation)
        if found is None:
            log.error("call of an unknown operation", extra={"operation": operation})
            return CallResult(False, error_kind="invalid")
        backend, declared = found
        try:
            url = address(backend.base_url, declared, arguments)
        except Unsendable:
            log.warning("call not sendable", extra={"operation": operation})
            return CallResult(False, error_kind="refused")
        body = None if declared.body is None else json.dumps(_filled(declared.body, arguments))
        headers = _headers(backend, key, with_body=body is not None)
        allowed = declared.retries if retries is None else retries
        if not self.repeatable(operation):
            allowed = 0
        seconds = (declared.timeout_ms if timeout_ms is None else timeout_ms) / 1000
        breaker = self._breakers[operation.partition(".")[0]]
        result = CallResult(False, error_kind="unavailable")
        for attempt in range(allowed + 1):
            if not breaker.allows():
                return result
            done = await _watched(breaker, self._once(declared, url, headers, body, seconds))
            result = done.result
            if done.result.ok:
                return done.result
            log.warning("call failed", extra={
                "operation": operation, "attempt": attempt + 1,
                "error": done.result.error_kind, "status": done.result.status})
            if not done.again or attempt == allowed:
                return done.result
            pause = self._backoff * 2**attempt * random.uniform(0.5, 1.5)
            await asyncio.sleep(min(max(pause, done.after), _MAX_PAUSE))
        raise AssertionError("retries can't be negative")

    async def _once(self, operation: Operation, url: URL, headers: dict[str, str],
                    body: str | None, seconds: float) -> _Try:
        try:
            async with self._session.request(
                    operation.method, url, headers=headers, data=body,
                    allow_redirects=False, timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                status = response.status
                if status in operation.missing:
                    return _Try(CallResult(True, status=status))
                if not 200 <= status < 300:
                    return _failure(status, response.headers.get("Retry-After", ""))
                return _Try(_answer(status, await _read(response)))
        except TimeoutError:
            return _Try(CallResult(False, error_kind="timeout"), again=True)
        except aiohttp.InvalidURL:
            return _Try(CallResult(False, error_kind="refused"))
        except (aiohttp.ClientError, OSError):
            return _Try(CallResult(False, error_kind="unavailable"), again=True)


async def _watched(breaker: Breaker, trying: Awaitable[_Try]) -> _Try:
    """What became of the try, which the breaker is told."""
    done: _Try | None = None
    try:
        done = await trying
    finally:
        if done is None:
            breaker.left()
        elif done.result.error_kind in ("unavailable", "timeout"):
            breaker.failed()
        else:
            breaker.worked()
    return done


def address(base: str, operation: Operation, arguments: Json) -> URL:
    """The URL of a call. An argument can't leave its place in the path, nor name another one."""
    def segment(match: re.Match[str]) -> str:
        text = _text(arguments.get(match[1]))
        # "/orders/" and "/orders/.." are other things than the order that was meant.
        if text.strip(".") == "":
            raise Unsendable
        return quote(text, safe="", errors="replace")

    url = URL(base.rstrip("/") + _ARGUMENT.sub(segment, operation.path), encoded=True)
    query = []
    for name, template in operation.query.items():
        value = _filled(template, arguments)
        values = value if isinstance(value, list) else [value]
        query += [(name, _clean(_text(each))) for each in values if each is not None]
    return url.extend_query(query) if query else url


def _filled(template: Any, arguments: Json) -> Any:
    """The template with its arguments; what is exactly one `{name}` keeps the argument's type."""
    if isinstance(template, str):
        whole = _ARGUMENT.fullmatch(template)
        if whole is not None:
            return arguments.get(whole[1])
        return _ARGUMENT.sub(lambda match: _text(arguments.get(match[1])), template)
    if isinstance(template, Mapping):
        return {key: _filled(value, arguments) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(value, arguments) for value in template]
    return template


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _clean(text: str) -> str:
    """The text without what UTF-8 can't carry: half a character, as JSON may bring it."""
    return text.encode("utf-8", "replace").decode()


def _headers(backend: Backend, key: str, *, with_body: bool) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if with_body:
        headers["Content-Type"] = "application/json"
    headers.update(backend.headers)
    headers["Idempotency-Key"] = quote(key, safe="!#$&'()*+,/:;=?@[]~", errors="replace")
    return headers


def _failure(status: int, retry_after: str) -> _Try:
    if status >= 500:
        return _Try(CallResult(False, error_kind="unavailable", status=status), again=True)
    if status == CONFLICT:
        return _Try(CallResult(False, error_kind="conflict", status=status))
    if status >= 400:
        wait = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
        return _Try(CallResult(False, error_kind="refused", status=status),
                    again=status == _TOO_MANY and wait <= _MAX_PAUSE, after=wait)
    # A redirect is not followed: it could lead our headers anywhere.
    return _Try(CallResult(False, error_kind="invalid", status=status))


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The body, or None when it is larger than an answer may be."""
    body = bytearray()
    async for part in response.content.iter_chunked(1 << 16):
        body += part
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _answer(status: int, body: bytes | None) -> CallResult:
    if body is None:
        return CallResult(False, error_kind="invalid", status=status)
    if not body.strip():
        return CallResult(True, status=status)
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
        if not isinstance(value, dict | list):
            raise TypeError("neither an object nor a list")
        return CallResult(True, value=kept(value, MAX_DEPTH), status=status)
    except (ValueError, TypeError, RecursionError):
        return CallResult(False, error_kind="invalid", status=status)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def kept(value: Any, depth: int) -> Any:
    """The value with nothing in it that a store could choke on."""
    if isinstance(value, str):
        return _clean(value).replace("\0", "")
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return [kept(each, depth - 1) for each in value]
    return {kept(key, 0): kept(each, depth - 1) for key, each in value.items()}
