"""Review, Edit and back: going to a question again and running forward from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flow import choices, slots
from bot.flow.expressions.values import is_media
from bot.flow.messages import Text

if TYPE_CHECKING:
    from bot.flow.machine import Node
    from bot.flow.turn import Turn

CONFIRM, EDIT, CANCEL = "confirm", "edit", "cancel"
_MEDIA = frozenset({"image", "audio", "video", "document"})


def show(turn: Turn, node: Node) -> None:
    """The summary with Confirm, Edit and Cancel."""
    if not node.step.say:
        turn.tell("review")
    lines = [turn.system("review_line", label=label, value=value)
             for label, value in summary(turn, node.step.review or ())]
    if lines:
        turn.out.append(Text("\n".join(lines)))
    buttons = [(CONFIRM, turn.system(CONFIRM))]
    if editable(turn, node):
        buttons.append((EDIT, turn.system(EDIT)))
    buttons.append((CANCEL, turn.system(CANCEL)))
    choices.buttons(turn, buttons)


def summary(turn: Turn, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(label, value as people write it) of every slot that has a value."""
    lines = []
    for name in names:
        value = turn.slots.get(name)
        if value is None:
            continue
        lines.append((label(turn, name), shown(turn, name, value)))
    return lines


def shown(turn: Turn, name: str, value: object) -> str:
    """What a slot holds, as people write it."""
    slot = turn.version.slots[name]
    if slot.type in _MEDIA or is_media(value):
        return turn.system("received")
    row = _row(turn, name, value) if slot.type == "object" else ""
    return row or slots.show(value, slot, turn.scope())


def _row(turn: Turn, slot: str, value: object) -> str:
    """A row as the list showed it from which it was chosen; "" of what no list gave."""
    if slot not in turn.version.fillers:
        return ""
    aim(turn, slot)
    node = turn.version.nodes[filler(turn, slot)]
    if isinstance(value, dict) and value.keys() == {"id"} and value["id"] in node.by_id:
        return turn.text(node.by_id[value["id"]].label)
    source = node.step.choices_from
    return turn.text(source.label, {"item": value}).strip() if source is not None else ""


def label(turn: Turn, slot: str) -> str:
    """What a slot is called in the contact's language."""
    texts = turn.version.slots[slot].label
    return turn.text(texts) if texts else slot.replace("_", " ").capitalize()


def labels(turn: Turn, slot: str) -> tuple[str, ...]:
    """Everything that a slot is called, in every language."""
    spec = turn.version.slots[slot]
    also = [word for words in spec.also.values() for word in words]
    return (*(spec.label or {"": label(turn, slot)}).values(), *also)


def editable(turn: Turn, node: Node) -> list[str]:
    """The slots of the review that a question of this flow has filled or tried to."""
    asked = turn.version.fillers
    passed = {turn.version.nodes[entry[0]].slot for entry in turn.run["questions"]
              if entry[0] in turn.version.nodes}
    return [name for name in node.step.review or ()
            if name in asked and (name in turn.slots or name in passed)]


def show_edit(turn: Turn, node: Node) -> None:
    """Which of them shall be asked anew?"""
    names = editable(turn, node)
    turn.tell("edit_which")
    choices.menu(turn, [(f"@{name}", label(turn, name), "") for name in names])


def pick(turn: Turn, node: Node, choice: str) -> None:
    """What was tapped or typed at a review, but Cancel, which is the command."""
    if choice == CONFIRM:
        turn.next = "confirmed"
    elif choice == EDIT:
        names = editable(turn, node)
        if len(names) == 1:
            edit(turn, names[0])
        else:
            turn.run["held"] = {"editing": True}
            show_edit(turn, node)
    elif choice.startswith("@"):
        edit(turn, choice[1:])


def edit(turn: Turn, slot: str) -> bool:
    """Ask a slot anew at the step that last filled it; False where no step asks it."""
    if slot not in turn.version.fillers:
        return False
    aim(turn, slot)
    turn.next = turn.version.edit_event(slot, turn.step)
    return True


def aim(turn: Turn, slot: str) -> None:
    """Find the question that last filled the slot: its place in the journal of the run."""
    journal, fillers = turn.run["questions"], turn.version.fillers.get(slot, ())
    turn.target = len(journal)
    for index in range(len(journal) - 1, -1, -1):
        if journal[index][0] in fillers:
            turn.target = index
            break


def filler(turn: Turn, slot: str) -> str:
    """The step that last filled the slot in this run, else the first that may."""
    journal = turn.run["questions"]
    if turn.target < len(journal) and journal[turn.target][0] in turn.version.fillers[slot]:
        return str(journal[turn.target][0])
    return turn.version.fillers[slot][0]


def find_step(turn: Turn, step: str) -> int | None:
    """Where the last question of this step stands in the run's journal."""
    journal = turn.run["questions"]
    for index in range(len(journal) - 1, -1, -1):
        if journal[index][0] == step:
            return index
    return None


def previous(turn: Turn) -> int | None:
    """The question that was answered last in this run."""
    journal = turn.run["questions"]
    for index in range(len(journal) - 1, -1, -1):
        entry = journal[index]
        if len(entry) > 3 and entry[3] is not None and entry[0] in turn.version.nodes:
            return index
    return None


def behind_a_change(turn: Turn, index: int) -> bool:
    """Whether a call that changed something was made since that question."""
    return index < int(turn.run.get("sealed", 0))


def go_back(turn: Turn, index: int) -> None:
    """Ask the question at this place of the journal again."""
    turn.target = index
    turn.next = turn.version.back_event(turn.run["questions"][index][0], turn.step)


def rewind(turn: Turn, index: int, *, refused: bool = False) -> None:
    """Slots as they were when the question was asked; later answers are kept for the way back.

    The answer that is asked for anew is put by: it counts again if the customer goes further
    back without answering. A refused one never does.
    """
    run = turn.run
    journal = run["questions"]
    kept = dict(run.get("kept", {}))
    aside = dict(run.get("aside", {}))
    for entry in reversed(journal[index:]):
        for slot, before in entry[2].items():
            if before is None:
                turn.slots.pop(slot, None)
            else:
                turn.slots[slot] = before
    for entry in journal[index + 1:]:
        answer = entry[3] if len(entry) > 3 else aside.pop(entry[0], None)
        if answer is not None:
            kept[entry[0]] = answer
    if index < len(journal):
        step, _, _, *answers = journal[index]
        kept.pop(step, None)
        if answers and answers[0] is not None and not refused:
            aside[step] = answers[0]
    run["kept"], run["aside"] = kept, aside
    del journal[index:]
    if journal:  # what is put into slots from here on belongs to this one
        step, visit, undo, *answer = journal[-1]
        journal[-1] = [step, visit, dict(undo), *answer]
    if run.get("sealed", 0) > len(journal):
        run["sealed"] = len(journal)
