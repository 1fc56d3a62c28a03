"""Scripts beside the flows: how they are read, what they find, and what a failure tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import testing
from bot.errors import FlowError
from bot.scripts.judging import Differs
from bot.scripts.playing import play
from bot.scripts.reading import Script, read

CONFIG = """
timezone: Europe/Berlin
channels:
  main: {provider: meta, phone_number_id: "1", app_secret: "${S}", access_token: "${T}",
         verify_token: "${V}"}
backends:
  stock:
    base_url: http://127.0.0.1:9
    operations:
      find: {get: "/items/{name}", missing: 404}
      order: {post: /orders, json: {name: "{name}", on: "{on}"}}
"""

FLOW = """
flow: buying
title: {en: Buy something}
triggers: {keywords: {en: [buy]}}
slots:
  what: {type: text, label: {en: Item}}
  on: {type: date, label: {en: Day}}
  size: {type: choice, label: {en: Size}}
  photo: {type: image, label: {en: Photo}}
steps:
  ask:
    say: {en: What would you like?}
    ask: what
  find:
    call: stock.find
    with: {name: "{{ what }}"}
    save: item
    goto:
      - {if: item is none, refuse: ask, say: {en: We have no such thing.}}
      - pick
    on_error: nobody
  pick:
    say: {en: "{{ item.title }}: which size?"}
    choices:
      small: {label: {en: Small}}
      large: {label: {en: Large}}
    save: size
  day:
    say: {en: When?}
    ask: on
  picture:
    say: {en: A photo please.}
    ask: photo
  review:
    review: [what, size, on, photo]
  order:
    tag: buyer
    call: stock.order
    with: {name: "{{ what }}", on: "{{ on }}"}
    save: done
    on_error: nobody
  thanks:
    say: {en: Thank you.}
    end: bought
  nobody:
    handoff: {}
"""

WHOLE = """
      - customer: buy
      - bot: What would you like
      - customer: hat
      - bot: {contains: [Felt hat, which size], choices: [small, large], lacks: photo}
      - tap: Large
      - customer: 2026-04-01
      - customer: {image: hat.jpg, text: like this}
      - bot: {contains: [Large, received], language: en, type: buttons}
      - tap: confirm
      - bot: Thank you
"""


@pytest.fixture
def project(tmp_path: Path) -> testing.Project:
    (tmp_path / "flows").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "flows" / "buying.yaml").write_text(FLOW)
    return testing.load(tmp_path / "config.yaml")


def script(tmp_path: Path, lines: str,
           given: str = "{backend: {stock.find: {title: Felt hat}, stock.order: {id: 7}}}",
           ) -> Script:
    path = tmp_path / "buying.yaml"
    path.write_text(f"tests:\n  a hat:\n    given: {given}\n    script:{lines}")
    [found] = read(path)
    return found


def test_a_conversation_that_goes_as_written_passes(
        tmp_path: Path, project: testing.Project) -> None:
    chat = play(script(tmp_path, WHOLE + """
      - expect:
          outcome: bought
          slots: {what: hat, size: large, on: 2026-04-01, photo: hat.jpg}
          tags: buyer
          owner: bot
          calls: {stock.order: {name: hat, on: 2026-04-01}, stock.find: [{name: hat}]}
"""), project)
    assert [call.operation for call in chat.calls] == ["stock.find", "stock.order"]


@pytest.mark.parametrize(("expected", "problem"), [
    ("{outcome: lost}", "outcome is bought, not lost"),
    ("{step: pick}", "step is none, not pick"),
    ("{queue: support}", "queue is none, not support"),
    ("{slots: {size: small}}", "the slot size is large, not small"),
    ("{slots: {nothing: x}}", "the slot nothing is none, not x"),
    ("{tags: [buyer, vip]}", "the tags are buyer, without vip"),
    ("{calls: none}", "stock.find was called"),
    ("{calls: {stock.order: none}}", "stock.order was called with"),
    ("{calls: {stock.order: {name: cap}}}", "stock.order was called with"),
    ("{calls: {stock.order: [{name: hat}, {name: hat}]}}", "stock.order was called 1 times"),
    ("{colour: red}", "“colour” is unknown in expect"),
])
def test_what_is_not_as_expected_is_told(
        tmp_path: Path, project: testing.Project, expected: str, problem: str) -> None:
    with pytest.raises(Differs) as failure:
        play(script(tmp_path, WHOLE + f"      - expect: {expected}\n"), project)
    assert problem in str(failure.value)


def test_a_failure_shows_the_place_the_line_and_the_chat(
        tmp_path: Path, project: testing.Project) -> None:
    with pytest.raises(Differs) as failure:
        play(script(tmp_path, """
      - customer: buy
      - customer: hat
      - bot: {contains: Straw hat}
