"""config.yaml -> typed settings; every mistake is found in one go, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import regex
from pydantic import ValidationError

from bot.errors import ConfigError
from bot.flow.reading.finding import Finding
from bot.flow.reading.source import Node, read
from bot.nearest import nearest
from bot.settings import (
    METHODS,
    SECRET_HEADER,
    SECRETS,
    Backend,
    ChannelSettings,
    Operation,
    QueueSettings,
    Section,
    Settings,
)

__all__ = ["Backend", "ChannelSettings", "Operation", "QueueSettings", "Settings", "find", "load"]

NAME: Final = "config.yaml"
_VARIABLE: Final = regex.compile(r"\$\{([^{}]*)(\}?)")
_INSIDE: Final = regex.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", regex.DOTALL)
_NUMBER: Final = regex.compile(r"-?(?:0|[1-9][0-9]{0,17})(\.[0-9]+)?")

_Path = tuple[str | int, ...]


def find(start: Path) -> Path:
    """The config.yaml of the folder `start` or of the nearest folder above it."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / NAME).is_file():
            return folder / NAME
    raise ConfigError(f"there is no {NAME} in {start.resolve()} or above it - name one with "
                      "--config, or run `bot demo`, which brings its own")


def load(path: Path, environ: Mapping[str, str], *, secrets: bool = True) -> Settings:
    """The settings of the file, or `ConfigError` with every mistake in it.

    Without `secrets`, a variable that is not set is no mistake and its `${NAME}` stays as it is:
    enough to check a project on a machine that may not send by its number.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise ConfigError(f"{path} can't be read: {problem.strerror}") from problem
    root, findings = read(str(path), data)
    if root is None or not isinstance(root.value, dict):
        raise _error(findings or [Finding(str(path), 1, 1, "error",
                                          "needs keys - key: value, one a line")])
    reading = _Reading(str(path), root, data.decode("utf-8-sig").split("\n"), environ, secrets,
                       findings)
    tree = reading.tree(root, ())
    reading.unknown_keys(root, Settings, ())
    reading.consistency(tree, path.resolve().parent)
    settings = reading.settings(tree, path.resolve().parent)
    if settings is None or any(finding.level == "error" for finding in reading.findings):
        raise _error(reading.findings)
    return settings


def _error(findings: list[Finding]) -> ConfigError:
    ordered = tuple(dict.fromkeys(sorted(findings)))
    return ConfigError("\n".join(str(finding) for finding in ordered), findings=ordered)


@dataclass(slots=True)
class _Reading:
    """One file being read; its mistakes are collected on the way."""

    file: str
    root: Node
    lines: list[str]
    environ: Mapping[str, str]
    secrets: bool
    findings: list[Finding]
    unresolved: set[_Path] = field(default_factory=set)  #: where a variable was not set

    def mistake(self, place: tuple[int, int], message: str) -> None:
        self.findings.append(Finding(self.file, *place, "error", message))

    def tree(self, node: Node, path: _Path) -> Any:
        """The node as plain data, variables filled in."""
        if isinstance(node.value, dict):
            return {key: self.tree(child, (*path, key)) for key, child in node.value.items()}
        if isinstance(node.value, list):
            return [self.tree(child, (*path, place)) for place, child in enumerate(node.value)]
        text, filled = self._filled(node, path)
        if not filled and _is_secret(path):
            name = str(path[-1] if isinstance(path[-1], str) else path[-2])
            variable = regex.sub(r"\W", "_", name).upper()
            self.mistake(node.place, f"`{name}` is a secret and stands in the file - keep it in "
                                     f"the environment and write ${{{variable}}}")
        return _typed(text) if _is_data(path) and not self._quoted(node) else text

    def _filled(self, node: Node, path: _Path) -> tuple[str, bool]:
        filled = False

        def value(found: regex.Match[str]) -> str:
            nonlocal filled
            filled = True
            inside = _INSIDE.fullmatch(found[1])
            if inside is None or not found[2]:
                self.mistake(node.place, f"“{found[0]}” is no variable - write ${{NAME}} or "
                                         "${NAME:-what holds without it}")
                self.unresolved.add(path)
                return str(found[0])
            name, default = inside[1], inside[2]
            # Empty counts as missing: an empty secret would sign for everybody.
            if known := self.environ.get(name) or default:
                return str(known)
            self.unresolved.add(path)
            if self.secrets:
                self.mistake(node.place, f"{name} is not set in the environment - "
                                         f"{_dotted(path)}: {_purpose(path)}")
            return str(found[0])

        return _VARIABLE.sub(value, str(node.value)), filled

    def _quoted(self, node: Node) -> bool:
        return self.lines[node.line - 1][node.column - 1:node.column] in {"'", '"', "|", ">"}

    def unknown_keys(self, node: Node, kind: Any, path: _Path) -> None:
        """Every key that no section has, with the nearest one that there is."""
        if not isinstance(node.value, dict):
            return
        if isinstance(kind, type) and issubclass(kind, Section):
            allowed = _keys(kind)
            for key in node.value.keys() - allowed.keys():
                near = nearest(key, allowed)
                hint = (f"did you mean `{near}`?" if near
                        else f"here may stand {', '.join(allowed)}")
                self.mistake(node.keys[key], f"`{key}` is not known - {hint}")
            children = allowed
        else:
            children = dict.fromkeys(node.value, _entry(kind))
        for key, child in node.value.items():
            if key in children:
                self.unknown_keys(child, children[key], (*path, key))

    def settings(self, tree: Any, folder: Path) -> Settings | None:
        """The tree as settings, or None with the mistakes noted."""
        context = {"folder": folder}
        try:
            return Settings.model_validate(tree, context=context)
        except ValidationError as problem:
            unknown_yet = []
            for error in problem.errors(include_url=False):
                path = tuple(part for part in error["loc"] if part != "[key]")
                if any(path[:len(hole)] == hole for hole in self.unresolved):
                    unknown_yet.append(path)
                elif error["type"] not in ("extra_forbidden", "default_factory_not_called"):
                    self._mistaken(path, error["type"], error["msg"], error.get("ctx", {}),
                                   error["input"], key="[key]" in error["loc"])
            if self.secrets or any(finding.level == "error" for finding in self.findings):
                return None
        # Nothing is wrong but what the environment would say: defaults stand in for that.
        for path in unknown_yet:
            _remove(tree, path)
        return Settings.model_validate(tree, context=context)

    def _mistaken(self, path: _Path, kind: str, message: str, context: dict[str, Any],
                  given: Any, *, key: bool) -> None:
        place = self.root.key(*path) if key else self.root.at(*path).place
        names = [part for part in path if isinstance(part, str)]
        name = f"`{names[-1]}`" if names else "the file"
        if kind == "missing":
            parent = path[:-1]
            place = self.root.key(*parent) if parent else (1, 1)
            text = f"{name} is missing - {_purpose(path)}"
        elif kind == "value_error":
            text = f"{name}: {message.removeprefix('Value error, ')}"
        elif kind == "literal_error":
            choices = [part.strip("' ") for part in
                       str(context["expected"]).replace(" or ", ",").split(",")]
            near = nearest(str(given), choices)
            text = f"{name}: “{given}” is not known - " + (
                f"did you mean {near}?" if near else f"it is one of {', '.join(choices)}")
        elif key or kind == "string_pattern_mismatch":
            text = (f"“{given}” can't be a name - use small letters, digits and _, a letter "
                    "first, 40 at most")
        elif kind in _KINDS:
            text = f"{name} needs {_KINDS[kind]} - {_purpose(path)}"
        elif kind in _BOUNDS:
            text = f"{name} is out of range - {_BOUNDS[kind]} {_bound(path, context)}"
        else:
            text = f"{name}: {message} - {_purpose(path)}"
        self.mistake(place, text)

    def consistency(self, tree: Any, folder: Path) -> None:
        """What each key alone can't show."""
        handoff = _below(tree, "handoff")
        queues = _below(handoff, "queues") or {"support": {}}
        default = handoff.get("default", "support")
        if default not in queues:
            near = nearest(str(default), queues)
            hint = f"did you mean {near}?" if near else f"queues has {', '.join(queues)}"
            self.mistake(self.root.at("handoff", "default").place,
                         f"`default`: “{default}” is no queue - {hint}")
        flows = folder / str(tree.get("flows", "flows"))
        if ("flows",) not in self.unresolved and not flows.is_dir():
            self.mistake(self.root.at("flows").place,
                         f"`flows`: there is no folder {flows} - make it, or name the one that "
                         "holds your flows")
        plugins = folder / str(tree.get("plugins", ""))
        if tree.get("plugins") and ("plugins",) not in self.unresolved and not plugins.is_dir():
            self.mistake(self.root.at("plugins").place,
                         f"`plugins`: there is no folder {plugins} - make it, or take this line "
                         "out")
        numbers: dict[str, str] = {}
        for name in _below(tree, "channels"):
            path = ("channels", name, "phone_number_id")
            number = str(_below(tree["channels"], name).get("phone_number_id", ""))
            other = numbers.setdefault(number, name)
            if number and other != name and path not in self.unresolved:
                self.mistake(self.root.at(*path).place,
                             f"`phone_number_id`: {number} is the number of channel {other} too "
                             "- each channel has a number of its own")


