"""`bot match`: what a text is about, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.given import Config, run_to_end, store_of, where
from bot.cli.printing import count, misuse, print_json, print_table, short
from bot.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from bot.flow.flows import Flows
    from bot.store.rows import EventRow
    from bot.verdicts import Verdict

#: Decisions of the journal in which triggers had a say.
_OF_TRIGGERS = ("trigger", "fallback", "command")


def match(
    text: Annotated[str, typer.Argument(metavar="[TEXT|-]", help="What a customer may write; - "
                                        "reads one text a line.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
    language: Annotated[str, typer.Option(help="What the customer speaks; found out without "
                                               "it.")] = "",
    since: Annotated[str, typer.Option(
        metavar="TIME", help="Instead of a text: what customers wrote since 2026-03-01, or in the "
                             "last 7d, that would lead elsewhere now.")] = "",
    config: Config = None,
) -> None:
    """Say what a text is about: which flow, answer or command takes it, and why not the others."""
    from bot import testing
    from bot.verdicts import judge

    if bool(text) == bool(since):
        misuse("give a text, or - to read them from the input, or --since")
    try:
        flows = testing.load(where(config)).flows
    except ConfigError as problem:
        misuse(str(problem))
    if since:
        _replay(flows, since, config, as_json)
    else:
        for line in _lines() if text == "-" else [text]:
            verdict = judge(flows, line, language)
            if as_json:
                print(json.dumps(_as_data(verdict), ensure_ascii=False))
            elif text == "-":
                print(f"{_chosen(verdict):<32}  {line}")
            else:
                _explain(verdict)


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _split(item: str) -> tuple[str, str, str]:
    """(kind, file of an answer, name) of an item."""
    kind, _, name = item.partition(":")
    file, _, name = name.rpartition("/")
    return kind, file, name


def _named(item: str) -> dict[str, str | None]:
    kind, file, name = _split(item)
    return {"item": name or None, "kind": kind or None, "file": file or None}


def _as_data(verdict: Verdict) -> dict[str, Any]:
    from bot.flow.language.match import MARGIN, THRESHOLD

    return {
        "text": verdict.text, **_named(verdict.item), "rule": verdict.journal.rule,
        "unclear": [_split(item)[2] for item in verdict.unclear],
        "score": verdict.candidates[0].score if verdict.candidates else None,
        "threshold": THRESHOLD, "margin": verdict.margin, "least_margin": MARGIN,
        "words": [{"word": word, "weight": round(weight, 2), "taken_for": [*forms]}
                  for word, (weight, forms) in verdict.words.items()],
        "candidates": [
            {**_named(one.item), "score": one.score, one.kind: one.phrase,
             "language": one.language, "whole": one.whole, "why_not": verdict.why_not(one)}
            for one in verdict.candidates]}


def _chosen(verdict: Verdict) -> str:
    if verdict.unclear:
        return " or ".join(_split(item)[2] for item in verdict.unclear) + "?"
    kind, _, name = _split(verdict.item)
    return f"{kind} {name}" if name else "-"


def _explain(verdict: Verdict) -> None:
    from bot.flow.language.match import MARGIN, THRESHOLD

    print_table([("word", "weight", "taken for"), *(
        (word, f"{weight:.2f}", "" if word in forms else ", ".join(forms) or (
            "nothing that is known" if weight >= 1 else ""))
        for word, (weight, forms) in verdict.words.items())])
    print()
    if verdict.candidates:
        print_table([("score", "leads to", "by", "not chosen"), *(
            (f"{one.score:.1f}", " ".join(filter(None, (_split(one.item)[0], _split(one.item)[2]))),
             f"{one.kind} “{one.phrase}”" + (f" ({one.language})" if one.language else ""),
             verdict.why_not(one))
            for one in verdict.candidates)])
        print()
    best = verdict.candidates[0].score if verdict.candidates else 0.0
    scores = f"{best:.1f} of at least {THRESHOLD:g}" + (
        "" if verdict.margin is None else f", {verdict.margin:.1f} before the next of at least "
                                          f"{MARGIN:g}")
    if verdict.unclear:
        print(f"The customer is asked: {_chosen(verdict)} ({scores})")
    elif verdict.journal.rule == "command":
        print(f"The {_chosen(verdict)}")
    elif verdict.item:
        print(f"The {_chosen(verdict)} ({scores})")
    else:
        print(f"Nothing ({scores})" if verdict.candidates else "Nothing")


def _replay(flows: Flows, since: str, config: Path | None, as_json: bool) -> None:
    """What customers wrote, decided again by the triggers as they are in the files."""
    from bot.clock import local
    from bot.verdicts import judge

    begin = _moment(since)

    async def listed() -> list[EventRow]:
        async with store_of(config) as store:
            found: list[EventRow] = []
            after = None
            while True:
                page = await store.desk.events(after=after, limit=500, kind="message.text")
                found += [row for row in page.rows if row.at >= begin]
                after = page.next
                if after is None or page.rows[-1].at < begin:
                    return found

    looked_at, changes = 0, []
    for row in reversed(run_to_end(listed())):
        rule, _, item = row.became.partition(" ")
        if rule not in _OF_TRIGGERS:
            continue
        looked_at += 1
        was = _stood(rule, item)
        would = judge(flows, row.text)
        if set(was) != {*filter(None, (would.item, *would.unclear))}:
            changes.append((row, was, would))
    if as_json:
        print_json([{"at": row.at, "conversation": row.conversation, "text": row.text,
                     "was": [*was], "would_be": [*filter(None, (would.item, *would.unclear))]}
                    for row, was, would in changes])
        return
    if changes:
        print_table([("time (UTC)", "text", "went to", "would go to"), *(
            (f"{local(row.at):%Y-%m-%d %H:%M}", short(row.text, 48),
             " or ".join(_split(one)[2] for one in was) + "?" * (len(was) > 1) or "-",
             _chosen(would)) for row, was, would in changes)])
        print()
    print(f"{len(changes)} of {count(looked_at, 'text')} would go elsewhere.")


def _stood(rule: str, item: str) -> tuple[str, ...]:
    """The items that the journal names: none, the one chosen, or those between which to choose."""
    if rule == "command":
        return (f"command:{item}",)
    return tuple(item.split(" ")) if rule == "trigger" and item else ()


def _moment(since: str) -> int:
    from bot.clock import duration, real_now

    try:
        return real_now() - duration(since)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        misuse(f"--since {since} is neither a time like 7d nor a day like 2026-03-01")
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
