"""The web application: what every route shares, and the routes that watch the process."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from bot.web.connections import Connections

log = logging.getLogger(__name__)

#: The largest body that any route reads: Meta's deliveries go up to 3 MB.
LARGEST = 4 * 2**20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


CONNECTIONS = web.AppKey("connections", Connections)


@web.middleware
async def _last_resort(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An exception nobody expected becomes a 500 with a number that the log knows too."""
    connections = request.config_dict[CONNECTIONS]
    connections.begun(request)
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("unhandled", extra={"incident": incident, "path": request.path})
        return web.json_response({"error": "internal error", "incident": incident}, status=500)
    finally:
        connections.ended(request)


def application(ready: Callable[[], Awaitable[str]], registry: CollectorRegistry,
                measure: Callable[[], Awaitable[None]]) -> web.Application:
    """An application with /healthz, /readyz and /metrics.

    `ready` answers "" when the process can serve, else what is missing; `measure` is called
    before figures are given.
    """
    app = web.Application(middlewares=[_last_resort], client_max_size=LARGEST)
    app[CONNECTIONS] = Connections()

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        missing = await ready()
        return web.Response(text=f"{missing or 'ready'}\n", status=503 if missing else 200)

    async def metrics(_: web.Request) -> web.Response:
        await measure()
        return web.Response(body=generate_latest(registry),
                            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz),
                    web.get("/metrics", metrics)])
    return app
