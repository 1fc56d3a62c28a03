"""Every example of the page for authors is a file, or a part of one, without a finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.flow import load as loading
from bot.flow.lint.parts import CheckOptions
from bot.flow.load import load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "language.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
TEMPLATES = re.findall(r"```text\n# templates/(\w+)\.yaml\n(.*?)```", PAGE.read_text("utf-8"),
                       re.DOTALL)
KINDS = ("flow:", "answers:", "commands:", "texts:")
OPTIONS = CheckOptions(
    default_language="en", queues=frozenset({"support"}), public={"shop_name": "Trail & Co"},
    operations=frozenset({"orders.find", "tables.book", "clinic.slots",
                          "courses.enrol"}),
    changing=frozenset({"tables.book"}))
#: The other flows that examples lead to.
OTHERS = {
    "returns": "flow: returns\ntitle: Return\nslots: {number: {type: text, label: Number}}\n"
               "steps:\n  a: {review: [number]}\n  b: {end: done}\n",
    "order_status": "flow: order_status\ntitle: Status\nsteps: {a: {end: done}}\n",
    "find_customer": "flow: find_customer\ntitle: Find\nslots: {language: {type: text}, "
                     "found: {type: object}}\nsteps:\n  a: {set: {found: '{{ language }}'}}\n"
                     "  b: {say: '{{ found }}', end: found}\n",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=[one.split("\n")[0] for one in EXAMPLES])
def test_an_example_has_no_finding(tmp_path: Path, example: str):
    whole = example if example.startswith(KINDS) else (
        f"flow: example\ntitle: An example\ntriggers: {{keywords: [example]}}\n{example}")
    name = whole.split("\n")[0].split(": ")[1]
    for other, text in ({} if name in OTHERS else OTHERS).items():
        (tmp_path / f"{other}.yaml").write_text(text, "utf-8")
    (tmp_path / f"{name}.yaml").write_text(whole, "utf-8")
    (tmp_path / "long" / "greeting").mkdir(parents=True)
    for language in ("en", "zh"):
        (tmp_path / "long" / "greeting" / f"about_us.{language}.j2").write_text(
            "We are {{ config.shop_name }}.{% if contact.name %} Hi!{% endif %}", "utf-8")
    for template, text in TEMPLATES:
        (tmp_path / "long" / f"{template}.yaml").write_text(text, "utf-8")
    loaded = load(tmp_path, tmp_path / "long", OPTIONS, standard=ROOT / "flows")
    found = [str(one).replace(f"{tmp_path}/", "") for one in loaded.findings
             if one.level == "error" or one.file.endswith(f"/{name}.yaml")]
    assert found == []


def test_the_page_has_examples_of_all_kinds():
    assert len(EXAMPLES) >= 15
    for kind in KINDS:
        assert any(one.startswith(kind) for one in EXAMPLES)


def test_what_the_page_calls_missing_is_refused_by_name():
    """And nothing else: a word that is built later has to leave that list."""

    listed = set(re.findall(r"`(\w+):?`", PAGE.read_text("utf-8").split("## Not in this")[1]))
    assert listed == {*loading.LATER_KINDS}
