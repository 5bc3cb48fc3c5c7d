"""What is added up from a ledger, held against the ledger itself."""

import pyarrow as pa
import pytest

from hardneg import DataError
from hardneg.report.columns import GROUPS
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


def test_an_unfinished_run_and_a_damaged_file_are_refused(run):
    (run / "audit.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"audit\.json is damaged"):
        summarize(run)
    RunFolder(run).write({**RunFolder(run).read(), "finished": False})
    with pytest.raises(DataError, match="is not finished"):
        summarize(run)
