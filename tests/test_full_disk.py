"""A disk without room: what is new is refused, what was accepted stays, with room all goes on."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fleet import fleet
from harness import Provider, delivery, message, signed
from postgres import Server, user
from serving import served

from bot.clock import Clock

#: Words that no compression makes small.
LONG = random.Random(1).randbytes(2_000).hex()


async def post(url: str, number: int) -> int:
    body = delivery(message("491", number, f"{number} {LONG}"))
    async with aiohttp.ClientSession() as session, session.post(
            f"{url}/webhooks/main", data=body, headers=signed(body)) as answer:
        assert answer.status in (200, 503)
        return answer.status


async def until_full(url: str, number: int = 0) -> int:
    """Write until it is refused: the number of the message that was."""
    while await post(url, number) == 200:
        number += 1
        assert number < 5_000, "the disk never fills"
    return number


async def ready(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
        return answer.status, await answer.text()


async def test_a_file_that_can_not_grow_refuses_and_goes_on_when_it_can(
        project: Path, sink: Provider, clock: Clock) -> None:
    async with served(project, sink, clock) as (frontdesk, url):
        async def pages(most: str) -> None:
            def limit(connection: Any) -> None:
                count = connection.execute("pragma page_count").fetchone()[0]
                connection.execute(f"pragma max_page_count={count + 20 if most else 1 << 30}")

            database: Any = frontdesk.store._db
            writer = database._writer
            await writer._execute(limit, writer._conn)

        await pages("few")
        refused = await until_full(url)
        status, why = await ready(url)
        assert status == 503
        assert "full" in why
        assert await post(url, refused) == 503
        await pages("")
        assert await post(url, refused) == 200
        await answered(sink, refused + 1)


async def answered(sink: Provider, count: int) -> None:
    """Everything that was accepted is answered, once."""
    async with asyncio.timeout(30), sink.ledger.came:
        await sink.ledger.came.wait_for(lambda: len(sink.ledger.sends["491"]) >= count)
    assert len({each["biz_opaque_callback_data"] for each in sink.ledger.sends["491"]}) == count
    assert len(sink.ledger.sends["491"]) == count


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """12 MB that PostgreSQL may write to, where we may mount them."""
    folder = Path(tempfile.mkdtemp(prefix="small"))
    mounted = os.getuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m,mode=0777", "none", str(folder)],
        capture_output=True, check=False).returncode == 0
    if not mounted:
        folder.rmdir()
        pytest.skip("a small disk needs the right to mount one")
    folder.parent.chmod(folder.parent.stat().st_mode | 0o011)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
async def on_small_disk(postgres: Server, small_disk: Path, tmp_path: Path,
                        sink: Provider) -> AsyncIterator[Any]:
    """A bot on a PostgreSQL whose tables are on the small disk."""
    space = small_disk / "space"
    space.mkdir()
    if (name := user()) is not None:
        subprocess.run(["chown", name, str(space)], check=True)
    postgres.sql(f"create tablespace small location '{space}'")
    try:
        async with fleet(tmp_path, sink, random.Random(1), 1, postgres) as running:
            postgres.sql(f"alter database {running.name} set tablespace small")
            yield running
            running.stop()
    finally:
        postgres.sql("drop tablespace small")


async def test_a_postgresql_without_room_refuses_and_goes_on_when_there_is_some(
        on_small_disk: Any, small_disk: Path, sink: Provider) -> None:
    bot = on_small_disk.bots[0]
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 2**20)
    await bot.start()
    refused = await until_full(bot.url)
    status, why = await ready(bot.url)
    assert status == 503
    assert "space" in why
    filler.unlink()
    assert await post(bot.url, refused) == 200
    assert not bot.dead
    await answered(sink, refused + 1)
