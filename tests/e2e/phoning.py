"""A whole Frontdesk in a process of its own, and customers who talk to it over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PHOTO = {"image": {"sample": True}}  # the emulator's own sample picture


@dataclass
class Demo:
    """A running `bot demo`."""

    phone: str
    desk: str
    password: str
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.phone}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def advance(self, how_long: str) -> None:
        self.ask("POST", "/clock", {"advance": how_long})

    def customer(self, name: str) -> Customer:
        found = {one["name"]: one for one in self.ask("GET", "/api/customers")["customers"]}
        past = self.ask("GET", f"/api/customers/{found[name]['id']}/messages")
        return Customer(self, found[name]["id"], past["next"])

    def somebody(self, name: str, **more: str) -> Customer:
        added = self.ask("POST", "/api/customers", {"name": name, **more})
        return Customer(self, added["customer"]["id"])


@dataclass
class Customer:
    """A person with a phone; `hears` returns what came, in order, none twice."""

    demo: Demo
    id: str
    heard: int = 0

    def says(self, text: str) -> None:
        self.sends({"text": text})

    def sends(self, body: dict[str, Any]) -> None:
        try:
            self.demo.ask("POST", f"/api/customers/{self.id}/messages", body)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{body}: {error.read().decode()}") from error

    def taps(self, title: str) -> None:
        self.sends({"tap": title})

    def hears(self, *words: str, within: float = 10.0) -> dict[str, Any]:
        """The next message of the business; it holds all the words, in text or labels."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = self.demo.ask(
                "GET", f"/api/customers/{self.id}/messages?from=business&after={self.heard}"
                       f"&wait={max(0.1, deadline - time.monotonic()):.1f}")
            if found["messages"]:
                message: dict[str, Any] = found["messages"][0]
                self.heard = message["seq"]
                shown = json.dumps(message, ensure_ascii=False)
                for word in words:
                    assert word.casefold() in shown.casefold(), f"{word!r} is not in {shown}"
                return message
        raise AssertionError(f"nothing came within {within} s; wanted {words}")

    def hears_nothing_before(self, other: Customer) -> None:
        """Nothing came for this person by the time the other one has been answered."""
        other.says("help")
        other.hears()
        found = self.demo.ask(
            "GET", f"/api/customers/{self.id}/messages?from=business&after={self.heard}")
        assert found["messages"] == []


@contextmanager
def demo(*arguments: str) -> Iterator[Demo]:
    """Start `bot demo` on a free port; stop it as Ctrl-C does and see it end cleanly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", "--port", "0", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        assert process.stdout is not None
        lines = []
        while (line := process.stdout.readline()) and "Try" not in line:
            lines.append(line)
        shown = "".join(lines)
        phone = re.search(r"(http://\S+/emulator)", shown)
        desk = re.search(r"(http://\S+/desk)\s.* (\S+)$", shown, re.MULTILINE)
        assert phone, shown + process.communicate()[1]
        assert desk, shown
        yield Demo(phone[1], desk[1], desk[2], process)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        sys.stderr.write(errors)  # shown by pytest beside a failure
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors
