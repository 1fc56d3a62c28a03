from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest


def tool() -> ModuleType:
    path = Path(__file__).parent.parent / "tools" / "vendor.py"
    spec = importlib.util.spec_from_file_location("vendor", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["vendor"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_browser_libraries_are_what_their_list_says() -> None:
    vendor = tool()
    assert vendor.check(vendor.FOLDER) == []


def test_a_changed_file_and_a_missing_licence_are_found(tmp_path: Path) -> None:
    vendor = tool()
    folder = tmp_path / "vendor"
    shutil.copytree(vendor.FOLDER, folder)
    (folder / "htmx.js").write_text("alert(1)", "utf-8")
    (folder / "htmx-sse.LICENCE").unlink()

    assert vendor.check(folder) == ["htmx.js: not the content that VENDOR.json says",
                                    "htmx-sse.LICENCE: missing"]


def test_every_library_names_a_licence_that_lets_us_pass_it_on() -> None:
    entries = json.loads((tool().FOLDER / "VENDOR.json").read_text("utf-8"))
    assert {entry["licence"] for entry in entries} <= {"0BSD", "MIT"}
    assert not any("://" in value for entry in entries for value in entry.values())


@pytest.mark.parametrize(("text", "name"), [
    (b"BSD Zero Clause License", "0BSD"), (b"The MIT License", "MIT")])
def test_a_licence_is_known_by_its_words(text: bytes, name: str) -> None:
    assert tool().licence_name(text) == name
