from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flow import dates

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN)


def days(text: str, language: str = "en", now: datetime = TUESDAY) -> list[str]:
    found = dates.read(text, language, now)
    return [one.isoformat() for one in found.days] if found else []


def clocks(text: str, language: str = "en") -> list[str]:
    found = dates.read(text, language, TUESDAY)
    return [one.isoformat("minutes") for one in found.clocks] if found else []


@pytest.mark.parametrize(("text", "day"), [
    ("today", "2026-11-24"), ("tomorrow", "2026-11-25"), ("tmrw", "2026-11-25"),
    ("Tomorow!", "2026-11-25"), ("the day after tomorrow", "2026-11-26"),
    ("day after tmrw", "2026-11-26"), ("yesterday", "2026-11-23"), ("friday", "2026-11-27"),
    ("this friday", "2026-11-27"), ("next friday", "2026-12-04"), ("next tuesday", "2026-12-01"),
    ("tuesday next week", "2026-12-01"), ("next week on tuesday", "2026-12-01"),
    ("tuseday", "2026-12-01"), ("fri", "2026-11-27"), ("in 2 weeks", "2026-12-08"),
    ("in three days", "2026-11-27"), ("in a month", "2026-12-24"),
    ("a week from tomorrow", "2026-12-02"), ("two weeks ago", "2026-11-10"),
    ("5 March", "2027-03-05"), ("5th of March 2028", "2028-03-05"), ("March 5th", "2027-03-05"),
    ("Dec 24", "2026-12-24"), ("24 dec", "2026-12-24"), ("5-Mar-2027", "2027-03-05"),
    ("2026-12-01", "2026-12-01"), ("1.12.2026", "2026-12-01"), ("24.12.", "2026-12-24"),
    ("13/4", "2027-04-13"), ("the 5th", "2026-12-05"), ("on the 30th", "2026-11-30"),
    ("Tuesday, 1 December", "2026-12-01"), ("can I come next tuesday?", "2026-12-01"),
    ("I bought it on 5 March", "2027-03-05"), ("12/05/1987", "1987-12-05"),
    ("tuesday afternoon next week", "2026-12-01"), ("december first", "2026-12-01"),
    ("the fifth of march", "2027-03-05"), ("tuesday the 1st", "2026-12-01"),
    ("after tomorrow", "2026-11-26"), ("1 dec '26", "2026-12-01"), ("31.12", "2026-12-31"),
    ("Tuesday 2-4pm", "2026-12-01"), ("１/１２/２０２６",
                                                                         "2026-01-12")])
def test_a_day_in_english(text: str, day: str) -> None:
    assert days(text)[0] == day


@pytest.mark.parametrize("text", [
    "4", "12", "may", "march", "hello", "next week", "next week at 3", "tuesday or wednesday",
    "not tuesday", "",
    "5 or 6 March", "31 February", "2026-13-40", "99/99", "I want to return my shoes", "AB123456",
    "the second option", "1234567890", "tomorrow or friday", "🗓", "in 99999999 weeks"])
def test_what_names_no_single_day_is_none(text: str) -> None:
    assert days(text) == []


@pytest.mark.parametrize(("text", "clock"), [
    ("15:30", ["15:30"]), ("at 3pm", ["15:00"]), ("3.30 p.m.", ["15:30"]), ("10am", ["10:00"]),
    ("half past six", ["18:30", "06:30"]), ("quarter to six", ["17:45", "05:45"]),
    ("ten past 9", ["09:10", "21:10"]), ("noon", ["12:00"]), ("midnight", ["00:00"]),
    ("8 in the morning", ["08:00"]), ("at 8 in the evening", ["20:00"]), ("12am", ["00:00"]),
    ("12pm", ["12:00"]), ("3 o'clock", ["15:00", "03:00"]), ("4", ["16:00", "04:00"]),
    ("tomorrow 10", ["10:00", "22:00"]), ("08:15", ["08:15"]), ("24:00", ["00:00"]),
    ("25:00", []), ("12:61", []), ("two or three", [])])
def test_a_time_in_english(text: str, clock: list[str]) -> None:
    assert clocks(text) == clock


@pytest.mark.parametrize(("text", "language", "part"), [
    ("next tuesday afternoon", "en", "afternoon"), ("tonight", "en", "evening"),
    ("tomorrow morning", "en", "morning"), ("friday lunchtime", "en", "noon"),
    ("下周二下午", "zh", "afternoon"), ("明早", "zh", "morning"), ("后天晚上", "zh", "evening"),
    ("morgen früh", "de", "morning"), ("nächsten Dienstag Nachmittag", "de", "afternoon"),
    ("mañana por la mañana", "es", "morning"), ("mardi après-midi", "fr", "afternoon")])
def test_a_part_of_the_day_beside_the_day(text: str, language: str, part: str) -> None:
    found = dates.read(text, language, TUESDAY)
    assert found is not None
    assert found.days
    assert found.part is not None
    assert found.part.name == part


@pytest.mark.parametrize(("text", "language", "start", "until"), [
    ("tuesday 2-4pm", "en", 14, 16), ("friday between 9 and 11am", "en", 9, 11),
    ("tomorrow 10-2pm", "en", 10, 14), ("morgen 14-16 Uhr", "de", 14, 16),
    ("明天下午3点到5点", "zh", 15, 17)])
