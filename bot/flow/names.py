"""The names that expressions know, each worked out only where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.clock import local
from bot.flow.expressions.values import typed
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn


class Names(Mapping[str, Any]):
    """The names that expressions know, each made when it is asked for."""

    __slots__ = ("_extra", "_turn")
    _ALWAYS = ("contact", "conversation", "config", "answer", "outcome", "error", "event")

    def __init__(self, turn: Turn, extra: Mapping[str, Any]) -> None:
        self._turn = turn
        self._extra = extra

    def get(self, name: str, default: Any = None) -> Any:
        """What stands nearest wins: `answer` and the like given for this text, then the slots."""
        turn = self._turn
        if name in self._extra:
            return self._extra[name]
        if turn.runs:
            kind = turn.version.kinds.get(name)
            if kind is not None:
                return typed(kind, turn.slots.get(name), turn.zone)
        if name == "contact":
            return _contact(turn)
        if name == "conversation":
            return Conversation(turn)
        if name == "config":
            return turn.flows.options.public
        if name == "answer":
            return turn.answer
        if name == "outcome":
            return turn.outcome
        if name == "event":
            return turn.run.get("event")
        if name == "error":
            return turn.error
        return default

    def __getitem__(self, name: str) -> Any:
        missing = object()
        found = self.get(name, missing)
        if found is missing:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        kinds = self._turn.version.kinds if self._turn.runs else {}
        return iter({**self._extra, **dict.fromkeys(self._ALWAYS), **kinds})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _contact(turn: Turn) -> Json:
    contact = turn.snapshot.contact
    changes = turn.changes
    return {"name": contact.name, "timezone": contact.timezone, **contact.fields,
            **changes.get("fields", {}),
            "language": changes.get("language", contact.language) or turn.language,
            "phone": contact.phone, "id": contact.id,
            "tags": list(changes.get("tags", contact.tags))}


class Conversation(Mapping[str, Any]):
    """The name `conversation`; opening hours are worked out only where they are asked for."""

    __slots__ = ("_turn",)
    _NAMES = ("channel", "window_closes", "queue_open", "queue_opens")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def __getitem__(self, name: str) -> Any:
        turn = self._turn
        if name == "channel":
            return turn.snapshot.channel
        if name == "window_closes":
            until = turn.snapshot.window_until
            return local(until, turn.zone) if until else None
        flows = turn.flows
        hours = {queue: flows.queue_hours(queue, turn.now) for queue in flows.options.queues}
        if name == "queue_open":
            return {queue: is_open for queue, (is_open, _) in hours.items()}
        if name == "queue_opens":
            return {queue: None if opens is None else local(opens, turn.zone)
                    for queue, (_, opens) in hours.items()}
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)
