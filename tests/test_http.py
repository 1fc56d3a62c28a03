"""The sending client: connections, deadlines, certificates, on real sockets."""

from __future__ import annotations

import asyncio
import inspect
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from bot.channel.http import Answer, HttpClient, Origin, head, origin_of
from bot.errors import ConfigError, OutcomeUnknown, Unreachable
from tests.peering import OK, Line, answering, call, closed_port, once, peer, until


async def test_one_connection_serves_call_after_call() -> None:
    async with peer(answering) as server, HttpClient() as client:
        for _ in range(50):
            answer = await call(client, server.origin)
            assert (answer.status, answer.body) == (200, b"hi")
        assert server.opened == 1


async def test_connections_are_bounded_and_everybody_gets_the_own_answer() -> None:
    async def echo(line: Line) -> None:
        while True:
            body = await line.request()
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async with peer(echo) as server, HttpClient(connections=3) as client:
        bodies = [b"%d" % n for n in range(200)]
        answers = await asyncio.gather(*[call(client, server.origin, body) for body in bodies])
        assert [answer.body for answer in answers] == bodies
        assert server.most == 3


async def test_a_refused_connection_is_unreachable() -> None:
    async with HttpClient() as client:
        with pytest.raises(Unreachable, match="no connection"):
            await call(client, await closed_port())


async def test_a_name_that_nobody_has_is_unreachable() -> None:
    async with HttpClient() as client:
        for name in ("nobody.invalid", "a" * 64 + ".example", "xn--\u00e4"):
            with pytest.raises(Unreachable):
                await call(client, Origin("http", name, 80))


async def test_everybody_who_waits_for_a_refused_connection_is_told() -> None:
    origin = await closed_port()
    async with HttpClient(connections=2) as client:
        results = await asyncio.gather(*[call(client, origin) for _ in range(20)],
                                       return_exceptions=True)
        assert {type(result) for result in results} == {Unreachable}


async def test_no_answer_in_time_leaves_the_outcome_open() -> None:
    async with peer(once(b"")) as server, HttpClient() as client:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="in time"):
            await call(client, server.origin, within=0.2)
        assert time.monotonic() - began < 2
        await until(lambda: server.open_now == 0)


async def test_who_waits_too_long_for_a_connection_wrote_nothing() -> None:
    async with peer(once(b"")) as server, HttpClient(connections=1) as client:
        results = await asyncio.gather(call(client, server.origin, within=0.6),
                                       call(client, server.origin, within=0.2),
                                       return_exceptions=True)
        assert [type(result) for result in results] == [OutcomeUnknown, Unreachable]
        assert "nothing was written" in str(results[1])


async def test_who_waits_is_served_when_a_connection_breaks() -> None:
    async def first_breaks(line: Line) -> None:
        await line.request()
        if line.number == 1:
            line.reset()
        else:
            await line.say(OK)
            await line.reader.read()

    async with peer(first_breaks) as server, HttpClient(connections=1) as client:
        results = await asyncio.gather(call(client, server.origin), call(client, server.origin),
                                       return_exceptions=True)
        assert isinstance(results[0], OutcomeUnknown)
        assert isinstance(results[1], Answer)


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async with peer(once(OK, then="close")) as server, HttpClient() as client:
        for n in (1, 2, 3):
            assert (await call(client, server.origin)).status == 200
            assert server.opened == n
            await until(lambda: client.open_connections == 0)


async def test_a_connection_that_idled_too_long_is_not_used_again() -> None:
    async with peer(answering) as server, HttpClient(idle=0) as client:
        await call(client, server.origin)
        await call(client, server.origin)
        assert server.opened == 2


async def test_a_call_that_is_given_up_leaves_its_answer_to_nobody() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow_first(line: Line) -> None:
        await line.request()
        if line.number == 1:
            asked.set()
            await go.wait()
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
        else:
            await line.say(OK)
        await line.reader.read()

    async with peer(slow_first) as server, HttpClient(connections=1) as client:
        task = asyncio.create_task(call(client, server.origin))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        assert (await call(client, server.origin)).body == b"hi"


