"""Versions of flows: what was published, what is served, and who stands where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot import ids
from bot.clock import DAY, Clock
from bot.errors import BotError
from bot.model import Json
from bot.store.base import Database, Tx, dump, load

#: Conversations that are looked through in one transaction.
PAGE: Final = 1_000
#: Of each flow so many versions are kept, and all of the last days, whoever stands in them.
LAST: Final = 5
FRESH: Final = 30 * DAY


@dataclass(frozen=True, slots=True)
class Publication:
    """One line of what was published; the last one of a flow is what is served."""

    id: str  #: of the publish: the same for all that it took
    flow: str  #: "" for answers, commands, texts and templates
    version: str | None  #: None: the flow was taken away
    at: int
    who: str
    in_flight: str = "move"  #: of those in the version before: move | restart | finish
    moved: dict[str, str] = field(default_factory=dict)  #: old step -> the one in its place


@dataclass(frozen=True, slots=True)
class Standing:
    """So many people stand at a step of a version."""

    flow: str
    version: str
    step: str
    people: int
    interrupted: int = 0  #: of these, who are in another flow for now


class Versions:
    """What was published. Each question is one transaction, but `standing`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def log(self) -> list[Publication]:
        """Everything that was published and is still kept, the oldest first."""

        async def unit(tx: Tx) -> list[Publication]:
            return [Publication(id_, flow, version, at, who, in_flight, load(moved))
                    for id_, flow, version, at, who, in_flight, moved in
                    await tx.all("publications")]

        return await self._db.read(unit)

    async def last(self) -> str:
        """The id of the last publish; "" before the first."""

        async def unit(tx: Tx) -> str:
            row = await tx.one("last_publication")
            return "" if row is None else row[0] or ""

        return await self._db.read(unit)

    async def publish(self, lines: Sequence[Json], sources: Sequence[Sequence[str]], who: str,
                      after: str) -> str:
        """Serve these from now on; the id of this publish.

        `lines`: {flow, version, in_flight, moved, kind}. `sources`: (flow, version, source) of
        what is new. Raises `BotError` when there was another publish since `after`.
        """
        ids.follow(after)
        id_, now = ids.new_id(), self._clock.now()

        async def unit(tx: Tx) -> None:
            await tx.alone(("publish",))
            row = await tx.one("last_publication")
            if ((row is not None and row[0]) or "") not in (after, id_):
                raise BotError("something else was published just now: please look again")
            await tx.many("keep_version", [(*source, now) for source in sources])
            for line in lines:
                await tx.run("add_publication", id_, line["flow"], line["version"], now, who,
                             line["in_flight"], dump(line["moved"]))
                await tx.run("add_audit", f"{id_}.{line['flow']}", now, who, "published",
                             line["flow"] or "the rest", f"{line['version'] or 'taken away'}"
                             f" ({line['kind']}, {line['in_flight']})")

        await self._db.write(unit)
        return id_

    async def sources(self, wanted: Iterable[Sequence[str]]) -> list[tuple[str, str, str]]:
        """(flow, version, source) of those of (flow, version) that are kept."""
        keys = [tuple(key) for key in wanted]

        async def unit(tx: Tx) -> list[tuple[str, str, str]]:
            found = []
            for flow, version in keys:
                row = await tx.one("version", flow, version)
                if row is not None:
                    found.append((flow, version, row[0]))
            return found

        return await self._db.read(unit)

    async def standing(self) -> list[Standing]:
        """Who stands where: in every run of a conversation, interrupted ones included.

        The one place where the store reads what the flows remember (`bot.flow.state`).
        """
        people: Counter[tuple[str, str, str]] = Counter()
        interrupted: Counter[tuple[str, str, str]] = Counter()
        last = ""
        while True:
            page = await self._db.read(
                lambda tx: tx.all("standing", last, PAGE))  # noqa: B023
            for _, text in page:
                state = load(text)
                stacked = [run for stack in state.get("stacked", ()) for run in stack["runs"]]
                for run in (*state.get("runs", ()), *stacked):
                    people[run["flow"], run["version"], run["step"]] += 1
                for run in stacked:
                    interrupted[run["flow"], run["version"], run["step"]] += 1
            last = page[-1][0] if page else ""
            if len(page) < PAGE:
                return [Standing(*place, people[place], interrupted[place])
                        for place in sorted(people)]

    async def prune(self) -> int:
        """Let go of versions in which nobody stands any more; how many."""
        fresh, log = self._clock.now() - FRESH, await self.log()
        rows = await self._db.read(lambda tx: tx.all("versions"))
        known = {(line.flow, line.version) for line in log}
        old = [(flow, version) for flow, version, at in rows
               if at <= fresh and (flow, version) not in known]  # before anything was published
        lines: dict[str, list[Publication]] = {}
        for line in log:
            lines.setdefault(line.flow, []).append(line)
        candidates = {flow: own[:-LAST] for flow, own in lines.items()
                      if len(own) > LAST and own[0].at <= fresh}
        if not old and not candidates:
            return 0
        standing = {(one.flow, one.version) for one in await self.standing()}
        over: list[Publication] = []
        dropped = [key for key in old if key not in standing]
        for flow, own in candidates.items():
            # From the oldest on: who stands in one of them may have to go by way of the next.
            for line in own:
                if line.at > fresh or (flow, line.version) in standing:
                    break
                over.append(line)
            left = {line.version for line in lines[flow] if line not in over}
            dropped += {(flow, line.version) for line in over
                        if line.flow == flow and line.version not in (*left, None)}

        async def unit(tx: Tx) -> None:
            await tx.many("drop_publication", [(line.id, line.flow) for line in over])
            await tx.many("drop_version", dropped)

        if over or dropped:
            await self._db.write(unit)
        return len(dropped)
