"""The last step of the tutorial: its project served by `bot demo`, and talked to by the phone."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tools import pages
from tools.pages import TUTORIAL, blocks

PATIENCE = 60.0


@pytest.fixture
async def started(tmp_path: Path) -> AsyncIterator[str]:
    """What `bot demo` prints of the project that the tutorial has made."""
    for block in blocks(TUTORIAL):
        pages.build(block, tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--port", "0", "--config", "config.yaml",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            lines = [(await process.stdout.readline()).decode() for _ in range(4)]
        yield "".join(lines)
    finally:
        process.terminate()
        await process.wait()


class Phone:
    """The first customer of the emulator."""

    def __init__(self, session: aiohttp.ClientSession, chat: str) -> None:
        self._session, self._chat, self._seen = session, chat, 0

    async def says(self, **what: Any) -> str:
        """All that can be read of the answer."""
        async with self._session.post(self._chat, json=what) as answer:
            assert answer.status < 300, await answer.text()
        async with self._session.get(self._chat, params={
                "after": self._seen, "from": "business", "wait": 30}) as answer:
            found = await answer.json()
        self._seen = found["next"]
        return " ".join([message["text"] for message in found["messages"]])


async def test_the_project_of_the_tutorial_talks_in_the_phone(started: str) -> None:
    [shown] = [block.text for block in blocks(TUTORIAL) if "bot demo" in block.text
               and block.kind == "console"]
    url, port = re.findall(r"(http://127\.0\.0\.1:(\d+))/emulator", started)[0]
    assert pages.alike(shown.partition("\n")[2], started.replace(port, "8080")), started
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/emulator/api/customers") as answer:
            first = (await answer.json())["customers"][0]["id"]
        phone = Phone(session, f"{url}/emulator/api/customers/{first}/messages")
        assert "What is the order number" in await phone.says(text="can you mend my boots")
        assert "I can't find AB999999" in await phone.says(text="AB999999")
        assert "Trail shoes: what is broken?" in await phone.says(text="AB123456")
        assert "A colleague helps you" in await phone.says(tap="Something else")
