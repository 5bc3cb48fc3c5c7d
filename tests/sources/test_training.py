"""Training sets as sources, and the same files without some of their negatives."""

from collections import Counter

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions
from hardneg.sources.training import companion_files, format_of, pair_of, read, without_negatives

LIST = {"anchor": "amber", "documents": ["resin", "birch", "cedar"], "labels": [1, 0, 0], "scores": [3, 2, 1]}
TRIPLET = {"anchor": "amber", "positive": "resin", "negative": "birch"}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (TRIPLET, "sentence-transformers-triplet"),
        (LIST, "sentence-transformers-labeled-list"),
        ({"query": "q", "answer": ["a", "b"], "labels": [1, 0]}, "sentence-transformers-labeled-list"),
        ({"query": "q", "pos": ["a"], "neg": ["b"]}, "flagembedding"),
        ({"query": "q", "positive": "a"}, "pairs"),
    ],
)
def test_the_format_of_a_file(write, row, name):
    assert format_of(write("train.jsonl", [row])) == name


def test_listed_negatives_have_relevance_0(write):
    judgments = read(write("train.jsonl", [LIST]), LoadOptions()).judgments
    assert judgments.relevance.tolist() == [1, 0, 0]


def test_negatives_are_dropped_with_their_labels(write):
    notes = Counter()
    path = write("train.jsonl", [LIST])
    [row] = without_negatives(path, {pair_of("amber", "birch")}, LoadOptions(), notes)
    assert row["documents"] == ["resin", "cedar"] and row["labels"] == [1, 0]
    assert +notes == {"dropped_negatives": 1}


def test_a_row_without_negatives_is_left_out_and_counted(write):
    notes = Counter()
    path = write("train.jsonl", [TRIPLET])
    assert list(without_negatives(path, {pair_of("Amber ", "BIRCH")}, LoadOptions(), notes)) == []
    assert +notes == {"dropped_negatives": 1, "rows_without_negatives": 1}


def message(text):
    return [{"role": "user", "content": text}]


OPTIONAL = {
    "ms-swift": {
        "messages": message("amber"),
        "positive_messages": [message("resin")],
        "negative_messages": [message("birch")],
    },
    "tevatron": {
        "query_id": "q9",
        "query": "amber",
        "positive_passages": [{"docid": "a", "text": "resin"}],
        "negative_passages": [{"docid": "b", "text": "birch", "title": None}],
    },
    "jsonl": {
        "query_id": "q9",
        "query": "amber",
        "positives": [{"doc_id": "a", "text": "resin"}],
        "negatives": [{"doc_id": "b", "text": "birch"}],
    },
    "flagembedding": {"query_id": "q9", "query": "amber", "pos": ["resin"], "neg": ["birch"]},
}


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("absent", ["missing", None, []])
@pytest.mark.parametrize("first", [True, False])
def test_negatives_and_ids_are_optional_whichever_row_has_them(write, name, absent, first):
    whole, [negatives] = OPTIONAL[name], [column for column in OPTIONAL[name] if column.startswith("neg")]
    bare = {column: value for column, value in whole.items() if column not in ("query_id", negatives)}
    bare["messages" if name == "ms-swift" else "query"] = message("copal") if name == "ms-swift" else "copal"
    bare |= {} if absent == "missing" else {negatives: absent}
    path = write("train.jsonl", [bare, whole] if first else [whole, bare])

    collection = read(path, LoadOptions())
    assert sorted(collection.judgments.relevance.tolist()) == [0, 1, 1]
    assert format_of(path) == name
    kept = list(without_negatives(path, set(), LoadOptions(), notes := Counter()))
    assert bare in kept and whole in kept and +notes == {"rows_given_without_negatives": 1}


def test_what_every_row_needs_is_told_whichever_row_lacks_it(write):
    bare = {"anchor": "amber", "documents": ["resin"]}
    for number, table in ((1, [bare, LIST]), (2, [LIST, bare])):
        with pytest.raises(
            DataError, match=rf'^train\.jsonl:{number}: "labels" is missing; other rows have it$'
        ):
            read(write("train.jsonl", table), LoadOptions())


def test_made_up_ids_of_queries_pass_over_given_ones(write):
    given = OPTIONAL["tevatron"] | {"query_id": "q1"}
    bare = {"query": "copal", "positive_passages": [{"text": "a young resin"}]}
    assert read(write("train.jsonl", [given, bare]), LoadOptions()).queries.ids([0, 1]) == ["q1", "q2"]


def test_a_layout_without_splits_takes_none(write):
    with pytest.raises(DataError, match='this layout has no splits, so no split "dev"'):
        read(write("train.jsonl", [LIST]), LoadOptions(split="dev"))


def test_ids_bring_their_companion_files(write):
    row = {"query_id": "q", "document_ids": ["a", "b"], "scores": [1, 0]}
    names = [path.name for path in companion_files(write("train.jsonl", [row]))]
    assert names == ["train.queries.jsonl", "train.documents.jsonl"]


def test_labels_under_the_names_of_the_data_set_are_cut_with_their_list(write):
    row = {"query": "amber", "answer": ["birch", "resin", "cedar"], "doc_id": [1, 2, 3], "labels": [0, 1, 0]}
    path = write("train.jsonl", [row])
    [left] = without_negatives(path, {pair_of("amber", "birch")}, LoadOptions(), Counter())
    assert left == {"query": "amber", "answer": ["resin", "cedar"], "doc_id": [2, 3], "labels": [1, 0]}


def test_rows_whose_positives_are_all_wrong_are_left_out(write):
    path = write("triplets.jsonl", [TRIPLET, {**TRIPLET, "positive": "an error page"}])
    wrong, notes = {pair_of("amber", "an error page")}, Counter()
    left = list(without_negatives(path, set(), LoadOptions(), notes, None, wrong))
    assert [row["positive"] for row in left] == ["resin"]
    assert notes["rows_with_wrong_positives"] == 1
