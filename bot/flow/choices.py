"""Choices: the list that a visit keeps, how it is shown, and what taking one does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.errors import ExpressionError
from bot.flow import refs
from bot.flow.expressions import render
from bot.flow.language.choose import ChoiceLabels
from bot.flow.messages import BUTTON, BUTTONS, DESCRIPTION, ROW, ROWS, distinct, fits, shorten
from bot.flow.spec import Choice
from bot.model import Json

if TYPE_CHECKING:
    from bot.flow.machine import Node
    from bot.flow.turn import Turn

#: Rows of one page of a list that is longer than WhatsApp's; the tenth is More.
PAGE = ROWS - 1
MORE = "more"
_MOST = 1_000
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def prepare(turn: Turn, node: Node) -> bool:
    """Make the list that this visit keeps; False when there is nothing to choose."""
    step = node.step
    if node.fixed:
        return True
    rows: list[list[str]] = []
    items: list[Any] = []
    if step.choices_from is not None:
        items = _rows(turn, node, rows)
        if not rows and step.if_empty is not None:
            return False  # the fixed ones stand beside the data, not in its place
    rows += [[choice.id] for choice in step.choices
             if choice.if_ is None or turn.truth(choice.if_)]
    kept: Json = {"rows": rows}
    if items and node.slot_spec is not None and node.slot_spec.type == "object":
        kept["items"] = items
    turn.run["held"] = kept
    return bool(rows)


def _rows(turn: Turn, node: Node, rows: list[list[str]]) -> list[Any]:
    """Rows made from data: [id, label, description]; -> the items they were made from."""
    source = node.step.choices_from
    assert source is not None
    found = render.evaluate(source.each, turn.scope())
    if found is None:
        return []
    if not isinstance(found, list | tuple):
        raise ExpressionError("this is no list", expression=source.each)
    taken = {choice.id for choice in node.step.choices}
    items, left_out = [], 0
    for item in found[:_MOST]:
        scope = turn.scope({"item": item})
        id_ = render.evaluate(source.id, scope)
        if id_ is None or str(id_) in taken:
            left_out += 1
            continue
        taken.add(str(id_))
        label = render.text(turn.pick(source.label), scope).strip()
        row = [str(id_), label or str(id_)]
        description = (render.text(turn.pick(source.description), scope).strip()
                       if source.description else "")
        rows.append([*row, description])
        items.append(item)
    if left_out:
        turn.note(f"{turn.run['flow']}/{node.name}: {left_out} rows have no id of their own")
    return items


def shown(turn: Turn, node: Node) -> list[tuple[str, str, str]]:
    """Every choice of this visit: (id, label, description)."""
    if node.fixed:
        known = node.shown.get(turn.language)
        if known is None:
            known = [_shown(turn, choice) for choice in node.step.choices]
            if node.plain:
                node.shown[turn.language] = known
        return known
    return [(row[0], row[1], row[2]) if len(row) > 1 else _shown(turn, node.by_id[row[0]])
            for row in turn.run["held"]["rows"]]


def _shown(turn: Turn, choice: Choice) -> tuple[str, str, str]:
    description = turn.text(choice.description) if choice.description else ""
    return choice.id, turn.text(choice.label).strip() or choice.id, description


def labels(turn: Turn, node: Node) -> Sequence[ChoiceLabels]:
    """Every choice of this visit with all that may be typed for it."""
    if node.fixed:
        if node.labels is None:
            made = [_labels(turn, choice) for choice in node.step.choices]
            if not node.plain:
                return made
            node.labels = made
        return node.labels
    return [ChoiceLabels(row[0], (row[1],)) if len(row) > 1
            else _labels(turn, node.by_id[row[0]]) for row in turn.run["held"]["rows"]]


def _labels(turn: Turn, choice: Choice) -> ChoiceLabels:
    texts = [render.text(text, turn.scope()) for text in choice.label.values()]
    for phrases in choice.also.values():
        texts += phrases
    return ChoiceLabels(choice.id, tuple(dict.fromkeys(texts)))


def show(turn: Turn, node: Node) -> None:
    """Offer the choices of this visit: buttons, a list, or a page of one."""
    rows = shown(turn, node)
    kept = turn.run.get("held", {})
    left = kept.get("left")
    tokens = [(token(id_, place), label, description)
              for place, (id_, label, description) in enumerate(rows)
              if left is None or id_ in left]
    button = turn.text(node.step.button) if node.step.button else ""
    menu(turn, tokens, button=button, page=kept.get("page", 0))


def token(id_: str, place: int) -> str:
    """How a choice is written in a reply id: by its id, else by its place in the list."""
    return id_ if _PLAIN_ID.fullmatch(id_) and id_ != MORE else f"#{place}"


def place(turn: Turn, node: Node, id_: str) -> int | None:
    """Where a choice of this visit stands, if it was offered."""
    rows = node.step.choices if node.fixed else turn.run["held"]["rows"]
    for index, row in enumerate(rows):
        if (row.id if isinstance(row, Choice) else row[0]) == id_:
            return index
    return None


def by_token(turn: Turn, node: Node, choice: str) -> str | None:
    """The id of the choice that a reply id of this visit stands for."""
    if choice.startswith("#"):
        rows = turn.run.get("held", {}).get("rows", ())
        index = int(choice[1:])
        return str(rows[index][0]) if index < len(rows) else None
    return choice if place(turn, node, choice) is not None else None


def is_more(choice: str) -> bool:
    """Whether the token is that of More, not of a choice."""
    return choice.partition(":")[0] == MORE


def more(turn: Turn, node: Node, choice: str = "") -> None:
    """Another page of a long list: the one that the button names, or the next."""
    kept = turn.run["held"] = dict(turn.run.get("held", {}))
    page = choice.partition(":")[2]
    kept["page"] = int(page) if page else (1 if choice else kept.get("page", 0) + 1)
    if kept["page"] * PAGE >= len(shown(turn, node)):
        kept["page"] = 0
    turn.say(node.step.say)
    show(turn, node)


def narrow(turn: Turn, node: Node, ids: Sequence[str]) -> None:
    """Several fit: show these again; no attempt is lost."""
    turn.run["held"] = {**turn.run.get("held", {}), "left": list(ids), "page": 0}
    turn.tell("several")
    show(turn, node)


def choose(turn: Turn, node: Node, id_: str) -> None:
    """This one was chosen: `save`, `set`, `say`, and on by its `goto`."""
    choice = node.by_id.get(id_)
    if node.slot is not None:
        turn.put(node.slot, _value(turn, node, id_, choice))
    turn.run["questions"][-1].append(id_)
    turn.run.get("aside", {}).pop(node.name, None)
    turn.choice = id_
    if choice is not None:
        if choice.set:
            turn.assign(choice.set)
        if choice.say and not turn.silent:
            turn.say(choice.say)
    turn.next = "chosen"


def _value(turn: Turn, node: Node, id_: str, choice: Choice | None) -> Any:
    kind = node.slot_spec.type if node.slot_spec is not None else "text"
    if choice is None:
        index = place(turn, node, id_) or 0
        kept = turn.run["held"]
        if kind == "object":
            return kept["items"][index]
        label: Any = kept["rows"][index][1]
    else:
        if kind == "object":
            return {"id": id_}
        label = {language: render.text(text, turn.scope())
                 for language, text in choice.label.items()}
        if list(label) == [""]:
            label = label[""]
    return {"id": id_, "label": label} if kind == "choice" else id_


def buttons(turn: Turn, choices: Sequence[tuple[str, str]]) -> None:
    """Buttons of the current visit: (choice, title)."""
    menu(turn, [(choice, title, "") for choice, title in choices])


def menu(turn: Turn, choices: Sequence[tuple[str, str, str]], *, button: str = "",
         page: int = 0) -> None:
    """Anything to choose from in the current visit: (token, title, description)."""
    prefix = refs.step_prefix(turn.run["flow"], turn.run["number"], turn.run["visit"])
    rows = [(prefix + choice, title, description) for choice, title, description in choices]
    if len(rows) > ROWS:
        start = page * PAGE
        last = start + PAGE >= len(rows)
        rows = rows[start:start + PAGE]
        if not last:
            following = MORE if page == 0 else f"{MORE}:{page + 1}"
            rows.append((prefix + following, turn.system("more"), ""))
    offer(turn, rows, button)


def offer(turn: Turn, rows: Sequence[tuple[str, str, str]], button: str = "") -> None:
    """Sign and show up to ten rows: (body of the reply id, title, description)."""
    key, conversation = turn.flows.options.key, turn.snapshot.conversation
    as_list = len(rows) > BUTTONS or any(
        description or not fits(title, BUTTON) for _, title, description in rows)
    titles = distinct([title for _, title, _ in rows], ROW if as_list else BUTTON)
    signed = []
    for (body, title, description), short in zip(rows, titles, strict=True):
        if short != title and not description:
            description = title
        signed.append((refs.sign(key, conversation, body), short,
                       shorten(description, DESCRIPTION) if as_list else ""))
    turn.options(signed, shorten(button or turn.system("choose"), BUTTON), as_list=as_list)
