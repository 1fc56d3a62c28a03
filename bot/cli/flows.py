"""The commands that show flows to their authors: graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.given import Config, run_to_end, settings_of, store_of
from bot.cli.printing import misuse

if TYPE_CHECKING:
    from bot.store.versions import Standing


def graph(
    flow: Annotated[str, typer.Argument(metavar="FLOW")],
    svg: Annotated[bool, typer.Option("--svg", help="A picture for a browser instead of "
                                                    "Mermaid.")] = False,
    language: Annotated[str, typer.Option(help="Of the texts; the default language without "
                                               "it.")] = "",
    live: Annotated[bool, typer.Option("--live", help="How many people stand at each step "
                                                      "now.")] = False,
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
    if live:
        people, versions = run_to_end(_live(config, flow))
        drawn = picture(spec, language or spec.languages[0], people)
        drawn = replace(drawn, title=" · ".join([drawn.title, *versions]))
    print((as_svg if svg else mermaid)(drawn), end="")


async def _live(config: Path | None, flow: str) -> tuple[dict[str, int], list[str]]:
    """How many stand at each step of a flow, and in each of its versions."""
    from bot.clock import local
    from bot.publishing import Published, by_step, count

    async with store_of(config) as store:
        log = await store.versions.log()
        standing = [one for one in await store.versions.standing() if one.flow == flow]
    served = Published.of(log).current.get(flow)
    at = {line.version: line.at for line in log if line.flow == flow}
    names = dict.fromkeys([*([served] if served else []), *(one.version for one in standing)])
    return by_step(standing), [
        f"version {name}" + (f" of {local(at[name]):%Y-%m-%d %H:%M} UTC" if name in at else "")
        + f": {count(one for one in standing if one.version == name)} here" + (
            "" if name == served else _where(standing, name)) for name in names]


def _where(standing: Sequence[Standing], version: str) -> str:
    steps = ", ".join(f"{one.step} {one.people}" for one in standing if one.version == version)
    return f" ({steps})" if steps else ""
