"""Positives of whole runs: wrong ones are counted, found and left out, hard ones stay."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import hardneg
from hardneg.core.exclusions import Exclusions
from hardneg.core.records import Decision
from hardneg.mining import outcome
from hardneg.mining.pair_features import Pairs, RandomPairs, RandomScorer, Scale
from hardneg.mining.recipe import Recipe
from hardneg.testing import FakeRanker, collection

PAIRS = 200
WRONG = range(0, PAIRS, 10)
"""Every tenth query is labelled with the document of the next one."""
MOST = 15
"""How many are found at the least: a few score as high as no random pair of the sample."""


class Similar(FakeRanker):
    """A ranker that compares meanings, with scores known beforehand."""

    comparable = True
    measures_similarity = True


def shuffled(wrong=WRONG):
    """Returns queries with one positive each, some of them wrong."""
    documents = {f"d{number}": f"answer {number} to it" for number in range(PAIRS)}
    queries = {f"q{number}": f"question {number}" for number in range(PAIRS)}
    judgments = [
        (f"q{number}", f"d{(number + 1) % PAIRS if number in wrong else number}", 1)
        for number in range(PAIRS)
    ]
    return collection(documents, queries, judgments)


def scores(mined, hard=()):
    """Returns scores of which a query's own document has the highest, or, where it is hard, a high one."""
    drawn = np.random.default_rng(0).normal(0.2, 0.05, (PAIRS, PAIRS))
    own = np.where(np.isin(np.arange(PAIRS), list(hard)), 0.33, 0.8)
    drawn[np.arange(PAIRS), np.arange(PAIRS)] = own
    order = mined.documents.rows([f"d{number}" for number in range(PAIRS)])
    return drawn[:, np.argsort(order)]


def mined(*overrides, known=None, hard=(), ranker=Similar):
    known = known or shuffled()
    own = ranker(scores(known, hard))
    recipe = Recipe.named("naive", ["format=jsonl", *overrides], rankers=[own], negatives=2)
    return hardneg.mine(known, recipe)


def decided(run, reason):
    table = run.candidates
    return set(table.filter(pc.equal(table["reason"], reason))["query_id"].to_pylist())


def test_the_share_of_wrong_positives_is_estimated_and_nothing_is_changed_by_default():
    run = mined()
    positives = run.info["positives"]
    assert positives["share"] == pytest.approx(0.1, abs=0.03)
    assert positives["low"] <= 0.1 <= positives["high"]
    assert positives["examined"] == PAIRS
    assert MOST <= positives["suspected"] <= len(WRONG)
    assert positives["expected"] == pytest.approx(20, abs=5)
    assert positives["suspected_by"]["consistency"] == positives["suspected"]
    assert run.info["counts"]["positives"] == PAIRS
    assert len(list(run.training_set)) == PAIRS
    [warning] = [each for each in run.info["warnings"] if each["kind"] == "noisy_positives"]
    assert "positives.action=drop" in warning["text"] and warning["suspected"] == positives["suspected"]


def test_wrong_positives_are_left_out_and_never_become_negatives():
    run = mined("positives.action=drop")
    wrong = decided(run, "noisy_positive")
    assert wrong <= {f"q{number}" for number in WRONG} and len(wrong) >= MOST
    assert decided(run, "no_positive") == wrong
    assert {example.query_id for example in run.training_set}.isdisjoint(wrong)
    assert run.info["counts"]["positives"] == PAIRS - len(wrong)
    assert run.info["lost_queries"] == len(wrong) and not run.info["short"]
    table = run.candidates
    chosen = table.filter(pc.equal(table["decision"], Decision.NEGATIVE))
    assert not wrong & set(chosen["query_id"].to_pylist())


def test_a_wrong_positive_is_no_anchor_of_the_others():
    """The anchor of a query with a right positive at 0.8 and a wrong one at 0.2 is 0.8."""
    documents = {f"d{number}": f"answer {number} to it" for number in range(PAIRS)}
    queries = {f"q{number}": f"question {number}" for number in range(PAIRS)}
    judgments = [(f"q{number}", f"d{number}", 1) for number in range(PAIRS)]
    judgments += [(f"q{number}", f"d{(number + 1) % PAIRS}", 1) for number in WRONG]
    run = mined("positives.action=drop", known=collection(documents, queries, judgments))
    table = run.candidates
    anchors = table.filter(pc.equal(table["query_id"], "q10"))[f"positive.{run.scorer}"].unique().to_pylist()
    assert anchors == [pytest.approx(0.8)]
    [example] = [example for example in run.training_set if example.query_id == "q10"]
    assert [positive.doc_id for positive in example.positives] == ["d10"]


def test_hard_positives_are_not_suspected():
    """Every fourth positive scores below some of the documents, none scores as random ones do."""
    run = mined("positives.action=drop", known=shuffled(()), hard=range(0, PAIRS, 4))
    assert run.info["positives"]["share"] <= 0.01
    assert run.info["positives"]["suspected"] == 0
    assert run.info["counts"]["positives"] == PAIRS


