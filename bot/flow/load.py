"""The files of `flows/` and `templates/`, read, put together and checked in one go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.flow import lint
from bot.flow.language.lexicon import YES_NO
from bot.flow.lint.parts import CheckOptions, Document
from bot.flow.reading import files, pieces, registered, source
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import Reading
from bot.flow.reading.source import Node
from bot.flow.spec import (
    AnswersSpec,
    Command,
    CommandsSpec,
    FlowSpec,
    TemplateSpec,
    Texts,
    TextsSpec,
)

KINDS = ("flow", "answers", "commands", "texts")
LATER_KINDS = ("notification",)
#: The language in which every shipped text is there.
SHIPPED_IN = "en"
Templates = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that was written, and every mistake in it. With an error in it, don't run it."""

    flows: dict[str, FlowSpec]
    answers: dict[str, AnswersSpec]
    commands: CommandsSpec
    texts: TextsSpec
    findings: list[Finding]
    templates: dict[str, TemplateSpec] = field(default_factory=dict)  #: the registered ones
    #: flow -> its file, for messages about it
    files: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "error"]


def load(
    flows_dir: Path, templates_dir: Path, options: CheckOptions, *, standard: Path | None = None,
) -> Loaded:
    """Read every file. `standard`: the folder of the shipped commands.yaml and texts.yaml, which
    the business's own files change item by item.
    """
    findings: list[Finding] = []
    templates = _templates(templates_dir, findings)
    known = _registered(templates_dir, (flows_dir, standard), options, findings)
    documents: list[Document] = []
    unread: set[str] = set()
    base: list[Document] = []
    if not flows_dir.is_dir():
        findings.append(Finding(str(flows_dir), 1, 1, "error", "there is no such folder"))
    for path in _files(flows_dir, templates_dir, findings):
        document = _document(path, templates, options, findings)
        if document is not None:
            documents.append(document)
        if document is None or (document.kind == "flow" and document.name != path.stem):
            unread.add(path.stem)  # what leads there is not held against anybody
    for name in ("commands", "texts") if standard is not None else ():
        path = Path(str(standard)) / f"{name}.yaml"
        if path.is_file() and not any(Path(doc.file).samefile(path) for doc in documents):
            document = _document(path, {}, replace(options, default_language=SHIPPED_IN), findings)
            if document is not None:
                base.append(document)
    own = documents
    documents = [*base, *documents]
    flows = _unique(documents, "flow", findings)
    answers = _unique(documents, "answers", findings)
    commands = CommandsSpec(items=_leading_somewhere(
        _commands(documents, findings), base, {doc.name for doc in own} | unread))
    texts = TextsSpec(items=_texts(documents, base, options, findings))
    shipped = next((doc.spec for doc in base or documents if doc.kind == "texts"), TextsSpec())
    if base:
        findings += _untranslated(own, texts, commands, options)
    findings += lint.check(own, base, commands, options, base_texts=shipped,
                           unread=frozenset(unread), known=known)
    findings += lint.templates(templates_dir, templates, options.filters)
    guessed = {(one.file, one.line) for one in findings if one.guessed}
    findings = [one for one in findings if one.guessed or (one.file, one.line) not in guessed]
    return Loaded(
        flows={name: doc.spec for name, doc in flows.items()},
        answers={name: doc.spec for name, doc in answers.items()},
        commands=commands, texts=texts, findings=sorted(set(findings)), templates=known,
        files={name: doc.file for name, doc in flows.items()})


