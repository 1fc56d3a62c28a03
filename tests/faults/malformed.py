"""Deliveries that are not what Meta describes: bytes changed at random, every field wrong in every
way, structures that nobody ever sent. The same seed gives the same deliveries.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from harness import NUMBER

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("FRONTDESK_DATA", ROOT.parent / "shared" / "data"))
RECORDED = DATA / "whatsapp" / "inbound"
PAYLOADS = ROOT / "tests" / "payloads"

Tree = Any
Way = tuple[str | int, ...]

#: Wrong values as they stand in JSON. Those that no tree can hold are written into the text.
WRONG = ("null", "true", "-1", "0", "1e400", "99999999999999999999999999", "0.5", '""', '" "', "[]",
         "{}", "[[]]", '[{"id":1}]', '{"id":{"id":1},"type":[]}', '"\\u0000"', '"\\ud83d"',
         '"\\udc00\\ud83d"', '"\\u202e\\u200b"', '"-1"', '"1e9"', '"٣"', '"true"',
         '"' + "x" * 70_000 + '"', "[" * 20 + "]" * 20)
#: After these nothing of the delivery can be read.
HOPELESS = ("NaN", "Infinity", "-Infinity", "1" * 5_000, "[" * 33 + "]" * 33,
            "[" * 1_000 + "]" * 1_000, "[" * 100_000, '{"a":' * 1_000 + "1" + "}" * 1_000, "01",
            "'x'", "")
#: What people say between the others, so that these meet a conversation at many places.
TALK = ("hi", "return", "A1234", "1", "2", "yes", "no", "menu", "where is my order", "reschedule",
        "shop", "back", "stop", "start", "help", "1004", "tomorrow", "skip", "cancel", "deutsch")
WORDS = ("id", "type", "text", "body", "from", "timestamp", "interactive", "button_reply", "title",
         "image", "context", "errors", "code", "contacts", "name", "emoji", "message_id", "system")


#: What the provider's ids of our messages begin with, before their number.
PROVIDER_ID = "wamid.O"


@dataclass(frozen=True)
class Delivery:
    """A body, and how many items it holds."""

    body: bytes
    items: int


def kinds() -> dict[str, list[Tree]]:
    """Well-formed deliveries by the kind of what they carry: recorded ones and our own."""
    found: dict[str, list[Tree]] = defaultdict(list)
    for file in ("messages.json", "others.json", "people.json"):
        for case in json.loads((PAYLOADS / file).read_text()):
            value = {key: case[key] for key in ("contacts", "metadata") if key in case}
            value.setdefault("metadata", {"phone_number_id": NUMBER})
            for one, many in (("message", "messages"), ("status", "statuses")):
                if isinstance(case.get(one), dict):
                    tree = envelope({**value, many: [case[one]]})
                    found[kind_of(tree)].append(tree)
            if isinstance(case.get("delivery"), dict):
                found[kind_of(case["delivery"])].append(case["delivery"])
    for path in sorted([*RECORDED.glob("meta/*.json"), *RECORDED.glob("meta-docs/*.json")]):
        try:
            tree = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(tree, dict):
            found[kind_of(tree)].append(ours(tree))
    return dict(found)


def envelope(value: Tree, field: str = "messages") -> Tree:
    return {"object": "whatsapp_business_account", "entry": [
        {"id": "400500600", "changes": [{"field": field, "value": value}]}]}


def ours(tree: Tree) -> Tree:
    """The delivery with our number: that of a stranger would only be put by."""
    for *_, value in values(tree):
        if isinstance(value.get("metadata"), dict):
            value["metadata"]["phone_number_id"] = NUMBER
    return tree


def values(tree: Tree) -> Iterator[tuple[Tree, Tree]]:
    """(change, value) of everything in a delivery that has the usual shape."""
    for entry in tree.get("entry") or ():
        for change in (entry.get("changes") or ()) if isinstance(entry, dict) else ():
            if isinstance(change, dict) and isinstance(change.get("value"), dict):
                yield change, change["value"]


def messages(tree: Tree) -> list[Tree]:
    return [message for _, value in values(tree) for message in (value.get("messages") or ())
            if isinstance(message, dict)]


def kind_of(tree: Tree) -> str:
    for message in messages(tree):
        kind = str(message.get("type", "untyped"))
        if kind == "interactive" and isinstance(message.get(kind), dict):
            return f"interactive.{message[kind].get('type', 'untyped')}"
        return "text.referral" if "referral" in message else kind
    for change, value in values(tree):
        if value.get("statuses"):
            return "status"
        if change.get("field") not in (None, "messages"):
            return "account notice"
    return "odd"


def ways(tree: Tree, way: Way = ()) -> Iterator[Way]:
    """The way to every field of a tree, keys and places."""
    if isinstance(tree, dict):
        inner: Any = tree.items()
    elif isinstance(tree, list):
        inner = enumerate(tree)
    else:
        return
    for key, value in inner:
        yield (*way, key)
        yield from ways(value, (*way, key))


@dataclass
class Maker:
    """Makes malformed deliveries of one kind. A tree's raw fragments are put in when it is
    written."""

    originals: list[Tree]
    dice: random.Random
    number: count[int]
    in_one: int = 20  #: so many items to a delivery, where they can be told apart

    def __post_init__(self) -> None:
        self.raw: dict[str, str] = {}

    def deliveries(self, items: int) -> Iterator[Delivery]:
        """So many malformed items or bodies: first each field wrong in each way, then at random."""
        waiting: list[str] = []
        walk = self.walk()
        for _ in range(items):
            match self.dice.randrange(10):
                case 0 | 1 | 2:
                    body = bytearray(self.written(self.fresh(self.dice.choice(self.originals))))
                    yield Delivery(self.bytes_changed(body), 1)
                    continue
                case 3:
                    tree = self.grown(0)
                    message = {"from": self.person(), "id": self.new_id(), **tree} if (
                        isinstance(tree, dict)) else tree
                case 4:
                    tree = self.fresh(self.dice.choice(self.originals))
                    if found := list(ways(tree)):
                        self.spoil(tree, self.dice.choice(found), hopeless=True)
                    yield Delivery(self.written(tree), 1)
                    continue
                case _:
                    tree = next(walk, None) or self.several()
                    found = messages(tree)
                    if len(found) != 1 or self.elsewhere(tree):
                        yield Delivery(self.written(tree), 1)
                        continue
                    message = found[0]
            waiting.append(self.text(message))
            if len(waiting) == self.in_one:
                yield self.together(waiting)
                waiting = []
        yield self.together(waiting)

    def together(self, written: list[str]) -> Delivery:
        """One delivery of many messages, and a good one at its end."""
        good = self.text({"from": self.person(), "id": self.new_id(), "type": "text",
                          "text": {"body": self.dice.choice(TALK)}})
        body = json.dumps(envelope({"metadata": {"phone_number_id": NUMBER}, "messages": [0]}))
        body = body.replace("[0]", f"[{','.join([*written, good])}]")
        return Delivery(body.encode("utf-8", "surrogatepass"), len(written) + 1)

    def elsewhere(self, tree: Tree) -> bool:
        """Whether something outside of its message is wrong, or its person stands there."""
        change, value = next(values(tree), ({}, {}))
        return (tree.get("object") != "whatsapp_business_account"
                or change.get("field") != "messages" or "contacts" in value
                or value.get("metadata", {}) != {"phone_number_id": NUMBER}
                or set(value) != {"metadata", "messages"})

    def walk(self) -> Iterator[Tree]:
        """Each field of each original with each wrong value, and without it."""
        for original in self.originals:
            for way in ways(original):
                for wrong in (*WRONG, None):
                    tree = self.fresh(original)
                    self.spoil(tree, way, wrong=wrong)
                    yield tree

    def several(self) -> Tree:
        """A few fields wrong at once."""
        tree = self.fresh(self.dice.choice(self.originals))
        for _ in range(self.dice.randint(1, 4)):
            if found := list(ways(tree)):
                self.spoil(tree, self.dice.choice(found))
        return tree

    def spoil(self, tree: Tree, way: Way, *, wrong: str | None = "",
              hopeless: bool = False) -> None:
        """Put something wrong in the way's place. None: take it away."""
        *before, last = way
        for key in before:
            tree = tree[key]
        if wrong == "":
            wrong = self.dice.choice(HOPELESS if hopeless else (*WRONG, None))
        if wrong is None:
            del tree[last]
            return
        if isinstance(tree, dict) and not self.dice.randrange(12):  # the key stands twice
            wrong = f"{json.dumps(tree[last])},{json.dumps(last)}:{wrong}"
        mark = f"\x01{len(self.raw)}\x01"
        self.raw[json.dumps(mark)] = wrong
        tree[last] = mark

    def grown(self, depth: int) -> Tree:
        """A structure that nobody ever sent, of words that Meta uses."""
        match self.dice.randrange(3 if depth < 6 else 1):
            case 1:
                return [self.grown(depth + 1) for _ in range(self.dice.randrange(4))]
            case 2:
                return {self.dice.choice(WORDS): self.grown(depth + 1)
                        for _ in range(self.dice.randrange(6))}
        if self.dice.randrange(2):
            mark = f"\x01{len(self.raw)}\x01"
            self.raw[json.dumps(mark)] = self.dice.choice(WRONG)
            return mark
        return self.dice.choice(WORDS)

    def fresh(self, original: Tree) -> Tree:
        """A copy by somebody of ours with a new id: what was seen before would not be handled."""
        tree = deepcopy(original)
        for message in messages(tree):
            if isinstance(message.get("id"), str):
                message["id"] = self.new_id()
            if isinstance(message.get("from"), str):
                message["from"] = self.person()
        for _, value in values(tree):
            for status in value.get("statuses") or ():
                if isinstance(status, dict) and self.dice.randrange(2):  # of a message of ours
                    status["id"] = f"{PROVIDER_ID}{self.dice.randrange(1, 1_000)}"
        return tree

    def new_id(self) -> str:
        return f"wamid.D{next(self.number)}"

    def person(self) -> str:
        return f"49{self.dice.randrange(12) + next(self.number) // 400:08}"

    def written(self, tree: Tree) -> bytes:
        return self.text(tree).encode("utf-8", "surrogatepass")

    def text(self, tree: Tree) -> str:
        text = json.dumps(tree, ensure_ascii=bool(self.dice.randrange(2)))
        for mark, wrong in self.raw.items():
            text = text.replace(mark, wrong, 1)
        self.raw.clear()
        return text

    def bytes_changed(self, body: bytearray) -> bytes:
        dice = self.dice
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(body) or 1)
            match dice.randrange(5):
                case 0 if body:
                    body[at] = dice.randrange(256)
                case 1:
                    del body[at:at + dice.randint(1, 20)]
                case 2:
                    body[at:at] = dice.choice((
                        b'"', b"{", b"}", b"[", b"]", b",", b"\\u0000", b"\\ud800", b"null", b"-",
                        b"1e999", b"9" * 400, b"\xf0\x9f", b"\0", b"\xef\xbb\xbf"))
                case 3:
                    del body[at:]
                case _:
                    start = dice.randrange(len(body) or 1)
                    body[at:at] = body[start:start + dice.randint(1, 60)]
        return bytes(body)