def test_weights_of_positives():
    run = mined("positives.action=weight")
    table = run.candidates
    own = table.filter(pc.is_valid(table["p_noisy"]))
    expected = 1 - own["p_noisy"].to_numpy()
    assert own["weight"].to_numpy().tolist() == pytest.approx(expected.tolist())
    weights = {example.query_id: example.positives[0].weight for example in run.training_set}
    assert weights["q0"] < 0.3 and weights["q1"] > 0.9


def test_nothing_is_estimated_by_words_alone():
    run = mined(ranker=FakeRanker)
    assert "no ranker compares meanings" in run.info["positives"]["why"]
    assert run.info["positives"]["examined"] == 0 and "share" not in run.info["positives"]


def test_positives_are_not_examined_where_the_recipe_says_so():
    run = mined("positives.estimate=false")
    assert "positives" not in run.info and "p_noisy" not in run.candidates.column_names


def test_select_decides_again_by_what_is_stored_and_verdicts_stand_above(tmp_path):
    run = mined()
    verdict = {"query_id": "q10", "doc_id": "d11", "verdict": "relevant", "judge": "ann"}
    path = tmp_path / "judgments.jsonl"
    path.write_text(json.dumps(verdict) + "\n", encoding="utf-8")
    recipe = Recipe.named(
        "naive", ["format=jsonl", "positives.action=drop"], verdicts=path, ranked_by=run.recipe
    )
    again = hardneg.select(run, recipe)
    probable = pc.greater(run.candidates["p_noisy"], 0.5)
    suspected = set(run.candidates.filter(probable)["query_id"].to_pylist())
    assert "q10" in suspected and decided(again, "noisy_positive") == suspected - {"q10"}
    assert again.info["positives"]["share"] == run.info["positives"]["share"]
    assert again.info["positives"]["action"] == "drop"
    own = again.candidates.filter(pc.equal(again.candidates["query_id"], "q10"))
    assert max(own["p_noisy"].drop_null().to_pylist()) == pytest.approx(0.02)


def test_of_pairs_with_anchors_of_their_own_the_wrong_ones_go():
    run = mined("positives.action=drop", "select.anchor=pair")
    wrong = decided(run, "noisy_positive")
    assert wrong <= {f"q{number}" for number in WRONG} and len(wrong) >= MOST
    assert len(list(run.training_set)) == PAIRS - len(wrong)
    assert run.info["counts"]["queries"] == PAIRS


def test_random_pairs_leave_out_what_is_relevant():
    known = shuffled(())
    scorer = RandomScorer(known, {"fake": FakeRanker(scores(known))}, Exclusions(known), 0)
    queries, docs = known.queries.rows(["q3", "q4"]), known.documents.rows(["d3"])
    random = scorer.of(queries, docs)
    assert set(random.known.tolist()) == {*random.docs.tolist(), *docs.tolist()}
    assert random.of_documents["fake"].shape == (len(random.known), 128)
    assert len(random.docs) == 128 == len(set(random.docs.tolist()))
    missing = {query: random.docs[np.isnan(random.scores["fake"][row])] for row, query in enumerate(queries)}
    for query, docs in missing.items():
        assert set(docs.tolist()) <= set(known.judgments.positives(int(query)).tolist())


def test_percentiles_and_features_are_those_of_the_query():
    docs = np.arange(4, dtype=np.int32)
    of_documents = np.array([[1.0, 3.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    random = RandomPairs(docs, {"one": np.array([[0.0, 2.0, 4.0, np.nan]])}, docs, {"one": of_documents})
    pairs = Pairs(np.zeros(2, np.int32), np.arange(2, dtype=np.int32), {"one": np.float32([2, 6])})
    assert random.percentile(pairs, "one").tolist() == pytest.approx([0.5, 1])
    found = random.features(pairs, {"one": Scale(0.1, 0.5, 0, 0)})
    spread = np.sqrt(8 / 3)
    assert found[:, 0].tolist() == pytest.approx([0, np.log1p(4 / spread)])
    assert found[:, 1].tolist() == pytest.approx([0, np.log1p(6 / 0.5)])  # 0 deviations count as 0.5


def test_columns_stand_in_the_order_of_the_rankers():
    known = shuffled()
    recipe = Recipe.named("naive", ["format=jsonl"], rankers=[Similar(scores(known)) for _ in range(5)])
    run = hardneg.mine(known, recipe)
    columns = [
        name.removeprefix("percentile.") for name in run.candidates.column_names if "percentile." in name
    ]
    assert columns == list(recipe.rank.names) and len(columns) == 5


def test_what_suspects_a_positive_that_is_not_suspected_is_not_counted():
    table = pa.table({"p_noisy": [0.99, 0.02, 0.4], "noise.consistency": [0.9, 0.9, 0.4]})
    found = outcome._positives(table, 0.5)
    assert (found["suspected"], found["suspected_by"]) == (1, {"consistency": 1}), "judges cleared the second"
