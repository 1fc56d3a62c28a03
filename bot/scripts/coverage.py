"""Which steps and ways out of the flows were taken by a conversation, in which language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.flow.flows import Flows
from bot.flow.machine import Version
from bot.flow.reading import source
from bot.flow.reading.source import Node
from bot.flow.spec import FlowSpec
from bot.flow.turn import DONE
from bot.flow.ways import Way, ways
from bot.testing import Project

Where = tuple[str | int, ...]
#: A step, or a way out of it: the flow, and its path under `steps`.
Spot = tuple[str, Where]


@dataclass(slots=True)
class Taken:
    """What conversations went through: spots, each in the languages that were spoken there."""

    spots: dict[Spot, set[str]] = field(default_factory=dict)

    def note(self, spot: Spot, language: str) -> None:
        self.spots.setdefault(spot, set()).add(language)

    def add(self, other: Taken) -> None:
        """What another conversation went through."""
        for spot, languages in other.spots.items():
            self.spots.setdefault(spot, set()).update(languages)


def watch(flows: Flows) -> Taken:
    """From now on what conversations on these flows go through is noted."""
    taken = Taken()
    for version in flows.current.values():
        watch_version(version, taken)
    return taken


def watch_version(version: Version, taken: Taken) -> None:
    """The same of one version of a flow."""
    for state in version.machine.states.values():
        if state.name != DONE:
            state.add_callback("enter", _notes(taken, (version.flow, (state.name,))))
    for move, way in _moves(version):
        move.add_callback("before", _notes(taken, (version.flow, way.path)))


def _notes(taken: Taken, spot: Spot) -> Callable[[Any], None]:
    return lambda event: taken.note(spot, event.model.language)


def _moves(version: Version) -> Iterator[tuple[Any, Way]]:
    """The transitions of the machine, each with the way of the file that it was made of.

    Both stand in the order of the file, so that the first that leads to the same place is the
    one; what the machine has beside them is nobody's way.
    """
    spec = version.spec
    written: dict[tuple[str, str], list[Way]] = {}
    for way in ways(spec):
        written.setdefault((way.event, way.step), []).append(way)
        if way.path[1:2] == ("goto",):
            written.setdefault(("skipped", way.step), []).append(way)
    for name, event in version.machine.events.items():
        for step, moves in event.transitions.items():
            left = list(written.get((name, step), ()))
            for move in moves:
                found = next((way for way in left if _leads(spec, way, move.dest)), None)
                if found is not None:
                    yield move, found
                    if found.to not in ("edit", "refuse") or _ends(spec, found, move.dest):
                        left.remove(found)


def _leads(spec: FlowSpec, way: Way, to: str | None) -> bool:
    if way.to in ("end", "flow"):
        return to == DONE
    if way.to in ("stay", "handoff"):
        return to is None
    if way.to == "edit":
        return to is not None and to in spec.steps and spec.steps[to].slot == way.target
    if way.to == "refuse":
        return to in (way.target, spec.steps[way.target].on_give_up)
    return to == way.target


def _ends(spec: FlowSpec, way: Way, to: str | None) -> bool:
    """Whether this transition is the last that was made of the way: these have several."""
    if way.to == "refuse":
        return to == way.target
    return to == [name for name, step in spec.steps.items() if step.slot == way.target][-1]


@dataclass(frozen=True, slots=True)
class Gap:
    """A step or way that no conversation took, in these languages of its flow."""

    file: str
    line: int
    what: str
    languages: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what} ({', '.join(self.languages)})"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was gone through, each step and way counted once for every language."""

    gone: int
    all: int
    gaps: tuple[Gap, ...]

    @property
    def percent(self) -> float:
        return 100 * self.gone / self.all if self.all else 100.0


def coverage(project: Project, taken: Taken) -> Coverage:
    """What was taken of the flows of a project."""
    gone = everything = 0
    gaps: list[Gap] = []
    for name, version in project.flows.current.items():
        spec, file = version.spec, project.files[name]
        tree, _ = source.read(file, Path(file).read_bytes())
        assert tree is not None, "a flow that was loaded can be read"
        for spot, (what, paths) in _spots(spec, tree).items():
            spoken = set().union(*(taken.spots.get((name, path), ()) for path in paths))
            everything += len(spec.languages)
            left = tuple(one for one in spec.languages if one not in spoken)
            gone += len(spec.languages) - len(left)
            if left:
                gaps.append(Gap(near(Path(file)), tree.key(*spot)[0], what, left))
    return Coverage(gone, everything, tuple(sorted(gaps, key=lambda gap: (gap.file, gap.line))))


def _spots(spec: FlowSpec, tree: Node) -> dict[Where, tuple[str, list[Where]]]:
    """Where something is written that can be gone through: what it is, and its `Taken` paths.

    A clock that the flow has for all its steps is gone through at any of them.
    """
    found: dict[Where, tuple[str, list[Where]]] = {
        ("steps", name): (f"the step {name}", [(name,)]) for name in spec.steps}
    for way in ways(spec):
        if way.event == "handed_over":
            continue  # the step itself
        of_flow = way.timer is not None and way.path[1] not in tree.at("steps", way.step).keys
        spot: Where = way.path[1:] if of_flow else ("steps", *way.path)
        what = _told(way, "the flow" if of_flow else way.step)
        found.setdefault(spot, (what, []))[1].append(way.path)
    return found


def _told(way: Way, whose: str) -> str:
    """A way in the words of its file."""
    words = f"{whose}: {' '.join(str(part) for part in way.path[1:] if isinstance(part, str))}"
    if way.if_ is not None:
        words += f" if {way.if_}"
    return f"{words} → {way.target or way.to}"


def near(file: Path) -> str:
    """A file as it is seen from here."""
    here, there = Path.cwd(), file.resolve()
    return str(there.relative_to(here) if there.is_relative_to(here) else there)
