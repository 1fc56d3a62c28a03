"""What is known of one piece of data, before there is any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False, slots=True)
class Shape:
    """What is known of one piece of data."""

    fields: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None  #: of a list
    kinds: set[str] = field(default_factory=set)
    """text, number, date, time, datetime, past, url, email, phone, list, truth (a condition
    turns on it), none (the flow asks whether it is there), compared (with something else)."""
    constants: list[Any] = field(default_factory=list)  #: what it is compared with
    lengths: list[int] = field(default_factory=list)  #: what its length is compared with, or age
    pattern: str | None = None  #: of the answer that it is, or is compared with
    peers: list[tuple[str, ...]] = field(default_factory=list)  #: data it is compared with
    same: Shape | None = None  #: joined to this one

    @property
    def tested(self) -> bool:
        """Whether a condition of the flow turns on this very value."""
        return bool(self.exact or self.lengths or self.kinds & {"truth", "none"})

    @property
    def exact(self) -> bool:
        """Whether it matters which value it is, not only whether there is one."""
        return bool(self.constants or "compared" in self.kinds)


def found(shape: Shape) -> Shape:
    """The shape that this one was joined to."""
    while shape.same is not None:
        shape = shape.same
    return shape


def join(one: Shape, other: Shape) -> Shape:
    """Both are the same data from now on."""
    one, other = found(one), found(other)
    if one is other:
        return one
    other.same = one
    one.kinds |= other.kinds
    one.pattern = one.pattern or other.pattern
    one.constants += [value for value in other.constants if value not in one.constants]
    one.lengths += [value for value in other.lengths if value not in one.lengths]
    one.peers += [value for value in other.peers if value not in one.peers]
    for name, shape in other.fields.items():
        one.fields[name] = join(one.fields[name], shape) if name in one.fields else shape
    if other.item is not None:
        one.item = join(one.item, other.item) if one.item is not None else other.item
    return one


def part(shape: Shape, name: str) -> Shape:
    """One field of it."""
    return found(found(shape).fields.setdefault(name, Shape()))


def item(shape: Shape) -> Shape:
    """One thing of the list that it is."""
    shape = found(shape)
    shape.kinds.add("list")
    if shape.item is None:
        shape.item = Shape()
    return found(shape.item)


def value_at(slots: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What stands there among these slots."""
    value: Any = slots
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
