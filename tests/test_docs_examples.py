"""Every example of the docs is tried: files are checked, commands run, and what they print is as
the page shows it. `python -m tools.pages` writes anew what the pages of `PLAYED` show.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bot import config
from bot.__main__ import cli
from bot.scripts import reading
from bot.web.api import BusinessEvent
from tools import pages
from tools.pages import DOCS, HOW_TO, ROOT, TUTORIAL, Block, blocks

PLAYED = [TUTORIAL, *HOW_TO]
#: Pages whose examples a test of their own runs.
ELSEWHERE = {"language.md": "test_language.py", "matching.md": "test_cli_match.py",
             "plugins.md": "plugging.py", "README.md": "test_docs.py", "index.md": "test_docs.py"}
#: What no test can do, by the beginning of the block, and why.
NOT_RUN = {
    "# .github/workflows/": "a platform runs it; its command is `bot check`",
    "python -m venv .venv": "it installs: CI does, by what README.md says",
    "mkdir -p shop/flows/tests": "the folder of the tutorial, which the tests make themselves",
    "$ make night": "it takes hours",
    "sqlite3 -readonly": "the program sqlite3 is not everywhere; tests/test_sqlite_file.py copies "
                         "a store that is in use",
}


def of_all_pages() -> list[Block]:
    return [block for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
            for block in blocks(page)]


def told(block: Block) -> list[str]:
    """The lines of a block for the shell, those that go on put together, without comments."""
    text = re.sub(r"\\\n\s*", " ", block.text)
    return [line.partition("  #")[0].strip().removeprefix("$ ") for line in text.splitlines()
            if line.strip()]


@pytest.mark.parametrize("page", PLAYED, ids=lambda page: page.stem)
def test_the_files_of_a_page_and_its_commands_do_what_it_shows(tmp_path: Path, page: Path) -> None:
    if page != TUTORIAL:
        pages.base(tmp_path)
    ran = 0
    for block in blocks(page):
        pages.build(block, tmp_path)
        for command, typed, shown in pages.commands(block) if block.kind == "console" else ():
            if command.startswith(pages.SERVING):
                continue
            printed = pages.run(command, typed, tmp_path)
            assert pages.alike(shown, printed), (
                f"{block}: `{command}` prints\n{printed}\nwhere the page shows\n{shown}\n"
                "python -m tools.pages writes it anew")
            ran += 1
    assert ran


def test_the_mistake_of_the_tutorial_is_found_as_it_says(tmp_path: Path) -> None:
    pages.build(next(each for each in blocks(TUTORIAL) if each.file == "config.yaml"), tmp_path)
    first = next(each for each in blocks(TUTORIAL) if each.file == "flows/repair.yaml")
    pages.build(first, tmp_path)
    place = tmp_path / first.file
    place.write_text(place.read_text("utf-8").replace("keywords:", "keyword:"), "utf-8")
    [shown] = [each.text for each in blocks(TUTORIAL) if each.kind == "text"]
    assert shown in pages.run("bot check", [], tmp_path)


def shipped(folder: Path) -> None:
    """The shipped project with the flow of the first page in it."""
    for part in ("flows", "templates"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "config.yaml", folder)
    [fitting] = [each for each in blocks(DOCS / "index.md") if each.kind == "yaml"]
    (folder / "flows" / "fitting.yaml").write_text(fitting.text, "utf-8")


def test_the_chat_and_the_scripts_of_the_page_about_testing_go_as_shown(tmp_path: Path) -> None:
    shipped(tmp_path)
    chat, script, differs, given = blocks(DOCS / "testing.md")[:4]
    [(command, typed, shown)] = pages.commands(chat)
    printed = pages.run(command, typed, tmp_path)
    assert pages.alike(f"…\n{shown}…\n", printed), printed
    assert pages.build(script, tmp_path)
    assert "1 script as written" in pages.run(f"bot test {script.file}", [], tmp_path)
    place = tmp_path / script.file
    place.write_text(script.text.replace("from 10 to 17", "from 9 to 17"), "utf-8")
    assert differs.text.partition("\n")[2] in pages.run(f"bot test {script.file}", [], tmp_path)
    place.write_text(given.text, "utf-8")
    assert set(reading.shared(place)) == {"now", "contact", "backend"}


def test_the_mistakes_on_the_page_of_the_configuration_are_found_as_it_says(
        tmp_path: Path) -> None:
    [shown] = [each.text for each in blocks(DOCS / "configuration.md") if each.kind == "text"]
    lines = [""] * 14
    lines[4] = "curency: EUR"
    lines[6:] = ["channels:", "  main:", "    provider: meta", '    phone_number_id: "1"',
                 "    app_secret: ${S}", "    access_token: ${T}", "    verify_token: ${V}",
                 "    limits: {per_second: many}"]
    (tmp_path / "config.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    printed = pages.run("bot check", [], tmp_path)
    for line in shown.splitlines():
        assert re.sub(r"^config.yaml:\d+:\d+ ", "", line) in printed
        assert line.rpartition(" error ")[0].rpartition(":")[0] in printed


def test_what_the_page_about_checking_shows_is_what_is_said(tmp_path: Path) -> None:
    shipped(tmp_path)
    place = tmp_path / "flows" / "returns.yaml"
    whole = place.read_text("utf-8")
    without = re.sub(r"(?m)^  review:\n(    .*\n)+", "", whole)
    without = without.replace("goto: review", "goto: create")
    place.write_text(without.replace("on_give_up: review", "on_give_up: creat"), "utf-8")
    [(_, _, shown)] = pages.commands(blocks(DOCS / "checking.md")[0])
    printed = pages.run("bot check", [], tmp_path)
    alike = r"(?m)^flows/returns.yaml:\d+:\d+ {}.*$"
    for level in ("error there is no step", "warning `orders.create_return` changes something"):
        [told] = re.findall(alike.format(re.escape(level)), shown)
        [found] = re.findall(alike.format(re.escape(level)), printed)
        assert re.sub(r":\d+|`\w+`", "", told) == re.sub(r":\d+|`\w+`", "", found)


def test_the_lines_for_editors_name_schemas_that_are_there(tmp_path: Path) -> None:
    shipped(tmp_path)
    line, command, settings = (each.text for each in blocks(DOCS / "editor.md"))
    pages.run(command.strip(), [], tmp_path)
    named = [line.rpartition("../")[2].strip(), *json.loads(settings)["yaml.schemas"]]
    assert [each for each in named if not (tmp_path / each).is_file()] == []


@pytest.mark.parametrize("block", [each for each in of_all_pages() if "/api/events" in each.text
                                   and each.kind == "sh"], ids=str)
def test_what_is_sent_to_the_api_is_an_event(block: Block) -> None:
    words = shlex.split(block.text)
    assert words[0] == "curl"
    assert BusinessEvent.model_validate_json(words[words.index("-d") + 1])


def test_the_tokens_of_the_api_are_taken_as_the_page_writes_them(tmp_path: Path) -> None:
    for block in blocks(DOCS / "api.md"):
        if block.kind == "yaml":
            pages.base(tmp_path)
            place = tmp_path / "config.yaml"
            place.write_text(place.read_text("utf-8") + block.text, "utf-8")
            settings = config.load(place, {}, secrets=False)
            assert settings.api is not None


def test_what_customers_say_to_the_emulator_is_json() -> None:
    [said] = [each for each in blocks(DOCS / "emulator.md") if each.kind == "json"]
    for line in said.text.splitlines():
        assert isinstance(json.loads(line), dict)


def test_the_variables_for_a_real_number_are_those_of_the_shipped_configuration() -> None:
    [block] = blocks(DOCS / "real-number.md")
    named = re.findall(r"([A-Z_]+)=", block.text)
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "config.yaml").read_text("utf-8")))
    assert named
    assert set(named) <= asked


def options(words: list[str]) -> Iterator[str]:
    """What of a command line the program does not know."""
    group: Any = typer.main.get_command(cli)
    while words and hasattr(group, "commands"):
        name, *words = words
        if name not in group.commands:
            yield name
            return
        group = group.commands[name]
    known = {option for parameter in group.params for option in parameter.opts}
    yield from (word for word in words if word.startswith("-") and word not in known)


def is_bot(block: Block) -> bool:
    parts = [part.strip() for line in told(block) for part in line.split("&&")]
    return all(part.startswith("bot ") for part in parts)


@pytest.mark.parametrize("block", [each for each in of_all_pages()
                                   if each.kind in ("", "sh", "console") and is_bot(each)],
                         ids=str)
def test_the_commands_that_pages_name_are_there(block: Block) -> None:
    for line in told(block):
        for part in line.split("&&"):
            assert list(options(shlex.split(part)[1:])) == []


CLAIMS: list[Callable[[Block], bool]] = [
    lambda block: block.page in PLAYED and (
        bool(block.file) or block.text.startswith("# in ") or block.kind in ("console", "text")),
    lambda block: block.page.name in ELSEWHERE and block.page.parent != DOCS / "how-to",
    lambda block: block.page.name in ("testing.md", "configuration.md", "api.md", "emulator.md",
                                      "editor.md", "real-number.md"),
    lambda block: block.page.name == "checking.md" and block.kind == "console",
    lambda block: "/api/events" in block.text,
    lambda block: block.kind in ("", "sh", "console") and is_bot(block),
    lambda block: any(block.text.startswith(beginning) for beginning in NOT_RUN),
]


@pytest.mark.parametrize("block", of_all_pages(), ids=str)
def test_every_example_is_tried_by_a_test(block: Block) -> None:
    assert any(claims(block) for claims in CLAIMS)


def test_the_tests_that_try_whole_pages_name_them() -> None:
    for page, test in ELSEWHERE.items():
        assert page in (Path(__file__).parent / test).read_text("utf-8")
    everything = [block.text for block in of_all_pages()]
    assert [each for each in NOT_RUN if not any(text.startswith(each) for text in everything)] == []
