"""Jinja2's sandbox, made smaller. `render` is the door; nothing else comes in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, TypeVar

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from bot.errors import ExpressionError
from bot.flow.expressions import fields, filters, operators, values
from bot.nearest import nearest

#: In short texts `{%` and `{#` are ordinary characters: nobody can type these.
_NOWHERE = ("\x00\ue000", "\x00\ue001")
_LOOP_FIELDS = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
_WORD_OPERATORS = frozenset({"and", "or", "not", "in", "is", "if", "else"})
#: Stands for every filter that is none of the language; its first argument is the name.
OWN = "op own"
_LONGEST_SOURCE = 65_536
#: So deep parts may stand within each other: Python itself takes some two hundred brackets.
_DEEPEST = 60
_TOO_DEEP = "too much stands within each other here"
_Tree = TypeVar("_Tree", bound=nodes.Node)


class Unparsable(TemplateSyntaxError):
    """An expression that can't be used; `offset` says where in its source."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message, 1)
        self.offset = offset


class _Unknown(Undefined):
    """Raised at once: a name nobody gave is an error wherever it stands."""

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None,
                 exc: type[Exception] = ExpressionError) -> None:
        raise ExpressionError(f"there is nothing called {name}" if name else
                              hint or "there is no such name")


class Sandbox(ImmutableSandboxedEnvironment):
    """Expressions that can read the data they are given and nothing else."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, *, blocks: bool, finalize: Callable[..., Any]) -> None:
        start, comment = ("{%", "{#") if blocks else _NOWHERE
        end, comment_end = ("%}", "#}") if blocks else _NOWHERE
        super().__init__(
            block_start_string=start, block_end_string=end, comment_start_string=comment,
            comment_end_string=comment_end, trim_blocks=True, lstrip_blocks=blocks,
            keep_trailing_newline=True, undefined=_Unknown, finalize=finalize, autoescape=False,
            cache_size=0)
        self.globals = {}
        self.filters = {**filters.FILTERS, **operators.OPERATORS}
        self.tests = dict(operators.TESTS)

    def _tokenize(self, source: str, name: str | None, filename: str | None = None,
                  state: str | None = None) -> TokenStream:
        tokens = self.lexer.wrap(self._placed(source, name, filename, state), name, filename)
        return TokenStream(_items(tokens), name, filename)

    def _placed(self, source: str, name: str | None, filename: str | None,
                state: str | None) -> Iterator[tuple[int, str, str]]:
        # Jinja knows lines only; a token that carries its offset instead lets every later
        # mistake say its column.
        offset = 0
        for _, token, text in self.lexer.tokeniter(source, name, filename, state):
            found = source.find(text, offset)
            offset = found if found >= 0 else offset
            yield offset, token, text
            offset += len(text)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in _LOOP_FIELDS else None
        return fields.field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument) if isinstance(obj, LoopContext) else \
            fields.field(obj, argument)

    def call(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ExpressionError("only days() and filters can be called")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        zone = context.scope.zone
        if operator == "+":
            return values.add(left, right, zone)
        if operator == "-":
            return values.subtract(left, right, zone)
        if operator == "*":
            return values.multiply(left, right)
        if operator == "%":
            return values.remainder(left, right)
        if operator == "/":
            return left / right
        if operator == "//":
            return left // right
        raise ExpressionError(f"{operator} can't be used")


def _items(tokens: Iterable[Token]) -> Iterator[Token]:
    """`.x` at the beginning of an operand is `item.x`."""
    before: Token | None = None
    for token in tokens:
        if token.type == "dot" and not _ends_operand(before):
            yield Token(token.lineno, "name", "item")
        yield token
        before = token


def _ends_operand(token: Token | None) -> bool:
    if token is None:
        return False
    if token.type == "name":
        return token.value not in _WORD_OPERATORS
    return token.type in ("rparen", "rbracket", "rbrace", "string", "integer", "float", "dot")


def parsed(environment: Sandbox, source: str) -> nodes.Template:
    """The tree of a text, not yet guarded."""
    if len(source) > _LONGEST_SOURCE:
        raise Unparsable("this text is too long", _LONGEST_SOURCE)
    return Parser(environment, source).parse()


def parsed_expression(environment: Sandbox, source: str) -> nodes.Expr:
    """The guarded tree of an expression that is written without braces."""
    if len(source) > _LONGEST_SOURCE:
        raise Unparsable("this expression is too long", _LONGEST_SOURCE)
    if not source.strip():
        raise Unparsable("here an expression is missing", 0)
    brace = source.find("{{")
    if brace >= 0 and source[:brace].strip() == "":
        raise Unparsable("an expression stands without {{ }}", brace)
    parser = Parser(environment, source, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        token = parser.stream.current
        hint = " (write == to compare)" if token.type == "assign" else ""
        raise Unparsable(f"{token.value!r} is not understood here{hint}", token.lineno)
    expression.set_environment(environment)
    return guarded(expression)


_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign,
    nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getitem, nodes.Getattr, nodes.Slice,
    nodes.Concat, nodes.Compare, nodes.Operand, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Not, nodes.Neg, nodes.Pos, nodes.And, nodes.Or, nodes.Call)


#: Filters whose result is a text, with which nobody can reckon.
_WRITTEN = frozenset({"date", "time", "money", "number", "list", "plural", "upper", "lower",
                      "join"})
_RECKONING = (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod)


def _reckons(node: nodes.BinExpr) -> None:
    """Refuse sums that can never be worked out as they are written."""
    sides = node.left, node.right
    for side, other in (sides, sides[::-1]):
        number = isinstance(other, nodes.Const) and type(other.value) in (int, float)
        if isinstance(side, nodes.Filter) and side.name in _WRITTEN and (
                number or isinstance(node, _RECKONING)):
            raise Unparsable(f"| {side.name} writes only what stands directly before it; put "
                             f"brackets around the sum: (a {node.operator} b) | {side.name}",
                             side.lineno)
        if isinstance(side, nodes.Name) and side.name in ("today", "now") and number and (
                isinstance(node, nodes.Add | nodes.Sub)):
            raise Unparsable(f"days are counted with days(): {side.name} {node.operator} "
                             f"days({other.value})", other.lineno)  # type: ignore[attr-defined]


class _Guard(NodeTransformer):
    """Refuses what flows may not say; turns operators into calls that know none and times."""

    def __init__(self) -> None:
        self.depth = 0

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        if isinstance(node, nodes.Pow):
            raise Unparsable("** can't be used", node.lineno)
        if type(node) not in _ALLOWED:
            raise Unparsable(f"{_statement(node)} can't be used in a flow", node.lineno)
        if isinstance(node, nodes.BinExpr):
            _reckons(node)
        if self.depth == _DEEPEST:
            raise Unparsable(_TOO_DEEP, node.lineno)
        self.depth += 1
        found = super().visit(node, *args, **kwargs)
        self.depth -= 1
        return found

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.name.startswith("__") or node.name in ("self", "super", "caller"):
            raise Unparsable(f"{node.name} is no name of a flow", node.lineno)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        if node.attr.startswith("__"):
            raise Unparsable(f"{node.attr} is no field", node.lineno)
        return self.generic_visit(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        callee = node.node
        if isinstance(callee, nodes.Getattr):
            raise Unparsable(f"a dot finds a field, never a method: {callee.attr}() "
                             "can't be called", node.lineno)
        if not isinstance(callee, nodes.Name) or callee.name != "days":
            name = callee.name if isinstance(callee, nodes.Name) else "this"
            hint = f"; write … | {name}" if name in filters.NAMES else ""
            raise Unparsable(f"{name}() can't be called{hint}", node.lineno)
        if len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise Unparsable("days() takes one number", node.lineno)
        return _operator("days", node.lineno, self.visit(node.args[0]))

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Unparsable("* can't be used here", node.lineno)
        if node.node is None:
            raise Unparsable("a filter needs a value", node.lineno)
        if node.name not in filters.NAMES:
            # The business may have it: who knows that looks for it (`sources.fault`).
            node.args = [nodes.Const(node.name, lineno=node.lineno), *node.args]
            node.name = OWN
        return self.generic_visit(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Unparsable("* can't be used here", node.lineno)
        if node.name not in operators.TESTS:
            raise Unparsable(f"there is no test `is {node.name}`"
                             f"{_meant(node.name, operators.TESTS)}", node.lineno)
        return self.generic_visit(node)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        left: nodes.Expr = self.visit(node.expr)
        found: nodes.Expr | None = None
        if len(node.ops) > _DEEPEST:
            raise Unparsable(_TOO_DEEP, node.lineno)
        for operand in node.ops:
            right: nodes.Expr = self.visit(operand.expr)
            one = _operator(operand.op, node.lineno, left, right)
            found = one if found is None else nodes.And(found, one, lineno=node.lineno)
            left = right
        return found or left

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        return _operator("~", node.lineno, *[self.visit(one) for one in node.nodes])

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        for one in node.nodes:
            _says_nothing_else(one)
        return self.generic_visit(node)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        if node.expr2 is None:
            node.expr2 = nodes.Const(None, lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        if not isinstance(node.arg, nodes.Slice):
            return self.generic_visit(node)
        ends = [self.visit(end) if end is not None else nodes.Const(None, lineno=node.lineno)
                for end in (node.arg.start, node.arg.stop, node.arg.step)]
        return _operator("slice", node.lineno, self.visit(node.node), *ends)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        if node.recursive:
            raise Unparsable("a loop can't be recursive", node.lineno)
        node.iter = _operator("rounds", node.lineno, self.visit(node.iter))
        node.body = [self.visit(one) for one in node.body]
        node.else_ = [self.visit(one) for one in node.else_]
        node.target = self.visit(node.target)
        if node.test is not None:
            node.test = self.visit(node.test)
        return node


def _says_nothing_else(node: nodes.Node | None) -> None:
    """In a text `{{ x if y }}` means to say nothing otherwise: that is no value that is missing."""
    if isinstance(node, nodes.CondExpr):
        _says_nothing_else(node.expr1)
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        _says_nothing_else(node.expr2)


def guarded(tree: _Tree) -> _Tree:
    """The tree with operators made safe; `Unparsable` when it holds what flows may not say."""
    found: _Tree = _Guard().visit(tree)
    if tree.environment is not None:
        found.set_environment(tree.environment)
    return found


def _operator(name: str, offset: int, first: nodes.Expr, *others: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(first, f"op {name}", list(others), [], None, None, lineno=offset)


def _statement(node: nodes.Node) -> str:
    words = {"Block": "{% block %}", "Include": "{% include %}", "Import": "{% import %}",
             "FromImport": "{% from %}", "Extends": "{% extends %}", "Macro": "{% macro %}",
             "CallBlock": "{% call %}", "FilterBlock": "{% filter %}", "With": "{% with %}",
             "AssignBlock": "{% set %} with an end", "NSRef": "a dot after {% set"}
    return words.get(type(node).__name__, type(node).__name__)


def _meant(name: str, names: Iterable[str]) -> str:
    near = nearest(name, names)
    return f"; did you mean {near}?" if near else ""
