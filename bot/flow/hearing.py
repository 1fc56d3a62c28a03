"""The order of deciding: what becomes of a message of a customer. The first that fits decides."""

from __future__ import annotations

from bot.flow import (
    choices,
    clocks,
    commands,
    contact_language,
    gathering,
    media,
    moving,
    offers,
    question,
    refs,
    registered,
    stack,
    starts,
    steps,
    taps,
    tickets,
    topics,
)
from bot.flow.language.choose import Chosen, Several
from bot.flow.language.commands import Said
from bot.flow.language.match import Ambiguous, Candidate
from bot.flow.machine import Node
from bot.flow.turn import Turn
from bot.model import ANSWERS, BOT, Event, Json

_SPEAKS_NOTHING = frozenset({"unsupported", "unknown"})


def hear(turn: Turn) -> None:
    """A message came in."""
    content = turn.event.payload
    kind = str(content.get("type"))
    if kind not in ANSWERS and kind not in _SPEAKS_NOTHING:
        turn.rule = "ignored"
        return
    state = turn.state
    first, before = "wrote_at" not in state, state.get("wrote_at", turn.now)
    state["wrote_at"] = turn.now
    state.pop("reminders", None)
    state.pop("timed_out", None)
    last_tap = state.pop("tap", None)
    words = content.get("title") if kind == "tap" else content.get("text")
    text = turn.answer = words if isinstance(words, str) and words.strip() else None
    ref = None
    if kind == "tap" and isinstance(content.get("id"), str):
        ref = refs.read(turn.flows.options.key, turn.snapshot.conversation, content["id"])
        if ref is not None:
            state["tap"] = [content["id"], turn.now]
    said = turn.flows.command(text) if text is not None and ref is None else None
    if said is not None and not commands.means(turn, said):
        said = None
    if "together" in content:
        said = _consent_among(turn, content["together"]) or said
    if _consent(turn, said):
        return
    if turn.owner != BOT:  # 1
        turn.rule = "agent"
        state["owe"] = True
        return
    if turn.calling:  # messages wait for the result of a call: this one did not, so there is none
        turn.call_fails({})
        state["unheard"] = [turn.event.id, content]
        return
    if text is not None:
        contact_language.from_script(turn, text)
    _leave_idle(turn, before, ref)
    if _has_moved(turn, content, said, ref):
        return
    offered = state.pop("offer", ())
    given = state.pop("given", None)
    if gathering.under_way(turn) and _after_words(turn, content, said):
        return
    if ref is not None:  # 2
        if not taps.again(turn, content["id"], last_tap, ref):
            taps.tap(turn, ref, given)
    elif kind == "tap" and refs.looks_ours(content.get("id")):
        taps.foreign(turn)
    elif _begins(turn, content, text, said, first=first):
        pass
    elif kind in ("text", "tap") and text is not None:
        _text(turn, text, said, offered, given)
    else:
        media.came(turn, content, text, said)
    turn.go()
    if turn.rule not in ("fallback", "refused", "ignored"):
        state.pop("fallbacks", None)


def _consent_among(turn: Turn, texts: list[str]) -> Said | None:
    """The last `stop`, or `start` that ends one, among messages that came together."""
    for text in reversed(texts):
        said = turn.flows.command(text)
        does = turn.flows.commands[said.item].does if said is not None else None
        if does == "stop" or (does == "start" and clocks.opted_out(turn)):
            return said
    return None


def _consent(turn: Turn, said: Said | None) -> bool:
    """`stop` is always honoured; afterwards nothing but `start` is answered."""
    does = turn.flows.commands[said.item].does if said is not None else None
    if said is not None and (does == "stop" or (does == "start" and clocks.opted_out(turn))):
        turn.rule, turn.item = "command", said.item
        turn.state.pop("offer", None)
        if does == "stop" and clocks.opted_out(turn):
            turn.tell("stopped")
        else:
            commands.obey(turn, said)
        return True
    if clocks.opted_out(turn) and turn.owner == BOT:
        turn.rule = "command"
        turn.tell("stopped")
        return True
    return False


