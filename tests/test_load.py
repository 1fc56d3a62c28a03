from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from checking import ANSWERS, COMMANDS, FLOW, OPTIONS, TEXTS, business, findings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.flow.load import Finding, load

FILES = {"returns": FLOW, "shop": ANSWERS, "commands": COMMANDS, "texts": TEXTS}
PAGE = Path(__file__).parent.parent / "docs" / "language.md"
#: Flows that use every word of the language between them.
EXAMPLES = ["flow: example\ntitle: An example\n" + example
            for example in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
            if example.startswith(("steps:", "slots:", "on_timeout:"))]


#: A flow in a language that the program itself does not speak.
HELLO = ("flow: a\ntitle: {de: Gruß, en: Hello}\ntriggers: {keywords: [a]}\n"
         "steps: {a: {say: {de: Hallo, en: Hello}, end: done}}\n")


def shipped(folder: Path) -> Path:
    """A folder with the commands and texts that come with the program."""
    folder.mkdir()
    (folder / "commands.yaml").write_text(COMMANDS, "utf-8")
    (folder / "texts.yaml").write_text(TEXTS, "utf-8")
    return folder


def own(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_every_kind_of_file_is_read(tmp_path: Path):
    loaded = business(tmp_path)
    assert loaded.findings == []
    assert list(loaded.flows) == ["returns"]
    assert list(loaded.answers["shop"].items) == ["hours"]
    assert loaded.commands.items["agent"].does == "handoff"
    assert loaded.texts.items["confirm"] == {"en": "Confirm", "zh": "确认"}
    assert loaded.files["returns"].endswith("returns.yaml")


def test_files_in_folders_are_read_but_tests_are_not(tmp_path: Path):
    loaded = business(tmp_path)
    deeper = tmp_path / "flows" / "more" / "tests"
    deeper.mkdir(parents=True)
    (deeper / "small.yaml").write_text("flow: small\ntitle: S\ntriggers: {keywords: [s]}\n"
                                       "steps: {a: {end: done}}\n")
    (tmp_path / "flows" / "tests").mkdir()
    (tmp_path / "flows" / "tests" / "returns.yaml").write_text("tests: {}\n")
    loaded = load(tmp_path / "flows", tmp_path / "templates", OPTIONS)
    assert loaded.findings == []
    assert sorted(loaded.flows) == ["returns", "small"]


def test_a_business_changes_only_the_items_it_names(tmp_path: Path):
    flows = own(tmp_path / "flows",
                commands="commands: mine\nitems:\n  agent: {off: yes}\n"
                         "  menu: {keywords: [start over], say: Hi}\n",
                texts="texts: mine\nitems: {confirm: {en: Go}}\n")
    loaded = load(flows, tmp_path, OPTIONS, standard=shipped(tmp_path / "standard"))
    assert loaded.findings == []
    assert list(loaded.commands.items) == ["stop", "menu"]
    assert loaded.commands.items["menu"].say == ({"": "Hi"},)
    assert loaded.texts.items["confirm"] == {"en": "Go", "zh": "确认"}
    assert loaded.texts.items["refused"]["zh"] == "不对。"


def test_another_language_is_added_to_what_the_system_says_and_hears(tmp_path: Path):
    flows = own(tmp_path / "flows",
                commands="commands: mine\nitems:\n  agent: {keywords: {de: [Mensch]}}\n",
                texts="texts: mine\nitems: {confirm: {de: Stimmt}, refused: Nein.}\n")
    standard = shipped(tmp_path / "standard")
    before = load(standard, tmp_path, OPTIONS)
    loaded = load(flows, tmp_path, OPTIONS, standard=standard)
    assert loaded.findings == []
    agent, as_shipped = loaded.commands.items["agent"], before.commands.items["agent"]
    assert agent.keywords == {**as_shipped.keywords, "de": ("Mensch",)}
    assert (agent.does, agent.queue, agent.say) == (as_shipped.does, as_shipped.queue,
                                                    as_shipped.say)
    assert loaded.texts.items["confirm"] == {**before.texts.items["confirm"], "de": "Stimmt"}
    assert loaded.texts.items["refused"] == {"": "Nein."}


def test_a_command_of_ones_own_with_nothing_but_words_does_nothing(tmp_path: Path):
    flows = own(tmp_path / "flows", commands="commands: mine\nitems:\n  sale: {keywords: [sale]}\n")
    loaded = load(flows, tmp_path, OPTIONS, standard=shipped(tmp_path / "standard"))
    assert ["a command needs `does`" in str(one) for one in loaded.findings] == [True]


def test_stop_can_be_reworded_but_not_removed(tmp_path: Path):
    standard = shipped(tmp_path / "standard")
    flows = own(tmp_path / "flows", commands="commands: a\nitems:\n  stop: {off: yes}\n")
    loaded = load(flows, tmp_path, OPTIONS, standard=standard)
    assert [str(one).split(" ", 1)[1] for one in loaded.findings] == [
        "error `stop` can't be removed: customers must always be able to say it"]
    assert "stop" in loaded.commands.items
    own(flows, commands="commands: a\nitems:\n  stop: {keywords: [halt], does: stop}\n")
    loaded = load(flows, tmp_path, OPTIONS, standard=standard)
    assert loaded.findings == []
    assert loaded.commands.items["stop"].keywords == {"": ("halt",)}


def test_the_shipped_menu_offers_only_flows_that_the_business_has(tmp_path: Path):
    flows = own(tmp_path / "flows", a="flow: a\ntitle: A\ntriggers: {keywords: [a]}\n"
                                      "steps: {a: {end: done}}\n")
    loaded = load(flows, tmp_path, OPTIONS, standard=shipped(tmp_path / "standard"))
    assert loaded.findings == []
    assert loaded.commands.items["menu"].choices == ()


def test_a_text_that_the_system_never_says_is_a_mistake(tmp_path: Path):
    flows = own(tmp_path / "flows", texts="texts: mine\nitems: {confrim: {en: Go}}\n")
    loaded = load(flows, tmp_path, OPTIONS, standard=shipped(tmp_path / "standard"))
    assert loaded.findings == [Finding(
        str(flows / "texts.yaml"), 2, 9, "error",
        "the system says nothing called `confrim` - did you mean `confirm`?")]


def test_the_first_key_says_what_a_file_is(tmp_path: Path):
    assert findings(tmp_path, reminder="notification: reminder\non: x\n") == [
        "flows/reminder.yaml:1:1 error `notification` files are not supported by this version"]
    assert findings(tmp_path, reminder="title: A\nflow: reminder\ntriggers: {keywords: [a]}\n"
                                       "steps: {a: {end: done}}\n") == [
        "flows/reminder.yaml:2:1 error `flow` has to be the first line of the file"]
    assert "begins with what it is" in findings(tmp_path, reminder="- a\n- b\n")[0]


def test_the_name_of_a_file_is_the_name_in_it(tmp_path: Path):
    assert findings(tmp_path, other="flow: another\ntitle: A\ntriggers: {keywords: [a]}\n"
                                    "steps: {a: {end: done}}\n") == [
        "flows/other.yaml:1:7 error the file is called other.yaml and the name in it is "
        "`another`: give both the same"]


def test_a_name_is_given_once(tmp_path: Path):
    business(tmp_path)
    (tmp_path / "flows" / "old").mkdir()
    (tmp_path / "flows" / "old" / "returns.yaml").write_text(FLOW, "utf-8")
    found = load(tmp_path / "flows", tmp_path / "templates", OPTIONS).findings
    assert any("is called `returns` too" in one.message for one in found)


def test_a_file_with_the_wrong_ending_is_told(tmp_path: Path):
    business(tmp_path)
    (tmp_path / "flows" / "other.yml").write_text("flow: other\n")
    found = load(tmp_path / "flows", tmp_path / "templates", OPTIONS).findings
    assert [one.message for one in found] == ["this file is not read: call it other.yaml"]


def test_a_long_text_in_an_unknown_language_or_without_one_is_told(tmp_path: Path):
    business(tmp_path)
    (tmp_path / "templates" / "returns" / "label.xx.j2").write_text("Hi")
    (tmp_path / "templates" / "plain.j2").write_text("Hi")
    found = load(tmp_path / "flows", tmp_path / "templates", OPTIONS).findings
    assert [(Path(one.file).name, one.message.split(":")[0]) for one in found] == [
        ("plain.j2", "the language is missing in the name"),
        ("label.xx.j2", "`xx` is not a language")]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    found = load(tmp_path / "nowhere", tmp_path, OPTIONS).findings
    assert [one.message for one in found] == ["there is no such folder"]


def test_a_flow_that_cannot_be_read_is_not_missed_by_others(tmp_path: Path):
    found = findings(tmp_path, returns=FLOW.replace("title: {", "title: {{"))
    assert {one.split(":")[0] for one in found} == {"flows/returns.yaml"}


@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_files_with_anything_in_them_never_crash_the_check(tmp_path: Path, data: st.DataObject):
    """Pieces cut out, doubled, exchanged, and odd characters: a list of mistakes or a flow."""
    files = [*FILES.items(), *(("example", example) for example in EXAMPLES)]
    name, text = data.draw(st.sampled_from(files))
    lines = text.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.integers(0, len(lines) - 1))
        line = lines[row]
        at = data.draw(st.integers(0, len(line)))
        until = data.draw(st.integers(at, len(line)))
        what = data.draw(st.sampled_from([
            "", "{", "}", "[", "]", ":", ": ", "#", " #x", "*a", "&a", "!t", "'", '"', "\\", "{{",
            "}}", "{{ x }}", "{% if %}", "-", "- ", "  ", "\t", "none", "[]", "{}", "\x00", "é",
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\u2028", "9" * 40]))
        lines[row] = line[:at] + what + line[until:]
        if data.draw(st.booleans()):
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[row], lines[other] = lines[other], lines[row]
    text = "\n".join(lines)
    loaded = business(tmp_path, **{name: text})
    assert all(one.line >= 1 and one.column >= 1 and one.message for one in loaded.findings)


@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=200))
def test_a_file_of_any_bytes_is_a_list_of_mistakes(tmp_path: Path, junk: bytes):
    (tmp_path / "flows").mkdir(exist_ok=True)
    (tmp_path / "flows" / "junk.yaml").write_bytes(junk)
    assert load(tmp_path / "flows", tmp_path, OPTIONS).errors


def test_a_language_that_the_program_does_not_speak_is_told_once(tmp_path: Path):
    flows = own(tmp_path / "flows", a=HELLO)
    options = replace(OPTIONS, default_language="de")
    loaded = load(flows, tmp_path, options, standard=Path(__file__).parent.parent / "flows")
    assert [one.level for one in loaded.findings] == ["warning", "warning"]
    texts, commands = loaded.findings
    assert (texts.line, texts.column) == (2, 13)
    assert "are not there in `de`, such as `confirm`, `edit` or `cancel`: `en`" in texts.message
    assert "no words in `de` call the commands `agent`," in commands.message
    assert loaded.texts.items["yes"]["de"] == "Ja"
    assert "fr" not in loaded.texts.items["yes"]


def test_a_language_that_the_business_has_added_is_not_told(tmp_path: Path):
    flows = own(tmp_path / "flows", a=HELLO,
                texts="texts: ours\nitems: {confirm: {en: Go, de: Los}, refused: {en: No, "
                      "de: Ne}}\n")
    standard = shipped(tmp_path / "standard")
    loaded = load(flows, tmp_path, OPTIONS, standard=standard)
    assert not any("texts of the program" in one.message for one in loaded.findings)


def test_the_least_and_the_most_of_a_time_are_called_after_and_before(tmp_path: Path):
    flows = own(tmp_path / "flows", a="flow: a\ntitle: A\ntriggers: {keywords: [a]}\n"
                                      "slots: {at: {type: time, min: 9:00, max: 17:00}}\n"
                                      "steps:\n  a: {say: When?, ask: at}\n  b: {end: done}\n")
    loaded = load(flows, tmp_path, OPTIONS)
    assert [str(one).rpartition(": ")[2] for one in loaded.errors] == [
        "write `after`", "write `before`"]
