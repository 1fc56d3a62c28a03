from __future__ import annotations

from bot.pace import PAIR_BURST, Pacer
from bot.settings import Limits


def test_a_channel_without_limits_lets_everything_pass() -> None:
    pacer = Pacer({"main": Limits(per_second=None, per_pair=False, flood=None)})
    assert {pacer("main", "c1") for _ in range(500)} == {0}
    assert not any(pacer.flooded("main", "c1") for _ in range(500))


def test_a_number_sends_so_many_a_second() -> None:
    pacer = Pacer({"main": Limits(per_second=20, per_pair=False)})
    waits = [pacer("main", f"c{n}") for n in range(30)]
    assert waits[:20] == [0] * 20
    assert 0 < waits[29] <= 51


def test_one_person_gets_a_burst_and_then_one_in_six_seconds() -> None:
    pacer = Pacer({"main": Limits(per_second=None)})
    assert [pacer("main", "c1") for _ in range(PAIR_BURST)] == [0] * PAIR_BURST
    assert 5_000 < pacer("main", "c1") <= 6_001
    assert pacer("main", "c2") == 0


def test_what_is_held_waits_and_others_do_not() -> None:
    pacer = Pacer({"main": Limits(), "other": Limits()})
    pacer.hold("main", 60)
    pacer.hold("c9", 60)
    assert pacer("main", "c1") > 59_000
    assert pacer("other", "c1") == 0
    assert pacer("other", "c9") > 59_000


def test_templates_reach_so_many_people_a_day() -> None:
    pacer = Pacer({"main": Limits(per_day=2)})
    assert [pacer.reach("main", name) for name in ("c1", "c2", "c1")] == [0, 0, 0]
    assert pacer.reach("main", "c3") > 23 * 3_600_000


def test_a_person_who_floods_is_not_answered_any_more_in_this_minute() -> None:
    pacer = Pacer({"main": Limits(flood=3)})
    assert [pacer.flooded("main", "c1") for _ in range(5)] == [False] * 3 + [True] * 2
    assert not pacer.flooded("main", "c2")
