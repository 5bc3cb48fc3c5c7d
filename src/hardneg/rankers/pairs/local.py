"""Scoring in this process, and the choice between it and the workers of an engine."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from hardneg.core.components import Context
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, FloatArray
from hardneg.rankers.pairs.description import ScoringModel
from hardneg.rankers.pairs.remote import RemoteScorer
from hardneg.rankers.pairs.scorer import PairScorer
from hardneg.rankers.pairs.store import PairScores, PairStore
from hardneg.rankers.sharded_search import ClusterContext
from hardneg.rankers.truncation import sampled


def open_scorer(
    settings: Hashable,
    load: Callable[[], ScoringModel],
    collection: Collection,
    context: Context,
    name: str,
) -> PairScorer:
    """Returns what scores pairs by a model, loaded in this process or by the workers of the engine.

    Args:
        settings: By which the workers that decide on blocks find what describes the model.
        load: Loads the model; it must be picklable.
        collection: The queries and documents.
        context: The cache and the engine.
        name: The ranker's, for progress.

    Raises:
        ConfigError: The model cannot be loaded, or the nodes of a cluster score differently.
    """
    documents, queries = sampled(collection.documents), sampled(collection.queries)
    described = context.encoded if isinstance(context, ClusterContext) else {}
    if context.engine.spreads:
        remote = RemoteScorer(load, (queries, documents), collection, context, name)
        described[settings] = remote.description
        return remote
    model = load()
    description = model.description(documents, queries)
    if settings in described:
        described[settings].check_same(description)
    store = PairStore(context.cache, description.fingerprint)
    scorer = LocalScorer(model, collection, store, context.progress, name)
    scorer.facts = description.facts
    return scorer


class LocalScorer(PairScorer):
    """Scores pairs by a model in this process."""

    def __init__(
        self,
        model: ScoringModel,
        collection: Collection,
        scores: PairScores | None = None,
        progress: Progress | None = None,
        name: str = "cross-encoder",
    ) -> None:
        super().__init__(collection, model.facts, progress, name, scores, model.chunk)
        self._model = model

    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        return self._model.scores(queries, documents)
