"""Mistakes planted in a project whose files are right, of every kind that `bot check` knows:
each is found, once, at its line, and said in these words.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.check import find_mistakes

HERE = Path(__file__).parent
RICH = HERE / "rich"
PLANTED = json.loads((HERE / "planted.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rich project, in which one file at a time is wrong."""
    folder = tmp_path_factory.mktemp("planted") / "project"
    shutil.copytree(RICH, folder)
    return folder


def test_flows_that_use_every_word_have_no_mistake_and_no_warning() -> None:
    report = find_mistakes(RICH / "config.yaml")
    assert [str(one) for one in report.findings] == []
    assert report.files > 15


@pytest.mark.parametrize("one", PLANTED, ids=[f"{one['kind']} {number}"
                                              for number, one in enumerate(PLANTED)])
def test_a_planted_mistake_is_found_once_at_its_place(project: Path, one: dict[str, str]) -> None:
    file = project / one["file"]
    right = file.read_text("utf-8")
    assert one["right"] in right
    file.write_text(right.replace(one["right"], one["wrong"], 1), "utf-8")
    try:
        found = [str(each) for each in find_mistakes(project / "config.yaml").findings]
    finally:
        file.write_text(right, "utf-8")
    shown = [each.replace(f"{project.resolve()}/", "").replace(f"{HERE.parent}/", "")
             for each in found]
    assert shown == [one["found"]]


def test_there_are_two_of_every_kind_that_a_page_promises() -> None:
    kinds = [one["kind"] for one in PLANTED]
    assert len(set(kinds)) >= 60
    assert sum(kinds.count(kind) >= 2 for kind in set(kinds)) >= 40
