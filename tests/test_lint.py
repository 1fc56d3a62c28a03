"""Mistakes planted in a business whose files are right: each is found, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import FLOW, OPTIONS, TEXTS, business, findings

from bot.flow.load import load

#: what stands there, what is written instead, where it is found, and a part of the message
PLANTED = [
    ("queue: support", "queu: support", "3:1 error", "did you mean `queue`?"),
    ("queue: support", "queue: suport", "3:8 error", "no queue `suport` in config.yaml - did you"),
    ("title: {en: Return an item, zh: 退货}", "title: {en: '', zh: 退货}", "2:13 error", "empty"),
    ("Return an item", "Return one or several items", "2:13 warning", "27 characters"),
    ("[return, refund]", "[return, opening hours]", "shop.yaml:4:21 error",
     "“opening hours” starts the flow `returns` too (flows/returns.yaml:6)"),
    ("[return, refund]", "[return, human]", "6:18 error", "starts the command `agent` too"),
    ("[return, refund]", "[return, Return]", "6:18 warning", "stands here twice"),
    ("[return, refund]", "[return, '!!!']", "6:18 error", "no word that anybody could write"),
    ("after: 2h", "after: 2 hours", "10:21 error", "`2 hours` is not a duration"),
    ("after: 2h", "after: 30h", "10:21 warning", "after 24 hours"),
    ("then: stay", "then: sty", "10:66 error", "did you mean `stay`?"),
    ("pattern: '[A-Z]{2}", "pattern: '[A-Z{2}", "12:33 error", "this pattern can't be read"),
    ("clean: upper", "clean: uper", "12:57 error", "did you mean `upper`?"),
    ("  reason: {type", "  spare: {type: text}\n  reason: {type", "13:3 warning", "never used"),
    ("  reason: {type", "  answer: {type: text}\n  reason: {type", "13:3 error", "called `answer`"),
    ("type: choice", "type: chioce", "13:18 error", "did you mean `choice`?"),
    ("type: choice", "type: choice, min: 3", "13:26 error", "`min` is for"),
    ("type: choice", "type: choice, keep: 5 min", "13:32 error", "`5 min` is not a duration"),
    ("type: choice, label: {en: Reason, zh: 原因}", "type: choice", "36:22 error", "a `label`"),
    (", zh: 哪个订单？", "", "16:10 warning", "missing in `zh`"),
    ("en: Which order?", "en: 'Which, {number}?'", "16:15 warning", "write {{ number }}"),
    ("en: Which order?", "en: 'Which, {{ number?'", "16:15 error", "can't be worked out"),
    ("errors: {pattern", "errors: {range: No., pattern", "18:14 warning", "has no `range`"),
    ("label: {en: Number, zh: 订单号}", "label: {en: The number of your orders, zh: 订单号}",
     "36:14 warning", "in the list under *Edit* it is cut"),
    ("file: returns/label}", "file: returns/label}\n    send: {document: label.pdf}", "43:22 error",
     "`label.pdf` is no address"),
    ("    end: sent", "    goto: {edit: order}", "43:18 error", "no step of this flow asks for"),
    ("    end: sent", "    goto: {flow: retrns}", "43:18 error", "did you mean `returns`?"),
    ("    end: sent", "    goto: {flow: returns, with: {numbr: x}}", "43:34 error",
     "no slot `numbr`"),
    ("    end: sent", "    run: {flow: returns}\n    goto: person", "43:17 error", "run itself"),
    ("en: Which order?, ", "", "16:10 error", "default language `en` is missing"),
    ("zh: 哪个订单？", "zn: 哪个订单？", "16:29 error", "did you mean `zh`?"),
    ("zh: 哪个订单？", "fr: Laquelle ?", "16:29 error", "not a language of the title (en, zh)"),
    ("    ask: number", "    ask: numbr", "17:10 error", "no slot `numbr` - did you mean `number`"),
    ("    ask: number", "    ask: reason", "17:10 error", "a choice is asked with `choices`"),
    ("    ask: number", "    ask: number\n    wait: {for: 2h}", "18:5 error",
     "can't stand beside `ask`"),
    ("    ask: number", "    ask: number\n    review: [number]", "18:5 error", "one thing"),
    ("{{ answer }}", "{{ anser }}", "18:28 error", "did you mean `answer`?"),
    ("    errors: {pattern", "    errors: {patern", "18:14 error", "did you mean `pattern`?"),
    ("    attempts: 3", "    atempts: 3", "19:5 error", "did you mean `attempts`?"),
    ("    attempts: 3", "    attempts: three", "19:15 error", "whole number"),
    ("    on_give_up: person\n", "", "19:5 error", "`attempts` needs `on_give_up`"),
    ("on_give_up: person", "on_give_up: persn", "20:17 error", "did you mean `person`?"),
    ("on_give_up: person", "on_give_up: end", "20:17 error", "`end` is not a step"),
    ("call: orders.find", "call: orders.fnd", "22:11 error", "did you mean `orders.find`?"),
    ("    save: order\n", "    save: order\n    say: Found {{ order.item }}\n", "25:10 error",
     "sent before the call"),
    ("{if: order is none", "{if: order is is", "26:14 error", "can't be worked out"),
    ("{if: order is none", "{if: ordr is none", "26:14 error", "did you mean `order`?"),
    ("{if: order is none", "{if: '{{ order }}'", "26:14 error", "without braces here: order"),
    ("refuse: ask, say: {en: No such order., zh: 没有。}}", "step: ask}", "26:9 warning",
     "did you mean {refuse: ask}?"),
    ("refuse: ask,", "refuse: check,", "26:37 error", "keeps no answer"),
    ("refuse: ask,", "refuse: ask, step: why,", "26:9 error", "both `step` and `refuse`"),
    ("      - why", "      - wy", "27:9 error", "there is no step `wy`"),
    ("      - why", "      - {if: order.x, step: why}", "27:9 error", "can't have an `if`"),
    ("      - why", "      - why\n      - ask", "27:9 error", "what follows is never taken"),
    ("    on_error: person\n  why", "    on_error: {flow: returns}\n  why", "28:16 error",
     "`on_error` holds only `if` and `step`: name a step"),
    ("{{ order.item }}", "{{ order.price * order.nights | money }}", "30:15 error",
     "put brackets around the sum: (a * b) | money"),
    ("{{ order.item }}", "{{ today + 2 }}", "30:15 error", "today + days(2)"),
    ("  create:\n", "  rows:\n    say: Which?\n    choices_from: {each: order.rows, id: .id, "
     "label: '{{ .id }}'}\n  create:\n", "39:5 error",
     "this list can be empty: write `if_empty: step`"),
    ("type: choice", "type: date, after: 15", "13:31 error", "`15` is no date"),
    ("{{ order.item }}", "{{ config.shopname }}", "30:15 error", "did you mean `shop_name`?"),
    ("{{ order.item }}", "{{ contact.adress }}", "30:15 warning", "nothing sets `contact.adress`"),
    ("{{ order.item }}", "{{ order.item | mony }}", "30:15 error", "money"),
    ("{{ order.item }}", "{% if a %}x{% endif %}", "30:15 error", "templates/ only"),
    ("{{ order.item }}", "{{ error.kind }}", "30:15 error", "known only in `on_error`"),
    ("{{ order.item }}", "{{ item.id }}", "30:15 error", "known only in `choices_from`"),
    ("zh: 坏了", "zh: ''", "32:40 error", "the text is empty"),
    (", zh: 坏了", "", "32:23 error", "the label is missing in `zh`"),
    ("en: Broken,", "en: Broken and not usable,", "32:28 warning", "become a list"),
    ("en: Broken,", "en: Broken and quite unusable,", "32:28 error", "24 at most"),
    ("      broken:", "      cancel:", "32:7 error", "a name of the system"),
    ("en: Wrong item,", "en: broken!,", "33:27 error", "nobody can tell them apart"),
    ("en: Wrong item,", "en: Unsubscribe,", "33:27 error", "gets no more messages"),
    ("en: Wrong item,", "en: Agent,", "33:27 warning", "starts the command `agent` too"),
    ("reason: {type: choice", "reason: {type: date", "34:11 error", "can't keep a choice"),
    ("    say: {en: Which order?, zh: 哪个订单？}\n", "", "16:5 warning", "nothing is said before"),
    ("    review: [number, reason]",
     "    review: [number, reason]\n    goto: [{if: reason == 'brokn', step: ask}, create]",
     "37:17 error", "`reason` is never `brokn`: it is `broken` or `wrong` - did you mean `broken`"),
    ("    save: reason", "    save: raeson", "34:11 error", "did you mean `reason`?"),
    ("  check:\n", "  stay:\n    end: x\n  check:\n", "35:3 error", "no step can be called `stay`"),
    ("  check:\n", "  Bad-Name:\n    end: x\n  check:\n", "35:3 error", "for example `bad_name`"),
    ("  person:\n", "  lost:\n    end: x\n  person:\n", "44:3 error", "no way leads to the step"),
    ("  check:\n", "  one:\n    goto: two\n  two:\n    goto: one\n  check:\n", "35:3 error",
     "without ever waiting: `one` → `two`"),
    ("[number, reason]", "[number, reason, order]", "36:30 error", "needs a `label`"),
    ("    review: [number, reason]", "    say: Thanks.", "38:11 warning", "put a `review` before"),
    ("reason: \"{{ reason }}\"", "reason: {{ reason }}", "39:44 error", "put the text in quotes: "
     "with: {number: \"{{ number }}\", reason: \"{{ reason }}\"}"),
    ("file: returns/label", "file: returns/lable", "42:17 error", "did you mean `returns/label`?"),
    ("end: sent", "end: sent\n    goto: ask", "44:5 error", "`goto` can't stand beside `end`"),
    ("end: sent", "end: cancelled", "43:10 warning", "gives by itself"),
    ("    handoff: {note: \"Return of {{ number }}\"}", "    say: Bye", "44:3 error",
     "ends at `person` without an outcome"),
    ("{note: ", "{queue: repair, note: ", "45:22 error", "did you mean `repairs`?"),
    ("{note: ", "{priority: hgh, note: ", "45:25 error", "did you mean `high`?"),
    ("    handoff: {note: \"Return of {{ number }}\"}", "    handoff: support", "45:14 error",
     "{queue: support}"),
]


@pytest.mark.parametrize(("right", "wrong", "place", "part"), PLANTED,
                         ids=[f"{number}" for number in range(len(PLANTED))])
def test_a_planted_mistake_is_found_at_its_place(
    tmp_path: Path, right: str, wrong: str, place: str, part: str,
):
    assert right in FLOW
    place = place if "yaml" in place else f"returns.yaml:{place}"
    found = findings(tmp_path, returns=FLOW.replace(right, wrong, 1))
    assert any(one.startswith(f"flows/{place} ") and part in one for one in found), found


def test_files_that_are_right_have_no_findings(tmp_path: Path):
    assert findings(tmp_path) == []


def test_all_mistakes_are_found_in_one_run(tmp_path: Path):
    text = FLOW
    for right, wrong in (("queue: support", "queu: support"), ("attempts: 3", "attempts: no"),
                         ("      - why", "      - wy"), ("order is none", "ordr is none"),
                         ("en: Broken,", "en: Broken and quite unusable,")):
        text = text.replace(right, wrong)
    places = [one.split(" ")[0].removeprefix("flows/returns.yaml:")
              for one in findings(tmp_path, returns=text)]
    assert places == ["3:1", "19:15", "26:14", "27:9", "32:28"]


def test_a_question_that_is_known_already_stops_no_circle(tmp_path: Path):
    steps = """flow: small
