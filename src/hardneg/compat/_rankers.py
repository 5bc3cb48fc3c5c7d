"""Rankers around models that the caller has loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from hardneg.compat._arguments import InvalidArgument
from hardneg.core.components import Context, OpenedRanker, Ranker
from hardneg.core.errors import DataError
from hardneg.core.records import Collection, Documents, FloatArray, IntArray, Queries, rows_of
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.store import SHARD, Encode, Store, Vectors
from hardneg.rankers.kernels.top_k import TopK

_DEFAULT_LENGTH, _LONGEST = 512, 1 << 20
_PAIRS = 16_384


@dataclass(frozen=True)
class GivenModel(Ranker):
    """Ranks by a loaded `SentenceTransformer` and its similarity function, vectors brought to length 1.

    The text of a query is never among its candidates, unless it is one of its positives.

    Attributes:
        model: The model.
        query_prompt: Text before each query.
        document_prompt: Text before each document.
        batch_size: No batch holds more tokens than this many texts of the greatest length.
        search_size: Queries searched at once.
        devices: Where to encode, the model moved to the first and copied to others; None for where it is.
        keep_vectors: Whether vectors are kept in the cache.
    """

    model: Any
    query_prompt: str
    document_prompt: str
    batch_size: int
    search_size: int
    devices: tuple[str, ...] | None = None
    keep_vectors: bool = False
    name: str | None = "model"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its texts encoded or read from the cache."""
        model, (first, *others) = self.model, self.devices or (None,)
        longest = min(model.max_seq_length or _DEFAULT_LENGTH, _LONGEST)
        _reset_tokenizer(model)
        encoder = Encoder(
            model if first is None else model.to(first),
            "",
            self.query_prompt,
            self.document_prompt,
            normalize=True,
            devices=others,
            max_tokens=int(self.batch_size * longest),
        )
        queries = self._vectors(
            collection.queries, "queries", encoder.queries, encoder.fingerprint("query"), context
        )
        documents = self._vectors(
            collection.documents, "documents", encoder.documents, encoder.fingerprint("document"), context
        )
        ranker: OpenedRanker = (
            DenseRanker(encoder.facts, documents, queries)
            if model.similarity_fn_name in ("cosine", "dot")
            else _SimilarityRanker(encoder.facts, documents, queries, model)
        )
        return _WithoutOwnText(ranker, collection, self.search_size)

    def _vectors(
        self, texts: Queries | Documents, unit: str, encode: Encode, fingerprint: str, context: Context
    ) -> Vectors:
        stage, count = f"encode {unit}", len(texts)
        if self.keep_vectors:
            store = Store(context.cache, fingerprint)
            return store.vectors(texts.texts, count, encode, context.progress, (stage, unit))
        with context.progress.task(stage, count, unit) as task:
            return Vectors([encode(texts.texts(rows), task.advance) for rows in rows_of(count, SHARD)])


def _reset_tokenizer(model: Any) -> None:
    """Resets the padding left by the last batch, which is part of the digest that names kept vectors."""
    tokenizer = getattr(getattr(model, "tokenizer", None), "backend_tokenizer", None)
    if tokenizer is not None:
        tokenizer.no_padding()
        tokenizer.no_truncation()


class _SimilarityRanker:
    """Brute force by euclidean or manhattan distance, which `DenseRanker` lacks: neither is a dot product."""

    retrieves = True

    def __init__(self, facts: Mapping[str, Any], documents: Vectors, queries: Vectors, model: Any) -> None:
        self.facts = facts
        self._documents, self._queries, self._model = documents, queries, model

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        best, vectors = TopK(len(queries), depth), self._queries.take(queries)
        for number, chunk in enumerate(self._documents.chunks):
            scores = self._model.similarity(vectors, np.array(chunk)).float().cpu().numpy()
            best.update(scores, number * self._documents.size)
        return best.result()

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        scores = np.full(docs.shape, np.nan, np.float32)
        rows, columns = np.nonzero(docs >= 0)
        for part in rows_of(len(rows), _PAIRS):
            row, column = rows[part], columns[part]
            vectors = self._queries.take(queries[row]), self._documents.take(docs[row, column])
            scores[row, column] = self._model.similarity_pairwise(*vectors).float().cpu().numpy()
        return scores


