from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_no_file_is_longer_than_400_lines() -> None:
    code = [path for folder in ("bot", "tests", "tools") for path in (ROOT / folder).rglob("*")
            if path.suffix in (".py", ".js", ".css", ".html") and "vendor" not in path.parts]
    assert len(code) > 50
    long = {str(path.relative_to(ROOT)): lines for path in code
            if (lines := len(path.read_text("utf-8").splitlines())) > 400}
    assert long == {}
