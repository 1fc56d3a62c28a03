from __future__ import annotations

from pathlib import Path

from talking import Talk, flows

from bot.flow.messages import (
    Media,
    Options,
    Part,
    Text,
    compose,
    distinct,
    fits,
    shorten,
    size,
    split,
)
from bot.model import Json

BUTTONS = Options([("a", "A", ""), ("b", "B", "")], "Choose")
LIST = Options([("a", "A", "")], "Choose", as_list=True)
IMAGE = Media({"type": "image", "url": "https://x/a.jpg"})


def composed(*parts: Part) -> list[Json]:
    return [reply.content for reply in compose(list(parts))]


def test_texts_of_one_turn_are_one_message_and_the_last_carries_the_buttons() -> None:
    one, = composed(Text("Hello."), Text("Which?"), BUTTONS)
    assert one["text"] == "Hello.\n\nWhich?"
    assert [row["title"] for row in one["buttons"]] == ["A", "B"]


def test_a_list_of_texts_is_separate_messages() -> None:
    first, second = composed(Text("One", joins=False), Text("Two", joins=False), BUTTONS)
    assert first == {"type": "text", "text": "One"}
    assert second["text"] == "Two"
    assert second["type"] == "buttons"


def test_texts_are_joined_up_to_the_limit_of_a_message() -> None:
    first, second = composed(Text("a" * 3000), Text("b" * 3000))
    assert (len(first["text"]), len(second["text"])) == (3000, 3000)


def test_a_text_longer_than_a_message_is_parted_between_words() -> None:
    pieces = composed(Text("word " * 2000))
    assert len(pieces) == 3
    assert all(fits(piece["text"], 4096) for piece in pieces)
    assert " ".join(piece["text"] for piece in pieces).split() == ["word"] * 2000


def test_a_long_text_with_buttons_goes_first_and_the_buttons_stand_under_its_end() -> None:
    first, second = composed(Text("a" * 1500), Text("Which?"), BUTTONS)
    assert first == {"type": "text", "text": "a" * 1500}
    assert second["text"] == "Which?"


def test_one_paragraph_too_long_for_buttons_is_parted() -> None:
    *before, last = composed(Text("word " * 500), BUTTONS)
    assert before
    assert fits(last["text"], 1024)
    assert last["buttons"]


def test_one_picture_before_buttons_is_their_header() -> None:
    one, = composed(Text("Which?"), IMAGE, BUTTONS)
    assert one["header"] == {"type": "image", "url": "https://x/a.jpg"}
    assert one["text"] == "Which?"


def test_two_pictures_before_buttons_are_messages_of_their_own() -> None:
    kinds = [content["type"] for content in composed(Text("Which?"), IMAGE, IMAGE, BUTTONS)]
    assert kinds == ["image", "image", "buttons"]


def test_a_picture_before_a_list_is_a_message_of_its_own() -> None:
    picture, rows = composed(Text("Which?"), IMAGE, LIST)
    assert picture == IMAGE.content
    assert rows["text"] == "Which?"


def test_a_link_takes_what_was_said_before_it() -> None:
    link = Media({"type": "link", "label": "Track", "url": "https://x"})
    assert composed(Text("On its way."), link) == [
        {"type": "link", "text": "On its way.", "label": "Track", "url": "https://x"}]
    first, second = composed(link, Text("Which?"), BUTTONS)
    assert (first["type"], first["text"]) == ("link", "Track")
    assert second["type"] == "buttons"


def test_buttons_where_nothing_was_said_still_have_a_body() -> None:
    one, = composed(BUTTONS)
    assert one["text"] == "Choose"


def test_lengths_count_as_the_strictest_reader_counts_them() -> None:
    assert size("👍👍") == 4
    assert not fits("👍" * 2100, 4096)
    assert all(fits(piece, 100) for piece in split("👍" * 200, 100))


