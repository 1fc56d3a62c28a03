"""Entering a step, repeating its question, and taking the answer to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.flow import choices, registered, review, slots, tickets, waiting
from bot.flow.messages import Part, Text
from bot.flow.sends import send
from bot.flow.spec import SLOT_TYPES
from bot.flow.state import weighs_more
from bot.flow.turn import HEAVIEST, QUESTIONS
from bot.model import CallRequest, Json

if TYPE_CHECKING:
    from bot.flow.machine import Node
    from bot.flow.spec import Next
    from bot.flow.turn import Turn

#: So many refusals in a row, where a step says nothing about attempts, show the way to a person.
PATIENCE = 3
YES, NO, CHANGE = "yes", "no", "change"


def enter(turn: Turn, node: Node) -> None:
    """A new visit: skip, or `set`, `tag`, `say`, `send` and what the step does last."""
    run, step = turn.run, node.step
    turn.entered = True
    run["step"] = node.name
    run["visit"] += 1
    run.pop("held", None)
    refused, turn.refused = turn.refused, None
    editing, turn.editing = turn.editing, False
    given, turn.given = turn.given, None
    if refused is None:
        run["refused"].pop(node.name, None)
    turn.mark_here()
    if step.skip_if is not None and not editing and given is None and _skips(turn, node):
        _skip(turn, node)
        return
    if node.question:
        _open_question(turn, node)
    if step.set:
        turn.assign(step.set)
    if step.tag:
        turn.tag(step.tag)
    if given is not None:
        run["since"] = turn.now
        if not answer(turn, node, given):
            return
    elif node.question and not editing and _kept(turn, node):
        return
    if node.kind == "choices" and not choices.prepare(turn, node):
        turn.next = "empty"  # a question that nothing could answer is not asked
        return
    if refused is not None:
        turn.out += refused
    elif step.say:
        turn.say(step.say, step.outside)
    if step.send:
        send(turn, step.send)
    _ENTER[node.kind](turn, node)
    if node.waits and turn.out:
        registered.stands_in(turn, for_question=True)


def _skips(turn: Turn, node: Node) -> bool:
    if node.step.skip_if != "known":
        return turn.truth(node.step.skip_if or "")
    return node.slot is not None and _is_valid(turn, node, turn.slots.get(node.slot))


def _is_valid(turn: Turn, node: Node, value: Any) -> bool:
    slot = node.slot_spec
    return value is not None and slot is not None and slots.is_valid(slot, value, turn.scope())


def _skip(turn: Turn, node: Node) -> None:
    if node.question:
        _open_question(turn, node)
        turn.run["questions"][-1].append(None)
    turn.next = "skipped"
    if node.kind == "choices" and node.slot is not None:
        kept = turn.slots.get(node.slot)
        turn.choice = str(kept.get("id") if isinstance(kept, dict) else kept)
        turn.next = "chosen"


def _open_question(turn: Turn, node: Node) -> None:
    journal = turn.run["questions"]
    journal.append([node.name, turn.run["visit"], {}])
    while len(journal) > QUESTIONS or (len(journal) > 1 and _grows_heavy(journal)):
        del journal[0]
        if turn.run.get("sealed"):
            turn.run["sealed"] -= 1


def _grows_heavy(journal: list[Any]) -> bool:
    """Whether it should lose its oldest question for what the last one added to it."""
    added = journal[-2]
    if not any(isinstance(value, dict | list) for value in (*added[2].values(), *added[3:])):
        return False  # texts are bounded by their number: only what a call gave can be large
    return weighs_more(journal, HEAVIEST)


def _kept(turn: Turn, node: Node) -> bool:
    """After an Edit: an answer that still fits is taken silently."""
    kept = turn.run.get("kept")
    if not kept or node.name not in kept:
        return False
    answer = kept.pop(node.name)
    if node.kind == "choices":
        if not choices.prepare(turn, node) or choices.place(turn, node, answer) is None:
            turn.run.pop("held", None)
            return False
        turn.silent = True
        choices.choose(turn, node, answer)
        turn.silent = False
        return True
    if not _is_valid(turn, node, answer):
        return False
    take(turn, node, answer)
    return True


def _pass(turn: Turn, node: Node) -> None:
    turn.next = "passed"


def _ask(turn: Turn, node: Node) -> None:
    turn.run["since"] = turn.now
    offer(turn, node)


def _call(turn: Turn, node: Node) -> None:
    step, run = node.step, turn.run
    operation = step.call or ""
    arguments: Json = turn.value(step.with_)
    if operation not in turn.flows.options.reads:
        run["sealed"] = len(run["questions"])
    turn.calls.append(CallRequest(call_key(turn), operation, arguments, step.retries,
                                  step.timeout_ms))


def call_key(turn: Turn) -> str:
    """One key for each visit of a call, whatever is restarted."""
    return f"{turn.snapshot.conversation}.{turn.run['number']}.{turn.run['visit']}"


def _run(turn: Turn, node: Node) -> None:
    assert node.step.run is not None
    turn.begin(node.step.run.flow, turn.value(node.step.run.with_))


def _review(turn: Turn, node: Node) -> None:
    turn.run.pop("kept", None)
    turn.run.pop("aside", None)
    turn.run["since"] = turn.now
    review.show(turn, node)


def _handoff(turn: Turn, node: Node) -> None:
    handoff = node.step.handoff
    assert handoff is not None
    queue = turn.flows.queue_name(handoff.queue or turn.version.spec.queue)
    if handoff.if_closed is not None and not turn.flows.queue_hours(queue, turn.now)[0]:
        turn.next = "closed"
        return
    with turn.in_language_of_staff():
        note = turn.text(handoff.note) if handoff.note else ""
    tickets.hand_over(turn, queue, reason="step", priority=handoff.priority, note=note,
                      return_to=handoff.return_to, said=bool(node.step.say))


_ENTER: dict[str, Callable[[Turn, Node], None]] = {
    "": _pass, "end": _pass, "ask": _ask, "choices": _ask, "call": _call,
    "wait": waiting.begin, "run": _run,
    "review": _review, "handoff": _handoff,
}


def repeat(turn: Turn, node: Node) -> None:
    """Say the open question anew, as it stands."""
    if node.kind == "review":
        turn.run.get("held", {}).pop("editing", None)
        turn.say(node.step.say, node.step.outside)
        review.show(turn, node)
        return
    if node.kind == "ask" and "understood" in turn.run.get("held", {}):
        _read_back(turn, node, turn.run["held"]["understood"])
        return
    turn.say(node.step.say, node.step.outside)
    send(turn, node.step.send)
    offer(turn, node)
    if node.step.outside is not None:
        registered.stands_in(turn, for_question=True)


def offer(turn: Turn, node: Node) -> None:
    """The buttons or the list of a question, if it has any."""
    if node.kind == "choices":
        choices.show(turn, node)
    elif node.kind == "ask" and node.slot_spec is not None and node.slot_spec.type == "yes_no":
        choices.buttons(turn, [(YES, turn.system("yes")), (NO, turn.system("no"))])


def answer(turn: Turn, node: Node, content: Json) -> str:
    """Let an `ask` take what was sent: "" when it is its answer, else why it is refused."""
    assert node.slot_spec is not None
    result = slots.parse(node.slot_spec, content, turn.scope(), turn.now)
    if isinstance(result, slots.Refused):
        return result.reason
    if result.read_back:
        turn.run["held"] = {"understood": result.value}
        _read_back(turn, node, result.value)
    else:
        take(turn, node, result.value)
    return ""


def hand_on(turn: Turn, node: Node, content: Json) -> bool:
    """Let the question that `otherwise` names take what is none of the choices, if it can."""
    other = turn.version.nodes[node.step.otherwise or ""]
    assert other.slot_spec is not None
    if isinstance(slots.parse(other.slot_spec, content, turn.scope(), turn.now), slots.Refused):
        return False
    turn.given = content
    # Answered, so that `back` comes here; never a choice again.
    turn.run["questions"][-1].append("")
    turn.next = "otherwise"
    return True


def _read_back(turn: Turn, node: Node, value: Any) -> None:
    assert node.slot_spec is not None
    shown = slots.show(value, node.slot_spec, turn.scope())
    turn.tell("read_back", value=shown)
    choices.buttons(turn, [(YES, turn.system("yes")), (CHANGE, turn.system("change"))])


def take(turn: Turn, node: Node, value: Any) -> None:
    """This is the answer: keep it and go on."""
    assert node.slot is not None
    turn.put(node.slot, value)
    turn.run["questions"][-1].append(value)
    turn.run.get("aside", {}).pop(node.name, None)
    turn.next = "answered"


def tapped(turn: Turn, node: Node, choice: str) -> None:
    """A button of a question that is no `choices`: yes, no, or change."""
    pending = turn.run.get("held", {})
    asks_yes_no = node.slot_spec is not None and node.slot_spec.type == "yes_no"
    if "understood" in pending and choice == YES:
        take(turn, node, pending["understood"])
    elif asks_yes_no and choice in (YES, NO):
        take(turn, node, choice == YES)
    else:
        pending.pop("understood", None)
        turn.next = "repeated"


def refuse(turn: Turn, node: Node, reason: str) -> None:
    """One attempt less: the text for this reason, and what it needs to try again."""
    run = turn.run
    run.get("held", {}).pop("understood", None)
    used = run["refused"][node.name] = run["refused"].get(node.name, 0) + 1
    if (node.step.attempts is not None and used >= node.step.attempts
            and node.step.on_give_up is not None):
        turn.next = "gave_up"
        return
    complain(turn, node, reason)
    if node.step.attempts is None and used >= PATIENCE:
        turn.tell("way_out", agent=turn.flows.agent_word(turn.language))
    _again(turn, node, reason)


def complain(turn: Turn, node: Node, reason: str) -> None:
    """Say why an answer is refused, in the step's own words where it has any."""
    own = node.step.errors.get(reason)
    if own is not None:
        turn.out.append(Text(turn.text(own)))
        return
    kind = node.slot_spec.type if node.slot_spec is not None else "text"
    if reason == "type" and kind not in SLOT_TYPES:
        known = turn.flows.options.own.types.get(kind)
        if known is not None and known.error:
            turn.out.append(Text(turn.pick(dict(known.error))))
            return
        reason = "check"
    turn.tell(f"error_{kind}" if reason == "type" else f"error_{reason}")


