"""What strangers and mistakes send: malformed deliveries of every kind, to a bot that serves.

    python tests/faults/dirt.py [--each 100000] [--database sqlite|postgres] [--kind K] [--seed N]

Each delivery is signed. It must be kept (200) or refused as a whole (400); no turn may fail, no
event may be put aside, nothing may stand in the log as an error, and the process must stay as
large as it is. Prints a row for each kind and exits with 1 when one of this is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import yaml
from aiohttp import web
from harness import NUMBER, ROOT, Bot, Provider, provider, signed
from malformed import PROVIDER_ID, Delivery, Maker, kinds
from memory import Ask, stores

CONNECTIONS = 8
#: A delivery that has no answer by then hangs, seconds.
ANSWER = 30.0
KEPT = ("select (select count(*) from turn), (select count(*) from notice), "
        "(select count(*) from inbox)")
#: So much may the process grow from the first kind's end to the last one's, MiB.
GROWTH = 32.0


def project(folder: Path) -> Path:
    """The shipped project with nothing that paces it; its configuration."""
    settings = yaml.safe_load((ROOT / "config.yaml").read_text())
    channel = settings["channels"]["main"] | {
        "phone_number_id": NUMBER, "business_account_id": "400500600",
        "graph_url": "${BENCH_SINK}/v23.0", "app_secret": "${BENCH_APP_SECRET:-bench-app-secret}",
        "access_token": "${BENCH_ACCESS_TOKEN:-t}", "verify_token": "${BENCH_VERIFY_TOKEN:-v}",
        "limits": {"per_second": "off", "per_pair": "off", "per_day": "off", "flood": "off"}}
    settings |= {"server": {"host": "127.0.0.1", "port": "${BENCH_PORT}"},
                 "store": "${BENCH_STORE}", "channels": {"main": channel},
                 "flows": str(ROOT / "flows"), "templates": str(ROOT / "templates")}
    for backend in settings["backends"].values():
        backend |= {"base_url": "${BENCH_SINK}", "headers": {}}
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


@dataclass
class Thrown:
    """What became of the deliveries of one kind."""

    items: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    odd: list[tuple[int, bytes]] = field(default_factory=list)  #: answers that must not be


async def throw(bot: Bot, deliveries: Iterable[Delivery]) -> Thrown:
    """Deliver everything over a few connections, each with one request at a time."""
    thrown = Thrown()
    waiting = iter(deliveries)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", bot.port)
        for delivery in waiting:
            headers = "".join(f"{name}: {value}\r\n" for name, value in signed(
                delivery.body).items())
            writer.write(f"POST /webhooks/main HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: "
                         f"{len(delivery.body)}\r\n\r\n".encode() + delivery.body)
            async with asyncio.timeout(ANSWER):
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = int(head[9:12])
            thrown.answers[status] += 1
            thrown.items += delivery.items
            if status not in (200, 400):
                thrown.odd.append((status, delivery.body))
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(connection())
    return thrown


def errors(bot: Bot) -> list[str]:
    """What the log holds beyond warnings; a line that is no record is one too."""
    found = []
    for line in bot.log().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            found.append(line)
            continue
        if record["level"] not in ("debug", "info", "warning"):
            found.append(f"{record['event']} {record.get('exception', record)}")
    return found


def silent(sink: Provider) -> None:
    """The provider takes everything and keeps none of it."""
    numbers = count(1)
    sink.trouble = lambda *_: web.json_response(
        {"messages": [{"id": f"{PROVIDER_ID}{next(numbers)}"}]})


def memory(bot: Bot) -> float:
    assert bot.process is not None
    status = Path(f"/proc/{bot.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def dirty(bot: Bot, ask: Ask, each: int, seed: int,
                kind: str | None = None) -> list[str]:
    """Throw so many of each kind at a bot that serves; what was wrong. Prints a row a kind."""
    print(f"{'kind':<28}{'items':>8}{'200':>8}{'400':>8}{'turns':>9}{'notices':>9}{'s':>7}"
          f"{'RSS':>8}")
    wrong: list[str] = []
    sizes: list[float] = []
    said = dead = 0
    numbers = count(1)
    for name, originals in sorted(kinds().items()):
        if kind not in (None, name):
            continue
        began = time.monotonic()
        maker = Maker(originals, random.Random(f"{seed} {name}"), numbers)
        thrown = await throw(bot, maker.deliveries(each))
        while ask("select count(*) from inbox where state = 'new'")[0] and not bot.dead:
            await asyncio.sleep(0.1)
        turns, notices, dead = ask(KEPT)
        sizes.append(memory(bot))
        print(f"{name:<28}{thrown.items:>8}{thrown.answers[200]:>8}{thrown.answers[400]:>8}"
              f"{turns:>9}{notices:>9}{time.monotonic() - began:>7.1f}{sizes[-1]:>8.1f}",
              flush=True)
        wrong += [f"{name}: {status} to {body[:2000]!r}" for status, body in thrown.odd]
        found = errors(bot)
        wrong += [f"{name}: {error[:3000]}" for error in found[said:]]
        said = len(found)
    if dead:
        wrong.append(f"{dead} events were put aside")
    if sizes and sizes[-1] - sizes[0] > GROWTH:
        wrong.append(f"the process grew by {sizes[-1] - sizes[0]:.1f} MiB")
    return wrong


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--kind")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address, ask, _ = stack.enter_context(stores(arguments.database, folder))
        sink = await stack.enter_async_context(provider())
        silent(sink)
        bot = Bot(folder / "bot.db", sink, config=project(folder), url_of_store=address)
        await bot.start()
        wrong = await dirty(bot, ask, arguments.each, arguments.seed, arguments.kind)
        bot.stop()
    print(*(f"WRONG: {each}" for each in wrong[:20]), f"{len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
