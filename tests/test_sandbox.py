"""What a flow may not do, however it is written (T-S4)."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from bot.errors import ExpressionError
from bot.flow.expressions import render
from bot.flow.expressions.values import Scope
from bot.flow.spec import TEMPLATE

SCOPE = Scope({"x": "text", "n": 7, "items": list(range(150)), "many": list(range(201)),
               "order": {"item": "Shoes", "items": [1], "__class__": "field"}, "f": print},
              "en", ZoneInfo("UTC"), now=0)

ESCAPES = [
    "x.__class__", "x['__class__']", "x['__cl' ~ 'ass__']", "order.__class__", "f.__globals__",
    "x.__class__.__mro__[1].__subclasses__()", "x | attr('__class__')", "x | attr('format')",
    "'{0.__class__}'.format(x)", "x.format_map", "('{0.__class__}' | replace('a', 'a')).format(x)",
    "x.format('a')", "x.upper()", "order.items()", "order.pop('item')", "items.append(1)",
    "items.clear()", "self", "self._TemplateReference__context", "__builtins__", "f()", "f('a')",
    "f", "range(10**7)", "range(10)", "lipsum()", "cycler(1)", "namespace()", "dict(a=1)",
    "10**10", "10**10**7", "2 ** n", "'x' * 10", "'x'*10**9", "n * x", "[1] * 9",
    "'%50000000d' % n",
    "'%s' % x", "x | center(1000000000)", "'%50000000d' | format(n)", "x | indent(999999999)",
    "x | wordwrap(1)", "x | xmlattr", "x | pprint", "x | tojson", "order | items", "x | random",
    "x | map('attr', '__class__')", "[x] | map('op ~') | list", "[x] | select('op eq', x)",
    "[order] | map(attribute='__class__') | list", "[order, order] | sort(attribute='__class__.x')",
    "[order] | selectattr('__class__.mro')", "99999999999999999999 * 99999999999999999999 * "
    "99999999999999999999 * 99999999999999999999", "days(10000000000)", "today + days(40000) * 90",
    "x | replace('', 'y' ~ x * 2)", "*x", "lambda: 1", "x if", "import os",
    "x | round(100000)", "n | number(100000000) | length > 40", "true.__class__", "(1).real",
    "items[order.__init__]", "{}.__class__", "[].__class__", "().__class__", "none.__class__"]


@pytest.mark.parametrize("expression", ESCAPES)
def test_an_escape_ends_in_an_expression_error_or_in_nothing(expression: str) -> None:
    start = time.perf_counter()
    try:
        found = render.evaluate(expression, SCOPE)
    except ExpressionError:
        found = None
    assert found in (None, False), "nothing of Python comes out of an expression"
    assert time.perf_counter() - start < 0.2


@pytest.mark.parametrize("source", [
    "{% set x = items | join %}" + "{% set x = x + x %}" * 10,
    "{% for i in many %}{{ i }}{% endfor %}",
    "{% for i in items %}{% for j in items %}{% for k in items %}{% endfor %}{% endfor %}"
    "{% endfor %}done",
    "{% macro m() %}{% endmacro %}", "{% include 'x' %}", "{% import 'x' as y %}",
    "{% extends 'x' %}", "{% block b %}{% endblock %}", "{% filter upper %}a{% endfilter %}",
    "{% for i in items recursive %}{{ loop(items) }}{% endfor %}", "{% set x.y = 1 %}",
    "{% call f() %}{% endcall %}", "{% for i in f %}{% endfor %}",
    "{{ ('x' ~ items | join) | replace('x', 'y' ~ (items | join)) | replace('', items | join) }}"])
def test_a_template_that_would_not_end_or_leaves_its_room_is_refused(source: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ExpressionError):
        render.text(TEMPLATE + source, SCOPE)
    assert time.perf_counter() - start < 0.5


def test_the_fields_of_a_loop_are_known_and_nothing_else_of_it() -> None:
    source = "{% for i in order['items'] %}{{ loop.index }}{{ loop._iterable }}{% endfor %}"
    assert render.text(TEMPLATE + source, SCOPE) == "1"


def test_jinja_is_new_enough_to_have_its_known_holes_closed() -> None:
    import jinja2

    assert tuple(map(int, jinja2.__version__.split(".")[:3])) >= (3, 1, 6)
