"""The door: flows walked in every way, what breaks, and what could not be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from transitions import MachineError

from bot import check, config, testing
from bot.clock import HOUR
from bot.errors import BotError
from bot.flow.lint import texts, ways
from bot.flow.lint.parts import CheckOptions, Document
from bot.flow.load import Loaded
from bot.flow.machine import Version
from bot.flow.reading import source
from bot.flow.reading.finding import Finding
from bot.model import Contact, Json
from bot.scripts import coverage, playing, reading
from bot.scripts.coverage import Gap, Taken, near
from bot.scripts.explore import standing, walking
from bot.scripts.explore.faults import NO_END, Fault, Faults
from bot.scripts.explore.made_up import Maker
from bot.scripts.explore.moves import Moves
from bot.scripts.explore.patterns import fitting
from bot.scripts.explore.samples import Samples, said_in
from bot.scripts.explore.shape import Shape, found
from bot.scripts.explore.shapes import OF_SLOTS, Shapes
from bot.scripts.explore.walking import Walk
from bot.settings import Settings
from bot.testing import KIM, MONDAY, Chat, Project

#: Turns for each flow, where nobody says how many.
MOST: Final = 20_000
_WEEK: Final = 7 * 24
#: What everybody has, so that no flow finds it missing.
_CONTACT: Final = frozenset({"name", "language", "timezone", "phone", "id", "tags"})
_DATA: Final = frozenset({"object", "list"})


class Unknown(BotError):
    """There is no such flow."""


@dataclass(frozen=True, slots=True)
class Explored:
    """What became of one flow."""

    flow: str
    faults: tuple[Fault, ...]
    missed: tuple[Gap, ...]  #: steps and ways that were not taken
    places: int
    turns: int
    stopped: bool  #: there was more to walk than was allowed


def explore(path: Path, flows: Sequence[str] = (), most: int = MOST) -> list[Explored]:
    """Walk these flows of the project of a config.yaml, or all. Raises `ConfigError`, `Unknown`."""
    settings = config.load(path, {}, secrets=False)
    loaded = check.load_all(settings)
    project = testing.project_of(settings, loaded)
    known = {*loaded.flows, *(Path(finding.file).stem for finding in loaded.errors)}
    for flow in flows:
        if flow not in known:
            raise Unknown(f"there is no flow {flow}: {', '.join(sorted(loaded.flows))}")
    explorer = _Explorer(settings, loaded, project, most)
    names = list(flows) or [*loaded.flows, *sorted(
        {Path(finding.file).stem for finding in loaded.errors} - loaded.flows.keys())]
    return [explorer.one(name) for name in dict.fromkeys(names)]


class _Explorer:
    """One project, ready to be walked."""

    def __init__(self, settings: Settings, loaded: Loaded, project: Project, most: int) -> None:
        self._loaded = loaded
        self._project = project
        self._most = most
        self._documents = dict(_documents(loaded))
        self._shapes = Shapes(self._documents)
        self._taken = Taken()  #: what the walk at hand has gone through
        self._watched: set[str] = set()
        operations = {f"{name}.{operation}": declared
                      for name, backend in settings.backends.items()
                      for operation, declared in backend.operations.items()}
        #: What `bot check` says of texts and ways: what customers would meet, too.
        documents = list(self._documents.values())
        self._changing = frozenset(
            step.call for spec in loaded.flows.values() for step in spec.steps.values()
            if step.call is not None) - project.flows.options.reads
        self._breaking = {*texts.check(documents), *ways.check(documents, CheckOptions(
            settings.default_language, frozenset(operations), frozenset(),
            changing=self._changing))}
        said, given = _scripts(project.folder / "tests")
        self._maker = Maker(MONDAY, project.flows.options.timezone)
        self._samples = Samples(said)
        self._moves = Moves(self._shapes, self._maker, self._samples, given, frozenset(
            name for name, declared in operations.items() if declared.missing))

    def one(self, name: str) -> Explored:
        """Everything that breaks in one flow."""
        file = self._loaded.files.get(name)
        faults = Faults(self._documents)
        walk = Walk(name)
        missed: tuple[Gap, ...] = ()
        reached: set[str] = set()
        if file is not None and self._sound(name, reached):
            for flow in sorted(reached - self._watched):
                coverage.watch_version(self._project.flows.current[flow], self._taken)
            self._watched |= reached
            walk, missed = self._walked(name, faults, self._most)
            if missed and not walk.stopped:
                # What one condition at a time has not led to, two at once may.
                self._moves.turn_two()
                walk, missed = self._walked(name, faults, self._most)
            faults.judge_walk(walk, frozenset(self._unanswered(walk, faults)))
        for fault in self._checked(name, file, walk):
            faults.found.pop((fault.file, fault.line, NO_END), None)  # said better
            faults.note(fault)
        return Explored(name, tuple(sorted(faults.found.values(), key=_order)), missed,
                        len(walk.stands), walk.turns, walk.stopped)

    def _walked(self, flow: str, faults: Faults, most: int) -> tuple[Walk, tuple[Gap, ...]]:
        """Every place that the flow comes to, and what of its file was never taken."""
        self._taken.spots.clear()
        walk = walking.walk(flow, self._starts(flow), self._moves, self._shapes, self._changing,
                            faults.judge, most)
        here = near(Path(self._loaded.files[flow]))
        return walk, tuple(gap for gap in coverage.coverage(self._project, self._taken).gaps
                           if gap.file == here)

    def _sound(self, flow: str, seen: set[str]) -> bool:
        """Whether a flow with mistakes can be walked all the same: nothing it names is missing."""
        version = self._project.flows.current.get(flow)
        if version is None:
            return False
        if flow in seen:
            return True
        seen.add(flow)
        spec = version.spec
        try:
            version.machine  # noqa: B018  # made when first asked for
        except (KeyError, ValueError, MachineError):
            return False
        named = [name for step in spec.steps.values()
                 for name in (step.slot, *(step.review or ()), *step.set) if name]
        if any(name not in version.slots and not name.startswith("contact.") for name in named):
            return False
        if any(step.otherwise is not None and step.otherwise not in spec.steps
               for step in spec.steps.values()):
            return False
        return all(self._sound(other, seen) for other in _others(version))

    def _starts(self, flow: str) -> list[Chat]:
        """The flow begun in each language, by everybody who can begin it."""
        version = self._project.flows.current[flow]
        spec = version.spec
        slots: list[Json] = [{}] if spec.triggers.starts or not list(self._callers(flow)) else []
        slots += [given for given in self._callers(flow) if given not in slots]
        said = {name: self._given(version, name) for name, slot in version.slots.items()
                if slot.in_trigger}
        if said and said not in slots:
            slots.append(said)
        out = []
        for language in spec.languages:
            for contact, now in self._contacts(flow, language):
                for given in slots:
                    chat = Chat(self._project.flows, {}, contact, now, holds=True)
                    if not spec.triggers.event or given:
                        chat.begins(flow, given)
                        out.append(chat)
                        continue
                    event = spec.triggers.event
                    for data in self._maker.variants(self._shapes.events[event]):
                        one = chat.fork()
                        one.happens({**(data if isinstance(data, dict) else {}), "name": event})
                        out.append(one)
        return out

    def _callers(self, flow: str) -> Iterator[Json]:
        """The slots that other flows and commands give it."""
        own = self._project.flows.current[flow]
        withs: list[Mapping[str, Any]] = []
        for version in self._project.flows.current.values():
            for step in version.spec.steps.values():
                if step.run is not None and step.run.flow == flow:
                    withs.append(step.run.with_)
                withs += [entry.with_ for entry in (
                    *step.goto, *step.on_error,
                    *(one for choice in step.choices for one in choice.goto))
                    if entry.flow == flow]
        for command in self._project.flows.commands.values():
            withs += [entry.with_ for choice in command.choices for entry in choice.goto
                      if entry.flow == flow]
        for names in dict.fromkeys(tuple(sorted(given)) for given in withs):
            yield {name: self._given(own, name) for name in names if name in own.slots}

    def _given(self, version: Version, slot: str) -> Any:
        """What a caller might hand over for a slot."""
        spec = version.slots[slot]
        shape = self._shapes.slots[version.flow].get(slot) or Shape()
        if spec.type in _DATA:
            return self._maker.one(shape)
        node = next((one for one in version.nodes.values() if one.slot == slot), None)
        if node is not None and node.kind == "ask":
            chat = Chat(self._project.flows, {}, KIM, holds=True)
            taken = self._samples.taken(chat, node, None)
            if taken:
                return taken[0].get("text", taken[0].get("media"))
        if spec.pattern is not None:
            return next(iter(fitting(spec.pattern)), "Example")
        constants = found(shape).constants
        return constants[0] if constants else self._maker.one(found(shape))

    def _contacts(self, flow: str, language: str) -> Iterator[tuple[Contact, int]]:
        """Everybody for whom the flow may go another way, and when."""
        usual = replace(KIM, language=language, language_from="chosen")
        yield usual, MONDAY
        contact = found(self._shapes.contact)
        reached: set[str] = set()
        self._sound(flow, reached)
        text = "".join(Path(self._documents[one].file).read_text("utf-8")
                       for one in sorted(reached))
        for name, inner in sorted(contact.fields.items()):
            shape = found(inner)
            if f"contact.{name}" not in text or not shape.tested:
                continue
            if name == "phone":
                yield replace(usual, phone=None), MONDAY
            elif name == "name":
                yield replace(usual, name=None), MONDAY
            elif name == "tags":
                for tag in found(shape.item).constants if shape.item is not None else ():
                    yield replace(usual, tags=(str(tag),)), MONDAY
            elif name not in _CONTACT:
                for value in shape.constants or [True]:
                    yield replace(usual, fields={name: value}), MONDAY
        if "if_closed" in text or "queue_open" in text:
            yield from ((usual, at) for at in self._closed())

    def _closed(self) -> Iterator[int]:
        """A time at which nobody works."""
        flows = self._project.flows
        for hour in range(_WEEK):
            at = MONDAY + hour * HOUR
            if not any(flows.queue_hours(queue, at)[0] for queue in flows.options.queues
                       if flows.options.queues[queue].hours is not None) and any(
                           queue.hours is not None for queue in flows.options.queues.values()):
                yield at
                return

    def _unanswered(self, walk: Walk, faults: Faults) -> Iterator[tuple[str, str]]:
        """Questions for which no answer was found; where there can be none, that is a fault."""
        told: set[tuple[str, str]] = set()
        for stand in walk.stands.values():
            node = standing.waits(stand.chat)
            slot = node.slot_spec if node is not None else None
            if node is None or slot is None or node.kind != "ask" or (
                    stand.flow, stand.step) in told:
                continue
            told.add((stand.flow, stand.step))
            if slot.type == "yes_no" or self._samples.taken(stand.chat, node, None):
                continue
            yield stand.flow, stand.step
            if slot.check is None and slot.pattern is None and slot.type in OF_SLOTS:
                faults.add(stand, f"no answer to this is taken: nothing fits the rules of the slot "
                                  f"`{node.slot}`")

    def _checked(self, flow: str, file: str | None, walk: Walk) -> Iterator[Fault]:
        """What `bot check` says of the steps of the flow, with a way there."""
        doc = self._documents.get(flow)
        own = [finding for finding in self._loaded.findings
               if finding.file == file or (file is None and Path(finding.file).stem == flow)]
        for finding in own:
            step = _step_at(doc, finding)
            if finding.level != "error" and finding not in self._breaking and (
                    "the text is missing in" not in finding.message):
                continue
            stand = next((one for one in walk.stands.values()
                          if (one.flow, one.step) == (flow, step)), None)
            yield Fault(near(Path(finding.file)), finding.line, finding.message, (),
                        stand.way() if stand is not None else ())


def _order(fault: Fault) -> tuple[str, int, str]:
    return fault.file, fault.line, fault.what


def _documents(loaded: Loaded) -> Iterator[tuple[str, Document]]:
    for name, spec in loaded.flows.items():
        file = loaded.files[name]
        root, _ = source.read(file, Path(file).read_bytes())
        assert root is not None, "a flow that was loaded can be read"
        yield name, Document(kind="flow", name=name, file=file, root=root, spec=spec)


def _step_at(doc: Document | None, finding: Finding) -> str:
    """The step in which a finding stands, if it stands in one."""
    if doc is None:
        return ""
    lines = [(doc.root.key("steps", name)[0], name) for name in doc.spec.steps]
    before = [name for line, name in lines if line <= finding.line]
    return before[-1] if before else ""


def _others(version: Version) -> set[str]:
    """The flows that this one runs or leaves for."""
    out = set()
    for step in version.spec.steps.values():
        if step.run is not None:
            out.add(step.run.flow)
        out |= {entry.flow for entry in (*step.goto, *step.on_error, *(
            one for choice in step.choices for one in choice.goto)) if entry.flow is not None}
    return out


def _scripts(folder: Path) -> tuple[list[Json], dict[str, list[Any]]]:
    """What customers say in scripts, and what operations give there."""
    said: list[Json] = []
    given: dict[str, list[Any]] = {}
    for file in sorted(folder.rglob("*.yaml")) if folder.is_dir() else ():
        for script in reading.read(file):
            for one in said_in(((entry.word, entry.value) for entry in script.entries),
                               playing.content):
                if one not in said:
                    said.append(one)
            for operation, answers in script.given.get("backend", {}).items():
                pool = given.setdefault(operation, [])
                pool += [one for one in _all_of(answers) if one not in pool]
    return said, given


def _all_of(answers: Any) -> Iterable[Any]:
    """Every answer that something under `given: backend:` may come to."""
    if isinstance(answers, Mapping) and set(answers) == {"in turn"}:
        return [one for each in answers["in turn"] for one in _all_of(each)]
    rules = [answers] if isinstance(answers, Mapping) else answers
    if isinstance(rules, list) and rules and all(
            isinstance(rule, Mapping) and "gives" in rule and set(rule) <= {"when", "gives"}
            for rule in rules):
        return [one for rule in rules for one in _all_of(rule["gives"])]
    return [answers]

