"""Playing many scripts: which ones, side by side, and what became of each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from bot import testing
from bot.errors import FlowError
from bot.scripts import coverage, playing, reading
from bot.scripts.coverage import Taken
from bot.scripts.judging import Differs
from bot.scripts.reading import Script
from bot.testing import Project

#: Fewer scripts than this are played sooner than other processes have started.
_WORTH_IT = 300


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one script; `failure` is "" where it went as written."""

    script: Script
    seconds: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What became of all of them, and what they went through."""

    results: tuple[Result, ...]
    taken: Taken = field(default_factory=Taken)

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if result.failure]


def find(project: Project, paths: Sequence[Path] = (), name: str = "") -> list[Script]:
    """The scripts beside the flows, or those of these files and folders; `name`: a part of theirs.

    Raises `FlowError` with every mistake in them.
    """
    files = sorted({file for path in paths or [project.folder / "tests"]
                    for file in (_scripts(path) if path.is_dir() else [path])})
    found: list[Script] = []
    mistakes: list[str] = []
    for file in files:
        try:
            found += reading.read(Path(coverage.near(file)))
        except FlowError as problem:
            mistakes.append(str(problem))
    if mistakes:
        raise FlowError("\n".join(mistakes))
    return [script for script in found if name.casefold() in str(script).casefold()]


def _scripts(folder: Path) -> list[Path]:
    """The files of scripts in a folder; in one called like a script stand versions of flows."""
    return [file for file in folder.rglob("*.yaml") if not any(
        above.with_suffix(".yaml").is_file() for above in file.parents
        if above.is_relative_to(folder))]


def run(config: Path, project: Project, scripts: Sequence[Script], jobs: int = 0) -> Results:
    """Play them; `jobs`: so many processes, 0 for as many as it is worth."""
    jobs = jobs or (1 if len(scripts) < _WORTH_IT else min(os.cpu_count() or 1, 8))
    if jobs == 1:
        return _play(project, scripts)
    shares = [scripts[start::jobs] for start in range(jobs)]
    # Spawned, not forked: a fork would carry the locks of other threads along.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_share, config, share) for share in shares]
        parts = [_result(one, share) for one, share in zip(waiting, shares, strict=True)]
    order = {(script.file, script.line): place for place, script in enumerate(scripts)}
    taken = Taken()
    for part in parts:
        taken.add(part.taken)
    results = sorted((result for part in parts for result in part.results),
                     key=lambda result: order[result.script.file, result.script.line])
    return Results(tuple(results), taken)


def _result(waiting: Future[Results], share: Sequence[Script]) -> Results:
    """What became of a share; that of a process which ended over it has failed."""
    try:
        return waiting.result()
    except BrokenProcessPool:
        return Results(tuple(Result(
            script, 0.0, f"{script.file}:{script.line} “{script.name}”\n"
                         "The process that was to play this has ended before it was done; "
                         "--jobs 1 plays one script after the other.") for script in share))


def _share(config: Path, scripts: Sequence[Script]) -> Results:
    return _play(testing.load(config), scripts)


def _play(project: Project, scripts: Iterable[Script]) -> Results:
    taken = coverage.watch(project.flows)
    results = []
    for script in scripts:
        began = time.perf_counter()
        failure = ""
        try:
            playing.play(script, project)
        except (Differs, FlowError) as problem:
            failure = str(problem)
        results.append(Result(script, time.perf_counter() - began, failure))
    return Results(tuple(results), taken)
