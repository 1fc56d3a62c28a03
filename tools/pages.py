"""The examples of the pages in docs/: what stands in them, and what becomes of it when it is tried.

A block that begins with a comment like `# flows/fitting.yaml` is that file of a project; one that
begins with `# in config.yaml` says what is added to the config.yaml so far. Lines `$ bot …` in a
block `console` are commands, run in that project; what they print stands below them, and in
`bot chat` what is typed stands behind `> `. Where `…` stands, on a line of its own or in a line,
anything may be printed.

`python -m tools.pages` runs the commands of the tutorial and of the how-to pages and writes below
them what they print; blocks with `…` are left as they are.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from bot.__main__ import cli
from bot.errors import BotError

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
TUTORIAL: Final = DOCS / "tutorial.md"
HOW_TO: Final = sorted(page for page in (DOCS / "how-to").glob("*.md") if page.stem != "index")
#: Commands that serve until they are stopped: tests/test_docs_tutorial.py runs them.
SERVING: Final = ("bot demo", "bot run", "bot emulator", "bot publish")
_BLOCK: Final = re.compile(r"^( *)```([\w ]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_FILE: Final = re.compile(r"# ((?:flows|templates|plugins)/[\w./-]+|config\.yaml)\n")
_PART: Final = "# in config.yaml\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    kind: str  #: what stands behind the fence
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str:
        """The file of the project that it is; "" for any other."""
        found = _FILE.match(self.text)
        return found[1] if found else ""


def blocks(page: Path) -> list[Block]:
    """All of a page, in order; the indent of a list is taken off."""
    text = page.read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        indent = match[1]
        lines = [line.removeprefix(indent) for line in match[3].splitlines(keepends=True)]
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, match[2].strip(),
                           "".join(lines)))
    return found


def build(block: Block, folder: Path) -> bool:
    """Write what the block says into the project of the folder. False: it is none of its files."""
    config = folder / "config.yaml"
    if block.text.startswith(_PART):
        whole = yaml.safe_load(config.read_text("utf-8"))
        for key, value in yaml.safe_load(block.text).items():
            whole[key] = {**whole[key], **value} if isinstance(whole.get(key), dict) else value
        config.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), "utf-8")
        return True
    if not block.file:
        return False
    place = folder / block.file
    place.parent.mkdir(parents=True, exist_ok=True)
    # A comment is one in YAML and in Python; in a template it would be said.
    place.write_text(block.text if place.suffix != ".j2" else block.text.partition("\n")[2],
                     "utf-8")
    return True


def commands(block: Block) -> Iterator[tuple[str, list[str], str]]:
    """Each command of a block `console`, what is typed into it, and what the page shows of it."""
    for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        typed = [line[2:] for line in lines if line.startswith("> ")]
        yield command[2:], typed, "".join(f"{line}\n" for line in lines)


def run(command: str, typed: list[str], folder: Path) -> str:
    """What a command prints in this project, with what was typed where it was."""
    program, *words = shlex.split(command.partition("#")[0])
    if program != "bot":
        raise ValueError(f"{command}: only bot is run")
    printed = io.StringIO()
    stdin, sys.stdin = sys.stdin, _Typed(typed)
    try:
        with (contextlib.chdir(folder), contextlib.redirect_stdout(printed),
              contextlib.suppress(SystemExit)):
            cli(words)
    except BotError as problem:  # as `main` does
        print(problem, file=printed)
    finally:
        sys.stdin = stdin
    shown = printed.getvalue().replace(f"{folder.resolve()}/", "")
    return "".join(f"{line.rstrip()}\n" for line in shown.splitlines())


class _Typed(io.StringIO):
    """A keyboard; what is typed shows on the screen behind `> `."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("".join(f"{line}\n" for line in lines))

    def readline(self, size: int | None = -1, /) -> str:
        line = super().readline(-1 if size is None else size)
        if line:
            print(f"> {line}", end="")
        return line


def alike(shown: str, printed: str) -> bool:
    """Whether the page shows what was printed; `…` stands for anything."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else
        ".*?".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t]*\n"
        for line in shown.splitlines())
    return re.fullmatch(pattern, printed) is not None


def base(folder: Path) -> None:
    """The project that the how-to pages begin with: the config.yaml of the tutorial."""
    build(next(each for each in blocks(TUTORIAL) if each.file == "config.yaml"), folder)
    (folder / "flows").mkdir(exist_ok=True)


def _fill(page: Path) -> None:
    text = page.read_text("utf-8")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if page != TUTORIAL:
            base(folder)
        made = [_filled(block, folder) for block in blocks(page)]
    for match, new in reversed(list(zip(_BLOCK.finditer(text), made, strict=True))):
        lines = "".join(f"{match[1]}{line}".rstrip(" ") for line in new.splitlines(keepends=True))
        text = text[:match.start(3)] + lines + text[match.end(3):]
    page.write_text(text, "utf-8")


def _filled(block: Block, folder: Path) -> str:
    build(block, folder)
    if block.kind != "console" or "…" in block.text:
        return block.text
    return "".join(f"$ {command}\n" + (shown if command.startswith(SERVING)
                                       else run(command, typed, folder))
                   for command, typed, shown in commands(block))


if __name__ == "__main__":
    for each in [Path(name) for name in sys.argv[1:]] or [TUTORIAL, *HOW_TO]:
        _fill(each.resolve())
