"""Reading what is sent to the emulator, never more than is wanted.

Read by hand, since the size that `request.read` allows is that of the application which this
one is mounted in.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import BodyPartReader, web

from bot.emulator.chats import BadRequest
from bot.emulator.settings import Json


async def body_of(request: web.Request, limit: int) -> bytes:
    """The body; 413 beyond `limit`."""
    data = bytearray()
    async for piece in request.content.iter_chunked(65_536):
        data += piece
        if len(data) > limit:
            raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(data))
    return bytes(data)


async def json_of(request: web.Request, limit: int) -> Json:
    """The body as a JSON object; raises `BadRequest`."""
    try:
        value: Any = json.loads(await body_of(request, limit) or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is no JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("the body is no JSON object")
    return value


async def parts_of(request: web.Request, limit: int) -> tuple[dict[str, str], Upload | None]:
    """A form: its words, and the part called `file` if there is one; raises `BadRequest`."""
    words: dict[str, str] = {}
    upload = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise BadRequest("a part within a part is nothing that is read here")
            if part.name == "file":
                data = await _part(part, limit)
                upload = (data, part.headers.get("Content-Type", ""), part.filename or "")
            else:
                words[part.name or ""] = (await _part(part, 10_000)).decode("utf-8", "replace")
    except ValueError as error:
        raise BadRequest("the form can't be read") from error
    return words, upload


#: The bytes, the type it came with, the name it came with.
Upload = tuple[bytes, str, str]


async def _part(part: BodyPartReader, limit: int) -> bytes:
    data = bytearray()
    while piece := await part.read_chunk():
        data += piece
        if len(data) > limit:
            raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(data))
    return bytes(data)
