"""`bot test`: many scripts, their coverage, and what is told of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot import testing
from bot.scripts import coverage, junit, running
from bot.testing import Chat

CONFIG = """
channels:
  main: {provider: meta, phone_number_id: "1", app_secret: "${S}", access_token: "${T}",
         verify_token: "${V}"}
backends:
  stock:
    base_url: http://127.0.0.1:9
    operations: {find: {get: "/items/{name}", missing: 404}}
"""
FLOW = """flow: buying
title: {en: Buy something, zh: 买东西}
triggers: {keywords: {en: [buy], zh: [买]}}
on_timeout: {after: 2h, say: {en: Still there?, zh: 还在吗？}, then: stay}
slots: {what: {type: text}, size: {type: choice}}
steps:
  ask:
    say: {en: What would you like?, zh: 要买什么？}
    ask: what
    attempts: 2
    on_give_up: nobody
  find:
    call: stock.find
    with: {name: "{{ what }}"}
    save: item
    goto:
      - {if: item is none, refuse: ask}
      - {if: item.sold, step: nobody}
      - pick
    on_error: nobody
  pick:
    say: {en: Which size?, zh: 什么尺码？}
    choices:
      small: {label: {en: Small, zh: 小}, end: small}
      large: {label: {en: Large, zh: 大}}
    save: size
  large:
    say: {en: Large it is., zh: 好的。}
    end: large
  nobody:
    handoff: {}
"""
SCRIPTS = """given: {backend: {stock.find: {sold: false}}}
tests:
  small:
    script:
      - customer: buy
      - bot: What would you like
      - customer: hat
      - tap: small
      - expect: {outcome: small}
  not there:
    given: {backend: {stock.find: none}}
    script:
      - customer: 买
      - customer: 帽子
      - customer: 帽子
      - expect: {queue: support}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows" / "tests").mkdir(parents=True)
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows" / "buying.yaml").write_text(FLOW)
    (tmp_path / "flows" / "tests" / "buying.yaml").write_text(SCRIPTS)
    return tmp_path


@pytest.fixture
def project(folder: Path) -> testing.Project:
    return testing.load(folder / "config.yaml")


def bot_test(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bot", "test", *words], cwd=folder,
                          capture_output=True, text=True, check=False)


def gaps(found: coverage.Coverage) -> dict[int, list[tuple[str, ...]]]:
    """line -> the languages that are missing there."""
    lines: dict[int, list[tuple[str, ...]]] = {}
    for gap in found.gaps:
        lines.setdefault(gap.line, []).append(gap.languages)
    return lines


def test_what_no_script_takes_is_told_by_line_and_language(
        folder: Path, project: testing.Project) -> None:
    results = running.run(folder / "config.yaml", project, running.find(project))
    assert results.failed == []
    found = coverage.coverage(project, results.taken)
    lines = FLOW.splitlines()
    told = {lines[line - 1].strip(): languages for line, languages in gaps(found).items()}
    assert told == {
        FLOW.splitlines()[3]: [("en", "zh")],
        "on_give_up: nobody": [("en", "zh")],
        "- {if: item is none, refuse: ask}": [("en",)],
        "- {if: item.sold, step: nobody}": [("en", "zh")],
        "- pick": [("zh",)],
        "on_error: nobody": [("en", "zh")],
        "pick:": [("zh",)],
        "say: {en: Which size?, zh: 什么尺码？}": [("en", "zh")],
        "small: {label: {en: Small, zh: 小}, end: small}": [("zh",)],
        "large:": [("en", "zh")],
        "end: large": [("en", "zh")],
        "nobody:": [("en",)],
    }
    assert (found.gone, found.all) == (11, 30)


def test_a_clock_of_the_flow_is_gone_through_at_any_step(
        folder: Path, project: testing.Project) -> None:
    taken = coverage.watch(project.flows)
    chat = Chat(project.flows)
    chat.writes("buy")
    chat.advance(3 * 3_600_000)
    assert "Still there?" in chat.messages[-1].text
    assert 4 not in [gap.line for gap in coverage.coverage(project, taken).gaps
                     if gap.languages == ("en", "zh")]


