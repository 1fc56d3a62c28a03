from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from multidict import CIMultiDict, MultiDict

from bot.channel.http import HttpClient
from bot.channel.meta import Meta
from bot.errors import ConfigError, Malformed

DATA = Path(os.environ.get("FRONTDESK_DATA", Path(__file__).parents[2] / "shared" / "data"))
NAME = "X-Hub-Signature-256"
BODY = b'{"entry":[{"id":"\\u00e4"}]}'


def channel(*secrets: str, graph_url: str = "https://graph.example/v23.0") -> Meta:
    return Meta(name="main", phone_number_id="70001", graph_url=graph_url, app_secrets=secrets,
                access_token="token", verify_token="agreed", http=HttpClient())


def sign(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_recorded_signatures_of_others_are_valid() -> None:
    folder = DATA / "whatsapp" / "signatures"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {DATA}: set FRONTDESK_DATA")
    for path in sorted(folder.glob("meta*.json")):
        vector = json.loads(path.read_text())
        body, headers = base64.b64decode(vector["body_b64"]), vector["headers"]
        secret = vector["secret"]
        assert channel(secret).verify(headers, body) is vector["valid"], path.name
        assert not channel(secret).verify(headers, body + b" "), path.name
        assert not channel(secret + "x").verify(headers, body), path.name


def test_a_signature_is_over_the_bytes_as_they_came() -> None:
    one = channel("s3cret")
    assert one.verify({NAME: sign(BODY, "s3cret")}, BODY)
    rewritten = json.dumps(json.loads(BODY)).encode()
    assert not one.verify({NAME: sign(BODY, "s3cret")}, rewritten)


def test_the_former_secret_is_good_until_it_is_taken_out() -> None:
    assert channel("new", "old").verify({NAME: sign(BODY, "old")}, BODY)
    assert channel("new", "old").verify({NAME: sign(BODY, "new")}, BODY)
    assert not channel("new").verify({NAME: sign(BODY, "old")}, BODY)


def test_a_header_is_found_however_it_is_spelled() -> None:
    right = sign(BODY, "s")
    for headers in ({NAME.lower(): right}, CIMultiDict({NAME.upper(): right})):
        assert channel("s").verify(headers, BODY)


right = sign(BODY, "s")


@pytest.mark.parametrize("headers", [
    {}, {NAME: ""}, {NAME: "sha256="}, {NAME: right[:-1]}, {NAME: right + "0"},
    {NAME: right[7:]}, {NAME: "sha1=" + right[7:]}, {NAME: right.upper()},
    {NAME: "sha256=" + right[7:].upper()}, {NAME: right + "\n"}, {NAME: " " + right},
    {NAME: "sha256=" + "g" * 64}, {NAME: "sha256=" + "٣" * 64}, {NAME: "sha256=" + "\ud800" * 64},
    {"X-Hub-Signature": right}, {NAME: sign(BODY, "other")}, {NAME: sign(b"", "s")},
    {NAME: sign(BODY, "")}, CIMultiDict([(NAME, right), (NAME, right)]),
    CIMultiDict([(NAME, right), (NAME, "sha256=0")]), {NAME: right, NAME.lower(): right},
], ids=lambda headers: str(dict(headers))[:60].encode("ascii", "replace").decode())
def test_anything_but_one_right_signature_is_refused(headers: Mapping[str, str]) -> None:
    assert not channel("s").verify(headers, BODY)


def test_random_signatures_are_refused() -> None:
    dice = random.Random(7)
    one = channel("s", "t")
    assert not any(one.verify({NAME: f"sha256={dice.getrandbits(256):064x}"}, BODY)
                   for _ in range(10_000))


@pytest.mark.parametrize("secrets", [(), ("",), ("good", "")])
def test_a_channel_without_a_secret_does_not_start(secrets: Sequence[str]) -> None:
    with pytest.raises(ConfigError, match="app_secret"):
        channel(*secrets)


@pytest.mark.parametrize("url", ["graph.example", "ftp://graph.example", "https://", "https://a b/",
                                 "https://user:pass@graph.example/v23.0"])
def test_a_graph_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="graph_url"):
        channel("s", graph_url=url)


QUESTION = {"hub.mode": "subscribe", "hub.challenge": "0012<b>", "hub.verify_token": "agreed"}


def test_the_challenge_comes_back_as_it_was() -> None:
    assert channel("s").challenge(MultiDict(QUESTION)) == "0012<b>"


@pytest.mark.parametrize("wrong", [
    {"hub.verify_token": "other"}, {"hub.verify_token": ""}, {"hub.verify_token": "agreed "},
    {"hub.verify_token": "agréed"}, {"hub.verify_token": "\ud800"}, {"hub.mode": "unsubscribe"},
    {"hub.mode": ""},
])
def test_a_stranger_s_handshake_gets_nothing(wrong: Mapping[str, str]) -> None:
    assert channel("s").challenge(QUESTION | wrong) is None


@pytest.mark.parametrize("missing", list(QUESTION))
def test_a_handshake_that_lacks_something_is_malformed(missing: str) -> None:
    with pytest.raises(Malformed, match=missing):
        channel("s").challenge({k: v for k, v in QUESTION.items() if k != missing})
