"""The whole decision on a block: exclusions, rules, draw, ensembles, cap, and who is short."""

from dataclasses import replace

import numpy as np
import pytest

from hardneg.core.exclusions import Exclusions
from hardneg.rankers.pool import Pool
from hardneg.selection.anchor import anchored
from hardneg.selection.selector import Selector
from hardneg.selection.settings import SelectSettings
from hardneg.testing import FakeRanker, collection

DOCS = {"a": "alpha", "b": "beta", "c": "gamma", "d": "delta", "e": "epsilon"}


def decide(
    settings, scores, judgments=(("q", "a", 1),), documents=None, queries=None, seed=1, depth=5, p=None
):
    """Returns one {doc_id: reason} a query, and the decisions."""
    known = collection(documents or DOCS, queries or {"q": "what is alpha"}, list(judgments))
    rankers = {name: FakeRanker(table) for name, table in scores.items()}
    select = SelectSettings(**settings)
    pool = Pool(known, rankers, "rrf", select.by or next(iter(scores)))
    rows = np.arange(len(known.queries), dtype=np.int32)
    candidates = anchored(Exclusions(known).mark(pool.candidates(rows, depth)), known, select.anchor)
    if p is not None:
        candidates = replace(candidates, probability=np.full(candidates.shape, p, np.float32))
    decisions = Selector(known, select, seed).select(candidates)
    named = [
        {
            known.documents.ids([doc])[0]: decisions.reasons[code]
            for doc, code in zip(docs, codes, strict=True)
            if doc >= 0
        }
        for docs, codes in zip(candidates.docs, decisions.reason, strict=True)
    ]
    return named, decisions


def negatives(named, reason="top"):
    return [[doc for doc, why in row.items() if why == reason] for row in named]


def test_every_candidate_has_one_reason():
    named, decisions = decide(
        {"negatives": 1, "rules": [{"max-score": 0.7}]}, {"dense": [[0.9, 0.8, 0.7, 0.6, float("nan")]]}
    )
    assert named == [{"a": "judged_relevant", "b": "max_score", "c": "top", "d": "surplus"}]
    assert decisions.missing.tolist() == [0]


def test_the_first_rule_that_fails_is_the_reason():
    rules = [{"max-score": 0.85}, {"relative-margin": 0.5}]
    named, _ = decide({"negatives": 9, "rules": rules}, {"dense": [[0.8, 0.9, 0.5, 0.4, 0.1]]})
    assert named[0] == {
        "b": "max_score", "a": "judged_relevant", "c": "relative_margin", "d": "top", "e": "top"
    }  # fmt: skip


def test_the_querys_own_text_and_copies_of_positives_are_excluded():
    documents = {"a": "Alpha", "own": "WHAT is   alpha", "copy": "ALPHA ", "c": "gamma"}
    named, _ = decide({"negatives": 4}, {"dense": [[0.9, 0.8, 0.7, 0.6]]}, documents=documents)
    assert named == [
        {"a": "judged_relevant", "own": "query_text", "copy": "duplicate_of_positive", "c": "top"}
    ]


def test_queries_of_the_same_text_share_their_positives():
    named, _ = decide(
        {"negatives": 4},
        {"dense": [[0.9, 0.8, 0.7, 0.6, 0.5]] * 2},
        judgments=[("q", "a", 1), ("r", "b", 1)],
        queries={"q": "what is alpha", "r": "What is alpha"},
    )
    assert named[0]["b"] == "judged_relevant" and named[1]["a"] == "judged_relevant"


def test_judged_non_relevant_documents_may_be_negatives():
    named, _ = decide(
        {"negatives": 4}, {"dense": [[0.9, 0.8, 0.7, 0.6, 0.5]]}, [("q", "a", 1), ("q", "b", 0)]
    )
    assert named[0]["b"] == "top"


def test_the_anchor_is_the_weakest_positive():
    scores = {"dense": [[0.9, 0.4, 0.5, 0.3, 0.2]]}
    named, _ = decide(
        {"negatives": 4, "rules": [{"absolute-margin": 0.05}]}, scores, [("q", "a", 1), ("q", "b", 1)]
    )
    assert named[0]["c"] == "absolute_margin" and negatives(named) == [["d", "e"]]


def test_pairs_are_anchored_each_at_its_own_positive():
    scores = {"dense": [[0.9, 0.4, 0.5, 0.3, 0.2]]}
    named, decisions = decide(
        {"negatives": 4, "anchor": "pair", "rules": [{"absolute-margin": 0.05}]},
        scores,
        [("q", "a", 1), ("q", "b", 1)],
    )
    assert negatives(named) == [["c", "d", "e"], ["d", "e"]]
    assert decisions.missing.tolist() == [1, 2]


def test_a_positive_without_a_score_drops_all_with_its_own_reason():
    scores = {"dense": [[float("nan"), 0.8, 0.7, 0.6, 0.5]]}
    named, _ = decide({"rules": ["relative-margin"]}, scores)
    assert set(named[0].values()) == {"judged_relevant", "no_anchor_score"}


def test_rules_read_the_ranker_they_name():
    scores = {"bm25": [[9.0, 8.0, 7.0, 6.0, 5.0]], "dense": [[0.9, 0.1, 0.8, 0.2, 0.7]]}
    named, _ = decide({"negatives": 9, "rules": [{"max-score": {"maximum": 0.5, "by": "dense"}}]}, scores)
    assert negatives(named) == [["b", "d"]]


