"""`bot chat`, line by line, and the script that it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_scripts_running import CONFIG, FLOW

from bot import testing
from bot.scripts import playing, reading, recording
from bot.terminal import Terminal
from bot.testing import Chat


@pytest.fixture
def project(tmp_path: Path) -> testing.Project:
    (tmp_path / "flows").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows" / "buying.yaml").write_text(FLOW)
    return testing.load(tmp_path / "config.yaml")


class Screen:
    """What a terminal shows, and what is typed when it asks."""

    def __init__(self, project: testing.Project, *typed: str) -> None:
        self.lines: list[str] = []
        self.typed = list(typed)
        self.terminal = Terminal(Chat(project.flows), self.lines.append, self.read)
        self.terminal.chat.ask = self.terminal.answer

    def read(self, prompt: str) -> str:
        self.lines.append(prompt)
        return self.typed.pop(0)

    def take(self, *lines: str) -> str:
        """What the last line showed."""
        for line in lines:
            before = len(self.lines)
            assert self.terminal.take(line)
        return "\n".join(self.lines[before:])


def test_buttons_are_tapped_by_their_numbers(project: testing.Project) -> None:
    screen = Screen(project, "{sold: no}")
    assert screen.take("buy") == "      bot  What would you like?"
    assert screen.take("hat").splitlines() == [
        "  stock.find {name: hat} gives (none, {a: b}, error 500): ",
        "      bot  Which size?", "           /1 Small", "           /2 Large"]
    assert screen.take("/2") == "      bot  Large it is."
    assert screen.terminal.chat.outcome == "large"


def test_what_an_operation_gives_is_asked_until_it_can_be_read(project: testing.Project) -> None:
    screen = Screen(project, "{sold:", "error timeout")
    shown = screen.take("buy", "hat")
    assert "that can't be read" in shown
    assert screen.terminal.chat.owner == "queue"


def test_time_colleagues_pictures_and_places(project: testing.Project) -> None:
    screen = Screen(project)
    screen.take("buy")
    assert screen.take("/advance 3h") == "      bot  Still there?"
    assert "What would you like?" in screen.take("/image shoe.jpg")
    assert "What would you like?" in screen.take("/location 52.5,13.4")
    assert [entry.value for entry in screen.terminal.entries if entry.word == "customer"] == [
        "buy", {"image": "shoe.jpg"}, {"location": {"latitude": 52.5, "longitude": 13.4}}]
    assert screen.take("agent", "/agent Hello there") == "colleague  Hello there"
    assert "a colleague has the conversation" in screen.take("are you there?")
    assert "What would you like?" in screen.take("/back")


def test_it_says_why_and_what_is_known(project: testing.Project) -> None:
    screen = Screen(project, "{sold: no}")
    assert screen.take("/why") == "  nothing was said yet"
    screen.take("buy", "hat")
    assert screen.take("/1", "/why") == ("  tap: small; buying/pick → no flow, ended as small")
    assert "what: hat" in screen.take("/slots")


@pytest.mark.parametrize(("line", "told"), [
    ("/9", "the last message has no button or row 9"),
    ("/dance", "/dance is not known: /help lists what is"),
    ("/advance soon", "“soon” is no length of time"),
    ("/location there", "could not convert"),
    ("/done", "The bot has this conversation"),
])
def test_what_can_not_be_done_is_told(project: testing.Project, line: str, told: str) -> None:
    assert told in Screen(project).take(line)


def test_a_chat_becomes_a_script_that_goes_as_written(
        tmp_path: Path, project: testing.Project) -> None:
    screen = Screen(project, "none", "{sold: no}")
    screen.take("buy", "yes: 12", "hat", "/advance 2h 30m", "/1", "agent", "/agent Hi", "/done")
    file = tmp_path / "flows" / "tests" / "recorded.yaml"
    given = {"backend": recording.answers(screen.terminal.chat.calls)}
    recording.save(file, "a hat: small", screen.terminal.entries, given)
    recording.save(file, "again", screen.terminal.entries, given)
    first, second = reading.read(file)
    assert (first.name, second.name) == ("a hat: small", "again")
    assert playing.play(first, project).outcome == "small"
    playing.play(second, project)
    assert [entry.word for entry in first.entries] == [
        "customer", "bot", "customer", "bot", "customer", "bot", "advance", "bot", "tap",
        "customer", "bot", "agent", "bot", "agent"]


@pytest.mark.parametrize(("text", "told"), [
    ("tests:\n  again: {script: []}\n", "has a test “again” already"),
    ("tests: {}\ngiven: {}\n", "does not end with `tests:`"),
    ("tests: [\n", "can't be read"),
])
def test_a_script_is_not_written_where_it_would_spoil_a_file(
        tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(Exception, match=told):
        recording.save(file, "again", [], {})
    assert file.read_text() == text


@pytest.mark.parametrize(("ms", "told"), [
    (59_000, ""), (60_000, "1m"), (61_000, "2m"), (7_200_000, "2h"), (90_000_000, "1d 1h")])
def test_a_pause_is_rounded_up_to_minutes(ms: int, told: str) -> None:
    assert recording.pause(ms) == told


def test_an_operation_asked_twice_with_other_results_is_answered_in_turn() -> None:
    calls = [testing.Call("stock.find", {"name": "hat"}, {"left": 1}),
             testing.Call("stock.find", {"name": "hat"}, {"left": 0}),
             testing.Call("stock.find", {"name": "cap"}, None)]
    assert recording.answers(calls) == {"stock.find": [
        {"when": {"name": "hat"}, "gives": {"in turn": [{"left": 1}, {"left": 0}]}},
        {"when": {"name": "cap"}, "gives": None}]}


def test_the_command_talks_and_records(tmp_path: Path, project: testing.Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "chat", "--record", "new.yaml", "--name", "a word"],
        cwd=tmp_path, input="buy\n/quit\n", capture_output=True, text=True, check=True)
    assert "      bot  What would you like?\n" in done.stdout
    assert "new.yaml has the script “a word”: bot test new.yaml" in done.stdout
    [script] = reading.read(tmp_path / "new.yaml")
    assert len(script.entries) == 2
