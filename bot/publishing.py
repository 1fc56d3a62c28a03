"""Publishing: what is in the folder becomes what is served, and who is in a flow is minded.

The store knows what was published; every process serves that, and looks for something newer.
Who stands in an older version goes on as `bot.flow.moving` says.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from pydantic_core import from_json, to_json

from bot.errors import BotError
from bot.flow.changes import Change, changes, level
from bot.flow.flows import FlowOptions, Flows
from bot.flow.load import Loaded
from bot.flow.onward import Onward
from bot.flow.spec import AnswersSpec, CommandsSpec, FlowSpec, TemplateSpec, TextsSpec
from bot.model import Json
from bot.store.versions import Publication, Standing

#: What is no flow is published as one thing under this name.
REST: Final = ""
REST_NAME: Final = "(the rest)"
Key = tuple[str, str]


class Kept(Protocol):
    """The versions of a store, or of the process that has it open."""

    async def log(self) -> list[Publication]: ...
    async def publish(self, lines: Sequence[Json], sources: Sequence[Sequence[str]], who: str,
                      after: str) -> str: ...
    async def sources(self, wanted: Iterable[Sequence[str]]) -> list[tuple[str, str, str]]: ...
    async def standing(self) -> list[Standing]: ...


@dataclass(frozen=True, slots=True)
class Published:
    """What the log of publishes comes to."""

    last: str = ""
    current: Mapping[str, str] = field(default_factory=dict)  #: flow -> version
    #: Flows that were taken away -> the version that those who are led there still get.
    retired: Mapping[str, str] = field(default_factory=dict)
    ways: Mapping[Key, Onward] = field(default_factory=dict)
    known: frozenset[Key] = frozenset()  #: everything that ever was current

    @classmethod
    def of(cls, log: Sequence[Publication]) -> Published:
        """Read the log from its beginning."""
        current: dict[str, str] = {}
        retired: dict[str, str] = {}
        ways: dict[Key, Onward] = {}
        for line in log:
            before = current.pop(line.flow, None)
            if line.version is None:
                if before is not None:
                    retired[line.flow] = before
                continue
            retired.pop(line.flow, None)
            current[line.flow] = line.version
            ways.pop((line.flow, line.version), None)
            if before not in (None, line.version):
                assert before is not None
                ways.pop((line.flow, before), None)
                if line.in_flight != "finish":
                    ways[line.flow, before] = Onward(
                        line.version, "restart" if line.in_flight == "restart" else "move",
                        line.moved)
        return cls(log[-1].id if log else "", current, retired, ways, frozenset(
            (line.flow, line.version) for line in log if line.version is not None))

    def needed(self) -> set[Key]:
        """The versions without which nobody could be served."""
        return {*self.current.items(), *self.retired.items(), *self.ways,
                *((flow, way.version) for (flow, _), way in self.ways.items())}

    def led_here(self, flow: str) -> set[str]:
        """The versions of a flow whose people are on their way to the current one, and itself."""
        current = self.current.get(flow)
        found = {current} if current is not None else set()
        for version in [version for name, version in self.ways if name == flow]:
            at: str | None = version
            while at is not None and at != current:
                way = self.ways.get((flow, at))
                at = way.version if way is not None else None
            if at is not None:
                found.add(version)
        return found


@dataclass(frozen=True, slots=True)
class Difference:
    """What a publish would do to one flow, or to the rest."""

    flow: str
    before: str | None  #: the version that is served
    after: str | None  #: the one that would be
    kind: str  #: new | gone | text | rules | structure
    changes: tuple[Change, ...] = ()
    people: tuple[Standing, ...] = ()  #: whom it concerns
    in_flight: str | None = None  #: None: somebody has to say what becomes of them
    moved: Mapping[str, str] = field(default_factory=dict)
    before_known: bool = False  #: `after` was served before

    @property
    def name(self) -> str:
        return self.flow or REST_NAME

    @property
    def asks(self) -> bool:
        """Whether a person has to say what becomes of those who are in the flow."""
        return self.in_flight is None


def pieces(loaded: Loaded) -> dict[str, tuple[str, str]]:
    """Everything that can be published, by its name: (version, source)."""
    rest = rest_source(loaded)
    return {**{name: (spec.version, spec.source()) for name, spec in loaded.flows.items()},
            REST: (hashlib.sha256(rest.encode()).hexdigest()[:16], rest)}


def rest_source(loaded: Loaded) -> str:
    """What is no flow, as one text."""
    def plain(part: Any) -> Any:
        return part.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    return to_json({
        "answers": {name: plain(part) for name, part in sorted(loaded.answers.items())},
        "commands": plain(loaded.commands), "texts": plain(loaded.texts),
        "templates": {name: plain(part) for name, part in sorted(loaded.templates.items())},
    }).decode()


def assembled(published: Published, sources: Iterable[tuple[str, str, str]], base: Loaded,
              options: FlowOptions) -> Flows:
    """What is published, ready to be talked to. `base` has the texts that an older rest lacks."""
    kept = {(flow, version): source for flow, version, source in sources}
    specs = {flow: FlowSpec.from_source(kept[flow, version])
             for flow, version in published.current.items() if flow != REST}
    rest = from_json(kept[REST, published.current[REST]])
    texts = TextsSpec.model_validate(rest["texts"]).items
    flows = Flows(replace(
        base, flows=specs, findings=[], files={},
        answers={name: AnswersSpec.model_validate(part)
                 for name, part in rest["answers"].items()},
        commands=CommandsSpec.model_validate(rest["commands"]),
        texts=TextsSpec(items={**base.texts.items, **texts}),
        templates={name: TemplateSpec.model_validate(part)
                   for name, part in rest["templates"].items()}),
        options, published.ways, ids=published.current, retired=published.retired)
    for (flow, version), source in kept.items():
        if flow != REST:
            flows.add_version(flow, version, source)
    return flows


async def compared(kept: Kept, loaded: Loaded, only: Sequence[str] = ()
                   ) -> tuple[Published, list[Difference]]:
    """What the folder would change, flows by name; `only` these."""
    published = Published.of(await kept.log())
    found = pieces(loaded)
    names = [name for name in dict.fromkeys([*found, *published.current])
             if not only or name in only]
    wanted = {name: found[name][0] if name in found else None for name in names}
    specs = {name: spec for name, spec in loaded.flows.items() if name in wanted}
    return published, await differences(kept, published, wanted, specs)


async def differences(kept: Kept, published: Published, wanted: Mapping[str, str | None],
                      specs: Mapping[str, FlowSpec],
                      moved: Mapping[str, Mapping[str, str]] | None = None) -> list[Difference]:
    """What it would change to serve these versions, whose `specs` are here."""
    concerned = [name for name, version in wanted.items()
                 if version != published.current.get(name)]
    if not concerned:
        return []
    old = {flow: source for flow, _, source in await kept.sources(
        [(name, published.current[name]) for name in concerned if name in published.current])}
    standing: list[Standing] = []
    if any(name != REST and name in published.current for name in concerned):
        standing = await kept.standing()
    found = []
    for name in concerned:
        led = published.led_here(name)
        people = tuple(one for one in standing if one.flow == name and one.version in led)
        found.append(_difference(name, published, wanted[name], old.get(name), specs.get(name),
                                 people, (moved or {}).get(name)))
    return sorted(found, key=lambda one: one.flow or "~")


def _difference(name: str, published: Published, after: str | None, old: str | None,
                spec: FlowSpec | None, people: tuple[Standing, ...],
                moved: Mapping[str, str] | None) -> Difference:
    before = published.current.get(name)
    known = (name, after) in published.known
    if after is None:
        return Difference(name, before, None, "gone", (), people, "finish")
    if name == REST or before is None or old is None or spec is None:
        kind = "text" if name == REST and before is not None else "new"
        return Difference(name, before, after, kind, (), people, "move", before_known=known)
    moved = spec.moved if moved is None else moved
    what = tuple(changes(FlowSpec.from_source(old), spec, moved))
    kind = level(list(what)) or "rules"
    how: str | None = "move"
    if kind == "structure":
        how = spec.in_flight or ("move" if moved or not people else None)
    return Difference(name, before, after, kind, what, people, how, moved, known)


async def publish(kept: Kept, published: Published, found: Sequence[Difference],
                  sources: Mapping[str, tuple[str, str]], who: str) -> str:
    """Do it; the id of this publish. `sources`: (version, source) by name, of what is new."""
    undecided = [one.flow for one in found if one.asks]
    if undecided:
        raise BotError(f"what becomes of those who are in {', '.join(undecided)}?")
    lines = [{"flow": one.flow, "version": one.after, "kind": one.kind,
              "in_flight": one.in_flight, "moved": dict(one.moved)} for one in found]
    new = [(one.flow, *sources[one.flow]) for one in found if one.flow in sources]
    return await kept.publish(lines, new, who, published.last)


def before_last(log: Sequence[Publication], flows: Sequence[str]) -> dict[str, str | None]:
    """What was served before the last publish, of everything in it or of each of these flows."""
    last = log[-1].id if log else ""
    wanted: dict[str, str | None] = {}
    for name in flows or [line.flow for line in log if line.id == last]:
        own = [line for line in log if line.flow == name]
        wanted[name] = own[-2].version if len(own) > 1 else None
    return wanted


def way_back(log: Sequence[Publication], name: str, to: str | None) -> dict[str, str]:
    """`moved` for going back to that version, from what was moved since."""
    back: dict[str, str] = {}
    for line in reversed([line for line in log if line.flow == name]):
        if line.version == to:
            break
        undone = {new: old for old, new in line.moved.items()}
        back = {at: undone.get(there, there) for at, there in back.items()} | {
            new: old for new, old in undone.items() if new not in back}
    return back


def count(people: Iterable[Standing]) -> int:
    """How many people these are."""
    return sum(one.people for one in people)


def by_step(people: Iterable[Standing]) -> dict[str, int]:
    """How many stand at each step, in whatever version."""
    found: Counter[str] = Counter()
    for one in people:
        found[one.step] += one.people
    return dict(found)
