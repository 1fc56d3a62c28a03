from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from bot import logs
from bot.errors import StoreError


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    logs.setup(stream=stream)
    logging.getLogger("bot.outbox").info("sent", extra={"provider_id": "wamid.1", "tries": 2})
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "bot.outbox", "event": "sent",
                    "provider_id": "wamid.1", "tries": 2}


def test_line_breaks_in_a_field_do_not_break_the_line() -> None:
    stream = io.StringIO()
    logs.setup(stream=stream)
    logging.getLogger("bot").warning("odd", extra={"text": "one\ntwo \u2028 退货"})
    assert lines(stream)[0]["text"] == "one\ntwo \u2028 退货"


async def test_each_task_logs_its_own_conversation() -> None:
    stream = io.StringIO()
    logs.setup(stream=stream)

    async def work(name: str) -> None:
        logs.conversation.set(name)
        await asyncio.sleep(0)
        logging.getLogger("bot").info("turn", extra={"of": name})

    async with asyncio.TaskGroup() as tasks:
        for name in ("c1", "c2", "c3"):
            tasks.create_task(work(name))
    assert all(line["conversation"] == line["of"] for line in lines(stream))


def test_an_exception_stands_on_the_same_line() -> None:
    stream = io.StringIO()
    logs.setup(stream=stream)
    try:
        try:
            int("what a customer wrote")
        except ValueError as error:
            raise StoreError("the disk is full") from error
    except StoreError:
        logging.getLogger("bot").exception("failed")
    (line,) = lines(stream)
    assert line["exception"].endswith("StoreError: the disk is full")
    assert "ValueError\n" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "wrote" not in line["exception"].replace('int("what a customer wrote")', "")


async def test_what_strangers_send_that_is_no_http_is_not_logged() -> None:
    stream = io.StringIO()
    logs.setup(stream=stream)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    writer.write(b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    await runner.cleanup()
    assert lines(stream) == []


def test_a_terminal_gets_a_line_for_the_eye() -> None:
    stream = Terminal()
    logs.setup(stream=stream)
    logging.getLogger("bot.outbox").info("sent", extra={"tries": 2})
    assert stream.getvalue().endswith("info    outbox: sent tries=2\n")


def test_the_machine_library_is_quiet_even_at_debug() -> None:
    stream = io.StringIO()
    logs.setup("debug", stream)
    logging.getLogger("transitions.core").info("Executed callback")
    logging.getLogger("bot").debug("seen")
    assert [line["event"] for line in lines(stream)] == ["seen"]
