"""`bot publish`: what is in the folder becomes what customers talk to, and the way back."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.given import AsJson, Config, run_to_end, settings_of, store_of
from bot.cli.printing import FINDINGS, count, misuse, print_json, print_table
from bot.errors import FlowError

if TYPE_CHECKING:
    from bot.flow.load import Loaded
    from bot.publishing import Difference, Kept, Published
    from bot.settings import Settings
    from bot.store.versions import Publication, Standing

#: Who it was, in the list of versions and the audit.
WHO = "command line"
_HOW = {"move": "they go on in the new version when they write next",
        "finish": "they finish in the version that they have",
        "restart": "they begin again when they write next"}


def publish(
    flows: Annotated[list[str] | None, typer.Argument(
        metavar="[FLOW]...", help="Only these; everything that has changed without them.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether to do it.")] = False,
    in_flight: Annotated[str, typer.Option(
        metavar="HOW", help="What becomes of those who are in a flow whose structure has changed: "
                            "move, finish or restart.")] = "",
    to: Annotated[str, typer.Option(
        metavar="VERSION", help="This version of one flow, as --list shows it.")] = "",
    back: Annotated[bool, typer.Option(
        "--back", help="As it was before the last publish.")] = False,
    listed: Annotated[bool, typer.Option(
        "--list", help="Show what was published, and who stands in it.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Let customers talk to what is in the folder now; who is in a flow is minded."""
    if in_flight not in ("", "move", "finish", "restart"):
        misuse(f"--in-flight {in_flight} is not known: move, finish or restart")
    if bool(to) + back + listed > 1:
        misuse("--to, --back and --list don't go together")
    asked = list(flows or ())
    if to and len(asked) != 1:
        misuse("--to needs the one flow that it is a version of: bot publish returns --to 3f2a")
    settings = settings_of(config, secrets=False)
    if listed:
        run_to_end(_list(config, asked, as_json))
        return
    raise typer.Exit(run_to_end(_Publish(
        settings, config, asked, dry_run, yes, in_flight, to, back, as_json).run()))


class _Publish:
    """One publish, from looking to doing."""

    def __init__(self, settings: Settings, config: Path | None, asked: list[str], dry_run: bool,
                 yes: bool, in_flight: str, to: str, back: bool, as_json: bool) -> None:
        self.settings, self.config, self.asked = settings, config, asked
        self.dry_run, self.yes, self.in_flight = dry_run, yes, in_flight
        self.to, self.back, self.as_json = to, back, as_json

    async def run(self) -> int:
        from bot import publishing
        from bot.check import load_all

        loaded = load_all(self.settings)
        past = bool(self.to) or self.back
        if loaded.errors and not past:
            raise FlowError("\n".join([*map(str, loaded.errors),
                                       "Nothing is published: the old version serves."]))
        async with store_of(self.config) as store:
            kept: Kept = store.versions
            log = await kept.log()
            if past:
                published, found = await self._earlier(kept, log)
                new: Mapping[str, tuple[str, str]] = {}
            else:
                self._known([*loaded.flows, *(line.flow for line in log)])
                published, found = await publishing.compared(kept, loaded, self.asked)
                new = publishing.pieces(loaded)
            found = [replace(one, in_flight=self.in_flight) if self.in_flight
                     and one.kind == "structure" else one for one in found]
            if not self.as_json:
                _print(found, {} if past else _places(loaded, found), log)
            if not self.dry_run and not self.as_json and sys.stdin.isatty() and not self.yes:
                found = [_ask(one) if one.asks else one for one in found]
                if found and not typer.confirm("Publish this?"):
                    return FINDINGS
            undecided = [one for one in found if one.asks]
            id_ = ""
            if found and not self.dry_run and not undecided:
                id_ = await publishing.publish(kept, published, found, new, WHO)
        if self.as_json:
            print_json(_data(found, {} if past else _places(loaded, found), id_))
        elif undecided and not self.dry_run:
            print("Nothing is published. Say what becomes of those who are in "
                  f"{', '.join(one.flow for one in undecided)}: --in-flight move, finish or "
                  "restart, or `in_flight` in the file.")
        elif id_:
            print("Published.")
        return FINDINGS if undecided and not self.dry_run else 0

    async def _earlier(self, kept: Kept, log: list[Publication]
                       ) -> tuple[Published, list[Difference]]:
        """What going back would change."""
        from bot import publishing
        from bot.flow.spec import FlowSpec

        published = publishing.Published.of(log)
        self._known([line.flow for line in log])
        if self.to:
            own = dict.fromkeys(line.version for line in log if line.flow == self.asked[0])
            fits = [version for version in own if version and version.startswith(self.to)]
            if len(fits) != 1:
                misuse(f"{self.to} is {'no version' if not fits else 'several versions'} of "
                       f"{self.asked[0]}: bot publish --list {self.asked[0]}")
            wanted: dict[str, str | None] = {self.asked[0]: fits[0]}
        else:
            wanted = publishing.before_last(log, self.asked)
            if publishing.REST in wanted and wanted[publishing.REST] is None:
                misuse("nothing was served before the last publish")
        sources = await kept.sources([(name, version) for name, version in wanted.items()
                                      if version and name != publishing.REST])
        specs = {name: FlowSpec.from_source(source) for name, _, source in sources}
        moved = {name: publishing.way_back(log, name, version)
                 for name, version in wanted.items()}
        found = await publishing.differences(kept, published, wanted, specs, moved)
        # Whoever goes back is in a hurry: nobody is asked.
        return published, [replace(one, in_flight=one.in_flight or "move") for one in found]

    def _known(self, names: Sequence[str]) -> None:
        from bot.nearest import nearest

        for name in self.asked:
            if name not in names:
                near = nearest(name, names)
                misuse(f"there is no flow {name}" + (f": did you mean {near}?" if near else ""))


