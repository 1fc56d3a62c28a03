"""What can be said or happen where a conversation stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.clock import MINUTE
from bot.flow.machine import Node
from bot.flow.spec import Step
from bot.model import BOT, Json
from bot.scripts.explore import standing
from bot.scripts.explore.made_up import Maker
from bot.scripts.explore.samples import Samples, sent
from bot.scripts.explore.shape import Shape, found, part, value_at
from bot.scripts.explore.shapes import Shapes
from bot.scripts.recording import pause
from bot.testing import Chat

#: A word that is no answer to anything, as customers write them.
NONSENSE: Final = "qwrtz plmk"
_UNDELIVERED: Final = 131026
#: Rows made from data are as good as each other: so many of them are taken.
_ROWS: Final = 3
#: What is typed beside a list may be taken for one of its rows.
_TYPED = 4
_ERRORS: Final = (400, 409, 503, "timeout", "invalid")


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is said or happens. `kind`: answers | confirms | refused | call | clock |
    event | agent | command | beside."""

    kind: str
    told: str
    do: Callable[[Chat], None]


class Moves:
    """`given`: what scripts say that operations give; `missing`: those that may give none."""

    def __init__(self, shapes: Shapes, maker: Maker, samples: Samples,
                 given: Mapping[str, Sequence[Any]], missing: frozenset[str]) -> None:
        self._shapes = shapes
        self._maker = maker
        self._samples = samples
        self._given = given
        self._missing = missing
        self._results: dict[tuple[str, ...], list[Any]] = {}
        self._thorough = False

    def turn_two(self) -> None:
        """From now on conditions are turned two at a time."""
        self._thorough = True
        self._results.clear()

    def main(self, chat: Chat) -> Iterator[Move]:
        """What leads on."""
        if chat.calling:
            yield from self._called(chat)
            return
        if chat.owner != BOT:
            yield Move("agent", "agent     gives the conversation back", _returns)
            yield Move("agent", "agent     closes the ticket", _closes)
            return
        here = standing.waits(chat)
        if here is None:
            return
        held = chat.state["runs"][-1].get("held", {})
        if chat.next_at is not None and ("gathered" in held or here.kind == "wait"):
            yield _later(chat, "clock" if here.kind == "wait" else "answers")
        if "understood" in held:
            yield from (_tap(chat, one, "confirms") for one in ("yes", "change"))
        elif here.kind == "wait":
            yield from self._happening(chat, here.step)
        elif here.kind == "ask":
            yield from self._asked(chat, here)
        else:
            yield from _offered(chat, here)
            if here.step.otherwise is not None:
                other = chat.flows.version(chat.state["runs"][-1]["flow"], chat.state["runs"][-1][
                    "version"]).nodes[here.step.otherwise]
                yield from self._asked(chat, other, _TYPED)

    def beside(self, chat: Chat) -> Iterator[Move]:
        """What happens all the same: refused answers, pictures, clocks, commands."""
        here = standing.waits(chat)
        if here is None:
            return
        if here.kind != "wait":
            for content in self._samples.refused(chat, here) if here.kind == "ask" else ():
                yield _says(content, "refused")
            if here.kind != "ask" or (here.slot_spec and here.slot_spec.type == "yes_no"):
                yield _says({"type": "text", "text": NONSENSE}, "refused")
        yield Move("beside", "customer  (sends a sticker)", lambda chat: chat.sends(
            {"type": "sticker", "media": {"id": "s1", "mime_type": "image/webp"}}))
        if here.step.on_media is not None:
            yield Move("answers", "customer  (sends a picture)",
                       lambda chat: chat.sends(sent("image")))
        if chat.next_at is not None and here.kind != "wait":
            yield _later(chat)
        if here.step.on_undelivered is not None:
            yield Move("clock", "provider  could not deliver that",
                       lambda chat: chat.fails(_UNDELIVERED))
        for does in ("back", "cancel", "handoff"):
            found_ = chat.flows.doing(does)
            words = [word for phrases in found_[1].keywords.values() for word in phrases] \
                if found_ is not None else []
            if words:
                yield _says({"type": "text", "text": words[0]}, "command")

    def _called(self, chat: Chat) -> Iterator[Move]:
        call = chat.calling[0]
        here = standing.node(chat)
        assert here is not None
        flow = chat.state["runs"][-1]["flow"]
        slots = chat.state["runs"][-1]["slots"]
        shape = self._shapes.results.get(call.operation)
        peers = tuple(repr(value_at(slots, peer)) for peer in _peers(shape))
        known = (call.operation, flow, here.name, *peers)
        if known not in self._results:
            self._results[known] = self._answers(call.operation, flow, here.step, slots)
        for answer in self._results[known]:
            error = isinstance(answer, Mapping) and set(answer) == {"error"}
            yield Move("call failed" if error else "call",
                       f"{call.operation}  gives {_short(answer)}", _gives(answer))

    def _answers(self, operation: str, flow: str, step: Step, slots: Json) -> list[Any]:
        """All that a call may give here: data, none, errors."""
        given = self._given.get(operation, ())
        data = [one for one in given if not (isinstance(one, Mapping) and set(one) == {"error"})]
        shape = self._shapes.results.get(operation)
        nothing = operation in self._missing or None in data
        out: list[Any] = []
        if step.save is None:
            out = [{}]
        elif shape is not None:
            shape = found(shape)
            nothing = nothing or "none" in shape.kinds
            out = self._maker.variants(shape, [one for one in data if one is not None],
                                       slots=slots, thorough=self._thorough)
        out = [one for one in out if one is not None]
        if nothing:
            out.append(None)
        errors: list[Any] = [503]
        if any(entry.if_ for entry in step.on_error):
            error = self._shapes.slots[flow]["error"]
            errors = [*_ERRORS, *part(error, "status").constants]
        return [*out, *({"error": error} for error in dict.fromkeys(errors))]

    def _happening(self, chat: Chat, step: Step) -> Iterator[Move]:
        assert step.wait is not None
        name = step.wait.event
        if name is None:
            return
        awaits = chat.state["runs"][-1].get("held", {}).get("awaits", {})
        about = {"about": awaits["about"]} if "about" in awaits else {}
        shape = self._shapes.events.get(name) or Shape()
        for data in self._maker.variants(shape):
            event = {**(data if isinstance(data, Mapping) else {}), **about, "name": name}
            event.pop("id", None)
            yield Move("event", f"event     {_short(event)}", _happens(event))

    def _asked(self, chat: Chat, here: Node, most: int = 1) -> Iterator[Move]:
        if here.slot_spec is not None and here.slot_spec.type == "yes_no":
            yield from (_tap(chat, one, "answers") for one in ("yes", "no"))
            return
        flow = chat.state["runs"][-1]["flow"]
        shape = self._shapes.slots[flow].get(here.slot or "")
        slots = chat.state["runs"][-1]["slots"]
        same = [value_at(slots, peer) for peer in _peers(shape)]
        for content in self._samples.taken(chat, here, shape,
                                           [one for one in same if one is not None], most):
            yield _says(content, "answers")


