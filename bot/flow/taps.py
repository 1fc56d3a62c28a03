"""Taps: by their id, never by their label."""

from __future__ import annotations

from bot.flow import commands, offers, question, refs, review, stack, starts
from bot.flow.turn import Turn
from bot.model import Json

#: Taps of one button, with nothing in between and so close together, are one.
_DOUBLE_TAP_MS = 60_000
#: The same of a button that works at any time: later it is meant.
_DOUBLE_OFFER_MS = 10_000


def again(turn: Turn, reply_id: str, last: list[object] | None,
           ref: refs.StepRef | refs.OfferRef) -> bool:
    """A second tap of one button, with nothing in between, is ignored."""
    if last is None or last[0] != reply_id:
        return False
    runs = isinstance(ref, refs.StepRef) and any(run["number"] == ref.run for run in turn.runs)
    if turn.now - int(str(last[1])) > (_DOUBLE_TAP_MS if runs else _DOUBLE_OFFER_MS):
        return False
    turn.rule = "ignored"
    return True


def tap(turn: Turn, ref: refs.StepRef | refs.OfferRef, given: Json | None) -> None:
    """A button was tapped: of the question that waits, of an earlier one, or of no question."""
    turn.rule = "tap"
    if isinstance(ref, refs.OfferRef):
        turn.item = ref.action
        take_offer(turn, ref.action, given)
        return
    turn.item = ref.choice
    resting = stack.holds_run(turn, ref.run)
    if resting is not None:
        top = resting["runs"][-1]
        if (ref.run, ref.visit) != (top["number"], top["visit"]):
            turn.rule = "old_tap"  # what it asked is answered: no reason to leave for it
            turn.tell("old_tap")
            turn.repeat()
            return
        if starts.held(turn):
            starts.stay(turn)
            return
        stack.resume(turn, resting)
    node = turn.waits
    if node is not None and (ref.run, ref.visit) == (turn.run["number"], turn.run["visit"]):
        turn.next = None
        if not question.tap(turn, node, ref.choice):
            turn.next = "repeated"
        return
    turn.rule = "old_tap"
    if any(run["number"] == ref.run for run in turn.runs):
        _old_tap(turn, ref)
    elif ref.flow in turn.flows.current:
        turn.tell("finished")
        offers.items(turn, [f"flow:{ref.flow}"])
        turn.repeat()
    else:
        turn.tell("finished_gone")
        turn.repeat()


def foreign(turn: Turn) -> None:
    """An id in our form that was not made for this conversation: its title counts for nothing."""
    turn.rule = "old_tap"
    turn.tell("old_tap" if turn.waits is not None else "finished_gone")
    turn.repeat()


def _old_tap(turn: Turn, ref: refs.StepRef) -> None:
    """A button of an earlier visit answers no other question."""
    manner = turn.version.spec.old_taps or turn.flows.options.old_taps
    if manner == "jump" and ref.run == turn.run["number"] and turn.waits is not None:
        for index, entry in enumerate(turn.run["questions"]):
            if entry[1] == ref.visit and len(entry) > 3 \
                    and not review.behind_a_change(turn, index):
                review.go_back(turn, index)
                return
    turn.tell("old_tap")
    turn.repeat()


def take_offer(turn: Turn, action: str, given: Json | None = None) -> None:
    """Something that was offered outside a flow was tapped or typed."""
    flows = turn.flows
    word, _, about = action.partition(":")
    if word == "flow" and about in flows.current:
        starts.switch(turn, about)
    elif word == "answer" and about in flows.answers:
        starts.give(turn, about)
    elif word == "switch" and about in flows.current:
        starts.switch(turn, about, given)
    elif word == "lang" and about in flows.languages:
        commands.speak(turn, about)
    elif word == "pick" and (choice := offers.picked(flows, about)) is not None:
        turn.assign(choice.set)
        turn.say(choice.say)
        entry = offers.way(turn, choice.goto)
        if entry is not None and entry.flow in flows.current:
            starts.switch(turn, entry.flow, turn.value(entry.with_))
        else:
            turn.repeat()
    elif word == "resume" and (resting := _resting(turn, about)) is not None:
        if starts.held(turn):
            starts.stay(turn)
        else:
            stack.resume(turn, resting)
    elif word == "leave" and (resting := _resting(turn, about)) is not None:
        stack.leave(turn, resting)
        found = turn.flows.doing("cancel")
        turn.say(found[1].say if found else ())
    elif turn.waits is not None:
        turn.next = "repeated"
    elif word == "do":
        commands.menu(turn)
    else:
        turn.tell("finished_gone")


def _resting(turn: Turn, number: str) -> Json | None:
    """What rests and is known by the number of this run."""
    return stack.holds_run(turn, int(number)) if number.isdecimal() else None
