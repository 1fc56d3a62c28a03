"""Everything that can be wrong with files that can be read: `bot check` beyond the grammar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.flow import render
from bot.flow.source import Finding, Node
from bot.flow.spec import TEMPLATE, CommandsSpec, TextsSpec


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the configuration says that flows refer to."""

    default_language: str
    operations: frozenset[str]
    queues: frozenset[str]
    public: Mapping[str, Any] = field(default_factory=dict)
    #: the operations that change something: those that are no GET
    changing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read."""

    kind: str
    name: str
    file: str
    root: Node
    spec: Any  #: FlowSpec, AnswersSpec, (name, items) of commands, or TextsSpec
    damaged: frozenset[str] = frozenset()  #: steps in which something could not be read
    unclear: bool = False  #: the file itself has mistakes of writing

    def finding(self, place: tuple[int, int], level: Any, message: str) -> Finding:
        return Finding(self.file, *place, level, message)


def check(documents: list[Document], commands: CommandsSpec, texts: TextsSpec,
          options: CheckOptions) -> list[Finding]:
    return []


def templates(folder: Path, texts: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    """What is wrong within the long texts."""
    out: list[Finding] = []
    for name, languages in texts.items():
        for language, text in languages.items():
            mistake = render.check_text(TEMPLATE + text)
            if mistake is not None:
                out.append(Finding(str(folder / f"{name}.{language}.j2"), mistake.line,
                                   mistake.column, "error", mistake.message))
    return out
