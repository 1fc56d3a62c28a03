"""Business time: the only source of `now`, and what the demo moves.

Windows, timers, promises, working hours and texts follow this clock. Leases, retries and
sign-ins follow `real_now`, rates and HTTP time-outs the monotonic clock: neither moves with it.
"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, tzinfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: A message needs a moment to reach the provider: so long before its end the window is closed.
MARGIN = 10 * SECOND


_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)")


def duration(text: str) -> int:
    """Milliseconds of a length of time as people write it: 500ms, 3s, 15m, 2h, 1d, 1d 12h."""
    parts = _DURATION.findall(text)
    if not parts or "".join(count + unit for count, unit in parts) != "".join(text.split()):
        raise ValueError(f"“{text}” is no length of time; write it as 30s, 15m, 2h or 3d")
    return sum(int(count) * _UNITS[unit] for count, unit in parts)


def local(at: int, zone: tzinfo = UTC) -> datetime:
    """The moment `at` (epoch milliseconds) as an aware datetime in `zone`."""
    return datetime.fromtimestamp(at / 1000, zone)


def real_now() -> int:
    """The wall's time, epoch milliseconds, whatever the demo does to its clock."""
    return time.time_ns() // 1_000_000


class Clock:
    """Wall time in UTC epoch milliseconds, plus an offset that a demo or a test may move."""

    def __init__(self, offset: int = 0) -> None:
        self._offset = offset
        self._moved = asyncio.Event()

    def now(self) -> int:
        """Business time."""
        return real_now() + self._offset

    @property
    def offset(self) -> int:
        """Milliseconds by which this clock is ahead of the wall's."""
        return self._offset

    def advance(self, ms: int) -> None:
        """Move forward by `ms` milliseconds and wake everybody who waits for time to pass."""
        self._offset += ms
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def pause(self, seconds: float) -> None:
        """Wait for `seconds` of real time, or less when the clock is moved meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return
