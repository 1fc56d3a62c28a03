"""What goes wrong at the provider, and the receipts that it sends all the same."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from harness import Ledger, delivery, take

#: People whose numbers begin so have no trouble: by them the time to an answer is measured.
SPARED = "48"
#: Posts a webhook until it is acknowledged.
Post = Callable[[bytes, list[str]], Awaitable[None]]


@dataclass
class Troubles:
    """Of a hundred requests 5 are refused for the pace, 3 answered 500 late, 2 taken and cut off,
    1 taken and never answered."""

    ledger: Ledger
    dice: random.Random

    async def __call__(self, number: int, body: dict[str, Any]) -> web.StreamResponse | None:
        if str(body["to"]).lstrip("+").startswith(SPARED):
            return None
        lot = self.dice.randrange(100)
        if lot == 0:
            return _refused(131056)  # towards this person
        if lot < 5:
            return _refused(130429)  # of the whole number
        if lot < 8:
            await asyncio.sleep(self.dice.uniform(0.2, 0.8))
            return web.Response(status=500, text="trouble")
        if lot < 11:
            await take(self.ledger, body)
            if lot == 10:
                await asyncio.sleep(30)
            return CutOff()
        return None


class CutOff(web.StreamResponse):
    """No answer: the connection ends."""

    async def prepare(self, request: web.BaseRequest) -> None:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError

    async def write_eof(self, data: bytes = b"") -> None:
        return


def _refused(code: int) -> web.Response:
    return web.json_response({"error": {"code": code, "message": "too fast"}}, status=400)


@dataclass
class Receipts:
    """Tells of each message that the provider has taken: sent, delivered, read - sometimes late,
    twice, or the other way round."""

    post: Post
    dice: random.Random
    latest: float = 0.6  #: seconds after which most have come
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __call__(self, body: dict[str, Any], provider_id: str) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(body, provider_id))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _tell(self, body: dict[str, Any], provider_id: str) -> None:
        statuses = [status(body, provider_id, each) for each in ("sent", "delivered", "read")]
        if self.dice.random() < 0.2:
            self.dice.shuffle(statuses)
        if self.dice.random() < 0.1:
            statuses.append(self.dice.choice(statuses))
        together = self.dice.random() < 0.3
        for each in [tuple(statuses)] if together else [(each,) for each in statuses]:
            await asyncio.sleep(self.dice.uniform(0, self.latest / 3)
                                * (8 if self.dice.random() < 0.05 else 1))
            await self.post(delivery(statuses=each), [])


def status(body: dict[str, Any], provider_id: str, name: str) -> dict[str, Any]:
    """One receipt, as Meta would word it."""
    return {"id": provider_id, "status": name, "timestamp": str(int(time.time())),
            "recipient_id": str(body["to"]).lstrip("+"),
            "biz_opaque_callback_data": body["biz_opaque_callback_data"]}
