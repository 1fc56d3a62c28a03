"""How fast messages may leave: per number, per person, and not at all while a channel is stopped.

Kept in the process: a restart starts with full allowances, which the provider's own limits bound.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from bot.settings import Limits

#: Meta's limit to one person: one message in six seconds on average, a burst of 45 borrowed
#: from the time to come.
PAIR_SECONDS = 6.0
PAIR_BURST = 45
DAY_SECONDS = 24 * 3600.0


class Allowance:
    """A token bucket: `rate` a second, `burst` at once."""

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._filled_at = burst, time.monotonic()

    def take(self) -> int:
        """0 when one may leave now, else the milliseconds until the next may."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return int((1 - self._tokens) / self._rate * 1000) + 1

    @property
    def full(self) -> bool:
        """Nobody has taken anything for so long that a new one would be the same."""
        return self._tokens + (time.monotonic() - self._filled_at) * self._rate >= self._burst


class Pacer:
    """Answers the store's question, in the transaction that would release a message."""

    #: Allowances of people are dropped when they are full again and there are more than this.
    KEPT = 10_000

    def __init__(self, limits: Mapping[str, Limits], share: int = 1) -> None:
        """`share`: so many processes send by these numbers, this one its part of a second's."""
        self._limits = limits
        self._channels = {name: Allowance(limit.per_second / share,
                                          max(1.0, limit.per_second / share))
                          for name, limit in limits.items() if limit.per_second}
        self._pairs: dict[str, Allowance] = {}
        self._held: dict[str, float] = {}
        #: Who was reached by template outside the window: channel -> conversation -> when.
        self._reached: dict[str, dict[str, float]] = {}
        self._heard: dict[str, int] = {}
        self._heard_since = time.monotonic()

    def hold(self, name: str, seconds: float) -> None:
        """Let nothing leave by this channel, or to this conversation, for so long."""
        self._held[name] = time.monotonic() + seconds

    def __call__(self, channel: str, conversation: str) -> int:
        """0: it may leave now, and its place is taken. Else the milliseconds to wait."""
        if self._held:
            for name in (channel, conversation):
                if (until := self._held.get(name)) is not None:
                    if (wait := until - time.monotonic()) > 0:
                        return int(wait * 1000) + 1
                    del self._held[name]
        limits = self._limits.get(channel)
        if limits is None:
            return 0
        if limits.per_pair and (wait_ms := self._pair(conversation).take()):
            return wait_ms
        allowance = self._channels.get(channel)
        return 0 if allowance is None else allowance.take()

    def _pair(self, conversation: str) -> Allowance:
        allowance = self._pairs.get(conversation)
        if allowance is None:
            if len(self._pairs) > self.KEPT:
                self._pairs = {name: a for name, a in self._pairs.items() if not a.full}
            allowance = self._pairs[conversation] = Allowance(1 / PAIR_SECONDS, PAIR_BURST)
        return allowance

    def reach(self, channel: str, conversation: str) -> int:
        """May this person be reached by a template outside the window? As `__call__` answers."""
        limits = self._limits.get(channel)
        if limits is None or limits.per_day is None:
            return 0
        now = time.monotonic()
        reached = self._reached.setdefault(channel, {})
        for name in [name for name, at in reached.items() if now - at >= DAY_SECONDS]:
            del reached[name]
        if conversation not in reached and len(reached) >= limits.per_day:
            return int((DAY_SECONDS - (now - min(reached.values()))) * 1000) + 1
        reached[conversation] = now
        return 0

    def flooded(self, channel: str, conversation: str) -> bool:
        """Count a person's message; True when it is one too many in this minute.

        All counts start anew each minute, which is enough to keep machines off.
        """
        limits = self._limits.get(channel)
        if limits is None or limits.flood is None:
            return False
        now = time.monotonic()
        if now - self._heard_since >= 60:
            self._heard.clear()
            self._heard_since = now
        count = self._heard[conversation] = self._heard.get(conversation, 0) + 1
        return count > limits.flood
