from __future__ import annotations

import pytest

from hardneg import Collection
from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

WANTED = {("q1", "d1", 2), ("q1", "d2", 0)}


@pytest.fixture
def folder(write, tmp_path):
    write("set/corpus.jsonl", [{"_id": f"d{n}", "text": text} for n, text in enumerate(("one", "two"), 1)])
    write("set/queries.jsonl", [{"_id": "q1", "text": "first"}])
    return tmp_path / "set"


def judged(folder, contents):
    return contents(load(str(folder), LoadOptions(split="test")))["judgments"]


@pytest.mark.parametrize(
    "lines",
    [
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
        "corpus-id\tquery-id\tscore\nd1\tq1\t2\nd2\tq1\t0\n",
        "score\tdocid\tqid\n2\td1\tq1\n0\td2\tq1\n",
        "Query_ID\titer\tDoc_ID\tREL\nq1\t0\td1\t2\nq1\t0\td2\t0\n",
        "a\tb\tlabel\nq1\td1\t2\nq1\td2\t0\n",
        "q1\td1\t2\nq1\td2\t0\n",
    ],
)
def test_a_header_says_which_column_is_which(write, folder, contents, lines):
    write("set/qrels/test.tsv", lines)

    assert judged(folder, contents) == WANTED


def test_a_header_of_two_columns_judges_all_relevant(write, folder, contents):
    write("set/qrels/test.tsv", "query-id\tcorpus-id\nq1\td2\n")

    assert judged(folder, contents) == {("q1", "d2", 1)}


def test_trec_judgments_may_have_a_header(write, tmp_path, contents):
    write("t/topics.tsv", "q1\tfirst\n")
    write("t/docs.tsv", "d1\tone\nd2\ttwo\n")
    write("t/qrels.test.txt", "relevance docno iter topic\n2 d1 0 q1\n0 d2 0 q1\n")

    assert judged(tmp_path / "t", contents) == WANTED


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("query-id\tcorpus-id\tmark\nq1\td1\t2\n", r'tsv:2: "mark" could be the relevance; .*relevance=mark'),
        ("query-id\tcorpus-id\tscore\nq1\td1\n", r"tsv:2: 2 columns; "),
        ("query-id\tqid\tcorpus-id\nq1\tq1\td1\n", r"tsv:1: query-id and qid could each be the query id; "),
    ],
)
def test_what_is_wrong_is_told(write, folder, lines, message):
    write("set/qrels/test.tsv", lines)

    with pytest.raises(DataError, match=rf"^qrels/test\.{message}"):
        load(str(folder), LoadOptions(split="test"))


def test_tables_in_memory(contents):
    def of(row):
        return contents(Collection.of({"q": "a"}, corpus={"x": "b"}, judgments=[row]))["judgments"]

    assert of({"docid": "x", "qid": "q", "rel": 3}) == {("q", "x", 3)}
    assert of({"query": "q", "document": "x"}) == {("q", "x", 1)}
    with pytest.raises(DataError, match='row 1: "stars" could be the relevance'):
        of({"docid": "x", "qid": "q", "stars": 0})
    with pytest.raises(DataError, match="row 1: no column for the doc id among those found: qid, d; acc"):
        of({"qid": "q", "d": "x"})
