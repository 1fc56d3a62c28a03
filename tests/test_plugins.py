"""Actions, slot types and filters of a business's own: found, checked, and used by flows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from plugging import CONFIG, FLOW, PAGE, PLUGIN, project

from bot import testing
from bot.check import find_mistakes
from bot.errors import ConfigError, FlowError
from bot.scripts import running

IBAN = "DE89370400440532013000"


def findings(config: Path) -> list[str]:
    return [re.sub(r"^.*/(plugins|flows)/", r"\1/", str(each))
            for each in find_mistakes(config).findings]


def chat(config: Path, **given: object) -> testing.Chat:
    return testing.Chat(testing.load(config).flows, given)


def test_the_example_of_the_page_has_no_mistake_and_runs(tmp_path: Path) -> None:
    config = project(tmp_path)
    assert findings(config) == []
    talk = testing.Chat(testing.load(config).flows, {
        "stock.find": {"article": "boots", "left": 2}, "stock.reserve": {"number": "R-1"}})
    talk.writes("reserve")
    talk.writes("boots")
    assert "Which account" in talk.messages[-1].text
    talk.writes("DE89 3704")
    assert "This is no IBAN." in talk.messages[-1].text
    talk.writes("de89 3704 0044 0532 0130 01")
    assert "not possible here" in talk.messages[-1].text
    talk.writes("de89 3704 0044 0532 0130 00")
    assert "DE89 3704 0044 0532 0130 00" in talk.messages[-1].text
    assert talk.slots["account"] == IBAN
    talk.taps("confirm")
    assert talk.calls[-1].arguments == {"article": "boots", "account": IBAN}
    assert talk.messages[-1].text == "R-1 is yours, charged to ••••••••••••••••••3000."
    assert talk.outcome == "reserved"


def test_the_script_of_the_page_stands_in_for_the_actions(tmp_path: Path) -> None:
    config = project(tmp_path)
    (tmp_path / "flows" / "tests").mkdir()
    script = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
                  if block.startswith("tests:"))
    (tmp_path / "flows" / "tests" / "reserve.yaml").write_text(script, "utf-8")
    loaded = testing.load(config)
    results = running.run(config, loaded, running.find(loaded, [], ""), 1)
    assert [each.failure for each in results.results] == [""]


def test_an_action_for_which_nothing_is_given_is_not_called_by_a_script(tmp_path: Path) -> None:
    talk = chat(project(tmp_path))
    talk.writes("reserve")
    with pytest.raises(testing.ScriptError, match=r"nothing is given for .* stock\.find"):
        talk.writes("boots")


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("call: stock.find", "call: stock.fnid", "`stock.find`"),
    ("type: iban", "type: ibna", "`iban`"),
    ("| masked }}", "| maskd }}", "there is no filter maskd; did you mean masked?"),
    ('{article: "{{ article }}"}', '{artcle: "{{ article }}"}',
     "`stock.find` takes no `artcle` - did you mean `article`?"),
    ('{article: "{{ article }}"}', '{article: "{{ article }}", colour: red}',
     "`stock.find` takes no `colour`"),
    ('    with: {article: "{{ article }}"}\n', "", "can't be asked without `article`"),
    ("  check: {review: [article, account]}\n", "", "`stock.reserve` changes something"),
    ("type: iban,", "type: iban, min: 3,", "`min` is for"),
])
def test_check_knows_them(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert FLOW.count(old) >= 1
    found = findings(project(tmp_path, flow=FLOW.replace(old, new)))
    assert [line for line in found if expected in line], found


@pytest.mark.parametrize(("text", "expected"), [
    ("import stdnum_of_nobody\n", "plugins/shop.py:1:1 error this file can't be imported: "
     "ModuleNotFoundError: No module named 'stdnum_of_nobody' - install the package that has "
     "`stdnum_of_nobody` beside the bot, or take the import out"),
    ("x = 1\ndef broken(:\n",
     "plugins/shop.py:2:12 error this file can't be imported: SyntaxError"),
    ("x = 1\n\ny = x / 0\n", "plugins/shop.py:3:1 error this file can't be imported: "
                             "ZeroDivisionError: division by zero - mend this line"),
    ("from bot.plugins import action\n\n@action('stock.find')\ndef find(call):\n    return 1\n",
     "plugins/shop.py:3:1 error this file can't be imported: TypeError: an action is an async "
     "function: async def find"),
    ("from bot.plugins import action\n\n@action('stock.find')\nasync def find():\n    return 1\n",
     "the first parameter of an action is the call"),
    ("from bot.plugins import slot_type\n\n@slot_type('Iban')\ndef iban(text, context):\n"
     "    return text\n", "ValueError: 'Iban' can't be a name"),
    ("raise SystemExit('no licence')\n", "plugins/shop.py:1:1 error this file can't be imported: "
                                         "SystemExit: no licence"),
])
def test_a_file_that_can_not_be_imported_is_a_mistake_with_its_place(
        tmp_path: Path, text: str, expected: str) -> None:
    config = project(tmp_path, shop=text)
    (found,) = findings(config)
    assert expected in found
    assert " - " in found
    with pytest.raises(ConfigError, match="can't be imported"):
        testing.load(config)


@pytest.mark.parametrize(("declared", "expected"), [
    ('@filter("money")', "the filter `money`: the language has a filter of this name"),
    ('@slot_type("email")', "the slot type `email`: the language has a slot type of this name"),
    ('@action("orders.find")', "the action `orders.find`: an operation of `backends:` in "
                               "config.yaml has this name"),
    ('@filter("masked")', "the filter `masked` is declared in shop.py:36 too"),
])
def test_a_name_that_is_taken_is_a_mistake(tmp_path: Path, declared: str, expected: str) -> None:
    config = CONFIG + ('backends:\n  orders: {base_url: "http://127.0.0.1", '
                       "operations: {find: {get: /x}}}\n")
    other = ("from bot.plugins import action, filter, slot_type\n\n\n" + declared
             + "\nasync def f(call): ...\n".replace(
                 "async def f(call)", "async def f(call)" if "action" in declared
                 else "def f(value, context=None)"))
    (found,) = findings(project(tmp_path, config=config, shop=PLUGIN, zzz=other))
    assert found.startswith("plugins/zzz.py:4:1 error ")
    assert expected in found


def test_files_of_the_folder_find_each_other_and_the_private_ones_declare_nothing(
        tmp_path: Path) -> None:
    shop = PLUGIN.replace('STOCK = {"trail shoes": 3, "boots": 0}', "from ._stock import STOCK")
    again = "from .shop import find, iban, masked  # imported, and declared once\n"
    config = project(tmp_path, shop=shop, _stock="STOCK = {}\n", again=again)
    assert findings(config) == []


def test_two_projects_in_one_process_have_their_own(tmp_path: Path) -> None:
    one = project(tmp_path / "one")
    two = project(tmp_path / "two", shop=PLUGIN.replace('"iban"', '"konto"'))
    assert findings(one) == []
    assert [line for line in findings(two) if "`konto`" in line or "`iban`" in line]


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    config = project(tmp_path, config=CONFIG.replace("plugins: plugins", "plugins: plugin"))
    assert [line for line in findings(config) if "there is no folder" in line]


def test_an_installed_package_brings_its_own(tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    (site / "our_shop-1.0.dist-info").mkdir(parents=True)
    (site / "our_shop_plugins.py").write_text(PLUGIN, "utf-8")
    (site / "our_shop-1.0.dist-info" / "METADATA").write_text("Name: our-shop\nVersion: 1.0\n")
    entries = "".join(f"[frontdesk.{group}]\nshop = our_shop_plugins\n"
                      for group in ("actions", "slot_types", "filters"))
    names = site / "our_shop-1.0.dist-info" / "entry_points.txt"
    names.write_text(entries)
    monkeypatch.syspath_prepend(str(site))
    config = project(tmp_path, config=CONFIG.replace("plugins: plugins\n", ""))
    assert findings(config) == []
    names.write_text("[frontdesk.filters]\nshop = our_shop_gone\n")
    (found,) = find_mistakes(config).findings
    assert "the entry point `shop` of the package our-shop (group frontdesk.filters) can't be " \
           "imported: ModuleNotFoundError" in found.message
    sys.modules.pop("our_shop_plugins", None)


def test_a_slot_type_that_raises_fails_the_step_and_not_the_conversation(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = '    plain = "".join'
    broken = PLUGIN.replace(first, f"    raise ValueError(text)\n{first}")
    talk = testing.Chat(testing.load(project(tmp_path, shop=broken)).flows,
                        {"stock.find": {"article": "boots", "left": 2}})
    for text in ("reserve", "boots", "my secret account"):
        talk.writes(text)
    assert talk.ticket is not None
    assert talk.incidents == [
        "reserve/ask_account: the slot type iban failed (ValueError)"]
    assert "plugin failed" in caplog.text
    assert "my secret account" not in caplog.text


@pytest.mark.parametrize("value", ["None", "{1: 2}", "object()", "float('nan')", "(1, 2)"])
def test_a_value_that_can_not_be_kept_is_no_value(tmp_path: Path, value: str) -> None:
    broken = PLUGIN.replace("return plain if int(digits) % 97 == 1 else", f"return {value}\n   ")
    broken = broken.replace(f'return {value}\n    Refusal("check")', f"return {value}")
    talk = testing.Chat(testing.load(project(tmp_path, shop=broken)).flows,
                        {"stock.find": {"article": "boots", "left": 2}})
    for text in ("reserve", "boots", IBAN):
        talk.writes(text)
    assert [each for each in talk.incidents if "can't be kept" in each]


def test_a_filter_may_ask_for_the_context_and_be_named_in_map(tmp_path: Path) -> None:
    plugin = ("from bot.plugins import filter\n\n\n@filter('loud')\ndef loud(value, mark='!', *, "
              "context):\n    return f'{value}{mark} {context.language} {context.now:%H:%M} '\n")
    flow = ("flow: loud\ntitle: Loud\ntriggers: {keywords: [loud]}\nslots: {a: {type: text}}\n"
            "steps:\n  ask: {say: What?, ask: a}\n"
            "  done: {say: \"{{ a | loud }}{{ a | loud('?') }}{{ [a, a] | map('loud') | join }}\","
            " end: done}\n")
    config = project(tmp_path, flow=flow, shop=plugin)
    assert findings(config) == []
    talk = chat(config)
    talk.writes("loud")
    talk.writes("boo")
    assert talk.messages[-1].text == (
        "boo! en 09:00 boo? en 09:00 boo! en 09:00 boo! en 09:00 ")


def test_a_version_whose_slot_type_is_gone_fails_the_step(tmp_path: Path) -> None:
    config = project(tmp_path)
    with_type = testing.load(config)
    (tmp_path / "bare").mkdir()
    bare = project(tmp_path / "bare", shop=PLUGIN.replace('"iban"', '"konto"'),
                   flow=FLOW.replace("type: iban", "type: text"))
    without = testing.load(bare)
    spec = with_type.flows.current["reserve"]
    without.flows.add_version("reserve", spec.id, spec.spec.source())
    talk = testing.Chat(with_type.flows, {"stock.find": {"article": "boots", "left": 2}})
    for text in ("reserve", "boots"):
        talk.writes(text)
    talk.flows = without.flows
    talk.writes(IBAN)
    assert talk.incidents == ["reserve/ask_account: there is no slot type iban"]
    assert talk.ticket is not None


def test_a_mistake_in_the_flows_is_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="ibna"):
        testing.load(project(tmp_path, flow=FLOW.replace("type: iban", "type: ibna")))
