"""Another topic comes up: a flow or an answer that a message is about."""

from __future__ import annotations

from bot.flow import contact_language, offers, review, starts
from bot.flow.language.match import Ambiguous, Candidate
from bot.flow.language.words import normalise
from bot.flow.turn import Turn

#: A message with a digit is a try at an answer that holds digits, unless it is surely about
#: something else.
_SURE = 90.0
_WITH_DIGITS = frozenset({"text", "number", "integer", "phone", "time"})


def another(turn: Turn, text: str, about: Candidate | Ambiguous | None) -> bool:
    """Another topic comes up while a step waits."""
    own = {f"flow:{run['flow']}" for run in turn.runs}
    if isinstance(about, Ambiguous):
        rest = [one for one in about.candidates if one.item not in own]
        if len(rest) == len(about.candidates):
            turn.rule, turn.item = "trigger", " ".join(one.item for one in rest)
            turn.score = about.candidates[0].score
            turn.tell("did_you_mean")
            offers.items(turn, [one.item for one in rest])
            return True
        about = about.candidates[0]
    if about is None or _about_the_question(turn, text, about):
        return False
    if about.item in own:
        if not about.whole:
            return False
        turn.rule, turn.item, turn.score = "trigger", about.item, about.score
        turn.next = "repeated"
        return True
    follow(turn, text, about)
    return True


def _about_the_question(turn: Turn, text: str, about: Candidate) -> bool:
    """Whether a keyword fits only because the answer, tried in vain, speaks of the question."""
    node = turn.waits
    if about.whole or node is None or node.slot_spec is None or node.slot is None:
        return False
    spoken_of = {word for label in review.labels(turn, node.slot) for word in normalise(label)}
    if set(normalise(about.phrase)) <= spoken_of:
        return True
    words = normalise(text)
    rest = [word for word in words if not any(character.isdigit() for character in word)]
    if node.kind != "ask" or node.slot_spec.type not in _WITH_DIGITS or len(rest) == len(words) \
            or (about.kind == "keyword" and about.score >= _SURE):
        return False
    # "where is my order AB123456" is about the order all the same; "my order is 12" is a try.
    plain = turn.flows.about(" ".join(rest))
    return not (isinstance(plain, Candidate) and plain.whole and plain.item == about.item)


def follow(turn: Turn, text: str, about: Candidate) -> None:
    """Do what the message is about: the flow, or the answer."""
    turn.rule, turn.item, turn.score = "trigger", about.item, about.score
    contact_language.from_candidate(turn, about)
    kind, _, name = about.item.partition(":")
    if kind == "flow":
        starts.wish(turn, name, text)
    else:
        starts.give(turn, name)