title: Small
triggers: {keywords: [small]}
slots: {name: {type: text}}
steps:
  ask: {say: Name?, ask: name, skip_if: known, on_timeout: {after: 1h, then: end}}
  show: {say: "{{ name }}", goto: ask}
"""
    assert findings(tmp_path, small=steps) == [
        "flows/small.yaml:6:3 error the flow can go round here without ever waiting: "
        "`ask` → `show`"]
    emptied = steps.replace("goto: ask", "set: {name: none}, goto: ask")
    assert findings(tmp_path, small=emptied) == []


def test_texts_of_one_item_have_the_same_languages(tmp_path: Path):
    found = findings(tmp_path, shop="""answers: shop
items:
  hours:
    keywords: [open]
    say: [{en: Open., zh: 开。}, {en: Come in.}]
""")
    assert found == ["flows/shop.yaml:5:32 warning the text is missing in `zh`, other texts of "
                     "this item are not"]


def test_a_goto_that_no_choice_follows_is_found(tmp_path: Path):
    found = findings(tmp_path, returns=FLOW.replace(
        "also: {en: [torn]}}", "goto: check}").replace("    save: reason", "    goto: ask"))
    assert "flows/returns.yaml:34:11 warning this is never taken: each choice leads somewhere " \
           "itself" in found


def test_other_mistakes_of_writing_hide_no_wrong_name(tmp_path: Path):
    text = FLOW.replace("    save: order\n", "    save: order\n    save: order\n").replace(
        "  done:\n", "  empty:\n  done:\n").replace("      - why", "      - wy").replace(
        "refuse: ask,", "refuse: empty,")
    found = [one.removeprefix("flows/returns.yaml:") for one in findings(tmp_path, returns=text)]
    assert found == [
        "25:5 error `save` stands here twice (first in line 24)",
        "28:9 error there is no step `wy` - did you mean `why`?",
        "42:3 error `empty` has nothing after it"]


def test_lines_that_need_quotes_hide_nothing_else(tmp_path: Path):
    text = FLOW
    for right, wrong in (
        ("{en: Which order?, zh: 哪个订单？}", "Note: which order?"),
        ('{number: "{{ number }}"}', "{number: {{ number }}}"),
        ("    say: {file: returns/label}", "    say: *Done*    # at last"),
        ("attempts: 3", "attempts: many"), ("order is none", "ordr is none"),
    ):
        text = text.replace(right, wrong, 1)
    found = [one.removeprefix("flows/returns.yaml:") for one in findings(tmp_path, returns=text)]
    places = [one.split(" ")[0] for one in found]
    assert places == ["16:10", "19:15", "23:20", "26:14", "42:10"]
    assert found[4].endswith('put the text in quotes: say: "*Done*"    # at last')


@pytest.mark.parametrize(("item", "place", "part"), [
    ("agent: {keywords: {en: [agent]}, does: hndoff}", "3:42 error", "did you mean `handoff`?"),
    ("agent: {does: handoff}", "3:10 error", "needs `keywords`"),
    ("agent: {keywords: {en: [agent]}}", "3:10 error", "something to say"),
    ("agent: {keywords: {en: [agent]}, does: handoff, queue: x}", "3:58 error", "no queue `x`"),
    ("go: {keywords: {en: [go]}, goto: {flow: retuns}}", "3:43 error", "did you mean `returns`?"),
    ("go: {keywords: {en: [go]}, goto: ask}", "3:36 error", "a command has no steps"),
    ("go: {keywords: {en: [go]}, goto: {flow: returns, with: {nr: x}}}", "3:59 error",
     "has no slot `nr`"),
    ("go: {keywords: {en: [go]}, does: back, say: Hi, choices: {a: {label: A}}}", "3:51 error",
     "can't stand beside `does`"),
    ("go: {keywords: {en: [go]}, say: '{{ number }}'}", "3:35 error", "no name `number`"),
    ("gone: {off: true}", "3:3 error", "there is no command `gone`"),
])
def test_mistakes_in_commands_are_found(tmp_path: Path, item: str, place: str, part: str):
    found = findings(tmp_path, commands=f"commands: standard\nitems:\n  {item}\n")
    assert any(one.startswith(f"flows/commands.yaml:{place} ") and part in one
               for one in found), found


@pytest.mark.parametrize(("item", "place", "part"), [
    ("hours: {say: Open}", "3:10 error", "`keywords` or `examples`"),
    ("hours: {keywords: {en: [open]}}", "3:10 error", "`say` or `send`"),
    ("hours: {keywords: {en: [open]}, say: '{{ order }}'}", "3:40 error", "no name `order`"),
    ("hours: {keywords: {en: [open]}, say: Open, goto: x}", "3:46 error", "no word `goto`"),
    ("hours: {keywords: {xx: [open]}, say: Open}", "3:22 error", "`xx` is not a language"),
])
def test_mistakes_in_answers_are_found(tmp_path: Path, item: str, place: str, part: str):
    found = findings(tmp_path, shop=f"answers: shop\nitems:\n  {item}\n")
    assert any(one.startswith(f"flows/shop.yaml:{place} ") and part in one for one in found), found


def test_a_text_of_the_system_uses_the_names_of_the_shipped_one_only(tmp_path: Path):
    assert findings(tmp_path, texts=TEXTS.replace("{{ answer }}", "{{ answer | upper }}")) == []


def test_a_button_of_the_system_is_measured(tmp_path: Path):
    found = findings(tmp_path, texts=TEXTS.replace("Confirm,", "Yes I confirm all of that,"))
    assert found == ["flows/texts.yaml:3:17 error 25 characters are too long for a button: "
                     "20 at most"]


def test_a_broken_template_is_found_in_its_own_file(tmp_path: Path):
    business(tmp_path)
    (tmp_path / "templates" / "returns" / "label.en.j2").write_text("Hi\n{% if x %}\n")
    again = business  # the files are written anew by it: load what stands there instead
    del again


    found = load(tmp_path / "flows", tmp_path / "templates", OPTIONS).findings
    assert [one.file.rsplit("/", 1)[1] for one in found if one.level == "error"] == ["label.en.j2"]


def test_the_names_of_a_long_text_are_looked_at_but_not_those_of_its_loops(tmp_path: Path):
    business(tmp_path)
    (tmp_path / "templates" / "returns" / "label.en.j2").write_text(
        "{% for item in order.parts %}{{ item.name }} {{ nmber }}{% endfor %}\n")
    found = load(tmp_path / "flows", tmp_path / "templates", OPTIONS).findings
    assert [str(one).split("returns.yaml:")[1] for one in found] == [
        "42:10 error there is no slot `nmber` for templates/returns/label.en.j2 - did you mean "
        "`number`?"]


def test_flows_that_run_each_other_in_a_circle_are_found(tmp_path: Path):
    one = "flow: one\ntitle: One\nsteps:\n  a: {run: {flow: two}}\n  b: {end: done}\n"
    two = one.replace("one", "two", 1).replace("two}", "one}")
    found = findings(tmp_path, one=one, two=two)
    assert "flows/one.yaml:4:19 error the flow `one` would run itself through `two`: use goto: " \
           "{flow: two} instead" in found


def test_an_outcome_that_the_other_flow_never_has_is_found(tmp_path: Path):
    one = """flow: one
