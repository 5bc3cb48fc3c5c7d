"""Known positives that are hidden, and whether they come back as negatives."""

import numpy as np
import pytest

from hardneg.auditing.hidden_positives import estimate, hide
from hardneg.core.progress import NullProgress
from hardneg.core.statistics import wilson
from hardneg.mining.recipe import Recipe
from hardneg.testing import FakeRanker, collection
from tests.auditing.few import negatives

DOCS = {name: f"text of {name}" for name in "abcdef"}


def known(*positives):
    """One query for each text of positive documents, as `abc`."""
    queries = {f"q{n}": f"query {n}" for n in range(len(positives))}
    return collection(DOCS, queries, [(f"q{n}", doc, 1) for n, docs in enumerate(positives) for doc in docs])


@pytest.mark.parametrize(("share", "hidden"), [(0.0, [1, 1]), (0.5, [2, 1]), (0.75, [3, 1]), (1.0, [3, 1])])
def test_a_share_is_hidden_one_at_least_and_one_stays(share, hidden):
    visible, found = hide(known("abcd", "e", "ab"), share, 1)
    assert {query: len(docs) for query, docs in found.items()} == dict(zip([0, 2], hidden, strict=True))
    left = [visible.judgments.positives(query).tolist() for query in range(3)]
    assert left[1] == [4] and len(left[0]) == 4 - hidden[0] and len(left[2]) == 1
    assert {*left[0], *found[0].tolist()} == {0, 1, 2, 3}


def test_what_is_judged_not_relevant_stays():
    judged = collection(DOCS, {"q": "what"}, [("q", "a", 1), ("q", "b", 1), ("q", "c", 0)])
    visible, found = hide(judged, 0.5, 1)
    assert len(visible.judgments) == 2 and 2 in visible.judgments.doc and found[0][0] in (0, 1)


def test_what_is_hidden_depends_on_the_seed_and_the_texts_alone():
    one = known("abcdef")
    assert np.array_equal(hide(one, 0.5, 1)[1][0], hide(one, 0.5, 1)[1][0])
    assert len({tuple(sorted(hide(one, 0.5, seed)[1][0].tolist())) for seed in range(10)}) > 1
    assert hide(one, 0.5, 1)[0].digest != hide(one, 0.5, 2)[0].digest != one.digest


QUERIES = 20


@pytest.fixture(scope="module")
def pairs():
    """20 queries with two positives each, d0 and d1 of the first, and ten documents that answer nothing."""
    texts = {f"d{n}": f"text number {n}" for n in range(2 * QUERIES + 10)}
    judged = [(f"q{n}", f"d{2 * n + place}", 1) for n in range(QUERIES) for place in (0, 1)]
    return collection(texts, {f"q{n}": f"query number {n}" for n in range(QUERIES)}, judged)


def rate(pairs, lost, found, queries=QUERIES, hidden=0.5):
    """The estimate where `lost` hidden positives score above all else, and all others below."""
    scores = np.tile(np.linspace(0.5, 0.4, len(pairs.documents)), (QUERIES, 1))
    for query in range(QUERIES):
        scores[query, 2 * query : 2 * query + 2] = 0.9 if query < lost else 0.1
    recipe = Recipe.build({
        "name": "r", "rank": {"rankers": [FakeRanker(scores)], "depth": len(pairs.documents)},
        "select": {"negatives": 1}, "format": "jsonl",
    })  # fmt: skip
    return estimate(found, pairs, recipe, hidden, {}, NullProgress())


def test_the_share_lost_is_applied_to_what_is_expected_among_the_candidates(pairs):
    # 5 of 20 come back; of 40 negatives, 8 unlabelled relevant documents are expected among the candidates
    found = rate(pairs, 5, negatives([0.1] * 40, expected=8.0))
    assert (found.method, found.judged) == ("hidden_positives", 20)
    assert found.rate == pytest.approx(5 / 20 * 8 / 40)
    low, high = (float(end) for end in wilson(5, 20))
    assert found.low < low * 8 / 40 and found.high >= high * 8 / 40
    assert found.notes == ("5 of 20 hidden positives among the candidates became negatives",)


def test_without_probabilities_it_is_a_lower_bound(pairs):
    found = rate(pairs, 5, negatives([float("nan")] * 40))
    assert found.rate == pytest.approx(5 / 20), "5 of the 20 negatives"
    assert (found.low, found.high) == pytest.approx([float(end) for end in wilson(5, 20)])
    assert found.notes[-1] == "a lower bound: others are not known"


def test_no_rate_is_above_1(pairs):
    found = rate(pairs, 20, negatives([1.0], expected=3.0))
    assert (found.rate, found.high) == (1.0, 1.0)


def test_too_few_hidden_positives_are_no_estimate():
    assert (
        estimate(negatives([0.1]), known("ab", "cd"), Recipe.named("naive"), 0.5, {}, NullProgress()) is None
    )
