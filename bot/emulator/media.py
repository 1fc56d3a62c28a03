"""Files that were sent: kept in memory, the oldest forgotten first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from bot.emulator.graph_errors import GraphError
from bot.emulator.settings import MIB, Json

#: What the business may send as what, and how big: Meta's table.
ALLOWED: dict[str, tuple[frozenset[str] | None, int]] = {
    "image": (frozenset({"image/jpeg", "image/png"}), 5 * MIB),
    "video": (frozenset({"video/mp4", "video/3gpp"}), 16 * MIB),
    "audio": (frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
              16 * MIB),
    "document": (None, 100 * MIB),
    "sticker": (frozenset({"image/webp"}), 500 * 1024),
}

#: Real seconds for which the address of a file can be fetched.
URL_SECONDS = 300

_SIGNS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
          (b"%PDF-", "application/pdf"), (b"OggS", "audio/ogg"), (b"GIF8", "image/gif"),
          (b"ID3", "audio/mpeg"), (b"\xff\xfb", "audio/mpeg"))


@dataclass(frozen=True, slots=True)
class File:
    """What somebody sent."""

    id: str
    mime_type: str
    name: str
    data: bytes
    sha256: bytes

    def summary(self) -> Json:
        """What the page needs to show it."""
        return {"id": self.id, "mime_type": self.mime_type, "name": self.name,
                "size": len(self.data), "state": "ready"}

    def inbound(self) -> Json:
        """What a webhook says of it."""
        return {"id": self.id, "mime_type": self.mime_type,
                "sha256": base64.b64encode(self.sha256).decode()}


def sniff(data: bytes) -> str | None:
    """The type that the first bytes show, where they show one."""
    for sign, mime_type in _SIGNS:
        if data.startswith(sign):
            return mime_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "video/mp4"
    return None


def plain(mime_type: str) -> str:
    """A media type without its parameters."""
    return mime_type.split(";")[0].strip().lower()


def check(kind: str, mime_type: str, data: bytes) -> None:
    """Raise `GraphError` when Meta would not send these bytes as `kind`."""
    types, limit = ALLOWED[kind]
    if types is not None and plain(mime_type) not in types:
        raise GraphError(131053, f"{plain(mime_type) or 'no type'} can't be sent as {kind}; "
                                 f"possible are {', '.join(sorted(types))}")
    if len(data) > limit:
        raise GraphError(131053, f"{len(data)} bytes are more than the {limit} that {kind} may be")
    seen = sniff(data)
    if kind in ("image", "sticker") and seen != plain(mime_type):
        raise GraphError(131053, f"the bytes are {seen or 'no image'}, not {plain(mime_type)}")


class MediaStore:
    """All files, by the id that Meta would give them."""

    def __init__(self, limit: int, max_file: int) -> None:
        self._limit = limit
        self.max_file = max_file
        self._files: OrderedDict[str, File] = OrderedDict()
        self._size = 0
        self._key = secrets.token_bytes(32)

    def put(self, data: bytes, mime_type: str, name: str = "") -> File:
        """Keep a file; older ones make room."""
        file = File(str(10**14 + secrets.randbelow(9 * 10**14)), mime_type, name[:240], data,
                    hashlib.sha256(data).digest())
        self._files[file.id] = file
        self._size += len(data)
        while self._size > self._limit and len(self._files) > 1:
            self._size -= len(self._files.popitem(last=False)[1].data)
        return file

    def get(self, media_id: str) -> File | None:
        return self._files.get(media_id)

    def remove(self, media_id: str) -> bool:
        file = self._files.pop(media_id, None)
        if file:
            self._size -= len(file.data)
        return file is not None

    def ticket(self, media_id: str) -> str:
        """The query of an address that works for five minutes."""
        until = int(time.time()) + URL_SECONDS
        return f"mid={media_id}&ext={until}&hash={self._sign(media_id, until)}"

    def redeem(self, media_id: str, until: str, signature: str) -> File | None:
        """The file behind such an address, unless it is stale or not ours."""
        if not re.fullmatch(r"\d{1,12}", until) or int(until) < time.time():
            return None
        if not hmac.compare_digest(self._sign(media_id, int(until)).encode(), signature.encode()):
            return None
        return self.get(media_id)

    def _sign(self, media_id: str, until: int) -> str:
        return hmac.new(self._key, f"{media_id}:{until}".encode(), hashlib.sha256).hexdigest()[:32]
