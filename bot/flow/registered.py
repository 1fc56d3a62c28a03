"""A registered WhatsApp template, filled in: the only thing that may leave outside the window."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.clock import MARGIN
from bot.flow import refs
from bot.flow.expressions import render
from bot.flow.language.tags import pick, text_for
from bot.flow.spec import TemplateSpec, TemplateUse
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn

_HOLE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
#: What Meta calls languages that have no name of their own there.
_CODES = {"zh": "zh_CN", "pt": "pt_BR"}
#: Instead of nothing, which WhatsApp does not take as a parameter.
_NOTHING = "–"


def parameters(spec: TemplateSpec, language: str) -> list[str]:
    """The names that a language of the template is filled with, in their order."""
    return list(dict.fromkeys(_HOLE.findall(spec.body[language])))


def code(spec: TemplateSpec, language: str, default_language: str) -> str:
    """What Meta calls this language of the template."""
    language = language or default_language
    return spec.codes.get(language) or _CODES.get(language, language.replace("-", "_"))


def content(turn: Turn, use: TemplateUse) -> Json | None:
    """The message that this template makes; None where there is no such template any more."""
    spec = turn.flows.templates.get(use.name)
    if spec is None:
        turn.note(f"{turn.here}: there is no template {use.name}")
        return None
    default = turn.flows.options.default_language
    body = pick(spec.body, turn.language, default)
    language = next((key for key, text in spec.body.items() if text is body),
                    next(iter(spec.body)))
    scope = replace(turn.scope(), language=language or turn.language)
    values = {}
    for name in parameters(spec, language):
        source = use.with_.get(name, "")
        text = render.text(source, scope) if "{" in source else source
        values[name] = " ".join(text.split()) or _NOTHING
    made: Json = {
        "type": "template", "name": use.name, "language": code(spec, language, default),
        "with": values, "text": _HOLE.sub(lambda hole: values[hole[1]], spec.body[language])}
    if spec.buttons:
        made["buttons"] = [{"id": _reply_id(turn, name), "title": text_for(
            label, language, default)} for name, label in spec.buttons.items()]
    return made


def _reply_id(turn: Turn, button: str) -> str:
    """A button called like a choice of the step is that choice; another one is its label."""
    node = turn.node
    if node is None or button not in node.by_id:
        return ""
    prefix = refs.step_prefix(turn.run["flow"], turn.run["number"], turn.run["visit"])
    return refs.sign(turn.flows.options.key, turn.snapshot.conversation, prefix + button)


def is_shut(turn: Turn) -> bool:
    """Whether the 24 hours in which anything may be written are over now."""
    return turn.now >= turn.snapshot.window_until - MARGIN


def stands_in(turn: Turn, *, for_question: bool) -> None:
    """Note that what was said can't be read yet: it follows the customer's next message, which is
    no answer. `for_question`: what was said was the question; else that is to be asked again.
    """
    if turn.waits is not None and is_shut(turn):
        turn.run["held"] = {**turn.run.get("held", {}),
                            "outside": "follows" if for_question else "repeat"}


def opened(turn: Turn) -> bool:
    """The first message after that has opened the window; False: nothing was held back."""
    held = turn.run.get("held", {})
    if "outside" not in held:
        return False
    turn.run["held"] = {word: value for word, value in held.items() if word != "outside"}
    turn.rule, turn.item = "opened", ""
    if held["outside"] == "repeat":
        turn.next = "repeated"
    return True