def _after_words(turn: Turn, content: Json, said: Said | None) -> bool:
    """More has come while texts are gathered. True: it is dealt with, or will be."""
    node = turn.waits
    assert node is not None
    if said is not None or content["type"] == "tap":
        gathering.end(turn)
        return False
    if content["type"] == "text":
        gathering.add(turn, node, str(content.get("text")))
        turn.rule, turn.item = "answer", node.slot or ""
        return True
    gathering.take(turn)
    turn.go()
    if turn.calling:  # what it is for is known when the call is over
        turn.state["unheard"] = [turn.event.id, content]
    return turn.calling


def again(turn: Turn) -> None:
    """What came beside an answer that led to a call is heard when the call is over."""
    if turn.calling:
        return
    id_, content = turn.state.pop("unheard")
    turn.event = Event(id_, "message", turn.now, content)
    hear(turn)
    turn.go()


def _begins(turn: Turn, content: Json, text: str | None, said: Said | None, *,
            first: bool) -> bool:
    """Who comes by an advertisement, or writes for the first time, may have a flow of their own.

    A person or another language is never refused; a first message that is about something is
    answered. A greeting, or a command about a question that there is not, is neither.
    """
    flows = turn.flows
    does = flows.commands[said.item].does if said is not None else None
    if does in ("handoff", "language", "start") or (does is not None and turn.runs):
        return False
    source = str((content.get("referral") or {}).get("source"))
    flow = flows.by_referral.get(source)
    if flow is None and first and flows.first is not None and not turn.runs and (
            text is None or flows.about(text) is None):
        flow = flows.first
    if flow is None:
        return False
    turn.rule, turn.item = "trigger", f"flow:{flow}"
    starts.wish(turn, flow, text)
    return True


def _leave_idle(turn: Turn, before: int, ref: refs.StepRef | refs.OfferRef | None) -> None:
    """A flow that nobody answered for too long is not taken up by any message, only offered."""
    if turn.waits is None or turn.waits.kind == "wait":
        return
    if isinstance(ref, refs.StepRef) and any(run["number"] == ref.run for run in turn.runs):
        return
    if turn.now - max(before, int(turn.run["since"])) > turn.flows.options.idle_ms:
        stack.push(turn)


def _has_moved(turn: Turn, content: Json, said: Said | None,
               ref: refs.StepRef | refs.OfferRef | None) -> bool:
    """The question that waits has changed so much that it is asked anew: what was written answers
    nothing. True: that is all; a command, or a button of no question, is heard beside it.
    """
    ours = isinstance(ref, refs.StepRef) and any(run["number"] == ref.run for run in turn.runs)
    if not moving.arrive(turn):
        return False
    turn.rule = "moved"
    if said is None and (ref is None or ours):
        turn.state.pop("offer", None)
        return True
    if turn.calling:
        turn.state["unheard"] = [turn.event.id, content]
        return True
    turn.out.clear()
    return False


def _text(turn: Turn, text: str, said: Said | None, offered: list[str],
          given: Json | None) -> None:
    node = turn.waits
    found = question.find(turn, node, text) if node is not None else None
    if isinstance(found, Chosen) and found.how == "label":  # 2a
        question.choose(turn, found.id)
        return
    offer = offers.find(turn, offered, text) if offered else None
    meant = offer.id if isinstance(offer, Chosen) and not isinstance(found, Chosen) else ""
    # A bare number answers what waits before it picks from a menu beside it.
    sure = ("label",) if node is not None else ("label", "position")
    if isinstance(offer, Chosen) and meant and offer.how in sure:
        _offer_typed(turn, meant, given)
        return
    if said is not None and not _is_answer(turn, node, text):  # 3
        turn.rule, turn.item = "command", said.item
        commands.obey(turn, said)
        return
    if node is not None and not _is_answer(turn, node, text) and not _asks_for_another(
            turn, text) and registered.opened(turn):
        return
    if node is None:
        if not _free(turn, text):
            if meant:
                _offer_typed(turn, meant, given)
            else:
                _fall_back(turn, text)
    elif not _waiting(turn, node, text, found):
        if meant:
            _offer_typed(turn, meant, given)
        else:
            _refuse(turn, node, text)


