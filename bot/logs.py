"""Logging: an event's name and its fields, one JSON object a line, or readable on a terminal.

`log.info("sent", extra={"provider_id": id})`. What people write is never logged, nor who they are.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from bot.errors import BotError

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
            line["exception"] = _trace(record.exc_info[1])
        return json.dumps(line, default=str)  # ASCII: one line to every reader


class _People(logging.Formatter):
    """A line for the eye; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = (f"{_time(record, 'seconds')[11:]} {record.levelname.lower():<7} "
                f"{record.name.removeprefix('bot.')}: {record.getMessage()} {fields}").rstrip()
        if record.exc_info:
            line += "\n" + _trace(record.exc_info[1])
        return line


def _trace(error: BaseException | None) -> str:
    """Where it happened and what kind of error it is. What it says only where it is one of ours:
    others quote what they were given, which is a customer's words as often as not.
    """
    if error is None:
        return ""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    parts = [] if before is None else [_trace(before)]
    if isinstance(error, BaseExceptionGroup):
        parts += [_trace(each) for each in error.exceptions]
    parts.append("".join(traceback.format_tb(error.__traceback__)).rstrip())
    said = f": {error}" if isinstance(error, BotError | OSError) else ""
    parts.append(f"{type(error).__qualname__}{said}")
    return "\n".join(part for part in parts if part)


def _time(record: logging.LogRecord, precision: str) -> str:
    return datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None).isoformat(
        timespec=precision)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: value for name, value in vars(record).items() if name not in _OWN}
    if current := conversation.get():
        fields.setdefault("conversation", current)
    return fields
