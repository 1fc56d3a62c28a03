"""Several processes on one PostgreSQL, as `bot run --workers` starts them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from postgres import Server, server

from bot.clock import real_now

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from harness import ROOT, Bot, Provider, delivery, different, message, provider, shown, signed

pytestmark = pytest.mark.timeout(120)

CONFIG = """
server: {host: 127.0.0.1, port: "${BENCH_PORT}"}
store: ${BENCH_STORE}
flows: flows
channels:
  main:
    provider: meta
    phone_number_id: "100200300"
    business_account_id: "400500600"
    graph_url: ${BENCH_SINK}/v23.0
    app_secret: ${BENCH_APP_SECRET:-bench-app-secret}
    access_token: ${BENCH_ACCESS_TOKEN:-token}
    verify_token: ${BENCH_VERIFY_TOKEN:-token}
    limits: {per_second: off, per_pair: off, per_day: off, flood: off}
    receipts: {read: off, typing: off}
outbox: {unknown_after: 1s, lease: 3s}
fallback: [rephrase]
"""

LEASE = 3_000  # as the configuration says, milliseconds

#: A bot that counts: a wrong order or a turn taken twice shows in every later answer.
FLOWS = {
    "count.yaml": """
flow: count
title: Count
triggers: {keywords: [begin]}
slots:
  word: {type: text, label: Word, personal: false}
  n: {type: number, label: Count, personal: false}
steps:
  start: {set: {n: 0}, goto: next}
  next: {say: "{{ n }}", ask: word, goto: more}
  more: {set: {n: "{{ n + 1 }}"}, goto: [{if: word == "enough", end: enough}, next]}
""",
    "commands.yaml": "commands: bench\nitems:\n  hello: {off: true}\n  menu: {off: true}\n",
    "texts.yaml": "texts: bench\nitems:\n  rephrase: Say begin.\n",
}


@dataclass
class Crowd:
    """Workers, and whom they serve."""

    bot: Bot
    sink: Provider
    server: Server
    session: aiohttp.ClientSession
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def say(self, who: str, text: str) -> None:
        """Deliver until it is acknowledged, as Meta does."""
        self.sent[who] += 1
        body = delivery(message(who, self.sent[who], text))
        until = time.monotonic() + 40
        while time.monotonic() < until:
            try:
                # A connection each: the next worker may take it.
                async with self.session.post(
                        f"{self.bot.url}/webhooks/main", data=body,
                        headers={**signed(body), "Connection": "close"}) as answer:
                    if answer.status == 200:
                        return
                    assert answer.status == 503
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(0.05)
        pytest.fail("never acknowledged\n" + self.bot.log()[-4000:])

    async def misses_the_database(self) -> None:
        """Wait until a worker says that it can't serve."""
        async with asyncio.timeout(30):
            while True:
                try:
                    async with self.session.get(f"{self.bot.url}/readyz",
                                                headers={"Connection": "close"}) as answer:
                        if answer.status == 503:
                            return
                except (aiohttp.ClientError, OSError):
                    pass
                await asyncio.sleep(0.02)

    async def counted(self, who: str, within: float = 45.0) -> list[str]:
        """What everybody was answered, once everything is answered."""
        until = time.monotonic() + within
        ledger = self.sink.ledger
        while True:
            async with ledger.came:
                found = [shown(body) for body in different(ledger.sends[who])]
                if len(found) >= self.sent[who]:
                    return found
                try:
                    async with asyncio.timeout(until - time.monotonic()):
                        await ledger.came.wait()
                except TimeoutError:
                    pytest.fail(f"{len(found)} of {self.sent[who]} replies: {found[-3:]}\n"
                                + self.bot.log()[-4000:])

    @property
    def copies(self) -> int:
        return sum(len(sends) - len(different(sends))
                   for sends in self.sink.ledger.sends.values())

    def doubts(self) -> int:
        return int(self.sql("select coalesce(sum(doubt), 0) from message"))

    def sql(self, statement: str) -> str:
        return self.server.sql(statement, self.bot.url_of_store.split("@/")[1].split("?")[0])


