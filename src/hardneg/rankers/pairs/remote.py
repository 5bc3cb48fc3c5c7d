"""Scoring on the workers of an engine, each with a model of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from hardneg.core.components import Context
from hardneg.core.records import Collection, FloatArray
from hardneg.rankers.pairs.description import ModelDescription, ScoringModel
from hardneg.rankers.pairs.scorer import PairScorer, Texts
from hardneg.rankers.pairs.store import PairStore

Opener = Callable[[], ScoringModel]
"""Loads the model; it must be picklable."""

_Job = tuple[int, Texts]
_Result = tuple[int, FloatArray | None, ModelDescription]
_DESCRIBE = -1


class RemoteScorer(PairScorer):
    """Scores pairs on the workers of an engine; the scores are kept in the cache.

    Args:
        opener: Called by each worker.
        sample: Queries and documents on which is counted how much the model cuts.
        collection: Lends the texts.
        context: The engine, and the cache.
        name: The ranker's, for progress.
    """

    def __init__(
        self, opener: Opener, sample: Texts, collection: Collection, context: Context, name: str
    ) -> None:
        self._engine, self._worker = context.engine, partial(_scoring_worker, opener)
        [(_, _, self.description)] = self._engine.run(self._worker, [(_DESCRIBE, sample)], "encode")
        store = PairStore(context.cache.resolve(), self.description.fingerprint)
        facts, chunk = self.description.facts, self.description.chunk
        super().__init__(collection, facts, context.progress, name, store, chunk)

    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        found: list[FloatArray] = []
        self._predict_all([(queries, documents)], lambda number, scores: found.append(scores))
        return found[0]

    def _predict_all(self, chunks: Iterable[Texts], done: Callable[[int, FloatArray], None]) -> None:
        for number, scores, description in self._engine.run(self._worker, enumerate(chunks), "encode"):
            self.description.check_same(description)
            assert scores is not None
            done(number, scores)


def _scoring_worker(opener: Opener) -> Callable[[_Job], _Result]:
    """Returns what scores a chunk; it returns the chunk's number, its scores and what describes them."""
    model = opener()
    plain = model.description([], [])

    def run(job: _Job) -> _Result:
        number, (queries, documents) = job
        if number == _DESCRIBE:
            return number, None, model.description(documents, queries)
        return number, model.scores(queries, documents), plain

    return run
