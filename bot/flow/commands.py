"""What each command does. Which one is meant, `bot.flow.language.commands` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.flow import contact_language, offers, review, stack, starts, tickets
from bot.flow.language.choose import ChoiceLabels, Chosen, choose
from bot.flow.language.commands import Said
from bot.flow.sends import send
from bot.flow.spec import Command

if TYPE_CHECKING:
    from bot.flow.turn import Turn


MENU = "menu"


def obey(turn: Turn, said: Said) -> None:
    """Do what the command says."""
    command = turn.flows.commands[said.item]
    # "hi" and "menu" are said in every language: they tell something of a stranger only.
    if command.does != "language" and (
            turn.snapshot.contact.language is None or not said.phrase.isascii()):
        contact_language.from_phrase(turn, said.language, command.keywords, said.phrase)
    if command.does is None:
        give(turn, said.item, command)
    else:
        _DOES[command.does](turn, command, said)


def give(turn: Turn, name: str, command: Command) -> None:
    """A command that only says something: like an answers item, the open question after it."""
    turn.say(command.say)
    send(turn, command.send)
    entry = offers.way(turn, command.goto) if command.goto else None
    if entry is not None and entry.flow is not None:
        starts.switch(turn, entry.flow, turn.value(entry.with_))
        return
    if command.choices:
        offers.choices_of(turn, name, command)
    elif name == MENU:
        offers.flows(turn)
    turn.repeat()


def menu(turn: Turn, *, instead: str | None = None) -> None:
    """The menu; `instead` of its own words those of this text."""
    command = turn.flows.commands.get(MENU)
    if instead is not None:
        turn.tell(instead)
    elif command is not None:
        turn.say(command.say)
    if command is not None and command.choices:
        offers.choices_of(turn, MENU, command)
    else:
        offers.flows(turn)  # the shipped menu holds no flow of this business


def _handoff(turn: Turn, command: Command, said: Said) -> None:
    turn.say(command.say)
    title = turn.flows.current.get(turn.run["flow"]) if turn.runs else None
    note = ""
    if title is not None:
        note = turn.flows.title(f"flow:{title.flow}", turn.flows.options.default_language)
    tickets.hand_over(turn, command.queue, reason="command", note=note, said=bool(command.say))


def _cancel(turn: Turn, command: Command, said: Said) -> None:
    cancel(turn, command)


def cancel(turn: Turn, command: Command | None) -> None:
    """Stop the flow that waits; a review may say where else to go."""
    node = turn.node
    if node is None and (resting := stack.latest(turn)) is not None:
        stack.leave(turn, resting)
    elif node is None:
        turn.tell("nothing_to_cancel")
        menu(turn)
        return
    elif node.kind == "review" and node.step.on_cancel is not None:
        turn.next = "cancelled"
        return
    if command is not None:
        turn.say(command.say)
    turn.drop_runs("cancelled")


def _back(turn: Turn, command: Command, said: Said) -> None:
    turn.say(command.say)
    index = review.previous(turn) if turn.runs else None
    if not turn.runs:
        menu(turn)
    elif index is None:
        turn.tell("no_way_back")
        turn.repeat()
    elif review.behind_a_change(turn, index):
        turn.tell("done_already")
        turn.repeat()
    else:
        review.go_back(turn, index)


def _repeat(turn: Turn, command: Command, said: Said) -> None:
    turn.say(command.say)
    if turn.waits is None:
        menu(turn)
    turn.repeat()


def means(turn: Turn, said: Said) -> bool:
    """Whether the command can be meant here: "change my appointment" is no slot of this flow."""
    if turn.flows.commands[said.item].does != "change" or not said.rest:
        return True
    return turn.waits is not None and _slot_named(turn, said.rest) is not None


def _change(turn: Turn, command: Command, said: Said) -> None:
    turn.say(command.say)
    node = turn.waits
    if node is not None and node.kind == "review" and not said.rest:
        review.pick(turn, node, review.EDIT)
        return
    slot = _slot_named(turn, said.rest)
    if slot is not None:
        review.aim(turn, slot)
        asked = turn.target < len(turn.run["questions"])
        if asked and not review.behind_a_change(turn, turn.target):
            review.edit(turn, slot)
            return
    turn.tell("change_what")
    if node is None:
        menu(turn)
    turn.repeat()


def _slot_named(turn: Turn, words: str) -> str | None:
    found = choose(words, _slots(turn)) if turn.runs and words else None
    return found.id if isinstance(found, Chosen) else None


def _slots(turn: Turn) -> list[ChoiceLabels]:
    """The slots that a question of this flow fills, by their labels."""
    return [ChoiceLabels(name, review.labels(turn, name)) for name in turn.version.fillers
            if turn.version.slots[name].label is not None]


def stop(turn: Turn, command: Command) -> None:
    """No more messages: one confirmation, and everything that waited is over."""
    turn.say(command.say)
    turn.changes["opted_out"] = True
    turn.state.pop("pending", None)
    turn.state.pop("kept", None)
    turn.drop_runs("cancelled")
    stack.clear(turn)


def _stop(turn: Turn, command: Command, said: Said) -> None:
    stop(turn, command)


def _start(turn: Turn, command: Command, said: Said) -> None:
    turn.say(command.say)
    if turn.snapshot.contact.opted_out:
        turn.changes["opted_out"] = False
    if turn.owner == "bot":
        menu(turn)
        turn.repeat()


def _language(turn: Turn, command: Command, said: Said) -> None:
    if command.to is None:
        turn.say(command.say)
        turn.tell("which_language")
        offers.languages(turn)
        return
    speak(turn, command.to, command)


def speak(turn: Turn, language: str, command: Command | None = None) -> None:
    """From now on in this language, the open question included."""
    turn.set_language(language, "chosen")
    if command is None:
        command = next((one for one in turn.flows.commands.values()
                        if one.does == "language" and one.to == language), None)
    if command is not None:
        turn.say(command.say)
    if turn.waits is None and not turn.out:
        menu(turn)
    turn.repeat()


_DOES: dict[str, Callable[[Turn, Command, Said], None]] = {
    "handoff": _handoff, "cancel": _cancel, "back": _back, "repeat": _repeat, "change": _change,
    "stop": _stop, "start": _start, "language": _language,
}
