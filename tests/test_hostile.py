"""Strangers at the port of a bot that serves: nothing of it is kept, said or logged."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import random
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from dirt import memory, project
from harness import Bot, Provider, delivery, message
from memory import reading_file

SECRET, OTHER = "secret-Zq81-of-the-app", "secret-Wp27-of-another"
WORDS = "canary-words-Hk55"
EVERYTHING = ("select (select count(*) from message), (select count(*) from notice), "
              "(select count(*) from seen), (select count(*) from contact)")


@pytest.fixture
async def bot(tmp_path: Path, sink: Provider) -> AsyncIterator[Bot]:
    """A bot that says everything it ever logs."""
    made = Bot(tmp_path / "bot.db", sink, config=project(tmp_path), arguments=("--log", "debug"),
               environ={"BENCH_APP_SECRET": SECRET})
    await made.start()
    yield made
    made.kill()


async def ask(bot: Bot, pieces: Iterable[bytes], *, end: bool = False) -> bytes:
    """Everything that comes back until the server closes, or is quiet after it was told to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", bot.port)
    answer = b""

    async def write() -> None:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if end:
                writer.write_eof()

    writing = asyncio.create_task(write())
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(45):
            while more := await reader.read(65_536):
                answer += more
    writing.cancel()
    writer.close()
    return answer


def sign(body: bytes, secret: str = SECRET, how: str = "sha256") -> str:
    return f"{how}=" + hmac.new(secret.encode(), body, how).hexdigest()


