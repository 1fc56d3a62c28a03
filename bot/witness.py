"""What was seen from outside, held against the store: acknowledgements, and what the provider took.

Both are JSON lines. Acknowledgements: {"id": the provider's message id, "channel"?}. The ledger, in
the order in which the provider took them: {"tag": our id of the message (biz_opaque_callback_data),
"id": the id that the provider gave it, "at": epoch ms, "to"?, "once"?: true}.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from bot.clock import DAY, MINUTE
from bot.errors import BotError
from bot.ids import stamp
from bot.store.base import Row, Tx
from bot.store.reading import Read
from bot.verify import PAGE, Asked, Report, rows_of

#: Lines that are looked up in one transaction.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A line of the ledger, and what the store knows of its message."""

    tag: str
    at: int
    once: bool
    conversation: str
    origin: str
    written: int
    status: str
    doubt: int
    window_until: int
    opted_out_at: int | None
    free: bool
    heard: int | None  #: when the customer's last message before it came
    take: int | None  #: when an agent first took the conversation over after it was written
    refused: bool  #: the provider later reported that this copy failed

    @classmethod
    def of(cls, line: dict[str, Any], row: Row) -> Taken:
        (conversation, origin, written, status, doubt, until, opted_out_at, once, free, heard, take,
         refused) = row
        return cls(line["tag"], line["at"], bool(line.get("once") or once), conversation, origin,
                   written, status, doubt, until, opted_out_at, bool(free), heard, take,
                   bool(refused))


async def acknowledged(read: Read, report: Report, file: Path) -> None:
    """G1: what was answered with 200 is there, handled or visibly put aside."""
    count = 0
    for lines in _in_batches(_lines(file, "id")):
        async def unit(tx: Tx, lines: tuple[dict[str, Any], ...] = lines) -> list[Row | None]:
            return [await tx.one("acknowledged", line["id"], line.get("channel", ""))
                    for line in lines]

        for line, row in zip(lines, await read(unit), strict=True):
            count += 1
            if row is None:
                report.add("G1", None, line["id"], "it was acknowledged, and is not in the store")
            elif not row[2]:
                report.add("G1", row[0], row[1], f"{line['id']} was acknowledged, and neither "
                                                 "handled nor put aside")
    report.examined["acknowledged"] = count


async def taken(read: Read, report: Report, file: Path, asked: Asked) -> None:
    """G3, G5, G6, G7, G9 as the provider saw them."""
    with closing(sqlite3.connect("", isolation_level=None)) as kept:  # on disk, gone when closed
        kept.execute("create table line (conversation text, n integer, tag text, taken blob)")
        kept.execute("begin")
        count = 0
        for lines in _in_batches(_lines(file, "tag", "at")):
            for line, row in zip(lines, await _known(read, lines), strict=True):
                count += 1
                if row is None:
                    report.add("G4", None, line["tag"], "the provider took it, and the store does "
                                                        "not have it")
                    continue
                kept.execute("insert into line values (?, ?, ?, ?)",
                             (row[0], count, line["tag"], to_json([line, list(row)])))
        kept.execute("commit")
        kept.execute("create index by_conversation on line (conversation, n)")
        kept.execute("create index by_tag on line (tag)")
        report.examined["taken by the provider"] = count
        rows = kept.execute("select conversation, taken from line order by conversation, n")
        for _, group in groupby(rows, key=lambda row: row[0]):
            _judge(report, (Taken.of(*from_json(row[1])) for row in group), asked.lease)
        if asked.settled:
            await _said(read, report, kept)


def _judge(report: Report, lines: Iterable[Taken], slack: int) -> None:
    """The copies that left to one conversation, in the order in which the provider took them.

    A message leaves when the outcome of the one before it is known. Only what waits for the window
    to open is passed by, and only by templates.
    """
    copies: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    last = last_free = ""
    for each in lines:
        copies[each.tag] += 1
        refused[each.tag] += each.refused
        again = copies[each.tag] - 1 - refused[each.tag] + each.refused

        def wrong(guarantee: str, what: str, each: Taken = each) -> None:
            report.add(guarantee, each.conversation, each.tag, what)

        if each.tag < (last_free if each.free else last) and not refused[each.tag]:
            if copies[each.tag] == 1:
                wrong("G3", "the provider took it after a later message of the conversation")
            elif not each.once:
                wrong("G6", "a copy left after a later message had left: its outcome was known")
        if again > 0 and each.once:
            wrong("G6", "it may leave once, and a copy left")
        elif again > each.doubt:
            wrong("G6", f"{again + 1} copies left, and it was in doubt {each.doubt} times")
        if each.free and (each.at > each.window_until + slack or each.heard is None
                          or each.at > each.heard + DAY + slack):
            wrong("G7", f"it left at {each.at}, outside the window")
        if (each.opted_out_at is not None and each.origin == "bot"
                and each.written < each.opted_out_at < each.at - slack):
            wrong("G7", f"it left at {each.at}, after the customer's stop at {each.opted_out_at}")
        if each.origin == "bot" and each.take is not None and each.take + slack < each.at:
            wrong("G9", f"a message of the bot left at {each.at}, after an agent had taken over "
                        f"at {each.take}")
        last = max(last, each.tag)
        if each.free:
            last_free = max(last_free, each.tag)


async def _said(read: Read, report: Report, kept: sqlite3.Connection) -> None:
    """G5: what the store says was sent was taken by the provider."""
    after = ""
    while rows := await rows_of(read, "message_page", after, PAGE):
        upto = rows[-1][0]
        for conversation, id_ in await rows_of(read, "said_to_be_sent", after, upto):
            if kept.execute("select 1 from line where tag = ? limit 1", (id_,)).fetchone() is None:
                report.add("G5", conversation, id_, "it is said to be sent, and the provider never "
                                                    "took it")
        after = upto


async def _known(read: Read, lines: tuple[dict[str, Any], ...]) -> list[Row | None]:
    async def unit(tx: Tx) -> list[Row | None]:
        return [await tx.one("taken", line["tag"], stamp(line["at"] + MINUTE), line.get("id", ""))
                for line in lines]

    return await read(unit)


def _lines(file: Path, *needed: str) -> Iterator[dict[str, Any]]:
    """The lines of a file. Raises `BotError` with the place of one that can't be read."""
    try:
        with file.open("rb") as opened:
            for number, text in enumerate(opened, 1):
                if not text.strip():
                    continue
                try:
                    line = from_json(text)
                except ValueError:
                    line = None
                if not isinstance(line, dict) or not all(name in line for name in needed):
                    raise BotError(f"{file}:{number}: a line is a JSON object with "
                                   f"{' and '.join(needed)}")
                yield line
    except OSError as problem:
        raise BotError(f"{file} can't be read: {problem.strerror}") from problem


def _in_batches(lines: Iterator[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], ...]]:
    while batch := tuple(islice(lines, AT_ONCE)):
        yield batch
