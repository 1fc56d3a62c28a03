"""The emulator as an application to be mounted: `app.add_subapp("/emulator", application(...))`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from bot.clock import Clock
from bot.emulator import api, graph
from bot.emulator.emulator import EMULATOR, Emulator, build
from bot.emulator.page import Page
from bot.emulator.settings import EmulatorSettings

#: Real seconds between two looks at a clock that somebody else may have moved.
GLANCE = 30.0


def application(settings: EmulatorSettings, clock: Clock) -> web.Application:
    """A WhatsApp without Meta, whose time is the given clock's."""
    app = web.Application()
    app[EMULATOR] = build(settings, clock)
    app.add_routes([*Page().routes(), *api.routes(), *graph.routes()])
    app.cleanup_ctx.append(_run)
    app.on_shutdown.append(_let_go)
    return app


async def _run(app: web.Application) -> AsyncIterator[None]:
    emulator = app[EMULATOR]
    await emulator.deliveries.open()
    watcher = asyncio.create_task(_watch_clock(emulator))
    yield
    watcher.cancel()
    with suppress(asyncio.CancelledError):
        await watcher


async def _watch_clock(emulator: Emulator) -> None:
    """Tell the pages when the clock was moved elsewhere, and once in a while anyway."""
    while True:
        await emulator.clock.pause(GLANCE)
        emulator.chats.publish({"type": "clock", **api.now(emulator.clock)})


async def _let_go(app: web.Application) -> None:
    """End what would keep the server from stopping: sockets, long polls, hanging sends.

    Deliveries end here too and not at the clean-up, since the bot may live in this same server:
    what is delivered while its connections are being closed would open new ones.
    """
    emulator = app[EMULATOR]
    emulator.closing.set()
    emulator.chats.close()
    await emulator.receipts.close()
    await emulator.deliveries.close()
