"""Texts that break programs: at least 500, of every category of Unicode and of every old trick."""

from __future__ import annotations

import sys
import unicodedata

_TRICKS = (
    "\u202eevil\u202c", "\u2066isolated\u2069", "a\u200bb",
    "\u200b\u200c\u200d\u2060\ufeff", "\ufeffbom", "\u2028line\u2029",
    "\x00", "a\x00b\x00", "\x1b[31mred", "a\r\nb", "\t", " ", "   ",
    "\u3000\u00a0\u2003", "\ufffe\uffff", "\U0001fffe\U0010ffff",
    "\ufdd0", "Z" + "\u0301" * 1_000, "ͥͦZͨa̴l̵g̶o", "👨‍👩‍👧‍👦",
    "🏳️‍🌈", "🇩🇪🇫🇷🇨🇳", "👍🏿👍🏻", "1️⃣", "\ud800", "\udfff",
    "\udc00\ud800", "a\ud83d", "\ude00b", "ЅТОР", "ＳＴＯＰ",
    "S\u200bT\u200bO\u200bP", "𝕊𝕋𝕆ℙ", "sᴛᴏᴘ", "e\u0301", "\u00e9",
    "ﬁ", "ß", "İi", "ς", "क्षि", "العربية", "עברית", "ไทย", "한국어",
    "中文字符", "x" * 65_536, "😀" * 4_000, "👨‍👩‍👧‍👦" * 700,
    "e\u0301" * 3_000, "<script>alert(1)</script>", "{{ 7*7 }}",
    "{% for x in y %}", "${7*7}", "{0.__class__}", "%s%n",
    "'; drop table message; --", "\\u0000", '"', "\\",
    "*bold* _it_ ~no~ ```x```", "`", "-1", "0", "null", "true", "NaN",
    "1e999", "𝟙𝟚𝟛", "٣", "½", "Ⅷ", "\U000e0001\U000e007f",
    "\ue000\uf8ff", "\u0378", "a" * 20 + "👩‍🚀",
    "\N{VARIATION SELECTOR-16}", "\u115f\u1160\u3164", "\u180e",
    "\u061c", "\u0600", "﷽", "𒐫", "https://a.b\u202egpj.exe",)


def texts() -> list[str]:
    """Each once; halves of surrogate pairs among them, which JSON can carry and no store can."""
    found = list(_TRICKS)
    by_category: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        some = by_category.setdefault(unicodedata.category(chr(code)), [])
        if len(some) < 14 or code % 9_973 == 0:
            some.append(chr(code))
    for characters in by_category.values():
        found += [f"a{one}b" for one in characters]
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        found += [unicodedata.normalize(form, text) for text in (
            "Ångström ﬃ ①", "각", "ḍ̇", "ﷺ", "Å", "ⅳ", "が")]
    return list(dict.fromkeys(found))


def kept(text: str) -> str:
    """What a store holds of a text: no NUL, and no half of a pair."""
    text = text.replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
