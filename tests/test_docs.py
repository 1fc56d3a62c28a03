from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from bot import __main__ as command_line
from bot.check import find_mistakes
from bot.config import keys
from bot.flow import spec

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])


def commands() -> Iterator[str]:
    yield from ("demo", "run", "check", "chat", "test", "graph", "match", "publish", "schema",
                "emulator", "doctor")
    for name, group in (("agents", command_line.agents), ("db", command_line.db)):
        yield from (f"{name} {each.name}" for each in group.registered_commands)
        for inner in group.registered_groups:
            yield from (f"{name} {inner.name} {each.name}"
                        for each in inner.typer_instance.registered_commands)


def flow_words() -> set[str]:
    """Every word of the language that a spec keeps, as an author writes it."""
    made_up = {"languages", "kind", "value", "after_ms", "timeout_ms", "for_ms", "gather_ms",
               "keep_ms", "id"}
    models = [each for _, each in inspect.getmembers(spec, inspect.isclass)
              if issubclass(each, BaseModel) and each is not BaseModel]
    words = {field.alias or name for model in models
             for name, field in model.model_fields.items()}
    return (words - made_up) | {"timeout", "for", "gather", "keep"}


@pytest.mark.parametrize("key", [key for key, _ in keys()])
def test_every_key_of_the_configuration_is_documented(key: str) -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    assert f"`{key.rsplit('.', 1)[-1]}`" in text or f"`{key}`" in text


@pytest.mark.parametrize("word", sorted(flow_words()))
def test_every_word_of_the_flow_language_is_documented(word: str) -> None:
    text = (DOCS / "language.md").read_text("utf-8")
    assert re.search(rf"[`{{ ,(]{re.escape(word)}[`:,) ]", text)


def test_every_command_is_documented() -> None:
    text = (DOCS / "operations.md").read_text("utf-8")
    assert [each for each in commands() if f"`bot {each}" not in text] == []


def test_the_list_of_commands_is_complete() -> None:
    registered = {each.name or each.callback.__name__ for each in
                  command_line.cli.registered_commands if each.callback is not None}
    assert registered == {each for each in commands() if " " not in each}


def test_the_table_of_commands_names_every_option() -> None:
    text = (DOCS / "operations.md").read_text("utf-8")
    for group in (command_line.cli, command_line.agents, command_line.db):
        made = typer.main.get_command(group)
        for command in made.commands.values():
            for parameter in command.params:
                for option in parameter.opts:
                    if option.startswith("--") and option not in ("--help", "--config", "--log"):
                        assert option in text, (command.name, option)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert [each for each in targets
            if "://" not in each and not (page.parent / each).exists()] == []


def test_the_code_sends_its_readers_to_pages_that_are_there() -> None:
    code = {path: path.read_text("utf-8") for path in (ROOT / "bot").rglob("*.py")}
    assert [(path.name, page) for path, text in code.items()
            for page in re.findall(r"[\w/.-]+\.md\b", text) if not (ROOT / page).is_file()] == []


def test_every_page_is_in_the_list_of_the_first_one() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    assert [page.name for page in DOCS.glob("*.md")
            if page.name != "index.md" and f"]({page.name})" not in index] == []


def test_every_decision_is_in_the_list_and_has_a_number_of_its_own() -> None:
    index = (DOCS / "decisions" / "index.md").read_text("utf-8")
    pages = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    assert [name for name in pages if f"({name})" not in index] == []
    assert len({name[:4] for name in pages}) == len(pages)


def test_the_commands_of_the_readme_use_what_is_there() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 2
    for name in re.findall(r"-r (\S+)", "\n".join(lines)):
        assert (ROOT / name).is_file()
    verbs = set(re.findall(r"\bbot ([a-z]+)", "\n".join(lines)))
    assert verbs <= {each.split()[0] for each in commands()}
    # What CI runs is what the README says.
    test = lines[1].rsplit("&& ", 1)[1]
    assert test in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_flow_on_the_first_page_has_no_mistakes_beside_the_shipped_ones(tmp_path: Path) -> None:
    for part in ("flows", "templates"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "config.yaml", tmp_path)
    text = (DOCS / "index.md").read_text("utf-8")
    (name,) = re.findall(r"A file `(flows/\w+\.yaml)`", text)
    (flow,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("   ") for line in flow.splitlines()]
    (tmp_path / name).write_text("\n".join(lines) + "\n", "utf-8")
    assert find_mistakes(tmp_path / "config.yaml").findings == ()
