"""Rates by ranker, rank and language."""

import sys
from types import SimpleNamespace

import pytest

from hardneg.auditing import groups
from hardneg.testing import collection
from tests.auditing.few import negatives

NAN = float("nan")


@pytest.fixture(autouse=True)
def first_word(monkeypatch):
    """A document's language is its first word."""
    guess = SimpleNamespace(classify=lambda text: (text.split()[0], 0.0))
    monkeypatch.setitem(sys.modules, "py3langid", guess)
    monkeypatch.setattr(groups, "_LEAST", 2)


def rates(languages=("en",), **given):
    found = negatives(**given)
    texts = {f"d{n}": f"{languages[n % len(languages)]} text {n}" for n in range(len(found))}
    known = collection(texts, {"q": "what"}, [("q", "d0", 1)])
    return groups.rates(found, known)


def shown(group):
    return {name: (rate["rate"], rate["count"]) for name, rate in group.items()}


def test_a_negative_counts_for_the_ranker_that_ranks_it_highest():
    found = rates(probability=[0.1, 0.3, 0.9], leader=[0, 0, 1], rankers=("bm25", "dense"))
    assert shown(found["ranker"]) == {"bm25": (0.2, 2), "dense": (0.9, 1)}
    assert found["ranker"]["dense"] == {"rate": 0.9, "low": 0.9, "high": 0.9, "count": 1}


def test_ranks_are_in_bands_whose_ends_are_in_them():
    ranks = [0, 1, 10, 11, 30, 31, 100, 101]
    found = rates(probability=[0.5] * 8, rank=ranks)
    assert list(shown(found["rank"]).items()) == [
        ("1-10", (0.5, 2)), ("11-30", (0.5, 2)), ("31-100", (0.5, 2)), ("101+", (0.5, 1)),
    ]  # fmt: skip


def test_negatives_without_a_probability_do_not_count():
    found = rates(probability=[0.1, NAN, 0.3, NAN])
    assert shown(found["rank"]) == {"1-10": (0.2, 2)}
    assert rates(probability=[NAN])["ranker"] == {}


def test_languages_of_few_negatives_are_others():
    found = rates(languages=("en", "en", "ru"), probability=[0.1, 0.3, 0.9])
    assert shown(found["language"]) == {"en": (0.2, 2), "other": (0.9, 1)}
    found = rates(languages=("en", "ru"), probability=[0.1, 0.3, 0.1, 0.3])
    assert shown(found["language"]) == {"en": (0.1, 2), "ru": (0.3, 2)}


def test_of_many_documents_some_are_looked_at(monkeypatch):
    monkeypatch.setattr(groups, "_DETECTED", 2)
    monkeypatch.setattr(groups, "_LEAST", 3)
    found = rates(languages=("en", "ru"), probability=[0.1, 0.3, 0.1, 0.3])
    assert shown(found["language"]) == {"other": (0.1, 2)}, "every second one of four"
