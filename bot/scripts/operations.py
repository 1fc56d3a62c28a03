"""What the calls of a scripted conversation are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import BotError
from bot.model import Json


class ScriptError(BotError):
    """The script asks for something that this conversation does not offer."""


class Operations:
    """What calls are answered.

    A value answers every call of its operation. `{"in turn": [...]}` answers the first call, the
    second … and the last one from then on; `[{"when": {argument: value}, "gives": ...}, ...]` by
    argument; `{"error": 500}`, `{"error": "timeout"}` fail.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = dict(answers)
        self._turns: dict[str, int] = {}

    def answer(self, operation: str, arguments: Json) -> Any:
        if operation not in self._answers:
            raise ScriptError(f"nothing is given for the operation {operation}")
        return self._pick(operation, self._answers[operation], arguments)

    def _pick(self, operation: str, given: Any, arguments: Json) -> Any:
        if isinstance(given, Mapping) and set(given) == {"in turn"}:
            turn = self._turns.get(operation, 0)
            self._turns[operation] = turn + 1
            return self._pick(operation, given["in turn"][min(turn, len(given["in turn"]) - 1)],
                              arguments)
        rules = [given] if isinstance(given, Mapping) else given
        if isinstance(rules, list) and rules and all(
                isinstance(rule, Mapping) and "gives" in rule and set(rule) <= {"when", "gives"}
                for rule in rules):
            for rule in rules:
                if all(str(arguments.get(name)) == str(value)
                       for name, value in rule.get("when", {}).items()):
                    return self._pick(operation, rule["gives"], arguments)
            raise ScriptError(f"no `when` of {operation} fits {arguments}")
        return given


def failure(error: Any) -> Json:
    """The error that `{"error": …}` stands for."""
    if isinstance(error, int):
        kind = "conflict" if error == 409 else "refused" if error < 500 else "unavailable"
        return {"kind": kind, "status": error}
    return {"kind": str(error), "status": None}
