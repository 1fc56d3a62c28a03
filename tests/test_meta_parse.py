from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channel.meta_json import read
from bot.channel.meta_parse import parse
from bot.errors import Malformed
from bot.model import Address, Incoming, Item, Json, Notice, Receipt

PAYLOADS = Path(__file__).parent / "payloads"
DATA = Path(os.environ.get("FRONTDESK_DATA", Path(__file__).parents[2] / "shared" / "data"))
NUMBERS = {"70001": "main", "70002": "second"}
NOW = 1_770_000_000_000
MARA = [{"profile": {"name": "Mara Lind"}, "wa_id": "4915112300001"}]


def cases(*files: str) -> list[Any]:
    return [pytest.param(case, id=case["name"].replace(" ", "_"))
            for file in files for case in json.loads((PAYLOADS / file).read_text())]


def delivery(case: Json) -> Json:
    """The whole body that a case stands for."""
    if "delivery" in case:
        return dict(case["delivery"])
    value: Json = {"messaging_product": "whatsapp",
                   "metadata": {"display_phone_number": "4930555000", "phone_number_id": "70001"}}
    if "status" in case:
        value["statuses"] = [case["status"]]
    else:
        value |= {"contacts": case.get("contacts", MARA), "messages": [case["message"]]}
    return {"object": "whatsapp_business_account",
            "entry": [{"id": "90001", "changes": [{"field": "messages", "value": value}]}]}


def items_of(body: Json | bytes) -> list[Item]:
    # A number beyond all floats is valid JSON, but Python would write the word Infinity.
    data = (body if isinstance(body, bytes)
            else json.dumps(body).replace("Infinity", "1e999").encode())
    return parse(data, channel="main", account="acc", numbers=NUMBERS, received_at=NOW)


def only(items: list[Item]) -> Incoming:
    assert len(items) == 1
    assert isinstance(items[0], Incoming), items[0]
    return items[0]


def text(**fields: Any) -> Json:
    return {"from": "4912", "id": "m1", "timestamp": "1760000001", "type": "text",
            "text": {"body": "hello"}, **fields}


@pytest.mark.parametrize("case", cases("messages.json"))
def test_a_message_of_every_kind_is_read(case: Json) -> None:
    item = only(items_of(delivery(case)))
    expect = case["expect"]
    assert item.channel == "main"
    assert item.external_id == case["message"]["id"]
    assert item.addresses == (Address("phone", "4915112300001"),)
    assert item.content == expect["content"]
    for key in ("sent_at", "name", "reply_to"):
        if key in expect:
            assert getattr(item, key) == expect[key]
    if "complete" in expect:
        assert bool(item.raw) is not expect["complete"]
    if item.raw and "1e999" not in json.dumps(case) and case["message"]["type"] != "location":
        assert json.loads(item.raw) == case["message"]


@pytest.mark.parametrize("case", cases("people.json"))
def test_a_sender_is_known_by_every_address_the_delivery_names(case: Json) -> None:
    item = only(items_of(delivery(case)))
    assert [[a.kind, a.value, a.scope] for a in item.addresses] == case["expect"]["addresses"]
    assert item.name == case["expect"].get("name", item.name)
    assert item.content == case["expect"].get("content", item.content)


@pytest.mark.parametrize("case", cases("others.json"))
def test_receipts_and_what_concerns_no_conversation(case: Json) -> None:
    items = items_of(delivery(case))
    assert len(items) == len(case["expect"])
    for item, expect in zip(items, case["expect"], strict=True):
        assert item.channel == expect.get("channel", "main")
        if "notice" in expect:
            assert isinstance(item, Notice)
            assert item.kind == expect["notice"]
            assert item.text == expect.get("text", item.text)
            json.loads(item.raw)
        else:
            assert isinstance(item, Receipt)
            assert [item.provider_id, item.status, item.at, item.tag, item.code] == \
                expect["receipt"]
            assert item.closes_window is expect.get("closes_window", False)
            assert expect.get("error", "") in (item.error or "")