def _asks_for_another(turn: Turn, text: str) -> bool:
    """Whether the whole message asks for another flow or answer."""
    if "outside" not in turn.run.get("held", {}):
        return False
    about = turn.flows.about(text)
    return isinstance(about, Candidate) and about.whole


def _offer_typed(turn: Turn, action: str, given: Json | None) -> None:
    turn.rule, turn.item = "tap", action
    taps.take_offer(turn, action, given)


def _is_answer(turn: Turn, node: Node | None, text: str) -> bool:
    """A yes or no to a yes/no question is its answer and never a command."""
    if node is None or node.kind != "ask" or node.slot_spec is None \
            or node.slot_spec.type != "yes_no":
        return False
    return any(text.strip().casefold() == word.casefold()
               for name in ("yes", "no") for word in turn.flows.words[name])


def _waiting(turn: Turn, node: Node, text: str, found: Chosen | Several | None) -> bool:
    """4, 5 and 6: something waits for an answer. False: this is none."""
    if isinstance(found, Chosen):
        question.choose(turn, found.id)
        return True
    if isinstance(found, Several) and node.kind == "choices":
        turn.rule = "answer"
        choices.narrow(turn, node, found.ids)
        return True
    turn.reason = "choice"
    asked = node
    if node.kind == "choices" and node.step.otherwise is not None:
        asked = turn.version.nodes[node.step.otherwise]
    if asked.kind == "ask":
        about = turn.flows.about(text) if _is_open(asked) else None
        if isinstance(about, Candidate) and about.whole:
            return topics.another(turn, text, about)
        content: Json = {"type": "text", "text": text}
        if asked is not node:
            taken = steps.hand_on(turn, node, content)
        else:
            if gathering.add(turn, node, text):
                turn.rule, turn.item = "answer", node.slot or ""
                return True
            turn.reason = steps.answer(turn, node, {
                **content, "text": question.put_right(turn, text)})
            taken = not turn.reason
        if taken:
            turn.rule, turn.item = "answer", asked.slot or ""
            return True
    return topics.another(turn, text, turn.flows.about(text))


def _refuse(turn: Turn, node: Node, text: str) -> None:
    """7: the error text, and one attempt less."""
    if node.kind == "wait":  # which asks nothing: 8
        _fall_back(turn, text)
        turn.repeat()
        return
    turn.rule, turn.item = "refused", turn.reason
    if node.question:
        turn.next = "refused"
    else:
        turn.tell("error_choice")
        turn.next = "repeated"


def _is_open(node: Node) -> bool:
    slot = node.slot_spec
    return slot is not None and (
        slot.type == "any" or (slot.type == "text" and slot.pattern is None
                               and slot.check is None))


def _free(turn: Turn, text: str) -> bool:
    """5 and 6: nothing waits. False: the message is about nothing we know."""
    about = turn.flows.about(text)
    if isinstance(about, Candidate):
        topics.follow(turn, text, about)
        return True
    if isinstance(about, Ambiguous):
        turn.rule = "trigger"
        turn.item = " ".join(one.item for one in about.candidates)
        turn.score = about.candidates[0].score
        contact_language.from_candidate(turn, about.candidates[0])
        turn.tell("did_you_mean")
        offers.items(turn, [one.item for one in about.candidates])
        return True
    return False


def _fall_back(turn: Turn, text: str) -> None:
    """8, the ladder of config: rephrase, then the menu, then a person."""
    turn.rule = "fallback"
    ladder = turn.flows.options.fallback or ("rephrase",)
    rung = int(turn.state.get("fallbacks", 0))
    turn.state["fallbacks"] = rung + 1
    turn.item = ladder[min(rung, len(ladder) - 1)]
    if turn.item == "menu":
        commands.menu(turn, instead="menu_instead")
    elif turn.item == "handoff":
        turn.tell("fallback_handoff")
        tickets.hand_over(turn, None, reason="fallback", note=f"“{text[:200]}”", said=True)
        turn.state.pop("fallbacks", None)
    else:
        turn.tell("rephrase")
