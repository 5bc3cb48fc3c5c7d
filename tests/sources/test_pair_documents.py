"""Lists beside the documents of a row of pairs: what they say, and when they are refused."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.sources import load


@pytest.fixture
def judged(write, contents):
    """Returns the contents of a collection read from these rows."""
    return lambda table: contents(load(str(write("p.jsonl", table))))


@pytest.mark.parametrize("column", ["labels", "relevances", "is_selected", "is_relevant"])
def test_labels_beside_a_list_say_what_is_positive(judged, tmp_path, column, contents):
    row = {"query": "a", "answer": ["one", "two", "three"], column: [0, 1, 0], "scores": [3, 2, 1]}
    wanted = {("q1", "d1", 0), ("q1", "d2", 1), ("q1", "d3", 0)}

    assert judged([row])["judgments"] == wanted
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "p.parquet")
    assert contents(load(str(tmp_path / "p.parquet")))["judgments"] == wanted


def test_labels_of_something_else_are_not_read(judged):
    assert judged([{"query": "a", "pos": "one", "labels": ["news"]}])["judgments"] == {("q1", "d1", 1)}
    row = {"query": "a", "pos": ["one"], "neg": ["two", "three"], "labels": [1, 0, 0], "scores": [3, 2, 1]}
    assert judged([row])["judgments"] == {("q1", "d1", 1), ("q1", "d2", 0), ("q1", "d3", 0)}
    row = {"query": "a", "pos": ["one", "two"], "pos_scores": [1, 0], "tags": [0, 1, 0]}
    assert judged([row])["judgments"] == {("q1", "d1", 1), ("q1", "d2", 1)}


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        (
            {"scores": [0.9, 0.1]},
            r'"scores" has a value for each text of "pos", so not all may be positives; ',
        ),
        (
            {"gold": [1, 0]},
            r'"gold" has .*; rename it: labels if 0 means no, pos_gold if all are; if ',
        ),
        ({"labels": [1]}, r'"labels" has 1 value for 2 positives$'),
        ({"labels": ["x", "y"]}, r"the relevance is 'x'; a whole number is needed; if "),
        ({"labels": [1, 0], "is_relevant": [1, 0]}, r"labels and is_relevant could each be the labels"),
    ],
)
def test_lists_that_may_say_what_is_positive_are_refused(write, beside, message):
    row = {"query": "a", "pos": ["one", "two"]} | beside

    with pytest.raises(DataError, match=rf"^p\.jsonl:1: {message}"):
        load(str(write("p.jsonl", [row])))
