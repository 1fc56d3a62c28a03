from __future__ import annotations

from bot.resources import shipped


def test_the_shipped_project_is_found_beside_the_package() -> None:
    assert (shipped() / "config.yaml").is_file()
    assert (shipped() / "flows").is_dir()
    assert (shipped() / "templates").is_dir()
