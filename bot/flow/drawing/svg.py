"""A picture as SVG, drawn as the file reads: the steps from top to bottom, what leads elsewhere
on the right. Nothing else is needed to look at it than a browser.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape

from bot.flow.drawing.picture import Arrow, Box, Picture

_LEFT, _WIDTH, _LABELS = 24, 330, 330
_LINE, _GAP, _LANE, _TOP = 20, 30, 14, 64
_SIGNS = {"ask": "?", "choices": "☰", "call": "⚙", "run": "▶", "review": "✓", "handoff": "☺",
          "end": "■", "wait": "⧗", "": "·"}
_LEADS = {"end": "■", "flow": "→", "person": "☺", "stay": "↺", "step": "↳"}
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .step { font-weight: 600 } .said { fill: #59636e } .label { font-size: 12px }
  .box { fill: #f6f8fa; stroke: #8c959f } .ask, .choices, .review { fill: #ddf4ff; stroke: #54aeff }
  .call, .run, .wait { fill: #fff8c5; stroke: #d4a72c } .handoff { fill: #ffeff7; stroke: #ff80c8 }
  .end { fill: #dafbe1; stroke: #4ac26b } .way { fill: none; stroke: #59636e }
  .mishap { stroke-dasharray: 4 3 } .people { fill: #1f883d } .count { fill: #fff }
  .title { font-size: 18px; font-weight: 600 } .head { fill: #59636e }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117 } text { fill: #e6edf3 } .said { fill: #9198a1 }
    .box { fill: #151b23 } .ask, .choices, .review { fill: #0c2d4f }
    .call, .run, .wait { fill: #3b2a00 } .handoff { fill: #42062a } .end { fill: #04260f }
    .way { stroke: #9198a1 } .head { fill: #9198a1 }
  }"""


@dataclass(slots=True)
class _Row:
    """Where a box stands."""

    box: Box
    top: int
    height: int
    #: The arrow to the box below, drawn straight down; the others leave on the right.
    down: Arrow | None
    aside: list[Arrow]


def svg(picture: Picture) -> str:
    """A whole SVG document."""
    rows = _rows(picture)
    index = {row.box.step: number for number, row in enumerate(rows)}
    lanes = _lanes(rows, index)
    first_lane = _LEFT + _WIDTH + _LABELS
    width = first_lane + _LANE * (1 + max(lanes.values(), default=0)) + 24
    height = rows[-1].top + rows[-1].height + _GAP
    parts = [f'<text class="title" x="{_LEFT}" y="34">{escape(picture.title)}</text>']
    for number, row in enumerate(rows):
        parts += _box(row)
        if row.down is not None:
            parts += _down(row, rows[number + 1])
        for place, arrow in enumerate(row.aside):
            y = row.top + 16 + place * _LINE
            parts += _label(row, arrow, y)
            if arrow.to == "step" and arrow.target in index:
                lane = first_lane + _LANE * lanes[number, place]
                parts += _round(arrow, y, lane, rows[index[arrow.target]])
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img">
<title>{escape(picture.title)}</title>
<style>{_STYLE}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
orient="auto-start-reverse"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
{body}
</svg>
"""


def _rows(picture: Picture) -> list[_Row]:
    rows: list[_Row] = []
    top = _TOP
    for number, box in enumerate(picture.boxes):
        below = picture.boxes[number + 1].step if number + 1 < len(picture.boxes) else None
        down = next((arrow for arrow in box.arrows if arrow.to == "step"
                     and arrow.target == below and not arrow.mishap), None)
        aside = [arrow for arrow in box.arrows if arrow is not down]
        height = max(46, 12 + _LINE * len(aside))
        rows.append(_Row(box, top, height, down, aside))
        top += height + _GAP
    return rows


def _lanes(rows: list[_Row], index: dict[str, int]) -> dict[tuple[int, int], int]:
    """A lane for each arrow that goes round, so that no two lie on each other."""
    found: dict[tuple[int, int], int] = {}
    taken: list[list[tuple[int, int]]] = []
    round_about = [(abs(index[arrow.target] - number), number, place, index[arrow.target])
                   for number, row in enumerate(rows) for place, arrow in enumerate(row.aside)
                   if arrow.to == "step" and arrow.target in index]
    for _, number, place, target in sorted(round_about):
        low, high = min(number, target), max(number, target)
        free = next((lane for lane, spans in enumerate(taken)
                     if all(high < start or end < low for start, end in spans)), len(taken))
        if free == len(taken):
            taken.append([])
        taken[free].append((low, high))
        found[number, place] = free
    return found


def _box(row: _Row) -> list[str]:
    box, middle = row.box, row.top + row.height // 2
    out = [f'<rect class="box {box.kind}" x="{_LEFT}" y="{row.top}" width="{_WIDTH}" '
           f'height="{row.height}" rx="8"/>',
           f'<text class="step" x="{_LEFT + 12}" y="{middle - 4}">'
           f'{_SIGNS.get(box.kind, "·")} {escape(box.step)}</text>',
           f'<text class="said" x="{_LEFT + 12}" y="{middle + 14}">'
           f'{escape(_cut(box.text, 44))}</text>']
    if box.people:
        out += [f'<circle class="people" cx="{_LEFT + _WIDTH}" cy="{row.top}" r="12"/>',
                f'<text class="count" x="{_LEFT + _WIDTH}" y="{row.top + 4}" '
                f'text-anchor="middle">{box.people}</text>']
    return out


def _down(row: _Row, below: _Row) -> list[str]:
    assert row.down is not None
    x, y = _LEFT + 40, row.top + row.height
    out = [f'<path class="way" marker-end="url(#head)" d="M{x} {y} V{below.top}"/>']
    if row.down.label:
        out.append(f'<text class="label" x="{x + 8}" y="{y + 19}">'
                   f'{escape(_cut(row.down.label, 50))}</text>')
    return out


def _label(row: _Row, arrow: Arrow, y: int) -> list[str]:
    x = _LEFT + _WIDTH
    leads = f"{_LEADS[arrow.to]} {arrow.target}".strip()
    words = f"{_cut(arrow.label, 46 - len(leads))}  {leads}".strip()
    return [f'<path class="way{_mishap(arrow)}" d="M{x} {y} h10"/>',
            f'<text class="label" x="{x + 14}" y="{y + 4}">{escape(words)}</text>']


def _round(arrow: Arrow, y: int, lane: int, target: _Row) -> list[str]:
    start, box = _LEFT + _WIDTH + _LABELS - 6, _LEFT + _WIDTH
    into = target.top + target.height - 4
    return [f'<path class="way{_mishap(arrow)}" marker-end="url(#head)" '
            f'd="M{start} {y} H{lane} V{into} H{box}"/>']


def _mishap(arrow: Arrow) -> str:
    return " mishap" if arrow.mishap else ""


def _cut(text: str, most: int) -> str:
    """So much of a text as is about `most` letters wide."""
    width = 0
    for place, character in enumerate(text):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > most:
            return text[:place].rstrip() + "…"
    return text