def test_hours_from_and_until_beside_the_day(text: str, language: str, start: int,
                                             until: int) -> None:
    found = dates.read(text, language, TUESDAY)
    assert found is not None
    assert found.part == dates.Part("", time(start), time(until))


def test_part_of_day_says_from_when_until_when() -> None:
    assert dates.part_of_day("in the afternoon", "en") == (time(12), time(18))
    assert dates.part_of_day("nachmittags", "de") == (time(12), time(18))
    assert dates.part_of_day("上午", "en") == (time(6), time(12))
    assert dates.part_of_day("15:00", "en") is None


@pytest.mark.parametrize(("text", "language", "day", "clock"), [
    ("morgen um 15 Uhr", "de", "2026-11-25", "15:00"), ("übermorgen", "de", "2026-11-26", ""),
    ("heute Abend um 8", "de", "2026-11-24", "20:00"), ("5. März", "de", "2027-03-05", ""),
    ("Freitag 14h30", "de", "2026-11-27", "14:30"), ("in zwei Wochen", "de", "2026-12-08", ""),
    ("el viernes a las 8", "es", "2026-11-27", "08:00"), ("pasado mañana", "es", "2026-11-26", ""),
    ("el 5 de marzo de 2027", "es", "2027-03-05", ""),
    ("demain à 14h", "fr", "2026-11-25", "14:00"),
    ("mardi prochain", "fr", "2026-12-01", ""), ("domani alle 15", "it", "2026-11-25", "15:00"),
    ("amanhã às 14h", "pt", "2026-11-25", "14:00"), ("terça-feira", "pt-BR", "2026-12-01", ""),
    ("volgende dinsdag", "nl", "2026-12-01", ""), ("завтра в 15:00", "ru", "2026-11-25", "15:00"),
    ("в пятницу", "ru", "2026-11-27", ""), ("5 марта", "ru", "2027-03-05", ""),
    ("3月5日", "ja", "2027-03-05", ""), ("明日", "ja", "2026-11-25", ""),
    ("yarın", "tr", "2026-11-25", ""), ("tomorrow 3pm", "zh", "2026-11-25", "15:00"),
    ("friday", "tr", "2026-11-27", "")])
def test_other_languages(text: str, language: str, day: str, clock: str) -> None:
    found = dates.read(text, language, TUESDAY)
    assert found is not None
    assert found.days[0].isoformat() == day
    assert [one.isoformat("minutes") for one in found.clocks[:1]] == ([clock] if clock else [])


def test_half_six_is_an_hour_apart_in_german_and_english() -> None:
    assert clocks("halb sechs", "de") == ["17:30", "05:30"]
    assert clocks("half six", "en") == ["18:30", "06:30"]


def test_a_day_in_figures_is_read_in_the_order_of_the_language_and_keeps_the_other() -> None:
    assert days("3/4", "en")[:2] == ["2027-03-04", "2027-04-03"]
    assert days("3/4", "en-GB")[:2] == ["2027-04-03", "2027-03-04"]
    assert days("3/4", "de")[:2] == ["2027-04-03", "2027-03-04"]
    assert days("3/4", "zh")[:2] == ["2027-03-04", "2027-04-03"]


def test_the_day_that_it_is_depends_on_now_and_its_zone() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=BERLIN)
    assert days("tomorrow", now=late) == ["2026-11-25"]
    assert days("tomorrow", now=late.astimezone(ZoneInfo("Asia/Tokyo"))) == ["2026-11-26"]
    assert days("29 February", now=TUESDAY) == ["2028-02-29", "2024-02-29"]


def test_hours_from_now_are_moments() -> None:
    found = dates.read("in half an hour", "en", TUESDAY)
    assert found is not None
    assert found.moment == datetime(2026, 11, 24, 10, 30, tzinfo=BERLIN)


def test_a_wall_clock_that_summer_time_leaves_out_is_the_hour_after() -> None:
    assert dates.at(date(2026, 3, 29), time(2, 30), BERLIN).isoformat() == (
        "2026-03-29T03:30:00+02:00")
    assert dates.at(date(2026, 10, 25), time(2, 30), BERLIN).isoformat() == (
        "2026-10-25T02:30:00+02:00")
    start, until = dates.span(date(2026, 3, 28), dates.Part("night", time(20), time(0)), BERLIN)
    assert (start.isoformat(), until.isoformat()) == (
        "2026-03-28T20:00:00+01:00", "2026-03-29T00:00:00+01:00")


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for language in ("en", "zh", "de", "xx"):
        dates.read(text, language, TUESDAY)
    dates.part_of_day(text, "fr")


@settings(max_examples=300)
@given(st.lists(st.sampled_from(
    ["next", "tuesday", "3", "at", "pm", "in", "2", "weeks", "half", "past", "six", "5",
    "march", "31", "12/40", ".", ":", "/", "the", "of", "to", "ago", "morning", "99999999",
    "0", "下周二", "三点", "半", "号", "月", "40", "后", "个"]), max_size=7),
    st.sampled_from(["en", "zh", "es"]))
def test_words_of_dates_in_any_order_break_nothing(words: list[str], language: str) -> None:
    dates.read(" ".join(words), language, TUESDAY)
    dates.read("".join(words), language, TUESDAY)
