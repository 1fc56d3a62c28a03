"""Data as a flow expects it, made up so that each condition that turns on it comes out both ways.

Where scripts say what an operation gives, that is what is made up from: only what conditions
turn on is put in another way, and what is missing for that is added.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any, Final

from bot.clock import DAY, local
from bot.scripts.explore.patterns import fitting
from bot.scripts.explore.shape import Shape, found, value_at
from bot.scripts.explore.standing import seen_as

Path = tuple[str, ...]
_ROW: Final = "[]"  #: the things of a list, in a path
_DEEPEST, _MOST = 6, 60
_THERE: Final = object()  #: whatever it would be
_EMAIL, _PHONE = "kim@example.com", "447700900900"


class Maker:
    """Makes data of shapes, for conversations about this time."""

    def __init__(self, now: int, zone: Any) -> None:
        self._slots: Mapping[str, Any] = {}
        self._today = local(now, zone)
        self._day = local(now + 9 * DAY, zone)
        self._past = local(now - 30 * 365 * DAY, zone)

    def variants(self, shape: Shape, given: Sequence[Any] = (), *,
                 slots: Mapping[str, Any] = {}, thorough: bool = False) -> list[Any]:
        """What is given, then the same or made-up data with each condition the other way;
        `slots`: what is known, with which it may be compared; `thorough`: with any two of them.
        """
        self._slots = slots
        axes = list(self._axes(shape, (), 0))
        chosen: list[dict[Path, Any]] = [{path: option} for path, options in axes
                                         for option in options]
        if thorough:
            chosen += [{one: a, other: b} for (one, some), (other, more) in combinations(axes, 2)
                       for a in some for b in more]
        bases: list[Any] = [one for one in given if isinstance(one, Mapping | list)] or [None]
        out = [self._made(shape, (), {}, base, 0) for base in bases]
        out += [self._made(shape, (), each, bases[0], 0) for each in chosen[:_MOST]]
        seen: dict[Hashable, Any] = {}
        for one in out:
            seen.setdefault(seen_as(one, shape), one)
        return list(seen.values())

    def one(self, shape: Shape) -> Any:
        """One piece of data with everything in it."""
        return self._made(shape, (), {}, None, 0)

    def _axes(self, shape: Shape, path: Path, depth: int) -> Iterator[tuple[Path, list[Any]]]:
        """What conditions turn on, each with the values that it may have beside the usual one."""
        shape = found(shape)
        if depth > _DEEPEST:
            return
        options = self._options(shape, path)
        if len(options) > 1:
            yield path, options[1:]
        for name, inner in shape.fields.items():
            yield from self._axes(inner, (*path, name), depth + 1)
        if shape.item is not None:
            yield from self._axes(shape.item, (*path, _ROW), depth + 1)

    def _options(self, shape: Shape, path: Path) -> list[Any]:
        """The values worth trying, the usual one first."""
        usual = self._usual(shape, path)
        options: list[Any] = [usual]
        if "list" in shape.kinds or shape.item is not None:
            sizes = {2, 0, 1, *(size for length in shape.lengths
                                for size in (length - 1, length, length + 1))}
            return [_Size(2), *(_Size(size) for size in sorted(sizes - {2}) if 0 <= size <= 30)]
        if shape.constants:
            options = []
            for constant in shape.constants:
                options.append(constant)
                if isinstance(constant, int | float) and not isinstance(constant, bool):
                    options += [constant + 1, constant - 1]
            if any(isinstance(one, str) for one in shape.constants):
                options.append("other")
        if "past" in shape.kinds:
            options += [self._years_ago(age) for age in ages(shape)]
        same = [value for peer in shape.peers
                if isinstance(value := value_at(self._slots, peer), str | int | float)]
        if same:
            options = [*same, *options]
        if "truth" in shape.kinds and "number" in shape.kinds:
            options.append(0)
        elif "truth" in shape.kinds and "date" in shape.kinds:
            options += [self._past.date().isoformat(),
                        self._day.replace(year=self._day.year + 1).date().isoformat()]
        elif "truth" in shape.kinds and not shape.constants and not shape.fields:
            plain = not shape.kinds - {"truth", "none"}
            options = [True, False] if plain else [usual, None]
        if "none" in shape.kinds:
            options.append(None)
        # A list has no holes, and whether there is anything at all the caller knows.
        gone = not path or path[-1] == _ROW
        return [one for one in options if one is not None] or [usual] if gone else options

    def _years_ago(self, years: int) -> str:
        return (self._today - timedelta(days=round(years * 365.25 + 40))).date().isoformat()

    def _usual(self, shape: Shape, path: Path) -> Any:
        if shape.fields:
            return _THERE
        if shape.pattern is not None and (fit := fitting(shape.pattern)):
            return fit[0]
        name = next((one for one in reversed(path) if one != _ROW), "value")
        kinds = shape.kinds
        if "past" in kinds:
            return self._past.date().isoformat()
        if "datetime" in kinds or {"date", "time"} <= kinds:
            return self._day.isoformat(timespec="minutes")
        if "time" in kinds:
            return self._day.isoformat(timespec="minutes")
        for kind, value in (("date", self._day.date().isoformat()), ("number", 3),
                            ("url", f"https://example.com/{name}.pdf"), ("email", _EMAIL),
                            ("phone", _PHONE)):
            if kind in kinds:
                return value
        return name.replace("_", " ")

    def _made(self, shape: Shape, path: Path, chosen: Mapping[Path, Any], like: Any,
              depth: int, place: int = 0) -> Any:
        shape = found(shape)
        wanted = chosen.get(path, _THERE)
        rows = "list" in shape.kinds or shape.item is not None
        if rows and not shape.fields:
            return self._rows(shape, path, chosen, wanted, like, depth)
        if wanted is not _THERE:
            return wanted
        if shape.fields and depth < _DEEPEST:
            known = dict(like) if isinstance(like, Mapping) else {}
            # What is given as none is none, unless something else is to be tried.
            return {**known, **{
                name: None if not chosen and name in known and known[name] is None else
                self._made(inner, (*path, name), chosen, known.get(name), depth + 1, place)
                for name, inner in shape.fields.items()}}
        if like is not None and not isinstance(like, _Size):
            return like
        usual = self._options(shape, path)[0]
        if place > 1 and not shape.constants and not shape.peers:
            usual = self._later(usual, shape, place - 1)
        if place and isinstance(usual, str) and not shape.constants and not (
                shape.kinds & {"date", "time", "datetime", "past", "url", "email", "phone"}):
            return f"{usual} {place}"
        return {} if usual is _THERE else usual

    def _later(self, usual: Any, shape: Shape, more: int) -> Any:
        """The same of a later row of a list: no two days or numbers are alike."""
        day = self._day + timedelta(days=more)
        if usual == self._day.isoformat(timespec="minutes"):
            return day.isoformat(timespec="minutes")
        if usual == self._day.date().isoformat():
            return day.date().isoformat()
        return usual + more if type(usual) is int and "number" in shape.kinds else usual

    def _rows(self, shape: Shape, path: Path, chosen: Mapping[Path, Any], wanted: Any, like: Any,
              depth: int) -> Any:
        if wanted is None:
            return None
        rows = list(like) if isinstance(like, list) else []
        size = wanted.size if isinstance(wanted, _Size) else len(rows) or 2
        if not isinstance(like, list) and depth >= _DEEPEST:
            return []
        inner = shape.item or Shape()
        made = []
        for place in range(size):
            row = rows[place] if place < len(rows) else None
            made.append(self._made(inner, (*path, _ROW), chosen, row, depth + 1, place + 1))
        return made


def ages(shape: Shape) -> list[int]:
    """Ages around those with which the flow compares it."""
    return sorted({age for length in shape.lengths for age in (length - 1, length, length + 1)
                   if age >= 0})


class _Size:
    """So many things in a list."""

    def __init__(self, size: int) -> None:
        self.size = size
