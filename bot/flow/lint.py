"""Everything that can be wrong with files that can be read: `bot check` beyond the grammar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.flow import lint_answers, lint_names, lint_texts, lint_triggers, lint_ways, render
from bot.flow.lint_parts import CheckOptions, Document
from bot.flow.source import Finding
from bot.flow.spec import TEMPLATE, CommandsSpec, TextsSpec


def check(documents: list[Document], base: list[Document], commands: CommandsSpec,
          options: CheckOptions, *, base_texts: TextsSpec,
          unread: frozenset[str]) -> list[Finding]:
    """Everything but the shipped files in `base`, of which only the words count that they claim.
    `unread`: names of files that could not be read, so that nobody reads "no such flow" too.
    `base_texts`: the shipped ones, whose names a reworded text may use.
    """
    names = {name: {word for text in texts.values() for word in render.names_in(text)}
             for name, texts in base_texts.items.items()}
    return [
        *lint_names.check(documents, options, unread, names),
        *lint_ways.check(documents, options),
        *lint_answers.check(documents),
        *lint_texts.check(documents),
        *lint_triggers.check([*base, *documents], commands),
    ]


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
