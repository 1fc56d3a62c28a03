from __future__ import annotations

import pytest

from bot.web.desk_media import disposition, shown_type

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.mark.parametrize(("declared", "body", "shown"), [
    ("image/png", PNG, "image/png"), ("IMAGE/PNG; charset=x", PNG, "image/png"),
    ("image/jpeg", PNG, ""), ("image/png", b"<html>", ""),
    ("image/svg+xml", b"<svg/>", ""), ("text/html", b"<script>", ""),
    ("application/pdf", b"%PDF-1.7", ""), ("audio/ogg; codecs=opus", b"OggS....", "audio/ogg"),
    ("video/mp4", b"\0\0\0\x18ftypmp42", "video/mp4"),
    ("image/webp", b"RIFF0000WEBPVP8", "image/webp"),
    ("", PNG, ""), ("image/png", b"", "")])
def test_only_what_is_what_it_says_is_shown_in_the_page(declared: str, body: bytes,
                                                        shown: str) -> None:
    assert shown_type(declared, body) == shown


@pytest.mark.parametrize(("name", "header"), [
    ("label.pdf", "attachment; filename*=UTF-8''label.pdf"),
    ("../../etc/passwd", "attachment; filename*=UTF-8''etcpasswd"),
    ('a"; x="\r\nSet-Cookie: b', "attachment; filename*=UTF-8''a%3B%20x%3DSet-Cookie%20b"),
    ("发票.pdf", "attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8.pdf"),
    (None, "attachment; filename*=UTF-8''file-m1"), ("...", "attachment; filename*=UTF-8''file-m1"),
    (7, "attachment; filename*=UTF-8''file-m1")])
def test_a_customers_name_of_a_file_is_only_a_name(name: object, header: str) -> None:
    assert disposition({"name": name}, "m1", inline=False) == header
