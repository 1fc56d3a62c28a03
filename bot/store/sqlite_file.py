"""The file of an SQLite store: who has it, and whether it is whole."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import IO

from bot.errors import StoreBusy, StoreError

#: A file up to this many bytes is looked through at the start, in a third of a second; a larger one
#: beside the work, so that the first message need not wait for it.
LOOKED_THROUGH = 256 << 20
#: What SQLite says of a file that is damaged.
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_larger(path: Path, size: int) -> bool:
    return path.stat().st_size > size


def whole(connection: sqlite3.Connection) -> None:
    """Raises `StoreError` where the file is damaged: a turn would find out much later."""
    problem = " ".join(connection.execute("pragma quick_check(1)").fetchone()[0].split())
    if problem != "ok":
        file = str(connection.execute("pragma database_list").fetchone()[2])
        raise StoreError(damaged(file, problem))


def damaged(file: Path | str, problem: str) -> str:
    return (f"{file} is damaged: {problem}. Keep it, and put the last backup in its "
            "place (docs/operations.md, Backups)")


def is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xff in DAMAGE


def _holder(file: IO[bytes]) -> str:
    """Which process has the lock, as far as it has said so."""
    try:
        file.seek(0)
        return f" ({int(file.read(20))})"
    except (OSError, ValueError):  # Windows lets nobody read what is locked
        return ""


def to_read(path: Path) -> str:
    """The address under which SQLite opens the file and writes nothing."""
    return f"{path.absolute().as_uri()}?mode=ro"


def take(path: Path) -> IO[bytes]:
    """Hold `<file>.lock` until the process ends. Raises `StoreBusy`, `StoreError`."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder: `store:` names a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("a+b")
    except OSError as error:
        raise StoreError(f"{path} can't be opened for writing: {error.strerror}") from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = _holder(file)
        file.close()
        raise StoreBusy(f"{path} is open in another process{holder}: one at a time can use the "
                        "file. Stop that one first, or keep the store in PostgreSQL, which many "
                        "processes can share") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n".encode())
    file.flush()
    return file