title: One
triggers: {keywords: [one]}
steps:
  a:
    run: {flow: two}
    goto: [{if: outcome == 'foud', step: c}, {if: outcome == 'gave_up', step: c}, b]
  b: {end: done}
  c: {end: other}
"""
    found = findings(tmp_path, one=one, two="flow: two\ntitle: Two\nsteps: {a: {end: found}}\n")
    assert found == ["flows/one.yaml:7:17 error the flow `two` never ends with `foud` - did you "
                     "mean `found`?"]


def test_flows_that_start_each_other_without_waiting_are_found(tmp_path: Path):
    one = "flow: one\ntitle: One\nsteps:\n  a: {goto: {flow: two}}\n"
    two = one.replace("one", "two", 1).replace("two}", "one}")
    found = findings(tmp_path, one=one, two=two)
    assert any(text.startswith("flows/one.yaml:4:13 error `one` can start again") for text in found)


def test_a_body_too_long_for_buttons_is_found(tmp_path: Path):
    long = "x" * 1_100
    found = findings(tmp_path, returns=FLOW.replace("Why {{ order.item }}?", long))
    assert any("flows/returns.yaml:30:15 error the last paragraph has 1100" in one
               for one in found), found
    found = findings(tmp_path, returns=FLOW.replace("Which order?", "x" * 4_100))
    assert any("16:15 error 4100 characters are too long for a message" in one for one in found)


def test_the_longest_value_of_a_slot_is_considered(tmp_path: Path):
    found = findings(tmp_path, returns=FLOW.replace("en: Wrong item,",
                                                    'en: "Not at all order {{ number }}",'))
    assert any("33:27 warning with its longest values this has 25 characters" in one
               for one in found), found


def test_two_flows_with_the_same_words_are_found_whatever_their_order(tmp_path: Path):
    other = "flow: a\ntitle: A\ntriggers: {keywords: [Refund!]}\nsteps:\n  a: {end: done}\n"
    found = findings(tmp_path, a=other)
    assert found == ["flows/returns.yaml:6:18 error “refund” starts the flow `a` too "
                     "(flows/a.yaml:3): keep it in one place"]
