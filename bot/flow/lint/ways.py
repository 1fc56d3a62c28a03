"""The ways through a flow: steps nobody reaches, ways that never end or never wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.flow.lint.parts import CheckOptions, Document, Path, of_step
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import one_of
from bot.flow.reading.source import Node
from bot.flow.reading.ways import RESERVED_STEPS
from bot.flow.spec import FlowSpec, Next, Step
from bot.nearest import nearest

#: Kinds of step at which a person, or another flow, has the word.
_WAITING = frozenset({"ask", "choices", "review", "wait", "run", "handoff"})
Edges = dict[str, set[str]]


def check(documents: list[Document], options: CheckOptions) -> Iterator[Finding]:
    flows = [doc for doc in documents if doc.kind == "flow"]
    instant = _instant({doc.name: doc.spec for doc in flows})
    for doc in flows:
        flow: FlowSpec = doc.spec
        edges = {name: _leads_to(flow, step) for name, step in flow.steps.items()}
        yield from _results(doc, flow)
        for name, step in flow.steps.items():
            written = doc.root.at("steps", name).value
            if isinstance(written, dict) and "goto" in written and _own_ways(step):
                yield doc.warning(("steps", name, "goto"), "this is never taken: each choice leads "
                                                           "somewhere itself")
        if doc.unclear:
            continue
        yield from _reached(doc, flow, edges)
        refusing = list(_refusing(doc, flow, edges, instant))
        # A way back without `refuse` closes a circle: that is one mistake.
        waiting = [] if refusing else list(_waiting(doc, flow, instant))
        yield from refusing
        yield from waiting
        yield from _ending(doc, flow, edges, {one.line for one in waiting})
        yield from _changing(doc, flow, edges, options)
    yield from _round_and_round({doc.name: doc for doc in flows}, instant)


def _entries(step: Step) -> Iterator[Next]:
    """Every way on that is written or falls through, and that can be taken at all."""
    for choice in step.choices:
        yield from choice.goto
    if not _own_ways(step):
        yield from step.goto
    yield from step.on_error


def _own_ways(step: Step) -> bool:
    """Whether each choice leads somewhere itself, so that the step's `goto` is never taken."""
    if step.kind != "choices" or step.choices_from is not None:
        return False
    hidden = all(choice.if_ is not None for choice in step.choices) and step.if_empty is None
    return all(choice.goto for choice in step.choices) and not hidden


def _leads_to(flow: FlowSpec, step: Step) -> set[str]:
    return _targets(flow, step) & flow.steps.keys()


def _targets(flow: FlowSpec, step: Step) -> set[str]:
    """The steps named in the step, whether they exist or not."""
    out: set[str] = set()
    for entry in _entries(step):
        refused = flow.steps.get(entry.refuse or "")
        out |= {name for name in (entry.step, entry.refuse if refused is None or refused.slot
                                  else None) if name}
        if entry.edit:
            out |= {name for name, other in flow.steps.items() if other.slot == entry.edit}
    out |= {name for name in (step.on_give_up, step.on_media, step.on_undelivered, step.on_cancel,
                              step.if_empty, step.otherwise) if name}
    if step.handoff is not None:
        out |= {name for name in (step.handoff.return_to, step.handoff.if_closed) if name}
    return out | {timer.then for timer in (*(step.remind or ()), step.on_timeout)
                  if timer and timer.then not in {"stay", "end", "handoff"}}


def _from(start: Iterable[str], edges: Edges) -> set[str]:
    seen: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += edges.get(name, ())
    return seen


def _backwards(edges: Edges) -> Edges:
    back: Edges = {name: set() for name in edges}
    for name, targets in edges.items():
        for target in targets:
            back[target].add(name)
    return back


