"""Everything that can be wrong with files that can be read: `bot check` beyond the grammar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.flow.expressions import sources
from bot.flow.lint import answers, asking, calls, names, slots, texts, triggers, ways, window
from bot.flow.lint.parts import CheckOptions, Document
from bot.flow.reading.finding import Finding
from bot.flow.spec import TEMPLATE, CommandsSpec, TemplateSpec, TextsSpec


def check(documents: list[Document], base: list[Document], commands: CommandsSpec,
          options: CheckOptions, *, base_texts: TextsSpec,
          unread: frozenset[str], known: Mapping[str, TemplateSpec]) -> list[Finding]:
    """Everything but the shipped files in `base`, of which only the words count that they claim.
    `unread`: names of files that could not be read, so that nobody reads "no such flow" too.
    `base_texts`: the shipped ones, whose names a reworded text may use. `known`: the registered
    templates.
    """
    used = {name: {word for text in languages.values() for word in sources.text(text).names}
            for name, languages in base_texts.items.items()}
    return [
        *names.check(documents, options, unread, used),
        *slots.check(documents),
        *ways.check(documents, options),
        *calls.check(documents, options),
        *window.check(documents),
        *answers.check(documents),
        *asking.check(documents, known),
        *texts.check(documents),
        *triggers.check([*base, *documents], commands, unread),
    ]


def templates(folder: Path, long_texts: Mapping[str, Mapping[str, str]],
              filters: frozenset[str] = frozenset()) -> list[Finding]:
    """What is wrong within the long texts."""
    out: list[Finding] = []
    for name, languages in long_texts.items():
        for language, text in languages.items():
            source = TEMPLATE + text
            mistake = sources.fault(source, sources.text(source), filters)
            if mistake is not None:
                out.append(Finding(str(folder / f"{name}.{language}.j2"), mistake.line,
                                   mistake.column, "error", mistake.message))
    return out
