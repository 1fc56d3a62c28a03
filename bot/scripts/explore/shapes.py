"""What a flow expects of data: fields, lists and kinds, read off the expressions that use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import nodes

from bot.flow.expressions import sandbox
from bot.flow.expressions.sources import UNREADABLE
from bot.flow.lint.parts import Document, Part
from bot.flow.spec import TEMPLATE, FlowSpec, Send
from bot.scripts.explore.shape import Shape, found, item, join, part

_SHORT: Final = sandbox.Sandbox(blocks=False, finalize=str)
_LONG: Final = sandbox.Sandbox(blocks=True, finalize=str)

#: Filters that make a list of the same things, one of its things, and a value of a known kind.
_SAME: Final = frozenset({"sort", "unique", "select", "reject", "selectattr", "rejectattr",
                          "op slice", "op rounds", "default"})
_ONE: Final = frozenset({"first", "last", "min", "max"})
_KINDS: Final = {"date": "date", "time": "time", "money": "number", "number": "number",
                 "round": "number", "plural": "number", "age": "past", "upper": "text",
                 "lower": "text", "trim": "text", "replace": "text"}
_LISTS: Final = frozenset({"list", "join", "map", "sum", "sort", "unique", "select", "reject",
                           "selectattr", "rejectattr", "first", "last", "op rounds"})
_COMPARED: Final = frozenset({"op eq", "op ne", "op lt", "op gt", "op lteq", "op gteq"})
_RECKONED: Final = (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Add)
_URLS: Final = frozenset({"image", "video", "audio", "document", "sticker", "link"})
#: The slot types that say what kind of data fills them.
OF_SLOTS: Final = {"number": "number", "integer": "number", "date": "date", "datetime": "datetime",
                    "time": "time", "email": "email", "phone": "phone", "yes_no": "truth",
                    "list": "list", "text": "text"}


class Shapes:
    """The data of a whole project: slots of its flows, what its operations give, its events."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self.results: dict[str, Shape] = {}
        self.events: dict[str, Shape] = {}
        self.contact = Shape()
        self.conversation = Shape()
        #: Whether it matters if somebody works now.
        self.hours = any(step.handoff is not None and step.handoff.if_closed is not None
                         for doc in documents.values() for step in doc.spec.steps.values())
        self._turns = True  #: what is read now decides where the flow goes
        self.slots: dict[str, dict[str, Shape]] = {
            flow: self._slots(doc.spec) for flow, doc in documents.items()}
        for flow, doc in documents.items():
            self._read(flow, doc)
        self.hours = self.hours or "queue_open" in self.conversation.fields

    def _slots(self, spec: FlowSpec) -> dict[str, Shape]:
        names = {"contact": self.contact, "conversation": self.conversation, "error": Shape()}
        for name, slot in spec.slots.items():
            names[name] = Shape(kinds={OF_SLOTS[slot.type]} if slot.type in OF_SLOTS else set(),
                                pattern=slot.pattern)
        for step in spec.steps.values():
            for name in (step.save, step.wait.save if step.wait else None,
                         *(step.run.save if step.run else ())):
                if name is not None:
                    names.setdefault(name, Shape())
            if step.call is not None:
                result = self.results.setdefault(step.call, Shape())
                if step.save is not None:
                    join(result, names[step.save])
            if step.wait is not None and step.wait.event is not None:
                event = self.events.setdefault(step.wait.event, Shape())
                if step.wait.save is not None:
                    join(event, names[step.wait.save])
        if spec.triggers.event is not None:
            names["event"] = self.events.setdefault(spec.triggers.event, Shape())
        return names

    def _read(self, flow: str, doc: Document) -> None:
        spec: FlowSpec = doc.spec
        names = self.slots[flow]
        items: dict[str, Shape] = {}
        for step_name, step in spec.steps.items():
            if step.choices_from is not None:
                rows = self._expression(step.choices_from.each, names)
                if rows is not None:
                    row = items[step_name] = item(rows)
                    if step.save is not None and spec.slots.get(step.save) is not None \
                            and spec.slots[step.save].type == "object":
                        join(row, names[step.save])
            self._passed(step.set, names, names)
            for choice in step.choices:
                self._passed(choice.set, names, names)
            if step.run is not None and step.run.flow in self.slots:
                theirs = self.slots[step.run.flow]
                self._passed(step.run.with_, names, theirs)
                for mine, other in step.run.save.items():
                    if mine in names and other in theirs:
                        join(names[mine], theirs[other])
            for entry in (*step.goto, *step.on_error,
                          *(one for choice in step.choices for one in choice.goto)):
                if entry.flow in self.slots:
                    self._passed(entry.with_, names, self.slots[entry.flow or ""])
            for send in step.send:
                self._sent(send, names)
            if step.wait is not None and isinstance(step.wait.until, str):
                self._known(step.wait.until, names, "datetime")
        for one in doc.parts:
            known = {**names, "item": items[one.step]} if one.step in items else names
            self._part(one, known)

    def _part(self, one: Part, names: Mapping[str, Shape]) -> None:
        if one.expression:
            shape = self._expression(one.source, names)
            if shape is not None and one.path[-1] in ("if", "skip_if", "check"):
                shape.kinds.add("truth")
            return
        self._turns = False
        for expression in _filled_in(one.source):
            self._written(expression, names)
        self._turns = True

    def _written(self, node: nodes.Node, names: Mapping[str, Shape]) -> None:
        """Something of a text: what it prints has to be there."""
        if isinstance(node, nodes.For):
            rows = self._of(node.iter, names)
            if rows is not None and isinstance(node.target, nodes.Name):
                names = {**names, node.target.name: item(rows)}
            for inner in (*node.body, *node.else_):
                self._written(inner, names)
        elif isinstance(node, nodes.If):
            self._condition(node.test, names)
            for inner in (*node.body, *node.elif_, *node.else_):
                self._written(inner, names)
        elif isinstance(node, nodes.Output):
            for inner in node.nodes:
                self._written(inner, names)
        elif isinstance(node, nodes.Expr) and not isinstance(node, nodes.TemplateData):
            shape = self._of(node, names)
            if shape is not None:
                shape.kinds.add("text")

    def _passed(self, values: Mapping[str, Any], names: Mapping[str, Shape],
                to: Mapping[str, Shape]) -> None:
        """`set` and `with`: what is handed on is the same data."""
        for name, source in values.items():
            shape = self._single(source, names)
            target = to.get(name) if not name.startswith("contact.") else part(
                self.contact, name[8:])
            if shape is not None and target is not None:
                join(shape, target)

    def _sent(self, send: Send, names: Mapping[str, Shape]) -> None:
        if send.kind in _URLS and isinstance(send.value, str):
            self._known(send.value, names, "url")
        elif send.kind == "location" and isinstance(send.value, Mapping):
            for name in ("latitude", "longitude"):
                self._known(send.value.get(name), names, "number")

    def _known(self, source: Any, names: Mapping[str, Shape], kind: str) -> None:
        shape = self._single(source, names)
        if shape is not None:
            shape.kinds.add(kind)

    def _single(self, source: Any, names: Mapping[str, Shape]) -> Shape | None:
        """The data of a value that is one `{{ … }}` and nothing else."""
        if not isinstance(source, str):
            return None
        parts = [part for output in _filled_in(source) if isinstance(output, nodes.Output)
                 for part in output.nodes]
        return self._of(parts[0], names) if len(parts) == 1 else None

    def _expression(self, source: str, names: Mapping[str, Shape]) -> Shape | None:
        if source == "known":
            return None
        try:
            tree = sandbox.parsed_expression(_SHORT, source)
        except UNREADABLE:
            return None  # `bot check` tells
        return self._of(tree, names)

    def _condition(self, node: nodes.Node, names: Mapping[str, Shape]) -> None:
        self._asks(self._of(node, names), "truth")

    def _asks(self, shape: Shape | None, kind: str) -> None:
        """A condition turns on it."""
        if shape is not None and self._turns:
            shape.kinds.add(kind)

    def _of(self, node: nodes.Node, names: Mapping[str, Shape]) -> Shape | None:
        """The data that an expression stands for, noting all that it asks of what it uses."""
        if isinstance(node, nodes.Name):
            shape = names.get(node.name)
            return found(shape) if shape is not None else None
        if isinstance(node, nodes.Getattr):
            inner = self._of(node.node, names)
            return part(inner, node.attr) if inner is not None else None
        if isinstance(node, nodes.Getitem):
            inner = self._of(node.node, names)
            if inner is None or not isinstance(node.arg, nodes.Const):
                return None
            return item(inner) if isinstance(node.arg.value, int) else part(
                inner, str(node.arg.value))
        if isinstance(node, nodes.Filter):
            return self._filtered(node, names)
        if isinstance(node, nodes.Test):
            self._asks(self._of(node.node, names),
                       "none" if node.name in ("none", "defined") else "truth")
            return None
        if isinstance(node, nodes.And | nodes.Or):
            left, right = self._of(node.left, names), self._of(node.right, names)
            self._asks(left, "truth")
            self._asks(right, "truth")
            return left or right if isinstance(node, nodes.Or) else None
        if isinstance(node, nodes.Not):
            self._condition(node.node, names)
            return None
        if isinstance(node, nodes.CondExpr):
            self._condition(node.test, names)
            other = self._of(node.expr2, names) if node.expr2 is not None else None
            return self._of(node.expr1, names) or other
        if isinstance(node, _RECKONED):
            self._reckoned(node, names)
            return None
        for child in node.iter_child_nodes():
            self._of(child, names)
        return None

    def _reckoned(self, node: nodes.BinExpr, names: Mapping[str, Shape]) -> None:
        days = any(_is_day(side) for side in (node.left, node.right))
        for side in (node.left, node.right):
            shape = self._of(side, names)
            if shape is not None and not shape.kinds & {"number", "date", "datetime", "list"}:
                shape.kinds.add("date" if days else "number")

    def _filtered(self, node: nodes.Filter, names: Mapping[str, Shape]) -> Shape | None:
        assert node.node is not None
        shape = self._of(node.node, names)
        if node.name in _COMPARED:
            self._compared(node, shape, names)
            return None
        if node.name in ("op in", "op notin"):
            self._among(node, shape, names)
            return None
        for argument in node.args:
            self._of(argument, names)
        if shape is None:
            return None
        if node.name in _LISTS:
            item(shape)
        if node.name == "length":
            shape.kinds.add("list")
            return None
        if node.name in _KINDS:
            shape.kinds.add(_KINDS[node.name])
            return None
        if node.name == "default":
            self._asks(shape, "none")
        row = self._attribute(node, shape)
        if node.name == "sum" and (row is not None or shape.item is not None):
            (row or item(shape)).kinds.add("number")
            return None
        if node.name == "map":
            made = Shape(kinds={"list"})
            made.item = row or item(shape)
            return made
        if node.name in _ONE:
            return item(shape)
        return shape if node.name in _SAME else None

    def _attribute(self, node: nodes.Filter, shape: Shape) -> Shape | None:
        """The field that a filter of lists names, with what it is asked to be."""
        named = next((one.value for one in node.kwargs if one.key == "attribute"), None)
        if node.name in ("selectattr", "rejectattr") and node.args:
            named = node.args[0]
        if not isinstance(named, nodes.Const):
            return None
        row = item(shape)
        for name in str(named.value).split("."):
            row = part(row, name)
        if node.name in ("selectattr", "rejectattr"):
            if len(node.args) > 2 and isinstance(node.args[2], nodes.Const):
                _note(row.constants, node.args[2].value)
            else:
                row.kinds.add("truth")
        return row

    def _compared(self, node: nodes.Filter, left: Shape | None,
                  names: Mapping[str, Shape]) -> None:
        right = self._of(node.args[0], names)
        for side, shape, other in ((node.node, left, node.args[0]),
                                   (node.args[0], right, node.node)):
            of_length = (side.node if isinstance(side, nodes.Filter)
                         and side.name in ("length", "age") else None)
            if of_length is not None and isinstance(other, nodes.Const):
                counted = self._of(of_length, names)
                if counted is not None and isinstance(other.value, int):
                    _note(counted.lengths, other.value)
                    self._asks(counted, "compared")
            elif isinstance(side, nodes.Filter) and side.name in ("number", "round", "lower",
                                                                  "upper", "trim"):
                inner = self._of(side.node, names) if side.node is not None else None
                if inner is not None and isinstance(other, nodes.Const):
                    _note(inner.constants, other.value)
            elif shape is None:
                continue
            elif isinstance(other, nodes.Const):
                if other.value is None:
                    self._asks(shape, "none")
                elif self._turns:
                    _note(shape.constants, other.value)
            elif _is_day(other):
                shape.kinds.add("date")
                self._asks(shape, "truth")
                self._asks(shape, "compared")
            elif self._turns:
                shape.kinds.add("compared")
                if right is not None and left is not None:
                    shape.pattern = shape.pattern or left.pattern or right.pattern
                path = _path(other)
                if path and path not in shape.peers:
                    shape.peers.append(path)

    def _among(self, node: nodes.Filter, left: Shape | None, names: Mapping[str, Shape]) -> None:
        among = node.args[0]
        if isinstance(among, nodes.List | nodes.Tuple) and left is not None:
            for one in among.items:
                if isinstance(one, nodes.Const):
                    _note(left.constants, one.value)
            return
        right = self._of(among, names)
        if right is not None:
            inner = item(right)
            if isinstance(node.node, nodes.Const):
                _note(inner.constants, node.node.value)


def _path(node: nodes.Node | None) -> tuple[str, ...]:
    """The names of `card.last_four`; () of anything else."""
    fields: list[str] = []
    while isinstance(node, nodes.Getattr):
        fields.insert(0, node.attr)
        node = node.node
    return (node.name, *fields) if isinstance(node, nodes.Name) else ()


def _note(values: list[Any], value: Any) -> None:
    if value not in values:
        values.append(value)


def _is_day(node: nodes.Node | None) -> bool:
    if isinstance(node, nodes.Name):
        return node.name in ("today", "now")
    if isinstance(node, nodes.Filter):
        return node.name == "op days"
    return isinstance(node, _RECKONED) and (_is_day(node.left) or _is_day(node.right))


def _filled_in(source: str) -> Iterator[nodes.Node]:
    try:
        environment = _LONG if source.startswith(TEMPLATE) else _SHORT
        yield from sandbox.guarded(sandbox.parsed(environment, source)).body
    except UNREADABLE:
        return