def _circles(edges: Edges) -> Iterator[set[str]]:
    """Steps from each of which every other of them is reached, where one can come back at all.

    Tarjan's algorithm: each step is looked at once, however large the flow is.
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for start in edges:
        todo = [(start, iter(sorted(edges[start])))] if start not in number else []
        while todo:
            name, more = todo[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                path.append(name)
                on_path.add(name)
            for target in more:
                if target not in number:
                    todo.append((target, iter(sorted(edges[target]))))
                    break
                if target in on_path:
                    lowest[name] = min(lowest[name], number[target])
            else:
                todo.pop()
                if todo:
                    above = todo[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == number[name]:
                    circle: set[str] = set()
                    while name not in circle:
                        circle.add(path.pop())
                    on_path -= circle
                    if len(circle) > 1 or name in edges[name]:
                        yield circle


def _reached(doc: Document, flow: FlowSpec, edges: Edges) -> Iterator[Finding]:
    first = next(iter(flow.steps))
    # A misspelt step has its own finding, and so has what could not be read: neither is missed.
    meant = {name: targets | {near for target in _targets(flow, flow.steps[name])
                              if target not in flow.steps
                              and (near := nearest(target, flow.steps)) is not None}
             for name, targets in edges.items()}
    for name in doc.damaged & flow.steps.keys():
        meant[name] |= set(_named(doc.root.at("steps", name), flow.steps))
        meant[name] |= {below for one, below in zip(flow.steps, [*flow.steps][1:], strict=False)
                        if one == name}
    reached = _from([first], meant)
    for name in flow.steps:
        if name not in reached and name not in RESERVED_STEPS:
            after = _from([name], meant) - reached - {name}
            reached |= after
            more = ("" if not after else f", nor to {one_of(sorted(after))} after it"
                    .replace(" or ", " and "))
            yield doc.error_at_key(("steps", name), f"no way leads to the step `{name}`{more}")


def _named(node: Node, steps: Iterable[str]) -> Iterator[str]:
    """The steps that are named anywhere in this piece of a file."""
    if isinstance(node.value, str):
        near = nearest(node.value, steps)
        if near is not None:
            yield near
    else:
        for part in node.value.values() if isinstance(node.value, dict) else node.value:
            yield from _named(part, steps)


def _stops(step: Step) -> bool:
    """Whether the flow can end here."""
    if step.kind in {"end", "handoff", "review"}:
        # A review has Cancel, which ends the flow.
        return step.kind != "review" or step.on_cancel is None
    timers = [timer for timer in (*(step.remind or ()), step.on_timeout) if timer]
    return (any(entry.end or entry.flow for entry in _entries(step))
            or any(timer.then in {"end", "handoff"} for timer in timers))


def _ending(doc: Document, flow: FlowSpec, edges: Edges,
            told: set[int]) -> Iterator[Finding]:
    """`told`: the lines at which a circle was found that nobody leaves."""
    if doc.damaged:
        return
    nowhere: set[str] = set()
    for name, step in flow.steps.items():
        if step.goto or step.kind in {"end", "handoff"} or _own_ways(step):
            continue
        nowhere.add(name)
        yield doc.error_at_key(("steps", name),
                               f"the way ends at `{name}` without an outcome: add `end: name` in "
                               "a step below, or `goto`")
    # A step that names a step which does not exist has its own finding.
    lost = {name for name, step in flow.steps.items() if any(
        entry.step and entry.step not in flow.steps for entry in _entries(step))}
    ends = _from([name for name, step in flow.steps.items()
                  if _stops(step)] + [*nowhere, *lost], _backwards(edges))
    reached = _from([next(iter(flow.steps))], edges)
    endless = [name for name in flow.steps if name in reached - ends]
    if endless and doc.root.key("steps", endless[0])[0] not in told:
        yield doc.error_at_key(("steps", endless[0]),
                               f"from `{endless[0]}` no way leads to an end: add `end`, `handoff` "
                               "or a way out"
                               + (f" (also {one_of(endless[1:4])})" if endless[1:] else ""))


def _instant(flows: dict[str, FlowSpec]) -> frozenset[str]:
    """The flows that can be over before anybody was asked anything."""
    found: frozenset[str] = frozenset()
    while True:
        more = frozenset(name for name, flow in flows.items() if any(
            flow.steps[one].kind == "end" or (
                flow.steps[one].kind in {"", "call"} and any(
                    entry.end for entry in flow.steps[one].goto))
            for one in _from([next(iter(flow.steps))], {
                one: _automatic(flow, step, found) for one, step in flow.steps.items()})))
        if more == found:
            return found
        found = more


def _automatic(flow: FlowSpec, step: Step, instant: frozenset[str]) -> set[str]:
    """The steps that follow without anybody having said a word."""
    if step.kind == "choices" and step.skip_if != "known":
        return {step.if_empty} & flow.steps.keys() if step.if_empty else set()
    if step.handoff is not None:
        return {step.handoff.if_closed or ""} & flow.steps.keys()
    # What is known already is not asked again: such a step holds nobody up the second time.
    passes = step.skip_if == "known" or (step.run is not None and step.run.flow in instant)
    if step.kind == "end" or (step.kind in _WAITING and not passes):
        return set()
    chosen = [entry for choice in step.choices for entry in choice.goto]
    return {entry.step for entry in (*step.goto, *step.on_error, *chosen)
            if entry.step} & flow.steps.keys()


def _waiting(doc: Document, flow: FlowSpec, instant: frozenset[str]) -> Iterator[Finding]:
    """Circles in which nobody is asked anything."""
    edges = {name: _automatic(flow, step, instant) for name, step in flow.steps.items()}
    for circle in _circles(edges):
        name = next(one for one in flow.steps if one in circle)
        emptied = {slot for other in circle for slot in flow.steps[other].set}
        if any(flow.steps[other].slot in emptied for other in circle):
            continue
        leaves = any(edges[other] - circle or any(
            entry.end or entry.flow or entry.refuse or entry.edit
            for entry in flow.steps[other].goto) or (
            flow.steps[other].kind == "call" and flow.steps[other].on_error == ())
            for other in circle)
        steps = " → ".join(f"`{other}`" for other in flow.steps if other in circle)
        message = f"the flow can go round here without ever waiting: {steps}"
        sometimes = any(flow.steps[other].kind in {"choices", "handoff", "run"} and (
            flow.steps[other].skip_if != "known") for other in circle)
        if sometimes or (leaves and any(
                entry.if_ for other in circle for entry in flow.steps[other].goto)):
            yield doc.warning_at_key(("steps", name), message)
        else:
            yield doc.error_at_key(("steps", name), message)


def _round_and_round(flows: dict[str, Document],
                     instant: frozenset[str]) -> Iterator[Finding]:
    """Flows that hand the conversation to each other before either has waited."""
    leaves: dict[str, dict[str, tuple[str, int]]] = {}
    for name, doc in flows.items():
        flow: FlowSpec = doc.spec
        edges = {one: _automatic(flow, step, instant) for one, step in flow.steps.items()}
        targets: dict[str, tuple[str, int]] = {}
        for one in _from([next(iter(flow.steps))], edges):
            step = flow.steps[one]
            if step.kind in _WAITING:
                continue
            for number, entry in enumerate(step.goto):
                if entry.flow:
                    targets.setdefault(entry.flow, (one, number))
        leaves[name] = targets
    for name, targets in leaves.items():
        graph: Edges = {one: set(more) for one, more in leaves.items()}
        for target, (step_name, number) in targets.items():
            if name in _from([target], graph):
                doc = flows[name]
                conditional = doc.spec.steps[step_name].goto[number].if_ is not None
                make = doc.warning if conditional else doc.error
                yield make(("steps", step_name, "goto", number),
                           f"`{name}` can start again here without ever having waited")


def _results(doc: Document, flow: FlowSpec) -> Iterator[Finding]:
    """A text beside a call leaves before the call is made."""
    for name, step in flow.steps.items():
        results = ({step.save} if step.kind == "call" and step.save else
                   set(step.run.save) if step.run else
                   {step.wait.save} if step.wait and step.wait.save else set())
        if not results:
            continue
        for part in of_step(doc, name, step):
            if part.entering and results & part.examined.names:
                slot = min(results & part.examined.names)
                yield doc.error(part.path, f"this is sent before the {step.kind}, so it can't use "
                                           f"`{slot}`: say it in the next step")


def _refusing(doc: Document, flow: FlowSpec, edges: Edges,
              instant: frozenset[str]) -> Iterator[Finding]:
    """A way back to a question whose answer a call has judged, without refusing that answer."""
    if not any(entry.if_ is not None and entry.step in flow.steps
               and flow.steps[entry.step].slot for step in flow.steps.values()
               for entry in step.goto):
        return
    automatic = {name: _automatic(flow, step, instant) for name, step in flow.steps.items()}
    back = _backwards(edges)
    for name, step in flow.steps.items():
        if step.kind != "call":
            continue
        before = _from([name], back)
        used = {used for part in of_step(doc, name, step) if part.path[2] == "with"
                for used in part.examined.names}
        direct = {other: set() if other != name and flow.steps[other].kind else targets
                  for other, targets in automatic.items()}
        for other in _from([name], direct):
            here = flow.steps[other]
            if other != name and here.kind:
                continue
            for number, entry in enumerate(here.goto):
                asked = flow.steps.get(entry.step or "")
                if (asked is not None and entry.if_ is not None and asked.slot in used
                        and entry.step in before):
                    path: Path = ("steps", other, "goto", number)
                    yield doc.warning(path, f"the answer to `{entry.step}` is kept and no attempt "
                                            f"is lost: did you mean {{refuse: {entry.step}}}?")


def _changing(doc: Document, flow: FlowSpec, edges: Edges,
              options: CheckOptions) -> Iterator[Finding]:
    """Calls that change something, before the customer has agreed or where Edit repeats them."""
    first = next(iter(flow.steps))
    asking = {name for name, step in flow.steps.items() if step.kind == "review" or (
        step.ask is not None and step.ask in flow.slots
        and flow.slots[step.ask].type == "yes_no") or (
        step.kind == "choices" and step.save is None)}
    open_edges = {name: set() if name in asking else targets for name, targets in edges.items()}
    unconfirmed = _from([first], open_edges)
    back = _backwards(edges)
    for name, step in flow.steps.items():
        if step.call not in options.changing or step.call is None:
            continue
        path: Path = ("steps", name, "call")
        if name in unconfirmed:
            yield doc.warning(path, f"`{step.call}` changes something and the customer was not "
                                    "asked to confirm: put a `review` before it")
        before = _from([name], back)
        for other in _from([name], edges) - {name}:
            again = [slot for slot in flow.steps[other].review or () if any(
                flow.steps[one].slot == slot for one in before)]
            if again and name in unconfirmed:
                yield doc.warning(path, f"`{step.call}` changes something between the question for "
                                        f"`{again[0]}` and its review `{other}`: editing the "
                                        "answer does it again")
