"""The development split: queries that the student does not learn from, for early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Collection, IntArray, KeyArray, part
from hardneg.evaluation import judgments_of
from hardneg.evaluation.measures import Measure, values
from hardneg.evaluation.systems import SystemRun, search
from hardneg.rankers.bm25 import Bm25
from hardneg.sources import LoadOptions, load
from hardneg.training.student import Student, as_ranker
from hardneg.training.train_settings import TrainSettings

MEASURE = Measure("nDCG", 10)

_TEST = "test"
_HELD_OUT = 0.1
"""Share of the training queries held out, at most."""
_DISTRACTORS = 20
"""BM25's documents per query that the reduced corpus keeps."""
_RERANKED = 30
"""BM25's documents per query that a cross-encoder scores."""


@dataclass(frozen=True)
class DevSet:
    """Measures a student during its training on queries that must not be learned from.

    `held_out` are (n,) uint64, keys of their texts; `origin` says where they are from, for people.
    """

    collection: Collection
    held_out: KeyArray
    origin: str

    def ndcg(self, student: Student, context: Context) -> float:
        """Returns the student's mean nDCG@10."""
        run = self._run(student, context)
        ndcg = values([MEASURE], judgments_of(self.collection), run.scores)[MEASURE]
        return sum(ndcg.values()) / len(self.collection.queries)

    @property
    def facts(self) -> Mapping[str, Any]:
        """`development` of `train.json`."""
        return {
            "origin": self.origin,
            "queries": len(self.collection.queries),
            "documents": len(self.collection.documents),
            "measure": str(MEASURE),
        }

    def _run(self, student: Student, context: Context) -> SystemRun:
        ranker = as_ranker(student, self.collection)
        if ranker.retrieves:
            return search("student", ranker, self.collection, MEASURE.cutoff or 1)
        pool = Bm25().open(self.collection, context)
        return search("student", ranker, self.collection, _RERANKED, pool)


def dev_split(
    source: str | None,
    collection: Collection,
    options: LoadOptions,
    settings: TrainSettings,
    context: Context,
) -> DevSet:
    """Returns the development split that the settings name, or one held out from the training queries."""
    if settings.dev is None:
        split, queries, origin = collection, _held_out(collection, settings), "held back from training"
    else:
        split, origin = _named_split(source, settings.dev, options), f"split {settings.dev}"
        queries = shuffled_queries(split, settings.seed)[: settings.dev_queries]
    keys = np.unique(split.queries.keys[queries])
    return DevSet(_reduced(split, np.sort(queries), settings, context), keys, origin)


def _named_split(source: str | None, name: str, options: LoadOptions) -> Collection:
    if name == _TEST:
        raise ConfigError("dev: the test split is for the final evaluation alone; name another split")
    if name == options.split:
        raise ConfigError(f"dev: the split {name} is what the student learns from; name another")
    if source is None:
        raise ConfigError("dev: a collection in memory has one split; leave dev out to hold queries out")
    return load(source, replace(options, split=name))


def shuffled_queries(collection: Collection, seed: int) -> IntArray:
    """Returns the rows of the queries with positives, in an order drawn from seed and query text."""
    queries = collection.judgments.queries_with_positives
    keys = collection.queries.keys[queries] ^ np.uint64(np.random.SeedSequence(seed).generate_state(1)[0])
    mixed: npt.NDArray[np.uint64] = keys * np.uint64(0xD1342543DE82EF95)
    return queries[np.argsort(mixed ^ (mixed >> np.uint64(32)), kind="stable")]


def _held_out(collection: Collection, settings: TrainSettings) -> IntArray:
    queries = shuffled_queries(collection, settings.seed)
    count = min(settings.dev_queries, int(len(queries) * _HELD_OUT))
    if count < 1:
        raise DataError(
            f"{collection.name} has {len(queries)} queries: too few to hold some out; name a --dev split"
        )
    return queries[:count]


def _reduced(
    collection: Collection, queries: IntArray, settings: TrainSettings, context: Context
) -> Collection:
    """Returns the queries with a part of the corpus.

    It holds their positives, BM25's best documents, and documents drawn at random up to `dev_documents`.
    """
    total, limit = len(collection.documents), settings.dev_documents
    docs: IntArray = np.arange(total, dtype=np.int32)
    if limit is not None and limit < total:
        judged = np.isin(collection.judgments.query, queries)
        retrieved = Bm25().open(collection, context).search(queries, min(_DISTRACTORS, total))[0]
        kept = np.unique(np.concatenate([collection.judgments.doc[judged], retrieved[retrieved >= 0]]))
        rest = np.random.default_rng(settings.seed).permutation(np.setdiff1d(docs, kept))
        docs = np.sort(np.concatenate([kept, rest[: max(0, limit - len(kept))]])).astype(np.int32)
    return part(collection, queries, docs)
