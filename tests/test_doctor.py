from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor import examine, judge_sqlite


@pytest.mark.parametrize(("version", "level", "words"), [
    ((3, 37, 2), "error", "3.38 is the least"), ((3, 40, 1), "ok", "never write to it"),
    ((3, 44, 5), "ok", "never write to it"), ((3, 44, 6), "ok", "3.44.6"),
    ((3, 50, 7), "ok", "3.50.7"), ((3, 51, 2), "ok", "never write to it"),
    ((3, 51, 3), "ok", "3.51.3"), ((3, 52, 0), "ok", "3.52.0"),
])
def test_each_sqlite_is_judged_by_its_version(version: tuple[int, ...], level: str,
                                              words: str) -> None:
    result = judge_sqlite(version)
    assert (result.level, words in result.found) == (level, True)
    assert ("never write" in result.found) == (words == "never write to it")


async def test_a_configuration_that_cannot_be_read_ends_the_examination(tmp_path: Path) -> None:
    results = await examine(tmp_path / "config.yaml")
    assert [result.what for result in results] == ["frontdesk", "libraries", "sqlite",
                                                   "configuration"]
    assert results[-1].level == "error"
