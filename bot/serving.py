"""What a process serves: the flows that are published, followed while it runs.

Where it starts, and whenever it is asked to, it publishes what its folder holds. Nobody can be
asked then what becomes of people: they finish what they have begun, unless the file says else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot import publishing
from bot.errors import BotError, FlowError
from bot.flow.flows import FlowOptions, Flows
from bot.flow.load import Loaded
from bot.publishing import Difference, Published
from bot.store.versions import Versions

log = logging.getLogger(__name__)

#: A process looks so often for what others have published, and at the files that it watches.
LOOK: Final = 0.5
#: So often is a publish tried again when another process was faster.
TRIES: Final = 20
#: Why something is not published by itself, and what to do.
OLDER: Final = ("the folder holds a version that was published before, and another is served: "
                "bot publish takes it back")
Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a process publishes by itself."""

    who: str
    back: bool = False  #: a version that was served before is a change like any other
    in_flight: str = "finish"  #: where the file doesn't say what becomes of people


START: Final = Manner("start")
RELOAD: Final = Manner("reload", back=True)
DEMO: Final = Manner("demo", back=True, in_flight="move")


class Serving:
    """The flows of a process, replaced whole when something is published."""

    def __init__(self, versions: Versions, options: FlowOptions,
                 read: Callable[[], Loaded]) -> None:
        self._versions = versions
        self._options = options
        self._read = read
        self._base: Loaded | None = None
        self.last = ""
        self._failed = ""
        #: Set to have the folder read again.
        self.asked = asyncio.Event()
        #: Told of what is served from now on.
        self.changed: Callable[[Flows], None] = lambda flows: None

    async def start(self, loaded: Loaded) -> Flows:
        """What is to be served, now that the folder holds this, without a mistake."""
        self._base = loaded
        await self.publish(loaded, START)
        return await self._assembled()

    async def publish(self, loaded: Loaded, manner: Manner) -> list[Difference]:
        """Publish what the folder holds; the differences that are not published by themselves."""
        for _ in range(TRIES):
            published, found = await publishing.compared(self._versions, loaded)
            left = [one for one in found
                    if one.before_known and one.before is not None and not manner.back]
            now = [replace(one, in_flight=one.in_flight or manner.in_flight)
                   for one in found if one not in left]
            try:
                if now:
                    await publishing.publish(self._versions, published, now,
                                             publishing.pieces(loaded), manner.who)
            except BotError as faster:
                log.info("publish tried again", extra={"error": str(faster)})
                continue
            for one in now:
                if one.before is not None:
                    log.info("published", extra={
                        "flow": one.name, "kind": one.kind, "version": one.after or "",
                        "in_flight": one.in_flight, "people": publishing.count(one.people)})
            for one in left:
                log.warning("not published", extra={"flow": one.name, "reason": OLDER})
            return left
        raise BotError("others publish so often that nothing can be published")

    async def reload(self, manner: Manner, say: Said | None = None) -> bool:
        """Read the folder and publish it; False: there are mistakes, and the old one serves."""
        loaded = await asyncio.to_thread(self._read)
        if loaded.errors:
            for finding in loaded.errors:
                if say is not None:
                    say(str(finding))
                else:
                    log.error("flows not published", extra={"finding": str(finding)})
            if say is not None:
                say("The old version serves until this is mended.")
            return False
        self._base = loaded
        before = self.last
        left = await self.publish(loaded, manner)
        await self.look()
        if say is not None:
            for one in left:
                say(f"{one.name}: {OLDER}")
            if self.last != before:
                say("Published.")
        return True

    async def obey(self) -> None:
        """Read the folder again whenever somebody asks, until cancelled."""
        while True:
            await self.asked.wait()
            self.asked.clear()
            await self.reload(RELOAD)

    async def follow(self) -> None:
        """Take up what is published, by whomever, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def look(self) -> None:
        """Take up what is published, if it is something new."""
        last = await self._versions.last()
        if last in (self.last, self._failed):
            return
        try:
            flows = await self._assembled()
        except (FlowError, ValueError, KeyError):  # of a program newer than this one
            self._failed = last
            log.exception("what is published can't be served here", extra={"publish": last})
            return
        self.changed(flows)
        log.info("flows taken up", extra={"publish": self.last})

    async def watch(self, folders: tuple[Path, ...], manner: Manner,
                    say: Said | None = None) -> None:
        """Publish whenever a file is saved, until cancelled."""
        before = await asyncio.to_thread(_files, folders)
        while True:
            await asyncio.sleep(LOOK)
            now = await asyncio.to_thread(_files, folders)
            if now == before:
                continue
            before = now
            await self.reload(manner, say)

    async def _assembled(self) -> Flows:
        assert self._base is not None
        published = Published.of(await self._versions.log())
        sources = await self._versions.sources(sorted(published.needed()))
        flows = await asyncio.to_thread(
            publishing.assembled, published, sources, self._base, self._options)
        self.last = published.last
        return flows


def _files(folders: tuple[Path, ...]) -> Mapping[str, tuple[int, int]]:
    """When each file was last changed, and its length."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                stat = path.stat()
            except OSError:
                continue
            if path.suffix in (".yaml", ".yml", ".j2"):
                found[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return found
