from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from test_publishing import ORDER, House
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.clock import Clock
from bot.errors import FlowError
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.web import control

CONFIG = """store: sqlite:///bot.db
flows: flows
channels:
  main: {provider: meta, phone_number_id: "1", app_secret: "${S}", access_token: "${S}",
         verify_token: "${S}"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


def served(project: Path, people: int = 5) -> None:
    """A process that has served the flow, and so many people in it."""
    async def serve() -> None:
        clock = Clock()
        store = Store(await SQLite.open(project / "bot.db", clock), clock)
        house = House(store, project / "flows")
        house.write(ORDER)
        await house.start()
        await house.spread(people)
        await store.close()

    asyncio.run(serve())


def bot(project: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*arguments, "--config", str(project / "config.yaml")])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def change(project: Path, *words: tuple[str, str]) -> None:
    text = ORDER
    for before, after in words:
        assert before in text
        text = text.replace(before, after)
    (project / "flows" / "order.yaml").write_text(text, "utf-8")


def test_every_difference_is_told_with_its_line_and_whom_it_concerns(project: Path) -> None:
    served(project)
    change(project, ("How many?", "How many pieces?"), ("ask_size", "size_of_it"))
    code, said = bot(project, "publish", "--dry-run")
    assert code == 0
    assert "order: structure" in said
    assert "order.yaml:8 structure: the step ask_size is gone" in said
    assert "order.yaml:17 text: the step ask_count: `say`: “How many?” → “How many pieces?”" in said
    assert "5 people are in it: what becomes of them?" in said
    assert "ask_count 1, ask_size 1" in said
    code, said = bot(project, "publish")
    assert code == 1
    assert "--in-flight" in said
    assert bot(project, "publish", "--dry-run")[1].startswith("order: structure")


def test_what_was_published_can_be_listed_and_taken_back(project: Path) -> None:
    served(project)
    change(project, ("ask_size", "size_of_it"))
    code, said = bot(project, "publish", "order", "--in-flight", "finish", "--json")
    assert code == 0
    told = json.loads(said)
    assert told["published"]
    assert [one["flow"] for one in told["flows"]] == ["order"]
    (first, second) = json.loads(bot(project, "publish", "--list", "order", "--json")[1])
    assert (first["people"], first["served"], second["served"]) == (5, False, True)
    assert bot(project, "publish", "--back", "--yes")[0] == 0
    (first, _, third) = json.loads(bot(project, "publish", "--list", "order", "--json")[1])
    assert third["version"] == first["version"]
    assert third["served"]
    assert bot(project, "publish", "order", "--to", second["version"][:6], "--yes")[0] == 0
    assert json.loads(bot(project, "publish", "--list", "order", "--json")[1])[-1]["version"] \
        == second["version"]
    assert "Nothing is new." in bot(project, "publish")[1]


def test_with_a_mistake_in_a_file_nothing_is_published(project: Path) -> None:
    served(project)
    change(project, ("ask: count", "aks: count"))
    with pytest.raises(FlowError, match=r"order\.yaml:18"):
        bot(project, "publish")
    assert len(json.loads(bot(project, "publish", "--list", "order", "--json")[1])) == 1


def test_a_picture_says_who_stands_where_and_in_which_version(project: Path) -> None:
    served(project)
    change(project, ("ask_size", "size_of_it"))
    bot(project, "publish", "--in-flight", "move")
    code, said = bot(project, "graph", "order", "--live")
    assert code == 0
    assert "ask_count · 1 here" in said
    assert "size_of_it · 0 here" in said
    assert "5 here (ask_count 1, ask_size 1," in said


def test_unknown_words_are_misuse(project: Path) -> None:
    served(project)
    for arguments in (["--in-flight", "away"], ["--back", "--list"], ["--to", "3f"], ["ordr"],
                      ["order", "--to", "zz"]):
        assert bot(project, "publish", *arguments)[0] == 2


async def test_a_running_process_publishes_for_the_command_line(tmp_path: Path) -> None:
    clock = Clock()
    store = Store(await SQLite.open(tmp_path / "bot.db", clock), clock)
    house = House(store, tmp_path / "flows")
    house.write(ORDER)
    await house.start()
    await house.spread(5)
    file = tmp_path / "bot.db.control"
    async with control.listening(store, file), control.remote(file) as remote:
        assert await remote.versions.log() == await store.versions.log()
        assert await remote.versions.standing() == await store.versions.standing()
        (order, rest) = await remote.versions.log()
        if not order.flow:
            order, rest = rest, order
        found = await remote.versions.sources([("order", order.version or "")])
        assert found == await store.versions.sources([("order", order.version or "")])
        await remote.versions.publish(
            [{"flow": "order", "version": None, "in_flight": "finish", "moved": {},
              "kind": "gone"}], [], "test", order.id)
        await house.serving.look()
    assert "order" not in house.flows.current
    await store.close()
