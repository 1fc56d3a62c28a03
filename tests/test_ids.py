from __future__ import annotations

from bot.ids import new_id


def test_ids_sort_in_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {len(each) for each in made} == {20}