_KINDS: Final = {
    "model_type": "keys below it (key: value)", "dict_type": "keys below it (key: value)",
    "string_type": "a text", "int_type": "a whole number", "tuple_type": "a list",
    "too_short": "at least one entry",
}
_BOUNDS: Final = {"greater_than_equal": "at least", "greater_than": "more than",
                  "less_than_equal": "at most", "less_than": "less than"}


def _bound(path: _Path, context: dict[str, Any]) -> str:
    limit = next(value for name, value in context.items() if name in ("ge", "gt", "le", "lt"))
    section, name = _section(path)
    if section is None or not f"{_field(section, name)}".endswith("_ms"):
        return str(limit)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if limit % size == 0:
            return f"{limit // size}{unit}"
    return f"{limit}ms"


def _below(tree: Any, key: str) -> dict[str, Any]:
    """The mapping under `key`, or an empty one where there is none."""
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def _is_secret(path: _Path) -> bool:
    if path[:1] in (("channels",), ("api",)):
        return not SECRETS.isdisjoint(path[2:] if path[0] == "channels" else path[1:])
    return path[:1] == ("backends",) and path[2:3] == ("headers",) and bool(
        SECRET_HEADER.fullmatch(str(path[-1])))


def _is_data(path: _Path) -> bool:
    """Whether numbers, true, false and null are meant as such here."""
    return path[:1] == ("public",) or (
        path[:1] == ("backends",) and len(path) > 5 and path[4] in ("json", "query"))


