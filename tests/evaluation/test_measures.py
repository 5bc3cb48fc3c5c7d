"""Measures agree with a case computed by hand, and with trec_eval on random ones."""

import math

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.core.errors import ConfigError
from hardneg.evaluation.measures import DEFAULT, Measure, deepest, parse, values

JUDGED = {"q": {"a": 3, "b": 1, "c": 0, "d": 2}}
LISTED = {"q": {"x": 9.0, "b": 8.0, "a": 7.0, "c": 6.0}}  # ranks: x 1, b 2, a 3, c 4; d is not found


def value(name, judged=JUDGED, listed=LISTED, **options):
    [measure] = parse([name])
    return values([measure], judged, listed, **options)[measure]["q"]


def log2(rank):
    return math.log2(rank + 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nDCG@10", (1 / log2(2) + 3 / log2(3)) / (3 / log2(1) + 2 / log2(2) + 1 / log2(3))),
        ("nDCG@2", (1 / log2(2)) / (3 / log2(1) + 2 / log2(2))),
        ("nDCG-exp@10", (1 / log2(2) + 7 / log2(3)) / (7 / log2(1) + 3 / log2(2) + 1 / log2(3))),
        ("MRR", 1 / 2),
        ("MRR@1", 0),
        ("MRR@2", 1 / 2),
        ("MAP", (1 / 2 + 2 / 3) / 3),
        ("MAP@2", (1 / 2) / 3),
        ("recall@2", 1 / 3),
        ("recall@100", 2 / 3),
        ("P@4", 2 / 4),
        ("P@10", 2 / 10),
        ("hit@1", 0),
        ("hit@2", 1),
    ],
)
def test_a_case_computed_by_hand(name, expected):
    assert value(name) == pytest.approx(expected, abs=1e-9)


def test_the_least_relevance_of_a_positive_changes_all_but_gains():
    assert value("MRR", min_relevance=2) == pytest.approx(1 / 3)
    assert value("recall@3", min_relevance=3) == 1
    assert value("nDCG@10", min_relevance=3) == value("nDCG@10")


def test_equal_scores_rank_by_descending_id():
    assert value("MRR", {"q": {"a": 1, "b": 0}}, {"q": {"a": 1.0, "b": 1.0}}) == 0.5


def test_negative_relevance_counts_as_none():
    assert value("nDCG@10", {"q": {"a": 1, "b": -2}}, {"q": {"b": 2.0, "a": 1.0}}) == pytest.approx(
        1 / log2(2)
    )


def test_only_queries_both_judged_and_listed_have_values():
    found = values(DEFAULT, {**JUDGED, "r": {"a": 1}}, {**LISTED, "s": {"a": 1.0}, "r": {}})
    assert {frozenset(own) for own in found.values()} == {frozenset({"q"})}
    assert values(DEFAULT, JUDGED, {})[Measure("MAP")] == {}


NAMES = {
    "nDCG@3": "ndcg_cut_3",
    "nDCG@10": "ndcg_cut_10",
    "MRR": "recip_rank",
    "MAP": "map",
    "MAP@5": "map_cut_5",
    "recall@5": "recall_5",
    "P@5": "P_5",
    "hit@5": "success_5",
}
DOCS = st.sampled_from([f"d{n}" for n in range(12)])


@settings(max_examples=60, deadline=None)
@given(
    judged=st.dictionaries(DOCS, st.integers(0, 3), min_size=1),
    listed=st.dictionaries(DOCS, st.integers(-3, 3).map(lambda n: n / 4), min_size=1),
    least=st.integers(1, 3),
)
def test_all_agree_with_trec_eval(judged, listed, least):
    evaluator = pytrec_eval.RelevanceEvaluator({"q": judged}, set(NAMES.values()), relevance_level=least)
    theirs = evaluator.evaluate({"q": listed})["q"]
    ours = values(parse(NAMES), {"q": judged}, {"q": listed}, least)
    for measure, name in zip(parse(NAMES), NAMES.values(), strict=True):
        assert ours[measure]["q"] == pytest.approx(theirs[name], abs=1e-6)
    gains = {"q": {doc: 2**relevance - 1 for doc, relevance in judged.items()}}
    burges = pytrec_eval.RelevanceEvaluator(gains, {"ndcg_cut_5"}).evaluate({"q": listed})["q"]
    [measure] = parse(["nDCG-exp@5"])
    assert values([measure], {"q": judged}, {"q": listed})[measure]["q"] == pytest.approx(
        burges["ndcg_cut_5"], abs=1e-6
    )


def test_names_have_aliases_and_are_taken_once():
    assert parse(["ndcg@10", "nDCG@10", "NDCG_exp@5", "r@7", "rr", "precision@1", "success@2"]) == (
        Measure("nDCG", 10), Measure("nDCG-exp", 5), Measure("recall", 7), Measure("MRR"), Measure("P", 1),
        Measure("hit", 2),
    )  # fmt: skip
    assert [str(measure) for measure in parse(["map", "MRR@10"])] == ["MAP", "MRR@10"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nDGC@10", 'did you mean "nDCG"'),
        ("recall", "needs a cut-off, as in recall@10"),
        ("P@0", "a number from 1"),
        ("nDCG@ten", "a number from 1"),
    ],
)
def test_a_wrong_name_is_told(name, message):
    with pytest.raises(ConfigError, match=message):
        parse([name])


def test_gains_that_no_number_can_hold_are_told():
    with pytest.raises(ConfigError, match="a relevance of 50"):
        values(parse(["nDCG-exp@10"]), {"q": {"a": 50}}, {"q": {"a": 1.0}})


def test_measures_know_how_deep_they_look():
    assert deepest(parse(["nDCG@10", "recall@50"]), 1000) == 50
    assert deepest(parse(["nDCG@10", "MAP"]), 1000) == 1000