class _WithoutOwnText:
    """A ranker that searches as if the text of a query, unless a positive of it, were not in the corpus."""

    retrieves = True

    def __init__(self, ranker: OpenedRanker, collection: Collection, size: int) -> None:
        self.facts = ranker.facts
        self.score = ranker.score
        self._ranker, self._size, self._documents = ranker, size, len(collection.documents)
        rows = {key: row for row, key in enumerate(collection.documents.keys.tolist())}
        own = np.array([rows.get(key, -1) for key in collection.queries.keys.tolist()], np.int32)[:, None]
        positive = collection.judgments.relevant.has(np.arange(len(own), dtype=np.int32), own)
        self._own = np.where(positive, np.int32(-1), own)

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        parts = [self._search(queries[rows], depth) for rows in rows_of(len(queries), self._size)]
        docs, scores = zip(*parts, strict=True)
        return np.concatenate(docs), np.concatenate(scores)

    def _search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        docs, scores = self._ranker.search(queries, min(depth + 1, self._documents))
        own = docs == self._own[queries]
        docs, scores = np.where(own, np.int32(-1), docs), np.where(own, np.float32("nan"), scores)
        order = np.argsort(own, axis=1, kind="stable")[:, :depth]
        return np.take_along_axis(docs, order, axis=1), np.take_along_axis(scores, order, axis=1)


@dataclass(frozen=True)
class GivenCrossEncoder(Ranker):
    """Scores candidates with a loaded `CrossEncoder` of one label.

    Attributes:
        model: The model.
        batch_size: Pairs in one batch.
        options: Further arguments of `predict`.
    """

    model: Any
    batch_size: int
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = "cross-encoder"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    reranks: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker.

        Raises:
            InvalidArgument: The model gives several scores per pair.
        """
        labels = getattr(self.model, "num_labels", 1)
        if labels != 1:
            raise InvalidArgument(f"the cross-encoder must give one score a pair, it gives {labels}")
        return _OpenedCrossEncoder(self, collection)


class _OpenedCrossEncoder:
    retrieves = False

    def __init__(self, settings: GivenCrossEncoder, collection: Collection) -> None:
        self.facts: Mapping[str, Any] = {}
        self._settings, self._collection = settings, collection

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        raise NotImplementedError("a cross-encoder scores candidates that other rankers find")

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        rows, columns = np.nonzero(docs >= 0)
        texts = self._collection.queries.texts(queries[rows])
        pairs = list(zip(texts, self._collection.documents.texts(docs[rows, columns]), strict=True))
        given = self._settings
        predicted = given.model.predict(
            pairs, batch_size=given.batch_size, show_progress_bar=False, **given.options
        )
        scores = np.full(docs.shape, np.nan, np.float32)
        scores[rows, columns] = predicted
        if not np.isfinite(scores[rows, columns]).all():
            raise DataError("the cross-encoder gives a score that is NaN or infinite")
        return scores


def devices_of(model: Any, use_multi_process: list[str] | bool) -> tuple[str, ...] | None:
    """Returns the devices to encode on: all of the model's kind for True; None to leave it where it is."""
    import torch

    kind = model.device.type
    if not use_multi_process or (use_multi_process is True and kind == "cpu"):
        return None
    if use_multi_process is True:
        return tuple(f"{kind}:{number}" for number in range(getattr(torch, kind).device_count()))
    return tuple(dict.fromkeys(use_multi_process))


@contextmanager
def processes(model: Any, use_multi_process: list[str] | bool) -> Iterator[dict[str, Any]]:
    """Yields the argument by which a `CrossEncoder` uses processes of its own; none where none are wanted."""
    if model is None or not use_multi_process:
        yield {}
        return
    pool = model.start_multi_process_pool(None if use_multi_process is True else use_multi_process)
    try:
        yield {"pool": pool}
    finally:
        model.stop_multi_process_pool(pool)
