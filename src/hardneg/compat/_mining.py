"""The miner run in memory with models that the caller has loaded, and its ledger read as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.compat._arguments import InvalidArgument
from hardneg.core.components import Context, Draw, OpenedRanker, Ranker
from hardneg.core.components.selection import Priority
from hardneg.core.errors import DataError
from hardneg.core.exclusions import EXCLUSIONS, Exclusions
from hardneg.core.progress import Progress
from hardneg.core.records import (
    JUDGED_RELEVANT,
    Candidates,
    Collection,
    Documents,
    Example,
    FloatArray,
    IntArray,
    Queries,
    Scored,
    rows_of,
)
from hardneg.engines.local import Local
from hardneg.mining.miner import Miner
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.encode import Encoder, check_finite
from hardneg.rankers.dense.store import SHARD, Advance, Encode, Store, Vectors
from hardneg.rankers.kernels.top_k import TopK
from hardneg.rankers.pairs.scorer import PairScorer
from hardneg.runs.directory import Clock

_DEFAULT_LENGTH, _LONGEST = 512, 1 << 20
_PAIRS = 16_384


@dataclass(frozen=True)
class SurvivorWindow(Draw):
    """Draws from a window of ranks that counts only the candidates that pass all rules.

    The rule `window` counts ranks of the whole ranking instead; a draw is given what the rules allow.
    """

    first: int  # how many of the best are passed over
    last: int  # where the window ends
    draw: Draw

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns the priorities of the draw, NaN outside the window."""
        allowed = candidates.ranks > 0
        place = np.cumsum(allowed, axis=1)
        window = allowed & (place > self.first) & (place <= self.last)
        return self.draw.priority(candidates.only(window), noise)


class _PositivesStay(Exclusions):
    """Excludes nothing but the query's own text: positives may be chosen too (`include_positives`)."""

    def reasons(self, candidates: Candidates) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
        reasons = super().reasons(candidates)
        return np.where(reasons == EXCLUSIONS.index(JUDGED_RELEVANT), np.int8(-1), reasons)


def mined(
    collection: Collection,
    recipe: Recipe,
    include_positives: bool,
    cache: Path,
    progress: Progress,
    dropped: Counter[str],
) -> Iterator[Example]:
    """Yields each query's positives, as they came, and its negatives, best first."""
    miner = Miner.opened(collection, recipe, Context(cache, progress, Local()), Clock())
    if include_positives:
        miner.exclusions = _PositivesStay(collection)
    begin = 0
    with progress.task("mine", sum(miner.sizes), "queries") as task:
        for number, size in enumerate(miner.sizes):
            table = miner.block(number).table
            retrieved = table.filter(pc.is_valid(table["rank"]))
            counts = retrieved["reason"].value_counts().to_pylist()
            dropped.update({count["values"]: count["counts"] for count in counts})
            yield from _examples(table, collection, begin, f"score.{recipe.select.by}")
            begin += size
            task.advance(size)


def _examples(table: pa.Table, collection: Collection, begin: int, score_column: str) -> Iterator[Example]:
    """Yields the examples of one block of the ledger, whose first query has row `begin`."""
    query = begin + table["query_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    docs = table["doc_id"].cast(pa.int32()).to_numpy()
    positive = collection.judgments.relevant.has(query.astype(np.int32), docs[:, None])[:, 0]
    used = np.flatnonzero(positive | (table["copies"].to_numpy() > 0))
    columns = (query[used], docs[used], *(table[name].to_numpy()[used] for name in (score_column, "copies")))
    texts = dict(zip(docs[used].tolist(), collection.documents.bodies(docs[used]), strict=True))
    queries = collection.queries.texts(np.arange(begin, query[-1] + 1))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for row, own in groupby(rows, key=itemgetter(0)):
        candidates = {doc: (Scored(str(doc), "", texts[doc], score), copies) for _, doc, score, copies in own}
        yield Example(
            str(row),
            queries[row - begin],
            [candidates[doc][0] for doc in collection.judgments.positives(row).tolist()],
            [scored for scored, copies in candidates.values() if copies],
        )


@dataclass(frozen=True)
class GivenModel(Ranker):
    """Ranks by a loaded `SentenceTransformer` and its similarity function, vectors brought to length 1.

    The text of a query is never among its candidates, unless it is one of its positives.
    """

    model: Any
    query_prompt: str
    document_prompt: str
    batch_size: int  # no batch holds more tokens than this many texts of the greatest length
    search_size: int  # queries searched at once
    use_multi_process: list[str] | bool = False  # devices with a process each; True for all
    keep_vectors: bool = False
    name: str | None = "model"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its texts encoded or read from the cache."""
        model = self.model
        longest = min(model.max_seq_length or _DEFAULT_LENGTH, _LONGEST)
        _reset_tokenizer(model)
        encoder = Encoder(
            model,
            "",
            self.query_prompt,
            self.document_prompt,
            normalize=True,
            max_tokens=int(self.batch_size * longest),
        )
        query_key, document_key = encoder.fingerprint("query"), encoder.fingerprint("document")
        with processes(model, self.use_multi_process) as pool:
            by_queries: Encode = encoder.queries
            by_documents: Encode = encoder.documents
            if pool:
                options = {"batch_size": self.batch_size, **pool}
                by_queries = _in_processes(model.encode_query, self.query_prompt, options)
                by_documents = _in_processes(model.encode_document, self.document_prompt, options)
            queries = self._vectors(collection.queries, "queries", by_queries, query_key, context)
            documents = self._vectors(collection.documents, "documents", by_documents, document_key, context)
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


def _in_processes(encode: Callable[..., Any], prompt: str, options: Mapping[str, Any]) -> Encode:
    """Returns what encodes texts by the processes of a model's own pool."""

    def run(texts: list[str], advance: Advance) -> FloatArray:
        vectors = encode(texts, prompt=prompt, normalize_embeddings=True, show_progress_bar=False, **options)
        check_finite(vectors, texts)
        advance(len(texts))
        return np.asarray(vectors, np.float32)

    return run


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
    """Scores candidates with a loaded `CrossEncoder` of one label."""

    model: Any
    batch_size: int
    options: Mapping[str, Any] = field(default_factory=dict)  # further arguments of `predict`
    name: str | None = "cross-encoder"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    reranks: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker."""
        labels = getattr(self.model, "num_labels", 1)
        if labels != 1:
            raise InvalidArgument(f"the cross-encoder must give one score a pair, it gives {labels}")
        return _OpenedCrossEncoder(self, collection)


class _OpenedCrossEncoder(PairScorer):
    def __init__(self, settings: GivenCrossEncoder, collection: Collection) -> None:
        super().__init__(collection, {})
        self._settings = settings

    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        given, pairs = self._settings, list(zip(queries, documents, strict=True))
        options = {"batch_size": given.batch_size, "show_progress_bar": False, **given.options}
        scores = np.asarray(given.model.predict(pairs, **options), np.float32)
        if not np.isfinite(scores).all():
            raise DataError("the cross-encoder gives a score that is NaN or infinite")
        return scores


@contextmanager
def processes(model: Any, use_multi_process: list[str] | bool) -> Iterator[dict[str, Any]]:
    """Yields the argument by which a model works in processes, one a device; none where none are wanted."""
    if model is None or not use_multi_process:
        yield {}
        return
    pool = model.start_multi_process_pool(None if use_multi_process is True else use_multi_process)
    try:
        yield {"pool": pool}
    finally:
        model.stop_multi_process_pool(pool)
