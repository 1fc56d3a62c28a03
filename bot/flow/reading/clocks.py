"""Time-outs and reminders: a step's own words, and the flow's where it has none."""

from __future__ import annotations

from typing import Any

from bot.flow.reading import pieces, registered
from bot.flow.reading.pieces import Reading, mapping
from bot.flow.reading.source import Node
from bot.flow.reading.ways import step_name
from bot.flow.spec import Timer, Wait

_WAITS = frozenset({"ask", "choices", "review"})
_NO_TIMER = "none"


def timer(r: Reading, node: Node, *, bare: bool) -> dict[str, Any] | str | None:
    """A timer's words; a step's name alone where `bare`; or `none`."""
    if isinstance(node.value, str) and (bare or node.value.strip() == _NO_TIMER):
        return _NO_TIMER if node.value.strip() == _NO_TIMER else step_name(r, node)
    return mapping(r, node, "a time-out or reminder", TIMER)


def _then(r: Reading, node: Node) -> str | None:
    text = pieces.word(r, node)
    if text is None or pieces.ID.fullmatch(text):
        return text
    r.error(node, f"`then` is stay, end, handoff or the name of a step, not `{text[:60]}`")
    return None


TIMER: pieces.Words = {"after": pieces.duration, "say": pieces.say,
                       "outside": registered.outside, "then": _then}


def of_flow(r: Reading, node: Node) -> dict[str, Any] | str | None:
    """`on_timeout` of a flow: what its steps have where they say nothing."""
    return timer(r, node, bare=False)


def on_timeout(r: Reading, node: Node) -> dict[str, Any] | str | None:
    return timer(r, node, bare=True)


def remind(r: Reading, node: Node) -> tuple[Timer, ...] | None:
    """Reminders; () is `none`. They leave before the 24-hour window closes or never."""
    if isinstance(node.value, str) and node.value.strip() == _NO_TIMER:
        return ()
    out: list[Timer] = []
    for part in node.value if isinstance(node.value, list) else [node]:
        found = timer(r, part, bare=False)
        if not isinstance(found, dict):
            if found == _NO_TIMER:
                r.error(part, "`none` stands alone, not in a list")
            continue
        if "after" not in found:
            if isinstance(part.value, dict) and "after" not in part.value:
                r.error(part, "a reminder needs `after`, for example 23h")
            continue
        if found["after"] >= 86_400_000:
            r.error(part.at("after"), "a reminder has to leave before the 24-hour window closes: "
                                      "after less than 24h")
        out.append(Timer(after_ms=found.pop("after"), **found))
    return tuple(out) or None


def fill_in(r: Reading, node: Node, words: dict[str, Any], timeout: Any, remind: Any) -> None:
    """Fill in the flow's clocks where a step waits for a person and has none of its own."""
    own = words.pop("on_timeout", None)
    if "wait" in words:
        _of_wait(r, node, words, own)
        return
    if not _WAITS & set(words) and "choices_from" not in words:
        words.pop("remind", None)
        return
    base: dict[str, Any] = timeout if isinstance(timeout, dict) else {}
    if own is None:
        merged = base
    elif own == "none":
        merged = {}
    elif isinstance(own, str):
        merged = {"after": base.get("after"), "then": own}
    else:
        merged = {"after": base.get("after")} | own
    if merged.get("after") is not None:
        rest = {key: part for key, part in merged.items() if key != "after"}
        words["on_timeout"] = Timer(after_ms=merged["after"], **rest)
    elif merged:
        r.error(node.key("on_timeout"), "say how long: the flow has no `on_timeout` with an "
                                        "`after` to take it from; write {after: 2h, then: ...}")
    if remind is not None:
        words.setdefault("remind", remind)


def _of_wait(r: Reading, node: Node, words: dict[str, Any], own: Any) -> None:
    """A wait has no clocks but its own; where it ends by itself, `on_timeout` is what follows."""
    wait: Wait = words["wait"]
    words.setdefault("remind", ())
    if own is None or own == _NO_TIMER:
        if wait.event is not None and wait.ends:
            r.error(node.key("wait"), "a wait that ends needs `on_timeout`: the step to go to when "
                                      f"`{wait.event}` did not come")
        return
    timer = {"then": own} if isinstance(own, str) else dict(own)
    if wait.ends and "after" in timer:
        r.error(node.at("on_timeout", "after"), "`wait` says already how long: take `after` out")
    elif not wait.ends and "after" not in timer:
        r.error(node.key("on_timeout"), "say how long: write wait: {event: "
                                        f"{wait.event}, for: 3d}}")
    elif timer.get("then", "stay") == "stay" and wait.ends and wait.event is None:
        r.error(node.key("on_timeout"), "this leads nowhere: when the time is over the step below "
                                        "follows, or `goto`")
    else:
        words["on_timeout"] = Timer(after_ms=timer.pop("after", 0), **timer)
