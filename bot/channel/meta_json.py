"""The body of a delivery as a tree that nothing further in has to be afraid of."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from pydantic_core import from_json, to_json

from bot.errors import Malformed
from bot.model import Json

MAX_DEPTH = 32

#: A string literal, or what is left of the body when it never ends: one pass, no going back.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = bytes.maketrans(b"[]", b"{}")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def read(body: bytes) -> Json:
    """The JSON object in `body`, with clean strings; raises `Malformed` for anything else.

    Of a key that stands twice the last one counts, whichever way the body was read.
    """
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _too_deep(body):
        raise Malformed(f"the body is nested more than {MAX_DEPTH} deep")
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError:
        value = _clean(_tolerant(body))
    else:
        if b"\\u0000" in body:
            value = _clean(value)
    if type(value) is not dict:
        raise Malformed("the body is no JSON object")
    return value


def dump(value: Any) -> str:
    """The JSON text of a tree that `read` gave."""
    return to_json(value, inf_nan_mode="strings").decode()


def _too_deep(body: bytes) -> bool:
    left = _STRING.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not left:
            return False
        left = left.replace(b"{}", b"")
    return bool(left)


def _tolerant(body: bytes) -> Any:
    """What the fast parser refuses but a person could still read: half an emoji, a stray byte."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), parse_constant=_refuse)
    except ValueError:
        raise Malformed("the body is no JSON") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean_text(key): _clean(item) for key, item in value.items()}
    return value


def _clean_text(text: str) -> str:
    """No NUL, which PostgreSQL can't store, and no half of a surrogate pair, which nobody can."""
    text = text.replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
