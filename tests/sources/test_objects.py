"""Objects in memory are read by the mechanism that reads files: pairs and the layouts of trainers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hardneg import Collection
from hardneg.core.errors import ConfigError, DataError

RANKED = [{"query_id": 7, "document_ids": [1, 2], "scores": [0.9, 0.1]}]
TEXTS = {"corpus": {"1": "resin", "2": "ash"}, "queries": {"7": "amber"}}
WANTED = {
    "documents": {"1": "resin", "2": "ash"},
    "queries": {"7": "amber"},
    "judgments": {("7", "1", 1), ("7", "2", 0)},
}
LAYOUTS = {
    "n-tuple": [("amber", "resin", "ash")],
    "labeled list": [{"anchor": "amber", "documents": ["resin", "ash"], "labels": [1, 0]}],
    "FlagEmbedding": [{"query": "amber", "pos": ["resin"], "neg": ["ash"]}],
    "Tevatron": [
        {
            "query": "amber",
            "positive_passages": [{"text": "resin"}],
            "negative_passages": [{"text": "ash", "title": None}],
        }
    ],
    "ms-swift": [
        {
            "messages": [{"role": "user", "content": "amber"}],
            "positive_messages": [[{"role": "user", "content": "resin"}]],
            "negative_messages": [[{"role": "user", "content": "ash"}]],
        }
    ],
    "jsonl": [{"query": "amber", "positives": [{"text": "resin"}], "negatives": [{"text": "ash"}]}],
}


def of_dicts(rows):
    return rows


def of_table(rows):
    return pa.Table.from_pylist(rows)


def of_columns(rows):
    return pa.Table.from_pylist(rows).to_pydict()


def of_records(rows):
    """Rows as `to_dict("records")` of a frame read from Parquet has them: arrays in place of lists."""
    return [
        {name: np.array(value, object) if isinstance(value, list) else value for name, value in row.items()}
        for row in rows
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("make", [of_dicts, of_table, of_columns, of_records, pd.DataFrame, iter])
def test_layouts_of_trainers(contents, layout, make):
    rows = LAYOUTS[layout]
    if layout == "n-tuple" and make not in (of_dicts, iter):
        rows = [dict(zip(("anchor", "positive", "negative_1"), rows[0], strict=True))]
    assert contents(Collection.of(make(rows))) == {
        "documents": {"d1": "resin", "d2": "ash"},
        "queries": {"q1": "amber"},
        "judgments": {("q1", "d1", 1), ("q1", "d2", 0)},
    }


def test_ids_of_a_training_set_are_those_of_the_corpus_and_the_queries(contents, write):
    assert contents(Collection.of(RANKED, **TEXTS)) == WANTED
    corpus = write("corpus.jsonl", [{"docid": "1", "text": "resin"}, {"docid": "2", "text": "ash"}])
    assert contents(Collection.of(RANKED, corpus=corpus, queries=TEXTS["queries"])) == WANTED
    with pytest.raises(DataError, match="memory names queries by their ids, .* give them as queries=$"):
        Collection.of(RANKED, corpus=TEXTS["corpus"])
    with pytest.raises(
        DataError, match="memory names documents by their ids, .* corpus=, or as --corpus FILE"
    ):
        Collection.of(RANKED, queries=TEXTS["queries"])
    with pytest.raises(ConfigError, match="queries= go with judgments="):
        Collection.of([("amber", "resin")], queries=TEXTS["queries"])


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT, np.float64("nan")])
def test_what_a_frame_has_for_nothing_is_nothing(contents, nothing):
    rows = [{"query": "a", "positive": "one", "negative": "two"}, {"query": "b", "positive": "two"}]
    rows[1]["negative"] = nothing
    assert contents(Collection.of(rows))["judgments"] == {("q1", "d1", 1), ("q1", "d2", 0), ("q2", "d2", 1)}


def test_numbers_of_arrays_are_numbers(contents):
    rows = {"query": ["a"], "positive": ["one"], "doc_id": np.array([7]), "label": np.array([2])}
    assert contents(Collection.of(rows))["judgments"] == {("q1", "7", 2)}
