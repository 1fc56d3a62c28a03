"""How many messages a turn becomes: what the steps said, joined into what a channel can carry.

Texts of one turn are joined with an empty line up to the limit, and the last carries the buttons
or the list. The parts come in the order in which they were said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import regex

from bot.model import Json, Reply

PLAIN = 4_096
BODY = 1_024
BUTTON = 20
ROW = 24
DESCRIPTION = 72
BUTTONS = 3
ROWS = 10
#: Parts of one visible character: 👩‍👧 is two joined, é may be e with a mark, 👍🏽 has a skin.
_JOINER = "\u200d"
_ADDED = regex.compile(r"[\p{M}\uFE0E\uFE0F\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]")
_HEADERS = frozenset({"image", "video", "document"})


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text; one that is not `joins` is a message of its own."""

    text: str
    joins: bool = True
    outside: Json | None = None  #: the template that may leave in its place


@dataclass(frozen=True, slots=True)
class Media:
    """Something ready to send; of `link`, the text said before it becomes the body."""

    content: Json
    once: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Buttons or the rows of a list: (reply id, title, description)."""

    rows: list[tuple[str, str, str]]
    button: str  #: the name of the list's button, and the body where nothing was said
    as_list: bool = False


Part = Text | Media | Options


def size(text: str) -> int:
    """The length as the strictest reader counts it: astral characters are two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def fits(text: str, limit: int) -> bool:
    """Whether a text is within a limit, as the strictest reader counts."""
    return len(text) * 2 <= limit or size(text) <= limit


def shorten(text: str, limit: int) -> str:
    """The text, cut at a word where it is too long; the cut is shown."""
    if fits(text, limit):
        return text
    kept = text[:limit - 1]
    while size(kept) > limit - 1:
        kept = kept[:-1]
    kept = kept[:_whole(text, len(kept))]
    space = kept.rfind(" ")
    if space >= limit // 2:
        kept = kept[:space]
    return kept.rstrip(" ,.;:-–·") + "…"


def _whole(text: str, end: int) -> int:
    """The end, moved before the character that people see as one, where it would be torn apart."""
    for cut in range(end, max(0, end - 64), -1):
        after, before = text[cut:cut + 1], text[cut - 1]
        if before != _JOINER and after != _JOINER and not _ADDED.match(after):
            return cut
    return end


def distinct(titles: list[str], limit: int) -> list[str]:
    """The titles within the limit, no two the same: a later one gets a number."""
    taken: set[str] = set()
    result: list[str] = []
    for title in titles:
        title = " ".join(title.split()) or "…"  # WhatsApp takes no line breaks on a button
        short = shorten(title, limit)
        count = 2
        while short in taken:
            mark = f" {count}"
            short = shorten(title, limit - len(mark)) + mark
            count += 1
        taken.add(short)
        result.append(short)
    return result


def compose(parts: list[Part]) -> list[Reply]:
    """The replies of one turn."""
    if len(parts) == 1 and isinstance(parts[0], Text) and fits(parts[0].text, PLAIN):
        return [Reply({"type": "text", "text": parts[0].text}, outside=parts[0].outside)]
    blocks: list[Any] = []
    for part in parts:
        if isinstance(part, Text):
            _add_text(blocks, part)
        elif isinstance(part, Media):
            blocks.append(part)
        else:
            blocks.append(_interactive(blocks, part))
    replies: list[Reply] = []
    for index, block in enumerate(blocks):
        if isinstance(block, _Block):
            replies += _texts(split(block.text, PLAIN), block)
        elif isinstance(block, Media):
            if block.content["type"] == "link":
                _link(replies, block, said=index > 0 and isinstance(blocks[index - 1], _Block))
            else:
                replies.append(Reply(block.content, once=block.once))
        else:
            replies += block
    return replies


@dataclass(slots=True)
class _Block:
    text: str
    joins: bool
    outside: Json | None


def _texts(pieces: list[str], block: _Block) -> list[Reply]:
    """The pieces of a text; the template that may leave in its place goes with the first."""
    return [Reply({"type": "text", "text": text}, outside=None if place else block.outside)
            for place, text in enumerate(pieces)]


def _add_text(blocks: list[Any], part: Text) -> None:
    last = blocks[-1] if blocks else None
    if isinstance(last, _Block) and last.joins and part.joins:
        joined = f"{last.text}\n\n{part.text}"
        if fits(joined, PLAIN):
            last.text = joined
            last.outside = part.outside or last.outside
            return
    blocks.append(_Block(part.text, part.joins, part.outside))


def _interactive(blocks: list[Any], options: Options) -> list[Reply]:
    header: Json | None = None
    between: list[Media] = []
    if options.as_list:
        while blocks and isinstance(blocks[-1], Media):
            between.insert(0, blocks.pop())
    else:
        if (blocks and isinstance(blocks[-1], Media)
                and blocks[-1].content["type"] in _HEADERS and "caption" not in blocks[-1].content
                and not (len(blocks) > 1 and isinstance(blocks[-2], Media))):
            media = blocks.pop().content
            header = {"type": media["type"], "url": media["url"]}
            if "name" in media:
                header["name"] = media["name"]
        while header is None and blocks and isinstance(blocks[-1], Media):
            between.insert(0, blocks.pop())
    block = blocks.pop() if blocks and isinstance(blocks[-1], _Block) else _Block(
        options.button, True, None)
    before, body = _split_off(block.text)
    replies = _texts(before, block)
    for media_part in between:
        if media_part.content["type"] == "link":
            _link(replies, media_part, said=False)
        else:
            replies.append(Reply(media_part.content, once=media_part.once))
    content: Json
    if options.as_list:
        rows = []
        for id_, title, description in options.rows:
            row = {"id": id_, "title": title}
            if description:
                row["description"] = description
            rows.append(row)
        content = {"type": "list", "text": body, "button": options.button, "rows": rows}
    else:
        content = {"type": "buttons", "text": body,
                   "buttons": [{"id": id_, "title": title} for id_, title, _ in options.rows]}
        if header is not None:
            content["header"] = header
    replies.append(Reply(content, outside=None if before else block.outside))
    return replies


def _link(replies: list[Reply], part: Media, *, said: bool) -> None:
    """A link button needs a body: what was said just before it, else its own label."""
    text, outside = part.content["label"], None
    if said and replies and replies[-1].content["type"] == "text" \
            and fits(replies[-1].content["text"], BODY):
        last = replies.pop()
        text, outside = last.content["text"], last.outside
    replies.append(Reply({**part.content, "text": text}, outside=outside))


def _split_off(text: str) -> tuple[list[str], str]:
    """(texts to send before, the body): the buttons stand under the last paragraph."""
    if fits(text, BODY):
        return [], text
    head, _, body = text.rpartition("\n\n")
    if not head or not fits(body, BODY):
        parts = split(text, BODY)
        head, body = "\n".join(parts[:-1]), parts[-1]
    return split(head, PLAIN), body


def split(text: str, limit: int) -> list[str]:
    """The text in pieces within the limit, parted at an empty line, a line or a word."""
    pieces: list[str] = []
    while not fits(text, limit):
        window = text[:limit]
        while size(window) > limit:
            window = window[:-1]
        for mark in ("\n\n", "\n", " "):
            cut = window.rfind(mark)
            if cut >= limit // 3:
                break
        else:
            cut = _whole(text, len(window))
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    if text:
        pieces.append(text)
    return pieces
