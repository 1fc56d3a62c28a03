"""The composition root: the only file that knows every part and names the makers of each."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from bot import router
from bot.actions import Backends
from bot.calls import Calls
from bot.channel.base import Channel
from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.check import load_all
from bot.clock import Clock, real_now
from bot.disk import Disk
from bot.engine import Engine
from bot.errors import BotError, ChannelError, FlowError, StoreError
from bot.feed import Feed
from bot.flow.language.phones import country_of
from bot.hints import Hints
from bot.inbox import Inbox
from bot.metrics import Counts, registry
from bot.options import flow_options
from bot.outbox import Outbox
from bot.pace import Pacer
from bot.plugin_files import find
from bot.python_actions import Actions
from bot.readiness import Readiness
from bot.serving import RELOAD, Serving
from bot.settings import Settings
from bot.store.base import Database
from bot.store.postgres import Postgres
from bot.store.pruning import Keep
from bot.store.rows import MessageRow
from bot.store.sqlite import SQLite
from bot.store.store import Store
from bot.timers import Timers
from bot.upkeep import Upkeep
from bot.web import control, desk, server
from bot.web.api import Api
from bot.web.media import MediaLinks
from bot.web.webhook import Webhook
from bot.workers import SERVING, WORKER, Workers

log = logging.getLogger(__name__)

#: How long requests and sends under way may take to finish when the process is asked to stop.
GRACE = 10.0
#: The pause before a worker whose store failed goes on, seconds.
RECOVER = 1.0
#: A worker says so often that the store can't be used, seconds.
QUIET = 30.0
#: What a process can do; calls of backends belong to the inbox.
ROLES = ("web", "inbox", "outbox", "timers")


def elsewhere(channel: str, conversation: str) -> int:
    """Nothing is released here: it is due at once for a process that sends."""
    return 1


@contextlib.asynccontextmanager
async def open_store(settings: Settings, clock: Clock | None = None, pacer: Pacer | None = None, *,
                     sends: bool = True, process: str | None = None) -> AsyncIterator[Store]:
    """The store that the configuration names. Raises `StoreError`."""
    clock, pacer = clock or Clock(), pacer or Pacer({})
    file = settings.store_file
    database: Database = (await SQLite.open(file, clock) if file is not None else
                          await Postgres.open(settings.store, clock, process))
    keep = settings.keep
    kept = Keep(keep.seen_ms, keep.messages_ms, keep.journal_ms, keep.receipts_ms,
                keep.notices_ms, keep.audit_ms)
    store = Store(database, clock, unknown_after=settings.outbox.unknown_after_ms,
                  lease=settings.outbox.lease_ms, pace=pacer if sends else elsewhere,
                  reach=pacer.reach, flooded=pacer.flooded, keep=kept)
    try:
        yield store
    finally:
        await store.close()


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does of the whole."""

    roles: tuple[str, ...] = ROLES
    worker: int = 1  #: this one
    of: int = 1  #: so many on this host

    def process(self, settings: Settings) -> str:
        """The name by which the next process in this place knows whether this one stopped well."""
        return f"{socket.gethostname()}:{settings.server.port}:{'+'.join(self.roles)}:{self.worker}"


@dataclass(frozen=True, slots=True)
class Frontdesk:
    """Everything of one process, put together and open."""

    settings: Settings
    clock: Clock
    store: Store
    serving: Serving
    channels: Mapping[str, Channel]
    engine: Engine
    inbox: Inbox
    outbox: Outbox
    feed: Feed
    web: web.Application
    workers: tuple[Callable[[], Awaitable[None]], ...]


FRONTDESK = web.AppKey("frontdesk", Frontdesk)