def test_an_answer_refused_for_the_last_time_took_that_way(
        project: testing.Project) -> None:
    taken = coverage.watch(project.flows)
    chat = Chat(project.flows, {"stock.find": None})
    for words in ("buy", "hat", "cap"):
        chat.writes(words)
    assert chat.owner == "queue"
    assert taken.spots["buying", ("find", "goto", 0)] == {"en"}
    assert taken.spots["buying", ("nobody",)] == {"en"}


def test_side_by_side_gives_the_same_as_one_after_the_other(
        folder: Path, project: testing.Project) -> None:
    scripts = running.find(project)
    one = running.run(folder / "config.yaml", project, scripts, jobs=1)
    two = running.run(folder / "config.yaml", project, scripts, jobs=2)
    assert [result.script.name for result in two.results] == ["small", "not there"]
    assert one.taken == two.taken


def test_scripts_are_chosen_by_a_part_of_their_name(project: testing.Project) -> None:
    assert [script.name for script in running.find(project, name="THERE")] == ["not there"]


def test_the_results_are_written_for_ci(folder: Path, project: testing.Project) -> None:
    file = folder / "flows" / "tests" / "buying.yaml"
    file.write_text(SCRIPTS.replace("outcome: small", "outcome: large"))
    results = running.run(folder / "config.yaml", project, running.find(project))
    junit.write(results, folder / "results.xml")
    suite = ElementTree.parse(folder / "results.xml").getroot()[0]
    assert suite.attrib == {"name": "buying", "tests": "2", "failures": "1"}
    failed, passed = suite
    assert failed.attrib["line"] == "3"
    assert "outcome is small, not large" in (failed[0].text or "")
    assert len(passed) == 0


def test_the_command_tells_what_differs_and_ends_with_1(folder: Path) -> None:
    done = bot_test(folder, "--minimum", "30")
    assert (done.returncode, done.stdout) == (
        0, "2 scripts as written, 0 not; coverage 37 % of steps and ways in each language\n"
           "12 steps and ways are not taken: bot test --coverage lists them\n")
    file = folder / "flows" / "tests" / "buying.yaml"
    file.write_text(SCRIPTS.replace("What would you like", "Which hat"))
    done = bot_test(folder)
    assert done.returncode == 1
    assert done.stdout.startswith("""flows/tests/buying.yaml:6 “small”
 customer  buy
      bot  What would you like?
      >>>  bot: Which hat
           No new message of the bot is like that: “Which hat” is not in it
""")


def test_a_minimum_that_is_not_reached_ends_with_1(folder: Path) -> None:
    done = bot_test(folder, "--minimum", "40")
    assert done.returncode == 1
    assert "The coverage is below 40 %." in done.stdout


def test_the_command_answers_programs(folder: Path) -> None:
    data = json.loads(bot_test(folder, "--json", "-k", "small").stdout)
    assert [result["name"] for result in data["results"]] == ["small"]
    assert data["coverage"]["gaps"][0]["file"] == "flows/buying.yaml"


@pytest.mark.parametrize(("words", "told"), [
    (["nowhere.yaml"], "there is no nowhere.yaml"),
    (["-k", "blue"], "no script named “blue” in"),
])
def test_asking_for_what_is_not_there_is_misuse(
        folder: Path, words: list[str], told: str) -> None:
    done = bot_test(folder, *words)
    assert done.returncode == 2
    assert told in done.stderr


def test_scripts_of_a_process_that_dies_have_failed(folder: Path) -> None:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "deadly.py").write_text(
        "import os\nfrom bot.plugins import Context, filter\n\n\n"
        "@filter(\"deadly\")\ndef deadly(value: str, context: Context) -> str:\n"
        "    if value == 'hat':\n        os._exit(9)\n    return value\n")
    config, flow = folder / "config.yaml", folder / "flows" / "buying.yaml"
    config.write_text(config.read_text() + "plugins: plugins\n")
    flow.write_text(FLOW.replace("{en: Which size?,", "{en: \"{{ what | deadly }}: which size?\","))
    project = testing.load(config)
    results = running.run(config, project, running.find(project), jobs=2)
    assert "has ended before it was done" in results.results[0].failure
    assert [result.script.name for result in results.results] == ["small", "not there"]
