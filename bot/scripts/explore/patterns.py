"""Texts that fit a pattern, made from the pattern itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

_ANY: Final = "abcABC123"
_CATEGORIES: Final = {
    sre.CATEGORY_DIGIT: "4829173650", sre.CATEGORY_WORD: "abcXYZ12", sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_DIGIT: "abcXYZ", sre.CATEGORY_NOT_WORD: "-. ",
    sre.CATEGORY_NOT_SPACE: "abcXYZ12"}
#: A part that may come again without end comes so often at most.
_MORE = 3


#: A class that only Unicode's own patterns know, and what says whether it stands in brackets.
_UNICODE: Final = re.compile(r"\\p\{(\w+)\}|\\.|[\[\]]")


def _plainer(pattern: str) -> str:
    """The same with `\\p{L}` written as Python's own patterns have it."""
    within = False

    def plain(match: re.Match[str]) -> str:
        nonlocal within
        if match[1] is None:
            within = match[0] == "[" if match[0] in "[]" else within
            return match[0]
        letters = r"\d" if match[1].startswith("N") else "A-Z" if match[1] == "Lu" else "a-z"
        return letters if within or letters == r"\d" else f"[{letters}]"
    return _UNICODE.sub(plain, pattern)


def fitting(pattern: str, count: int = 4) -> list[str]:
    """Different texts that the pattern should fit; none of one that is too special."""
    try:
        tree = parser.parse(_plainer(pattern))
    except (re.error, RecursionError, OverflowError):
        return []
    made = ("".join(_made(list(tree), turn, {})) for turn in range(count))
    return list(dict.fromkeys(made))


def _made(items: list[Any], turn: int, groups: dict[int, str]) -> Iterator[str]:
    for place, (op, value) in enumerate(items):
        yield "".join(_piece(op, value, turn + place, groups))


def _piece(op: Any, value: Any, turn: int, groups: dict[int, str]) -> Iterator[str]:
    if op is sre.LITERAL:
        yield chr(value)
    elif op is sre.NOT_LITERAL:
        yield next(one for one in _ANY if one != chr(value))
    elif op is sre.ANY:
        yield _ANY[turn % len(_ANY)]
    elif op is sre.IN:
        yield _among(value, turn)
    elif op is sre.BRANCH:
        ways = value[1]
        yield from _made(list(ways[turn % len(ways)]), turn, groups)
    elif op is sre.SUBPATTERN:
        text = "".join(_made(list(value[-1]), turn, groups))
        if value[0] is not None:
            groups[value[0]] = text
        yield text
    elif op is sre.GROUPREF:
        yield groups.get(value, "")
    elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        low, high, inner = value
        most = min(int(high), low + _MORE)
        for again in range(max(low, most if turn % 2 == 0 else low)):
            yield from _made(list(inner), turn + again, groups)
    elif op is sre.ATOMIC_GROUP:
        yield from _made(list(value), turn, groups)


def _among(options: list[Any], turn: int) -> str:
    """One of the characters in brackets."""
    if options and options[0][0] is sre.NEGATE:
        test = re.compile("[^" + "".join(_class(one) for one in options[1:]) + "]")
        fit = [one for one in _ANY + " -.,éß中" if test.fullmatch(one)]
        return fit[turn % len(fit)] if fit else ""
    all_: list[str] = []
    for op, value in options:
        if op is sre.LITERAL:
            all_.append(chr(value))
        elif op is sre.RANGE:
            all_ += [chr(one) for one in range(value[0], min(value[1], value[0] + 25) + 1)]
        elif op is sre.CATEGORY:
            all_ += _CATEGORIES.get(value, "a")
    return all_[turn * 3 % len(all_)] if all_ else ""


def _class(one: tuple[Any, Any]) -> str:
    op, value = one
    if op is sre.LITERAL:
        return re.escape(chr(value))
    if op is sre.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    names = {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_SPACE: r"\s",
             sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_NOT_WORD: r"\W",
             sre.CATEGORY_NOT_SPACE: r"\S"}
    return names.get(value, "")
