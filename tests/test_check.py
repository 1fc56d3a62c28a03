from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.check import find_mistakes, load_all
from bot.config import load
from bot.errors import ConfigError
from bot.resources import shipped


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the shipped project."""
    for name in ("flows", "templates"):
        shutil.copytree(shipped() / name, tmp_path / name)
    shutil.copy(shipped() / "config.yaml", tmp_path)
    return tmp_path / "config.yaml"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_project_has_no_mistakes(project: Path) -> None:
    report = find_mistakes(project)
    assert report.findings == ()
    assert report.files > 8


def test_what_flows_refer_to_is_what_the_configuration_says(project: Path) -> None:
    replace(project, "      find: {get:", "      look_up: {get:")
    found = [finding for finding in find_mistakes(project).findings if finding.level == "error"]
    assert found
    assert {Path(finding.file).name for finding in found} == {"returns.yaml", "order_status.yaml"}
    assert all("find" in finding.message for finding in found)


def test_only_what_was_asked_for_is_shown(project: Path) -> None:
    replace(project, "      find: {get:", "      look_up: {get:")
    only = project.parent / "flows" / "returns.yaml"
    report = find_mistakes(project, [only])
    assert {Path(finding.file).name for finding in report.findings} == {"returns.yaml"}
    assert report.files == 1


def test_mistakes_of_the_configuration_come_first(project: Path) -> None:
    replace(project, "old_taps: decline", "old_taps: jmp")
    replace(project.parent / "flows" / "returns.yaml", "say:", "sya:")
    assert ["jmp" in finding.message for finding in find_mistakes(project).findings] == [True]


def test_a_configuration_that_is_not_there_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        find_mistakes(tmp_path / "config.yaml")


def test_the_shipped_commands_are_the_ground_of_every_project(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text("channels: {main: {provider: meta, phone_number_id: '1', app_secret: '${A}',"
                    " access_token: '${B}', verify_token: '${C}'}}\n", "utf-8")
    loaded = load_all(load(path, {}, secrets=False))
    assert loaded.findings == []
    assert {"agent", "cancel", "help", "stop", "start"} <= loaded.commands.items.keys()