def post(body: bytes, *signatures: str, more: str = "", connection: str = "close") -> bytes:
    lines = "".join(f"X-Hub-Signature-256: {each}\r\n" for each in signatures)
    return (f"POST /webhooks/main HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n{lines}{more}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


async def test_every_wrong_signature_has_the_same_answer_and_leaves_nothing(bot: Bot) -> None:
    body = delivery(message("49170", 1, WORDS + " ä"))
    other = json.dumps(json.loads(body), ensure_ascii=False).encode()
    right = sign(body)
    dice = random.Random(20261122)
    wrong: list[tuple[bytes, tuple[str, ...], str]] = [
        (body, (), ""), (body, ("",), ""), (body, ("sha256=",), ""), (body, (right[:-1],), ""),
        (body, (right + "0",), ""), (body, (right[7:],), ""), (body, ("sha1=" + right[7:],), ""),
        (body, (sign(body, how="sha1"),), ""), (body, (sign(body, how="sha512"),), ""),
        (body, (right.upper(),), ""), (body, ("sha256=" + right[7:].upper(),), ""),
        (body, ("SHA256=" + right[7:],), ""), (body, (f"{right},{right}",), ""),
        (body, (sign(body, OTHER),), ""), (body, (sign(body, ""),), ""),
        (body, (sign(b"yesterday"),), ""), (body, (sign(b""),), ""), (other, (right,), ""),
        (body[:-1], (right,), ""), (body + b"\n", (right,), ""), (b"", (right,), ""),
        (body, (right, right), ""), (body, (right, "sha256=" + "0" * 64), ""),
        (body, ("sha256=" + "0" * 64, right), ""),
        (body, (), f"X-Hub-Signature: {sign(body, how='sha1')}\r\n"),
        (body, (), f"X-Hub-Signature: {right}\r\n"), (body, ("sha256=" + "ё" * 32,), "")]
    wrong += [(body, (f"sha256={dice.getrandbits(256):064x}",), "") for _ in range(200)]
    answers = set()
    for what, signatures, more in wrong:
        answer = await ask(bot, [post(what, *signatures, more=more)])
        answers.add(re.sub(rb"Date: [^\r]+", b"Date", answer))
    (answer,) = answers
    assert answer.startswith(b"HTTP/1.1 401 ")
    got = await ask(bot, [b"GET /webhooks/main HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                          b"X-Hub-Signature-256: %b\r\n\r\n" % right.encode()])
    assert got.startswith(b"HTTP/1.1 400 ")
    assert reading_file(bot.store)(EVERYTHING) == (0, 0, 0, 0)
    said = bot.log() + answer.decode() + got.decode()
    for secret in (SECRET, WORDS, right[7:], "49170"):
        assert secret not in said
    assert (await ask(bot, [post(body, right)])).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("given", [{}, {"APP_SECRET": ""}, {"APP_SECRET": " "}])
async def test_without_a_secret_nothing_starts(
        tmp_path: Path, sink: Provider, given: dict[str, str]) -> None:
    config = project(tmp_path)
    config.write_text(config.read_text().replace("${BENCH_APP_SECRET:-bench-app-secret}",
                                                 "${APP_SECRET}"))
    bot = Bot(tmp_path / "bot.db", sink, config=config, environ=given)
    bot.spawn()
    assert bot.process is not None
    assert await asyncio.to_thread(bot.process.wait, 30) not in (0, None)
    assert "APP_SECRET" in bot.log() or "app_secret" in bot.log()


def chunks(body: bytes, size: int) -> Iterable[bytes]:
    for at in range(0, len(body), size * 1_000):
        some = body[at:at + size * 1_000]
        yield b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (
            some[start:start + size] for start in range(0, len(some), size)))
    yield b"0\r\n\r\n"


async def test_bodies_and_heads_of_any_size_do_not_make_the_process_large(bot: Bot) -> None:
    small = delivery(message("49170", 1, "hi"))
    large = small + b" " * (4 * 2**20 + 1 - len(small))
    padded = small + b" " * (10**6 - len(small))
    parts = b"".join(b"--x\r\nContent-Disposition: form-data; name=%d\r\n\r\n1\r\n" % n
                     for n in range(50_000))

    def chunked(*body: Iterable[bytes], of: bytes = b"") -> Iterable[bytes]:
        yield (f"POST /webhooks/main HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
               f"X-Hub-Signature-256: {sign(of)}\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
        for each in body:
            yield from each

    endless = (b"10000\r\n" + b" " * 65_536 + b"\r\n" for _ in range(4_000))
    heads = b"".join(b"X-%d: a\r\n" % n for n in range(10_000))
    lies = post(small, sign(small)).replace(b"Content-Length: ", b"Content-Length: 9")
    #: What is sent, whether nothing more comes, and the answers that it may have.
    attacks: dict[str, tuple[Iterable[bytes], bool, str]] = {
        "one byte too many": ([post(large, sign(large))], False, "413"),
        "endless": (chunked(endless), False, "413"),
        "a million pieces": (chunked(chunks(padded, 1), of=padded), False, "200|408"),
        "longer than said": ([post(small + small, sign(small)).replace(
            b"Content-Length: %d" % (2 * len(small)), b"Content-Length: %d" % len(small)).replace(
            b"Connection: close", b"Connection: keep-alive")], False, "200|400"),
        "shorter than said": ([lies], True, "400|"),
        "far shorter than said": ([lies.replace(b"Content-Length: 9", b"Content-Length: 99999")],
                                  False, "413"),
        "packed": ([post(b"\x1f\x8b" + bytes(510 * 2**10), sign(b""),
                         more="Content-Encoding: gzip\r\n")], False, "415"),
        "a form": ([post(parts, sign(small), more="Content-Type: multipart/form-data; "
                         "boundary=x\r\n")], False, "401"),
        "ten thousand headers": ([b"GET /healthz HTTP/1.1\r\n" + heads + b"\r\n"], False, "431|"),
    }
    before = memory(bot)
    for name, (pieces, end, wanted) in attacks.items():
        answer = await ask(bot, pieces, end=end)
        status = answer[9:12].decode()
        assert re.fullmatch(wanted, status), (name, answer[:200])
    assert memory(bot) - before < 32
    assert (await ask(bot, [post(small, sign(small))])).startswith(b"HTTP/1.1 200 ")
    assert not [line for line in bot.log().splitlines() if '"level": "error"' in line]


#: A request that came in the body of another would have this as its answer.
HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def two_ways() -> dict[str, bytes]:
    """Requests that two readers may see end at different places."""
    start = b"POST /webhooks/main HTTP/1.1\r\nHost: a\r\n"
    zero = b"0\r\n\r\n"
    made: dict[str, bytes] = {}

    def add(head: bytes, body: bytes = zero) -> None:
        made[repr(head)] = head + b"\r\n" + body + HIDDEN

    length, coded = b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"
    for one, two in ((length, coded), (coded, length)):
        add(start + one + two)
    for value in (b"5, 6", b"+5", b"-5", b"0x5", b"5_0", b"5.0", b"1e1", b"\xd9\xa5", b"5;", b"5 5",
                  b'"5"', b"", b"five", b"9" * 40, b"5,"):
        add(start + b"Content-Length: " + value + b"\r\n")
    for other in (b"Content-Length: 6\r\n", b"content-length: 0\r\n", b"Content-Length: \r\n"):
        add(start + length + other)
    for value in (b"xchunked", b"chunked, identity", b"identity, chunked, identity", b"gzip",
                  b"chunked;q=1", b"chunkedx", b"ch\x0bunked", b"chunked\x00", b"\x0bchunked",
                  b'"chunked"', b"c hunked", b"chunked, x"):
        add(start + b"Transfer-Encoding: " + value + b"\r\n")
        add(start + b"Transfer-Encoding: " + value + b"\r\n" + length)
    for name in (b"Transfer-Encoding :", b" Transfer-Encoding:", b"Transfer\x00-Encoding:",
                 b"Transfer-Encod\xefng:", b"Transfer Encoding:", b"Transfer-Encoding\x0b:"):
        add(start + name + b" chunked\r\n" + length)
    for name in (b"Content-Length :", b" Content-Length:", b"Content\x00-Length:"):
        add(start + name + b" 5\r\n")
    for size in (b"+5", b"-5", b"0x5", b"5_", b"\xd9\xa5", b"", b"g", b"1" * 20, b"5 5"):
        add(start + coded, size + b"\r\naaaaa\r\n" + zero)
    add(start + coded, b"5\r\naaaaaa\r\n" + zero)  # longer than it says
    add(start + coded, b"5\r\naaaaa" + zero)  # no end of line
    add(start + coded, b"5\naaaaa\n0\n\n")  # half an end of line
    add(start + coded, b"5;a\nb\r\naaaaa\r\n" + zero)
    add(start.replace(b"\r\n", b"\n") + coded.replace(b"\r\n", b"\n"))
    add(start + b"X: a\rContent-Length: 5\r\n")
    add(start + b"X: a\x00b\r\n" + length)
    add(start + b"no colon\r\n" + length)
    add(start + b": 5\r\n" + length)
    for line in (b"POST /webhooks/main HTTP/1.1 x",
                 b"POST /webhooks/main", b"POST /webhooks/main HTTP/9.9", b"P\x00ST / HTTP/1.1",
                 b"POST /web hooks/main HTTP/1.1", b"POST /webhooks/main HTTP/1.1\x0b"):
        add(line + b"\r\nHost: a\r\n" + length)
    return made


async def test_a_request_that_can_be_read_in_two_ways_is_the_last_of_its_connection(
        bot: Bot) -> None:
    requests = two_ways()
    assert len(requests) >= 60
    answers = await asyncio.gather(*(ask(bot, [each]) for each in requests.values()))
    for name, answer in zip(requests, answers, strict=True):
        assert re.match(rb"HTTP/1.\d 400 ", answer), (name, answer)
        assert len(re.findall(rb"HTTP/1\.\d \d{3} ", answer)) == 1, (name, answer)
    assert reading_file(bot.store)(EVERYTHING) == (0, 0, 0, 0)
    assert "Traceback" not in bot.log()
    assert '"level": "error"' not in bot.log()


class Canaries:
    """Words that stand for what nobody may read in a log, by what they are."""

    phone, name, words, file = "4917012345678", "Canary-Name-Vb31", WORDS, "canary-file-Xm20.pdf"
    address, error, login = "canary-street-Lp77", "canary-error-Gd63", "canary-login-Ty98"
    secret, token, verify = SECRET, "canary-token-Rr10", "canary-verify-Ee47"

    @classmethod
    def all(cls) -> list[str]:
        return [word for name, word in vars(cls).items()
                if name[0] != "_" and isinstance(word, str)]


async def test_neither_people_nor_secrets_stand_in_logs_figures_or_arguments(
        tmp_path: Path, sink: Provider,
        eventually: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]) -> None:
    """By every way that a word can go: kept, refused, failing, handed over, said to an agent."""
    word = Canaries
    refused = iter(range(1, 1_000))

    def trouble(number: int, body: dict[str, Any]) -> web.Response | None:
        if next(refused) % 2:
            return None
        return web.json_response({"error": {
            "code": 131026, "message": f"{word.error} +{word.phone}",
            "error_data": {"details": f"to {word.phone} of {word.token}"}}}, status=400)

    sink.trouble = trouble
    bot = Bot(tmp_path / "bot.db", sink, config=project(tmp_path), arguments=("--log", "debug"),
              environ={"BENCH_APP_SECRET": word.secret, "BENCH_ACCESS_TOKEN": word.token,
                       "BENCH_VERIFY_TOKEN": word.verify})
    await bot.start()
    base = {"from": word.phone, "timestamp": "1760000001"}
    said = ["hi", "return", "A1234", word.words, "order status", word.words, "agent", "yes",
            word.words, "reschedule", word.words, "stop", "start"]
    items: list[dict[str, Any]] = [message(word.phone, n, text) for n, text in enumerate(said)]
    items += [
        {**base, "id": "w1", "type": "document", "document": {
            "id": "1", "filename": word.file, "caption": word.words}},
        {**base, "id": "w2", "type": "location", "location": {
            "latitude": 1, "longitude": 2, "name": word.address, "address": word.address}},
        {**base, "id": "w3", "type": "contacts", "contacts": [
            {"name": {"formatted_name": word.name}, "phones": [{"phone": "+" + word.phone}]}]},
        {**base, "id": "w4", "type": "interactive", "interactive": {
            "type": "button_reply", "button_reply": {"id": word.words, "title": word.words}}},
        {**base, "id": "w5", "type": word.words}, {**base, "type": "text", "text": word.words},
        {**base, "id": [word.words]}, {**base, "id": "w6", "type": "text", "text": {
            "body": "\ud800" + word.words}}]
    statuses = tuple({"id": "wamid.OUT1", "status": status, "timestamp": "1760000001",
                      "recipient_id": word.phone, "errors": [
                          {"code": 131026, "title": word.error, "message": word.error}]}
                     for status in ("sent", "failed", word.words))
    answers = b""
    signatures = []
    async with aiohttp.ClientSession() as session:
        for n, item in enumerate(items):
            item["from"] += str(n % 3)
            tree = json.loads(delivery(message(item["from"], 0, "")))
            value = tree["entry"][0]["changes"][0]["value"]
            value["messages"], value["contacts"][0]["profile"]["name"] = [item], word.name
            body = json.dumps(tree).encode()
            signatures.append(sign(body)[7:])
            answers += await ask(bot, [post(body, sign(body))])
        for body, secret in ((delivery(statuses=statuses), SECRET), (delivery(items[0]), OTHER),
                             (b'{"a": "' + word.words.encode(), SECRET)):
            signatures.append(sign(body)[7:])
            answers += await ask(bot, [post(body, sign(body, secret))])
        for method, path, data in (
                ("GET", f"/webhooks/main?hub.mode=subscribe&hub.verify_token={word.verify}x"
                        f"&hub.challenge=1", None),
                ("GET", f"/{word.words}?phone={word.phone}", None),
                ("GET", f"/media/{word.token}", None),
                ("POST", "/desk/sign-in", {"login": word.login, "password": word.secret}),
                ("POST", "/api/events", {"id": word.words, "contact": word.phone}),
                ("GET", "/metrics", None), ("GET", "/readyz", None)):
            async with session.request(method, bot.url + path, data=data, headers={
                    "Authorization": f"Bearer {word.token}",
                    "Cookie": f"session={word.token}"}) as answer:
                if path in ("/metrics", "/readyz"):
                    answers += await answer.read()
                assert answer.status < 500, (path, answer.status)
    async def tried() -> bool:
        return "not sent" in bot.log()

    await eventually(tried)
    assert bot.process is not None
    arguments = Path(f"/proc/{bot.process.pid}/cmdline").read_text()
    assert bot.stop() == 0
    read = bot.log() + answers.decode() + arguments
    assert '"level": "debug"' in bot.log() or '"level": "info"' in bot.log()
    found = {each for each in (*word.all(), *signatures) if each in read}
    assert found == set(), [line for line in read.splitlines() if any(w in line for w in found)][:5]
