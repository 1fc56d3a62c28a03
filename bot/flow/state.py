"""What a conversation remembers between turns.

The state of a conversation is a small JSON object that is written with every turn. Nothing
outside `bot/flow` and the router looks inside:

    runs       the stack, the run that is on top last
    last_run   number of the last run that was started
    wrote_at   when the contact last wrote (epoch ms)
    reminders  so many fired since then
    timed_out  token of the time-out that fired since then
    fallbacks  how far down the fallback ladder the contact is
    tap        [reply id, at] of the last message, if it was a tap
    offer      actions offered outside a flow with the last message we sent (`bot.flow.offers`)
    given      slots for the flow that a switch was offered to
    unheard    [event, content] of a picture that came while an answer led to a call
    pending    [flow, event] of flows that an event has called for (`bot.flow.events`)
    kept       slots that are kept for the next runs (`bot.flow.keeping`)
    stacked    flows that another one interrupted (`bot.flow.stack`)
    owe        true while an agent owes an answer

A run:

    flow, version, number, step
    visit      number of the visit of the step
    slots      by name, as `bot.flow.expressions.values` keeps them
    refused    step -> answers refused since it was entered by any way but `refuse`
    questions  those entered: [step, visit, {slot: value before}, answer]; the answer is missing
               while it is open, null where the question was skipped
    kept       step -> answer given before an Edit, taken silently where it still fits
    aside      the same of the questions that are asked anew and not answered yet
    sealed     so many questions lie before a call that changed something: no way back to them
    event      the event that started it
    events     those that came and that a later step may wait for
    since      when the step began to wait
    rests      true: the run rests after a failure nobody planned for
    held       what the visit keeps - rows of the choices, items they were made from, page,
               left: the ids that are left after an answer that fits several, editing: the list
               of Edit is shown, understood: an answer that is read back,
               gathered: texts that more is waited for (`bot.flow.gathering`),
               awaits: what a wait waits for (`bot.flow.waiting`)
"""

from __future__ import annotations

from typing import Any

from bot.model import Json


def copied(run: Json) -> Json:
    """A run that may be changed without changing the snapshot it came from."""
    copy = dict(run)
    copy["slots"] = dict(run["slots"])
    copy["refused"] = dict(run["refused"])
    journal = copy["questions"] = list(run["questions"])
    if journal:
        step, visit, undo, *answer = journal[-1]
        journal[-1] = [step, visit, dict(undo), *answer]
    if "kept" in run:
        copy["kept"] = dict(run["kept"])
    if "aside" in run:
        copy["aside"] = dict(run["aside"])
    if "held" in run:
        copy["held"] = dict(run["held"])
    return copy


def weighs_more(value: Any, most: int) -> bool:
    """Whether it would be written with more characters than this, about; stops counting there."""
    todo, found = [value], 0
    while todo and found <= most:
        one = todo.pop()
        found += 8
        if isinstance(one, str):
            found += len(one)
        elif isinstance(one, dict):
            found += sum(map(len, one))
            todo += one.values()
        elif isinstance(one, list | tuple):
            todo += one
    return found > most
