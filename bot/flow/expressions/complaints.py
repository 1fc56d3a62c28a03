"""What a parser complains about, said to somebody who has never heard of tokens."""

from __future__ import annotations

import re
from typing import Final

#: What people write who know other languages, and what it is here.
_HERE: Final = {
    "AND": "and", "OR": "or", "NOT": "not", "&": "and", "!": "not", "||": "or", "|": "or",
    "≥": ">=", "≤": "<=", "≠": "!=", "–": "-", "−": "-", "×": "*", "÷": "/", "?": "x if … else y",
    "“": "'", "”": "'", "„": "'", "‘": "'", "’": "'", "«": "'", "»": "'", "。": ".", "，": ",",
    "（": "(", "）": ")", "contains": "'part' in name", "then": "only the condition", ">": "!=",
    "if": "only the condition",
}
_BRACKET: Final = "the closing `{}` is missing"
_UNFINISHED: Final = "something is missing at the end"
_UNKNOWN: Final = "`{}` is not understood here"
_COMPLAINTS: Final = tuple((re.compile(pattern), words) for pattern, words in (
    (r"unexpected '}', expected '([\])])'", _BRACKET),
    (r"end of template, expected '([\])])'", _BRACKET),
    (r"end of template, expected 'end of print", "the end `}}}}` is missing"),
    (r"unexpected '}'|got '}'", "the end `}}}}` is missing, or there is a brace too many"),
    (r"got 'end of print statement'|unexpected 'end of (?:print statement|template)'",
     _UNFINISHED),
    (r"unexpected end of template|expected name or number", _UNFINISHED),
    (r"unexpected char [\"']\\?(['\"])", "a quote {} has no other half"),
    (r"unexpected char '(.)'", _UNKNOWN),
    (r"expected token .*, got '(.+)'$", _UNKNOWN),
    (r"unexpected '(.+)'$", _UNKNOWN),
    (r"unterminated character set|bad character range", "the closing `]` is missing"),
    (r"^missing \)", "the closing `)` is missing"),
    (r"^unbalanced parenthesis", "there is a `)` too many"),
    (r"^(?:nothing to repeat|multiple repeat)", "nothing stands before a `*`, `+`, `?` or `{{`"),
    (r"^bad escape", "a backslash stands before a letter that means nothing with it"),
    (r"^'(.+)' is not understood here$", _UNKNOWN)))


def plainly(message: str) -> str:
    """The complaint in words, with what would be right where that is known."""
    for pattern, words in _COMPLAINTS:
        found = pattern.search(message)
        if found:
            word = found[1] if pattern.groups else ""
            here = f": write {_HERE[word]}" if word in _HERE and words is _UNKNOWN else ""
            return words.format(word) + here
    return message
