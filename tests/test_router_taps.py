from __future__ import annotations

from pathlib import Path

import pytest
from returning import LABEL, SHOES, returning, reviewing

from bot.flow import refs

KEY = b"k" * 32


def test_an_old_button_answers_no_other_question(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    damaged, wrong = talk.button("It is damaged"), talk.button("Wrong item")
    talk.tap(damaged)
    talk.tap(wrong)
    assert (talk.rule, talk.step) == ("old_tap", "returns/ask_photo")
    assert talk.said == ("That button belongs to an earlier question.\n\n"
                         "Please send a photo of the damage.")
    assert talk.slots["reason"]["id"] == "damaged"
    talk.sends("image").tap(wrong)
    assert talk.titles == ["Confirm", "Edit", "Cancel"]


def test_a_second_tap_of_one_button_is_ignored(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    damaged = talk.button("It is damaged")
    talk.tap(damaged).tap(damaged)
    assert (talk.rule, talk.contents, talk.step) == ("ignored", [], "returns/ask_photo")
    talk.says("hmm").tap(damaged)
    assert talk.rule == "old_tap"
    talk.now += 120_000
    assert talk.tap(damaged).rule == "old_tap"


def test_old_taps_may_jump_back_to_their_question(tmp_path: Path) -> None:
    talk = returning(tmp_path, old_taps="jump").says("return").says("AB123456").returns(SHOES)
    wrong = talk.button("Wrong item")
    talk.taps("It is damaged").sends("image").tap(wrong)
    assert talk.step == "returns/ask_reason"
    assert "reason" not in talk.slots


def test_a_button_of_a_finished_run_offers_to_start_anew(tmp_path: Path) -> None:
    talk = reviewing(tmp_path)
    confirm = talk.button("Confirm")
    talk.tap(confirm).returns(LABEL)
    talk.now += 20_000
    assert talk.tap(confirm).rule == "old_tap"
    assert "already finished" in talk.said
    assert talk.titles == ["Return an item"]
    assert talk.taps("Return an item").step == "returns/ask_order"


def test_a_button_of_another_run_is_not_this_runs(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    wrong = talk.button("Wrong item")
    talk.says("cancel").says("return").says("CD123456").returns(SHOES).tap(wrong)
    assert talk.rule == "old_tap"
    assert "already finished" in talk.said
    assert talk.step == "returns/ask_reason"
    assert talk.contents[-1]["buttons"][0]["title"] == "It is damaged"


@pytest.mark.parametrize("title", ["Wrong item", "Something else"])
def test_a_forged_or_foreign_button_of_our_form_answers_nothing(
        tmp_path: Path, title: str) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    own = talk.button("Wrong item")["id"]
    other = returning(tmp_path)
    other.id = "c2"
    other.says("return").says("AB123456").returns(SHOES)
    for forged in (other.button("Wrong item")["id"], own[:-1] + ("A" if own[-1] != "A" else "B"),
                   own.replace("returns", "refunds"), "1s.a.b.c.d.e", "1o.flow:returns."):
        here = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
        here.tap({"id": forged, "title": title})
        assert (here.step, here.rule) == ("returns/ask_reason", "old_tap")
        assert here.contents[-1]["buttons"][0]["title"] == "It is damaged"  # asked again
    nobody = returning(tmp_path)
    nobody.tap({"id": own[:-1] + "!", "title": title})
    assert (nobody.step, nobody.rule) == ("", "old_tap")


@pytest.mark.parametrize("title", ["Wrong item", "Something else"])
def test_a_button_that_was_never_ours_is_what_its_title_says(tmp_path: Path, title: str) -> None:
    for never_ours in ("", "x", "a template's payload"):
        here = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
        here.tap({"id": never_ours, "title": title})
        assert here.step == ("returns/review" if title == "Wrong item" else "returns/ask_reason")
        assert here.rule == ("answer" if title == "Wrong item" else "refused")


def test_reply_ids_are_short_signed_and_bound_to_their_conversation(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("return").says("AB123456").returns(SHOES)
    ids = [row["id"] for row in talk.contents[-1]["buttons"]]
    assert len(set(ids)) == 3
    assert all(len(one) < 120 and one.startswith("1") for one in ids)
    ref = refs.read(KEY, "c1", ids[0])
    assert isinstance(ref, refs.StepRef)
    assert (ref.flow, ref.run, ref.choice) == ("returns", 1, "damaged")
    assert refs.read(KEY, "c2", ids[0]) is None
    assert refs.read(b"another key", "c1", ids[0]) is None
    assert refs.read(KEY, "c1", "x" * 10_000) is None
    assert refs.read(KEY, "c1", "ü.ü") is None


def test_a_longest_reference_still_fits(tmp_path: Path) -> None:
    body = refs.step_prefix("f" * 40, 999_999, 999_999) + "c" * 40
    assert len(refs.sign(KEY, "c1", body)) < 120
    assert len(refs.sign(KEY, "c1", refs.offer(f"pick:{'c' * 40}:{'d' * 40}"))) < 120


def test_the_menu_works_however_old_it_is(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("menu")
    row = talk.button("Return an item")
    talk.tap(row)
    assert talk.step == "returns/ask_order"
    talk.says("AB123456").returns(SHOES).tap(row)
    assert (talk.step, talk.outcome) == ("returns/ask_order", "abandoned")
    talk.now += 8 * 86_400_000
    assert talk.tap(row).step == "returns/ask_order"


def test_a_double_tap_in_the_menu_starts_once(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("menu")
    row = talk.button("Return an item")
    talk.tap(row).tap(row)
    assert (talk.rule, talk.contents, talk.state["last_run"]) == ("ignored", [], 1)


def test_a_row_of_the_menu_may_be_typed(tmp_path: Path) -> None:
    assert returning(tmp_path).says("menu").says("1").step == "returns/ask_order"
    assert returning(tmp_path).says("菜单").says("退货").step == "returns/ask_order"
