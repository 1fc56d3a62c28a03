"""`bot demo`: everything in one process, to be tried out."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from bot import app, config
from bot.clock import Clock
from bot.demo import application as demo_backends
from bot.demo.hints import CUSTOMERS, HINTS
from bot.emulator import Customer
from bot.emulator import application as phones
from bot.resources import shipped
from bot.serving import DEMO
from bot.settings import ApiSettings
from bot.stand_in import stand_in
from bot.web.auth import hash_password


async def demo(port: int, config_file: Path | None = None) -> None:
    """`bot demo`: a project, its phone, its backends and an empty store, in one process.

    Everything talks to everything over HTTP on this machine, as in real life.
    """
    listener = app.listen("127.0.0.1", port)
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    password = secrets.token_urlsafe(9)
    with contextlib.closing(listener), tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        settings = config.load(config_file or shipped() / "config.yaml",
                               {**os.environ, **environ(here)})
        name, channel = next(iter(settings.channels.items()))
        # Whatever the project says: a demo writes to no real number and keeps nothing.
        channel = channel.model_copy(update={"graph_url": f"{here}/emulator/v23.0"})
        settings = settings.model_copy(update={
            "store": f"sqlite:///{folder}/demo.db", "channels": {name: channel},
            "api": ApiSettings(token=(password,)),
            "server": settings.server.model_copy(update={
                "port": listener.getsockname()[1], "public_url": here, "free_disk": None})})
        hints = HINTS if config_file is None else ()
        clock = Clock()
        async with app.assemble(settings, clock) as frontdesk:
            await frontdesk.store.desk.add_agent("demo", "Sam", hash_password(password))
            frontdesk.web.add_subapp("/demo", demo_backends(clock))
            emulated, _ = stand_in(settings, name)
            frontdesk.web.add_subapp("/emulator", phones(replace(
                emulated, hints=hints,
                customers=[Customer(c.name, c.phone, c.language) for c in CUSTOMERS]), clock))

            def started() -> None:
                print(f"Phone   {here}/emulator\n"
                      f"Desk    {here}/desk   sign in as demo with {password}\n"
                      f"API     {here}/api/events   Authorization: Bearer {password}", *(
                          f"{'' if place else 'Try':<8}{hint}" for place, hint in enumerate(hints)),
                      "Ctrl-C stops it.", sep="\n", flush=True)

            await app.serve(frontdesk, listener, started, beside=partial(
                frontdesk.serving.watch, app.folders_of(settings), DEMO,
                partial(print, flush=True)))


def environ(here: str) -> dict[str, str]:
    """The environment of a demo at this address: everything that config.yaml asks for."""
    return {
        "BOT_PORT": here.rpartition(":")[2], "BOT_PUBLIC_URL": here,
        "META_PHONE_NUMBER_ID": "106540352242922", "META_BUSINESS_ACCOUNT_ID": "102290129340398",
        "META_GRAPH_URL": f"{here}/emulator/v23.0", "META_APP_SECRET": secrets.token_hex(16),
        "META_ACCESS_TOKEN": secrets.token_hex(16), "META_VERIFY_TOKEN": secrets.token_hex(8),
        "ORDERS_URL": f"{here}/demo/shop", "ORDERS_TOKEN": "demo",
        "APPOINTMENTS_URL": f"{here}/demo/clinic", "APPOINTMENTS_TOKEN": "demo",
    }
