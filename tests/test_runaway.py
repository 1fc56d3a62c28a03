from __future__ import annotations

import threading
import time

import pytest

from bot.errors import RunawayTurn
from bot.runaway import Runaway


def spin(seconds: float) -> str:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return "done"


def test_a_turn_that_does_not_end_is_broken_off_and_the_next_is_not() -> None:
    runaway = Runaway(0.2)
    with runaway.looking():
        began = time.thread_time()
        with pytest.raises(RunawayTurn):
            runaway.watched(spin, 60)
        assert time.thread_time() - began < 5
        assert runaway.watched(spin, 0.01) == "done"
        assert spin(0.6) == "done", "what is no turn is let alone"


def test_a_turn_that_catches_everything_is_broken_off_all_the_same() -> None:
    def stubborn() -> None:
        while True:
            try:
                spin(60)
            except RunawayTurn:
                if len(caught) == 2:
                    raise
                caught.append(1)

    caught: list[int] = []
    runaway = Runaway(0.1)
    with runaway.looking(), pytest.raises(RunawayTurn):
        runaway.watched(stubborn)
    assert len(caught) == 2


def test_many_turns_that_end_one_after_the_other_are_no_long_one() -> None:
    runaway = Runaway(0.15)
    with runaway.looking():
        for _ in range(40):
            assert runaway.watched(spin, 0.01) == "done"


def test_it_is_broken_off_in_the_thread_that_works() -> None:
    runaway = Runaway(0.1)
    found: list[str] = []

    def work() -> None:
        try:
            runaway.watched(spin, 60)
        except RunawayTurn:
            found.append("broken off")

    with runaway.looking():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
    assert found == ["broken off"]


def test_at_the_very_end_of_a_turn_nobody_else_is_hit() -> None:
    """The error may come while the turn returns: then it is the turn's, and no later call's."""
    runaway = Runaway(0.0)
    with runaway.looking():
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            try:
                runaway.watched(spin, 0.1)
            except RunawayTurn:
                pass
            spin(0.001)
