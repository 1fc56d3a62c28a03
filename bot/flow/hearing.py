"""The order of deciding: what becomes of a message of a customer. The first that fits decides."""

from __future__ import annotations

from bot.flow import choices, clocks, offers, refs, review, spoken, starts, steps
from bot.flow.machine import Node
from bot.flow.match import Ambiguous, Candidate, ChoiceLabels, Chosen, Several, Spoken, choose
from bot.flow.turn import Turn
from bot.model import ANSWERS, BOT, Json

#: Two taps of one button that works at any time, so close together, are one.
_DOUBLE_TAP_MS = 10_000
#: While something waits, this much is wanted of another topic that is a part of the message.
_SURE = 80.0
_SPEAKS_NOTHING = frozenset({"unsupported", "unknown"})


def hear(turn: Turn) -> None:
    """A message came in."""
    content = turn.event.payload
    kind = str(content.get("type"))
    if kind not in ANSWERS and kind not in _SPEAKS_NOTHING:
        turn.rule = "ignored"
        return
    state = turn.state
    before = state.get("m", turn.now)
    state["m"] = turn.now
    state.pop("rf", None)
    state.pop("tf", None)
    last_tap = state.pop("tap", None)
    words = content.get("title") if kind == "tap" else content.get("text")
    text = turn.answer = words if isinstance(words, str) and words.strip() else None
    ref = None
    if kind == "tap" and isinstance(content.get("id"), str):
        ref = refs.read(turn.flows.options.key, turn.snapshot.conversation, content["id"])
        if ref is not None:
            state["tap"] = [content["id"], turn.now]
    said = turn.flows.command(text) if text is not None and ref is None else None
    if _consent(turn, said):
        return
    if turn.owner != BOT:  # 1
        turn.rule = "agent"
        state["owe"] = True
        return
    if turn.calling:  # the store holds messages back while a call runs; this one slipped by
        turn.rule = "ignored"
        return
    if text is not None:
        starts.hear_script(turn, text)
    later = _leave_idle(turn, before, ref)
    offered = state.pop("offer", ())
    given = state.pop("given", None)
    if ref is not None:  # 2
        if not _again(turn, content["id"], last_tap, ref):
            _tap(turn, ref, given)
    elif kind in ("text", "tap") and text is not None:
        _text(turn, text, said, offered, given)
    else:
        _media(turn, content, text, said)
    turn.go()
    if turn.rule not in ("fallback", "refused", "ignored"):
        state.pop("fb", None)
    if later:
        _offer_rest(turn, later)


def _consent(turn: Turn, said: Spoken | None) -> bool:
    """`stop` is always honoured; afterwards nothing but `start` is answered."""
    does = turn.flows.commands[said.item].does if said is not None else None
    if said is not None and (does == "stop" or (does == "start" and clocks.opted_out(turn))):
        turn.rule, turn.item = "command", said.item
        turn.state.pop("offer", None)
        if does == "stop" and clocks.opted_out(turn):
            turn.tell("stopped")
        else:
            spoken.obey(turn, said)
        return True
    if clocks.opted_out(turn) and turn.owner == BOT:
        turn.rule = "command"
        turn.tell("stopped")
        return True
    return False


def _leave_idle(turn: Turn, before: int, ref: refs.StepRef | refs.OfferRef | None) -> list[Json]:
    """Set a flow aside that nobody answered for too long; a tap on its button takes it up."""
    state = turn.state
    resumed = isinstance(ref, refs.OfferRef) and ref.action.startswith("resume:")
    later: list[Json] = [] if resumed else state.pop("later", [])
    if not turn.runs or turn.waits is None:
        return []
    if isinstance(ref, refs.StepRef) and any(run["n"] == ref.run for run in turn.runs):
        return []
    if turn.now - max(before, int(turn.run["w"])) <= turn.flows.options.idle_ms:
        return []
    later = [dict(run) for run in turn.runs]
    turn.drop_runs("")
    return later


