"""What is added up from a ledger, held against the ledger itself and against cases by hand."""

import numpy as np
import pyarrow as pa
import pytest

from hardneg import DataError
from hardneg.report.columns import GROUPS, groups_of, margins, shared_tops, starts
from hardneg.report.summary import summarize
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder


def test_all_candidates_are_counted_in_their_groups(run):
    summary = summarize(run)
    counts = summary.run["counts"]
    for histogram in summary.scores.values():
        sums = dict(zip(GROUPS, histogram.counts.sum(axis=1), strict=True))
        assert sums["positive"] == counts["positives"]
        assert sums["negative"] == counts["negatives"]
        assert sums["dropped"] == sum(counts["dropped"].values())
        assert sums["suspected"] == 0
    assert summary.rankers == ["bm25", "flat"] and summary.scorer == "bm25"
    assert len(summary.queries) == counts["queries"] == len(set(summary.queries))
    assert sum(summary.uses.values()) == counts["negatives"]
    assert summary.ranks["negative"].sum() == counts["negatives"]


def test_a_run_without_validation_has_no_evidence(run):
    summary = summarize(run)
    assert summary.audit is None and summary.comparison == [] and not summary.evidence
    assert summary.probabilities.total == 0 and not summary.margin_probabilities.counts.any()


def test_a_validated_run_has_probabilities(full):
    summary = summarize(full)
    table = pa.concat_tables(block.table for block in ledger.iterate(full))
    known = len(table) - table["p_false_negative"].null_count
    assert summary.probabilities.total == known >= summary.margin_probabilities.counts.sum() > 0
    assert summary.evidence["guide"] == len(table) - table["evidence.guide"].null_count
    assert summary.audit["rate"] == 0.12 and len(summary.comparison) == 4


def test_short_queries_are_listed_with_their_reason(beir, tmp_path):
    from hardneg import Recipe, mine

    recipe = Recipe.named("perc-pos", rankers=["bm25"], negatives=25)
    result = mine(str(beir), recipe, tmp_path / "short")
    summary = summarize(tmp_path / "short")
    assert len(summary.short) == sum(result.info["short"].values()) > 0
    assert {why for _, _, why in summary.short} == set(result.info["short"])


def table(**columns):
    size = len(next(iter(columns.values())))
    filled = {"query_id": ["q"] * size, "reason": ["top"] * size, "decision": ["negative"] * size, **columns}
    return pa.table(filled)


def test_suspected_false_negatives_are_a_group_of_their_own():
    given = table(
        decision=["positive", "negative", "dropped", "dropped"],
        reason=["judged_relevant", "top", "suspected_false_negative", "surplus"],
    )
    assert [GROUPS[number] for number in groups_of(given, {"suspected_false_negative"})] == [
        "positive",
        "negative",
        "suspected",
        "dropped",
    ]


def test_margins_are_relative_to_the_magnitude_of_the_anchor():
    given = table(**{"score.a": [0.4, -3.0, 1.0, None], "positive.a": [0.8, -2.0, 0.0, 1.0]})
    np.testing.assert_allclose(margins(given, "a", True), [0.5, 0.5, np.nan, np.nan])
    np.testing.assert_allclose(margins(given, "a", False), [0.4, 1.0, -1.0, np.nan])


def test_examples_begin_where_query_or_positive_change():
    given = table(query_id=["a", "a", "a", "b"], positive_id=["p", "p", "r", "r"])
    assert starts(given).tolist() == [True, False, True, True]


def test_rankers_share_the_documents_that_both_rank_first():
    ids = [f"d{n}" for n in range(20)]
    up = [float(n) for n in range(20)]
    half = up[:15] + [-1.0] * 5  # its ten best are d5..d14, five of which are among d10..d19
    given = table(doc_id=ids, **{"score.a": up, "score.b": half})
    shared = shared_tops(given, starts(given), ["a", "b"])
    np.testing.assert_allclose(shared, [[1, 0.5], [0.5, 1]])


def test_two_examples_of_one_query_count_as_one():
    one = {"score.a": [1.0, 2.0] * 2, "score.b": [2.0, None] * 2}
    given = table(query_id=["q"] * 4, positive_id=["p", "p", "r", "r"], doc_id=list("dede"), **one)
    np.testing.assert_allclose(shared_tops(given, starts(given), ["a", "b"]), [[1, 1], [1, 1]])


def test_an_unfinished_run_and_a_damaged_file_are_refused(run):
    (run / "audit.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"audit\.json is damaged"):
        summarize(run)
    RunFolder(run).write({**RunFolder(run).read(), "finished": False})
    with pytest.raises(DataError, match="is not finished"):
        summarize(run)
