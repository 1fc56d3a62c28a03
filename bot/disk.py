"""Whether the disk of the store has room for what comes in."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

#: Asked so often at most, seconds.
FRESH = 1.0


class Disk:
    """The disk that a file is on; without a file (the store is elsewhere) it never is full."""

    def __init__(self, file: Path | None, least: int | None) -> None:
        """`least`: bytes that must be free; None: whatever there is."""
        self._folder = None if file is None or least is None else file.absolute().parent
        self._least = least or 0
        self._asked = float("-inf")
        self._short = ""

    def short(self) -> str:
        """Why nothing can be taken in, or "" while there is room."""
        if self._folder is not None and time.monotonic() - self._asked >= FRESH:
            self._asked = time.monotonic()
            try:
                free = shutil.disk_usage(self._folder).free
            except OSError as error:
                self._short = f"the disk of the store can't be looked at: {error.strerror}"
            else:
                self._short = "" if free >= self._least else (
                    f"the disk of the store is nearly full: {free // 2**20} MB are free, "
                    f"{self._least // 2**20} MB are wanted (server.free_disk)")
        return self._short
