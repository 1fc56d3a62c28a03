"""Starting a flow, leaving one for another, and giving an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from bot.flow import offers, slots
from bot.flow.expressions import render
from bot.flow.language.match import Candidate
from bot.flow.sends import send
from bot.flow.spec import Phrases, Slot
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.turn import Turn

#: What a script alone says about the language: the first of these that the flows speak.
_SCRIPTS = (
    (regex.compile(r"[\p{Hiragana}\p{Katakana}]"), ("ja",)),
    (regex.compile(r"\p{Han}"), ("zh", "ja")),
    (regex.compile(r"\p{Hangul}"), ("ko",)),
    (regex.compile(r"\p{Cyrillic}"), ("ru", "uk", "bg", "sr", "kk", "mk", "be")),
    (regex.compile(r"\p{Arabic}"), ("ar", "fa", "ur")),
    (regex.compile(r"\p{Hebrew}"), ("he",)),
    (regex.compile(r"\p{Greek}"), ("el",)),
    (regex.compile(r"\p{Thai}"), ("th",)),
    (regex.compile(r"\p{Devanagari}"), ("hi", "mr", "ne")),
    (regex.compile(r"\p{Bengali}"), ("bn",)),
    (regex.compile(r"\p{Tamil}"), ("ta",)),
    (regex.compile(r"\p{Georgian}"), ("ka",)),
    (regex.compile(r"\p{Armenian}"), ("hy",)),
)


def start(turn: Turn, flow: str, given: Json | None = None) -> None:
    """Start a flow where nothing waits, or in place of what waited."""
    if turn.runs:
        turn.drop_runs("abandoned")
    known = turn.flows.current[flow].slots
    turn.begin(flow, {name: value for name, value in (given or {}).items() if name in known})
    kept = {}
    for name in turn.slots:
        # The step that asks for it takes it silently, unless the flow refuses it later.
        fillers = turn.version.fillers.get(name)
        if fillers and known[name].in_trigger:
            kept[fillers[0]] = turn.slots[name]
    if kept:
        turn.run["k"] = kept


def wish(turn: Turn, flow: str, text: str | None) -> None:
    """Another flow is wanted: the one that waits decides whether it lets go."""
    if any(run["f"] == flow for run in turn.runs) and turn.waits is not None:
        turn.next = "repeated"  # it is under way already
        return
    given = given_in(turn, flow, text) if text else {}
    manner = turn.version.spec.interruptible if turn.waits is not None else "yes"
    if manner == "no":
        stay(turn)
    elif manner == "ask":
        title = turn.flows.title(f"flow:{turn.run['f']}", turn.language)
        what = turn.flows.title(f"flow:{flow}", turn.language)
        turn.tell("switch_ask", title=title, what=what)
        offers.show(turn, [(f"switch:{flow}", turn.system("switch_yes"), ""),
                           ("do:stay", turn.system("switch_no"), "")])
        if given:
            turn.state["given"] = given
    else:
        start(turn, flow, given)


def choose(turn: Turn, flow: str, given: Json | None = None) -> None:
    """A flow was tapped: only one that must not be interrupted holds on to the customer."""
    if turn.waits is not None and turn.version.spec.interruptible == "no":
        stay(turn)
    else:
        start(turn, flow, given)


def stay(turn: Turn) -> None:
    turn.tell("finish_first")
    turn.repeat()


def given_in(turn: Turn, flow: str, text: str) -> Json:
    """Slots that the message which starts a flow fills: exactly one part of it fits."""
    found = {}
    for name, slot in turn.flows.current[flow].slots.items():
        if slot.in_trigger and slot.pattern:
            part = render.found_once(slot.pattern, _cleaned(slot, text))
            if part is not None:
                parsed = slots.parse(slot, {"type": "text", "text": part}, turn.scope(), turn.now)
                if isinstance(parsed, slots.Accepted):
                    found[name] = parsed.value
    return found


def _cleaned(slot: Slot, text: str) -> str:
    return text.upper() if slot.clean == "upper" else (
        text.lower() if slot.clean == "lower" else text)


def give(turn: Turn, item: str) -> None:
    """An answer to a frequent question; then the waiting question is repeated."""
    answer = turn.flows.answers[item]
    turn.say(answer.say)
    send(turn, answer.send)
    turn.repeat()


def hear_language(turn: Turn, language: str, phrases: Phrases, phrase: str) -> None:
    """A keyword was matched: its language is the contact's, until they or the API say so."""
    contact = turn.snapshot.contact
    if language not in turn.flows.languages or contact.language_from in ("chosen", "api"):
        return
    if contact.language is not None:
        if contact.language_from is None:
            return
        if language.partition("-")[0] == contact.language.partition("-")[0]:
            return
        if phrase in phrases.get(contact.language, ()):
            return
    turn.set_language(language, "trigger")


def hear_candidate(turn: Turn, candidate: Candidate) -> None:
    kind, _, name = candidate.item.partition(":")
    triggers = (turn.flows.current[name].spec.triggers if kind == "flow"
                else turn.flows.answers[name].triggers)
    hear_language(turn, candidate.language,
                  triggers.keywords if candidate.kind == "keyword" else triggers.examples,
                  candidate.phrase)


def hear_script(turn: Turn, text: str) -> None:
    """Of a contact about whom nothing better is known, the script says the language."""
    contact = turn.snapshot.contact
    if text.isascii() or contact.language_from not in (None, "script"):
        return
    if contact.language is not None and contact.language_from is None:
        return
    for script, languages in _SCRIPTS:
        if script.search(text):
            for language in turn.flows.languages:
                if language.partition("-")[0] in languages:
                    if language != contact.language:
                        turn.set_language(language, "script")
                    return
            return