def test_labels_are_cut_at_a_word_and_kept_distinct() -> None:
    assert shorten("Blue trail running shoes", 20) == "Blue trail running…"
    titles = distinct(["Blue trail running shoes", "Blue trail running socks", "Red"], 20)
    assert titles[0] == "Blue trail running…"
    assert len(set(titles)) == 3
    assert all(fits(title, 20) for title in titles)


def test_a_customers_braces_are_shown_as_they_are(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: echo
title: Echo
triggers: {keywords: {en: [echo]}}
slots: {word: {type: text}}
steps:
  ask: {say: Say something., ask: word}
  repeat_it: {say: "You said {{ word }}", end: said}
"""))
    assert "You said {{7*7}}" in talk.says("echo").says("{{7*7}}").said
    assert "49" not in talk.said


def test_a_step_says_sends_sets_and_tags_in_that_order(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: order
title: Order
triggers: {keywords: {en: [order]}}
slots: {price: {type: integer}, twice: {type: integer}}
steps:
  first: {set: {price: "{{ 21 }}"}}
  second:
    set: {twice: "{{ price * 2 }}", contact.level: gold}
    tag: [vip, -new]
    say: ["{{ twice }} euro", second text]
    send: {document: "https://x/{{ twice }}.pdf", filename: "bill-{{ price }}.pdf"}
    end: paid
"""))
    talk.contact = talk.contact.__class__("p1", "Kim", tags=("new",))
    talk.says("order")
    assert talk.contents == [
        {"type": "text", "text": "42 euro"}, {"type": "text", "text": "second text"},
        {"type": "document", "url": "https://x/42.pdf", "name": "bill-21.pdf"}]
    assert talk.contact.tags == ("vip",)
    assert talk.contact.fields == {"level": "gold"}
    assert talk.outcome == "paid"


def test_what_a_customer_wrote_is_cut_where_whatsapp_would_refuse_it(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: files
title: Files
triggers: {keywords: {en: [files]}}
slots: {word: {type: text}, pick: {type: choice}}
steps:
  ask: {say: Say something., ask: word}
  choose: {say: Which?, choices: {a: {label: "{{ word }}"}, b: {label: "{{ contact.email }}"}},
           save: pick}
  files:
    send:
      - {image: "https://example.com/a.jpg", caption: "{{ word }}"}
      - {document: "https://example.com/a.pdf", filename: "{{ word }}.pdf"}
      - {document: "https://example.com/a.pdf", filename: "a.{{ word }}"}
      - {link: {label: "{{ word }}", url: "https://example.com"}}
    set: {contact.email: x}
    end: sent
"""))
    talk.says("files").says("one\n\ntwo " + "👩‍👩‍👧" * 2_000)
    assert talk.titles == ["one two 👩‍👩‍👧…", "b"]
    image, document, other, link = talk.taps("b").contents
    assert fits(image["caption"], 1024)
    assert image["caption"].endswith("👩‍👩‍👧…")
    assert document["name"].startswith("one two ")
    assert document["name"].endswith(".pdf")
    assert len(document["name"]) < 220
    assert len(other["name"]) < 220
    assert fits(link["label"], 20)


def test_a_text_is_not_parted_within_what_people_see_as_one_character() -> None:
    text = "👩‍👩‍👧" * 900
    assert all(piece.startswith("👩‍👩‍👧") and piece.endswith("👩‍👩‍👧")
               for piece in split(text, 1024))
    assert "".join(split(text, 1024)) == text
    assert shorten("e\u0301" * 30, 21) == "e\u0301" * 10 + "…"


def test_what_a_flow_sets_of_the_contact_holds(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, """flow: about
title: About
triggers: {keywords: [about me]}
timezone: contact
steps:
  one: {set: {contact.name: Kim Lee, contact.timezone: Asia/Tokyo, contact.city: Bonn}}
  two: {say: "{{ contact.name }} in {{ contact.city }}, {{ now | time }}", end: said}
""")).says("about me")
    assert talk.said == "Kim Lee in Bonn, 6:00 PM"
    assert talk.says("about me").said == "Kim Lee in Bonn, 6:00 PM"
