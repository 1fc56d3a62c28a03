"""Flow files that nobody wrote: bytes changed at random, lines moved, values that fit nowhere, YAML
at its worst. Each has to become a list of mistakes or a flow that a customer can say hello to,
soon, and without anything of it being run.

    python tests/faults/flowfiles.py [--count 100000] [--seed 1] [--seconds 2]

The same seed gives the same files. Prints what went wrong, and exits with 1 if anything did.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from checking import COMMANDS, TEXTS
from talking import SHIPPED, SUPPORT, Talk

from bot.flow.flows import FlowOptions, Flows
from bot.flow.lint.parts import CheckOptions
from bot.flow.load import Loaded, load

RICH = ROOT / "tests" / "rich"
#: Every operation and queue of the shipped flows, the page for authors and the rich project.
OPTIONS = CheckOptions(
    default_language="en",
    queues=frozenset({"support", "front_desk", "clinic", "desk", "fraud", "nurses"}),
    public={"shop_name": "Trail & Co", "hotel_name": "Linde", "emergency": "112"},
    operations=frozenset({
        "orders.find", "orders.of_customer", "orders.create_return", "appointments.of_patient",
        "appointments.free", "appointments.move", "tables.book", "clinic.slots", "courses.enrol",
        "bank.identify", "bank.cards", "bank.freeze", "hotel.bookings", "hotel.upgrades",
        "hotel.upgrade", "hotel.late", "school.courses", "school.enrol", "clinic.days",
        "clinic.hours", "clinic.book", "clinic.wait", "lockers.parcel", "lockers.open",
        "kitchen.menu", "kitchen.order"}))
#: Other flows that the files lead to.
OTHERS = {
    "find_customer": "{language: {type: text}, found: {type: object}}",
    "returns": "{number: {type: text}, order_number: {type: text}, order: {type: text}}",
    "order_status": "{number: {type: text}, order: {type: text}}",
    "reschedule": "{number: {type: text}, appointment: {type: text}}",
    "who_is_it": "{greeting: {type: text}, person: {type: object}}",
    "stay": "{number: {type: text}}",
    "dinner": "{number: {type: text}}",
}
#: What stands where something else is expected.
STRANGE = (
    "", "{", "}", "[", "]", "{}", "[]", "[[]]", "{{}}", "{a: }", ":", ": ", "::", "#", " #x",
    "*a", "&a x", "!t x", "!!binary aGk=", "!!python/object/apply:os.system [exit]",
    "!!python/name:os.system", "<<: *a", "? a", "- ", "-", "|", ">", "|-\n  x", "%", "@", "`",
    "'", '"', "''", '""', "\\", '"\\x"', '"\\ud800"', '"\\0"', "~", "null", "none", "yes", "no",
    "on", "0412", "1e999", "9" * 400, "-1", "0", "1.10", "18:30", "0x1f", "0o7", ".inf", ".nan",
    "2026-02-30", "{{", "}}", "{{ x }}", "{{ }}", "{{ x", "{% if %}", "{#", "{{ 7*7 }}",
    "{{ x.y }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self._TemplateReference__context }}",
    "{{ config.__init__.__globals__['os'].system('exit') }}", "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__ }}", "{{ range(10**9) | list }}", "{{ 'a' * 10**9 }}",
    "{{ 9 ** 9 ** 9 }}", "{{ [1] * 99999999 }}", "{{ x | map(attribute='__class__') | list }}",
    "{{ " + "(" * 500, "{{ " + "not " * 400 + "x }}", "{{ x" + ".a" * 300 + " }}",
    "((((a+)+)+)+)+b", "(a{9999}){9999}", "(?P<x>a)(?P=x){999999}", "[[:alpha:]&&[^a]]+",
    "(?R)", "(?:(?:a|a)*)*$", "a{1000000000000}", "(?e)(?:abc){e<=9}", "(" * 300 + ")" * 300,
    "step", "flow", "ask", "end", "stay", "handoff", "edit", "today", "days(2)", "days(10**12)",
    "answer", "item", "now", "event", "contact.name", "a" * 5_000, "{a: " * 60, "[" * 60,
    "- " * 60, "👩‍👩‍👧", "\u202e", "\u200b", "\ufeff", "\u2028", "\x85", "\x00", "\x1b", "\x7f",
    "\ufffe", "\U0010ffff", "一,二", "1s", "0s", "99999d", "{after: 0s}", "{step: a}",
    "{if: x, step: a}", "{refuse: a}", "{edit: a}", "{flow: a}", "{end: a}", "{file: x}",
    "{file: ../../etc/passwd}", "{en: x, zh: y}", "{xx: y}", "{en: {en: x}}", "[x, y]", "[x, ]",
    "[, ]",
)
WORDS = (
    "flow", "title", "steps", "slots", "say", "ask", "choices", "choices_from", "call", "with",
    "save", "goto", "end", "handoff", "run", "wait", "review", "set", "tag", "send", "skip_if",
    "attempts", "on_give_up", "on_error", "on_timeout", "remind", "errors", "if_empty",
    "otherwise", "gather", "outside", "on_media", "on_undelivered", "on_cancel", "triggers",
    "timezone", "old_taps", "en", "zh", "type", "pattern", "check", "min", "after", "label",
    "also", "keep", "in_trigger", "moved", "in_flight", "notification", "answers", "commands",
    "texts", "items", "template",
)
BYTES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xe2\x80", b"\r", b"\t",
    b"\n", b"\x0b", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"---\n", b"...\n",
    b"%YAML 9.9\n",
)
#: Whole files that are worse than what chance makes.
WHOLE = (
    b"", b"\x00" * 100, b"\xff\xfe" + "flow: a".encode("utf-16-le"), b"[" * 100_000,
    b"- " * 50_000, b"{a: " * 50_000, b"? " * 20_000, b"a: &a [*a, *a]\n",
    b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &d [*c,*c]\ne: [*d,*d]\n", b"&a : *a\n",
    b"'" * 99_999, b'"' + b"\\" * 99_999, b"a:\n" * 30_000, b"a" * 999_999,
    b"flow: " + b"{" * 5_000,
    b"\n" * 900_000, b"#" * 900_000, b"a: |\n" + b"  x\n" * 100_000, b"flow: a\n" * 50_000,
    b"flow: a\ntitle: A\nsteps:\n" + b"".join(b"  s%d: {say: x}\n" % n for n in range(9_000)),
    b"flow: a\ntitle: A\nsteps:\n" + b"".join(
        b"  s%d: {goto: [{if: x, step: s%d}, s%d]}\n" % (n, n * 7 % 900, n * 31 % 900)
        for n in range(900)),
    b"flow: a\ntitle: A\nsteps: {a: {say: [" + b"x, " * 9_000 + b"]}}",
    b"flow: a\ntitle: A\nsteps: {a: {say: Pick, choices: {" + b"".join(
        b"c%d: Choice %d, " % (n, n) for n in range(3_000)) + b"}}, b: {end: x}}",
    b"flow: a\ntitle: A\ntriggers: {keywords: [" + b"".join(b"word %d, " % n for n in range(9_000))
    + b"]}\nsteps: {a: {end: x}}",
    b"flow: a\ntitle: A\nsteps: {a: {say: " + b"{{ x }} " * 9_000 + b"}}",
    b"flow: a\ntitle: A\nsteps: {a: {say: '" + b"{{ x }} " * 9_000 + b"', end: x}}",
    b"flow: a\ntitle: A\nsteps:\n" + b"  a: {say: *x, {{ b }}: c\n" * 3_000,
    b"flow: a\ntitle: A\nsteps:\n" + b"  a: 'x\n" * 3_000, b"say: {{ a }}\n" * 30_000,
    b"a: " + b"b: " * 30_000, b"a: [" + b"{{ a }}, " * 20_000, b"a: {" + b"b: {{ a }}, " * 20_000,
)


class TooLong(BaseException):
    """A file took more than its time."""


@dataclass
class Tried:
    """What became of many files."""

    files: int = 0
    passed: int = 0
    talked: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)


def bases() -> dict[str, str]:
    """Files that are right, by the name that each has to have."""
    found = {path.stem: path.read_text("utf-8") for path in sorted(SHIPPED.glob("*.yaml"))}
    page = (ROOT / "docs" / "language.md").read_text("utf-8")
    for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)):
        if example.startswith("flow:"):
            found[example.split("\n")[0].removeprefix("flow: ")] = example
        elif example.startswith(("steps:", "slots:", "on_timeout:")):
            name = f"example_{number}"
            found[name] = (f"flow: {name}\ntitle: Example {number}\ntriggers: "
                           f"{{keywords: [example {number}]}}\n{example}")
    for path in sorted((RICH / "flows").glob("*.yaml")):
        found[path.stem] = path.read_text("utf-8")
    return found


def changed(chance: random.Random, text: str, others: list[str]) -> bytes:
    """The file with one to four things in it as nobody would write them."""
    data = text.encode()
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        data = _bytes(chance, data) if chance.random() < 0.25 else _lines(chance, data, others)
    return data


def _bytes(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    until = min(len(data), at + chance.choice((0, 1, 1, 2, 5, 30, 300)))
    match chance.randrange(5):
        case 0:
            return data[:at] + data[until:]
        case 1:
            return data[:until] + data[at:until] + data[until:]
        case 2:
            return data[:at] + chance.choice(BYTES) + data[at:]
        case 3:
            return data[:at] + chance.randbytes(max(1, until - at)) + data[until:]
    return data[:at]


def _lines(chance: random.Random, data: bytes, others: list[str]) -> bytes:
    lines = data.decode("utf-8", "replace").split("\n")
    row, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    line = lines[row]
    match chance.randrange(12):
        case 0:
            lines[row], lines[other] = lines[other], line
        case 1:
            lines[row:row] = lines[other:other + chance.choice((1, 1, 3, 9))]
        case 2:
            del lines[row:row + chance.choice((1, 1, 2, 6))]
        case 3:
            lines[row] = " " * chance.randrange(9) + line.lstrip()
        case 4:
            lines[row] = "\t" + line
        case 5 | 6:  # another value after one of the colons
            colons = [found.end() for found in re.finditer(r":(?= )|\[|, ", line)]
            at = chance.choice(colons) if colons else len(line)
            end = re.compile(r"[,}\]]|$").search(line, at + 1)
            until = end.start() if end and chance.random() < 0.7 else len(line)
            lines[row] = f"{line[:at]} {chance.choice(STRANGE)}{line[until:]}"
        case 7:
            at = chance.randrange(len(line) + 1)
            lines[row] = line[:at] + chance.choice(STRANGE) + line[at:]
        case 8:  # another word
            words = list(re.finditer(r"[a-z_]+(?=:)", line))
            if words:
                word = chance.choice(words)
                lines[row] = line[:word.start()] + chance.choice(WORDS) + line[word.end():]
        case 9:  # a letter less, twice or another
            at = chance.randrange(len(line) + 1)
            lines[row] = line[:at] + chance.choice(("", line[at:at + 1] * 2, "x")) + line[at + 1:]
        case 10:
            more = chance.choice(others).split("\n")
            start = chance.randrange(len(more))
            lines[row:row] = more[start:start + chance.choice((1, 2, 5, 20))]
        case _:
            indent = len(line) - len(line.lstrip())
            lines.insert(row, f"{' ' * indent}{chance.choice(WORDS)}: {chance.choice(STRANGE)}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """So many files and their names."""
    known = bases()
    chance = random.Random(seed)
    names, others = list(known), list(known.values())
    for number in range(count):
        if number < len(WHOLE):
            yield "a", WHOLE[number]
        else:
            name = chance.choice(names)
            yield name, changed(chance, known[name], others)


#: What no file may make happen while it is looked at.
_FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "os.remove", "os.rename",
    "os.rmdir", "subprocess.Popen", "socket.connect", "socket.bind", "shutil.", "ctypes.",
)
_watched = False
_happened: list[str] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched and (event.startswith(_FORBIDDEN) or (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"))):
        _happened.append(f"{event} {arguments!r:.80}")


@contextlib.contextmanager
def watched(seconds: float) -> Iterator[None]:
    """Raise `TooLong` after so many seconds of the processor, and `AssertionError` if anything of
    the file was run."""
    global _watched

    def too_long(signum: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    _watched = True
    try:
        yield
    finally:
        _watched = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert not _happened, _happened


def tried(folder: Path, name: str, data: bytes, seconds: float) -> tuple[bool, bool]:
    """(it is a flow, somebody could talk to it). Whatever else happens is raised."""
    for path in folder.glob("*.yaml"):
        path.unlink()
    for other, slots in OTHERS.items():
        if other != name and other.encode() in data:
            (folder / f"{other}.yaml").write_text(
                f"flow: {other}\ntitle: Other\ntriggers: {{keywords: [{other}]}}\nslots: {slots}\n"
                "steps: {a: {goto: [{if: now, end: found}, {if: now, end: known}, {end: new}]}}\n",
                "utf-8")
    (folder / f"{name}.yaml").write_bytes(data)
    with watched(seconds):
        loaded = load(folder, folder.parent / "templates", OPTIONS,
                      standard=SHIPPED if name in ("texts", "commands", "words", "ours") else
                      folder.parent / "standard")
        for one in loaded.findings:
            assert one.line >= 1, one
            assert one.column >= 1, one
            assert one.message, one
        if loaded.errors:
            return False, False
        loaded = load(folder, folder.parent / "templates", OPTIONS, standard=SHIPPED)
        return True, _talk(loaded, name)


def prepared(folder: Path) -> Path:
    """A project around the file that is tried; the folder of its flows. From now on it is noticed
    when a file makes something happen.
    """
    sys.addaudithook(_hook)
    for part in ("flows", "standard", "templates"):
        (folder / part).mkdir()
    for part, text in (("commands", COMMANDS), ("texts", TEXTS)):
        (folder / "standard" / f"{part}.yaml").write_text(text, "utf-8")
    for project in (ROOT, RICH):
        shutil.copytree(project / "templates", folder / "templates", dirs_exist_ok=True)
    (folder / "templates" / "greeting").mkdir()
    for language in ("en", "zh"):
        (folder / "templates" / "greeting" / f"about_us.{language}.j2").write_text("We!", "utf-8")
    page = (ROOT / "docs" / "language.md").read_text("utf-8")
    for name, text in re.findall(r"```text\n# templates/(\w+)\.yaml\n(.*?)```", page, re.DOTALL):
        (folder / "templates" / f"{name}.yaml").write_text(text, "utf-8")
    return folder / "flows"


def _talk(loaded: Loaded, name: str) -> bool:
    """Say hello, start the flow, and answer what it asks."""
    known = Flows(loaded, FlowOptions(
        key=b"k" * 32, queues=dict.fromkeys(OPTIONS.queues, SUPPORT), public=OPTIONS.public,
        reads=frozenset({"orders.find"})))
    for version in known.current.values():
        assert version.machine is not None
    Talk(known).says("hi")
    spec = loaded.flows.get(name)
    keywords = spec.triggers.keywords if spec else {}
    words = [phrase for phrases in keywords.values() for phrase in phrases]
    talk = Talk(known)
    talk.says(words[0] if words else "returns now")
    for answer in ("AB123456", "1", "yes", "2", "tomorrow", "hello", "back", "edit", "confirm"):
        if talk.owner != "bot":
            break
        if talk.call is not None:
            call, talk.call = talk.call, None
            talk.happens("result", {"call": call.operation, "key": call.key, "ok": True, "value": {
                "item": "Shoes", "open": True, "free": [{"id": "a", "start": "2026-03-11T10:00"}]}})
        talk.says(answer)
    return bool(words)


def run(seed: int, count: int, seconds: float) -> Tried:
    """Try so many files; three of each kind that goes wrong are printed."""
    out = Tried()
    told: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = prepared(Path(made))
        for name, data in files(seed, count):
            before = time.process_time()
            problem = ""
            try:
                passed, talked = tried(folder, name, data, seconds)
                out.passed += passed
                out.talked += talked
            except TooLong:
                problem = f"more than {seconds} s"
            except (Exception, RecursionError) as error:
                problem = f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-4)}"
            if problem:
                kept = Path(tempfile.gettempdir()) / f"flowfile-{seed}-{out.files}-{name}.yaml"
                kept.write_bytes(data)
                out.wrong.append(f"{kept}: {problem}")
                kind = problem.rstrip().rpartition("  File ")[2]
                told[kind] = told.get(kind, 0) + 1
                if told[kind] <= 3:
                    print(out.wrong[-1], flush=True)
                _happened.clear()
            out.slowest = max(out.slowest, time.process_time() - before)
            out.files += 1
            if out.files % 5_000 == 0:
                print(f"{out.files}: {out.passed} flows, {len(out.wrong)} wrong", flush=True)
    return out


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--seconds", type=float, default=2.0)
    arguments = asked.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    found = run(arguments.seed, arguments.count, arguments.seconds)
    print(f"{found.files} files: {found.passed} were flows, {found.talked} of them were talked to, "
          f"the slowest took {found.slowest:.2f} s, {len(found.wrong)} were wrong")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
