from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(built)


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_carries_every_file_that_the_checkout_has(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {f"bot/{name}" for name in files_below(ROOT / "bot")}
    expected |= {f"bot/shipped/{folder}/{name}" for folder in ("flows", "templates", "schema")
                 for name in files_below(ROOT / folder)}
    # The builder drops what git ignores without a word: this is where that would show.
    assert names == expected | {"bot/shipped/config.yaml"}
    assert {"bot/shipped/flows/returns.yaml", "bot/store/queries.sql"} <= names


def test_a_wheel_can_be_built_from_what_is_published_as_source(tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"pyproject.toml", "config.yaml", "README.md", "bot/__main__.py",
            "flows/returns.yaml"} <= names
    assert not any(name.startswith(("data/", ".venv")) for name in names)


def test_the_unpacked_wheel_runs_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    code = "import bot; from bot.resources import shipped; print(bot.__file__); print(shipped())"
    done = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, env=environ, check=True,
                          capture_output=True, text=True)
    package, shipped = done.stdout.splitlines()
    assert Path(package).is_relative_to(tmp_path)
    assert Path(shipped) == tmp_path / "site" / "bot" / "shipped"
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--config", str(Path(shipped) / "config.yaml")],
        cwd=elsewhere, env=environ, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 errors" in done.stdout


def test_nothing_that_installs_names_a_registry_or_a_folder_of_one_machine() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text("utf-8")
        assert "--hash=sha256:" in text
        for word in ("://", "--index", "-i ", "--find-links", "file:", " @ ", "-e ", "# "):
            assert word not in text, (path.name, word)