def test_the_recorded_bodies_of_others_are_all_read() -> None:
    """Every kind and quirk that other projects have met; see the data's own README."""
    folder = DATA / "whatsapp" / "inbound"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {DATA}: set FRONTDESK_DATA")
    malformed = []
    for path in sorted(folder.glob("meta*/*.json")):
        try:
            items = parse(path.read_bytes(), channel="main", account="", numbers=EVERY_NUMBER,
                          received_at=NOW)
        except Malformed:
            malformed.append(path.name)
            continue
        assert items, path.name
        assert not [item for item in items
                    if isinstance(item, Notice) and item.kind.startswith("malformed")], path.name
    assert malformed == ["bindambc-java-api-text-message-status-read.json"]


class _EveryNumber(dict[str, str]):
    def get(self, key: str, default: Any = None) -> Any:
        return "main" if key else default


EVERY_NUMBER = _EveryNumber()


def test_one_bad_item_harms_no_other() -> None:
    body = {"entry": [
        {"id": "1", "changes": [
            {"field": "messages", "value": {"metadata": {"phone_number_id": "70001"}, "messages": [
                text(id="a"), None, {"id": 5}, [], text(id="b")]}},
            {"field": "messages", "value": {"metadata": {"phone_number_id": "70002"}, "statuses": [
                7, {"id": "w", "status": "read", "timestamp": "1760000001"}]}}]},
        "nonsense",
        {"id": "2", "changes": [{"field": "messages", "value": {
            "metadata": {"phone_number_id": "70002"}, "messages": [text(id="c")]}}]}]}
    items = items_of(body)
    assert [item.external_id for item in items if isinstance(item, Incoming)] == ["a", "b", "c"]
    assert [item.provider_id for item in items if isinstance(item, Receipt)] == ["w"]
    assert [item.kind for item in items if isinstance(item, Notice)] == [
        "malformed.message", "malformed.message", "malformed.message", "malformed.status",
        "malformed.entry"]


def test_a_batch_of_a_thousand_is_read_whole_and_soon() -> None:
    messages = [text(id=f"m{n}", **{"from": str(4900 + n)}) for n in range(1000)]
    contacts = [{"wa_id": str(4900 + n), "profile": {"name": f"P{n}"}} for n in range(1000)]
    body = json.dumps({"entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "metadata": {"phone_number_id": "70001"}, "contacts": contacts,
        "messages": messages}}]}]}).encode()
    began = time.perf_counter()
    items = items_of(body)
    assert time.perf_counter() - began < 1
    assert [item.name for item in items if isinstance(item, Incoming)] == \
        [f"P{n}" for n in range(1000)]


@pytest.mark.parametrize("body", [
    b"", b" ", b"null", b"[]", b"[{}]", b'"text"', b"1", b"{", b'{"a": 1} x', b'{"entry": NaN}',
    b'{"entry": [}', b"{'entry': []}", b"\x00", b"\xff\xfe", b'{"a": "\n"}', b'{"a": 01}',
    b'{"entry": ' + b"[" * 32 + b"]" * 32 + b"}", b'{"entry": ' + b"[" * 100_000 + b"}",
    b'{"a":' * 100_000, b"{" * 33, b'{"a": ' + b"9" * 5000 + b"}",
], ids=lambda body: f"{len(body)}_{body[:14]!r}")
def test_a_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        items_of(body)


def test_brackets_in_a_text_are_no_nesting() -> None:
    item = only(items_of(delivery({"message": text(text={"body": "[{" * 5000 + '\\"'})})))
    assert item.content["text"] == "[{" * 5000 + '\\"'


def test_thirty_two_levels_are_read() -> None:
    deep: Any = {}
    for _ in range(31):
        deep = {"a": deep}
    assert read(json.dumps(deep).encode()) == deep
    with pytest.raises(Malformed, match="deep"):
        read(json.dumps({"a": deep}).encode())


