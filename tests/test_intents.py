"""Whether what customers write finds its subject, and what anybody else writes finds none."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from bot import testing
from bot.flow.flows import Flows
from bot.flow.language.match import Candidate

PROJECT = Path(__file__).parent / "intents"
DATA = Path(os.environ.get("FRONTDESK_DATA",
                           Path(__file__).parent.parent.parent / "shared" / "data")) / "intents"
needs_data = pytest.mark.skipif(not DATA.exists(),
                                reason=f"no sentences in {DATA}: set FRONTDESK_DATA")


@pytest.fixture(scope="module")
def flows() -> Flows:
    return testing.load(PROJECT / "config.yaml").flows


def judged(flows: Flows, sentences: Iterable[tuple[str, str]]) -> tuple[float, float]:
    """(share that goes to the right item, share that goes to a wrong one)"""
    right = wrong = total = 0
    for sentence, item in sentences:
        found = chosen(flows, sentence)
        total += 1
        right += found == item
        wrong += found not in ("", item)
    return right / total, wrong / total


def chosen(flows: Flows, sentence: str) -> str:
    found = flows.about(sentence)
    return found.item.rpartition("/")[2] if isinstance(found, Candidate) else ""


def own_customers() -> list[tuple[str, str]]:
    with (PROJECT / "customers.tsv").open(encoding="utf-8") as file:
        return [(row["sentence"], row["item"]) for row in csv.DictReader(file, delimiter="\t")]


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_no_subject_has_more_than_twelve_phrases(flows: Flows) -> None:
    counts = {name: sum(len(phrases) for kind in (answer.triggers.keywords,
                                                  answer.triggers.examples)
                        for phrases in kind.values()) for name, answer in flows.answers.items()}
    assert len(counts) == 27
    assert max(counts.values()) <= 12


def test_short_and_messy_sentences_find_their_subject(flows: Flows) -> None:
    right, wrong = judged(flows, own_customers())
    assert right > 0.80
    assert wrong < 0.04


def test_sentences_about_anything_else_find_none(flows: Flows) -> None:
    taken = [line for line in lines(PROJECT / "other_subjects.txt") if chosen(flows, line)]
    assert len(taken) <= 3, taken


@needs_data
def test_sentences_of_customers_find_their_subject(flows: Flows) -> None:
    with (DATA / "dev.csv").open(encoding="utf-8") as file:
        right, wrong = judged(flows, ((row["utterance"], row["intent"])
                                      for row in csv.DictReader(file)))
    assert right > 0.90
    assert wrong < 0.01


@needs_data
def test_sentences_on_other_subjects_find_none(flows: Flows) -> None:
    taken = [line for line in lines(DATA / "other_subjects_dev.txt") if chosen(flows, line)]
    assert len(taken) <= 2, taken
