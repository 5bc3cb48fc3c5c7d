from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

ROWS = [
    {"query": "a", "positive": "one"},
    {"query": "b", "positive": "two"},
    {"query": "a", "positive": "two"},
]
WANTED = {
    "documents": {"d1": "one", "d2": "two"},
    "queries": {"q1": "a", "q2": "b"},
    "judgments": {("q1", "d1", 1), ("q2", "d2", 1), ("q1", "d2", 1)},
}


@pytest.fixture
def judged(write, contents):
    """Returns the contents of a collection read from these rows."""
    return lambda table, **options: contents(load(str(write("p.jsonl", table)), LoadOptions(**options)))


def fails(path, message, **options):
    with pytest.raises(DataError, match=message) as raised:
        load(str(path), LoadOptions(**options))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["p.jsonl", "p.json.gz", "p.ndjson.zst"])
def test_rows_of_one_query_are_merged(write, contents, name):
    built = load(str(write(name, ROWS)))

    assert built.name == "p" and contents(built) == WANTED and built.notes == {}


@pytest.mark.parametrize(
    ("name", "delimiter"), [("p.csv", ","), ("p.tsv", "\t"), ("p.csv.gz", ";"), ("p.tsv.zst", "\t")]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimited_files(write, contents, name, delimiter, ending, mark):
    lines = ["Query,POSITIVE,other", "a,one,x", "b,two,", "a,two," if "tsv" in name else '"a","two",""']
    content = mark + "".join(line.replace(",", delimiter) + ending for line in lines)

    assert contents(load(str(write(name, content)))) == WANTED


def test_parquet_files(tmp_path, contents):
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "p.parquet")

    assert contents(load(str(tmp_path / "p.parquet"))) == WANTED


@pytest.mark.parametrize("query", ["query", "anchor", "question"])
@pytest.mark.parametrize("positive", ["positive", "pos", "answer", "document", "doc", "passage"])
def test_accepted_names(judged, query, positive):
    assert judged([{query: "a", positive: "one"}])["judgments"] == {("q1", "d1", 1)}


def test_flag_embedding_rows(judged):
    row = {
        "query": "a",
        "pos": ["one", "two"],
        "neg": ["three", "one", ""],
        "pos_scores": [1, 2],
        "prompt": "p",
    }

    assert judged([row, {"query": "b", "pos": ["three"], "neg": []}])["judgments"] == {
        ("q1", "d1", 1),
        ("q1", "d2", 1),
        ("q1", "d3", 0),
        ("q2", "d3", 1),
    }


def test_several_negative_columns(judged):
    row = {"anchor": "a", "positive": "p", "negative_1": "x", "negative_2": "y", "Negative": None}

    assert judged([row])["judgments"] == {("q1", "d1", 1), ("q1", "d2", 0), ("q1", "d3", 0)}


def test_given_ids(judged):
    row = {"query_id": 7, "query": "a", "doc_id": "x", "document": "one", "negative": "two"}

    assert judged([row, row | {"doc_id": "y", "document": "two"}]) == {
        "documents": {"x": "one", "d1": "two"},
        "queries": {"7": "a"},
        "judgments": {("7", "x", 1), ("7", "d1", 1)},
    }


def test_made_up_ids_pass_over_given_ones(judged):
    table = [
        {"query_id": "q1", "query": "a", "doc_id": "d1", "doc": "one"},
        {"query": "b", "doc": "two"},
    ]

    assert judged(table)["judgments"] == {("q1", "d1", 1), ("q2", "d2", 1)}


@pytest.mark.parametrize("column", ["score", "label", "relevance"])
def test_graded_relevance(judged, column):
    table = [
        {"query": "a", "document": "one", column: 2},
        {"query": "a", "document": "two", column: "0"},
        {"query": "a", "document": ["three", "four"], column: [1.0, 0]},
    ]

    judgments = {("q1", "d1", 2), ("q1", "d2", 0), ("q1", "d3", 1), ("q1", "d4", 0)}
    assert judged(table)["judgments"] == judgments


def test_a_column_of_splits_is_read(judged):
    table = [row | {"split": split} for row, split in zip(ROWS, ("train", "test", "test"), strict=True)]

    assert judged(table, split="test") == {
        "documents": WANTED["documents"],
        "queries": WANTED["queries"],
        "judgments": {("q2", "d2", 1), ("q1", "d2", 1)},
    }
    assert judged(table)["judgments"] == {("q1", "d1", 1)}
    assert judged(table, split="all") == WANTED


def test_a_split_that_is_not_there(write):
    path = write("p.jsonl", [row | {"split": "train"} for row in ROWS])

    fails(
        path,
        r'^p: no row of the split "test"; splits found: train; choose one, or all, with --split$',
        split="test",
    )


def test_a_file_without_splits_is_train_or_all(write, judged):
    assert judged(ROWS, split="all") == WANTED

    fails(write("p.jsonl", ROWS), r'^p\.jsonl:1: there is no column "split", .*--split all$', split="test")
    some = [ROWS[0] | {"split": "train"}, ROWS[1]]
    fails(write("p.jsonl", some), r'^p\.jsonl:2: "split" is missing; other rows have it$')
    fails(write("p.jsonl", some[::-1]), r'^p\.jsonl:2: there is a column "split", which earlier rows lack$')