def _ask(one: Difference) -> Difference:
    from bot.publishing import count as people

    how = ""
    while how not in _HOW:
        how = typer.prompt(f"What becomes of the {people(one.people)} who are in {one.flow}? "
                           "move, finish or restart")
    return replace(one, in_flight=how)


def _places(loaded: Loaded, found: Sequence[Difference]) -> dict[str, list[str]]:
    """For each flow, the place of each of its changes in the file."""
    from bot.flow.reading import source
    from bot.scripts.coverage import near

    places: dict[str, list[str]] = {}
    for one in found:
        if one.flow not in loaded.files:
            continue
        file = Path(loaded.files[one.flow])
        tree, _ = source.read(str(file), file.read_bytes())
        if tree is not None:
            places[one.flow] = [f"{near(file)}:{tree.key(*change.path)[0]}" if change.path
                                else f"{near(file)}:1" for change in one.changes]
    return places


def _print(found: Sequence[Difference], places: Mapping[str, list[str]],
           log: Sequence[Publication]) -> None:
    from bot.publishing import count as people

    if not found:
        print("Nothing is new.")
    for one in found:
        print(f"{one.name}: {one.kind}")
        where = places.get(one.flow, [""] * len(one.changes))
        for place, change in zip(where, one.changes, strict=True):
            print(f"  {place} {change.level}: {change.what}".replace("   ", "  "))
        if one.people:
            print(f"  {_people(people(one.people))} in it: "
                  f"{_HOW[one.in_flight] if one.in_flight else 'what becomes of them?'}")
            for version in dict.fromkeys(standing.version for standing in one.people):
                print(f"    in {_version(version, one.flow, log)}: " + _steps(
                    [standing for standing in one.people if standing.version == version]))


def _people(number: int) -> str:
    return "1 person is" if number == 1 else f"{number} people are"


def _version(version: str, flow: str, log: Sequence[Publication]) -> str:
    from bot.clock import local

    at = [line.at for line in log if (line.flow, line.version) == (flow, version)]
    return f"{version} of {local(at[-1]):%Y-%m-%d %H:%M} UTC" if at else version


def _steps(standing: Sequence[Standing]) -> str:
    return ", ".join(f"{one.step} {one.people}"
                     + (f" ({one.interrupted} interrupted)" if one.interrupted else "")
                     for one in standing)


def _data(found: Sequence[Difference], places: Mapping[str, list[str]], id_: str) -> Any:
    return {"published": id_ or None, "flows": [{
        "flow": one.name, "kind": one.kind, "from": one.before, "to": one.after,
        "in_flight": one.in_flight, "moved": dict(one.moved),
        "changes": [{**asdict(change), "place": place or None} for place, change in zip(
            places.get(one.flow, [""] * len(one.changes)), one.changes, strict=True)],
        "people": [asdict(standing) for standing in one.people]} for one in found]}


async def _list(config: Path | None, asked: list[str], as_json: bool) -> None:
    from bot.clock import local
    from bot.publishing import REST_NAME, Published
    from bot.publishing import count as people

    async with store_of(config) as store:
        log = await store.versions.log()
        standing = await store.versions.standing()
    published = Published.of(log)
    rows: list[dict[str, Any]] = []
    for line in sorted(log, key=lambda line: line.flow or "~"):
        if asked and line.flow not in asked:
            continue
        in_it = [one for one in standing if (one.flow, one.version) == (line.flow, line.version)]
        latest = line.id == max(other.id for other in log if other.flow == line.flow)
        rows.append({"flow": line.flow or REST_NAME, "version": line.version, "at": line.at,
                     "who": line.who, "in_flight": line.in_flight,
                     "served": latest and published.current.get(line.flow) == line.version,
                     "people": people(in_it), "steps": [asdict(one) for one in in_it]})
    if as_json:
        print_json(rows)
    elif not rows:
        print("Nothing was published yet.")
    else:
        print_table([("flow", "version", "published (UTC)", "by", "people", ""), *(
            (row["flow"], row["version"] or "taken away", f"{local(row['at']):%Y-%m-%d %H:%M}",
             row["who"], str(row["people"]), "served" if row["served"] else "") for row in rows)])
        others = [one for one in standing if (one.flow, one.version) not in published.known]
        if others:
            print(f"{count(people(others), 'person')} in versions from before anything was "
                  "published.".replace("persons", "people"))
