"""What a source asks for is the same whether it had to be parsed or could be seen at once."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ExpressionError
from bot.flow.expressions import render, sources
from bot.flow.expressions.values import Scope
from bot.flow.spec import TEMPLATE

_HOLES = st.builds(
    "{{{{{}{}{}{}}}}}".format, st.sampled_from(["", " "]),
    st.sampled_from(["a", "a.b", "a.b.c", "and", "none", "loop", "x.self", "__a", "a__b", "a..b",
                     "A", "item", ".b", "1", "a.1", "days", "a.and"]),
    st.sampled_from(["", " | date", "|upper", " | dat", " | if", " | length.x"]),
    st.sampled_from(["", " "]))
_TEXTS = st.lists(_HOLES | st.sampled_from(["Hello ", "{ ", "}", "{", "}}", "{{", "\n", "{%"]),
                  max_size=4).map("".join)


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_a_text_that_is_plain_is_seen_as_it_would_be_parsed(text: str) -> None:
    quick = sources.text(text)
    parsed = sources.text("{{ ('') }}" + text)  # no text with brackets is plain
    assert (quick.mistake is None) == (parsed.mistake is None)
    assert (quick.names, quick.paths) == (parsed.names, parsed.paths)


@pytest.mark.parametrize("part", ["not ", "-", "1 + ", "1 + (", "x if 1 else ", "x or ", "(", "[",
                                  "x[", "days(", "x ~ (", "x == ", "{1: ", "x and not "])
@pytest.mark.parametrize("deep", [10, 55, 70, 199, 300, 900])
def test_what_is_nested_too_deeply_is_a_mistake_and_never_a_crash(part: str, deep: int) -> None:
    closing = "".join({"(": ")", "[": "]", "{": "}"}.get(one, "") for one in reversed(part))
    source = part * deep + "1" + closing * deep
    wrong = sources.expression(source).mistake is not None
    assert wrong or deep < 70 or part == "("
    if not wrong:
        for kind in ("expression", "text"):  # what the check lets through can be compiled
            render._compiled(source if kind == "expression" else f"{{{{ {source} }}}}", kind)
        return
    with pytest.raises(ExpressionError):
        render.evaluate(source, Scope({}, "en", UTC))


@pytest.mark.parametrize("part", ["{% if a %}", "{% for a in b %}"])
def test_a_long_text_that_is_nested_too_deeply_is_a_mistake(part: str) -> None:
    end = "{% end" + part.split()[1] + " %}"
    assert sources.text(TEMPLATE + part * 10 + end * 10).mistake is None
    for deep in (25, 110, 900):
        assert (sources.text(TEMPLATE + part * deep + "x" + end * deep).mistake is None) == (
            part == "{% if a %}" and deep == 25)
