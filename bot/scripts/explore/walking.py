"""Breadth-first through everything that can be said or happen in one flow."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.model import BOT
from bot.scripts.explore import standing
from bot.scripts.explore.moves import Move, Moves
from bot.scripts.explore.shapes import Shapes
from bot.testing import CUSTOMER, Chat

#: The lines of the way to a fault that are told: its beginning and its end.
_FIRST, _LAST = 3, 9
_WIDTH = 88


@dataclass(eq=False, slots=True)
class Stand:
    """A conversation at one place, and how it came there."""

    chat: Chat
    key: Hashable
    before: Stand | None = None
    move: Move | None = None
    answers: int = 0  #: given so far to questions
    #: What was changed: operation and arguments -> answers given by then.
    changed: Mapping[str, int] = field(default_factory=dict)
    did: str = ""  #: what this move has changed, if anything
    #: Where it may go from here: the move's kind, and the key there.
    ways: list[tuple[str, Hashable]] = field(default_factory=list)
    ended: bool = False
    walked: bool = False

    @property
    def flow(self) -> str:
        runs = self.chat.state.get("runs")
        return str(runs[-1]["flow"]) if runs else ""

    @property
    def step(self) -> str:
        runs = self.chat.state.get("runs")
        return str(runs[-1]["step"]) if runs else ""

    def way(self) -> tuple[str, ...]:
        """How it came here, as a short chat."""
        stands: list[Stand] = []
        here: Stand | None = self
        while here is not None:
            stands.insert(0, here)
            here = here.before
        lines: list[str] = []
        seen = 0
        for stand in stands:
            if stand.move is not None:
                lines.append(stand.move.told)
            lines += [f"bot       {' '.join(str(message).split())}"
                      for message in stand.chat.messages[seen:] if message.by != CUSTOMER]
            seen = len(stand.chat.messages)
        if len(lines) > _FIRST + _LAST:
            lines[_FIRST:-_LAST] = ["          …"]
        return tuple(line if len(line) <= _WIDTH else line[:_WIDTH - 1] + "…" for line in lines)


@dataclass(slots=True)
class Walk:
    """All the places that conversations can come to, by their keys; the first came shortest."""

    flow: str
    stands: dict[Hashable, Stand] = field(default_factory=dict)
    turns: int = 0
    stopped: bool = False  #: there was more to walk than was allowed


Judge = Callable[[Stand, Stand], None]


def walk(flow: str, starts: Sequence[Chat], moves: Moves, shapes: Shapes,
         changing: frozenset[str], judge: Judge, most: int) -> Walk:
    """Walk from these conversations, with so many turns at most."""
    done = Walk(flow)
    queue: deque[Stand] = deque()
    beside: set[Hashable] = set()
    for chat in starts:
        first = Stand(chat, standing.key(chat, shapes))
        judge(first, first)
        _arrive(done, first, queue)
    while queue:
        here = queue.popleft()
        here.walked = True
        for move in _moves(here, moves, beside):
            if done.turns >= most:
                done.stopped = True
                here.walked = False
                return done
            done.turns += 1
            there = _go(here, move, shapes, changing)
            judge(here, there)
            _arrive(done, there, queue)
            here.ways.append((move.kind, there.key))
    return done


def _moves(here: Stand, moves: Moves, beside: set[Hashable]) -> Iterator[Move]:
    yield from moves.main(here.chat)
    # What is beside the point is the same at the same steps, whatever is known by then.
    place = (standing.place(here.chat), "timed_out" in here.chat.state,
             here.chat.state.get("reminders", 0))
    if place not in beside:
        beside.add(place)
        yield from moves.beside(here.chat)


def _go(here: Stand, move: Move, shapes: Shapes, changing: frozenset[str]) -> Stand:
    chat = here.chat.fork()
    calls = chat.calling[:1]
    move.do(chat)
    there = Stand(chat, standing.key(chat, shapes), here, move,
                  here.answers + (move.kind in ("answers", "event", "agent")), here.changed)
    if move.kind == "call" and calls and calls[0].operation in changing:
        what = json.dumps([calls[0].operation, calls[0].arguments], default=str, sort_keys=True)
        there.changed, there.did = {**here.changed, what: here.answers}, what
    return there


def _arrive(done: Walk, there: Stand, queue: deque[Stand]) -> None:
    runs = there.chat.state.get("runs")
    # Another flow that took this one's place is walked when it is its turn.
    there.ended = not there.chat.calling and (
        not runs or runs[0]["flow"] != done.flow or there.chat.owner != BOT)
    there.key = (there.key, there.ended)
    known = done.stands.get(there.key)
    if known is None:
        done.stands[there.key] = there
        if not runs or runs[0]["flow"] == done.flow:
            queue.append(there)


#: Moves that are no answer to what the bot has asked.
NO_ANSWER: Final = frozenset({"clock", "command", "beside", "agent"})


def leading_on(done: Walk, kinds_left_out: frozenset[str]) -> set[Hashable]:
    """The places from which some way leads to an end, without ways of these kinds."""
    back: dict[Hashable, list[Hashable]] = {}
    todo: list[Hashable] = []
    for key, stand in done.stands.items():
        if stand.ended or not stand.walked:
            todo.append(key)
        for kind, to in stand.ways:
            if kind not in kinds_left_out:
                back.setdefault(to, []).append(key)
    seen: set[Hashable] = set()
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += back.get(key, ())
    return seen


__all__: Sequence[Any] = ("NO_ANSWER", "Stand", "Walk", "leading_on", "walk")