@contextlib.asynccontextmanager
async def assemble(settings: Settings, clock: Clock,
                   part: Part = Part()) -> AsyncIterator[Frontdesk]:
    """Open every part in its order; close them in reverse. Raises `BotError`."""
    loaded = load_all(settings)
    if loaded.errors:
        raise FlowError("\n".join(str(finding) for finding in loaded.errors))
    async with contextlib.AsyncExitStack() as stack:
        pacer = Pacer({name: channel.limits for name, channel in settings.channels.items()},
                       part.of)
        store = await stack.enter_async_context(open_store(
            settings, clock, pacer, sends="outbox" in part.roles,
            process=part.process(settings)))
        key = bytes.fromhex(await store.setting("key", secrets.token_hex(32)))
        serving = Serving(store.versions, flow_options(settings, key), lambda: load_all(settings))
        flows = await serving.start(loaded)

        http = await stack.enter_async_context(HttpClient())
        session = await stack.enter_async_context(aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
            connector=aiohttp.TCPConnector(limit=0)))  # who calls counts them
        channels = make_channels(settings, http)
        counts = Counts()
        feed = Feed()
        outbox = Outbox(store, channels, pacer,
                        {name: (channel.receipts.read, channel.receipts.typing)
                         for name, channel in settings.channels.items()}, counts)
        engine = Engine(flows, store, outbox, feed, clock, counts)
        outbox.follow = engine.follow
        serving.changed = partial(setattr, engine, "flows")
        stack.enter_context(engine.runaway.looking())
        disk = Disk(settings.store_file, settings.server.free_disk)
        inbox = Inbox(engine, store, disk)
        links = MediaLinks(key, settings.server.public_url, channels, real_now)
        actions = Actions(find(settings).actions, Backends(settings.backends, session, counts),
                          session)
        calls = Calls(engine, store, actions, links.filled)
        timers = Timers(engine, store, clock)

        async def media(message: MessageRow) -> tuple[str, bytes]:
            channel = channels.get(await store.desk.message_channel(message.id) or "")
            if channel is None:
                raise ChannelError("The channel of this message is not configured any more.")
            return await channel.media(message.content["media"]["id"])

        async def measure() -> None:
            with contextlib.suppress(StoreError):
                counts.dead = await store.dead.count()

        app = server.application(Readiness(store, inbox, outbox, disk).missing,
                                 registry(counts), measure)
        app.add_routes(Webhook(channels=channels, numbers=numbers(settings), accept=inbox.accept,
                               clock=clock).routes())
        app.add_routes(links.routes())
        if settings.api.token:
            app.add_routes(Api(
                settings.api.token, tuple(channels), country_of(settings.timezone.key),
                engine.business_event, settings.server.public_url).routes())
        desk.setup(app, desk.Desk(
            store, engine, feed, clock, settings.timezone, settings.server.public_url,
            settings.default_language, lambda snapshot: router.answers(engine.flows, snapshot),
            media, title=str(settings.public.get("shop_name", "Frontdesk"))))
        workers: dict[str, tuple[Callable[[], Awaitable[None]], ...]] = {
            "inbox": (inbox.run, calls.run), "outbox": (outbox.run,),
            "timers": (timers.run, Upkeep(store, clock).run)}
        running = [worker for role in part.roles for worker in workers.get(role, ())]
        if "inbox" not in part.roles:  # what comes in is kept here, and handled elsewhere
            engine.fast = False
        if store.shared:
            hints = Hints(store, feed, part.roles,
                          {"inbox": engine.inbox_wake, "outbox": outbox.wake})
            engine.tell = hints.tell
            running.append(hints.run)
        frontdesk = Frontdesk(settings, clock, store, serving, channels, engine, inbox, outbox,
                              feed, app, (*running, serving.follow, serving.obey))
        app[FRONTDESK] = frontdesk
        if settings.store_file is not None:
            await stack.enter_async_context(
                control.listening(store, control.door(settings.store_file)))
        yield frontdesk


def make_channels(settings: Settings, http: HttpClient) -> dict[str, Channel]:
    """One channel for each business number."""
    return {name: Meta(name=name, phone_number_id=channel.phone_number_id,
                       graph_url=channel.graph_url, app_secrets=channel.app_secret,
                       access_token=channel.access_token, verify_token=channel.verify_token,
                       http=http, business_account_id=channel.business_account_id)
            for name, channel in settings.channels.items()}


def numbers(settings: Settings) -> dict[str, dict[str, str]]:
    """For each channel, the number ids that its deliveries may name: those of its Meta app."""
    return {name: {other.phone_number_id: other_name
                   for other_name, other in settings.channels.items()
                   if set(other.app_secret) & set(channel.app_secret)}
            for name, channel in settings.channels.items()}


