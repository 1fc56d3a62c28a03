"""Time-ordered ids: text that sorts in the order of its making within one process."""

from __future__ import annotations

import itertools
import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_count = itertools.count(int.from_bytes(os.urandom(2), "big"))
#: Tells processes (and restarts) apart that make an id in the same millisecond.
_process = "".join(_PAIRS[n & 1023] for n in os.urandom(3))
_last = 0


def new_id() -> str:
    """20 characters: milliseconds (10), a counter (4), the process (6)."""
    global _last
    ms = time.time_ns() // 1_000_000
    if ms < _last:  # the wall's clock went back: the order of making counts, not the time
        ms = _last
    if ms != _last:
        _last = ms
        _restart()
    n = next(_count)
    return (f"{_PAIRS[ms >> 40 & 1023]}{_PAIRS[ms >> 30 & 1023]}{_PAIRS[ms >> 20 & 1023]}"
            f"{_PAIRS[ms >> 10 & 1023]}{_PAIRS[ms & 1023]}"
            f"{_PAIRS[n >> 10 & 1023]}{_PAIRS[n & 1023]}{_process}")


def stamp(ms: int) -> str:
    """Ids that were made at `ms` (epoch) or later sort behind this."""
    return "".join(_PAIRS[ms >> shift & 1023] for shift in (40, 30, 20, 10, 0))


def follow(id_: str) -> None:
    """The ids made from now on sort behind this one, which another process may have made.

    Clocks of two hosts differ, and within a millisecond nothing orders two processes.
    """
    global _last
    if not id_ or id_[14:] == _process:
        return
    ms = 0
    for letter in id_[:10]:
        ms = ms << 5 | _ALPHABET.index(letter)
    if ms >= _last:
        _last = ms + 1
        _restart()


def _restart() -> None:
    global _count
    _count = itertools.count()
