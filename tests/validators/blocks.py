"""Blocks of candidates that a person can follow: every document of a small collection, in its order."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from hardneg.core.components import RANKERS, VALIDATORS, Context
from hardneg.core.records import Candidates
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.testing import collection

CONTEXT = Context(Path("nowhere"))
NAN = float("nan")
LONG = " ".join(f"word{number}" for number in range(60))
NEAR = LONG.replace("word30 ", "")
OTHER = " ".join(f"term{number}" for number in range(60))


def built(*judgments):
    """Returns a collection of one query and the documents a, b, c and d, judged by (doc_id, relevance)."""
    documents = {name: f"text of {name}" for name in "abcd"}
    return collection(documents, {"q": "amber"}, [("q", doc, relevance) for doc, relevance in judgments])


def titled(documents, queries, judgments):
    """Returns a collection of documents by id, each a text or (title, text)."""
    builder = CollectionBuilder("titled", LoadOptions())
    for doc_id, given in documents.items():
        title, text = given if isinstance(given, tuple) else ("", given)
        builder.add_document(doc_id, text, title, where=doc_id)
    for query_id, text in queries.items():
        builder.add_query(query_id, text, where=query_id)
    for query_id, doc_id, relevance in judgments:
        builder.add_judgment(query_id, doc_id, relevance, where=query_id)
    return builder.build()


def whole(collection, scores=None, padding=0):
    """Returns all documents as candidates of all queries, scored by the rankers given."""
    queries, documents = len(collection.queries), len(collection.documents)
    docs = np.tile(np.arange(documents, dtype=np.int32), (queries, 1))
    docs = np.pad(docs, ((0, 0), (0, padding)), constant_values=-1)
    ranks = np.where(docs >= 0, np.arange(1, documents + padding + 1, dtype=np.int32), 0).astype(np.int32)
    empty = np.full((queries, padding), np.nan, np.float32)
    scored = {n: np.concatenate([np.asarray(s, np.float32), empty], 1) for n, s in (scores or {}).items()}
    return Candidates(np.arange(queries, dtype=np.int32), docs, ranks, scored, {}, next(iter(scored), ""))


def evidence_of(given, collection, rankers=None, scores=None):
    """Returns (validator, evidence) of all documents for all queries."""
    validator = VALIDATORS.make(given)
    opened = validator.open(collection, rankers or {}, CONTEXT)
    return validator, opened.evidence(whole(collection, scores))


def suspected(validator, evidence, positive=NAN):
    return validator.suspects(evidence, np.full((len(evidence), 1), positive, np.float32)).tolist()


def opens(monkeypatch, ranker):
    """Lets whatever ranker is made open this one; returns the list of what is made."""
    asked = []

    def make(given):
        asked.append(given)
        return SimpleNamespace(open=lambda *_: ranker, opened=lambda *_: ranker)

    monkeypatch.setattr(RANKERS, "make", make)
    return asked