def _files(folder: Path, templates: Path, findings: list[Finding]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.y*ml")) if folder.is_dir() else ():
        parts = path.relative_to(folder).parts
        if parts[0] == "tests" or any(part.startswith(".") for part in parts):
            continue
        if templates != folder and templates.is_relative_to(folder) and path.is_relative_to(
                templates):
            continue
        if path.suffix == ".yml":
            findings.append(Finding(str(path), 1, 1, "warning",
                                    f"this file is not read: call it {path.stem}.yaml"))
        elif path.is_file():
            yield path


def _templates(folder: Path, findings: list[Finding]) -> Templates:
    """The long texts: path without language and ending -> language -> text."""
    out: Templates = {}
    for path in sorted(folder.rglob("*.j2")) if folder.is_dir() else ():
        name, _, language = path.relative_to(folder).as_posix().removesuffix(".j2").rpartition(".")
        reading = Reading(str(path), "")
        if not name:
            reading.error((1, 1), f"the language is missing in the name: {language}.en.j2")
        elif pieces.is_language(reading, (1, 1), language):
            try:
                text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
            except (OSError, UnicodeDecodeError):
                reading.error((1, 1), "the file can't be read as UTF-8")
            else:
                if not text.strip():
                    reading.error((1, 1), "the text is empty")
                out.setdefault(name, {})[language] = text.rstrip("\n")
        findings += reading.findings
    return out


def _registered(folder: Path, others: tuple[Path | None, ...], options: CheckOptions,
                findings: list[Finding]) -> dict[str, TemplateSpec]:
    """The registered WhatsApp templates, by their names."""
    out: dict[str, TemplateSpec] = {}
    for path in sorted(folder.rglob("*.yaml")) if folder.is_dir() else ():
        if any(other is not None and other.is_relative_to(folder) and path.is_relative_to(other)
               for other in others):
            continue
        root, mistakes = source.read(str(path), path.read_bytes())
        findings += mistakes
        if root is None:
            continue
        reading = Reading(str(path), options.default_language)
        spec = registered.template(reading, root)
        if spec is not None and spec.template != path.stem:
            reading.error(root.at("template"), f"the file is called {path.name} and the template "
                                               f"in it `{spec.template}`: give both the same name")
        if spec is not None:
            lint.registered.check(reading, root, spec)
            out[spec.template] = spec
        findings += reading.findings
    return out


def _document(path: Path, templates: Templates, options: CheckOptions,
              findings: list[Finding]) -> Document | None:
    file = str(path)
    try:
        data = path.read_bytes()
    except OSError as problem:
        findings.append(Finding(file, 1, 1, "error", f"the file can't be read: "
                                                     f"{problem.strerror}"))
        return None
    root, mistakes = source.read(file, data)
    findings += mistakes
    if root is None:
        return None
    reading = Reading(file, options.default_language, templates, options.slot_types)
    document = _by_kind(reading, root, path.stem,
                        unclear=not all(mistake.repaired for mistake in mistakes))
    findings += reading.findings
    return document


def _by_kind(r: Reading, root: Node, stem: str, *, unclear: bool) -> Document | None:
    if not isinstance(root.value, dict) or not root.value:
        r.error(root, "a file begins with what it is: " + pieces.one_of(
            f"{kind}: name" for kind in KINDS))
        return None
    first = next(iter(root.value))
    place = root.keys[first]
    if first in LATER_KINDS:
        r.error(place, f"`{first}` files are not supported by this version")
        return None
    kind = first if first in KINDS else next(
        (word for word in KINDS if word in root.value), None)
    if kind is None:
        r.error(place, f"`{first}` is no kind of file: it begins with {pieces.one_of(KINDS)}"
                       + pieces.did_you_mean(first, KINDS))
        return None
    if kind != first:
        r.error(root.keys[kind], f"`{kind}` has to be the first line of the file")
    readers: dict[str, Any] = {
        "flow": files.flow, "answers": files.answers,
        "commands": files.commands, "texts": files.texts}
    spec = readers[kind](r, root)
    name = root.value[kind].value
    if isinstance(name, str) and name != stem and not (kind != "flow" and stem == kind):
        r.error(root.value[kind], f"the file is called {stem}.yaml and the name in it is "
                                  f"`{name}`: give both the same")
    if spec is None or not isinstance(name, str):
        return None
    return Document(kind=kind, name=name, file=r.file, root=root, spec=spec,
                    damaged=frozenset(r.damaged), doubtful=frozenset(r.doubtful), unclear=unclear)


def _untranslated(own: list[Document], texts: TextsSpec, commands: CommandsSpec,
                  options: CheckOptions) -> Iterator[Finding]:
    """Languages of the business in which the program itself has nothing to say or to hear."""
    told: set[str] = set()
    for doc in own:
        for language in doc.spec.languages if doc.kind == "flow" else ():
            if language in told:
                continue
            told.add(language)
            tags = {language, language.split("-")[0], ""}
            lacking = [name for name, text in texts.items.items() if not tags & text.keys()]
            unheard = [name for name, command in commands.items.items()
                       if command.keywords and not tags & command.keywords.keys()]
            place = ("title", language)
            instead = next((one for one in (options.default_language, SHIPPED_IN)
                            if any(one in texts.items[name] for name in lacking)), SHIPPED_IN)
            if lacking:
                yield doc.warning(place, f"{len(lacking)} texts of the program itself are not "
                                         f"there in `{language}`, such as "
                                         f"{pieces.one_of(lacking[:3])}: `{instead}` will be "
                                         "used until you write them in a file that begins with "
                                         "`texts: ours`")
            if unheard:
                yield doc.warning(place, f"no words in `{language}` call the commands "
                                         f"{pieces.one_of(unheard)}".replace(" or ", " and ")
                                         + ": add keywords in a file that begins with "
                                           "`commands: ours`")


def _unique(documents: list[Document], kind: str, findings: list[Finding]) -> dict[str, Document]:
    out: dict[str, Document] = {}
    for doc in documents:
        if doc.kind != kind:
            continue
        if doc.name in out:
            findings.append(Finding(doc.file, *doc.root.at(kind).place, "error",
                                    f"{out[doc.name].file} is called `{doc.name}` too"))
        else:
            out[doc.name] = doc
    return out


def _commands(documents: list[Document], findings: list[Finding]) -> dict[str, Command]:
    out: dict[str, Command] = {}
    for doc in documents:
        if doc.kind != "commands":
            continue
        for name, item in doc.spec[1].items():
            place = doc.root.key("items", name)
            if item != files.OFF:
                out[name] = _reworded(doc, name, item, out.get(name), findings)
                continue
            if name not in out:
                findings.append(Finding(doc.file, *place, "error",
                                        f"there is no command `{name}`"
                                        + pieces.did_you_mean(name, out)))
            elif out[name].does == "stop":
                findings.append(Finding(doc.file, *place, "error",
                                        f"`{name}` can't be removed: customers must always be "
                                        "able to say it"))
            else:
                del out[name]
    return out


def _reworded(doc: Document, name: str, item: Command, known: Command | None,
              findings: list[Finding]) -> Command:
    """What a file says of a command: keywords alone are further words for one that is known."""
    if item.does is not None or item.say or item.send or item.choices or item.goto:
        return item
    if known is not None:
        return known.model_copy(update={"keywords": {**known.keywords, **item.keywords}})
    findings.append(Finding(doc.file, *doc.root.at("items", name).place, "error",
                            "a command needs `does`, or something to say: `say`, `send`, "
                            "`choices`"))
    return item


def _leading_somewhere(commands: dict[str, Command], base: list[Document],
                       names: set[str]) -> dict[str, Command]:
    """The shipped commands without the choices whose flow this business does not have."""
    shipped = [item for doc in base if doc.kind == "commands" for item in doc.spec[1].values()]
    out: dict[str, Command] = {}
    for name, command in commands.items():
        if command.choices and any(command is item for item in shipped):
            kept = tuple(choice for choice in command.choices
                         if all(entry.flow in names for entry in choice.goto if entry.flow))
            command = command.model_copy(update={"choices": kept})
        out[name] = command
    return out


def _texts(documents: list[Document], base: list[Document], options: CheckOptions,
           findings: list[Finding]) -> dict[str, Texts]:
    out: dict[str, Texts] = {}
    for doc in documents:
        if doc.kind != "texts":
            continue
        for name, text in doc.spec.items.items():
            if base and doc not in base and name not in out:
                findings.append(Finding(doc.file, *doc.root.key("items", name), "error",
                                        f"the system says nothing called `{name}`"
                                        + pieces.did_you_mean(name, out)))
                continue
            # Another language is added, a text for every language takes the place of all.
            out[name] = text if "" in text else {**out.get(name, {}), **text}
            if not {"", SHIPPED_IN, options.default_language} & out[name].keys():
                findings.append(Finding(doc.file, *doc.root.at("items", name).place, "error",
                                        "the text in the default language "
                                        f"`{options.default_language}` is missing"))
    spoken = {language.split("-")[0] for doc in documents if doc.kind == "flow"
              for language in doc.spec.languages}
    for name, place in (("yes", 0), ("no", 1)):
        if name in out and "" not in out[name]:  # these two are known in more languages
            out[name] = {**{language: words[place][0] for language, words in YES_NO.items()
                            if language in spoken}, **out[name]}
    return out


__all__ = ["CheckOptions", "Finding", "Loaded", "load"]
