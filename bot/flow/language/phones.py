"""Telephone numbers, brought to the international form without a table of every exchange."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import regex
from babel.core import get_global

#: Country -> its calling code, and what is dialled before a number within the country.
_CODES = """
US 1 1|CA 1 1|RU 7 8|KZ 7 8|EG 20 0|ZA 27 0|GR 30 -|NL 31 0|BE 32 0|FR 33 0|ES 34 -|HU 36 06|IT 39 -
RO 40 0|CH 41 0|AT 43 0|GB 44 0|DK 45 -|SE 46 0|NO 47 -|PL 48 -|DE 49 0|PE 51 0|MX 52 -|CU 53 0
AR 54 0|BR 55 0|CL 56 -|CO 57 -|VE 58 0|MY 60 0|AU 61 0|ID 62 0|PH 63 0|NZ 64 0|SG 65 -|TH 66 0
JP 81 0|KR 82 0|VN 84 0|CN 86 0|TR 90 0|IN 91 0|PK 92 0|AF 93 0|LK 94 0|MM 95 0|IR 98 0|MA 212 0
DZ 213 0|TN 216 -|LY 218 0|SN 221 -|CI 225 -|GH 233 0|NG 234 0|CM 237 -|KE 254 0|TZ 255 0|UG 256 0
ZM 260 0|ZW 263 0|RW 250 0|ET 251 0|PT 351 -|LU 352 -|IE 353 0|IS 354 -|AL 355 0|MT 356 -|CY 357 -
FI 358 0|BG 359 0|LT 370 0|LV 371 -|EE 372 -|MD 373 0|AM 374 0|BY 375 8|UA 380 0|RS 381 0|ME 382 0
HR 385 0|SI 386 0|BA 387 0|MK 389 0|CZ 420 -|SK 421 0|LI 423 -|GT 502 -|SV 503 -|HN 504 -|CR 506 -
PA 507 -|BO 591 0|EC 593 0|PY 595 0|UY 598 0|HK 852 -|MO 853 -|KH 855 0|LA 856 0|BD 880 0|TW 886 0
LB 961 0|JO 962 0|SY 963 0|IQ 964 0|KW 965 -|SA 966 0|YE 967 0|OM 968 -|AE 971 0|IL 972 0|BH 973 -
QA 974 -|MN 976 0|NP 977 0|TJ 992 -|TM 993 8|AZ 994 0|GE 995 0|KG 996 0|UZ 998 -
"""


def _table() -> Mapping[str, tuple[str, str]]:
    found = {}
    for entry in _CODES.replace("\n", "|").split("|"):
        if entry:
            country, code, trunk = entry.split()
            found[country] = (code, trunk.replace("-", ""))
    return found


_COUNTRIES = _table()
_SHAPE = regex.compile(r"[+]?[\d ()./\-–\u00a0]{6,30}")


def country_of(timezone: str) -> str | None:
    """The country of a time zone's name, as DE of Europe/Berlin; None for UTC and its like."""
    zones: Mapping[str, str] = get_global("zone_territories")
    return zones.get(timezone)


def international(text: str, country: str | None) -> str | None:
    """The number as +4930123456, the country assumed where none is dialled; None: no number."""
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("tel:")
    plain = plain.replace("(0)", "") if plain.startswith(("+", "00")) else plain
    if not _SHAPE.fullmatch(plain):
        return None
    digits = "".join(str(unicodedata.digit(one)) for one in plain if one.isdecimal())
    if plain.startswith("+"):
        full = digits
    elif digits.startswith("00"):
        full = digits[2:]
    else:
        code, trunk = _COUNTRIES.get((country or "").upper(), ("", ""))
        if not code:
            return None
        full = code + digits.removeprefix(trunk)
    return f"+{full}" if 8 <= len(full) <= 15 and not full.startswith("0") else None
