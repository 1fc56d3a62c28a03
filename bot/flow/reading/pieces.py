"""The pieces that every file is made of: texts, words, durations, values, expressions.

A reader takes a piece of the file and gives what the spec holds, or None after it has said
what is wrong, so that one run finds every mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot import clock
from bot.flow.reading.finding import Finding, Place
from bot.flow.reading.languages import is_code as is_code
from bot.flow.reading.languages import is_language as is_language
from bot.flow.reading.source import Node
from bot.flow.spec import TEMPLATE, Phrases, Say, Texts, Value
from bot.nearest import nearest

ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST = 366 * clock.DAY
_YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@dataclass(slots=True)
class Reading:
    """One file on its way to a spec."""

    file: str
    default_language: str
    #: path without language and ending -> language -> the long text
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    slot_types: frozenset[str] = frozenset()  #: of the business's own
    languages: tuple[str, ...] = ()  #: of the title; () while any language will do
    findings: list[Finding] = field(default_factory=list)
    #: steps in which something could not be read: what they lack is not held against them
    damaged: set[str] = field(default_factory=set)
    used_templates: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)  #: slots with a mistake in them
    #: the words of what is read now, and those of them that stand within one of its texts
    words: frozenset[str] = frozenset()
    misplaced: set[str] = field(default_factory=set)

    def error(self, where: Node | Place, message: str) -> None:
        self._add(where, "error", message)

    def warning(self, where: Node | Place, message: str) -> None:
        self._add(where, "warning", message)

    def _add(self, where: Node | Place, level: Any, message: str) -> None:
        line, column = where.place if isinstance(where, Node) else where
        self.findings.append(Finding(self.file, line, column, level, message))

    @property
    def errors(self) -> int:
        return sum(finding.level == "error" for finding in self.findings)


Reader = Callable[[Reading, Node], Any]
#: The words of a mapping, each with its reader: `schema` says the same to editors.
Words = dict[str, Reader]


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """` - did you mean ...?` for the nearest of `options`, or "" when none is near."""
    best = nearest(word, options)
    return f" - did you mean `{best}`?" if best is not None else ""


def one_of(options: Iterable[str]) -> str:
    names = [f"`{option}`" for option in options]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def shown(node: Node) -> str:
    if isinstance(node.value, str):
        text = node.value if len(node.value) <= 40 else node.value[:39] + "…"
        return f"`{text}`"
    return "a list" if isinstance(node.value, list) else "a group of `key: value` lines"


def mapping(
    r: Reading, node: Node, what: str, words: Mapping[str, Reader], *,
    later: Iterable[str] = (), needs: Iterable[str] = (),
) -> dict[str, Any] | None:
    """Read each word of a mapping with its own reader; unknown words and missing ones are said."""
    if not isinstance(node.value, dict):
        r.error(node, f"{what} is written as `word: value` lines, not as {shown(node)}")
        return None
    out: dict[str, Any] = {}
    misspelt: set[str | None] = set()
    lacking = [word for word in needs if word not in node.value]
    unknown = [word for word in node.value if word not in words and word not in later]
    only = lacking[0] if len(lacking) == len(unknown) == 1 else None
    for word, part in node.value.items():
        reader = words.get(word)
        if reader is not None:
            value = reader(r, part)
            if value is not None:
                out[word] = value
        elif word in later:
            r.error(node.keys[word], f"`{word}` is not supported by this version")
        else:
            near = nearest(word, words)
            if near is None and only is not None and len(word) == len(only):
                near = only
            misspelt.add(near)
            r.error(node.keys[word], f"{what} has no word `{word}`"
                                     + (f" - did you mean `{near}`?" if near else ""))
    missing = [word for word in lacking if word not in misspelt]
    if missing:
        r.error(node, f"{what} needs " + " and ".join(f"`{word}`" for word in missing))
    return out if all(word in out for word in needs) else None


def word(r: Reading, node: Node) -> str | None:
    """A text on one line, as written."""
    if not isinstance(node.value, str):
        quote = ": a text that begins with `[` or `{` needs quotes" if node.value else ""
        r.error(node, f"one word or text is expected here, not {shown(node)}{quote}")
        return None
    if not node.value.strip():
        r.error(node, "the text is empty")
        return None
    return node.value.strip()


def ident(r: Reading, node: Node) -> str | None:
    """The name of a step, slot, flow or outcome."""
    text = word(r, node)
    if text is None:
        return None
    return text if is_id(r, node, text) else None


def is_id(r: Reading, where: Node | Place, text: str) -> bool:
    if ID.fullmatch(text):
        return True
    better = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40]
    hint = f", for example `{better}`" if ID.fullmatch(better) else ""
    r.error(where, f"`{text[:60]}` can't be a name: use small letters, digits and _, beginning "
                   f"with a letter, 40 at most{hint}")
    return False


_EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


def event(r: Reading, node: Node) -> str | None:
    """The name of a business event: payment.received."""
    text = word(r, node)
    if text is None or (_EVENT.fullmatch(text) and len(text) <= 80):
        return text
    r.error(node, f"`{text[:60]}` can't name an event: use small letters, digits, _ and dots, for "
                  "example payment.received")
    return None


def choose(*options: str) -> Reader:
    return partial(chosen, options)


def chosen(options: tuple[str, ...], r: Reading, node: Node) -> str | None:
    text = word(r, node)
    if text is None or text in options:
        return text
    r.error(node, f"`{text}` is not possible here: write {one_of(options)}"
                  + did_you_mean(text, options))
    return None


def yes_no(r: Reading, node: Node) -> bool | None:
    text = word(r, node)
    if text is None:
        return None
    value = _YES_NO.get(text.lower())
    if value is None:
        r.error(node, f"`{text}` is neither `yes` nor `no`")
    return value


def whole(least: int, most: int) -> Reader:
    return partial(counted, least, most)


def counted(least: int, most: int, r: Reading, node: Node) -> int | None:
    text = word(r, node)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and least <= int(text[:9]) <= most:
        return int(text)
    r.error(node, f"`{text}` is not a whole number from {least} to {most}")
    return None


def duration(r: Reading, node: Node) -> int | None:
    text = word(r, node)
    if text is None:
        return None
    try:
        ms = clock.duration(text)
    except ValueError:
        ms = 0
    if not 0 < ms <= _LONGEST:
        r.error(node, f"`{text}` is not a duration: write for example 30s, 15m, 2h or 3d")
        return None
    return ms


def expression(r: Reading, node: Node) -> str | None:
    """An expression: without braces. Whether it can be parsed is looked at by `lint`."""
    text = word(r, node)
    if text is None:
        return None
    inner = re.fullmatch(r"\{\{(.*)\}\}", text, re.DOTALL)
    if inner:
        r.error(node, f"an expression is written without braces here: {inner[1].strip()}")
        return None
    return text


_MOMENT = re.compile(r"(\d{1,2}):(\d{2})|\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?")


def limit(r: Reading, node: Node) -> str | None:
    """An expression, or a day or a time as it stands: 2026-12-24, 18:30."""
    text = expression(r, node)
    if text is None or (found := _MOMENT.fullmatch(text)) is None:
        return text
    return f"'{found[1]:0>2}:{found[2]}'" if found[1] else f"'{text}'"


def source(r: Reading, node: Node) -> str | None:
    """One text that may hold `{{ }}`."""
    if not isinstance(node.value, str):
        r.error(node, f"a text is expected here, not {shown(node)}")
        return None
    text = node.value.strip()
    if not text:
        r.error(node, "the text is empty")
        return None
    if "{%" in text or "{#" in text:
        r.error(node, "`{%` and `{#` are for the files in templates/ only")
        return None
    return text


def text(r: Reading, node: Node, *, whole: bool = True) -> Texts | None:
    return _text(r, node, label=False, whole=whole)  # not whole: more of it stands elsewhere


def label(r: Reading, node: Node) -> Texts | None:
    """A text that a customer taps: it has to be there in every language of the title."""
    return _text(r, node, label=True)


def _text(r: Reading, node: Node, *, label: bool, whole: bool = True) -> Texts | None:
    if isinstance(node.value, str):
        plain = source(r, node)
        return None if plain is None else {"": plain}
    if isinstance(node.value, list):
        r.error(node, "one text is expected here, not a list")
        return None
    if "file" in node.value:
        return _from_file(r, node)
    before = r.errors
    out: Texts = {}
    for language, part in node.value.items():
        if language in r.words and not is_code(language):
            r.misplaced.add(language)
            r.error(node.keys[language], f"`{language}` belongs to the step: begin its line "
                                         "further to the left, below the step's other words")
        elif is_language(r, node.keys[language], language):
            one = source(r, part)
            if one is not None:
                out[language] = one
    if r.errors > before or not whole:
        return out or None
    return out if _complete(r, node, out, label=label) else out or None


def _complete(r: Reading, node: Node, texts: Texts, *, label: bool) -> bool:
    """Say which languages are missing."""
    languages = r.languages or (r.default_language,)
    missing = [language for language in languages
               if language not in texts and language.split("-")[0] not in texts]
    if r.default_language in missing:
        r.error(node, f"the text in the default language `{r.default_language}` is missing")
    elif missing and label:
        r.error(node, f"the label is missing in {one_of(missing)}")
    elif missing:
        r.warning(node, f"the text is missing in {one_of(missing)}: "
                        f"`{r.default_language}` will be used")
    return not missing


def _from_file(r: Reading, node: Node) -> Texts | None:
    assert isinstance(node.value, dict)
    if len(node.value) > 1:
        r.error(node, "`file` stands alone: the languages are the files' endings")
        return None
    part = node.value["file"]
    path = word(r, part)
    if path is None:
        return None
    found = r.templates.get(path)
    if not found:
        r.error(part, f"there is no templates/{path}.{r.default_language}.j2"
                      + did_you_mean(path, r.templates))
        return None
    r.used_templates.add(path)
    texts = {language: TEMPLATE + text for language, text in found.items()}
    for language in r.languages or (r.default_language,):
        if language not in texts and language.split("-")[0] not in texts:
            name = f"templates/{path}.{language}.j2"
            if language == r.default_language:
                r.error(part, f"{name} is missing, the default language")
            else:
                r.warning(part, f"{name} is missing: `{r.default_language}` will be used")
    return texts


def say(r: Reading, node: Node) -> Say | None:
    """One text, or a list of them: separate messages."""
    if not isinstance(node.value, list):
        one = text(r, node)
        return None if one is None else (one,)
    if not node.value:
        r.error(node, "the list of texts is empty")
    texts = [text(r, part) for part in node.value]
    return tuple(one for one in texts if one is not None) or None


def phrases(r: Reading, node: Node) -> Phrases | None:
    """Words and phrases per language, or a plain list for every language."""
    if not isinstance(node.value, dict):
        plain = _phrase_list(r, node)
        return {"": plain} if plain else None
    out: Phrases = {}
    for language, part in node.value.items():
        if is_language(r, node.keys[language], language, any_language=True):
            words = _phrase_list(r, part)
            if words:
                out[language] = words
    return out or None


def _phrase_list(r: Reading, node: Node) -> tuple[str, ...]:
    parts = node.value if isinstance(node.value, list) else [node]
    if not parts:
        r.error(node, "the list is empty")
    words = [word(r, part) for part in parts]
    return tuple(one for one in words if one is not None)


def words(r: Reading, node: Node) -> tuple[str, ...] | None:
    """A list of words, or a single one."""
    return _phrase_list(r, node) or None


def value(r: Reading, node: Node) -> Value | None:
    """A text that may hold `{{ }}`, or a tree of them."""
    if isinstance(node.value, str):
        return node.value if node.value == "" else source(r, node)
    if isinstance(node.value, list):
        items = [value(r, part) for part in node.value]
        return None if None in items else items
    out = {key: value(r, part) for key, part in node.value.items()}
    return None if None in out.values() else out


def values(r: Reading, node: Node) -> dict[str, Value] | None:
    """Named values, as `with` holds them."""
    if not isinstance(node.value, dict):
        r.error(node, "names and values are expected here: {name: \"{{ value }}\"}, "
                      f"not {shown(node)}")
        return None
    out = {key: value(r, part) for key, part in node.value.items()}
    return None if None in out.values() else out


def names(r: Reading, node: Node) -> tuple[str, ...] | None:
    """A list of names, or a single one."""
    parts = node.value if isinstance(node.value, list) else [node]
    if not parts:
        r.error(node, "the list is empty")
        return None
    out = [ident(r, part) for part in parts]
    return tuple(one for one in out if one is not None) or None
