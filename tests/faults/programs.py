"""The other programs of the night: each is run as it stands, and passes if it ends with 0."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Program:
    """A file of this folder with its arguments."""

    name: str
    words: tuple[str, ...]


PROGRAMS = (
    Program("broken builds", ("broken.py",)),
    Program("flushes on SQLite", ("flushes.py", "--store", "sqlite")),
    Program("flushes on PostgreSQL", ("flushes.py", "--store", "postgres")),
    Program("power cut", ("power.py",)),
    Program("upgrades", ("upgrading.py",)),
    Program("connections lost at commit", ("commits.py",)),
    Program("malformed on SQLite", ("dirt.py", "--database", "sqlite")),
    Program("malformed on PostgreSQL", ("dirt.py", "--database", "postgres")),
    Program("repeats on SQLite", ("repeats.py", "--database", "sqlite")),
    Program("repeats on PostgreSQL", ("repeats.py", "--database", "postgres")),
    Program("farm", ("farm.py",)),
    Program("overload on SQLite", ("overload.py", "--database", "sqlite")),
    Program("overload on PostgreSQL", ("overload.py", "--database", "postgres")),
    Program("model", ("model.py",)),
    Program("memory on SQLite", ("memory.py", "--database", "sqlite")),
    Program("memory on PostgreSQL", ("memory.py", "--database", "postgres")),
)


@dataclass(frozen=True)
class Ended:
    """What became of a program."""

    program: Program
    code: int
    lasted: float
    output: str

    @property
    def last(self) -> str:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else ""


async def run(program: Program) -> Ended:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / program.words[0]), *program.words[1:],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    return Ended(program, process.returncode or 0, time.monotonic() - began,
                 output.decode(errors="replace"))
