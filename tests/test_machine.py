from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import Talk, read
from transitions import Machine

from bot.errors import UnknownVersion
from bot.flow.flows import Flows
from bot.flow.machine import Version
from bot.flow.turn import DONE

SMALL = """flow: small
title: Small
triggers: {keywords: {en: [small]}}
slots:
  name: {type: text}
  size: {type: choice}
steps:
  hello:
    say: Hello.
    ask: name
  pick:
    say: "Which size, {{ name }}?"
    choices:
      big: {label: Big}
      tiny: {label: Tiny, goto: other}
    save: size
  bye:
    say: Bye.
    end: done
  other:
    say: Other.
    end: other
"""


@pytest.fixture
def small(tmp_path: Path) -> Flows:
    return read(tmp_path, SMALL)


def test_the_states_are_the_steps_and_one_where_runs_begin_and_end(small: Flows) -> None:
    machine = small.current["small"].machine
    assert list(machine.states) == ["hello", "pick", "bye", "other", DONE]
    assert set(machine.events) >= {"started", "answered", "chosen", "refused", "passed", "failed"}


def test_transitions_does_the_moving(small: Flows) -> None:
    """With events that raise, no flow moves: there is no table of our own beside the machine."""
    class Broken(Exception):
        pass

    def broken(*args: Any) -> None:
        raise Broken

    talk = Talk(small).says("small").says("Kim")
    assert talk.step == "small/pick"
    machine = small.current["small"].machine
    for event in machine.events.values():
        event.trigger = broken
    for content in ("Big", "no such thing", "small"):
        with pytest.raises(Broken):
            talk.says(content)
    assert talk.state["runs"][-1]["step"] == "pick"
    with pytest.raises(Broken):
        Talk(small, id="c2").says("small")


def test_it_is_built_once_and_only_when_needed(
        small: Flows, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Any] = []
    original: Callable[..., None] = Machine.__init__

    def counted(self: Machine, *args: Any, **options: Any) -> None:
        built.append(options)
        original(self, *args, **options)

    monkeypatch.setattr(Machine, "__init__", counted)
    Talk(small).says("nothing that it knows")
    assert built == []
    for name in ("a", "b"):
        Talk(small, id=name).says("small").says("Kim").says("Big")
    assert len(built) == 1
    assert built[0]["model"] is None
    assert built[0]["auto_transitions"] is False
    assert built[0]["send_event"] is True


def test_an_authors_word_is_never_called(tmp_path: Path) -> None:
    """transitions imports a string callback as a dotted path: no step or slot may become one."""
    author = SMALL.replace("hello:", "exit:").replace("pick:", "print:")
    talk = Talk(read(tmp_path, author)).says("small").says("Kim")
    assert talk.step == "small/print"
    machine = talk.flows.current["small"].machine
    callbacks = [call for state in machine.states.values() for call in state.on_enter]
    for event in machine.events.values():
        for some in event.transitions.values():
            for one in some:
                callbacks += [*one.before, *one.after, *one.prepare,
                              *(condition.func for condition in one.conditions)]
    assert callbacks
    assert all(callable(call) for call in callbacks)


def test_the_logger_of_transitions_is_quiet(small: Flows) -> None:
    assert logging.getLogger("transitions").level == logging.WARNING


def test_a_conversation_goes_on_in_the_version_it_began_in(tmp_path: Path) -> None:
    old = read(tmp_path, SMALL)
    talk = Talk(old).says("small")
    new = read(tmp_path, SMALL.replace("Which size", "What size"))
    talk.flows = new
    with pytest.raises(UnknownVersion) as missing:
        talk.says("Kim")
    assert (missing.value.flow, missing.value.version) == ("small", old.current["small"].id)
    for flow, version, source in ((one.flow, one.id, one.spec.source())
                                  for one in old.current.values()):
        new.add_version(flow, version, source)
    assert "Which size, Kim?" in talk.says("Kim").said
    assert "What size" in talk.says("Big").says("small").says("Kim").said


def test_a_version_made_from_its_source_behaves_the_same(small: Flows) -> None:
    (flow, version, source), = ((one.flow, one.id, one.spec.source())
                                for one in small.current.values())
    again = Version(flow, version, source=source)
    assert again.spec == small.current["small"].spec
    assert again.spec.version == version
    assert list(again.machine.states) == list(small.current["small"].machine.states)
