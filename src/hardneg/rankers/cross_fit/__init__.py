"""A cross-encoder trained on the collection's own labels, each query scored by a model that never saw it.

The queries are divided into folds, equal texts together; for each fold a model is trained on the others. What
it gives is then evidence about labels that it does not know (cross-fitting, Chernozhukov et al., 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.errors import ConfigError
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.cross_fit.fitting import FitSettings, fitted
from hardneg.rankers.cross_fit.training_pairs import TrainingPairs, training_pairs

LEAST_QUERIES = 60
"""Queries with a positive below which nothing is trained."""
_BLOCK = 1_024


@dataclass(frozen=True)
class CrossFit:
    """How a cross-encoder is trained on the collection's labels.

    Attributes:
        base: The model that training begins with, and how pairs are scored.
        fit: How long, and on what, it is trained.
        folds: Parts of the queries; each is scored by a model that is trained on the others.
    """

    base: CrossEncoder
    fit: FitSettings = FitSettings()
    folds: int = 3

    def open(
        self,
        collection: Collection,
        rankers: Mapping[str, OpenedRanker],
        context: Context,
        path: str,
    ) -> CrossFittedScorer:
        """Returns what scores pairs, its models trained or loaded from the cache.

        Args:
            collection: The queries, documents and labels.
            rankers: Those of the recipe, of which the first that retrieves gives documents to train on.
            context: The cache, and progress.
            path: Where a recipe has these settings.

        Raises:
            ConfigError: There are too few labels, or the model cannot be loaded or trained.
        """
        labelled = len(collection.judgments.queries_with_positives)
        if labelled < LEAST_QUERIES:
            raise ConfigError(
                f"{path}.train needs {LEAST_QUERIES} queries with a positive, found {labelled}; name a "
                "trained model instead, as in cross-encoder:MODEL"
            )
        fold_of = (collection.queries.keys % np.uint64(self.folds)).astype(np.int32)
        pairs = training_pairs(collection, rankers, context.progress)
        scorers: list[OpenedRanker] = []
        for fold in range(self.folds):
            others = pairs.of(np.flatnonzero(fold_of != fold).astype(np.int32))
            stage = f"train cross-encoder {fold + 1} of {self.folds}"
            folder = fitted(self.base, self.fit, collection, others, context, stage)
            trained = replace(self.base, model=str(folder), prompt=None, positive_label=None)
            scorers.append(trained.opened(collection, context, path))
        return CrossFittedScorer(self, collection, fold_of, scorers, pairs)


class CrossFittedScorer:
    """Scores the pairs of each query by the model that was trained on the others."""

    retrieves = False

    def __init__(
        self,
        settings: CrossFit,
        collection: Collection,
        fold_of: IntArray,
        scorers: Sequence[OpenedRanker],
        pairs: TrainingPairs,
    ) -> None:
        self._fold_of, self._scorers = fold_of, scorers
        own = [dict(scorer.facts) for scorer in scorers]
        self.facts: Mapping[str, Any] = {
            **own[0],
            "model": settings.base.model,
            "weights": [facts["weights"] for facts in own],
            "trained": {
                "queries": len(collection.judgments.queries_with_positives),
                "pairs": len(pairs.queries),
                "folds": settings.folds,
                "epochs": settings.fit.epochs,
                "auc": self._auc(pairs),
            },
        }

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns nothing; see `PairScorer.search`."""
        return self._scorers[0].search(queries, depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        scores = np.full(docs.shape, np.nan, np.float32)
        for fold, scorer in enumerate(self._scorers):
            rows = np.flatnonzero(self._fold_of[queries] == fold)
            if len(rows):
                scores[rows] = scorer.score(queries[rows], docs[rows])
        return scores

    def _auc(self, pairs: TrainingPairs) -> float:
        """Returns how often a positive scores above a document without a label of the same query.

        It is the mean over queries, half for equal scores, each query scored by the model that never saw it.
        """
        values = []
        for queries, docs, labels in pairs.blocks(_BLOCK):
            for scores, label in zip(self.score(queries, docs), labels, strict=True):
                positive, other = scores[label == 1], scores[label == 0]
                if len(positive) and len(other):
                    above = (positive[:, None] > other) + 0.5 * (positive[:, None] == other)
                    values.append(float(above.mean()))
        return round(float(np.mean(values)), 4) if values else 0.5
