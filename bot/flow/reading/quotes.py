"""Putting the texts of one line in quotes where YAML would read something else.

Only for messages: a line that can't be read is shown as it should be written.
"""

from __future__ import annotations

import re

_KEY = r"[A-Za-z_][\w.-]*"
_BLOCK = re.compile(rf"^(\s*(?:- +)*(?:{_KEY}:[ ]+)?)(.*?)\s*$", re.DOTALL)
_INNER_KEY = re.compile(rf"\s*({_KEY}):\s+")
_NEXT_KEY = re.compile(rf"\s*{_KEY}:(?:\s|$)")
#: A comment as people write it; `#1` within a sentence is none.
_NOTE = re.compile(r"(?<=\S)\s+# .*$")
#: What a plain text can't begin with, or can't hold (inside braces also , [ ] { }).
_SPECIAL = re.compile(r"^[&*!|>%@`\"'\[\]{}#,?-]|: |:$| #|\\|\{\{")
_SPECIAL_INSIDE = re.compile(_SPECIAL.pattern + r"|[,\[\]{}]")


def quoted(text: str) -> str:
    """`text` in the quotes that change nothing in it."""
    inner = text
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        inner = text[1:-1]
    if "\\" in inner or '"' in inner:
        return "'" + inner.replace("'", "''") + "'"
    return f'"{inner}"'


def _is_quoted(text: str) -> bool:
    return bool(re.fullmatch(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\[0abtnvfre \"/\\N_LPxuU])*\"", text))


def fixed(line: str) -> str | None:
    """The line with quotes where they are needed; None when there is nothing to put in them."""
    match = _BLOCK.match(line)
    if match is None or not match[2]:
        return None
    head, rest = match[1], match[2]
    note = _NOTE.search(rest)
    tail = rest[note.start():] if note else ""
    rest = rest[:note.start()] if note else rest
    if not head.strip() or (rest[0] == "[" and "]" not in rest):
        return None
    if rest.startswith("{") and _INNER_KEY.match(rest, 1):
        new, end = _mapping(rest, 0)
        new += rest[end:]
    elif rest.startswith("[") and rest.endswith("]"):
        new, _ = _list(rest, 0)
    elif _is_quoted(rest):
        return None
    elif rest[0] in "'\"" and rest.count(rest[0]) == 1:
        new = quoted(rest[1:])
    else:
        new = quoted(rest) if _SPECIAL.search(rest) else rest
    return None if new == rest else head + new + tail


def _value(text: str, start: int, *, in_list: bool) -> tuple[str, int]:
    """The value that begins at `start`, in quotes if it needs them, and where it ends."""
    while start < len(text) and text[start] == " ":
        start += 1
    if text.startswith("{", start) and not text.startswith("{{", start) and (
            _INNER_KEY.match(text, start + 1)):
        return _mapping(text, start)
    if text.startswith("[", start) and not in_list:
        new, end = _list(text, start)
        if re.match(r"\s*([,}]|$)", text[end:]):
            return new, end
    whole = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"").match(text, start)
    if whole and re.match(r"\s*([,}\]]|$)", text[whole.end():]):
        return whole[0] if _is_quoted(whole[0]) else quoted(whole[0]), whole.end()
    end, depth = start, 0
    while end < len(text):
        if text.startswith("{{", end) and "}}" in text[end:]:
            end = text.index("}}", end) + 2
            continue
        char = text[end]
        if char in "}]":
            if depth == 0:
                break
            depth -= 1
        elif char in "{[":
            depth += 1
        elif char == "," and depth == 0 and (
                in_list or not text[end + 1:].strip() or _NEXT_KEY.match(text, end + 1)):
            break
        end += 1
    value = text[start:end].rstrip()
    if value[:1] in ("'", '"') and value.count(value[0]) == 1:
        value = value[1:]
    if value and _SPECIAL_INSIDE.search(value):
        value = quoted(value)
    return value, end


def _mapping(text: str, start: int) -> tuple[str, int]:
    out, at = "{", start + 1
    while True:
        key = _INNER_KEY.match(text, at)
        if key is None:
            break
        value, at = _value(text, key.end(), in_list=False)
        out += f"{key[1]}: {value}"
        if not text.startswith(",", at):
            break
        out += ", " if text[at + 1:].strip() else ","
        at += 1
    if text.startswith("}", at):
        return out + "}", at + 1
    return out, at


def _list(text: str, start: int) -> tuple[str, int]:
    out: list[str] = []
    at = start + 1
    while at < len(text):
        value, at = _value(text, at, in_list=True)
        if value:
            out.append(value)
        if not text.startswith(",", at):
            break
        at += 1
    end = at + 1 if text.startswith("]", at) else at
    return "[" + ", ".join(out) + "]", end
