"""Registered templates themselves: what Meta would refuse, or take for something else."""

from __future__ import annotations

import re
from typing import Final

from bot.flow.reading.pieces import Reading, one_of
from bot.flow.reading.source import Node
from bot.flow.spec import TemplateSpec, Texts

HOLE: Final = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
ADDRESS: Final = re.compile(r"(?:https?://|www\.)[^\s\"'<>()（）“”，。]+", re.IGNORECASE)
_SHORTENED: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:bit\.ly|t\.co|tinyurl\.com|goo\.gl|wa\.me|ow\.ly|is\.gd|cutt\.ly|"
    r"rebrand\.ly|t\.ly|t\.cn|dwz\.cn)(?:/|$)", re.IGNORECASE)
#: Words by which Meta tells advertising from news about something that the customer has ordered.
_ADVERTISING: Final = re.compile(
    r"\b(?:offers?|discounts?|on sale|promo(?:tions?|s)?|vouchers?|coupons?|bargains?|"
    r"deals?|special price|buy now|order now|shop now|limited time|last chance|"
    r"don.t miss|save up to|free gift|exclusive|cashback|black friday|"
    r"rabatte?|sonderangebote?|gutscheine?|sonderpreise?|jetzt kaufen|"
    r"remises?|promotions?|soldes|offre spéciale|bon de réduction|"
    r"descuentos?|ofertas?|promoci[oó]n(?:es)?|cup[oó]n(?:es)?|rebajas|"
    r"sconti?|offert[ae]|promozion[ei]|descontos?|promoç(?:ão|ões))\b|\d+ ?% (?:off|rabatt)|"
    r"优惠|折扣|打折|[一二三四五六七八九]折|\d折|促销|特价|抢购|限时|买一送一|赠品|红包|秒杀",
    re.IGNORECASE)


def check(r: Reading, root: Node, spec: TemplateSpec) -> None:
    """Say what is wrong with a template that could be read."""
    every = {name for text in spec.body.values() for name in HOLE.findall(text)
             if not r.errors}
    for language, text in spec.body.items():
        missing = every - set(HOLE.findall(text))
        if missing:
            r.error(_at(root, "body", language),
                    f"{one_of(sorted(missing)).replace(' or ', ' and ')} is not in this text but "
                    "in that of another language: a template has the same parameters in all")
    parts: list[tuple[str, Texts | None]] = [
        ("header", spec.header), ("body", spec.body), ("footer", spec.footer)]
    for word, texts in parts:
        for language, text in (texts or {}).items():
            place = _at(root, word, language)
            found = _ADVERTISING.search(text)
            if found is not None and spec.category == "utility":
                r.warning(place, f"“{found[0]}” sounds like advertising, and this is a `utility` "
                                 "template: Meta refuses it or charges it as marketing. Say it "
                                 "otherwise, or write category: marketing")
            for address in ADDRESS.findall(text):
                _link(r, place, address.rstrip(".,;:!?"), spec)
    for number, link in enumerate(spec.links):
        if _SHORTENED.match(link):
            r.error(root.at("links", number), "WhatsApp refuses shortened links: write the whole "
                                              "address")


def _link(r: Reading, place: Node, address: str, spec: TemplateSpec) -> None:
    if _SHORTENED.match(address):
        r.error(place, f"{address} is shortened, and WhatsApp refuses that: write the whole "
                       "address")
    elif not declared(address, spec):
        r.error(place, f"the link {address} is not declared: write links: [{beginning(address)}] "
                       "in this file")


def declared(address: str, spec: TemplateSpec) -> bool:
    """Whether the template says that it leads there."""
    return any(address.startswith(link) and (
        link.endswith("/") or address[len(link):len(link) + 1] in {"", "/", "?", "#"})
        for link in spec.links)


def beginning(address: str) -> str:
    """The part of an address that a template declares."""
    found = re.match(r"(?:https?://)?[^/?#]+/?", address)
    return found[0] if found else address


def _at(root: Node, word: str, language: str) -> Node:
    return root.at(word, language) if language else root.at(word)