def test_cross_sample_gives_each_query_to_one_teacher():
    count = 200
    queries = {f"q{n}": f"query {n}" for n in range(count)}
    scores = {
        "one": [[0.9, 0.8, 0.1, 0.1, 0.1]] * count,
        "two": [[0.9, 0.1, 0.1, 0.1, 0.8]] * count,
    }
    named, _ = decide(
        {"negatives": 1, "ensemble": "cross-sample", "teachers": ("one", "two")},
        scores,
        [(name, "a", 1) for name in queries],
        queries=queries,
    )
    chosen = [row[0] for row in negatives(named)]
    assert set(chosen) == {"b", "e"}
    assert 60 < chosen.count("b") < 140


@pytest.mark.parametrize(("distinct", "expected"), [(True, {"b": 1, "c": 1}), (False, {"b": 2})])
def test_intra_sample_teachers_take_turns(distinct, expected):
    scores = {"one": [[0.9, 0.8, 0.7, 0.1, 0.1]], "two": [[0.9, 0.8, 0.7, 0.1, 0.1]]}
    settings = {"negatives": 2, "ensemble": "intra-sample", "teachers": ("one", "two"), "distinct": distinct}
    named, decisions = decide(settings, scores)
    docs = list(named[0])
    assert {docs[column]: n for column, n in enumerate(decisions.copies[0].tolist()) if n} == expected


def test_intra_sample_drops_only_what_no_teacher_allows():
    scores = {"one": [[0.5, 0.9, 0.1, 0.9, 0.2]], "two": [[0.5, 0.1, 0.9, 0.9, 0.2]]}
    settings = {
        "negatives": 9,
        "rules": ["relative-margin"],
        "ensemble": "intra-sample",
        "teachers": ("one", "two"),
    }
    named, _ = decide(settings, scores)
    assert named[0]["d"] == "relative_margin"
    assert sorted(negatives(named)[0]) == ["b", "c", "e"]


def test_the_cap_passes_a_document_on_after_its_uses():
    queries = {"q": "one", "r": "two", "s": "three"}
    judgments = [(name, "a", 1) for name in queries]
    scores = {"dense": [[0.9, 0.8, 0.7, 0.6, 0.5]] * 3}
    named, _ = decide({"negatives": 1, "max_uses": 1}, scores, judgments, queries=queries)
    assert negatives(named) == [["b"], ["c"], ["d"]]
    assert named[1]["b"] == "max_uses"


def test_random_draws_depend_on_seed_and_query_not_on_the_company():
    queries = {f"q{n}": f"query {n}" for n in range(20)}
    judgments = [(name, "a", 1) for name in queries]
    settings = {"negatives": 2, "draw": "uniform"}
    scores = {"dense": [[0.9, 0.8, 0.7, 0.6, 0.5]] * 20}
    whole, _ = decide(settings, scores, judgments, queries=queries)
    half, _ = decide(
        settings, {"dense": scores["dense"][:10]}, judgments[10:], queries=dict(list(queries.items())[10:])
    )
    other, _ = decide(settings, scores, judgments, queries=queries, seed=2)
    assert whole[10:] == half
    assert whole != other


def test_deeper_is_worth_while_only_when_something_is_missing_and_left():
    scores = {"dense": [[0.9, 0.8, 0.7, 0.6, 0.5]]}
    assert decide({"negatives": 1}, scores, depth=2)[1].deeper.tolist() == [False]
    assert decide({"negatives": 2}, scores, depth=2)[1].deeper.tolist() == [True]
    assert decide({"negatives": 9}, scores, depth=5)[1].deeper.tolist() == [False]
    window = {"negatives": 2, "rules": [{"window": {"last": 2}}]}
    assert decide(window, scores, depth=2)[1].deeper.tolist() == [False]


def attenuated(p, draw="top", seed=1, count=400):
    queries = {f"q{n}": f"query {n}" for n in range(count)}
    judgments = [(name, "a", 1) for name in queries]
    settings = {"negatives": 1, "draw": draw, "attenuate": True}
    scores = {"dense": [[0.9, 0.8, 0.7, 0.6, 0.5]] * count}
    return decide(settings, scores, judgments, queries=queries, seed=seed, p=p)[0]


@pytest.mark.parametrize("draw", ["top", "uniform", "simans"])
def test_attenuation_leaves_out_each_candidate_with_its_probability_whatever_the_draw(draw):
    named = attenuated(0.25, draw)
    left_out = sum(why == "attenuated" for row in named for why in row.values())
    assert abs(left_out / (4 * 400) - 0.25) < 3 * (0.25 * 0.75 / 1600) ** 0.5
    assert len([row for row in named if draw in row.values()]) > 390  # all four are left out in 1 of 256


def test_attenuation_takes_the_hardest_in_proportion_to_its_weight():
    first = sum(row["b"] == "top" for row in attenuated(0.25))
    assert abs(first / 400 - 0.75) < 3 * (0.25 * 0.75 / 400) ** 0.5


def test_attenuation_depends_on_the_seed_alone_and_on_no_certain_candidate():
    assert attenuated(0.5) == attenuated(0.5) != attenuated(0.5, seed=2)
    for p in (0.0, float("nan")):
        assert all(row["b"] == "top" for row in attenuated(p))


def test_attenuation_draws_apart_from_the_draw():
    """Were the noise the same, the highest of a uniform draw would never be left out."""
    named = attenuated(0.5, "uniform")
    chosen = [doc for row in named for doc, why in row.items() if why == "uniform"]
    assert {doc: round(chosen.count(doc) / len(chosen), 1) for doc in "bcde"} == pytest.approx(
        dict.fromkeys("bcde", 0.25), abs=0.1
    )
