"""The question that waits: what may be typed for its buttons and rows, and what taking one does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.clock import local
from bot.flow import choices, commands, dates, review, steps
from bot.flow.language import choose as choosing
from bot.flow.language.choose import ChoiceLabels, Chosen, Several
from bot.flow.language.yes_no import yes_no
from bot.flow.machine import Node
from bot.flow.messages import ROWS
from bot.flow.turn import Turn

#: In longer lists a time is looked for by its digits only.
_MOST_TIMES: Final = 60

def _labels(turn: Turn, node: Node) -> Sequence[ChoiceLabels]:
    """All that may be typed for the buttons of a question that is no list of choices."""
    kept = turn.run.get("held", {})
    if node.kind == "review":
        if "editing" in kept:
            return [ChoiceLabels(f"@{name}", review.labels(turn, name))
                    for name in review.editable(turn, node)]
        return turn.flows.labels((review.CONFIRM, review.EDIT, review.CANCEL))
    if "understood" in kept:
        return turn.flows.labels((steps.YES, steps.CHANGE))
    return ()


def find(turn: Turn, node: Node, text: str) -> Chosen | Several | None:
    """Which of what it offers was typed.

    What can't be undone takes a plain yes: a word within a sentence confirms and cancels nothing.
    """
    if node.kind == "choices":
        return _row(turn, node, text)
    offered = _labels(turn, node)
    found = choosing.choose(text, offered)
    if not offered or "editing" in turn.run.get("held", {}) or (
            isinstance(found, Chosen) and found.how == "label"):
        return found
    meaning = {True: offered[0].id, False: offered[1].id}
    answer = yes_no(text, turn.language, turn.flows.options.default_language)
    if answer is not None:
        return Chosen(meaning[answer], "label")
    if isinstance(found, Chosen):
        if found.how == "position":  # these buttons have no numbers: "3" is rather a correction
            return None
        choice = next(one for one in offered if one.id == found.id)
        if found.id in (review.CONFIRM, review.CANCEL, steps.YES) and not choosing.outright(
                text, choice):
            return None
    return found


def _row(turn: Turn, node: Node, text: str) -> Chosen | Several | None:
    """The row that was typed. Where only those are shown that an answer fitted, "2" is of them."""
    known = choices.labels(turn, node)
    left = turn.run.get("held", {}).get("left")
    shown = known if left is None else [choice for choice in known if choice.id in left]
    found = choosing.choose(text, shown)
    if found is None and left is not None:
        found = _worded(choosing.choose(text, known))
    if found is None and len(known) > ROWS:
        more = _worded(choosing.choose(text, [*shown, *turn.flows.labels((choices.MORE,))]))
        found = more if isinstance(more, Chosen) and more.id == choices.MORE else None
    sure = isinstance(found, Chosen) and (
        found.how in ("label", "position") or not any(map(str.isdigit, text)))
    return found if sure else _by_time(turn, node, shown, text) or found


def _worded(found: Chosen | Several | None) -> Chosen | Several | None:
    """The same, unless it was found by its place in the list."""
    return None if isinstance(found, Chosen) and found.how == "position" else found


def _by_time(turn: Turn, node: Node, offered: Sequence[ChoiceLabels],
             text: str) -> Chosen | Several | None:
    """Rows that are times or days, however the same one is said: 15:00 for 3:00 PM."""
    now = local(turn.now, turn.zone)
    said = dates.read(text, turn.language, now)
    if said is None or said.part is not None or len(offered) > _MOST_TIMES or (
            said.days and node.step.otherwise is not None):
        return None
    ids = [choice.id for choice in offered if any(
        shown is not None and (not said.days or set(said.days) & set(shown.days))
        and (not said.clocks or set(said.clocks) & set(shown.clocks))
        for shown in (dates.read(label, turn.language, now) for label in choice.labels))]
    if len(ids) == 1:
        return Chosen(ids[0], "words")
    return Several(tuple(ids)) if 1 < len(ids) < len(offered) else None


def put_right(turn: Turn, text: str) -> str:
    """What is to stand instead of what was understood: "no, Friday" is Friday."""
    said, comma, instead = text.replace("，", ",").partition(",")
    wrong = "understood" in turn.run.get("held", {}) and comma and yes_no(
        said, turn.language, turn.flows.options.default_language) is False
    return instead.strip() if wrong and instead.strip() else text


def choose(turn: Turn, choice: str) -> None:
    """Something that it offers was typed: the id that `labels` gave for it."""
    turn.rule, turn.item = "answer", choice
    node = turn.waits
    assert node is not None
    if node.kind == "choices" and choice == choices.MORE:
        choices.more(turn, node)
    elif node.kind == "choices":
        choices.choose(turn, node, choice)
    else:
        tap(turn, node, choice)


def tap(turn: Turn, node: Node, choice: str) -> bool:
    """A choice of the waiting question, by the id that its button carries."""
    if node.kind == "choices":
        if choices.is_more(choice):
            choices.more(turn, node, choice)
            return True
        id_ = choices.by_token(turn, node, choice)
        if id_ is None:
            return False
        choices.choose(turn, node, id_)
    elif node.kind == "review":
        if choice == review.CANCEL:
            found = turn.flows.doing("cancel")
            commands.cancel(turn, found[1] if found else None)
        else:
            review.pick(turn, node, choice)
    else:
        steps.tapped(turn, node, choice)
    return True
