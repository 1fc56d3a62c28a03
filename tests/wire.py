"""A line to PostgreSQL that breaks exactly at a commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from postgres import Server

COMMIT = b"Q\x00\x00\x00\x0bcommit\x00"


@dataclass
class Wire:
    """The next commit breaks the line: `before` it arrives, or `after` it was kept."""

    port: int = 0
    cut: str | None = None
    cuts: int = 0

    def url(self, direct: str) -> str:
        """The address of a database by this line."""
        parts = urlsplit(direct)
        return f"postgresql://{parts.username}@127.0.0.1:{self.port}{parts.path}"


@contextlib.asynccontextmanager
async def wire(server: Server) -> AsyncIterator[Wire]:
    """A line for as long as the context lasts."""
    line = Wire()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_unix_connection(str(server.folder / ".s.PGSQL.5432"))
        broken = asyncio.Event()

        async def forth() -> None:
            while data := await reader.read(65_536):
                if line.cut is not None and data.endswith(COMMIT):
                    how, line.cut = line.cut, None
                    line.cuts += 1
                    broken.set()
                    if how == "after":
                        to.write(data)
                        await there.readuntil(b"COMMIT\x00")
                    return
                to.write(data)

        async def back() -> None:
            while not broken.is_set() and (data := await there.read(65_536)):
                if broken.is_set():
                    await asyncio.Event().wait()
                writer.write(data)

        async def both() -> None:
            going, coming = asyncio.ensure_future(forth()), asyncio.ensure_future(back())
            await asyncio.wait((going, coming), return_when=asyncio.FIRST_COMPLETED)
            for each in (going, coming):
                each.cancel()

        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await both()
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)
            for end in (writer, to):
                end.transport.abort()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    line.port = listening.sockets[0].getsockname()[1]
    yield line
    listening.close()
    for task in list(tasks):
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
