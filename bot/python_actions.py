"""Calls of the business's Python actions, beside those of its HTTP API."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import random
from collections.abc import Mapping

import aiohttp

from bot.actions import CONFLICT, MAX_BYTES, MAX_DEPTH, Backends, CallResult, kept
from bot.model import Json
from bot.plugin_files import tell
from bot.plugins import Action, Call, Failed

log = logging.getLogger(__name__)


class Actions:
    """What flows call: the actions, and operations of backends for every other name.

    `call` never raises for what an action does.
    """

    def __init__(self, actions: Mapping[str, Action], backends: Backends,
                 session: aiohttp.ClientSession, *, backoff: float = 0.2) -> None:
        self._actions = actions
        self._backends = backends
        self._session = session
        self._backoff = backoff

    def repeatable(self, operation: str) -> bool:
        """Whether doing it twice under one key is doing it once."""
        action = self._actions.get(operation)
        return self._backends.repeatable(operation) if action is None else action.repeatable

    async def call(self, operation: str, arguments: Json, *, key: str, retries: int | None = None,
                   timeout_ms: int | None = None) -> CallResult:
        """Call it once, or again under the same key where that does no harm."""
        action = self._actions.get(operation)
        if action is None:
            return await self._backends.call(operation, arguments, key=key, retries=retries,
                                             timeout_ms=timeout_ms)
        allowed = 0 if not action.repeatable else action.retries if retries is None else retries
        seconds = (action.timeout_ms if timeout_ms is None else timeout_ms) / 1000
        attempt = 0
        while True:
            result = await self._once(action, arguments, key, seconds)
            if result.ok:
                return result
            log.warning("call failed", extra={
                "operation": operation, "attempt": attempt + 1, "error": result.error_kind,
                "status": result.status})
            if result.error_kind not in ("unavailable", "timeout") or attempt == allowed:
                return result
            await asyncio.sleep(min(self._backoff * 2**attempt * random.uniform(0.5, 1.5), 5.0))
            attempt += 1

    async def _once(self, action: Action, arguments: Json, key: str, seconds: float) -> CallResult:
        call = Call(key, self._session, asyncio.get_running_loop().time() + seconds)
        try:
            inspect.signature(action.function).bind(call, **arguments)
        except TypeError:
            log.warning("call not sendable", extra={"operation": action.name})
            return CallResult(False, error_kind="refused")
        try:
            async with asyncio.timeout(seconds):
                value = await action.function(call, **arguments)
        except Failed as failed:
            return CallResult(False, error_kind=failed.kind, status=failed.status)
        except TimeoutError:
            return CallResult(False, error_kind="timeout")
        except aiohttp.ClientResponseError as answer:
            return CallResult(False, error_kind=_kind(answer.status), status=answer.status)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError):
            return CallResult(False, error_kind="unavailable")
        except Exception as error:
            tell(action, error)
            return CallResult(False, error_kind="invalid")
        try:
            text = json.dumps(value, allow_nan=False)
            if len(text) > MAX_BYTES:
                raise ValueError("too long")
            return CallResult(True, kept(json.loads(text), MAX_DEPTH))
        except (TypeError, ValueError, RecursionError):
            log.error("action gave what JSON can't hold", extra={"operation": action.name})
            return CallResult(False, error_kind="invalid")


def _kind(status: int) -> str:
    if status >= 500:
        return "unavailable"
    return "conflict" if status == CONFLICT else "refused" if status >= 400 else "invalid"
