"""The schemas for editors say what the readers read, no more and no less."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from checking import ANSWERS, COMMANDS, FLOW, TEXTS
from jsonschemas import fits
from plugging import project
from typer.testing import CliRunner

from bot import schema as schemas
from bot.__main__ import cli
from bot.flow.reading import clocks, files, meanings, pieces, registered, source, steps, ways
from bot.flow.reading import schema as language

ROOT = Path(__file__).parent.parent
READING = (clocks, files, pieces, registered, steps, ways)
SHIPPED = [*sorted((ROOT / "flows").glob("*.yaml")), ROOT / "config.yaml"]
BLOCKS = [(page.name, block) for page in sorted((ROOT / "docs").rglob("*.md"))
          for block in re.findall(r"(?ms)^ *```yaml\n(.*?)```", page.read_text("utf-8"))]
EXAMPLES = [(page, block if re.match(r"(# .*\n)?\w+:", block) else "") for page, block in BLOCKS]
EXAMPLES = [(page, block) for page, block in EXAMPLES
            if re.match(r"(# .*\n)?(flow|answers|commands|texts):", block)]


def plain(node: source.Node) -> Any:
    """As the program reads it: everything is text."""
    if isinstance(node.value, dict):
        return {key: plain(part) for key, part in node.value.items()}
    if isinstance(node.value, list):
        return [plain(part) for part in node.value]
    return node.value


def both(text: str) -> list[Any]:
    """As the program reads it, and as an editor does."""
    root, mistakes = source.read("x.yaml", text.encode())
    assert root is not None
    assert mistakes == []
    typed = yaml.load(text, yaml.CSafeLoader)
    return [plain(root), json.loads(json.dumps(typed, default=str))]  # editors know no days


def kind_of(text: str) -> str:
    first = next(line for line in text.splitlines() if line and not line.startswith("#"))
    name = first.partition(":")[0].strip()
    return name if name in schemas.KINDS else "config"


def tables() -> dict[str, dict[str, Any]]:
    """Every table of words in the readers."""
    return {f"{module.__name__.rpartition('.')[2]}.{name}": table for module in READING
            for name, table in vars(module).items() if name.isupper() and isinstance(table, dict)
            and table and all(callable(reader) for reader in table.values())}


def properties(schema: Any) -> list[set[str]]:
    if isinstance(schema, list):
        return [names for each in schema for names in properties(each)]
    if not isinstance(schema, dict):
        return []
    own = [set(schema["properties"])] if "properties" in schema else []
    return own + [names for each in schema.values() for names in properties(each)]


def test_every_word_that_a_reader_knows_is_in_a_schema_and_the_other_way_round() -> None:
    shown = [names for kind in language.KINDS for names in properties(language.schema(kind))]
    known = [set(table) for table in tables().values()]
    assert len(known) >= 18
    assert [words for words in known if words not in shown] == []
    made = [{"file"}, *({kind, "items"} for kind in ("answers", "commands", "texts")),
            {"latitude", "longitude", "name", "address"}, {"name", "phone"}]
    assert [words for words in shown if words not in [*known, *made]] == []


def test_every_mapping_is_read_by_a_table_that_the_schema_knows() -> None:
    """A literal in the call of a reader would be known to nobody else."""
    trees = [ast.parse(Path(str(module.__file__)).read_text("utf-8")) for module in READING]
    literal = [ast.unparse(call.args[3]) for tree in trees for call in ast.walk(tree)
               if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "mapping"
               and isinstance(call.args[3], ast.Dict)]
    assert literal == ["{**FLOW, 'title': lambda r, node: title}",
                       "{what: pieces.ident, 'items': items}"]


def test_every_word_has_a_meaning_and_every_meaning_a_word() -> None:
    known = {frozenset(table) for table in tables().values()}
    known |= {frozenset({"latitude", "longitude", "name", "address"}), frozenset({"name", "phone"})}
    assert {frozenset(words) for words in meanings.MEANINGS.values()} == known


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_what_is_shipped_fits_and_names_its_schema(file: Path) -> None:
    text = file.read_text("utf-8")
    for value in both(text):
        assert fits(value, schemas.schema(kind_of(text)))
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named is not None
    there = (file.parent / named[1]).resolve()
    assert there == ROOT / "schema" / f"{kind_of(text)}.json"
    assert there.is_file()


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_the_shipped_schemas_are_those_of_this_program(kind: str) -> None:
    """If this fails: bot schema --write schema."""
    assert (ROOT / "schema" / f"{kind}.json").read_text("utf-8") == schemas.written(kind)


@pytest.mark.parametrize(("page", "text"), EXAMPLES)
def test_the_whole_examples_of_the_docs_fit(page: str, text: str) -> None:
    kinds = ["iban"] if page == "plugins.md" else []
    for value in both(re.sub(r"(?m)^   (?=\S| )", "", text) if page == "index.md" else text):
        assert fits(value, schemas.schema(kind_of(text), kinds))


def test_every_word_of_the_page_of_the_language_fits_a_schema() -> None:
    examples = [block for page, block in BLOCKS if page == "language.md"
                and block.startswith(("steps:", "slots:", "on_timeout:"))]
    assert len(examples) >= 10
    for example in examples:
        for value in both("flow: example\ntitle: An example\n" + example):
            assert fits(value, schemas.schema("flow"))


@pytest.mark.parametrize("text", [FLOW, ANSWERS, COMMANDS, TEXTS])
def test_a_whole_business_fits(text: str) -> None:
    for value in both(text):
        assert fits(value, schemas.schema(kind_of(text)))


@pytest.mark.parametrize(("old", "new"), [
    ("title: {en: Return an item, zh: 退货}\n", ""),
    ("steps:", "step:"),
    ("ask: number", "aks: number"),
    ("attempts: 3", "attempts: 99"),
    ("attempts: 3", "attempts: many"),
    ("type: text", "type: txet"),
    ("    on_give_up: person\n", ""),
    ("refuse: ask", "refuse: ask, step: why"),
    ("refuse: ask", "refues: ask"),
    ("after: 2h", "after: 2 hours"),
    ("clean: upper", "clean: uper"),
    ("keywords:", "keyword:"),
    ("broken: {label:", "Broken!: {label:"),
    ("save: order", "save: My Order"),
    ("- why", "- {setp: why}"),
    ("review: [number, reason]", "review: {number: reason}"),
    ("say: {file: returns/label}", "say: {fiel: returns/label}"),
    ("say: {en: Which order?, zh", "say: {english: x, zh"),
    ("end: sent", "end: [sent]"),
    ('handoff: {note: ', 'handoff: {notes: '),
    ("label: {en: Broken, zh: 坏了}, ", ""),
    ("errors: {pattern:", "errors: {patern:"),
    ("  ask:\n", "  handoff:\n"),
    ("number: {type", "contact: {type"),
    ("then: stay", "than: stay"),
    ("call: orders.find", "call: [orders.find]")])
def test_a_typical_mistake_does_not_fit(old: str, new: str) -> None:
    assert FLOW.count(old) >= 1
    root, _ = source.read("x.yaml", FLOW.replace(old, new, 1).encode())
    assert root is not None
    assert not fits(plain(root), schemas.schema("flow"))


@pytest.mark.parametrize(("old", "new"), [
    ("port: ${BOT_PORT:-8080}", "prot: 8080"),
    ("provider: meta", "provider: telegram"),
    ("receipts: {read: on", "receipts: {read: maybe"),
    ("after: 23h", "after: 23 hours"),
    ("fallback: [rephrase,", "fallback: [rephrse,"),
    ("find: {get:", "find: {fetch:"),
    ("find: {get:", "find: {post: /x, get:"),
    ("missing: 404}\n      of", "misssing: 404}\n      of"),
    ("orders:\n", "Orders:\n"), ("store: sqlite:", "store: mysql:")])
def test_a_typical_mistake_in_the_configuration_does_not_fit(old: str, new: str) -> None:
    text = (ROOT / "config.yaml").read_text("utf-8")
    assert text.count(old) >= 1
    assert fits(both(text)[0], schemas.schema("config"))
    assert not fits(both(text.replace(old, new, 1))[0], schemas.schema("config"))


def test_the_command_prints_one_and_writes_all_with_the_projects_own_types(tmp_path: Path) -> None:
    config = project(tmp_path)
    run = CliRunner().invoke(cli, ["schema", "--config", str(config)])
    assert "iban" in json.loads(run.stdout)["$defs"]["slot_type"]["enum"]
    run = CliRunner().invoke(
        cli, ["schema", "--write", str(tmp_path / "s"), "--config", str(config)])
    assert run.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == sorted(
        f"{kind}.json" for kind in schemas.KINDS)
    run = CliRunner().invoke(cli, ["schema", "flwo", "--config", str(config)])
    assert (run.exit_code, "did you mean flow?" in run.stderr) == (2, True)
