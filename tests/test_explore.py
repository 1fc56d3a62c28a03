"""`bot test --explore`: every way of a flow, walked without a script."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import regex

from bot import resources
from bot.scripts.explore import exploring
from bot.scripts.explore.patterns import fitting

CONFIG = """
channels:
  main: {provider: meta, phone_number_id: "1", app_secret: "${S}", access_token: "${T}",
         verify_token: "${V}"}
handoff:
  default: support
  queues: {support: {hours: "Mon-Fri 09:00-18:00"}}
backends:
  bank:
    base_url: http://127.0.0.1:9
    operations:
      card: {get: /cards, query: {phone: "{phone}"}, missing: 404}
      freeze: {post: "/cards/{card}/freeze"}
"""
#: Every word that leads somewhere, and nothing wrong in it.
FREEZE = """flow: freeze
title: {en: Freeze my card, zh: 冻结卡片}
triggers: {keywords: {en: [freeze], zh: [冻结]}}
queue: support
slots:
  digits: {type: text, pattern: '\\d{4}'}
  born: {type: date, before: today}
  sure: {type: yes_no}
  why: {type: choice}
steps:
  find:
    call: bank.card
    with: {phone: "{{ contact.phone }}"}
    save: card
    goto:
      - {if: card is none, step: person}
      - ask_digits
    on_error:
      - {if: error.kind == 'timeout', step: closed}
      - person
  ask_digits:
    say: {en: The last four digits?, zh: 最后四位？}
    ask: digits
    attempts: 3
    on_give_up: person
  compare:
    goto:
      - {if: digits != card.last_four, refuse: ask_digits, say: {en: Not right., zh: 不对。}}
      - {if: card.blocks | length > 2, step: already}
      - ask_born
  ask_born:
    say: {en: When were you born?, zh: 您哪天出生？}
    ask: born
    goto:
      - {if: born | age < 18, step: person}
      - why
  why:
    say: {en: Why?, zh: 为什么？}
    choices:
      lost: {label: {en: Lost, zh: 丢了}}
      stolen: {label: {en: Stolen, zh: 被偷}}
    save: why
  confirm:
    say: {en: "Freeze {{ digits }}?", zh: "冻结 {{ digits }}？"}
    ask: sure
    goto:
      - {if: sure, step: freeze}
      - kept
  freeze:
    call: bank.freeze
    with: {card: "{{ card.id }}", why: "{{ why }}"}
    save: done
    on_error: person
  wait:
    say: {en: "Frozen at {{ done.at | time }}.", zh: "已于 {{ done.at | time }} 冻结。"}
    wait: {event: card.sent, about: "{{ card.id }}", for: 3h, save: letter}
    on_timeout: kept
    goto: sent
  sent:
    say: {en: "A new card comes {{ letter.on | date }}.", zh: "新卡 {{ letter.on | date }} 到。"}
    end: frozen
  kept: {end: kept}
  already:
    say: {en: It is frozen., zh: 已冻结。}
    end: already
  person:
    handoff: {if_closed: closed, return_to: kept}
  closed: {say: {en: We are closed., zh: 已下班。}, end: closed}
"""
HAT = """flow: hat
title: {en: Buy a hat, zh: 买帽子}
triggers: {keywords: {en: [buy], zh: [买]}}
queue: support
slots:
  size: {type: choice}
  name: {type: text, label: {en: Name, zh: 名字}}
steps:
  pick:
    say: {en: Which size?, zh: 多大？}
    choices:
      small: {label: {en: Small, zh: 小}, goto: name}
      large: {label: {en: Large, zh: 大}, goto: name}
    save: size
  name:
    say: {en: Your name?, zh: 您的名字？}
    ask: name
  done:
    say: {en: "Thanks, {{ name }}.", zh: "谢谢，{{ name }}。"}
    end: bought
