"""The question that waits: what may be typed for its buttons and rows, and what taking one does."""

from __future__ import annotations

from bot.flow import choices, commands, review, steps
from bot.flow.language.choose import ChoiceLabels
from bot.flow.machine import Node
from bot.flow.messages import ROWS
from bot.flow.turn import Turn


def labels(turn: Turn, node: Node | None) -> tuple[ChoiceLabels, ...] | list[ChoiceLabels]:
    """All that may be typed to choose one of what the waiting step offers."""
    if node is None:
        return ()
    kept = turn.run.get("held", {})
    if node.kind == "choices":
        known = choices.labels(turn, node)
        if len(known) > ROWS:
            return [*known, *turn.flows.labels((choices.MORE,))]
        return list(known)
    if node.kind == "review":
        if "editing" in kept:
            return [ChoiceLabels(f"@{name}", review.labels(turn, name))
                    for name in review.editable(turn, node)]
        return turn.flows.labels((review.CONFIRM, review.EDIT, review.CANCEL))
    if "understood" in kept:
        return turn.flows.labels((steps.YES, steps.CHANGE))
    return ()


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
