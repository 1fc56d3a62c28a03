"""Which words of a step go with which."""

from __future__ import annotations

from bot.flow.reading import pieces
from bot.flow.reading.pieces import Reading
from bot.flow.reading.source import Node

#: Words of a step that go with some kinds of step only.
_GOES_WITH: dict[str, tuple[str, ...]] = {
    "gather": ("ask",), "on_undelivered": ("ask", "choices", "review", "wait"),
    "errors": ("ask", "choices"), "attempts": ("ask", "choices", "review"),
    "on_media": ("ask", "choices", "review"), "if_empty": ("choices",), "button": ("choices",),
    "otherwise": ("choices",),
    "with": ("call",), "retries": ("call",), "timeout": ("call",), "on_cancel": ("review",),
    "save": ("call", "choices"), "on_timeout": ("ask", "choices", "review", "wait"),
    "remind": ("ask", "choices", "review", "wait"),
}
_KINDS = ("ask", "choices", "choices_from", "call", "wait", "run", "review", "handoff", "end")


def together(r: Reading, node: Node, written: dict[str, Node]) -> None:
    """What can't share a step. A word of `written` that is not in `node` was meant by one that is
    misspelt there: that is said already.
    """
    def wrong(word: str, message: str) -> None:
        if word in node.keys:
            r.error(node.keys[word], message)

    kinds = [word for word in _KINDS if word in written]
    if {"choices", "choices_from"} <= set(kinds):
        kinds.remove("choices_from")
    if len(kinds) > 1:
        later = max(kinds, key=lambda word: node.keys.get(word, (0, 0)))
        wrong(later, f"a step does one thing: `{later}` can't stand beside "
                     f"{pieces.one_of(k for k in kinds if k != later)}; put it into a step of its "
                     "own")
        return
    kind = "choices" if "choices_from" in kinds else kinds[0] if kinds else ""
    for word, allowed in _GOES_WITH.items():
        if word in written and kind not in allowed:
            inside = {"run": ("flow", {"with", "save"}), "wait": ("event", {"save"})}.get(kind)
            more = (f"; for `{kind}` it stands inside: {kind}: {{{inside[0]}: ..., {word}: ...}}"
                    if inside and word in inside[1] else "")
            wrong(word, f"`{word}` does nothing here: it goes with "
                        f"{pieces.one_of(allowed)}{more}")
    if "outside" in written and "say" not in written:
        wrong("outside", "`outside` leaves in place of `say`: write what is said in the open "
                         "window too")
    if "goto" in written and kind in {"end", "handoff"}:
        more = "; where it goes on after the agent is `return_to`" if kind == "handoff" else ""
        wrong("goto", f"`goto` can't stand beside `{kind}`{more}")
    if "on_give_up" in written and "attempts" not in written:
        wrong("on_give_up", "`on_give_up` does nothing without `attempts`")
    if "attempts" in written and "on_give_up" not in written:
        wrong("attempts", "`attempts` needs `on_give_up`: the step to go to after the last one")
    errors = written.get("errors")
    if "on_media" in written and errors and isinstance(errors.value, dict) and (
            "media" in errors.value):
        wrong("on_media", "`on_media` and `errors: {media: ...}` exclude each other")
