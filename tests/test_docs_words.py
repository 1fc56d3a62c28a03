from __future__ import annotations

from tools import reference


def test_the_page_of_all_words_is_what_the_tables_of_the_language_say() -> None:
    assert reference.PAGE.read_text("utf-8") == reference.page(), (
        "python -m tools.reference writes it anew")
