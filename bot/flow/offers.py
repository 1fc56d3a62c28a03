"""What is offered outside a flow's own questions: the menu, "did you mean", a switch, languages.

Such a button does not belong to a visit: it works whenever it is tapped. Until the next message
the same may be typed. An action is a word and what it is about, parted by a colon:

    flow:returns  answer:shop/opening_hours   start it, give it
    pick:menu:order                           a choice of a command
    switch:returns  do:stay                   leave the waiting flow for another, or not
    lang:zh                                   speak this language
    resume:12  leave:12                       go on with the run that was interrupted, or not
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bot.flow import choices, refs
from bot.flow.language.choose import ChoiceLabels, Chosen, Several, choose
from bot.flow.language.yes_no import yes_no
from bot.flow.spec import Command, Next

if TYPE_CHECKING:
    from bot.flow.flows import Flows
    from bot.flow.turn import Turn

_NOTHING: Mapping[str, Any] = {}
#: Rows that can be offered at once.
_MOST = 10


def show(turn: Turn, offered: list[tuple[str, str, str]], button: str = "") -> None:
    """Offer these: (action, title, description)."""
    offered = offered[:_MOST]
    if not offered:
        return
    choices.offer(turn, [(refs.offer(action), title, description)
                         for action, title, description in offered], button)
    turn.state["offer"] = [action for action, _, _ in offered]


def choices_of(turn: Turn, name: str, command: Command) -> None:
    """The choices of a command, e.g. the menu."""
    rows = []
    for choice in command.choices:
        if choice.if_ is None or turn.truth(choice.if_):
            description = turn.text(choice.description) if choice.description else ""
            rows.append((f"pick:{name}:{choice.id}", turn.text(choice.label), description))
    show(turn, rows, turn.text(command.button) if command.button else "")


def flows(turn: Turn) -> None:
    """Every flow that a customer can start."""
    items(turn, [f"flow:{name}" for name, version in turn.flows.current.items()
                 if version.spec.triggers.keywords or version.spec.triggers.examples])


def items(turn: Turn, names: Iterable[str]) -> None:
    """Flows and answers by their titles."""
    show(turn, [(name, turn.flows.title(name, turn.language), "") for name in names])


def languages(turn: Turn) -> None:
    """Every language that is spoken here, each by its own name."""
    names = turn.flows.texts["language_name"]
    show(turn, [(f"lang:{language}", names.get(language, language), "")
                for language in turn.flows.languages])


def find(turn: Turn, offered: list[str], text: str) -> Chosen | Several | None:
    """Which of what was offered with the last message was typed."""
    found = choose(text, typed(turn.flows, offered))
    if found is not None:
        return found
    answer = yes_no(text, turn.language, turn.flows.options.default_language)
    words = {True: ("switch", "resume"), False: ("do", "leave"), None: ()}[answer]
    meant = [action for action in offered if action.partition(":")[0] in words]
    return Chosen(meant[0], "label") if len(meant) == 1 else None


def typed(known: Flows, actions: Iterable[str]) -> list[ChoiceLabels]:
    """What may be typed for each action that was offered with the last message."""
    return [ChoiceLabels(action, labels) for action in actions
            if (labels := tuple(_labels(known, action)))]


def _labels(flows: Flows, action: str) -> Iterable[str]:
    word, _, about = action.partition(":")
    if word == "flow" and about in flows.current:
        yield from flows.current[about].spec.title.values()
    elif word == "answer" and about in flows.answers:
        for language in flows.languages:
            yield flows.title(action, language)
    elif word == "pick":
        choice = picked(flows, about)
        if choice is not None:
            yield from choice.label.values()
            for phrases in choice.also.values():
                yield from phrases
    elif word == "switch":
        yield from flows.texts["switch_yes"].values()
        yield from flows.words["yes"]
    elif word == "do":
        yield from flows.texts["switch_no"].values()
        yield from flows.words["no"]
    elif word == "lang":
        yield about
        yield flows.texts["language_name"].get(about, about)
    elif word == "resume":
        yield from flows.texts["go_on"].values()
        yield from flows.words["yes"]
    elif word == "leave":
        yield from flows.texts["leave"].values()
        yield from flows.words["no"]


def picked(flows: Flows, about: str) -> Any:
    """The choice of a command that `menu:order` names, if it is still there."""
    name, _, choice_id = about.partition(":")
    command = flows.commands.get(name)
    for choice in command.choices if command is not None else ():
        if choice.id == choice_id:
            return choice
    return None


def way(turn: Turn, entries: tuple[Next, ...]) -> Next | None:
    """The entry of a command's `goto` that holds."""
    for entry in entries:
        if entry.if_ is None or turn.truth(entry.if_):
            return entry
    return None
