from __future__ import annotations

import pytest

from bot.flow.reading.finding import Finding
from bot.flow.reading.quotes import fixed
from bot.flow.reading.source import MAX_BYTES, Node, read


def plain(node: Node) -> object:
    if isinstance(node.value, dict):
        return {key: plain(part) for key, part in node.value.items()}
    if isinstance(node.value, list):
        return [plain(part) for part in node.value]
    return node.value


def messages(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [str(finding) for finding in read("f.yaml", data)[1]]


def test_everything_stays_as_it_was_written():
    root, findings = read("f.yaml", b"on: yes\nnumber: 0412\nprice: 1.10\nat: 18:30\nnot: null\n")
    assert findings == []
    assert root is not None
    assert plain(root) == {
        "on": "yes", "number": "0412", "price": "1.10", "at": "18:30", "not": "null"}


def test_every_piece_knows_its_line_and_column():
    text = "steps:\n  a:\n    say: {en: Hi, zh: 你好}\n    goto: [b, c]\n"
    root, _ = read("f.yaml", text.encode())
    assert root is not None
    assert root.at("steps", "a", "say", "zh").place == (3, 23)
    assert root.key("steps", "a", "say", "zh") == (3, 19)
    assert root.at("steps", "a", "goto", 1).place == (4, 15)
    assert root.key("steps", "a") == (2, 3)


def test_a_path_that_does_not_exist_gives_the_nearest_place():
    root, _ = read("f.yaml", b"steps:\n  a:\n    goto: b\n")
    assert root is not None
    assert root.at("steps", "a", "goto", 0, "step").place == (3, 11)
    assert root.at("steps", "b", "say").place == (2, 3)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    root, findings = read("f.yaml", b"\xef\xbb\xbfa: b\r\nc: d\r\n")
    assert findings == []
    assert root is not None
    assert plain(root) == {"a": "b", "c": "d"}
    assert root.key("a") == (1, 1)


@pytest.mark.parametrize(("written", "shown"), [
    ("say: {{ name }}, hello", 'say: "{{ name }}, hello"'),
    ("say: *bold* text", 'say: "*bold* text"'),
    ("say: Note: this", 'say: "Note: this"'),
    ("say: #1 in town", 'say: "#1 in town"'),
    ("say: Order #12 is here", 'say: "Order #12 is here"'),
    ("say: [brackets] first", 'say: "[brackets] first"'),
    ("say: {en: Hi, you, zh: 你好}", 'say: {en: "Hi, you", zh: 你好}'),
    ("say: {en: {{ name }} is here, zh: 你好}", 'say: {en: "{{ name }} is here", zh: 你好}'),
    ("say: {en: a: b, zh: c}", 'say: {en: "a: b", zh: c}'),
    ("say: {en: Price #1, zh: c}", 'say: {en: "Price #1", zh: c}'),
    (r"n: {type: text, pattern: [A-Z]{2}\d{6}, clean: upper}",
     r"n: {type: text, pattern: '[A-Z]{2}\d{6}', clean: upper}"),
    ("say: {name} hello", 'say: "{name} hello"'),
    (r'pattern: "[A-Z]\d"', r"pattern: '[A-Z]\d'"),
    ("with: {number: {{ n }}}", 'with: {number: "{{ n }}"}'),
    ("say: &co is a sign", 'say: "&co is a sign"'),
    ("say: !now", 'say: "!now"'),
    ("say: %d percent", 'say: "%d percent"'),
    ("say: @home", 'say: "@home"'),
    ("say: 'don't'", "say: \"don't\""),
    ("say: 'open", 'say: "open"'),
    ("say: > text", 'say: "> text"'),
    ("- *bold* text", '- "*bold* text"'),
])
def test_a_text_that_yaml_reads_otherwise_is_shown_in_quotes(written: str, shown: str):
    found = messages(f"flow: a\nsteps:\n  {written}\n")
    assert len(found) == 1
    assert found[0].startswith("f.yaml:3:")
    assert found[0].endswith("put the text in quotes: " + shown)
    root, again = read("f.yaml", f"flow: a\nsteps:\n  {shown}\n".encode())
    assert root is not None
    assert again == []


def test_a_comment_after_a_value_is_no_mistake():
    assert messages("attempts: 3  # as often\nsay: Hello you   # a greeting\n# end\n") == []


def test_a_chinese_comma_without_a_space_belongs_to_the_text():
    root, findings = read("f.yaml", "say: {en: Hi, zh: 一小时,已转接,好}".encode())
    assert findings == []
    assert root is not None
    assert plain(root) == {"say": {"en": "Hi", "zh": "一小时,已转接,好"}}


@pytest.mark.parametrize(("text", "place", "part"), [
    ("a: 1\nb: 2\na: 3\n", "3:1", "`a` stands here twice (first in line 1)"),
    ("a:\n  b: x\n  c:\n", "3:3", "`c` has nothing after it"),
    ("a:\n  - x\n  -\n", "3:4", "an entry of the list is empty"),
    ("a:\n  say:hi\n  b: c\n", "2:7", "a space is missing after the colon: say: hi"),
    ("a: {b: c, d: }\n", "1:11", "`d` has nothing after it"),
    ("a: b\n---\nc: d\n", "2:1", "one document"),
    ("", "1:1", "the file is empty"),
    ("# only a comment\n", "1:1", "the file is empty"),
    ("a: b\n\tc: d\n", "2:1", "begins with a tab"),
    ("a: [b, c\n", "1:9", "the closing `]` is missing: a: [b, c]"),
    ("a: {b: c\nd: e\n", "1:9", "the closing `}` is missing: a: {b: c}"),
    ("a:\n  b: c\n d: e\n", "3:2", "1 spaces stand before this line and"),
    ("a: b\x00c\n", "1:5", "invisible character here (U+0000)"),
    ("a:\n  x\x07\n", "2:4", "U+0007"),
    ("a: &x b\n", "1:4", "can't begin with `&`"),
    ("a: !!python/object:os.system b\n", "1:4", "can't begin with `!`"),
])
def test_mistakes_of_writing_have_their_place(text: str, place: str, part: str):
    found = messages(text)
    assert any(one.startswith(f"f.yaml:{place} error ") and part in one for one in found), found


def test_a_file_that_is_not_utf8_says_where():
    assert messages("a: b\nc: é\n".encode("latin-1")) == [
        "f.yaml:2:4 error the file is not UTF-8: save it with that encoding"]


def test_an_annotation_keeps_its_parts_apart():
    found = Finding("a,b:c.yaml", 2, 3, "warning", "50 % of\na: b, c")
    assert found.as_annotation() == (
        "::warning file=a%2Cb%3Ac.yaml,line=2,col=3::50 %25 of%0Aa: b, c")


def test_after_a_hundred_mistakes_the_rest_of_a_file_is_not_looked_at():
    assert len(messages("a: 1\n" * 40_000)) == 100


def test_a_file_beyond_the_limit_is_not_read():
    assert "larger than" in messages(b"a: " + b"b" * MAX_BYTES)[0]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000, "{a: " * 50_000, "? " * 10_000,
                                  "a: &a [*a, *a]", "a: &a [b]\nc: [*a, *a, *a]"])
def test_deep_nesting_and_aliases_are_refused_without_a_crash(text: str):
    assert messages(text)


def test_a_line_that_needs_no_quotes_is_left_alone():
    assert fixed("say: {en: Hi, zh: 你好}") is None
    assert fixed("say: 'in quotes'") is None
    assert fixed("- plain") is None
