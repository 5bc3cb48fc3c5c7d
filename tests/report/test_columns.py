"""What is computed from the columns of a ledger, by hand."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.report.columns import (
    GROUPS,
    Histogram,
    Histogram2D,
    floats,
    groups_of,
    margins,
    score_ranges,
    shared_tops,
    starts,
)

NAMES = ("a", "b")


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


def test_a_suspected_reason_of_what_is_chosen_is_no_group():
    given = table(decision=["negative", "positive"], reason=["top", "top"])
    assert [GROUPS[number] for number in groups_of(given, {"top"})] == ["negative", "positive"]


def test_of_no_rows_no_example_begins():
    assert starts(table(doc_id=["a"]).slice(0, 0)).tolist() == []
    assert starts(table(query_id=["a", "b", "b"])).tolist() == [True, True, False]


def test_equal_scores_rank_in_their_order_and_what_has_none_is_in_no_top():
    ids = [f"d{n}" for n in range(12)]
    given = table(doc_id=ids, **{"score.a": [1.0] * 12, "score.b": [None] * 2 + [1.0] * 10})
    # the first ten, and the last ten: eight in common
    np.testing.assert_allclose(shared_tops(given, starts(given), ["a", "b"]), [[1, 0.8], [0.8, 1]])
    nothing = table(doc_id=["a"], **{"score.a": [1.0], "score.b": pa.array([None], pa.float32())})
    np.testing.assert_allclose(shared_tops(nothing, starts(nothing), ["a", "b"]), [[1, 0], [0, 0]])


def test_the_highest_scores_are_the_top():
    scores = [float(n) for n in range(11)]
    given = table(doc_id=list("abcdefghijk"), **{"score.a": scores, "score.b": [1.0] + [None] * 10})
    np.testing.assert_allclose(shared_tops(given, starts(given), ["a", "b"]), [[1, 0], [0, 1]])


def test_a_column_is_numbers_nan_where_there_are_none():
    given = table(copies=pa.array([1, None], pa.int16()))
    np.testing.assert_allclose(floats(given, "copies"), [1, np.nan])
    assert np.isnan(floats(given, "score.none")).all() and floats(given, "score.none").dtype == np.float64


def test_ranges_are_those_of_all_parts(tmp_path):
    paths = [tmp_path / name for name in ("one", "two")]
    pq.write_table(table(**{"score.a": [0.5, 0.25], "score.b": pa.array([None] * 2, pa.float32())}), paths[0])
    pq.write_table(table(**{"score.a": [0.75], "score.b": pa.array([None], pa.float32())}), paths[1])
    assert score_ranges(paths) == {"a": (0.25, 0.75), "b": (0.0, 1.0)}
    (tmp_path / "one").write_bytes(b"nothing")
    with pytest.raises(DataError):
        score_ranges(paths)


def test_values_are_counted_by_bin_and_group():
    found = Histogram(0.0, 1.0, NAMES, bins=4)
    found.add(np.array([0.0, 0.24, 0.25, 0.99, 1.0, np.nan]), np.array([0, 0, 1, 1, 1, 0], np.int8))
    assert found.counts.tolist() == [[2, 0, 0, 0], [0, 1, 0, 2]]
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.total == 5


def test_what_lies_outside_counts_in_the_outermost_bins():
    found = Histogram(0.0, 1.0, NAMES, bins=2)
    found.add(np.array([-7.0, 9.0, np.inf]), np.zeros(3, np.int8))
    assert found.counts[0].tolist() == [1, 2]


def test_shares_add_up_to_one_and_leave_empty_groups_out():
    found = Histogram(0.0, 1.0, NAMES, bins=2)
    found.add(np.array([0.1, 0.2, 0.9, 0.6]), np.ones(4, np.int8))
    assert {name: share.tolist() for name, share in found.shares().items()} == {"b": [0.5, 0.5]}


def test_a_range_of_nothing_still_has_bins():
    found = Histogram(3.0, 3.0, NAMES, bins=2)
    found.add(np.array([3.0]), np.zeros(1, np.int8))
    assert found.counts[0].tolist() == [1, 0]


@pytest.mark.parametrize("missing", ["x", "y"])
def test_a_grid_counts_pairs_that_are_whole(missing):
    found = Histogram2D(0.0, 1.0, 2, 0.0, 1.0, 2)
    x, y = np.array([0.1, 0.9, 0.9]), np.array([0.9, 0.9, 0.1])
    (x if missing == "x" else y)[0] = np.nan
    found.add(x, y)
    assert found.counts.tolist() == [[0, 0], [1, 1]]


def test_a_grid_may_have_more_bins_along_one_axis():
    found = Histogram2D(0.0, 1.0, 2, 0.0, 3.0, 3)
    found.add(np.array([0.1, 0.9, 0.9]), np.array([0.5, 1.5, 9.0]))
    assert found.counts.tolist() == [[1, 0, 0], [0, 1, 1]]
    assert [edges.tolist() for edges in found.edges()] == [[0, 0.5, 1], [0, 1, 2, 3]]
