from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from returning import RETURNS
from talking import flows

from bot.flow.drawing.mermaid import mermaid
from bot.flow.drawing.picture import Arrow, Picture, length, picture
from bot.flow.drawing.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(folder: Path, text: str = RETURNS, language: str = "en", **people: int) -> Picture:
    spec = next(iter(flows(folder, text).current.values())).spec
    return picture(spec, language, people or None)


def test_a_picture_shows_every_step_in_the_words_of_its_author(tmp_path: Path) -> None:
    boxes = {box.step: box for box in drawn(tmp_path).boxes}
    assert boxes["ask_reason"].text == "Why are you returning ‹order.item›?"
    assert boxes["ask_reason"].arrows[:2] == (
        Arrow("step", "ask_photo", "It is damaged"), Arrow("step", "review", "Wrong item"))
    assert boxes["find_order"].text == "orders.find"
    assert Arrow("step", "ask_order", "if order is none, asked again", mishap=True) in \
        boxes["find_order"].arrows
    assert Arrow("step", "talk_to_us", "the call fails", mishap=True) in boxes["find_order"].arrows
    assert Arrow("person", "support", "no answer for 23h", mishap=True) in \
        boxes["ask_order"].arrows
    assert boxes["review"].text == "Order number, Reason, Photo"
    assert boxes["too_late"].arrows == (Arrow("end", "too_late", ""),)


def test_a_picture_speaks_each_language_of_the_flow(tmp_path: Path) -> None:
    found = drawn(tmp_path, language="zh")
    assert found.title == "退货"
    assert "有破损" in mermaid(found)


def test_people_are_counted_where_they_stand(tmp_path: Path) -> None:
    found = drawn(tmp_path, ask_order=12)
    assert [box.people for box in found.boxes][:2] == [12, 0]
    assert "ask_order · 12 here" in mermaid(found)
    assert ">12</text>" in svg(found)


def test_mermaid_writes_every_box_and_every_arrow_once(tmp_path: Path) -> None:
    found = drawn(tmp_path)
    lines = mermaid(found).splitlines()
    assert lines[:4] == ["---", 'title: "Return an item"', "---", "flowchart TD"]
    assert len([line for line in lines if "-->" in line or "-.->" in line]) == sum(
        len(box.arrows) for box in found.boxes)
    assert '  step_ask_reason -->|"Wrong item"| step_review' in lines
    assert '  step_find_order -.->|"the call fails"| step_talk_to_us' in lines


def test_what_an_author_writes_can_not_break_a_picture(tmp_path: Path) -> None:
    hostile = RETURNS.replace("Which order is it?", '<b>\\"#1\\"</b> & `x` |]} -->')
    found = drawn(tmp_path, hostile)
    assert '"ask_order<br/>#lt;b#gt;#quot;#35;1#quot;#lt;/b#gt; #amp; #96;x#96; |]} --#gt;"' in \
        mermaid(found)
    assert ElementTree.fromstring(svg(found)).tag == f"{SVG}svg"


def test_an_svg_draws_a_box_a_step_and_no_two_arrows_on_each_other(tmp_path: Path) -> None:
    found = drawn(tmp_path)
    tree = ElementTree.fromstring(svg(found))
    tops = [int(box.attrib["y"]) for box in tree.iter(f"{SVG}rect")]
    assert len(tops) == len(found.boxes)
    assert tops == sorted(tops)
    ways = [way.attrib["d"] for way in tree.iter(f"{SVG}path") if "H" in way.attrib["d"]]
    assert len(ways) == len(set(ways)) == 8


@pytest.mark.parametrize(("ms", "told"), [
    (0, "0s"), (3_000, "3s"), (5_400_000, "1h 30m"), (86_400_000, "1d")])
def test_a_length_of_time_is_told_as_the_files_have_it(ms: int, told: str) -> None:
    assert length(ms) == told
