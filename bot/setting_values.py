"""The kinds of values in config.yaml: each is read from its text, with what to write instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import regex
from babel.core import get_global
from pydantic import (
    BeforeValidator,
    Field,
    InstanceOf,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from bot.clock import DAY, duration
from bot.hours import Hours
from bot.nearest import nearest


def _text(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise ValueError("is empty")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, str):
        if not regex.fullmatch(r"-?[0-9]{1,18}", value):
            raise ValueError(f"needs a whole number, not “{value}”")
        return int(value)
    return value


def _limit(value: Any) -> Any:
    if value is False or value == "off":
        return None
    if isinstance(value, str) and not value.isdecimal():
        raise ValueError(f"needs a whole number or off, not “{value}”")
    return _number(value)


def _switch(value: Any) -> Any:
    words = {"on": True, "off": False, "yes": True, "no": False, "true": True, "false": False}
    if isinstance(value, str) and value in words:
        return words[value]
    if not isinstance(value, bool):
        raise ValueError(f"needs on or off, not “{value}”")
    return value


def _duration(value: Any) -> Any:
    return duration(value) if isinstance(value, str) else value


def _kept(value: Any) -> Any:
    return None if value is False or value == "off" else _duration(value)


def _size(value: Any) -> Any:
    if value is False or value == "off":
        return None
    if isinstance(value, str):
        found = regex.fullmatch(r"([0-9]{1,6}) ?(MB|GB)", value)
        if found is None:
            raise ValueError(f"needs a size as 256MB or 2GB, or off, not “{value}”")
        return int(found[1]) * (2**20 if found[2] == "MB" else 2**30)
    return value


def _several(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _unknown_yet(value: Any) -> bool:
    # `bot check` runs without the environment: what it does not know, it can't judge.
    return not isinstance(value, str) or "${" in value


def _digits(value: Any) -> Any:
    if not _unknown_yet(value) and not regex.fullmatch(r"[0-9]+", value):
        raise ValueError(f"needs the id, digits only, not “{value}”")
    return value


def _url(value: Any) -> Any:
    if _unknown_yet(value):
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"“{value}” is no address - it begins with https:// and names a host")
    return value.rstrip("/")


def _store(value: Any, info: ValidationInfo) -> Any:
    if _unknown_yet(value):
        return value
    scheme, separator, path = value.partition(":///")
    if value.startswith(("postgresql:", "postgres:")):
        parts = urlsplit(value)
        if not value.partition(":")[2].startswith("//") or not parts.path.strip("/"):
            raise ValueError("it names no database - write postgresql://user@host/database")
        return value
    if scheme != "sqlite" or not separator or not path:
        raise ValueError(f"“{value}” is no store - write sqlite:///data/bot.db for a file beside "
                         "this one, sqlite:////var/lib/bot.db for any other, or "
                         "postgresql://user@host/database")
    return f"sqlite:///{(info.context or {}).get('folder', Path()) / path}"


def _zone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        near = nearest(value, sorted(available_timezones()))
        hint = f"did you mean {near}?" if near else "write it as Europe/Berlin"
        raise ValueError(f"“{value}” is no time zone - {hint}") from None


def _language(value: Any) -> Any:
    if isinstance(value, str) and not regex.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError(f"“{value}” is no language - write its code: en, zh, pt-BR")
    return value


def _currency(value: Any) -> Any:
    if isinstance(value, str) and value not in get_global("all_currencies"):
        raise ValueError(f"“{value}” is no currency - write its code: EUR, USD, CNY")
    return value


def _hours(value: Any) -> Any:
    return Hours.parse(value) if isinstance(value, str) else value


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"“{value}” is no day - write it as 2026-12-25") from None


def _path(value: Any, info: ValidationInfo) -> Any:
    folder = (info.context or {}).get("folder", Path())
    return folder / value if isinstance(value, str | Path) else value


def _provider(value: Any) -> Any:
    if value in ("dialog360", "twilio", "messagebird"):
        raise ValueError(f"“{value}” is not supported by this version - meta is")
    return value



def _seen(*shapes: dict[str, Any]) -> WithJsonSchema:
    """What an editor takes; in any place a variable of the environment may stand."""
    return WithJsonSchema({"anyOf": [*shapes, {"type": "string", "pattern": r"\$\{"}]})


def _like(pattern: str) -> WithJsonSchema:
    return _seen({"type": "string", "pattern": pattern})


_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"], "minLength": 1}
_INTEGERS: tuple[dict[str, Any], ...] = (
    {"type": "integer"}, {"type": "string", "pattern": "^-?[0-9]{1,18}$"})
_LENGTH = "^([0-9]{1,9}(ms|s|m|h|d) ?)+$"
_OFF: dict[str, Any] = {"enum": ["off", False]}

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_SCALAR)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Digits = Annotated[str, BeforeValidator(_digits), _seen(
    {"type": ["string", "integer"], "pattern": "^[0-9]+$"})]
Number = Annotated[int, BeforeValidator(_number), _seen(*_INTEGERS)]
Switch = Annotated[bool, BeforeValidator(_switch), _seen(
    {"enum": ["on", "off", "yes", "no", "true", "false", True, False]})]
Limit = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_limit),
                  _seen(*_INTEGERS, _OFF)]
Milliseconds = Annotated[int, BeforeValidator(_duration), _like(_LENGTH)]
Kept = Annotated[Annotated[int, Field(ge=DAY)] | None, BeforeValidator(_kept),
                 _seen({"type": "string", "pattern": _LENGTH}, _OFF)]
Size = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_size),
                 _seen({"type": "string", "pattern": "^[0-9]{1,6} ?(MB|GB)$"}, _OFF)]
Url = Annotated[str, BeforeValidator(_url), _like("^https?://")]
Folder = Annotated[InstanceOf[Path], BeforeValidator(_path), WithJsonSchema(_SCALAR)]
Zone = Annotated[InstanceOf[ZoneInfo], BeforeValidator(_zone), WithJsonSchema(_SCALAR)]
Language = Annotated[str, BeforeValidator(_language), _like("^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Currency = Annotated[str, BeforeValidator(_currency), _like("^[A-Z]{3}$")]
Provider = Annotated[Literal["meta"], BeforeValidator(_provider)]
StoreUrl = Annotated[str, BeforeValidator(_store), _like("^(sqlite:///|postgres(ql)?://)")]
WorkingHours = Annotated[InstanceOf[Hours] | None, BeforeValidator(_hours),
                         WithJsonSchema(_SCALAR)]
Day = Annotated[InstanceOf[date], BeforeValidator(_day), _like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
#: A list, or one entry alone.
Several = BeforeValidator(_several)
