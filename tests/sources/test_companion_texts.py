"""Training sets of ids: their texts are in files beside them, or in that of `load.corpus`."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, companions, load

RANKED = [{"query_id": "q", "document_ids": ["a", "b"], "scores": [1, 0]}]
IDS = [
    {"query_id": "q", "query_text": "amber", "positive_document_ids": ["a"], "negative_document_ids": ["b"]}
]
TEXTS = [{"docid": "a", "text": "resin"}, {"docid": "b", "text": "birch"}, {"docid": "c", "text": "cedar"}]
WANTED = {
    "documents": {"a": "resin", "b": "birch", "c": "cedar"},
    "queries": {"q": "amber"},
    "judgments": {("q", "a", 1), ("q", "b", 0)},
}


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("train.jsonl", "train.corpus.jsonl"),
        ("train.v2.json", "train.v2.corpus.json"),
        ("train.jsonl.gz", "train.corpus.jsonl.gz"),
        ("train.jsonl.zst", "train.corpus.jsonl"),
        ("train.jsonl", "train.corpus.jsonl.gz"),
    ],
)
def test_the_file_of_texts_is_called_after_the_training_set(write, contents, name, beside):
    path = write(name, IDS)
    write(beside, TEXTS)

    assert contents(load(str(path))) == WANTED and companions(path) == [beside]


def test_the_corpus_has_the_texts(write, contents):
    path, corpus = write("train.jsonl", IDS), write("docs.csv", "docid,text\na,resin\nb,birch\nc,cedar\n")

    built = contents(load(str(path), LoadOptions(corpus=str(corpus))))

    assert built == WANTED
    named = write("named.jsonl", [{"key": row["docid"], "body": row["text"]} for row in TEXTS])
    options = LoadOptions(corpus=str(named), columns={"id": "key", "text": "body"})
    assert contents(load(str(path), options)) == built


def test_texts_that_are_not_there(write):
    with pytest.raises(DataError) as raised:
        load(str(write("train.jsonl", IDS)))
    assert str(raised.value) == (
        "train.jsonl names documents by their ids, and their texts are not there: give them as "
        "train.corpus.jsonl beside it, or as --corpus FILE"
    )
    path = write("ranked.jsonl", RANKED)
    with pytest.raises(DataError, match=r"give them as ranked\.queries\.jsonl beside it$"):
        load(str(path))
    write("ranked.queries.jsonl", [{"query_id": "q", "text": "amber"}, {"query_id": "q", "text": "ash"}])
    with pytest.raises(DataError, match=r'^ranked\.queries\.jsonl:2: query id "q" is given twice'):
        load(str(path))
    write("ranked.queries.jsonl", [{"name": "q", "text": "amber"}])
    with pytest.raises(DataError, match=r"^ranked\.queries\.jsonl:1: columns found: name, text; each line"):
        load(str(path))
