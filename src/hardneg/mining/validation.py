"""Validates blocks of candidates: evidence, votes, probabilities of false negatives, relabelling."""

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
    """Validates the candidates of one collection.

    Args:
        collection: What is mined.
        settings: The recipe's.
        scorers: For each ranker whose scores may be read, whether they mean the same for every query.
        validators: The opened validators, by name; None where the evidence is stored already.
    """

    def __init__(
        self,
        collection: Collection,
        settings: ValidateSettings,
        scorers: Mapping[str, bool],
        validators: Mapping[str, OpenedValidator] | None = None,
    ) -> None:
        self._collection = collection
        self._settings = settings
        self._scorers = scorers
        self._validators = validators or {}
        self.calibration = Calibration("not asked for")

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of each validator, for run.json."""
        return {name: dict(validator.facts) for name, validator in self._validators.items()}

    def queries(self, rows: IntArray) -> IntArray:
        """Returns the query rows to calibrate on: a sample by their ids, and those with verdicts."""
        drawn = np.argsort(self._collection.queries.id_keys[rows], kind="stable")[: self._settings.sample]
        judged = [query for opened in self._validators.values() for query in getattr(opened, "queries", ())]
        return np.intersect1d(rows, np.concatenate([rows[drawn], np.array(judged, np.int32)])).astype(
            np.int32
        )

    def learn(self, blocks: Iterable[Candidates]) -> Calibration:
        """Returns the calibration learned from blocks of candidates, which `examine` uses from then on."""
        samples = [self._sample(self.with_evidence(block)) for block in blocks]
        learned = calibrate(samples, self._columns())
        verdicts = [(self._verdicts(s.candidates), learned.probability(*s)) for s in samples]
        self.calibration = shifted(learned, verdicts)
        return self.calibration

    def with_evidence(self, candidates: Candidates) -> Candidates:
        """Returns the candidates with the evidence of the validators, added to what is stored."""
        added = {name: validator.evidence(candidates) for name, validator in self._validators.items()}
        return replace(candidates, evidence={**candidates.evidence, **added})

    def examine(self, candidates: Candidates) -> Candidates:
        """Returns the candidates with evidence, votes, probabilities and what is relabelled."""
        if not self._settings.validators and not self._settings.calibrate:
            return candidates
        sample = self._sample(self.with_evidence(candidates))
        validated = sample.candidates
        votes = self._votes(validated)
        probability = self._judged(sample)
        bound = self._settings.relabel_above
        relabelled = None
        if bound is not None:
            relabelled = (probability >= bound) & (votes > 0) & (sample.status == UNLABELLED)
        return replace(validated, votes=votes, probability=probability, relabelled=relabelled)

    def _sample(self, candidates: Candidates) -> Sample:
        """Returns the candidates with the status that calibration gives each."""
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
        """Returns the probabilities; verdicts take precedence over evidence."""
        candidates, status = sample
        probability = self.calibration.probability(candidates, status)
        probability[status == NOT_RELEVANT] = 0
        verdicts = self._verdicts(candidates)
        judged = ~np.isnan(verdicts) & (status != POSITIVE)
        probability[judged] = np.clip(verdicts[judged], 1 - _CERTAIN, _CERTAIN)
        return probability

    def _verdicts(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the share of judges who say relevant, NaN without any."""
        verdicts = np.full(candidates.shape, np.nan, np.float32)
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            values = candidates.evidence.get(name)
            if validator.judges and values is not None:
                verdicts = np.where(np.isnan(values), verdicts, values)
        return verdicts

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
