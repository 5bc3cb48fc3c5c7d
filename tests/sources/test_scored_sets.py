"""The layouts in which people have scored candidates: each gives the same scores of the same pairs."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

SCORES = {"q": {"resin": 3.0, "birch": 2.0, "cedar": 1.5}, "r": {"ash": 5.0, "resin": 4.0}}
TEXTS = ["resin", "birch", "cedar", "ash"]
DOCUMENTS = [{"document_id": n, "document": text} for n, text in enumerate(TEXTS)]
QUERIES = [{"query_id": 7, "query": "q"}, {"query_id": 8, "query": "r"}]
RANKED = [
    {"query_id": 7, "document_ids": [0, 1, 2], "scores": [3.0, 2.0, 1.5]},
    {"query_id": 8, "document_ids": [3, 0], "scores": [5.0, 4.0]},
]
IDS = {text: str(n) for n, text in enumerate(TEXTS)}


def passages(texts, id="docid"):
    """Returns records of documents with their scores."""
    return [{id: IDS[text], "text": text, "title": "", "score": score} for text, score in texts.items()]


def split(own):
    """Returns the positive of a query, which comes first, and its candidates."""
    first, *others = own.items()
    return dict([first]), dict(others)


def rows(make):
    return [make(query, *split(own)) for query, own in SCORES.items()]


ONE_FILE = {
    "flagembedding": lambda q, p, n: {
        "query": q, "pos": [*p], "neg": [*n], "pos_scores": [*p.values()], "neg_scores": [*n.values()],
    },
    "tevatron": lambda q, p, n: {
        "query_id": q, "query": q, "positive_passages": passages(p), "negative_passages": passages(n),
    },
    "jsonl": lambda q, p, n: {
        "query_id": q, "query": q,
        "positives": passages(p, "doc_id"), "negatives": passages(n, "doc_id"),
    },
    "dpr": lambda q, p, n: {
        "question": q, "positive_ctxs": passages(p, "passage_id"),
        "hard_negative_ctxs": passages(n, "passage_id"),
    },
    "n-tuple": lambda q, p, n: {
        "anchor": q, "positive": [*p][0], **{f"negative_{i}": text for i, text in enumerate(n, 1)},
        "scores": [*p.values(), *n.values()],
    },
    "scores beside each": lambda q, p, n: {
        "query": q, "positive": [*p][0], "positive_score": [*p.values()][0],
        **{f"negative_{i}": text for i, text in enumerate(n)},
        **{f"negative_{i}_score": score for i, score in enumerate(n.values())},
    },
    "labeled-list": lambda q, p, n: {
        "anchor": q, "documents": [*p, *n], "labels": [1] + [0] * len(n),
        "scores": [*p.values(), *n.values()],
    },
    "scored-list": lambda q, p, n: {
        "anchor": q, "documents": [*p, *n], "scores": [*p.values(), *n.values()],
    },
}  # fmt: skip


def scores(collection, column="scores"):
    """Returns the scores of a column by texts, and the positives by query."""
    given, found, positives = collection.scores[column], {}, {}
    for query in range(len(collection.queries)):
        [text] = collection.queries.texts([query])
        docs, values = given.of(query)
        own = zip(collection.documents.texts(docs), values.tolist(), strict=True)
        found[text] = dict(own)
        positives[text] = collection.documents.texts(collection.judgments.positives(query))
    return found, positives


WANTED = SCORES, {"q": ["resin"], "r": ["ash"]}


@pytest.mark.parametrize("name", ONE_FILE)
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_one_file(write, tmp_path, name, suffix):
    given = rows(ONE_FILE[name])
    path = write("train.jsonl", given)
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(given), path := tmp_path / "train.parquet")
    found = load(str(path))
    assert scores(found) == WANTED and not found.unread_columns


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_three_tables(write, tmp_path, suffix):
    """As `lightonai/embeddings-fine-tuning` is laid out, and PyLate reads it."""
    tables = {"train": RANKED, "train.queries": QUERIES, "train.documents": DOCUMENTS}
    for name, table in tables.items():
        if suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(table), tmp_path / f"{name}.parquet")
        else:
            write(f"{name}.jsonl", table)
    found = load(str(tmp_path / f"train{suffix}"))
    assert scores(found) == WANTED
    assert found.judgments.relevance.tolist() == [1, 1] and found.queries.ids([0, 1]) == ["7", "8"]


def test_named_positives_and_a_second_teacher(write):
    """As `cross-encoder/lightonai-embeddings-fine-tuning-reranked-v1` names them."""
    write("train.queries.jsonl", QUERIES)
    write("train.documents.jsonl", DOCUMENTS)
    named = [{**RANKED[0], "positive_ids": [1, 3], "scores_ce": [9, 8, 7]}]
    found = load(str(write("train.jsonl", named)))
    assert scores(found)[1] == {"q": ["birch", "ash"]}
    assert scores(found, "scores_ce")[0] == {"q": {"resin": 9, "birch": 8, "cedar": 7}}


def test_nemo(write):
    """As its miner writes them; the positives that it lets back in score minus infinity."""

    def document(text, score):
        return {"id": IDS[text], "score": score}

    data = [
        {
            "question_id": q, "question": q, "corpus_id": "c",
            "pos_doc": [document(*one) for one in p.items()],
            "neg_doc": [*(document(*one) for one in n.items()), document("ash", float("-inf"))],
        }
        for q, (p, n) in ((q, split(own)) for q, own in SCORES.items())
    ]  # fmt: skip
    data[1]["neg_doc"].pop()
    write("corpus/train.jsonl", [{"id": name, "text": text} for text, name in IDS.items()])
    write("corpus/merlin_metadata.json", json.dumps({"class": "TextQADataset", "corpus_id": "c"}))
    path = write(
        "train.json", json.dumps({"corpus": [{"path": "corpus"}], "data": data, "mining": {}}, indent=1)
    )
    found = load(str(path))
    assert scores(found) == WANTED and found.notes["missing_scores"] == 1


def test_nemo_without_its_corpus(write):
    path = write(
        "train.json",
        json.dumps({"corpus": [{"path": "none"}], "data": [{"question": "q", "pos_doc": ["a"]}]}),
    )
    with pytest.raises(
        DataError, match=r"give them as tables with id and text in .*none, or as --corpus FILE$"
    ):
        load(str(path))
    corpus = write("documents.jsonl", [{"id": "a", "text": "resin"}])
    assert load(str(path), LoadOptions(corpus=str(corpus))).judgments.relevance.tolist() == [1]


def test_hard_negatives(tmp_path):
    """As `hard_negatives.mine_negatives` (0.1.10) writes them."""
    texts = {10: "resin", 11: "birch", 12: "cedar", 13: "ash"}
    pairs = [(1, "q", 10, 3.0, [11, 12], [2.0, 1.5]), (2, "r", 13, 5.0, [10, -1], [4.0, float("-inf")])]
    more = [
        (3, "s", 11, 1.0, [-1, -1], [float("-inf")] * 2),
        (3, "s", 12, 1.0, [-1, -1], [float("-inf")] * 2),
    ]
    table = [
        {
            "query": query, "document": texts[doc], "query_hash": q, "doc_hash": doc,
            "positive_score": positive, "negative_hashes": hashes, "negative_scores": own,
        }
        for q, query, doc, positive, hashes, own in pairs + more
    ]  # fmt: skip
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("query", "document")),
            *((name, pa.int64()) for name in ("query_hash", "doc_hash")),
            ("positive_score", pa.float32()),
            ("negative_hashes", pa.list_(pa.int64(), 2)),
            ("negative_scores", pa.list_(pa.float32(), 2)),
        ]
    )
    pq.write_table(pa.Table.from_pylist(table, schema), tmp_path / "scores.parquet")
    found, positives = scores(load(str(tmp_path / "scores.parquet")))
    assert found == {**SCORES, "s": {"birch": 1, "cedar": 1}}
    assert positives == {**WANTED[1], "s": ["birch", "cedar"]}


def test_ids_of_documents_in_a_corpus(write):
    """A table with list columns: ids, and a score each."""
    corpus = write("documents.jsonl", [{"id": name, "text": text} for text, name in IDS.items()])
    ids = {"positive_document_ids": ["0"], "negative_document_ids": ["1", "2"]}
    row = {"query_text": "q", **ids, "positive_scores": [3], "negative_scores": [2, 1.5]}
    path = write("t.jsonl", [row])
    assert scores(load(str(path), LoadOptions(corpus=str(corpus))))[0] == {"q": SCORES["q"]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"scores": [3.0, 2.0]}, '"scores" has 2 values for 3 documents'),
        ({"scores": [3.0, "2", 1]}, '"scores" holds a string'),
        ({"document_ids": [0, 1, 9]}, 'document id "9" of "document_ids" is not in the file of texts'),
        ({"query_id": 9}, 'query id "9" is not in the file of texts'),
    ],
)
def test_one_line_for_a_row_that_is_wrong(write, row, message):
    write("train.queries.jsonl", QUERIES)
    write("train.documents.jsonl", DOCUMENTS)
    with pytest.raises(DataError, match=rf"^train\.jsonl:2: {message}"):
        load(str(write("train.jsonl", [RANKED[1], {**RANKED[0], **row}])))


def test_a_document_listed_twice_keeps_both_scores_and_a_copy_s_go_to_its_document(write):
    found = load(
        str(write("t.jsonl", [{"query": "q", "pos": ["a"], "neg": ["b", "b"], "neg_scores": [1, 2]}]))
    )
    assert found.scores["scores"].docs.tolist() == [1, 1] and len(found.judgments) == 1


def test_ms_swift_labels_are_read(write):
    def row(label):
        return {"messages": [{"role": "user", "content": "q"}], "label": label,
                "positive_messages": [[{"role": "user", "content": f"p{label}"}]]}  # fmt: skip

    assert load(str(write("t.jsonl", [row(1), row(0)]))).judgments.relevance.tolist() == [1, 0]
    with pytest.raises(DataError, match=r"^t\.jsonl:1: the relevance is 0\.8; a whole number is needed"):
        load(str(write("t.jsonl", [row(0.8)])))
