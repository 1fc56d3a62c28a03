"""The store, compared with the reference."""

from __future__ import annotations

from modelling import Person
from tally import FrontDesk

from bot.store.base import load
from bot.store.rows import Agent


async def compare(desk: FrontDesk, people: dict[str, Person], agents: dict[str, Agent],
                  ids: dict[str, str]) -> None:
    """Everything that stands in the store is as the reference says; `ids` learns who is who."""
    found = await desk.sql(
        "select c.phone, v.id, v.owner, v.owner_epoch, v.busy, v.waiting, v.window_until, "
        "v.last_inbound_at, v.remind_at, v.closing, v.timers, v.state, "
        "(select state from ticket t where t.conversation = v.id and t.state <> 'closed'), "
        "(select min(fire_at) from timer t where t.conversation = v.id) "
        "from conversation v join contact c on c.id = v.contact")
    names = {agent.id: name for name, agent in agents.items()}
    assert {row[0] for row in found} == {w for w, p in people.items() if p.came}
    for (who, id_, owner, epoch, busy, waiting, until, heard, remind, closing, timers, state,
         ticket, timer) in found:
        ids[who] = id_
        person = people[who]
        runs = load(state).get("runs", ())
        kind, _, agent = owner.partition(":")
        assert {
            "owner": f"agent:{names[agent]}" if agent else kind, "epoch": epoch,
            "busy": bool(busy), "waiting": waiting, "window": until, "heard": heard,
            "remind": remind, "closing": bool(closing), "timer": timer, "timers": timers,
            "ticket": ticket or "", "n": runs[-1]["slots"].get("n") or 0 if runs else 0,
            "flow": len(runs),
        } == {
            "owner": person.owner, "epoch": person.epoch, "busy": person.at == "call",
            "waiting": len(person.waiting), "window": person.until, "heard": person.heard,
            "remind": person.remind, "closing": person.closing,
            "timer": person.timer and person.timer[0],
            "timers": int(person.timer is not None), "ticket": person.ticket,
            "n": person.n if person.run else 0, "flow": int(person.run > 0)}, who
        await _messages(desk, id_, person, names)


async def _messages(desk: FrontDesk, id_: str, person: Person, names: dict[str, str]) -> None:
    rows = await desk.sql(
        "select m.id, m.direction, m.origin, m.content, m.status, m.doubt, o.state "
        "from message m left join outbox o on o.conversation = m.conversation and o.id = m.id "
        f"where m.conversation = '{id_}' order by m.id")
    assert sum(row[1] == "in" for row in rows) == person.came
    out = [row for row in rows if row[1] == "out"]
    shown = []
    for (tag, _, origin, content, status, doubt, waits), message in zip(
            out, person.out, strict=False):
        message.tag = tag
        kind, _, agent = origin.partition(":")
        shown.append((load(content).get("text", "pin"),
                      f"agent:{names[agent]}" if agent else kind, waits or status, doubt))
        copies = desk.wire.taken[tag]
        assert copies <= 1 + doubt, "a copy without a doubt"
        assert waits != "sending" or tag in desk.wire.waiting
    expected = [(m.text, m.origin, m.status, m.doubts) for m in person.out]
    assert shown == expected, f"{shown}\nand by the reference\n{expected}"
    assert len(out) == len(person.out)