"""), project)
    assert str(failure.value) == f"""{tmp_path / 'buying.yaml'}:7 “a hat”
 customer  buy
      bot  What would you like?
 customer  hat
      bot  Felt hat: which size?
           [small: Small] [large: Large]
      >>>  bot: {{contains: Straw hat}}
           No new message of the bot is like that: “Straw hat” is not in it"""


@pytest.mark.parametrize(("line", "problem"), [
    ("bot: nothing", "should have said nothing"),
    ("bot: {choices: [medium]}", "it does not offer medium but small, large"),
    ("bot: {lacks: Felt}", "“Felt” is in it"),
    ("bot: {document: x.pdf}", "it holds no document x.pdf"),
    ("bot: {language: zh}", "its language is en"),
    ("bot: {type: list}", "it is of the type buttons"),
    ("bot: {link: https://x.example}", "it has no link to"),
    ("bot: {says: hello}", "“says” is unknown in bot"),
    ("tap: medium", "no message has a button or row “medium”"),
    ("customer: {poem: x}", "a customer sends a text or one of"),
    ("agent: {sings: x}", "“sings” is unknown in agent"),
    ("agent: {closes: later}", "an agent `closes: done`"),
])
def test_a_line_that_does_not_hold_is_told(
        tmp_path: Path, project: testing.Project, line: str, problem: str) -> None:
    with pytest.raises(Differs) as failure:
        play(script(tmp_path, f"""
      - customer: buy
      - customer: hat
      - {line}
"""), project)
    assert problem in str(failure.value)


def test_operations_answer_in_turn_by_argument_or_fail(
        tmp_path: Path, project: testing.Project) -> None:
    chat = play(script(tmp_path, """
      - customer: buy
      - customer: cap
      - bot: We have no such thing
      - customer: hat
      - bot: First hat
      - customer: change item
      - customer: hat
      - bot: Second hat
      - customer: change item
      - customer: hat
      - bot: Second hat
""", """
      backend:
        stock.find:
          - {when: {name: hat}, gives: {in turn: [{title: First hat}, {title: Second hat}]}}
          - gives: none"""), project)
    assert len(chat.calls) == 4
    chat = play(script(tmp_path, """
      - customer: buy
      - customer: hat
      - expect: {queue: support, owner: queue}
""", "{backend: {stock.find: {error: 503}}}"), project)
    assert chat.owner == "queue"


def test_an_operation_for_which_nothing_is_given_is_told(
        tmp_path: Path, project: testing.Project) -> None:
    lines = "\n      - customer: buy\n      - customer: hat\n"
    with pytest.raises(Differs, match=r"nothing is given for the operation stock\.find"):
        play(script(tmp_path, lines, "{backend: {}}"), project)
    with pytest.raises(Differs, match=r"no `when` of stock\.find fits"):
        play(script(tmp_path, lines, "{backend: {stock.find: "
                            "{when: {name: cap}, gives: {}}}}"), project)


def test_time_an_agent_and_the_closed_window(tmp_path: Path, project: testing.Project) -> None:
    play(script(tmp_path, """
      - customer: agent
      - bot: colleague
      - agent: takes
      - expect: {owner: agent}
      - customer: hello?
      - bot: nothing
      - agent: {says: Hi!}
      - bot: Hi!
      - advance: 25h
      - agent: {says: Too late}
      - bot: nothing
      - customer: yes?
      - bot: Too late
      - agent: {closes: done}
      - expect: {owner: bot}
"""), project)


def test_who_writes_and_when_can_be_given(tmp_path: Path, project: testing.Project) -> None:
    chat = play(script(tmp_path, """
      - customer: buy
""", "{now: 2026-07-01T09:00, contact: {name: Ann, language: en, phone: none}}"), project)
    assert chat.now == 1_782_889_200_000
    assert (chat.contact.name, chat.contact.phone) == ("Ann", None)


@pytest.mark.parametrize(("text", "problem"), [
    ("", "1:1 error the file is empty"),
    ("given: {}\n", "1:1 error the file holds no `tests:`"),
    ("tests:\n  a: {script: [{customer: x}]}\nmore: 1\n", "3:1 error “more” is unknown"),
    ("tests:\n  a: {scripts: []}\n", "2:1 error “scripts” is unknown"),
    ("tests:\n  a: {}\n", "2:1 error “a” needs a list `script:`"),
    ("tests:\n  a:\n    script:\n      - shout: x\n", "4:1 error a line of a script is one of"),
    ("tests:\n  a:\n    script:\n      - hello\n", "4:1 error here `word: value` is needed"),
    ("tests:\n  a: {given: {wind: 3}, script: []}\n", "2:1 error “wind” is unknown in given"),
    ("tests:\n  a: {given: {contact: {age: 3}}, script: []}\n", "“age” is unknown in contact"),
    ("tests: [\n", "error"),
])
def test_a_mistake_in_a_file_is_told_with_its_line(
        tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(FlowError) as failure:
        read(path)
    assert problem in str(failure.value)
    assert str(path) in str(failure.value)


def test_a_time_that_is_none_is_told(tmp_path: Path, project: testing.Project) -> None:
    with pytest.raises(FlowError, match="soon is no time"):
        play(script(tmp_path, "\n      - customer: buy\n", "{now: soon}"), project)


def test_plain_words_and_numbers_are_data_and_quoted_ones_text(tmp_path: Path) -> None:
    found = script(tmp_path, " []", """
      backend: {a: {b: true, c: "true", d: 12, e: "12", f: 1.5, g: none, h: 007, i: 2026-03-01}}""")
    assert found.given["backend"]["a"] == {
        "b": True, "c": "true", "d": 12, "e": "12", "f": 1.5, "g": None, "h": "007",
        "i": "2026-03-01"}


def test_what_is_said_is_text_as_it_is_written(tmp_path: Path) -> None:
    found = script(tmp_path, """
      - customer: none
      - customer: 1.10
      - bot: true
      - bot: {contains: [none, 2.50]}
      - tap: 007
