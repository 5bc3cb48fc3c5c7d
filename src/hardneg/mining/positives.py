"""Examines the labelled positives of blocks of candidates: how probable it is that each is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.calibration.features import Matrix
from hardneg.calibration.logistic import Vector
from hardneg.calibration.noisy_positives import MIN_PAIRS, NoisyPositives, learn, not_estimable
from hardneg.core.components import OpenedPositiveValidator, OpenedRanker
from hardneg.core.exclusions import Exclusions
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray
from hardneg.mining.likeness import Likeness, LikenessScale
from hardneg.mining.pair_features import Pairs, RandomPairs, RandomScorer, Scale
from hardneg.mining.rank_settings import RankSettings
from hardneg.validators.positives.settings import PositiveSettings

CONSISTENCY = "noise.consistency"
"""The probability by what the rankers make of a pair."""

_PERCENTILE, _NOISE = "percentile.", "noise."
_COVERAGE = 0.9
_MAX_PROBABILITY = 0.98
_MIN_DOCUMENTS = 20
_LIKENESS = "likeness to the query's other positives"
_SEPARATION, _SEPARATION_BY_LIKENESS = 0.97, 0.85
"""The least AUC of right against random pairs. Where documents are also compared with the query's other
positives, a pair must look random to two different judges, and less will do."""


class PositivesStage:
    """Examines the positives of one collection.

    Without opened rankers it decides by what a finished run has stored.
    """

    def __init__(
        self,
        collection: Collection,
        settings: PositiveSettings,
        exclusions: Exclusions,
        rankers: Mapping[str, OpenedRanker] | None = None,
        validators: Mapping[str, OpenedPositiveValidator] | None = None,
        *,
        rank: RankSettings,
        seed: int = 0,
    ) -> None:
        self._collection = collection
        self._settings = settings
        self._comparable = rank.scorers
        self._similar = any(ranker.measures_similarity for ranker in rank.rankers)
        self._validators = validators or {}
        self._likeness = _likeness(collection, rank, rankers or {})
        usable = {name: ranker for name, ranker in (rankers or {}).items() if name in _usable(rank)}
        self._random = RandomScorer(collection, usable, exclusions, seed) if usable else None
        self.learned: NoisyPositives | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What the validators record in run.json."""
        return {name: dict(opened.facts) for name, opened in self._validators.items()}

    def learn(self, queries: IntArray) -> NoisyPositives:
        """Returns the estimate from the positives of a sample of the queries, used from now on."""
        self.learned = self._learn(queries)
        return self.learned

    def _learn(self, queries: IntArray) -> NoisyPositives:
        if self._random is None or not self._similar:
            return not_estimable(
                "no ranker compares meanings: words alone do not tell a wrong positive from a paraphrase"
            )
        if len(self._random.docs) < _MIN_DOCUMENTS:
            return not_estimable(
                f"{len(self._random.docs)} different positives are too few, {_MIN_DOCUMENTS} are needed"
            )
        keys = self._collection.queries.id_keys[queries]
        sample = np.sort(queries[np.argsort(keys, kind="stable")[: self._settings.sample]])
        labelled = self._labelled(sample)
        random = self._random.of(sample, labelled.docs)
        random, labelled = _observed(random, labelled)
        if not labelled.scores:
            return not_estimable("no ranker scores documents that it does not find")
        if len(labelled.row) < MIN_PAIRS:
            return not_estimable(f"{len(labelled.row)} positives are too few, {MIN_PAIRS} are needed")
        scales: dict[str, Sequence[float]] = dict(random.scales(self._comparable))
        shuffled = self._random.shuffled(labelled, sample)
        own, others = self._likeness_of(labelled, sample), None
        if own is not None and (~np.isnan(own)).mean() >= _COVERAGE:
            others = self._likeness_of(shuffled, sample)
            assert others is not None
            scales[_LIKENESS] = LikenessScale.of(others)
        learned = learn(
            _features(random, labelled, scales, own),
            _features(random, shuffled, scales, others),
            sample[labelled.row],
            sample[shuffled.row],
            _SEPARATION_BY_LIKENESS if _LIKENESS in scales else _SEPARATION,
        )
        return replace(learned, scales={name: tuple(scale) for name, scale in scales.items()})

    def _likeness_of(self, pairs: Pairs, queries: IntArray) -> Vector | None:
        """Returns (n,) float64 of pairs of a block's queries; None where no ranker compares documents."""
        if self._likeness is None:
            return None
        return self._likeness.to_others(queries[pairs.row], pairs.docs)

    def _labelled(self, queries: IntArray) -> Pairs:
        """Returns the positives of query rows that the rankers score."""
        assert self._random is not None
        judgments = self._collection.judgments
        own = np.isin(judgments.query, queries) & (judgments.relevance >= judgments.min_relevance)
        asked, docs = judgments.query[own], judgments.doc[own]
        row = np.searchsorted(queries, asked).astype(np.int32)
        return Pairs(row, docs, self._random.scores_of(asked, docs))

    def examine(self, candidates: Candidates, verdicts: FloatArray | None = None) -> Candidates:
        """Returns the candidates with what is known of their positives.

        Args:
            candidates: A block with its positives.
            verdicts: (n_queries, depth) float32, the share of judges who find a candidate relevant, NaN
                without any: it stands above all else.
        """
        if not self._settings.estimate:
            return candidates
        positive = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        evidence = dict(candidates.positive_evidence)
        if self._random is not None or self._validators:
            evidence |= self._evidence(candidates, positive)
        if not evidence and (verdicts is None or np.isnan(verdicts[positive]).all()):
            return candidates
        noise = [values for name, values in evidence.items() if name.startswith(_NOISE)]
        probability = _combined(noise, positive)
        if verdicts is not None:
            judged = positive & ~np.isnan(verdicts)
            probability[judged] = np.clip(1 - verdicts[judged], 1 - _MAX_PROBABILITY, _MAX_PROBABILITY)
        noisy = None
        if self._settings.action == "drop":
            noisy = np.asarray(probability > self._settings.max_p)
        return replace(candidates, positive_evidence=evidence, p_noisy=probability, noisy=noisy)

    def _evidence(self, candidates: Candidates, positive: BoolArray) -> dict[str, FloatArray]:
        row, column = np.nonzero(positive)
        docs = candidates.docs[row, column]
        pairs = Pairs(
            row.astype(np.int32), docs, {name: s[row, column] for name, s in candidates.scores.items()}
        )
        values: dict[str, npt.NDArray[Any]] = {
            f"{_NOISE}{name}": opened.probability(candidates.queries[row], docs)
            for name, opened in self._validators.items()
        }
        if self._random is not None and self.learned is not None and self.learned.scales:
            scales = self.learned.scales
            random = self._random.of(candidates.queries, docs)
            for name in (each for each in scales if each != _LIKENESS):
                values[f"{_PERCENTILE}{name}"] = random.percentile(pairs, name)
            if not self.learned.why:
                alike = self._likeness_of(pairs, candidates.queries) if _LIKENESS in scales else None
                features = _features(random, pairs, scales, alike)
                values[CONSISTENCY] = self.learned.probability(features)
        evidence = {}
        for name, own in values.items():
            evidence[name] = np.full(candidates.shape, np.nan, np.float32)
            evidence[name][row, column] = own
        return evidence


