"""Words that two places claim: a customer who writes them could mean either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.flow.language.words import normalise
from bot.flow.lint.parts import Document, Path
from bot.flow.reading.finding import Finding
from bot.flow.spec import Choice, Command, CommandsSpec, FlowSpec, Phrases, Triggers


@dataclass(frozen=True, slots=True)
class _Claim:
    doc: Document
    path: Path
    owner: str  #: as people read it, e.g. "the flow `returns`"
    flow: str  #: the flow it starts, or ""
    language: str
    stops: bool = False  #: it is a word of the command `stop`


Claims = dict[tuple[str, ...], list[_Claim]]


def check(documents: list[Document], commands: CommandsSpec,
          unread: frozenset[str]) -> Iterator[Finding]:
    yield from _claims(documents, commands)
    yield from _once([doc for doc in documents if doc.kind == "flow"])
    if not unread:
        yield from _never_started(documents, commands)


def _once(flows: list[Document]) -> Iterator[Finding]:
    """What can start one flow only."""
    taken: dict[str, Document] = {}
    for doc in flows:
        starts: Triggers = doc.spec.triggers
        found: list[tuple[str, str]] = [("event", starts.event)] if starts.event else []
        found += [("first_message", "yes")] if starts.first_message else []
        found += [("referral", source) for source in starts.referral]
        for word, what in found:
            other = taken.setdefault(f"{word} {what}", doc)
            if other is not doc:
                yield doc.error(("triggers", word), f"`{word}: {what}` starts the flow "
                                                    f"`{other.name}` too: one flow only")


def _never_started(documents: list[Document], commands: CommandsSpec) -> Iterator[Finding]:
    """Flows that no words of a customer, no command and no other flow lead to."""
    started = {entry.flow for command in commands.items.values()
               for entry in (*command.goto, *(way for choice in command.choices
                                              for way in choice.goto))}
    flows = [doc for doc in documents if doc.kind == "flow"]
    for doc in flows:
        for step in doc.spec.steps.values():
            ways = (*step.goto, *(way for choice in step.choices for way in choice.goto))
            started |= {way.flow for way in ways if way.flow != doc.name}
            if step.run is not None:
                started.add(step.run.flow)
    if started - {doc.name for doc in flows} - {None}:
        return  # one that does not exist was named: this may be the one that was meant
    for doc in flows:
        asked: Triggers = doc.spec.triggers
        if not asked.starts and doc.name not in started and (
                not any(other.damaged or other.unclear for other in flows)):
            yield doc.warning(("flow",), "nothing starts this flow: give it `triggers`, or start "
                                         f"it from another one with goto: {{flow: {doc.name}}}")


def _claims(documents: list[Document], commands: CommandsSpec) -> Iterator[Finding]:
    claims: Claims = {}
    for doc in documents:
        if doc.kind == "flow":
            yield from _triggers(claims, doc, ("triggers",), doc.spec.triggers,
                                 f"the flow `{doc.name}`", doc.name)
        elif doc.kind == "answers":
            for name, item in doc.spec.items.items():
                yield from _triggers(claims, doc, ("items", name), item.triggers,
                                     f"the answer `{name}`", "")
        elif doc.kind == "commands":
            for name, command in doc.spec[1].items():
                # An item that a later file replaced claims nothing any more.
                if isinstance(command, Command) and _stands(commands, name, command):
                    yield from _claim(claims, doc, ("items", name, "keywords"), command.keywords,
                                      f"the command `{name}`", "", stops=command.does == "stop")
    for doc in documents:
        if doc.kind == "flow":
            flow: FlowSpec = doc.spec
            for name, step in flow.steps.items():
                for choice in step.choices:
                    yield from _labels(claims, doc, ("steps", name, "choices", choice.id), choice)


def _triggers(claims: Claims, doc: Document, at: Path, triggers: Triggers, owner: str,
              flow: str) -> Iterator[Finding]:
    yield from _claim(claims, doc, (*at, "keywords"), triggers.keywords, owner, flow)
    yield from _claim(claims, doc, (*at, "examples"), triggers.examples, owner, flow)


def _claim(claims: Claims, doc: Document, at: Path, phrases: Phrases, owner: str, flow: str,
           *, stops: bool = False) -> Iterator[Finding]:
    for language, some in phrases.items():
        for number, phrase in enumerate(some):
            path: Path = (*at, language, number) if language else (*at, number)
            words = normalise(phrase)
            if not words:
                yield doc.error(path, f"“{phrase}” holds no word that anybody could write")
                continue
            claim = _Claim(doc, path, owner, flow, language, stops)
            others = claims.setdefault(words, [])
            first = next((one for one in others if one.owner != owner), None)
            if first is not None:
                yield doc.error(path, f"“{phrase}” starts {first.owner} too "
                                      f"({_place(first)}): keep it in one place")
            elif any(one.language == language and one.path[:-1] == path[:-1] for one in others):
                yield doc.warning(path, f"“{phrase}” stands here twice")
            others.append(claim)


def _place(claim: _Claim) -> str:
    return f"{claim.doc.file}:{claim.doc.root.at(*claim.path).line}"


def _labels(claims: Claims, doc: Document, at: Path, choice: Choice) -> Iterator[Finding]:
    """A label wins over a keyword while its question waits, but never over `stop`."""
    leads = {entry.flow for entry in choice.goto if entry.flow}
    for language, label in choice.label.items():
        for claim in claims.get(normalise(label), ()):
            path: Path = (*at, "label", language) if language else (*at, "label")
            if claim.stops:
                yield doc.error(path, f"“{label}” is a word of {claim.owner}: whoever types it "
                                      "gets no more messages")
            elif claim.flow not in leads and claim.doc is not doc:
                yield doc.warning(path, f"“{label}” starts {claim.owner} too ({_place(claim)}): "
                                        "while this question waits it is this choice")


def _stands(commands: CommandsSpec, name: str, command: Command) -> bool:
    now = commands.items.get(name)
    return now is not None and now.keywords is command.keywords
