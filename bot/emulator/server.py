"""`bot emulator`: the emulator alone, for a bot that runs elsewhere."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from aiohttp import web

from bot.clock import Clock
from bot.emulator.app import application
from bot.emulator.settings import EmulatorSettings


async def serve(port: int, settings: EmulatorSettings, clock: Clock, *,
                host: str = "127.0.0.1") -> None:
    """Serve at /emulator until SIGINT or SIGTERM."""
    app = web.Application()
    app.add_subapp("/emulator", application(settings, clock))
    app.router.add_get("/", _to_phone)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C cancels the task instead
            loop.add_signal_handler(name, stopped.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await stopped.wait()
    finally:
        await runner.cleanup()
        for name in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(name)


async def _to_phone(request: web.Request) -> web.Response:
    raise web.HTTPFound("/emulator")