def _offer_rest(turn: Turn, later: list[Json]) -> None:
    """What was set aside is offered, unless the message has started something new."""
    if turn.runs or turn.owner != BOT or later[-1]["f"] not in turn.flows.current:
        turn.ended = turn.ended or "abandoned"
        return
    turn.state["later"] = later
    kept = turn.state.get("offer", [])
    turn.tell("unfinished", title=turn.flows.title(f"flow:{later[-1]['f']}", turn.language))
    offers.show(turn, [(f"resume:{later[-1]['n']}", turn.system("go_on"), "")])
    turn.state["offer"] = [*kept, *turn.state["offer"]]


# 2. Taps


def _again(turn: Turn, reply_id: str, last: list[object] | None,
           ref: refs.StepRef | refs.OfferRef) -> bool:
    """A second tap of one button, with nothing in between, is ignored."""
    if last is None or last[0] != reply_id:
        return False
    if isinstance(ref, refs.OfferRef) and turn.now - int(str(last[1])) > _DOUBLE_TAP_MS:
        return False
    turn.rule = "ignored"
    return True


def _tap(turn: Turn, ref: refs.StepRef | refs.OfferRef, given: Json | None) -> None:
    turn.rule = "tap"
    if isinstance(ref, refs.OfferRef):
        turn.item = ref.action
        _take_offer(turn, ref.action, given)
        return
    turn.item = ref.choice
    node = turn.waits
    if turn.runs and ref.run == turn.run["n"] and ref.visit == turn.run["c"] and node is not None:
        if not pick(turn, node, ref.choice):
            turn.next = "repeated"
        return
    turn.rule = "old_tap"
    if any(run["n"] == ref.run for run in turn.runs):
        _old_tap(turn, ref)
    elif ref.flow in turn.flows.current:
        turn.tell("finished")
        offers.items(turn, [f"flow:{ref.flow}"])
        starts.repeat(turn)
    else:
        turn.tell("finished_gone")
        starts.repeat(turn)


def _old_tap(turn: Turn, ref: refs.StepRef) -> None:
    """A button of an earlier visit answers no other question."""
    manner = turn.version.spec.old_taps or turn.flows.options.old_taps
    if manner == "jump" and ref.run == turn.run["n"] and turn.waits is not None:
        for index, entry in enumerate(turn.run["j"]):
            if entry[1] == ref.visit and len(entry) > 3 \
                    and not review.behind_a_change(turn, index):
                review.go_back(turn, index)
                return
    turn.tell("old_tap")
    starts.repeat(turn)


def pick(turn: Turn, node: Node, choice: str) -> bool:
    """A choice of the waiting question, by the id that its button carries."""
    if node.kind == "choices":
        if choice == choices.MORE:
            choices.more(turn, node)
            return True
        id_ = choices.by_token(turn, node, choice)
        if id_ is None:
            return False
        choices.choose(turn, node, id_)
    elif node.kind == "review":
        if choice == review.CANCEL:
            found = turn.flows.doing("cancel")
            spoken.cancel(turn, found[1] if found else None)
        else:
            review.pick(turn, node, choice)
    else:
        steps.tapped(turn, node, choice)
    return True


def _take_offer(turn: Turn, action: str, given: Json | None = None) -> None:
    """Something that was offered outside a flow was tapped or typed."""
    flows = turn.flows
    word, _, about = action.partition(":")
    if word == "flow" and about in flows.current:
        starts.choose(turn, about)
    elif word == "answer" and about in flows.answers:
        starts.give(turn, about)
    elif word == "switch" and about in flows.current:
        starts.start(turn, about, given)
    elif word == "lang" and about in flows.languages:
        spoken.speak(turn, about)
    elif word == "pick" and (choice := offers.picked(flows, about)) is not None:
        turn.assign(choice.set)
        turn.say(choice.say)
        entry = offers.way(turn, choice.goto)
        if entry is not None and entry.flow in flows.current:
            starts.choose(turn, entry.flow, turn.value(entry.with_))
        else:
            starts.repeat(turn)
    elif word == "resume" and _resume(turn, about):
        pass
    elif turn.waits is not None:
        turn.next = "repeated"
    elif word != "do":
        turn.tell("finished_gone")


def _resume(turn: Turn, number: str) -> bool:
    """Take up what was set aside."""
    later = turn.state.pop("later", None)
    if not later or str(later[-1]["n"]) != number or turn.runs:
        return False
    turn.runs = later
    turn.bind()
    turn.run["w"] = turn.now
    turn.next = "repeated"
    return True


