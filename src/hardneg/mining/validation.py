"""Examines blocks of candidates: evidence, the probability it comes to, what is relabelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.calibration.calibration import Calibration, calibrate
from hardneg.calibration.features import Column
from hardneg.calibration.model import LEFT_OUT, NOT_RELEVANT, POSITIVE, UNLABELLED, Sample
from hardneg.calibration.verdicts import shifted
from hardneg.core.components import OpenedValidator
from hardneg.core.exclusions import EXCLUSIONS
from hardneg.core.records import JUDGED_RELEVANT, BoolArray, Candidates, Collection, FloatArray, IntArray
from hardneg.validators.settings import ValidateSettings

_CERTAIN = 0.98


class ValidationStage:
    """Examines the candidates of one collection.

    Args:
        collection: What is mined.
        settings: The recipe's.
        scorers: For each ranker whose scores may be read, whether they mean the same for every query.
        witnesses: The validators at work, by name; None where the evidence is stored already.
    """

    def __init__(
        self,
        collection: Collection,
        settings: ValidateSettings,
        scorers: Mapping[str, bool],
        witnesses: Mapping[str, OpenedValidator] | None = None,
    ) -> None:
        self._collection = collection
        self._settings = settings
        self._scorers = scorers
        self._witnesses = witnesses or {}
        self.calibration = Calibration("not asked for")

    @property
    def facts(self) -> dict[str, Any]:
        """What the validators tell of themselves."""
        return {name: dict(witness.facts) for name, witness in self._witnesses.items()}

    def queries(self, rows: IntArray) -> IntArray:
        """Returns those of the query rows to learn from: a sample by their ids, and those with verdicts."""
        drawn = np.argsort(self._collection.queries.id_keys[rows], kind="stable")[: self._settings.sample]
        heard = [query for witness in self._witnesses.values() for query in getattr(witness, "queries", ())]
        return np.intersect1d(rows, np.concatenate([rows[drawn], np.array(heard, np.int32)])).astype(np.int32)

    def learn(self, blocks: Iterable[Candidates]) -> Calibration:
        """Returns what blocks of candidates teach, and judges by it from now on."""
        samples = [self._sample(self.looked_at(block)) for block in blocks]
        learned = calibrate(samples, self._columns())
        said = [(self._said(s.candidates), learned.probability(*s)) for s in samples]
        self.calibration = shifted(learned, said)
        return self.calibration

    def looked_at(self, candidates: Candidates) -> Candidates:
        """Returns the candidates with the evidence of the validators, added to what is stored."""
        found = {name: witness.evidence(candidates) for name, witness in self._witnesses.items()}
        return replace(candidates, evidence={**candidates.evidence, **found})

    def examine(self, candidates: Candidates) -> Candidates:
        """Returns the candidates with evidence, votes, probabilities and what is relabelled."""
        if not self._settings.validators and not self._settings.calibrate:
            return candidates
        sample = self._sample(self.looked_at(candidates))
        seen = sample.candidates
        votes = self._votes(seen)
        probability = self._judged(sample)
        bound = self._settings.relabel_above
        relabelled = None
        if bound is not None:
            relabelled = (probability >= bound) & (votes > 0) & (sample.status == UNLABELLED)
        return replace(seen, votes=votes, probability=probability, relabelled=relabelled)

    def _sample(self, candidates: Candidates) -> Sample:
        """Returns the candidates with what they are to calibration."""
        excluded = candidates.excluded
        assert excluded is not None
        own = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        status = np.where((excluded >= 0) | (candidates.docs < 0), LEFT_OUT, UNLABELLED)
        if self._settings.negatives_are_judged:
            refuted = self._collection.judgments.not_relevant
            status[refuted.has(candidates.queries, candidates.docs)] = NOT_RELEVANT
        status[own & (excluded == EXCLUSIONS.index(JUDGED_RELEVANT))] = POSITIVE
        return Sample(candidates, status.astype(np.int32))

    def _judged(self, sample: Sample) -> FloatArray:
        """Returns the probabilities; what judges said stands above what evidence tells."""
        candidates, status = sample
        probability = self.calibration.probability(candidates, status)
        probability[status == NOT_RELEVANT] = 0
        said = self._said(candidates)
        heard = ~np.isnan(said) & (status != POSITIVE)
        probability[heard] = np.clip(said[heard], 1 - _CERTAIN, _CERTAIN)
        return probability

    def _said(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the share of judges who say relevant, NaN without any."""
        said = np.full(candidates.shape, np.nan, np.float32)
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            values = candidates.evidence.get(name)
            if validator.judges and values is not None:
                said = np.where(np.isnan(values), said, values)
        return said

    def _votes(self, candidates: Candidates) -> npt.NDArray[np.int16]:
        own = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        count = np.zeros(candidates.shape, np.int16)
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            values = candidates.evidence.get(name)
            if values is not None:
                count += validator.suspects(values, _least(values, own)) & ~np.isnan(values)
        return count

    def _columns(self) -> list[Column]:
        """Returns what calibration may read; rankers of one sort share one weight."""
        share = {kind: 1 / max(list(self._scorers.values()).count(kind), 1) for kind in (True, False)}
        columns = [
            Column("scores", name, "absolute" if absolute else "relative", share[absolute])
            for name, absolute in self._scorers.items()
        ]
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            if validator.kind == "score":
                columns.append(Column("evidence", name, "absolute", validator.weight))
            elif validator.kind == "flag":
                columns.append(Column("evidence", name, "flag", validator.weight))
        return columns


def _least(values: FloatArray, own: BoolArray) -> FloatArray:
    """Returns (n_queries, 1) float32: the least evidence of the positives, NaN where there is none."""
    least = np.where(own & ~np.isnan(values), values, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    return np.where(np.isinf(least), np.nan, least).astype(np.float32)
