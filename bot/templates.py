"""Registered templates in the form of WhatsApp's management API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.flow import registered
from bot.flow.language.tags import text_for
from bot.flow.spec import TemplateSpec, Texts
from bot.model import Json


def definitions(templates: Iterable[TemplateSpec], default_language: str) -> Iterator[Json]:
    """Every template in each of its languages, as it is registered."""
    for spec in templates:
        for language in spec.body:
            yield _definition(spec, language, default_language)


def _definition(spec: TemplateSpec, language: str, default: str) -> Json:
    def said(texts: Texts) -> str:
        return text_for(texts, language or default, default)

    parts: list[Json] = []
    if spec.header is not None:
        parts.append({"type": "HEADER", "format": "TEXT", "text": said(spec.header)})
    body: Json = {"type": "BODY", "text": spec.body[language]}
    if names := registered.parameters(spec, language):
        body["example"] = {"body_text_named_params": [
            {"param_name": name, "example": name} for name in names]}
    parts.append(body)
    if spec.footer is not None:
        parts.append({"type": "FOOTER", "text": said(spec.footer)})
    if spec.buttons:
        parts.append({"type": "BUTTONS", "buttons": [
            {"type": "QUICK_REPLY", "text": said(label)} for label in spec.buttons.values()]})
    return {"name": spec.template, "language": registered.code(spec, language, default),
            "category": spec.category.upper(), "parameter_format": "NAMED", "components": parts}

