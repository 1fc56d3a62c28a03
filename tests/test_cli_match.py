from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from storing import wrote
from test_cli import project
from typer.testing import CliRunner

from bot import router, testing, verdicts
from bot.__main__ import cli
from bot.check import find_mistakes
from bot.clock import DAY, Clock
from bot.flow.language.match import Ambiguous, Candidate
from bot.store.sqlite import SQLite
from bot.store.store import Store

__all__ = ["project"]

ANSWERS = """
answers: shop
items:
  parking:
    keywords: {en: [parking, car park], de: [Parkplatz]}
    say: {en: Behind the house., de: Hinter dem Haus.}
  repair:
    keywords: [repair]
    examples: [can you mend what is broken]
    say: We repair shoes.
  waste:
    examples: [can you scrap what is broken]
    say: We take broken things back.
"""


@pytest.fixture
def shop(project: Path) -> Path:
    (project / "flows" / "shop.yaml").write_text(ANSWERS, "utf-8")
    return project


def bot(*words: str, at: Path, given: str = "") -> Any:
    return CliRunner().invoke(cli, [*words, "--config", str(at / "config.yaml")], input=given)


PAGE = (Path(__file__).parent.parent / "docs" / "matching.md").read_text("utf-8")


@pytest.mark.parametrize(("text", "shown"), re.findall(
    r'```console\n\$ bot match "(.*?)"\n(.*?)```', PAGE, re.DOTALL))
def test_the_page_shows_what_is_shown(project: Path, text: str, shown: str) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (project / "flows" / "greet.yaml").unlink()
    (project / "flows" / "desk.yaml").write_text(example, "utf-8")
    assert find_mistakes(project / "config.yaml").findings == ()
    assert bot("match", text, at=project).stdout == shown


@pytest.fixture
async def written(shop: Path, clock: Clock) -> None:
    """Texts of ten days ago and of now, as the triggers decided them."""
    flows = testing.load(shop / "config.yaml").flows
    for at, texts in ((Clock(-10 * DAY), ["is the car park open"]),
                      (clock, ["good day", "is the car park open", "garage?", "broken",
                               "please cancel"])):
        database = await SQLite.open(shop / "data" / "bot.db", at)
        store = Store(database, at)
        for number, text in enumerate(texts):
            await store.accept([wrote(at, who=f"49{at.offset}{number}", text=text)],
                               lambda snapshot, event: router.decide(flows, snapshot, event))
        await database.close()


def test_a_row_names_the_chosen_item_flow_or_command_or_none(shop: Path) -> None:
    texts = ["good day", "is there parking nearby", "tell me a joke", "broken", "", "cancel",
             "wo ist der Parkplatz", "\udcff"]
    found = bot("match", "--json", "-", at=shop, given="\n".join(texts[:-1]) + "\n\x00\n")
    assert found.stderr == ""
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert [row["item"] for row in rows] == [
        "greet", "parking", None, None, None, "cancel", "parking", None]
    assert [row["kind"] for row in rows[:2]] == ["flow", "answer"]
    assert (rows[1]["file"], rows[5]["kind"]) == ("shop", "command")
    assert rows[3]["unclear"] == ["repair", "waste"]
    assert rows[1]["text"] == texts[1]
    assert rows[1]["candidates"][0]["keyword"] == "parking"
    assert [word["word"] for word in rows[1]["words"]] == ["is", "there", "parking", "nearby"]


def test_people_are_told_what_decided_and_why_not_the_others(shop: Path) -> None:
    shown = bot("match", "is the parkign broken?", at=shop).stdout
    assert "parkign" in shown
    assert "keyword “parking” (en)" in shown
    assert "example “can you mend what is broken”" in shown
    assert "before the next of at least 3" in shown
    assert "The customer is asked: repair or waste?" in bot("match", "broken", at=shop).stdout
    assert "The command cancel" in bot("match", "please cancel", at=shop).stdout
    assert bot("match", "qwertz", at=shop).stdout.endswith("\nNothing\n")
    lines = bot("match", "-", at=shop, given="parking\nqwertz\n").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["answer parking", "-"]


def test_one_of_text_and_time_is_wanted(shop: Path) -> None:
    for words in ((), ("parking", "--since", "7d")):
        assert bot("match", *words, at=shop).exit_code == 2
    wrong = bot("match", "--since", "lately", at=shop)
    assert (wrong.exit_code, "neither a time like 7d" in wrong.stderr) == (2, True)


def test_what_was_written_is_decided_again_by_the_triggers_of_now(
        shop: Path, written: None) -> None:
    assert bot("match", "--since", "7d", at=shop).stdout == "0 of 5 texts would go elsewhere.\n"
    (shop / "flows" / "shop.yaml").write_text(
        ANSWERS.replace("[parking, car park]", "[garage]").replace("waste:", "recycling:"), "utf-8")
    changes = json.loads(bot("match", "--since", "7d", "--json", at=shop).stdout)
    assert [(row["text"], row["was"], row["would_be"]) for row in changes] == [
        ("is the car park open", ["answer:shop/parking"], []),
        ("garage?", [], ["answer:shop/parking"]),
        ("broken", ["answer:shop/repair", "answer:shop/waste"],
         ["answer:shop/recycling", "answer:shop/repair"])]
    shown = bot("match", "--since", "2020-01-01", at=shop).stdout.splitlines()
    assert shown[-1] == "4 of 6 texts would go elsewhere."
    assert "repair or waste?" in shown[-3]


@pytest.mark.parametrize("text", ["good day", "parking", "broken", "my shoes are broken", "x"])
def test_it_decides_as_the_router_does(shop: Path, text: str) -> None:
    flows = testing.load(shop / "config.yaml").flows
    chat = testing.Chat(flows)
    chat.writes(text)
    about = flows.about(text)
    verdict = verdicts.judge(flows, text)
    assert verdict.journal == chat.journal
    assert verdict.item == (about.item if isinstance(about, Candidate) else "")
    assert bool(verdict.unclear) == isinstance(about, Ambiguous)
