"""When two conversations stand at the same place: what may happen next is the same for both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from bot.flow.machine import Node
from bot.model import BOT, Json
from bot.scripts.explore.shape import Shape, found
from bot.scripts.explore.shapes import Shapes
from bot.testing import Chat

#: Lists longer than one page are all alike, where no condition asks for their length.
_PAGE: Final = 11
#: Where nobody says how many there may be, the third is told more than those before.
_REFUSALS: Final = 3
_HELD: Final = ("editing", "page", "gathered", "understood", "awaits", "outside")


def node(chat: Chat) -> Node | None:
    """The step at which the conversation stands."""
    runs = chat.state.get("runs")
    if not runs:
        return None
    run = runs[-1]
    return chat.flows.version(run["flow"], run["version"]).nodes.get(run["step"])


def waits(chat: Chat) -> Node | None:
    """The step that waits for the customer, if one does."""
    here = node(chat)
    if here is None or not here.waits or chat.owner != BOT or "rests" in chat.state["runs"][-1]:
        return None
    return here


def place(chat: Chat) -> tuple[Hashable, ...]:
    """The steps on the stack, and who has the word there."""
    runs = chat.state.get("runs", ())
    held = runs[-1].get("held", {}) if runs else {}
    return (chat.contact.language, chat.owner, chat.calling[0].operation if chat.calling else "",
            tuple((run["flow"], run["step"]) for run in runs),
            tuple(name for name in _HELD if name in held), _refused(chat, runs))


def _refused(chat: Chat, runs: Any) -> tuple[Hashable, ...]:
    if not runs:
        return ()
    run = runs[-1]
    attempts = {name: step.attempts for name, step in chat.flows.version(
        run["flow"], run["version"]).spec.steps.items()}
    return tuple(sorted((step, min(count, attempts[step] or _REFUSALS))
                        for step, count in run["refused"].items()
                        if step == run["step"] or attempts.get(step)))


def key(chat: Chat, shapes: Shapes) -> tuple[Hashable, ...]:
    """Equal for conversations in which the same may happen next."""
    state = chat.state
    return (
        place(chat), tuple(_run(run, shapes) for run in state.get("runs", ())),
        "timed_out" in state, state.get("reminders", 0), bool(chat.parked),
        shapes.hours and tuple(chat.flows.queue_hours(queue, chat.now)[0]
                               for queue in chat.flows.options.queues),
        chat.contact.phone is None, chat.contact.tags,
        tuple(sorted((name, repr(value)) for name, value in chat.contact.fields.items())))


def _run(run: Json, shapes: Shapes) -> Hashable:
    known = shapes.slots.get(run["flow"], {})
    return (run["flow"], tuple(sorted(
        (name, seen_as(value, known.get(name))) for name, value in run["slots"].items())),
        tuple(sorted(run.get("kept", ()))))


def seen_as(value: Any, shape: Shape | None) -> Hashable:
    """What of a value conditions turn on."""
    if value is None or shape is None:
        return value is not None
    shape = found(shape)
    if isinstance(value, list):
        exact = len(value) if shape.lengths else min(len(value), 3 if len(value) < _PAGE
                                                     else _PAGE)
        rows = {repr(seen_as(row, shape.item)) for row in value[:40]}
        return (exact, tuple(sorted(rows)))
    if isinstance(value, Mapping) and shape.fields:
        return tuple((name, seen_as(value.get(name), inner))
                     for name, inner in sorted(shape.fields.items()))
    if not shape.exact:
        return bool(value) if "truth" in shape.kinds else True
    if isinstance(value, Mapping):
        return repr(value.get("id", value.get("iso", sorted(value))))
    return repr(value)