Crowds = Callable[..., Any]


@pytest.fixture
async def crowd(tmp_path: Path, postgres: Server, postgres_url: str) -> AsyncIterator[Crowds]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows").mkdir()
    for name, text in FLOWS.items():
        (tmp_path / "flows" / name).write_text(text)
    made: list[Bot] = []
    async with provider() as sink, aiohttp.ClientSession() as session:

        async def start(workers: int, *arguments: str, at: Server = postgres) -> Crowd:
            bot = Bot(tmp_path / f"bot{len(made)}.db", sink, config=tmp_path / "config.yaml",
                      url_of_store=postgres_url if at is postgres else at.url(at.database()),
                      arguments=("--workers", str(workers), *arguments))
            made.append(bot)
            await bot.start()
            assert not bot.dead, bot.log()
            return Crowd(bot, sink, at, session)

        yield start
        for bot in made:
            if not bot.dead:
                bot.stop()


def children(crowd: Crowd) -> list[int]:
    assert crowd.bot.process is not None
    found = subprocess.run(["pgrep", "-P", str(crowd.bot.process.pid)], capture_output=True,
                           text=True, check=False).stdout.split()
    return [int(pid) for pid in found]


async def walked(crowd: Crowd, who: str, count: int, at_once: int = 1) -> None:
    """Begin, then so many words, some at once."""
    await crowd.say(who, "begin")
    for start in range(0, count, at_once):
        await asyncio.gather(*(crowd.say(who, f"word {n}")
                               for n in range(start, min(start + at_once, count))))


@pytest.mark.parametrize("workers", [2, 4])
async def test_many_workers_count_one_contacts_messages_exactly(
        crowd: Crowds, workers: int) -> None:
    all_of_us = await crowd(workers)
    await walked(all_of_us, "491", 200, at_once=8)
    assert await all_of_us.counted("491") == [str(n) for n in range(201)]
    assert all_of_us.copies == 0
    assert all_of_us.sql("select count(*) from inbox") == "0"
    assert all_of_us.bot.stop() == 0


async def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(crowd: Crowds) -> None:
    us = await crowd(2)
    walking = [asyncio.create_task(walked(us, f"49{n}", 40)) for n in range(4)]
    for _ in range(3):
        await asyncio.sleep(0)
        before = us.sink.ledger.count
        while us.sink.ledger.count < before + 20 and not all(task.done() for task in walking):
            await asyncio.sleep(0.01)
        pids = children(us)
        os.kill(pids[0], signal.SIGKILL)
        while pids[0] in children(us) or len(children(us)) < 2:
            await asyncio.sleep(0.02)
    await asyncio.gather(*walking)
    for n in range(4):
        assert await us.counted(f"49{n}") == [str(i) for i in range(41)]
    assert us.copies <= us.doubts()
    assert us.bot.stop() == 0


async def test_a_worker_that_sleeps_past_its_lease_does_no_harm_when_it_wakes(
        crowd: Crowds) -> None:
    us = await crowd(2)
    walking = [asyncio.create_task(walked(us, f"49{n}", 30)) for n in range(4)]
    while us.sink.ledger.count < 20:
        await asyncio.sleep(0.01)
    asleep = children(us)[0]
    os.kill(asleep, signal.SIGSTOP)
    # The kernel still gives it connections: those people wait until it wakes, which is when every
    # lease that it can have had is over.
    over = real_now() + LEASE
    while real_now() <= over:
        await asyncio.sleep(0.02)
    os.kill(asleep, signal.SIGCONT)
    await asyncio.gather(*walking)
    for n in range(4):
        assert await us.counted(f"49{n}") == [str(i) for i in range(31)]
    assert us.copies <= us.doubts()
    assert us.bot.stop() == 0


