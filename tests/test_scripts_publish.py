from __future__ import annotations

from pathlib import Path

import pytest
from test_cli_publish import CONFIG
from test_publishing import GONE, ORDER

from bot import testing
from bot.scripts import playing, running
from bot.scripts.judging import Differs

SCRIPT = """tests:
  who is asked for the size when it is taken out goes on:
    script:
      - customer: order
      - customer: shoes
      - bot: Which size
      - publish: {version: v2, in_flight: WAY}
      - customer: Small
      - bot: NEXT
      - publish: back
      - customer: three
      - expect: {step: check}
"""


def project(folder: Path, script: str) -> testing.Project:
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    versions = folder / "flows" / "tests" / "order" / "v2"
    versions.mkdir(parents=True)
    (folder / "flows" / "order.yaml").write_text(ORDER, "utf-8")
    (versions / "order.yaml").write_text(GONE, "utf-8")
    (folder / "flows" / "tests" / "order.yaml").write_text(script, "utf-8")
    return testing.load(folder / "config.yaml")


@pytest.mark.parametrize("way", ["move", "finish"])
def test_a_script_publishes_another_version_in_the_middle(tmp_path: Path, way: str) -> None:
    made = project(tmp_path, SCRIPT.replace("WAY", way).replace("NEXT", "How many?"))
    (script,) = running.find(made)
    chat = playing.play(script, made)
    assert (chat.slots["size"] == "any") == (way == "move")


def test_a_restart_begins_again(tmp_path: Path) -> None:
    made = project(tmp_path, SCRIPT.replace("WAY", "restart").replace("NEXT", "What shall it be")
                   .replace("      - publish: back\n      - customer: three\n"
                            "      - expect: {step: check}\n", ""))
    (script,) = running.find(made)
    assert "begin again" in playing.play(script, made).messages[-1].text


@pytest.mark.parametrize("word", ["v3", "{version: v2, how: now}"])
def test_a_version_that_is_not_there_is_said_with_its_line(tmp_path: Path, word: str) -> None:
    made = project(tmp_path, SCRIPT.replace("{version: v2, in_flight: WAY}", word))
    (script,) = running.find(made)
    with pytest.raises(Differs, match=r"order\.yaml:7"):
        playing.play(script, made)
