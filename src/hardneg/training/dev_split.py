"""The development split: queries that no student learns from, on which training is stopped early."""

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
from hardneg.evaluation.runs import Run, search
from hardneg.rankers.bm25 import Bm25
from hardneg.sources import LoadOptions, load
from hardneg.training.settings import TrainSettings
from hardneg.training.student import Student
from hardneg.training.student_ranker import as_ranker

MEASURE = Measure("nDCG", 10)

_TEST = "test"
_HELD = 0.1
_DISTRACTORS = 20
_RERANKED = 30


@dataclass(frozen=True)
class DevSet:
    """What a student is judged by while it learns.

    Attributes:
        collection: The development queries, and the documents that they are searched in.
        held: (n,) uint64, keys of the texts of training queries that are held back.
        origin: Where the queries are from, for people.
    """

    collection: Collection
    held: KeyArray
    origin: str

    def ndcg(self, student: Student, context: Context) -> float:
        """Returns the student's mean nDCG@10."""
        run = self._run(student, context)
        found = values([MEASURE], judgments_of(self.collection), run.scores)[MEASURE]
        return sum(found.values()) / len(self.collection.queries)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What `train.json` tells of it."""
        return {
            "origin": self.origin,
            "queries": len(self.collection.queries),
            "documents": len(self.collection.documents),
            "measure": str(MEASURE),
        }

    def _run(self, student: Student, context: Context) -> Run:
        ranker = as_ranker(student, self.collection)
        if ranker.retrieves:
            return search("student", ranker, self.collection, MEASURE.cutoff or 1)
        pool = Bm25().open(self.collection, context)
        return search("student", ranker, self.collection, _RERANKED, pool)


def dev_split(
    source: str | None,
    trained: Collection,
    options: LoadOptions,
    settings: TrainSettings,
    context: Context,
) -> DevSet:
    """Returns the development split that the settings name, or one held back from the training queries.

    Args:
        source: Where the collection came from; None for one in memory.
        trained: The collection that was mined.
        options: How it was read.
        settings: `dev`, `dev_queries`, `dev_documents` and `seed` are read.
        context: Where rankers may keep what they need.

    Raises:
        ConfigError: `dev` is the test split, or the split that was mined.
        DataError: There is no such split, or too few queries to hold some back.
    """
    if settings.dev is None:
        queries = _held_back(trained, settings)
        held = np.unique(trained.queries.keys[queries])
        return DevSet(_reduced(trained, queries, settings, context), held, "held back from training")
    if settings.dev == _TEST:
        raise ConfigError("dev: the test split is for the final evaluation alone; name another split")
    if settings.dev == options.split:
        raise ConfigError(f"dev: the split {settings.dev} is what the student learns from; name another")
    if source is None:
        raise ConfigError("dev: a collection in memory has one split; leave dev out to hold queries back")
    whole = load(source, replace(options, split=settings.dev))
    queries = sample(whole, settings.seed)[: settings.dev_queries]
    held = np.unique(whole.queries.keys[queries])
    return DevSet(_reduced(whole, np.sort(queries), settings, context), held, f"split {settings.dev}")


def sample(collection: Collection, seed: int) -> IntArray:
    """Returns the rows of the queries with positives in an order drawn by seed and query text."""
    queries = collection.judgments.queries_with_positives
    keys = collection.queries.keys[queries] ^ np.uint64(np.random.SeedSequence(seed).generate_state(1)[0])
    mixed: npt.NDArray[np.uint64] = keys * np.uint64(0xD1342543DE82EF95)
    return queries[np.argsort(mixed ^ (mixed >> np.uint64(32)), kind="stable")]


def _held_back(collection: Collection, settings: TrainSettings) -> IntArray:
    drawn = sample(collection, settings.seed)
    count = min(settings.dev_queries, int(len(drawn) * _HELD))
    if count < 1:
        raise DataError(
            f"{collection.name} has {len(drawn)} queries: too few to hold some back; name a --dev split"
        )
    return np.sort(drawn[:count])


def _reduced(
    collection: Collection, queries: IntArray, settings: TrainSettings, context: Context
) -> Collection:
    """Returns some queries with the documents that they are searched in.

    These are their positives, what BM25 finds for them, and others drawn at random, up to the limit.
    """
    total, limit = len(collection.documents), settings.dev_documents
    docs: IntArray = np.arange(total, dtype=np.int32)
    if limit is not None and limit < total:
        judged = np.isin(collection.judgments.query, queries)
        found = Bm25().open(collection, context).search(queries, min(_DISTRACTORS, total))[0]
        first = np.unique(np.concatenate([collection.judgments.doc[judged], found[found >= 0]]))
        rest = np.setdiff1d(docs, first)
        more = np.random.default_rng(settings.seed).permutation(rest)[: max(0, limit - len(first))]
        docs = np.sort(np.concatenate([first, more])).astype(np.int32)
    return part(collection, queries, docs)
