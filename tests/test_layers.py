from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

BOT = Path(__file__).parent.parent / "bot"

#: What everybody may import; each of these only those before it.
NOUNS = ("bot", "bot.errors", "bot.model", "bot.nearest", "bot.clock", "bot.hours", "bot.logs",
         "bot.ids", "bot.failpoints", "bot.resources", "bot.disk",
         "bot.runaway")
STORE = ("bot.store.base", "bot.store.business", "bot.store.dead", "bot.store.reading",
         "bot.store.rows", "bot.store.store",
         "bot.store.versions", "bot.store.work")
#: Who may import what beside the nouns and their own folder; the longest prefix counts.
MAY = {
    "bot.flow": (),
    "bot.flow.language": (),
    "bot.flow.dates": ("bot.flow.language",),
    "bot.flow.expressions": ("bot.flow.language", "bot.flow.spec"),
    "bot.flow.reading": ("bot.flow.spec",),
    "bot.flow.drawing": ("bot.flow.language", "bot.flow.spec", "bot.flow.ways"),
    "bot.flow.lint": ("bot.flow.reading", "bot.flow.expressions", "bot.flow.language",
                      "bot.flow.spec"),
    "bot.channel": (),
    "bot.store": (),
    "bot.settings": ("bot.setting_values",),
    "bot.setting_values": (),
    "bot.config": ("bot.settings", "bot.flow.reading.finding", "bot.flow.reading.source"),
    "bot.demo": (),
    "bot.emulator": (),
    "bot.web": ("bot.flow", "bot.channel.base", *STORE, "bot.settings", "bot.config", "bot.router",
                "bot.inbox", "bot.engine", "bot.outbox", "bot.timers", "bot.calls", "bot.actions",
                "bot.feed", "bot.metrics", "bot.pace"),
    **dict.fromkeys(("bot.app", "bot.__main__", "bot.cli", "bot.testing", "bot.scripts",
                     "bot.check", "bot.doctor", "bot.trying", "bot.stand_in",
                     "bot.terminal"), ("bot",)),
}
#: Everything that stands in no room of its own is the work.
WORK = ("bot.flow", "bot.channel.base", *STORE, "bot.settings", "bot.router", "bot.engine",
        "bot.outbox", "bot.feed", "bot.pace", "bot.metrics", "bot.breaker", "bot.actions",
        "bot.calls",
        "bot.handoff", "bot.inbox", "bot.timers", "bot.verify", "bot.publishing",
        "bot.plugins", "bot.plugin_files", "bot.python_actions")


def modules() -> list[str]:
    return sorted(name(path) for path in BOT.rglob("*.py"))


def name(path: Path) -> str:
    return ".".join(path.relative_to(BOT.parent).with_suffix("").parts).removesuffix(".__init__")


def imports(module: str) -> Iterator[str]:
    """What a module imports of ours, in functions too, but not for its types alone."""
    path = BOT.parent.joinpath(*module.split("."))
    tree = ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
                     .read_text("utf-8"))
    known = set(modules())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            assert not node.level
            yield from (deeper if (deeper := f"{node.module}.{alias.name}") in known
                        else str(node.module) for alias in node.names)


def within(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in allowed)


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_its_layer_may_know(module: str) -> None:
    got = set(imports(module))
    if module in NOUNS:
        assert got <= set(NOUNS[:NOUNS.index(module)])
        return
    room = max((each for each in MAY if within(module, (each,))), key=len, default="")
    allowed = (*MAY[room], room) if room else WORK
    assert [each for each in sorted(got) if each not in NOUNS and not within(each, allowed)] == []


@pytest.mark.parametrize("module", [each for each in modules() if within(each, ("bot.emulator",))])
def test_the_emulator_knows_the_clock_and_nothing_else_of_ours(module: str) -> None:
    assert [each for each in imports(module)
            if not within(each, ("bot.emulator", "bot.clock", "bot.errors"))] == []


def test_the_map_of_flow_shows_every_file_and_room() -> None:
    text = str(ast.get_docstring(ast.parse((BOT / "flow" / "__init__.py").read_text("utf-8"))))
    shown = {name for line in re.findall(r"(?m)^ {4,6}([a-z_]+(?:, [a-z_]+)*)/? ", text)
             for name in line.split(", ")}
    there = {path.stem for path in (BOT / "flow").iterdir()
             if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert shown == there - {"__init__"}


@pytest.mark.parametrize("module", [each for each in modules() if within(each, ("bot.flow",))])
def test_flow_is_pure(module: str) -> None:
    """No waiting, no files, no clock, no chance: `load.py` reads the files for the others."""
    path = BOT.parent.joinpath(*module.split("."))
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")
    tree = ast.parse(source)
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import)
                for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree)
                 if isinstance(node, ast.ImportFrom)}
    assert imported.isdisjoint({"asyncio", "aiohttp", "aiosqlite", "sqlite3", "random", "secrets",
                                "socket", "os"})
