"""Fetch the browser libraries that the desk serves, and note what they are.

Run `python tools/vendor.py` to fetch what `PINS` names; the files and VENDOR.json are committed,
so neither an install nor a test needs the network. `python tools/vendor.py --check` only compares
the files with VENDOR.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "bot" / "web" / "static" / "vendor"
LIST = "VENDOR.json"
LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE")


@dataclass(frozen=True, slots=True)
class Pin:
    """A file of a package at a version. The major version is fixed here and not by its makers:
    the plain name gives htmx 4, which behaves differently."""

    package: str
    version: str
    member: str  #: inside the package
    file: str  #: what we call it


@dataclass(frozen=True, slots=True)
class Vendored:
    package: str
    version: str
    file: str
    sha256: str
    licence: str
    licence_file: str


PINS = (
    Pin("htmx.org", "2.0.11", "dist/htmx.min.js", "htmx.js"),
    Pin("htmx-ext-sse", "2.2.4", "dist/sse.min.js", "htmx-sse.js"),
)


def fetch(pin: Pin, folder: Path) -> Vendored:
    """Pack `pin` with npm, take its one file and its licence."""
    with tempfile.TemporaryDirectory() as scratch:
        packed = subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", scratch,
             f"{pin.package}@{pin.version}"],
            check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(Path(scratch) / packed) as archive:
            content = read(archive, f"package/{pin.member}")
            licence = next((read(archive, f"package/{name}") for name in LICENCE_FILES
                            if f"package/{name}" in archive.getnames()), b"")
    if not licence:
        raise SystemExit(f"{pin.package} {pin.version} carries no licence file")
    licence_file = f"{pin.file.removesuffix('.js')}.LICENCE"
    (folder / pin.file).write_bytes(content)
    (folder / licence_file).write_bytes(licence)
    return Vendored(package=pin.package, version=pin.version, file=pin.file, sha256=digest(content),
                    licence=licence_name(licence), licence_file=licence_file)


def read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise SystemExit(f"{name} is no file")
    return member.read()


def licence_name(text: bytes) -> str:
    """Packages of htmx state their licence in words only."""
    if b"Zero-Clause BSD" in text or b"BSD Zero Clause" in text:
        return "0BSD"
    if b"MIT License" in text:
        return "MIT"
    raise SystemExit("a licence this tool does not know; read it, then name it here")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def check(folder: Path) -> list[str]:
    """What differs between the files in `folder` and its list."""
    listed = {entry["file"]: entry for entry in json.loads((folder / LIST).read_text("utf-8"))}
    problems = []
    for pin in PINS:
        entry = listed.get(pin.file)
        if entry is None or (entry["package"], entry["version"]) != (pin.package, pin.version):
            problems.append(f"{pin.file}: {pin.package} {pin.version} is not what {LIST} says")
    for file, entry in listed.items():
        path = folder / file
        if not path.is_file():
            problems.append(f"{file}: missing")
        elif digest(path.read_bytes()) != entry["sha256"]:
            problems.append(f"{file}: not the content that {LIST} says")
        if not (folder / entry["licence_file"]).is_file():
            problems.append(f"{entry['licence_file']}: missing")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, fetch nothing")
    if not parser.parse_args().check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        entries = [asdict(fetch(pin, FOLDER)) for pin in PINS]
        (FOLDER / LIST).write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    problems = check(FOLDER)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
