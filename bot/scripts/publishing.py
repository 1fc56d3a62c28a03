"""`publish: v2` in a script: from here on the flows are others, and conversations go on.

The files of `flows/tests/returns/v2/` stand in the place of those of the same name in `flows/`,
for the scripts of `flows/tests/returns.yaml`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot import check, testing
from bot.flow.flows import Flows
from bot.testing import Project, ScriptError

#: The name of the flows as they are.
NOW: Final = "back"
_WAYS: Final = ("move", "finish", "restart")


def publish(project: Project, script: Path, before: Flows, value: Any) -> Flows:
    """The flows from here on. `value`: the name of a version, or {version, in_flight}."""
    wanted = dict(value) if isinstance(value, Mapping) else {"version": value}
    name, in_flight = str(wanted.pop("version", "")), wanted.pop("in_flight", None)
    if wanted or not name or in_flight not in (None, *_WAYS):
        raise ScriptError("publish: v2, or {version: v2, in_flight: move, finish or restart}")
    folder = None if name == NOW else script.with_suffix("") / name
    if folder is not None and not folder.is_dir():
        raise ScriptError(f"there is no folder {folder} with the files of {name}")
    after = _read(project, folder)
    after.take_over(before, in_flight)
    return after


def _read(project: Project, folder: Path | None) -> Flows:
    settings = project.settings
    if settings is None:
        raise ScriptError("a project that was not read from its files has no other versions")
    with tempfile.TemporaryDirectory(prefix="flows-") as together:
        flows = Path(together) / "flows"
        shutil.copytree(settings.flows, flows, ignore=lambda at, names: (
            {"tests"} if Path(at) == settings.flows else set()))
        if folder is not None:
            shutil.copytree(folder, flows, dirs_exist_ok=True)
        loaded = check.load_all(settings.model_copy(update={"flows": flows}))
    if loaded.errors:
        raise ScriptError("\n".join(str(finding).replace(str(flows), str(folder or "flows"))
                                    for finding in loaded.errors))
    return testing.project_of(settings, loaded).flows
