"""Logging: an event's name and its fields, one JSON object a line, or readable on a terminal.

`log.info("sent", extra={"provider_id": id})`. What people write is never logged above DEBUG.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

#: The conversation that the running task works on; set where a task is for one of them.
conversation: ContextVar[str] = ContextVar("conversation", default="")

# Everything that a bare record carries; what else is on a record came by `extra`.
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LOUD: Final = ("transitions", "asyncio", "aiosqlite", "aiohttp.access", "tzlocal", "dateparser")


def setup(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream` (standard error): people's form on a terminal."""
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_People() if target.isatty() else _Lines())
    handler.addFilter(_no_strangers)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def _no_strangers(record: logging.LogRecord) -> bool:
    """Leave out what strangers send to the port that is no HTTP: they got their 400.

    aiohttp would write an error with a traceback, and what they sent, for each.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not (record.name == "aiohttp.server"
                and type(error).__module__ == "aiohttp.http_exceptions")


class _Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record, "milliseconds") + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)  # ASCII: one line to every reader


class _People(logging.Formatter):
    """A line for the eye; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = (f"{_time(record, 'seconds')[11:]} {record.levelname.lower():<7} "
                f"{record.name.removeprefix('bot.')}: {record.getMessage()} {fields}").rstrip()
        if record.exc_info:
            line += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return line


def _time(record: logging.LogRecord, precision: str) -> str:
    return datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None).isoformat(
        timespec=precision)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: value for name, value in vars(record).items() if name not in _OWN}
    if current := conversation.get():
        fields.setdefault("conversation", current)
    return fields