async def test_workers_started_anew_in_turn_lose_and_double_nothing(crowd: Crowds) -> None:
    us = await crowd(2)
    walking = [asyncio.create_task(walked(us, f"49{n}", 60)) for n in range(4)]
    before = set(children(us))
    us.bot.process.send_signal(signal.SIGHUP)
    while before & set(children(us)) or len(children(us)) < 2:
        await asyncio.sleep(0.02)
    await asyncio.gather(*walking)
    for n in range(4):
        assert await us.counted(f"49{n}") == [str(i) for i in range(61)]
    assert us.copies == 0
    assert us.doubts() == 0
    assert us.bot.stop() == 0


@pytest.mark.parametrize("how", ["immediate", "fast"])
async def test_a_database_that_goes_away_and_comes_back_needs_no_restart(
        crowd: Crowds, how: str) -> None:
    with server() as running:
        us = await crowd(2, at=running)
        walking = [asyncio.create_task(walked(us, f"49{n}", 40)) for n in range(4)]
        for _ in range(2):
            before = us.sink.ledger.count
            while us.sink.ledger.count < before + 20:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(running.stop, how)
            await us.misses_the_database()
            await asyncio.to_thread(running.start)
        await asyncio.gather(*walking)
        for n in range(4):
            assert await us.counted(f"49{n}") == [str(i) for i in range(41)]
        assert us.copies <= us.doubts()
        assert len(children(us)) == 2
        assert us.bot.stop() == 0
        said = us.bot.log()
        # (asyncpg closes the connections of before in tasks that nobody hears.)
        assert not [line for line in said.splitlines()
                    if "Traceback" in line and '"logger": "bot.' in line]
        # Two processes, two outages, and few parts that work by themselves in each.
        assert said.count("store failed") <= 2 * 2 * 5


async def test_each_part_of_the_work_may_have_processes_of_its_own(
        crowd: Crowds) -> None:
    web = await crowd(1, "--only", "web")
    others = [subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--config", str(web.bot.config), "--only", roles],
        stderr=subprocess.DEVNULL, env={
            **os.environ, "PYTHONPATH": str(ROOT), "BENCH_PORT": str(web.bot.port),
            "BENCH_SINK": web.sink.url, "BENCH_STORE": web.bot.url_of_store})
        for roles in ("inbox", "outbox,timers")]
    await walked(web, "491", 10)
    assert await web.counted("491") == [str(n) for n in range(11)]
    for process in others:
        process.terminate()
        assert process.wait(20) == 0


async def test_workers_end_when_the_one_that_started_them_is_killed(
        crowd: Crowds, eventually: Callable[..., Any]) -> None:
    us = await crowd(2)
    pids = children(us)
    us.bot.kill()

    async def gone() -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in pids)

    await eventually(gone, 20.0)


def refused(tmp_path: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows").mkdir()
    for name, text in FLOWS.items():
        (tmp_path / "flows" / name).write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "bot", "run", *arguments], cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=30, env={
            **os.environ, "PYTHONPATH": str(ROOT), "BENCH_PORT": "1", "BENCH_SINK": "http://x",
            "BENCH_STORE": f"sqlite:////{tmp_path}/bot.db", **environ})


@pytest.mark.parametrize("arguments", [("--workers", "2"), ("--only", "web")])
def test_one_file_has_one_process(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = refused(tmp_path, *arguments)
    assert done.returncode == 2
    assert "One process at a time works on an SQLite file" in done.stderr


def test_a_part_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = refused(tmp_path, "--only", "web,imbox")
    assert (done.returncode, "imbox is not known" in done.stderr) == (2, True)


def test_workers_that_can_not_start_say_so_and_end(tmp_path: Path) -> None:
    done = refused(tmp_path, "--workers", "2", "--only", "inbox",
                   BENCH_STORE="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "can't be used" in done.stderr
    assert "Traceback" not in done.stderr