async def serve(frontdesk: Frontdesk, listener: socket.socket | None,
                started: Callable[[], None] = lambda: None, *, guarded: bool = False,
                beside: Callable[[], Awaitable[None]] | None = None) -> None:
    """Serve and work until the process is asked to stop, then finish the work in hand.

    SIGHUP: read the folder of the flows again. `beside`: one more worker.

    `started` is called once requests are taken. A worker that dies ends the process; without a
    listener there are only workers. A guarded process stops when its input ends, as it does when
    the process that started it is gone.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if guarded:
        loop.add_reader(0, stop.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C cancels the main task
            loop.add_signal_handler(number, stop.set)
    with contextlib.suppress(NotImplementedError, AttributeError):
        loop.add_signal_handler(signal.SIGHUP, frontdesk.serving.asked.set)
    runner = web.AppRunner(frontdesk.web, access_log=None, shutdown_timeout=GRACE,
                           keepalive_timeout=75, auto_decompress=False)
    await runner.setup()
    accepting: asyncio.Server | None = None
    try:
        if listener is not None:
            connections = frontdesk.web[server.CONNECTIONS]
            connections.server = runner.server
            accepting = await loop.create_server(connections, sock=listener, backlog=1024)
        settle_memory()
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(steadily(worker)) for worker in
                       (*frontdesk.workers, *([beside] if beside is not None else ()))]
            started()
            try:
                await stop.wait()
            finally:
                if accepting is not None:
                    accepting.close()
                await runner.cleanup()  # requests first: they still give the workers work
                for worker in workers:
                    worker.cancel()
    finally:
        await runner.cleanup()
        await frontdesk.outbox.finish(GRACE)


def settle_memory() -> None:
    """What has been loaded stays: the collector need not walk through it again and again.

    Turns make little that only the collector can free, so it looks after 20,000 new objects and
    not after 700; measured, it took a seventh of the processor under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def steadily(worker: Callable[[], Awaitable[None]]) -> None:
    """Run a worker; when the store can't be used for a while, go on as soon as it can."""
    said = -QUIET
    while True:
        try:
            await worker()
        except* StoreError as failed:
            if (now := time.monotonic()) - said >= QUIET:
                said = now
                log.error("store failed", extra={"error": str(failed.exceptions[0])})
        await asyncio.sleep(RECOVER)


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Take the address; `shared`: with the other workers. Raises `BotError` when it is taken."""
    try:
        return socket.create_server((host, port), backlog=1024, reuse_port=shared)
    except OSError as error:
        raise BotError(f"can't listen on {host}:{port}: {error.strerror}. "
                       "Another program may have the port; choose another one") from error


async def run(settings: Settings, roles: tuple[str, ...] = ROLES, *, watch: bool = False) -> None:
    """`bot run`: serve the configured numbers until asked to stop."""
    place = os.environ.get(WORKER, "")  # one of several: the process that started it waits
    guarded = place != ""
    worker, _, of = (place or "1/1").partition("/")
    part = Part(roles, int(worker), int(of))

    def serving() -> None:
        log.info("serving", extra={"address": settings.server.public_url,
                                   "roles": " ".join(part.roles), "worker": part.worker})
        if guarded:
            print(SERVING, flush=True)

    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(contextlib.closing(listen(
            settings.server.host, settings.server.port,
            shared=guarded))) if "web" in part.roles else None
        async with assemble(settings, Clock(), part) as frontdesk:
            await serve(frontdesk, listener, serving, guarded=guarded, beside=partial(
                frontdesk.serving.watch, folders_of(settings), RELOAD) if watch else None)


async def run_workers(settings: Settings, roles: tuple[str, ...], count: int,
                      *arguments: str) -> int:
    """`bot run --workers`: so many processes with these arguments; the exit code."""
    if "web" in roles:  # says so here, and once, when another program has the port
        listen(settings.server.host, settings.server.port).close()
    command = (sys.executable, "-m", "bot", "run", *arguments, "--only", ",".join(roles))
    return await Workers(count, command).run()


def folders_of(settings: Settings) -> tuple[Path, ...]:
    """Where the files are that can be published."""
    return settings.flows, settings.templates