# Texts


def _text(turn: Turn, text: str, said: Spoken | None, offered: list[str],
          given: Json | None) -> None:
    node = turn.waits
    found = choose(text, typed_for(turn, node)) if node is not None else None
    if isinstance(found, Chosen) and found.how == "label":  # 2a
        _chosen(turn, found.id)
        return
    offer = choose(text, offers.typed(turn.flows, offered)) if offered else None
    meant = offer.id if isinstance(offer, Chosen) and not isinstance(found, Chosen) else ""
    if isinstance(offer, Chosen) and meant and offer.how in ("label", "position"):
        _offer_typed(turn, meant, given)
        return
    if said is not None and not _is_answer(turn, node, text):  # 3
        turn.rule, turn.item = "command", said.item
        spoken.obey(turn, said)
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
            _refuse(turn, node)


def _offer_typed(turn: Turn, action: str, given: Json | None) -> None:
    turn.rule, turn.item = "tap", action
    _take_offer(turn, action, given)


def typed_for(turn: Turn, node: Node | None) -> tuple[ChoiceLabels, ...] | list[ChoiceLabels]:
    """All that may be typed to choose one of what the waiting step offers."""
    if node is None:
        return ()
    kept = turn.run.get("x", {})
    if node.kind == "choices":
        labels = choices.labels(turn, node)
        if len(labels) > choices.ROWS:
            return [*labels, *turn.flows.labels((choices.MORE,))]
        return labels if isinstance(labels, list) else list(labels)
    if node.kind == "review":
        if "e" in kept:
            return [ChoiceLabels(f"@{name}", _slot_labels(turn, name))
                    for name in review.editable(turn, node)]
        return turn.flows.labels((review.CONFIRM, review.EDIT, review.CANCEL))
    if "b" in kept:
        return turn.flows.labels((steps.YES, steps.CHANGE))
    return ()


def _slot_labels(turn: Turn, name: str) -> tuple[str, ...]:
    slot = turn.version.slots[name]
    also = [word for words in slot.also.values() for word in words]
    return (*(slot.label or {"": review.label(turn, name)}).values(), *also)


def _is_answer(turn: Turn, node: Node | None, text: str) -> bool:
    """A yes or no to a yes/no question is its answer and never a command."""
    if node is None or node.kind != "ask" or node.slot_spec is None \
            or node.slot_spec.type != "yes_no":
        return False
    return any(text.strip().casefold() == word.casefold()
               for name in ("yes", "no") for word in turn.flows.words[name])


def _chosen(turn: Turn, choice: str) -> None:
    turn.rule, turn.item = "answer", choice
    node = turn.waits
    assert node is not None
    if node.kind == "choices" and choice != choices.MORE:
        choices.choose(turn, node, choice)
    else:
        pick(turn, node, choice)


def _waiting(turn: Turn, node: Node, text: str, found: Chosen | Several | None) -> bool:
    """4, 5 and 6: something waits for an answer. False: this is none."""
    if isinstance(found, Chosen):
        _chosen(turn, found.id)
        return True
    if isinstance(found, Several) and node.kind == "choices":
        turn.rule = "answer"
        choices.narrow(turn, node, found.ids)
        return True
    turn.reason = "choice"
    if node.kind == "ask":
        about = turn.flows.about(text) if _is_open(node) else None
        if isinstance(about, Candidate) and about.whole:
            return _another(turn, text, about)
        turn.reason = steps.answer(turn, node, {"type": "text", "text": text})
        if not turn.reason:
            turn.rule, turn.item = "answer", node.slot or ""
            return True
    return _another(turn, text, turn.flows.about(text))


def _refuse(turn: Turn, node: Node) -> None:
    """7: the error text, and one attempt less."""
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