def test_a_corpus_of_its_own(write, judged):
    for name, content in (
        ("c.jsonl", [{"_id": "x", "text": "two"}, {"_id": "y", "title": "T", "text": "three"}]),
        ("c.csv.gz", "id,title,text\nx,,two\ny,T,three\n"),
    ):
        read = judged(ROWS, corpus=str(write(name, content)))
        assert read["documents"] == {"x": "two", "y": "T three", "d1": "one"}
        assert read["judgments"] == {("q1", "d1", 1), ("q1", "x", 1), ("q2", "x", 1)}


def test_a_corpus_of_lines(write, judged):
    read = judged(ROWS, corpus=str(write("c.txt", "zero\n\none\nzero\n")))

    assert read["documents"] == {"d1": "zero", "d2": "one", "d3": "two"}
    assert read["judgments"] == {("q1", "d2", 1), ("q1", "d3", 1), ("q2", "d3", 1)}


def test_rows_without_text_are_skipped_if_asked(write):
    table = [
        *ROWS,
        {"query": "", "positive": "x"},
        {"query": "c", "positive": ""},
        {"query": "d", "positive": []},
    ]
    built = load(str(write("p.jsonl", table)), LoadOptions(empty_texts="skip"))

    assert len(built.judgments) == 3
    assert built.notes == {
        "skipped_empty_queries": 1,
        "skipped_empty_positives": 2,
        "skipped_judgments_of_empty_texts": 1,
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"text": "a", "positive": "b"},
            r"no column for the query among those found: text, positive; a pairs file has",
        ),
        (
            {"query": "a", "text": "b"},
            r"no column for the positive among those found: query, text; a pairs file has",
        ),
        (
            {"query": "a", "anchor": "a", "pos": "b"},
            r"query and anchor could each be the query; .*: query, anchor, pos;",
        ),
        ({"query": "a", "pos": "b", "answer": "b"}, r"pos and answer could each be the positive; "),
        (
            {"query": "a", "pos": "b", "score": 1, "label": 1},
            r"score and label could each be the relevance; ",
        ),
        ({"query": ["a"], "pos": "b"}, r'"query" is a list; a string is needed$'),
        ({"query": None, "pos": "b"}, r'query "q2" has no text; '),
        ({"query": " ", "pos": "b"}, r'query "q2" has no text; '),
        ({"query": "a", "pos": ""}, r'"pos" is missing or empty; each row needs a positive, or pass '),
        (
            {"query": "a", "pos": []},
            r'"pos" is missing or empty; each row needs a positive, .*empty_texts=skip, without --strict$',
        ),
        ({"query": "a", "pos": ["b", 3]}, r'"pos" holds a number; strings are needed$'),
        ({"query": "a", "pos": "b", "neg": [["c"]]}, r'"neg" holds a list; strings are needed$'),
        (
            {"query": "a", "pos": "b", "score": 0.83},
            r'the relevance is 0\.83; .*; if "score" says som',
        ),
        ({"query": "a", "pos": ["b", "c"], "label": [1]}, r'"label" has 1 value for 2 positives$'),
        (
            {"query": "a", "pos": ["b", "c"], "doc_id": "x"},
            r"document id \"x\" is given twice, with different texts: 'b' and 'c'; keep one",
        ),
        (
            {"query": "a", "pos": "b", "doc_id": None},
            r'"doc_id" is null; an id is a string or a whole number$',
        ),
        ({"query_id": 1.5, "query": "a", "pos": "b"}, r'"query_id" is a number; an id is'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write, row, message):
    rows = write("p.jsonl", [{"query": "fine", "pos": "text"}, row])
    fails(rows, rf"^p\.jsonl:2: {message}", empty_texts="error")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.jsonl", [{"_id": "x"}], r"c\.jsonl:1: columns found: _id; each document needs a text"),
        ("c.jsonl", [{"id": "x", "_id": "y", "text": "a"}], r"c\.jsonl:1: id and _id could each be the id"),
        (
            "c.jsonl",
            [{"id": "x", "text": None}],
            r'c\.jsonl:1: document "x" has no text; fill it in, or pass ',
        ),
        ("c.jsonl", [{"id": "x", "text": ""}], r'c\.jsonl:1: document "x" has no text'),
        ("c.md", "one", r".*c\.md: a file of documents ends with \.txt or one of \.jsonl"),
    ],
)
def test_what_is_wrong_with_a_corpus_is_told(write, name, content, message):
    corpus = str(write(name, content))
    fails(write("p.jsonl", ROWS), f"^{message}", corpus=corpus, empty_texts="error")


def test_a_corpus_that_is_not_there(write):
    fails(
        write("p.jsonl", ROWS), r"^cannot read none\.jsonl: No such file or directory$", corpus="none.jsonl"
    )


def test_a_file_without_rows(write):
    fails(write("p.csv", "query,positive\n"), r"^p: there are no documents$")