def _features(
    random: RandomPairs, pairs: Pairs, scales: Mapping[str, Sequence[float]], likeness: Vector | None
) -> Matrix:
    """Returns (n, n_features) float64 of pairs; their likeness, (n,) float64, counts where it has a scale."""
    features = random.features(pairs, {n: Scale(*scale) for n, scale in scales.items() if n != _LIKENESS})
    if likeness is None or _LIKENESS not in scales:
        return features
    return np.asarray(np.c_[features, LikenessScale(*scales[_LIKENESS]).feature(likeness)])


def _likeness(
    collection: Collection, rank: RankSettings, rankers: Mapping[str, OpenedRanker]
) -> Likeness | None:
    """Returns what compares documents, by the first ranker that can; None without any."""
    for name, ranker in zip(rank.names, rank.rankers, strict=True):
        if ranker.compares_documents and name in rankers:
            return Likeness(collection, rankers[name])
    return None


def _usable(rank: RankSettings) -> set[str]:
    """Returns the rankers that can score any pair at little cost."""
    named = zip(rank.names, rank.rankers, strict=True)
    return {name for name, ranker in named if ranker.scored and not ranker.reranks}


def _observed(random: RandomPairs, labelled: Pairs) -> tuple[RandomPairs, Pairs]:
    """Returns pairs with the scores of those rankers alone that know nearly all of them."""
    known = [
        name
        for name, scores in random.scores.items()
        if min((~np.isnan(scores)).mean(), (~np.isnan(labelled.scores[name])).mean()) >= _COVERAGE
    ]
    kept = np.all([~np.isnan(labelled.scores[name]) for name in known], axis=0)
    kept = np.broadcast_to(kept, labelled.row.shape)
    return (
        replace(random, scores={name: random.scores[name] for name in known}),
        Pairs(labelled.row[kept], labelled.docs[kept], {n: labelled.scores[n][kept] for n in known}),
    )


def _combined(noise: Sequence[FloatArray], positive: BoolArray) -> FloatArray:
    """Returns (n_queries, depth) float32: the probability that a positive is wrong for any of the reasons."""
    right, known = np.ones(positive.shape, np.float32), np.zeros(positive.shape, bool)
    for values in noise:
        right *= 1 - np.nan_to_num(values, nan=0.0)
        known |= ~np.isnan(values)
    return np.where(positive & known, np.minimum(1 - right, 0.99), np.nan).astype(np.float32)