def _typed(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text in ("null", "~"):
        return None
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    return float(text) if number[1] else int(text)


def _keys(section: type[Section]) -> dict[str, Any]:
    """The keys that may stand in a section, each with the type of what stands below it."""
    keys: dict[str, Any] = {}
    for name, entry in section.model_fields.items():
        if section is not Operation or name not in ("method", "path"):
            keys[entry.alias or name] = entry.annotation
    return dict.fromkeys(METHODS, str) | keys if section is Operation else keys


def _entry(kind: Any) -> Any:
    """The type of the values of a mapping; None where they may be anything."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_args(kind)[1] if get_origin(kind) is dict else None


def _section(path: _Path) -> tuple[type[Section] | None, str]:
    """The section that the last key of `path` belongs to, and that key."""
    section: type[Section] | None = None
    kind: Any = Settings
    name = ""
    for part in path:
        if isinstance(kind, type) and issubclass(kind, Section):
            if part not in _keys(kind):
                break
            section, name = kind, str(part)
            kind = _keys(kind)[name]
        else:
            kind = _entry(kind)
    return section, name


def _field(section: type[Section], key: str) -> str:
    return next((name for name, entry in section.model_fields.items()
                 if key in (entry.alias, name)), key)


def _purpose(path: _Path) -> str:
    section, name = _section(path)
    if section is None:
        return "see docs/configuration.md"
    entry = section.model_fields.get(_field(section, name))
    return (entry.description if entry else None) or "see docs/configuration.md"


def _dotted(path: _Path) -> str:
    return ".".join(str(part) for part in path if isinstance(part, str))


def _remove(tree: Any, path: _Path) -> None:
    for part in path[:-1]:
        tree = tree[part]
    if isinstance(tree, dict):
        tree.pop(path[-1], None)


def keys() -> Iterator[tuple[str, str]]:
    """Every key that a config.yaml may hold, as section.key, with what it is for."""
    waiting: list[tuple[str, Any]] = [("", Settings)]
    while waiting:
        prefix, kind = waiting.pop(0)
        for name, inner in _keys(kind).items():
            entry = kind.model_fields.get(_field(kind, name))
            yield f"{prefix}{name}", (entry.description if entry else None) or ""
            below, dots = inner, f"{prefix}{name}."
            while (deeper := _entry(below)) is not None:
                below, dots = deeper, f"{dots}NAME."
            if isinstance(below, type) and issubclass(below, Section):
                waiting.append((dots, below))
