"""Layouts of folders that people bring, as data: their files, and what must be read of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.sources.layouts import AMBER, ASH, JET, PAIRS, Q1, Q2, TRIPLETS, Judged
from tests.sources.written import parquet

Content = str | bytes

Q = {"1": Q1, "2": Q2}
D = {"a": AMBER, "j": JET, "s": ASH}
QRELS = [("1", "a", 1), ("1", "s", 0), ("2", "j", 1), ("2", "s", 0)]
POSITIVE = [row for row in QRELS if row[2]]
TITLED = {Q1: {f"On amber {AMBER}": 1, ASH: 0}, Q2: {f"On jet {JET}": 1, ASH: 0}}


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder and what must be read of it.

    Attributes:
        name: What it is.
        files: Its files, by path.
        wanted: What is judged.
        split: The split that is read.
    """

    name: str
    files: Mapping[str, Content]
    wanted: Judged
    split: str = "train"


def lines(rows: Sequence[Any], mark: str = "\t") -> str:
    return "".join(
        f"{mark.join(map(str, row)) if isinstance(row, tuple) else json.dumps(row)}\n" for row in rows
    )


def objects(names: str, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


CORPUS = [
    {"_id": "a", "title": "On amber", "text": AMBER, "metadata": {}},
    {"_id": "j", "title": "On jet", "text": JET, "metadata": {}},
    {"_id": "s", "title": "", "text": ASH, "metadata": {}},
]
QUERIES = objects("_id text", list(Q.items()))
BEIR = {"corpus.jsonl": lines(CORPUS), "queries.jsonl": lines(QUERIES)}
JUDGMENTS = objects("query-id corpus-id score", QRELS)

TOPICS = "".join(
    f"<top>\n<num> Number: {n}\n<title> {text}\n\n<desc> Description: More.\n</top>\n\n"
    for n, text in Q.items()
)
DOCS = "".join(f"<DOC>\n<DOCNO> {n} </DOCNO>\n<TEXT>\n{text}\n</TEXT>\n</DOC>\n" for n, text in D.items())
TREC = [(query, 0, doc, grade) for query, doc, grade in QRELS]
MS_MARCO = {
    "collection.tsv": lines(list(D.items())),
    "queries.train.tsv": lines(list(Q.items())),
    "queries.dev.small.tsv": lines([("2", Q2)]),
    "qrels.train.tsv": lines([(query, 0, doc, grade) for query, doc, grade in POSITIVE]),
    "qrels.dev.small.tsv": lines([("2", 0, "j", 1)]),
    "collectionandqueries.tar.gz": b"\x1f\x8b...",
}
MIRACL = {
    "miracl-corpus-v1.0-ru/docs-0.jsonl.gz": lines(
        objects("docid title text", [("a", "", AMBER), ("j", "", JET)])
    ),
    "miracl-corpus-v1.0-ru/docs-1.jsonl.gz": lines(objects("docid title text", [("s", "", ASH)])),
    "topics/topics.miracl-v1.0-ru-train.tsv": lines(list(Q.items())),
    "topics/topics.miracl-v1.0-ru-dev.tsv": lines([("2", Q2)]),
    "qrels/qrels.miracl-v1.0-ru-train.tsv": lines([(query, "Q0", doc, grade) for query, doc, grade in QRELS]),
    "qrels/qrels.miracl-v1.0-ru-dev.tsv": lines([("2", "Q0", "j", 1)]),
}

FOLDERS = [
    Folder("BEIR", {**BEIR, "qrels/train.tsv": lines([("query-id", "corpus-id", "score"), *QRELS])}, TITLED),
    Folder("BEIR without a header", {**BEIR, "qrels/train.tsv": lines(QRELS)}, TITLED),
    Folder(
        "BEIR, another split", {**BEIR, "qrels/train.tsv": "", "qrels/test.tsv": lines(QRELS)}, TITLED, "test"
    ),
    Folder(
        "BEIR without titles, packed",
        {
            "corpus.jsonl.gz": lines(objects("_id text", list(D.items()))),
            "queries.jsonl.zst": lines(QUERIES),
            "qrels/train.tsv.gz": lines(QRELS),
        },
        TRIPLETS,
    ),
    Folder(
        "BEIR, the header in another order",
        {
            **BEIR,
            "qrels/train.tsv": lines([("score", "corpus-id", "query-id"), *(row[::-1] for row in QRELS)]),
        },
        TITLED,
    ),
    Folder("BEIR, judgments as JSON lines", {**BEIR, "qrels/train.jsonl": lines(JUDGMENTS)}, TITLED),
    Folder(
        "BEIR, judgments as parts of Parquet",
        {
            **BEIR,
            "qrels/train-00000-of-00002.parquet": parquet(JUDGMENTS[:2]),
            "qrels/train-00001-of-00002.parquet": parquet(JUDGMENTS[2:]),
        },
        TITLED,
    ),
    Folder(
        "BEIR, GPL's scores as decimals",
        {**BEIR, "qrels/train.tsv": lines([(query, doc, f"{grade}.0") for query, doc, grade in QRELS])},
        TITLED,
    ),
    Folder(
        "BEIR of the hub, Parquet",
        {
            "corpus/corpus-00000-of-00001.parquet": parquet(
                CORPUS_ROWS := [{name: row[name] for name in ("_id", "title", "text")} for row in CORPUS]
            ),
            "queries/queries-00000-of-00001.parquet": parquet(QUERIES),
            "qrels/train-00000-of-00001.parquet": parquet(JUDGMENTS),
        },
        TITLED,
    ),
    Folder(
        "BEIR of the hub, JSON lines, ids called id",
        {
            "corpus.jsonl": lines(objects("id text", list(D.items()))),
            "queries.jsonl": lines(objects("id text", list(Q.items()))),
            "qrels/train.jsonl": lines(JUDGMENTS),
        },
        TRIPLETS,
    ),
    Folder(
        "TREC", {"topics.301-350.txt": TOPICS, "docs.sgml": DOCS, "qrels.txt": lines(TREC, " ")}, TRIPLETS
    ),
    Folder("TREC, packed", {"topics.gz": TOPICS, "docs/1.zst": DOCS, "qrels.gz": lines(TREC)}, TRIPLETS),
    Folder(
        "TREC, topics and documents as TSV",
        {
            "topics.tsv": lines(list(Q.items())),
            "docs.tsv": lines(list(D.items())),
            "qrels": lines(TREC, "  "),
        },
        TRIPLETS,
    ),
    Folder(
        "TREC, documents with titles",
        {
            "queries.tsv": lines(list(Q.items())),
            "corpus.tsv": lines([("a", "On amber", AMBER), ("j", "On jet", JET), ("s", "", ASH)]),
            "qrels.tsv": lines(TREC),
        },
        TITLED,
    ),
    Folder(
        "TREC, documents of pyserini",
        {
            "topics.tsv": lines(list(Q.items())),
            "collection.jsonl": lines(objects("id contents", list(D.items()))),
            "qrels.txt": lines(TREC, " "),
        },
        TRIPLETS,
    ),
    Folder(
        "TREC, judgments below a header",
        {
            "queries.jsonl": lines(objects("qid query", list(Q.items()))),
            "documents.jsonl": lines(objects("docno text", list(D.items()))),
            "qrels.tsv": lines([("qid", "docno", "label"), *QRELS]),
        },
        TRIPLETS,
    ),
    Folder(
        "tables of CSV",
        {
            "queries.csv": lines([("id", "query"), *Q.items()], ","),
            "corpus.csv": lines([("id", "text"), *D.items()], ";"),
            "qrels.csv": lines([("query_id", "doc_id", "relevance"), *QRELS], ","),
        },
        TRIPLETS,
    ),
    Folder("MS MARCO", MS_MARCO, PAIRS),
    Folder("MS MARCO, dev.small", MS_MARCO, {Q2: {JET: 1}}, "dev.small"),
    Folder("MIRACL", MIRACL, TRIPLETS),
    Folder("MIRACL, dev", MIRACL, {Q2: {JET: 1}}, "dev"),
]
