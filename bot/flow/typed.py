"""What may be typed for the buttons and rows of the question that waits."""

from __future__ import annotations

from bot.flow import choices, review, steps, taps
from bot.flow.language.choose import ChoiceLabels
from bot.flow.machine import Node
from bot.flow.messages import ROWS
from bot.flow.turn import Turn


def labels(turn: Turn, node: Node | None) -> tuple[ChoiceLabels, ...] | list[ChoiceLabels]:
    """All that may be typed to choose one of what the waiting step offers."""
    if node is None:
        return ()
    kept = turn.run.get("x", {})
    if node.kind == "choices":
        known = choices.labels(turn, node)
        if len(known) > ROWS:
            return [*known, *turn.flows.labels((choices.MORE,))]
        return list(known)
    if node.kind == "review":
        if "e" in kept:
            return [ChoiceLabels(f"@{name}", slot_labels(turn, name))
                    for name in review.editable(turn, node)]
        return turn.flows.labels((review.CONFIRM, review.EDIT, review.CANCEL))
    if "b" in kept:
        return turn.flows.labels((steps.YES, steps.CHANGE))
    return ()


def slot_labels(turn: Turn, name: str) -> tuple[str, ...]:
    slot = turn.version.slots[name]
    also = [word for words in slot.also.values() for word in words]
    return (*(slot.label or {"": review.label(turn, name)}).values(), *also)


def chosen(turn: Turn, choice: str) -> None:
    turn.rule, turn.item = "answer", choice
    node = turn.waits
    assert node is not None
    if node.kind == "choices" and choice == choices.MORE:
        choices.more(turn, node)
    elif node.kind == "choices":
        choices.choose(turn, node, choice)
    else:
        taps.pick(turn, node, choice)