def test_a_string_that_never_ends_is_refused_in_time() -> None:
    began = time.perf_counter()
    with pytest.raises(Malformed):
        read(b"{" * 40 + b'"' + b'\\"' * 2_000_000)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(("written", "kept"), [
    (rb"a\u0000b", "ab"), (rb"\ud83d\ude00", "😀"), (rb"\ud83d", "�"), (rb"x\ude00y", "x�y"),
    (b"\xff", "�"), (rb"\u2028\u202e", "\u2028\u202e"), (rb"\ufdd0", "\ufdd0"),
    ("👩‍👩‍👧 ǅ".encode(), "👩‍👩‍👧 ǅ"), (b"\xed\xa0\x80", "���"),
])
def test_text_is_clean_once_it_is_in(written: bytes, kept: str) -> None:
    body = json.dumps(delivery({"message": text(text={"body": "HERE", "x": [], "y": {}})}))
    item = only(items_of(body.encode().replace(b"HERE", written)))
    assert item.content["text"] == kept


def test_names_and_keys_are_clean_too() -> None:
    body = json.dumps(delivery({"message": text(type="smell", smell={"k": 1}),
                                "contacts": [{"wa_id": "4912", "profile": {"name": "N"}}]}))
    item = only(items_of(body.encode().replace(b'"k"', rb'"k\ud800\u0000"')
                         .replace(b'"N"', rb'"\u0000N\udfff"')))
    assert item.name == "N�"
    assert json.loads(item.raw)["smell"] == {"k�": 1}


def test_of_a_key_that_stands_twice_the_last_counts_both_ways_in() -> None:
    body = json.dumps(delivery({"message": text(**{"from": "1"})})).replace(
        '"from": "1"', '"from": "111", "from": "222"').encode()
    for data in (body, body.replace(b"hello", rb"hello \ud800")):
        assert only(items_of(data)).addresses == (Address("phone", "222"),)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert items_of(b"\xef\xbb\xbf" + json.dumps(delivery({"message": text()})).encode())


WRONG: list[Any] = [None, True, 0, -1, 1.5, 10**400, "", "x" * 10_000, [], [[]], {}, {"a": []}]


def paths(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    inner = tree.items() if isinstance(tree, dict) else (
        enumerate(tree) if isinstance(tree, list) else ())
    for key, value in inner:
        found += paths(value, (*at, key))
    return found


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(tree))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize("case", cases("messages.json", "people.json", "others.json"))
def test_a_wrong_type_in_any_field_raises_nothing(
        case: Json, caplog: pytest.LogCaptureFixture) -> None:
    body = delivery(case)
    for path in paths(body):
        for value in WRONG:
            for item in items_of(replaced(body, path, value)):
                if not isinstance(item, Receipt) and item.raw:
                    json.loads(item.raw)
    assert not caplog.records, "a mistake of ours was caught and logged"


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
words = st.sampled_from([
    "entry", "changes", "value", "field", "messages", "statuses", "contacts", "errors", "metadata",
    "phone_number_id", "70001", "id", "from", "from_user_id", "type", "text", "body", "timestamp",
    "image", "interactive", "button_reply", "list_reply", "system", "reaction", "location",
    "latitude", "context", "status", "sent", "failed", "wa_id", "user_id", "profile", "name"])
trees = st.recursive(st.one_of(scalars, words), lambda inner: st.one_of(
    st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=6)), max_leaves=25)


@given(trees, trees)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_structures_of_any_kind_raise_nothing(message: Any, value: Any) -> None:
    for case in ({"message": message}, {"status": message}, {"message": text(), "contacts": value},
                 {"delivery": {"entry": [{"changes": [{"field": "messages", "value": value}]}]}},
                 {"delivery": {"entry": message}}):
        try:
            items = items_of(delivery(case))
        except Malformed as error:
            if "deep" not in str(error):  # nothing else is wrong with JSON that we wrote
                raise
            continue
        assert items
