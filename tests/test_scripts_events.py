"""Events and failures in the scripts beside the flows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import testing
from bot.scripts.judging import Differs
from bot.scripts.playing import play
from bot.scripts.reading import Script, read

CONFIG = """channels:
  main: {provider: meta, phone_number_id: "1", app_secret: "${S}", access_token: "${T}",
         verify_token: "${V}"}
"""
FLOW = """flow: fee
title: Fee
triggers: {keywords: [pay my fee]}
slots: {note: {type: text}}
steps:
  pay:
    say: Please pay.
    wait: {event: payment.received, about: en12, for: 3d, save: got}
    on_timeout: late
    on_undelivered: person
  thanks: {say: "{{ got.amount }} received.", end: paid}
  late: {say: Too late., outside: {whatsapp_template: late}, end: late}
  person: {handoff: {}}
"""
TESTS = """tests:
  paid:
    script:
      - customer: pay my fee
      - event: {name: payment.received, about: en13, amount: 7}
      - bot: nothing
      - event: {name: payment.received, about: en12, amount: 8}
      - bot: 8 received
      - expect: {outcome: paid}
  never paid:
    script:
      - customer: pay my fee
      - advance: 3d
      - bot: {template: late}
      - expect: {outcome: late}
  out of reach:
    script:
      - customer: pay my fee
      - provider: {undelivered: 131026}
      - expect: {queue: support}
  an event without a name:
    script:
      - event: {about: en12}
"""


@pytest.fixture
def scripts(tmp_path: Path) -> tuple[testing.Project, list[Script]]:
    (tmp_path / "flows" / "tests").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows" / "fee.yaml").write_text(FLOW)
    (tmp_path / "flows" / "tests" / "fee.yaml").write_text(TESTS)
    (tmp_path / "templates" / "late.yaml").write_text("template: late\nbody: It is too late.\n")
    return testing.load(tmp_path / "config.yaml"), read(tmp_path / "flows" / "tests" / "fee.yaml")


def test_what_programs_and_the_provider_tell_moves_the_conversation(
        scripts: tuple[testing.Project, list[Script]]) -> None:
    project, (*right, wrong) = scripts
    for script in right:
        assert play(script, project).incidents == []
    with pytest.raises(Differs, match="an event has a name"):
        play(wrong, project)