def _another(turn: Turn, text: str, about: Candidate | Ambiguous | None) -> bool:
    """Another topic comes up while a step waits."""
    own = {f"flow:{run['f']}" for run in turn.runs}
    if isinstance(about, Ambiguous):
        rest = [one for one in about.candidates if one.item not in own]
        if len(rest) == len(about.candidates):
            if about.candidates[0].score < _SURE:
                return False
            turn.rule, turn.item = "trigger", " ".join(one.item for one in rest)
            turn.score = about.candidates[0].score
            turn.tell("did_you_mean")
            offers.items(turn, [one.item for one in rest])
            return True
        about = about.candidates[0]
    if about is None or (about.score < _SURE and not about.whole):
        return False
    if about.item in own:
        if not about.whole:
            return False
        turn.rule, turn.item, turn.score = "trigger", about.item, about.score
        turn.next = "repeated"
        return True
    _follow(turn, text, about)
    return True


def _follow(turn: Turn, text: str, about: Candidate) -> None:
    turn.rule, turn.item, turn.score = "trigger", about.item, about.score
    starts.hear_candidate(turn, about)
    kind, _, name = about.item.partition(":")
    if kind == "flow":
        starts.wish(turn, name, text)
    else:
        starts.give(turn, name)


def _free(turn: Turn, text: str) -> bool:
    """5 and 6: nothing waits. False: the message is about nothing we know."""
    about = turn.flows.about(text)
    if isinstance(about, Candidate):
        _follow(turn, text, about)
        return True
    if isinstance(about, Ambiguous):
        turn.rule = "trigger"
        turn.item = " ".join(one.item for one in about.candidates)
        turn.score = about.candidates[0].score
        starts.hear_candidate(turn, about.candidates[0])
        turn.tell("did_you_mean")
        offers.items(turn, [one.item for one in about.candidates])
        return True
    return False


def _fall_back(turn: Turn, text: str) -> None:
    """8, the ladder of config: rephrase, then the menu, then a person."""
    turn.rule = "fallback"
    ladder = turn.flows.options.fallback or ("rephrase",)
    rung = int(turn.state.get("fb", 0))
    turn.state["fb"] = rung + 1
    turn.item = ladder[min(rung, len(ladder) - 1)]
    if turn.item == "menu":
        spoken.menu(turn, instead="menu_instead")
    elif turn.item == "handoff":
        turn.tell("fallback_handoff")
        turn.hand_over(None, reason="fallback", note=f"“{text[:200]}”", said=True)
        turn.state.pop("fb", None)
    else:
        turn.tell("rephrase")


# Media


def _media(turn: Turn, content: Json, caption: str | None, said: Spoken | None) -> None:
    """A picture, a voice note, a place: asked for, or answered in words."""
    node = turn.waits
    if said is not None:
        turn.rule, turn.item = "command", said.item
        spoken.obey(turn, said)
        return
    reason = ""
    if node is not None and node.kind == "ask" and content["type"] in ANSWERS:
        reason = steps.answer(turn, node, content)
        if not reason:
            turn.rule, turn.item = "answer", node.slot or ""
            return
    if caption is not None and _caption(turn, node, caption):
        return
    turn.rule = "answer"
    turn.item = str(content["type"])
    if node is not None and node.step.on_media is not None:
        turn.next = "media"
        return
    own = node.step.errors.get("media") if node is not None else None
    if node is not None and own is not None:
        steps.complain(turn, node, "media")
        steps.offer(turn, node)
        return
    kind = str(content["type"])
    media = content.get("media")
    if kind == "audio" and isinstance(media, dict) and media.get("voice"):
        kind = "voice"
    if reason and node is not None and node.slot_spec is not None \
            and node.slot_spec.type in ("image", "video", "audio", "document", "location"):
        steps.complain(turn, node, "type")
    else:
        name = f"media_{kind}"
        turn.tell(name if name in turn.flows.texts else "media_unsupported")
    starts.repeat(turn)


def _caption(turn: Turn, node: Node | None, caption: str) -> bool:
    """What was written under a picture counts as text, where it can be understood."""
    if node is not None:
        found = choose(caption, typed_for(turn, node))
        if isinstance(found, Chosen):
            _chosen(turn, found.id)
            return True
        if node.kind == "ask" and not steps.answer(turn, node,
                                                   {"type": "text", "text": caption}):
            turn.rule, turn.item = "answer", node.slot or ""
            return True
        return _another(turn, caption, turn.flows.about(caption))
    about = turn.flows.about(caption)
    if isinstance(about, Candidate):
        _follow(turn, caption, about)
        return True
    return False
