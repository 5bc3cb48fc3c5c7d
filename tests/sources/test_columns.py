from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg import Collection, Recipe
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.settings import override
from hardneg.sources import LoadOptions, load
from hardneg.sources.columns import Notes, TextLengths, column_of

SQUAD = [
    {"question": "what is amber", "context": "Amber is the resin of old trees", "answer": "resin", "n": 1},
    {"question": "what is jet", "context": "Jet is a gemstone made of wood", "answer": "wood", "n": 2},
]
CORPUS = [
    {"docno": "D1", "body": "Amber is resin.", "head": "A"},
    {"docno": "D2", "body": "Jet is wood.", "head": "J"},
]


def options(*columns, **others):
    return LoadOptions(columns=list(columns), **others)


def fails(path, message, *columns, **others):
    with pytest.raises(DataError, match=message) as raised:
        load(str(path), options(*columns, **others))
    assert "\n" not in str(raised.value)


def test_columns_are_given_as_texts_or_by_role():
    assert options("query=a=b").columns == LoadOptions(columns={"query": "a=b"}).columns == {"query": "a=b"}
    assert Recipe.named("naive", rankers=["bm25"], columns=["query=q"]).load.columns == {"query": "q"}
    settings = {"load": {}}
    override(settings, ["load.columns.query=q"])
    assert settings == {"load": {"columns": {"query": "q"}}}
    with pytest.raises(ConfigError, match=r"load\.columns"):
        Recipe.named("naive", rankers=["bm25"], columns=["query"])


def test_a_longer_column_that_nobody_reads_is_refused(write, tmp_path):
    message = (
        r'^p: "answer" \(words: 1\) and "context" \(words: 7\) could each be the document; choose: --column '
    )
    fails(write("p.jsonl", SQUAD), f"{message}positive=answer or --column positive=context$")
    pq.write_table(pa.Table.from_pylist(SQUAD), tmp_path / "p.parquet")
    fails(tmp_path / "p.parquet", message.replace("^p:", r"^p\.parquet:"))
    with pytest.raises(DataError, match="could each be the document"):
        Collection.of(SQUAD)


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_the_named_column_is_read_and_the_others_are_told(write, tmp_path, contents, kind):
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(SQUAD), tmp_path / "p.parquet")
    elif kind == "csv":
        lines = [",".join(map(str, row.values())) for row in SQUAD]
        write("p.csv", "\n".join([",".join(SQUAD[0]), *lines]))
    else:
        write("p.jsonl", SQUAD)

    built = load(str(tmp_path / f"p.{kind}"), options("positive=context"))

    assert contents(built)["documents"] == {f"d{n}": row["context"] for n, row in enumerate(SQUAD, 1)}
    assert built.unread_columns == ("answer", "n")
    assert load(str(tmp_path / f"p.{kind}"), options("positive=answer")).unread_columns == ("context", "n")


def test_longer_columns_that_are_no_documents():
    lengths = TextLengths()
    for number in range(20):
        row = {
            "pos": f"a short text {number}",
            "prompt": "x " * 30,
            "url": "u" * 99 + str(number),
            "tags": ["t"],
        }
        lengths.add(row, "pos", ["pos"])

    lengths.check("f")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ["positive=contxt"],
            r'^p\.jsonl:1: no column "contxt" for the positive among those found: question, ',
        ),
        (
            ["positive=context", "doc_id=idd"],
            r'^p: no column "idd" was read as the doc_id; roles are query',
        ),
        (
            ["positive=context", "colour=n"],
            r'^p: no column "n" was read as the colour; roles are query',
        ),
    ],
)
def test_a_named_column_that_is_not_there(write, columns, message):
    fails(write("p.jsonl", SQUAD), message, *columns)


def test_a_column_named_for_one_role_has_no_other(write, contents):
    rows = [{"query": "a", "doc": 7, "pos": "one", "bad": "two", "grade": 2, "part": "train"}]

    built = load(
        str(write("p.jsonl", rows)), options("doc_id=doc", "negative=bad", "relevance=grade", "split=part")
    )

    assert contents(built) == {
        "documents": {"7": "one", "d1": "two"},
        "queries": {"q1": "a"},
        "judgments": {("q1", "7", 2), ("q1", "d1", 0)},
    }
    assert column_of(["pos", "doc"], "positive", ("pos", "doc"), "f", {"doc_id": "doc"}) == "pos"


def test_pairs_of_ids_with_the_documents_beside_them(write, contents):
    corpus = write("docs.jsonl", CORPUS)
    pairs = write("p.jsonl", [{"query": "amber", "doc_id": "D1"}, {"query": "both", "doc_id": ["D1", "D2"]}])
    named = ("id=docno", "text=body", "title=head")

    built = load(str(pairs), options(*named, corpus=str(corpus)))

    assert contents(built) == {
        "documents": {"D1": "A Amber is resin.", "D2": "J Jet is wood."},
        "queries": {"q1": "amber", "q2": "both"},
        "judgments": {("q1", "D1", 1), ("q2", "D1", 1), ("q2", "D2", 1)},
    }
    assert contents(Collection.of([{"query": "amber", "doc_id": "x"}], corpus={"x": "Amber"}))[
        "judgments"
    ] == {("q1", "x", 1)}
    fails(
        pairs, r'^p\.jsonl:1: "doc_id" names documents, and no column has their texts: give the documents as '
    )
    fails(
        pairs,
        r"^docs\.jsonl:1: columns found: docno, body, head; .* --column text=COLUMN$",
        corpus=str(corpus),
    )
    rows = write("p.jsonl", [{"query": "amber", "doc_id": "D9"}])
    fails(rows, r'^p\.jsonl:1: document id "D9" is not in the corpus', *named, corpus=str(corpus))


def test_columns_of_a_folder(write, tmp_path, contents):
    write("set/corpus.jsonl", CORPUS)
    write("set/queries.jsonl", [{"key": "q1", "question": "amber"}])
    write("set/qrels/test.tsv", "D1\tq1\t1\tx\n".join(["doc\tkey\thow\tnote\n", ""]))
    named = ("id=docno", "text=body", "title=head", "query=question", "query_id=key", "relevance=how")

    built = load(str(tmp_path / "set"), options(*named, split="test"))

    assert contents(built) == {
        "documents": {"D1": "A Amber is resin.", "D2": "J Jet is wood."},
        "queries": {"q1": "amber"},
        "judgments": {("q1", "D1", 1)},
    }
    assert built.unread_columns == ("note",)


def test_notes_are_counts():
    notes = Notes({"a": 1})
    notes.columns(["x", "y", "z"], ["y", None])

    assert notes == {"a": 1} and list(notes.unread) == ["x", "z"] and notes.read == {"y"}