def _offered(chat: Chat, here: Node) -> Iterator[Move]:
    """Taps on what the newest message offers."""
    kind = "confirms" if here.kind == "review" else "answers"
    rows = 0
    for message in reversed(chat.messages):
        if not message.choices:
            continue
        for reply_id, choice, title in message.choices:
            fixed = choice in here.by_id or here.kind == "review"
            more = choice.partition(":")[0] == "more" and not fixed
            rows += not fixed and not more
            if fixed or more or rows <= _ROWS:
                yield Move("beside" if more else kind, f"customer  [{title}]",
                           _taps(reply_id, title))
        return


def _peers(shape: Shape | None, depth: int = 0) -> list[tuple[str, ...]]:
    """All that this data, or a part of it, is compared with."""
    if shape is None or depth > 5:
        return []
    shape = found(shape)
    inner = [*shape.fields.values(), *([shape.item] if shape.item is not None else [])]
    return [*shape.peers, *(peer for one in inner for peer in _peers(one, depth + 1))]


def _says(content: Json, kind: str) -> Move:
    told = content.get("text") or content.get("name") or f"(sends {content['type']})"
    return Move(kind, f"customer  {told}", lambda chat: chat.sends(content))


def _tap(chat: Chat, choice: str, kind: str) -> Move:
    return Move(kind, f"customer  [{choice}]", lambda chat: chat.taps(choice))


def _taps(reply_id: str, title: str) -> Callable[[Chat], None]:
    return lambda chat: chat.sends({"type": "tap", "id": reply_id, "title": title})


def _later(chat: Chat, kind: str = "clock") -> Move:
    """Nobody does anything until a clock rings."""
    assert chat.next_at is not None
    ms = max(chat.next_at - chat.now, 1)
    return Move(kind, f"          ({pause(max(ms, MINUTE)) or 'a moment'} later)",
                lambda chat: chat.advance(ms))


def _gives(answer: Any) -> Callable[[Chat], None]:
    return lambda chat: chat.gives(answer)


def _happens(event: Json) -> Callable[[Chat], None]:
    return lambda chat: chat.happens(event)


def _returns(chat: Chat) -> None:
    _taken(chat)
    chat.acts("return")


def _closes(chat: Chat) -> None:
    _taken(chat)
    chat.acts("close")


def _taken(chat: Chat) -> None:
    if not chat.owner.startswith("agent:"):
        chat.acts("take")


def _short(value: Any) -> str:
    if value is None:
        return "none"
    shown = str(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


