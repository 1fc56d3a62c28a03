from __future__ import annotations

import pytest

from bot.flow.language.phones import country_of, international


@pytest.mark.parametrize(("text", "country", "number"), [
    ("030 123456", "DE", "+4930123456"), ("+49 (0)30 123456", None, "+4930123456"),
    ("0049 30 123456", "FR", "+4930123456"), ("(212) 555-0100", "US", "+12125550100"),
    ("1 212 555 0100", "US", "+12125550100"), ("138 0013 8000", "CN", "+8613800138000"),
    ("06 1234 5678", "IT", "+390612345678"), ("＋４４ 20 7946 0958", "DE", "+442079460958"),
    ("tel:+49-30-123456", "DE", "+4930123456")])
def test_a_number_gets_its_international_form(text: str, country: str | None,
                                              number: str) -> None:
    assert international(text, country) == number


@pytest.mark.parametrize("text", ["", "12", "call me", "+1", "0" * 20, "1" * 40, "030x123456"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert international(text, "DE") is None


def test_without_a_country_only_a_whole_number_counts() -> None:
    assert international("030 123456", None) is None
    assert international("030 123456", "XX") is None


@pytest.mark.parametrize(("timezone", "country"), [
    ("Europe/Berlin", "DE"), ("Asia/Shanghai", "CN"), ("Asia/Kolkata", "IN"), ("UTC", None)])
def test_a_business_is_in_the_country_of_its_time_zone(timezone: str, country: str | None) -> None:
    assert country_of(timezone) == country
