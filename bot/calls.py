"""Calls of the business's operations: made outside any transaction, answered by the one door."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from bot import failpoints, logs
from bot.actions import Backends
from bot.engine import Engine
from bot.model import CallRequest, Json
from bot.python_actions import Actions
from bot.store.store import Store

log = logging.getLogger(__name__)

#: Calls on the way at once; with so many of one operation no further one of it is begun, for an
#: API that hangs must not keep the others waiting. So many are taken up in one go.
AT_ONCE, OF_ONE, TAKEN = 256, 64, 32
POLL = 1.0


class Calls:
    """Claims calls, makes them, brings their results in."""

    def __init__(self, engine: Engine, store: Store, actions: Actions | Backends,
                 linked: Callable[[Any, str], Any]) -> None:
        """`linked` puts links in the place of what customers sent: (arguments, channel)."""
        self._linked = linked
        self._engine = engine
        self._store = store
        self._actions = actions
        self._tasks: set[asyncio.Task[None]] = set()
        self._made: Counter[str] = Counter()  #: operations on the way
        self._under_way: set[str] = set()  #: keys

    async def run(self) -> None:
        """Make calls until cancelled; those on the way are finished first."""
        wake = self._engine.calls_wake
        try:
            while True:
                wake.clear()
                await self.look()
                try:
                    async with asyncio.timeout(POLL):
                        await wake.wait()
                except TimeoutError:
                    continue
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=10)

    async def look(self) -> None:
        """Take up what others left behind, and begin what waits."""
        await self._adopt()
        found = TAKEN
        while found == TAKEN and len(self._tasks) < AT_ONCE:
            busy = sorted(name for name, count in self._made.items() if count >= OF_ONE)
            claimed = await self._store.claim_calls(TAKEN, busy)
            for conversation, channel, call in claimed:
                self._start(conversation, channel, call)
            found = len(claimed)

    async def _adopt(self) -> None:
        """Calls that another process began and fell silent over.

        Again under the same key where that is safe; elsewhere nobody knows whether it was done,
        and the flow is told so.
        """
        if self._under_way:
            await self._store.keep_calls(self._under_way)
        for conversation, channel, call in await self._store.adopt_calls(
                max(1, AT_ONCE - len(self._tasks))):
            if call.key in self._under_way:  # ours: we could not reach the store for a while
                continue
            if self._actions.repeatable(call.operation):
                self._start(conversation, channel, call)
            else:
                await self._engine.result(conversation, {
                    "key": call.key, "call": call.operation, "ok": False,
                    "error": {"kind": "timeout", "status": None}})

    def _start(self, conversation: str, channel: str, call: CallRequest) -> None:
        task = asyncio.create_task(self._make(conversation, channel, call))
        self._tasks.add(task)
        self._under_way.add(call.key)
        self._made[call.operation] += 1
        task.add_done_callback(lambda task: self._done(task, call))

    def _done(self, task: asyncio.Task[None], call: CallRequest) -> None:
        self._tasks.discard(task)
        self._under_way.discard(call.key)
        self._made[call.operation] -= 1
        self._engine.calls_wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call failed", exc_info=error)

    async def _make(self, conversation: str, channel: str, call: CallRequest) -> None:
        logs.conversation.set(conversation)
        answer = await self._actions.call(
            call.operation, self._linked(call.arguments, channel), key=call.key,
            retries=call.retries, timeout_ms=call.timeout_ms)
        failpoints.hit("call.answered")
        result: Json = {"key": call.key, "call": call.operation, "ok": answer.ok}
        if answer.ok:
            result["value"] = answer.value
        else:
            result["error"] = {"kind": answer.error_kind, "status": answer.status}
        await self._engine.result(conversation, result)
        failpoints.hit("call.stored")