"""


def explored(folder: Path, flow: str, most: int = exploring.MOST) -> exploring.Explored:
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG)
    name = flow.split(maxsplit=2)[1]
    (folder / "flows" / f"{name}.yaml").write_text(flow)
    [found] = exploring.explore(folder / "config.yaml", [name], most)
    return found


def faults(found: exploring.Explored) -> list[tuple[int, str]]:
    return [(fault.line, fault.what) for fault in found.faults]


@pytest.mark.parametrize("flow", ["order_status", "reschedule", "returns"])
def test_in_the_shipped_flows_nothing_breaks_and_every_step_is_reached(flow: str) -> None:
    [found] = exploring.explore(resources.shipped() / "config.yaml", [flow])
    assert found.faults == ()
    assert not found.stopped
    assert [gap for gap in found.missed if " the step " in str(gap)] == []


def test_every_way_of_a_flow_nobody_wrote_a_script_for_is_taken(tmp_path: Path) -> None:
    found = explored(tmp_path, FREEZE)
    assert faults(found) == []
    assert found.missed == ()


def test_a_dead_end_a_missing_translation_and_a_long_button_are_found_with_the_way_there(
        tmp_path: Path) -> None:
    found = explored(tmp_path, HAT.replace("zh: 您的名字？", "").replace(
        "en: Large,", "en: Large and very widely,").replace(
        "zh: 大}, goto: name}", "zh: 大}, goto: stuck}").replace(
        "    end: bought\n", "    end: bought\n  stuck:\n    say: {en: Wait., zh: 请稍等。}\n"
        "    choices: {over: {label: {en: Once more, zh: 再来}, goto: stuck}}\n"))
    told = faults(found)
    assert [line for line, _ in told] == [13, 16, 21]
    for (_, what), words in zip(told, ("21 characters", "missing in `zh`", "no way leads to an "
                                       "end"), strict=True):
        assert words in what
    assert found.faults[2].way[1:] == ("customer  [Large and very widely]",
                                       "bot       Wait. [over: Once more]")


@pytest.mark.parametrize(("old", "new", "line", "told"), [
    # a field that nothing gives, a sum that fails, a text that is empty
    ("Thanks, {{ name }}", "Thanks, {{ card.name }}", 20, "a value in this text is missing"),
    ("Thanks, {{ name }}", "Thanks, {{ name - 1 }}", 19, "can't be done with values"),
    ("    say: {en: Your name?, zh: 您的名字？}\n", "", 15, "asks without a word"),
    # a question without a valid answer, one that leads back to itself
    ("{type: text, label", "{type: integer, min: 9, max: 3, label", 15, "nothing fits the rules"),
    ("    ask: name\n", "    ask: name\n    goto: name\n", 15, "no way leads to an end"),
    # rounds without end
    ("  done:\n", "  done:\n    goto: thanks\n  poll:\n    goto: poll\n  thanks:\n", 20,
     "no way leads to the step"),
    ("    ask: name\n", "    ask: name\n  poll:\n    call: bank.card\n    with: {phone: x}\n"
     "    save: card\n    on_error: poll\n", 18, "called again and again"),
    # something done twice, or when nothing may be said any more
    ("  done:\n", "  one: {call: bank.freeze, with: {card: x}}\n"
     "  two: {call: bank.freeze, with: {card: x}}\n  done:\n", 19, "done twice"),
    ("  done:\n", "  rest: {wait: {for: 2d}}\n  done:\n", 20, "when the 24 hours are over"),
])
def test_what_breaks_is_told_where_it_is_written(
        tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in HAT
    flow = HAT.replace(old, new)
    if "card." in new:
        flow = flow.replace("  pick:\n", "  get: {call: bank.card, with: {phone: x}, save: card}\n"
                                         "  pick:\n")
    assert any(told in what and at == line for at, what in faults(explored(tmp_path, flow))), \
        faults(explored(tmp_path, flow))


def test_the_same_is_found_each_time(tmp_path: Path) -> None:
    flow = HAT.replace("Thanks, {{ name }}", "Thanks, {{ name - 1 }}")
    assert explored(tmp_path, flow) == explored(tmp_path, flow)


def test_a_limit_ends_the_walk_and_says_so(tmp_path: Path) -> None:
    found = explored(tmp_path, FREEZE, most=20)
    assert (found.turns, found.stopped) == (20, True)
    assert found.missed != ()
    assert faults(found) == []


def test_what_scripts_say_is_answered_and_given(tmp_path: Path) -> None:
    flow = HAT.replace("{type: text, label", "{type: text, check: answer == 'Zoe', label").replace(
        "  pick:\n", "  get: {call: bank.card, with: {phone: x}, save: card}\n  pick:\n").replace(
        "{{ name }}", "{{ card.plan.title }}")
    (tmp_path / "flows" / "tests").mkdir(parents=True)
    (tmp_path / "flows" / "tests" / "hat.yaml").write_text(
        "given: {backend: {bank.card: {plan: {title: Gold}}}}\n"
        "tests: {a: {script: [{customer: Zoe}]}}\n")
    found = explored(tmp_path, flow)
    assert [gap for gap in found.missed if "name" in str(gap)] == []
    assert [fault.way[0] for fault in found.faults] == ["bank.card  gives none"] * len(found.faults)


@pytest.mark.parametrize("pattern", [
    r"[A-Z]{2}\d{6}", r"\d{4}", r"(?i)[a-z]+-\d{2,}", r"[^\s@]+@x\.de", r"(foo|bar)\w*",
    r"0\d{2,4}[ /-]?\d{5,8}", r"\p{Lu}\p{L}+", r"(?P<a>x|y)-(?P=a)", r"[^a-z]+", r"a{2,4}?b*c+"])
def test_a_text_is_made_that_fits_the_pattern(pattern: str) -> None:
    assert any(regex.fullmatch(pattern, text) for text in fitting(pattern)), fitting(pattern)


def test_the_command_tells_and_ends_with_1(tmp_path: Path) -> None:
    explored(tmp_path, HAT.replace("Thanks, {{ name }}", "Thanks, {{ name - 1 }}"))

    def bot_test(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "bot", "test", "--explore", *words],
                              cwd=tmp_path, capture_output=True, text=True, check=False)
    told = bot_test()
    assert told.returncode == 1
    assert told.stdout.startswith("flows/hat.yaml:19 hat/done: this can't be done with values")
    assert "    customer  [Small]\n" in told.stdout
    data = json.loads(bot_test("hat", "--json").stdout)
    assert data["faults"] == 1
    assert data["flows"][0]["faults"][0]["line"] == 19
    assert bot_test("cap").returncode == 2
