"""Files for those who have none at hand, made here byte by byte: no pictures are shipped."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """A small real file."""

    name: str
    mime_type: str
    data: bytes


@functools.cache
def make(kind: str) -> Sample:
    """The sample of a kind; made once, since drawing takes a moment."""
    return MAKERS[kind]()


def _photo() -> Sample:
    """A dented parcel on a table."""
    width, height = 640, 480
    lines = []
    for y in range(height):
        wall = 226 - y // 8, 222 - y // 8, 214 - y // 9
        table = 162 - y // 9, 128 - y // 9, 96 - y // 10
        line = bytearray(bytes(wall if y < 300 else table) * width)
        if 350 < y < 420:  # the shadow under the parcel
            _paint(line, 128 + (y - 350) // 2, 560 - (y - 350) // 3, (84, 62, 46))
        if 150 <= y < 205:  # its lid, seen from above
            slope = (205 - y)
            _paint(line, 120 + slope, 520 - slope // 2, (206, 164, 112))
            _paint(line, 300 + slope // 4, 350 - slope // 8, (226, 196, 150))
        if 205 <= y < 395:  # its front
            shade = (y - 205) // 9
            _paint(line, 120, 520, (186 - shade, 140 - shade, 90 - shade))
            _paint(line, 300, 350, (212 - shade, 178 - shade, 130 - shade))
            if 262 <= y < 340:  # the label
                _paint(line, 150, 270, (245, 244, 240))
                if y % 13 < 4 and y > 272:
                    _paint(line, 160, 215 + (y * 7) % 45, (90, 92, 98))
            dent = 46 - abs(y - 300) // 2
            if dent > 0:  # where it was crushed
                ragged = (y // 7 * 5) % 9
                _paint(line, 520 - dent - ragged, 520, (112 - shade, 80 - shade, 50))
                _paint(line, 520 - dent // 2 - ragged, 520, (66, 46, 30))
        lines.append(b"\0" + bytes(line))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 9)),
                           (b"IEND", b"")))
    return Sample("photo.png", "image/png", data)


def _paint(line: bytearray, start: int, end: int, colour: Colour) -> None:
    line[3 * start:3 * end] = bytes(max(0, part) for part in colour) * (end - start)


def _document() -> Sample:
    """A receipt of one page."""
    words = ("BT /F1 22 Tf 72 760 Td (Receipt) Tj /F1 12 Tf 0 -36 Td (Order 10234) Tj "
             "0 -20 Td (1 x Trail shoes, size 42) Tj 0 -20 Td (Paid by card: 89.00 EUR) Tj ET")
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
               "/Resources << /Font << /F1 5 0 R >> >> >>",
               f"<< /Length {len(words)} >>\nstream\n{words}\nendstream",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    data += (f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
             f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
             ).encode()
    return Sample("receipt.pdf", "application/pdf", data)


def _voice() -> Sample:
    """Four seconds of a person thinking: silence in Opus, in Ogg."""
    packets = 200
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 9) + b"Frontdesk" + struct.pack("<I", 0)
    data = _ogg_page(2, 0, 0, [head]) + _ogg_page(0, 0, 1, [tags])
    # Each packet is one Opus frame of 20 ms (960 samples) that says "nothing".
    data += _ogg_page(4, packets * 960, 2, [b"\xf8\xff\xfe"] * packets)
    return Sample("voice.ogg", "audio/ogg; codecs=opus", data)


def _ogg_page(flags: int, granule: int, number: int, packets: list[bytes]) -> bytes:
    page = (struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, 1, number, 0)
            + bytes([len(packets), *map(len, packets)]) + b"".join(packets))
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", crc) + page[26:]


def _sticker() -> Sample:
    """A smiling face, in the simplest lossless WebP: four colours, two bits for a pixel."""
    size, palette = 512, (0x00000000, 0xFFFFFFFF, 0xFFFFCC33, 0xFF4A3A1A)
    packed = bytearray()
    for y in range(size):
        line = bytearray(size)
        for radius, colour in ((246, 1), (226, 2)):
            _disc(line, y, 256, 256, radius, colour)
        _disc(line, y, 176, 206, 30, 3)
        _disc(line, y, 336, 206, 30, 3)
        if y > 282:  # the mouth: a disc without the smaller disc above it
            _disc(line, y, 256, 270, 132, 3)
            _disc(line, y, 256, 250, 122, 2)
        for x in range(0, size, 4):
            packed.append(line[x] | line[x + 1] << 2 | line[x + 2] << 4 | line[x + 3] << 6)
    bits = _Bits()
    bits.add(0x2F, 8)
    bits.add(size - 1, 14)
    bits.add(size - 1, 14)
    bits.add(1, 1)  # has transparency
    bits.add(0, 3)
    bits.add(1, 1)  # one transform follows:
    bits.add(3, 2)  # colours by index
    bits.add(len(palette) - 1, 8)
    bits.add(0, 1)
    for _ in range(4):
        bits.add_plain_code()
    bits.add_single_code()
    before = 0
    for colour in palette:  # each as the difference to the one before, part by part
        for shift in (8, 16, 0, 24):  # green, red, blue, alpha
            bits.add_byte(((colour >> shift) - (before >> shift)) & 255)
        before = colour
    bits.add(0, 3)  # no more transforms, no colour cache, one group of codes
    bits.add_plain_code()
    for _ in range(4):
        bits.add_single_code()
    for index in packed:
        bits.add_byte(index)
    data = bits.finish()
    data += b"\0" * (len(data) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data
    return Sample("sticker.webp", "image/webp",
                  b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk)


def _disc(line: bytearray, y: int, x0: int, y0: int, radius: int, colour: int) -> None:
    square = radius * radius - (y - y0) ** 2
    if square > 0:
        half = int(square ** 0.5)
        line[x0 - half:x0 + half] = bytes([colour]) * (2 * half)


class _Bits:
    """Bits written from the lowest up, as WebP wants them."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._bits = self._count = 0
        self._reversed = [int(f"{byte:08b}"[::-1], 2) for byte in range(256)]

    def add(self, value: int, count: int) -> None:
        self._bits |= value << self._count
        self._count += count
        while self._count >= 8:
            self._done.append(self._bits & 255)
            self._bits >>= 8
            self._count -= 8

    def add_byte(self, value: int) -> None:
        """One symbol of the plain code; Huffman codes are written from the highest bit down."""
        self.add(self._reversed[value], 8)

    def add_plain_code(self) -> None:
        """The description of a code in which every byte takes eight bits."""
        self.add(0, 1)  # not a simple code
        self.add(8, 4)  # 12 lengths for the code of the lengths, the last of them for "eight"
        for _ in range(11):
            self.add(0, 3)
        self.add(1, 3)
        self.add(1, 1)  # as many as follow have a length:
        self.add(3, 3)
        self.add(254, 8)  # 256

    def add_single_code(self) -> None:
        """The description of a code with the one symbol 0, which then takes no bits."""
        self.add(1, 1)
        self.add(0, 3)

    def finish(self) -> bytes:
        if self._count:
            self.add(0, 8 - self._count)
        return bytes(self._done)


MAKERS: dict[str, Callable[[], Sample]] = {
    "image": _photo, "document": _document, "voice": _voice, "audio": _voice, "sticker": _sticker}