""")
    assert [entry.value for entry in found.entries] == [
        "none", "1.10", "true", {"contains": ["none", "2.50"]}, "007"]


def test_two_lines_about_one_message_are_told_from_two_messages(
        tmp_path: Path, project: testing.Project) -> None:
    with pytest.raises(Differs, match="The message of the line above is like that"):
        play(script(tmp_path, """
      - customer: buy
      - customer: hat
      - bot: Felt hat
      - bot: which size
"""), project)


def test_a_tap_is_shown_by_what_was_tapped(tmp_path: Path, project: testing.Project) -> None:
    chat = play(script(tmp_path, """
      - customer: buy
      - customer: hat
      - tap: small
"""), project)
    assert " customer  Small\n" in chat.transcript()


def test_what_the_last_turn_of_a_flow_filled_can_be_looked_at(
        tmp_path: Path, project: testing.Project) -> None:
    (tmp_path / "flows" / "mood.yaml").write_text(
        "flow: mood\ntitle: Mood\ntriggers: {keywords: [mood]}\nslots: {mood: {type: choice}}\n"
        "steps:\n  ask: {say: How are you?, choices: {good: {label: Good}}, save: mood}\n"
        "  bye: {say: Bye., end: told}\n")
    play(script(tmp_path, """
      - customer: mood
      - tap: good
      - expect: {outcome: told, slots: {mood: good}}
"""), testing.load(tmp_path / "config.yaml"))


def test_what_is_given_for_the_file_holds_for_each_test(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("given: {backend: {a: 1, b: 2}, now: 2026-03-01}\ntests:\n"
                    "  one: {script: []}\n  two: {given: {backend: {b: 3}}, script: []}\n")
    one, two = read(path)
    assert one.given == {"backend": {"a": 1, "b": 2}, "now": "2026-03-01"}
    assert two.given["backend"] == {"a": 1, "b": 3}


def test_a_script_can_begin_anywhere_in_a_flow(tmp_path: Path, project: testing.Project) -> None:
    chat = play(script(tmp_path, """
      - bot: {contains: [hat, Large], choices: [confirm, edit, cancel]}
      - tap: confirm
      - bot: Thank you
      - expect: {outcome: bought, calls: {stock.order: {name: hat}}}
""", "{step: review, slots: {what: hat, size: large}, backend: {stock.order: {id: 7}}}"), project)
    assert [call.operation for call in chat.calls] == ["stock.order"]


def test_a_flow_can_be_begun_without_a_word(tmp_path: Path, project: testing.Project) -> None:
    play(script(tmp_path, """
      - run: buying
      - bot: What would you like
      - customer: hat
      - expect: {step: pick}
"""), project)
    path = tmp_path / "other.yaml"
    path.write_text("tests:\n  one: {run: buying, given: {contact: {tags: vip}}, script: "
                    "[{bot: What would}, {expect: {tags: vip}}]}\n")
    [found] = read(path)
    play(found, project)


@pytest.mark.parametrize(("given", "problem"), [
    ("{step: nowhere}", "the flow buying has no step nowhere"),
    ("{slots: {nothing: 1}}", "the flow buying has no slot nothing")])
def test_beginning_where_nothing_is_is_told(
        tmp_path: Path, project: testing.Project, given: str, problem: str) -> None:
    with pytest.raises(Differs) as failure:
        play(script(tmp_path, " [{bot: nothing}]", given), project)
    assert problem in str(failure.value)


def test_a_text_that_printed_none_fails(tmp_path: Path, project: testing.Project) -> None:
    with pytest.raises(Differs, match=r"a value in this text is missing: .*item\.title"):
        play(script(tmp_path, """
      - customer: buy
      - customer: hat
""", "{backend: {stock.find: {price: 3}}}"), project)


def test_saying_nothing_otherwise_is_no_missing_value(
        tmp_path: Path, project: testing.Project) -> None:
    flow = project.folder / "buying.yaml"
    flow.write_text(flow.read_text().replace(
        "say: {en: Thank you.}", "say: {en: \"Thank you{{ ' very much' if what == 'cap' }}.\"}"))
    play(script(tmp_path, WHOLE), testing.load(tmp_path / "config.yaml"))
