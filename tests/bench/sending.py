"""What one sent message costs, in CPU time of the sender: `python tests/bench/sending.py`.

The other side is a server in a process of its own that answers every request at once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import httptools
import uvloop

from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.channel.meta_render import message
from bot.model import Address, Json

CALLS, AT_ONCE = 20_000, 32
TO = (Address("phone", "4915112300001"),)
HELLO: Json = {"type": "text", "text": "Please send me the number of your order."}
TAKEN = b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.HBgNNDkxNTExMjMwMDAwMQ"}]}'
#: About as many headers as the Cloud API sends.
ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n"
          + b"".join(b"x-header-%d: some value of usual length\r\n" % n for n in range(12))
          + b"Content-Length: %d\r\n\r\n%b" % (len(TAKEN), TAKEN))


class Server(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.transport.write(ANSWER)  # type: ignore[attr-defined]


def serve(tell: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


async def measured(send: Callable[[], Awaitable[object]]) -> float:
    async def some(count: int) -> None:
        for _ in range(count):
            await send()

    await some(500)
    began = time.process_time()
    await asyncio.gather(*[some(CALLS // AT_ONCE) for _ in range(AT_ONCE)])
    return (time.process_time() - began) / CALLS * 1e6


async def with_aiohttp(port: int) -> float:
    url = f"http://127.0.0.1:{port}/v23.0/1/messages"
    headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=128), cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=15), auto_decompress=False) as session:
        async def send() -> bytes:
            data = message(TO, HELLO, "01K0000000000000")
            async with session.post(url, data=data, headers=headers) as response:
                return await response.read()

        return await measured(send)


async def with_ours(port: int) -> float:
    async with HttpClient() as http:
        channel = Meta(name="main", phone_number_id="1", app_secrets=("s",), access_token="token",
                       graph_url=f"http://127.0.0.1:{port}/v23.0", verify_token="v", http=http)
        return await measured(lambda: channel.send(TO, HELLO, "01K0000000000000"))


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    port = ours.recv()
    ways = {"aiohttp's client, bare": with_aiohttp, "Meta.send, whole": with_ours}
    for loop, run in (("uvloop", uvloop.run), ("asyncio", asyncio.run)):
        for name, way in ways.items():
            figures = sorted(run(way(port)) for _ in range(3))
            print(f"{loop:8} {name:24} {figures[1]:6.1f} µs a message")  # noqa: T201 - a tool that reports
    server.terminate()
    server.join()


if __name__ == "__main__":
    main()
