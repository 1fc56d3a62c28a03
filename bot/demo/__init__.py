"""A small shop with a clinic upstairs: real HTTP backends for the shipped flows to call.

Everything lives in memory and moves with the demo's clock: parcels arrive, return periods end,
appointments pass. `application` is mounted at /demo; its two APIs are /demo/shop and /demo/clinic.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from aiohttp import web

from bot.clock import Clock
from bot.demo.answers import json_errors
from bot.demo.clinic import Clinic
from bot.demo.shop import Shop

ZONE = ZoneInfo("Europe/Berlin")


def application(clock: Clock, zone: ZoneInfo = ZONE) -> web.Application:
    """The APIs of the shop and the clinic, with data as of the clock's present time."""
    app = web.Application(middlewares=[json_errors])
    app.add_routes(Shop(clock, zone).routes())
    app.add_routes(Clinic(clock, zone).routes())
    return app
