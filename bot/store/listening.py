"""Hints between the processes on one PostgreSQL: NOTIFY, heard on a connection of their own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import asyncpg

log = logging.getLogger(__name__)

CHANNEL = "frontdesk"
#: The pause before a broken connection is made anew, seconds.
AGAIN = 2.0


async def listen(url: str, heard: Callable[[str], None]) -> None:
    """Call `heard` with each hint, until cancelled.

    A pooler that hands connections out by transaction passes none on; then nothing is heard.
    """

    def arrived(_connection: Any, _pid: int, _channel: str, payload: Any) -> None:
        heard(str(payload))

    while True:
        connection = None
        try:
            connection = await asyncpg.connect(url, timeout=5, statement_cache_size=0)
            over = asyncio.Event()
            connection.add_termination_listener(lambda _, over=over: over.set())
            await connection.add_listener(CHANNEL, arrived)
            await over.wait()
            log.info("hints lost", extra={"pause": AGAIN})
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            log.info("no hints", extra={"error": str(error)})
        finally:
            if connection is not None and not connection.is_closed():
                connection.terminate()
        await asyncio.sleep(AGAIN)