async def test_a_call_that_is_given_up_while_it_waits_is_not_sent() -> None:
    seen: list[bytes] = []

    async def records(line: Line) -> None:
        while True:
            seen.append(await line.request())
            await line.say(OK)

    async with peer(records) as server, HttpClient(connections=1) as client:
        first = asyncio.create_task(call(client, server.origin, b"first"))
        waiting = asyncio.create_task(call(client, server.origin, b"given up"))
        await asyncio.sleep(0)
        waiting.cancel()
        await first
        await call(client, server.origin, b"last")
        assert seen == [b"first", b"last"]


async def test_closing_ends_every_call_as_its_state_demands() -> None:
    asked = asyncio.Event()

    async def silent(line: Line) -> None:
        await line.request()
        asked.set()
        await line.reader.read()

    async with peer(silent) as server:
        client = HttpClient(connections=1)
        calls = [asyncio.create_task(call(client, server.origin)) for _ in range(2)]
        await asked.wait()
        await client.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(result) for result in results] == [OutcomeUnknown, Unreachable]
        with pytest.raises(Unreachable, match="closed"):
            await call(client, server.origin)


async def test_a_server_that_hangs_up_at_once_does_no_lasting_harm() -> None:
    async def hangs_up(line: Line) -> None:
        line.reset()

    async with peer(hangs_up) as server, HttpClient(connections=2) as client:
        results = await asyncio.gather(*[call(client, server.origin) for _ in range(10)],
                                       return_exceptions=True)
        assert all(isinstance(r, OutcomeUnknown | Unreachable) for r in results)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, made for this run."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
                   check=True, capture_output=True)
    return folder


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


async def test_a_server_with_the_right_certificate_is_spoken_to(certificate: Path) -> None:
    tls = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    async with peer(answering, server_side(certificate)) as server, HttpClient(tls=tls) as client:
        for _ in range(3):
            assert (await call(client, server.origin)).body == b"hi"
        assert server.opened == 1


async def test_nothing_is_written_to_a_server_that_can_t_prove_its_name(certificate: Path) -> None:
    seen = []

    async def records(line: Line) -> None:
        seen.append(await line.reader.read())

    quiet = asyncio.get_running_loop()
    quiet.set_exception_handler(lambda *_: None)  # the server's own side reports the handshake
    async with peer(records, server_side(certificate)) as server, HttpClient() as client:
        with pytest.raises(Unreachable, match="certificate"):
            await call(client, server.origin)
    assert b"".join(seen) == b""


async def test_plain_words_from_a_server_that_should_speak_tls_are_unreachable() -> None:
    async def plain(line: Line) -> None:
        await line.say(b"HTTP/1.1 200 OK\r\n\r\n")

    async with peer(plain) as server, HttpClient() as client:
        with pytest.raises(Unreachable):
            await call(client, Origin("https", *server.origin[1:]))


@pytest.mark.parametrize(("url", "origin", "target"), [
    ("https://graph.example/v23.0/1/messages", Origin("https", "graph.example", 443),
     "/v23.0/1/messages"),
    ("http://127.0.0.1:9000", Origin("http", "127.0.0.1", 9000), "/"),
    ("http://[::1]:9000/a?b=c#d", Origin("http", "::1", 9000), "/a?b=c"),
])
def test_an_address_is_taken_apart(url: str, origin: Origin, target: str) -> None:
    assert origin_of(url) == (origin, target)


@pytest.mark.parametrize("url", ["", "x", "ftp://a", "http://", "http://a:b", "http://u:p@a/",
                                 "http://a/\r\nX: y", "http://a/ b", "http://a/ä", "http://ä/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's words differ by the mistake
        origin_of(url)


def test_a_header_can_t_carry_a_second_one() -> None:
    with pytest.raises(ConfigError):
        head("POST", Origin("http", "a", 80), "/", {"Authorization": "Bearer x\r\nX: y"})
    assert head("POST", Origin("http", "::1", 9000), "/", {"A": "b"}) == (
        b"POST / HTTP/1.1\r\nHost: [::1]:9000\r\nA: b\r\n")


@pytest.mark.parametrize("name", sorted(
    name for name, test in globals().items()
    if name.startswith("test_") and inspect.iscoroutinefunction(test)
    and not inspect.signature(test).parameters))
def test_all_of_it_holds_on_the_faster_event_loop_too(name: str) -> None:
    """`bot run` takes uvloop where there is one, whose transports differ in small things."""
    pytest.importorskip("uvloop").run(asyncio.wait_for(globals()[name](), 20))