def _again(turn: Turn, node: Node, reason: str) -> None:
    if reason not in node.step.errors and node.kind == "ask":
        turn.say(node.step.say)
    offer(turn, node)


def refuse_afterwards(turn: Turn, entry: Next, node: Node) -> None:
    """A `goto` refuses the answer to `node`: it is taken back and the step entered anew."""
    parts = _refusal(turn, entry, node)
    used = turn.run["refused"].get(node.name, 0) + 1
    if node.step.attempts is None and used >= PATIENCE:
        parts.append(Text(turn.system("way_out", agent=turn.flows.agent_word(turn.language))))
    turn.run["refused"][node.name] = used
    _take_back(turn, node)
    turn.editing = True
    turn.refused = parts


def give_up_afterwards(turn: Turn, entry: Next, node: Node) -> None:
    """The same where that was the last attempt: the flow goes on at `on_give_up`."""
    turn.out += _refusal(turn, entry, node)
    _take_back(turn, node)


def _refusal(turn: Turn, entry: Next, node: Node) -> list[Part]:
    # What was last written may be something else by now: a yes, an answer to another question.
    value = turn.slots.get(node.slot) if node.slot is not None else None
    extra = {"answer": review.shown(turn, node.slot, value)
             if node.slot is not None and value is not None else turn.answer}
    if entry.say:
        joins = len(entry.say) == 1
        return [Text(turn.text(texts, extra), joins) for texts in entry.say]
    own = node.step.errors.get("check")
    return [Text(turn.text(own, extra) if own else turn.system("error_check", **extra))]


def _take_back(turn: Turn, node: Node) -> None:
    index = review.find_step(turn, node.name)
    if index is not None:
        review.rewind(turn, index, refused=True)
    if node.slot is not None and node.slot in turn.slots:
        turn.put(node.slot, None)
