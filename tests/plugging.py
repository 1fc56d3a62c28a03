"""A small project with Python of its own."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text("utf-8")
PLUGIN = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
FLOW = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
            if block.startswith("# flows/reserve.yaml"))
CONFIG = """plugins: plugins
channels:
  main: {provider: meta, phone_number_id: "1", app_secret: "${S}", access_token: "${T}",
         verify_token: "${V}"}
"""


def project(folder: Path, *, config: str = CONFIG, flow: str = FLOW, **plugins: str) -> Path:
    """Its config.yaml; without `plugins`, with the example of the docs."""
    for name in ("flows", "templates", "plugins"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(config, "utf-8")
    name = re.search(r"(?m)^flow: (\w+)", flow)
    assert name is not None
    (folder / "flows" / f"{name[1]}.yaml").write_text(flow, "utf-8")
    for file, text in (plugins or {"shop": PLUGIN}).items():
        (folder / "plugins" / f"{file}.py").write_text(text, "utf-8")
    return folder / "config.yaml"
