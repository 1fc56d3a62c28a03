"""The shipped flows do what their scripts under flows/tests say."""

from __future__ import annotations

import pytest

from bot import resources, testing
from bot.scripts.playing import play
from bot.scripts.reading import Script, read

SHIPPED = resources.shipped()
FILES = sorted((SHIPPED / "flows" / "tests").glob("*.yaml"))
SCRIPTS = [script for file in FILES for script in read(file)]


@pytest.fixture(scope="module")
def project() -> testing.Project:
    return testing.load(SHIPPED / "config.yaml")


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_the_conversation_goes_as_written(script: Script, project: testing.Project) -> None:
    play(script, project)


def test_every_shipped_flow_and_answers_file_has_a_script(project: testing.Project) -> None:
    written = {path.stem for path in (SHIPPED / "flows").glob("*.yaml")} - {"texts", "commands"}
    assert {file.stem for file in FILES} == written


def test_every_script_file_speaks_both_languages(project: testing.Project) -> None:
    for file in FILES:
        languages = {play(script, project).contact.language
                     for script in SCRIPTS if script.file == file}
        assert {"en", "zh"} <= languages, file.name


def test_the_shipped_flows_have_no_finding() -> None:
    from bot import app, config
    loaded = app.load_all(config.load(SHIPPED / "config.yaml", {}, secrets=False))
    assert [str(finding) for finding in loaded.findings] == []
