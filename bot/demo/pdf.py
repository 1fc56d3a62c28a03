"""A PDF of one page, written by hand: a return label."""

from __future__ import annotations

from collections.abc import Sequence

#: A6 in points, as parcel shops print labels.
_WIDTH, _HEIGHT = 298, 420


def label(title: str, lines: Sequence[str], code: str) -> bytes:
    """A label with a title, a few lines and a code in large letters. Latin letters only."""
    drawing = [
        "1.2 w 14 14 270 392 re S", f"14 {_HEIGHT - 66} m 284 {_HEIGHT - 66} l S",
        _text(title, 28, _HEIGHT - 50, size=20, font="F2"),
        *(_text(line, 28, _HEIGHT - 96 - 18 * row, size=11) for row, line in enumerate(lines)),
        "14 112 m 284 112 l S",
        _text(code, 28, 56, size=34, font="F2"),
    ]
    content = "\n".join(drawing).encode("cp1252", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Contents 6 0 R "
        "/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    )
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table)
    return bytes(out)


def _text(text: str, x: int, y: int, *, size: int, font: str = "F1") -> str:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET"
