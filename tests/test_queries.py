from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.store.base import Tx, statements
from bot.store.sqlite import SQLite, dialect

ROOT = Path(__file__).parent.parent

#: Questions that may read a whole table: those of a start, and tables that stay small because
#: they hold what is still to be done or a handful of colleagues.
SMALL = {"inbox", "outbox", "call", "agent", "sign_in", "setting",
         "publication", "flow_version"}


@pytest.fixture
async def database(tmp_path: Path, clock: Clock) -> AsyncIterator[SQLite]:
    opened = await SQLite.open(tmp_path / "bot.db", clock)
    yield opened
    await opened.close()


async def plans(database: SQLite) -> dict[str, list[str]]:
    """How SQLite would answer each named statement."""

    async def unit(tx: Tx) -> dict[str, list[str]]:
        found = {}
        for name, sql in statements().items():
            count = max((int(number) for number in re.findall(r"\$(\d+)", sql)), default=0)
            rows = tx._execute(  # type: ignore[attr-defined]
                f"explain query plan {dialect(sql)}", [None] * count).fetchall()
            found[name] = [str(row[3]) for row in rows]
        return found

    return await database.read(unit)


async def test_no_question_reads_a_table_that_grows_from_end_to_end(database: SQLite) -> None:
    """A front desk keeps everything: what is scanned today takes seconds in a year."""
    scanned = {}
    for name, plan in (await plans(database)).items():
        tables = dict(re.findall(r"\b(?:from|join|update|into) (\w+) (\w)\b", statements()[name]))
        aliases = {alias: table for table, alias in tables.items()}
        for line in plan:
            # An index of ours that is read whole holds only what is open. A search by no index is
            # that for the least of all rows.
            if (scan := re.match(r"(?:SCAN (\w+)\b(?! USING INDEX (?!sqlite_))|SEARCH (\w+)$)",
                                 line)) is not None:
                table = aliases.get(scan[1] or scan[2], scan[1] or scan[2])
                if table not in SMALL and f"CO-ROUTINE {table}" not in plan:
                    scanned[name] = table
    assert scanned == {}


async def test_nothing_refers_to_what_is_let_go_of(database: SQLite) -> None:
    """Each row that goes would be looked for in the whole of the other table."""
    async def unit(tx: Tx) -> set[tuple[str, str]]:
        return {tuple(row) for row in tx._execute(  # type: ignore[attr-defined]
            "select t.name, f.\"table\" from sqlite_master t, pragma_foreign_key_list(t.name) f "
            "where t.type = 'table'").fetchall()}

    gone = {found[1] for name, sql in statements().items() if name.startswith("prune_")
            and (found := re.match(r"delete from (\w+)", sql)) is not None}
    assert "message" in gone
    assert {pair for pair in await database.read(unit) if pair[1] in gone} == set()


async def test_every_index_serves_a_question(database: SQLite) -> None:
    async def unit(tx: Tx) -> set[str]:
        rows = tx._execute(  # type: ignore[attr-defined]
            "select name from sqlite_master where type = 'index' and sql is not null").fetchall()
        return {row[0] for row in rows}

    used = {name for plan in (await plans(database)).values() for line in plan
            for name in re.findall(r"INDEX (\w+)", line)}
    assert await database.read(unit) - used == set()


def test_every_named_statement_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "bot" / "store").glob("*.py"))
    assert [name for name in statements() if f'"{name}"' not in code] == []
