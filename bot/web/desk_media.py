"""What customers sent, handed on to agents' browsers without letting it do anything there."""

from __future__ import annotations

import re
from urllib.parse import quote

from aiohttp import web

from bot.errors import ChannelError
from bot.model import Json
from bot.web.desk_pages import DESK, failure

#: Types that a page may show, with how such a file begins: (offset, bytes). HTML, SVG and PDF
#: can carry scripts and are only ever downloaded.
SHOWN: dict[str, tuple[tuple[int, bytes], ...]] = {
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "image/webp": ((8, b"WEBP"),),
    "audio/ogg": ((0, b"OggS"),),
    "audio/mpeg": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")),
    "audio/mp4": ((4, b"ftyp"),),
    "audio/aac": ((0, b"\xff\xf1"), (0, b"\xff\xf9")),
    "video/mp4": ((4, b"ftyp"),),
    "video/3gpp": ((4, b"ftyp"),),
}
_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


async def media(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    message = await desk.store.desk.message(request.match_info["message"])
    if message is None or message.direction != "in" or not isinstance(
            message.content.get("media"), dict):
        raise web.HTTPNotFound
    try:
        declared, body = await desk.media(message)
    except ChannelError:
        return failure(request, 502, "This file can't be fetched now. WhatsApp keeps files for a "
                                     "limited time; ask the customer to send it again.")
    kind = shown_type(declared, body)
    response = web.Response(body=body, content_type=kind or "application/octet-stream")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Content-Disposition"] = disposition(message.content["media"], message.id,
                                                          inline=bool(kind))
    return _part(request, response, body) if kind else response


def shown_type(declared: str, body: bytes) -> str:
    """The type under which `body` may be shown, or "" when it is only to be downloaded."""
    kind = declared.split(";")[0].strip().lower()
    begins = any(body[at:at + len(mark)] == mark for at, mark in SHOWN.get(kind, ()))
    return kind if begins else ""


def disposition(sent: Json, message: str, *, inline: bool) -> str:
    """Content-Disposition. The customer's name of the file is a suggestion for the browser."""
    name = sent.get("name")
    name = "".join(c for c in name if c.isprintable() and c not in '/\\:*?"<>|') if isinstance(
        name, str) else ""
    name = name.strip(". ")[-120:] or f"file-{message}"
    how = "inline" if inline else "attachment"
    return f"{how}; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


def _part(request: web.Request, response: web.Response, body: bytes) -> web.Response:
    """One range of bytes: Safari plays no sound without it."""
    response.headers["Accept-Ranges"] = "bytes"
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    if wanted is None or not any(wanted.groups()):
        return response
    size = len(body)
    if wanted[1]:
        start = int(wanted[1])
        end = min(int(wanted[2]), size - 1) if wanted[2] else size - 1
    else:
        start, end = max(size - int(wanted[2]), 0), size - 1
    if start > end:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    response.body = body[start:end + 1]
    response.set_status(206)
    response.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response
