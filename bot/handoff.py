"""What agents do with a ticket: take it, answer, give the conversation back, close."""

from __future__ import annotations

from bot.errors import Refused
from bot.flow import clocks, commands, moving, stack, waiting
from bot.flow.turn import Turn
from bot.model import BOT, QUEUE, TicketChange


def act(turn: Turn) -> None:
    """One action of an agent. Raises `Refused` when it can't be done now."""
    turn.rule = "agent"
    payload = turn.event.payload
    agent, action = str(payload.get("agent")), payload.get("action")
    turn.item = str(action)
    ticket = turn.snapshot.ticket
    if turn.owner == BOT or ticket is None:
        raise Refused("The bot has this conversation: there is no open ticket.")
    mine = f"agent:{agent}"
    if turn.owner not in (QUEUE, mine):
        raise Refused(f"{ticket.get('agent_name') or 'Another agent'} has this conversation.")
    if action == "take":
        _take(turn, mine)
    elif action == "reply":
        text = str(payload.get("text") or "").strip()
        if not text:
            raise Refused("There is nothing to send yet: write a text first.")
        _take(turn, mine)
        turn.reply(text, mine)
        turn.state.pop("owe", None)
    elif action == "return":
        turn.ticket = TicketChange("close", agent=agent, outcome="returned")
        turn.owner = BOT
        _back_to_bot(turn)
    elif action == "close":
        turn.ticket = TicketChange("close", agent=agent, outcome="done")
        turn.owner = BOT
        turn.state.pop("owe", None)
        turn.drop_runs("handed_over")
        stack.clear(turn)
    else:
        raise Refused("This can't be done.")


def _take(turn: Turn, mine: str) -> None:
    if turn.owner == mine:
        return
    turn.owner = mine
    turn.state["owe"] = True
    turn.ticket = TicketChange("take", agent=mine.partition(":")[2])


def _back_to_bot(turn: Turn) -> None:
    turn.state.pop("owe", None)
    if clocks.opted_out(turn):
        turn.drop_runs("cancelled")
        stack.clear(turn)
        return  # whoever wants no more messages gets none from the bot
    node = turn.node
    corrected = turn.event.payload.get("slots")
    if isinstance(corrected, dict) and node is not None:
        for name, value in corrected.items():
            if name in turn.version.slots:
                turn.put(name, value)
    if node is not None and node.kind == "handoff":
        if node.step.handoff is not None and node.step.handoff.return_to is not None:
            turn.next = "returned"
            return
        turn.next = "returned"
        turn.go()
        node = turn.node
    turn.tell("back_with_bot")
    if moving.arrive(turn):
        return
    if waiting.go_on(turn):
        return
    if turn.waits is not None:
        turn.run["since"] = turn.now
        turn.next = "repeated"
        return
    if turn.next is None and not turn.calling:
        # What rests after a failure can't go on by itself.
        if turn.runs:
            turn.drop_runs("failed")
        commands.menu(turn)
