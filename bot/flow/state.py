"""What a conversation remembers between turns.

The state of a conversation is a small JSON object that is written with every turn. Nothing
outside `bot/flow` and the router looks inside:

    runs    the stack, the run that is on top last
    n       number of the last run that was started
    m       when the contact last wrote (epoch ms)
    rf      reminders that fired since then
    tf      token of the time-out that fired since then
    fb      how far down the fallback ladder the contact is
    tap     [reply id, at] of the last message, if it was a tap
    offer   actions offered outside a flow with the last message we sent (`bot.flow.offers`)
    given   slots for the flow that a switch was offered to
    later   the stack of a conversation that nobody answered for too long
    owe     true while an agent owes an answer

A run:

    f v n s c   flow, version, run number, step, number of the visit
    q           slots by name, as `bot.flow.expressions.values` keeps them
    a           step -> answers refused since it was entered by any way but `refuse`
    j           questions entered: [step, visit, {slot: value before}, answer]; the answer is
                missing while it is open, null where the question was skipped
    k           step -> answer given before an Edit, taken silently where it still fits
    o           the same of the questions that are asked anew and not answered yet
    d           so many questions lie before a call that changed something: no way back to them
    w           when the step began to wait
    h           true: the run rests after a failure nobody planned for
    x           what the visit keeps - l: rows of the choices, i: their items, p: page,
                o: the ids that are left after an answer that fits several, e: the list of
                Edit is shown, b: an answer that is read back
"""

from __future__ import annotations

from bot.model import Json


def copied(run: Json) -> Json:
    """A run that may be changed without changing the snapshot it came from."""
    copy = dict(run)
    copy["q"] = dict(run["q"])
    copy["a"] = dict(run["a"])
    journal = copy["j"] = list(run["j"])
    if journal:
        step, visit, undo, *answer = journal[-1]
        journal[-1] = [step, visit, dict(undo), *answer]
    if "k" in run:
        copy["k"] = dict(run["k"])
    if "o" in run:
        copy["o"] = dict(run["o"])
    if "x" in run:
        copy["x"] = dict(run["x"])
    return copy
