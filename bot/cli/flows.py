"""The commands that show flows to their authors: graph."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.given import Config, settings_of
from bot.cli.printing import misuse


def graph(
    flow: Annotated[str, typer.Argument(metavar="FLOW")],
    svg: Annotated[bool, typer.Option("--svg", help="A picture for a browser instead of "
                                                    "Mermaid.")] = False,
    language: Annotated[str, typer.Option(help="Of the texts; the default language without "
                                               "it.")] = "",
    config: Config = None,
) -> None:
    """Draw a flow: its steps, what they say, and every way from one to the other."""
    from bot.check import load_all
    from bot.flow.drawing.mermaid import mermaid
    from bot.flow.drawing.picture import picture
    from bot.flow.drawing.svg import svg as as_svg
    from bot.nearest import nearest

    settings = settings_of(config, secrets=False)
    loaded = load_all(settings)
    if flow not in loaded.flows:
        near = nearest(flow, loaded.flows)
        misuse(f"there is no flow {flow}" + (f": did you mean {near}?" if near else
                                             f"; there is {', '.join(loaded.flows)}"))
    spec = loaded.flows[flow]
    if language and language not in spec.languages:
        misuse(f"{flow} has no texts in {language}: {', '.join(spec.languages)}")
    drawn = picture(spec, language or spec.languages[0])
    print((as_svg if svg else mermaid)(drawn), end="")
