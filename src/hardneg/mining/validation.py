"""Validates blocks of candidates: evidence, votes, probabilities of false negatives, relabelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hardneg.calibration.calibration import Calibration, calibrate, not_estimated
from hardneg.calibration.features import LEFT_OUT, NOT_RELEVANT, POSITIVE, UNLABELLED, Column, Kind, Sample
from hardneg.core.components import OpenedValidator, SelectiveValidator
from hardneg.core.exclusions import DUPLICATE_OF_POSITIVE, EXCLUSIONS
from hardneg.core.records import (
    JUDGED_RELEVANT,
    BoolArray,
    Candidates,
    Collection,
    FloatArray,
    IntArray,
    checked_scores,
)
from hardneg.validators.settings import ValidateSettings

_MAX_VERDICT_PROBABILITY = 0.98
_HALF = 0.5
"""Share of the judges above which a candidate that they find relevant becomes a positive."""


class ValidationStage:
    """Validates the candidates of one collection.

    `scorers` says of each ranker whose scores may be read whether they mean the same for every query; there
    are no opened validators where the evidence is stored already.
    """

    def __init__(
        self,
        collection: Collection,
        settings: ValidateSettings,
        scorers: Mapping[str, bool],
        open_validators: Mapping[str, OpenedValidator] | None = None,
    ) -> None:
        self._collection = collection
        self._settings = settings
        self._scorers = scorers
        self._open_validators = open_validators or {}
        self._selective = {
            name: cast(SelectiveValidator, self._open_validators[name])
            for name, validator in zip(settings.names, settings.validators, strict=True)
            if validator.only_chosen and name in self._open_validators
        }
        self._complete = settings.calibrate and settings.labels == "complete"
        self.calibration = Calibration("it is off")

    @property
    def facts(self) -> dict[str, Any]:
        """What the validators record in run.json."""
        return {name: dict(opened.facts) for name, opened in self._open_validators.items()}

    @property
    def reads_chosen(self) -> bool:
        """Whether some validator reads candidates only once they are chosen."""
        return bool(self._selective)

    def sample_queries(self, rows: IntArray) -> IntArray:
        """Returns those of the query rows to learn from: a sample by their ids, and those with verdicts."""
        drawn = np.argsort(self._collection.queries.id_keys[rows], kind="stable")[: self._settings.sample]
        validators = self._open_validators.values()
        judged = [query for validator in validators for query in getattr(validator, "queries", ())]
        wanted = np.concatenate([rows[drawn], np.array(judged, np.int32)])
        return np.intersect1d(rows, wanted).astype(np.int32)

    def calibrate(self, blocks: Iterable[Candidates]) -> Calibration:
        """Returns the calibration learned from blocks `with_evidence`, which is used from now on."""
        if self._complete:
            self.calibration = not_estimated("the labels are complete")
            return self.calibration
        samples = [self._sample(block) for block in blocks]
        learned = calibrate(samples, self._columns())
        self.calibration = learned.scaled_by(
            [(self.verdict_shares(sample.candidates), learned.probability(sample)) for sample in samples]
        )
        return self.calibration

    def with_evidence(self, candidates: Candidates, *, whole: bool = True) -> Candidates:
        """Returns the candidates with the evidence of the opened validators, added to what is stored.

        Unless it is asked for whole, validators that read only what is chosen have read positives alone.
        """
        evidence = {
            name: checked_scores(name, opened.evidence(candidates))
            for name, opened in self._open_validators.items()
            if whole or name not in self._selective
        }
        found = replace(candidates, evidence={**candidates.evidence, **evidence})
        if whole or not self.reads_chosen:
            return found
        own = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        return self.with_evidence_of(found, own)

    def with_evidence_of(self, candidates: Candidates, chosen: BoolArray) -> Candidates:
        """Returns the candidates with the evidence of some more, by validators that read what is chosen."""
        evidence, nothing = dict(candidates.evidence), np.full(candidates.shape, np.nan, np.float32)
        for name, opened in self._selective.items():
            known = evidence.get(name, nothing)
            more = chosen & opened.readable(candidates) & np.isnan(known)
            evidence[name] = np.where(more, checked_scores(name, opened.evidence_of(candidates, more)), known)
        return replace(candidates, evidence=evidence)

    def unread(self, candidates: Candidates, chosen: BoolArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which of the chosen some validator can read, and has not."""
        found = np.zeros(candidates.shape, bool)
        for name, opened in self._selective.items():
            found |= chosen & opened.readable(candidates) & np.isnan(candidates.evidence[name])
        return found

    def validate(self, candidates: Candidates) -> Candidates:
        """Returns the candidates `with_evidence` with votes, probabilities and what is relabelled."""
        if not self._settings.validators and not self._settings.calibrate:
            return candidates
        sample = self._sample(candidates)
        votes = self._votes(sample.candidates)
        probability = self._probability(sample, self.calibration.probability(sample))
        bound = self._settings.relabel_above
        relabelled = None
        if bound is not None:
            relabelled = (probability >= bound) & (votes > 0) & (sample.status == UNLABELLED)
        found = replace(sample.candidates, votes=votes, probability=probability, relabelled=relabelled)
        return self._without_copies(self._relabelled_by_verdicts(found, sample.status == UNLABELLED))

    def _relabelled_by_verdicts(self, candidates: Candidates, unlabelled: BoolArray) -> Candidates:
        """Returns the candidates with the judges' grades, and with what their verdicts relabel."""
        for opened in self._open_validators.values():
            if hasattr(opened, "grades"):
                candidates = replace(candidates, grades=opened.grades(candidates))
        if not any(validator.relabels for validator in self._settings.validators):
            return candidates
        shares = self.verdict_shares(candidates)
        relabelled = unlabelled & (shares > _HALF)
        if candidates.relabelled is not None:
            relabelled |= candidates.relabelled & ~(shares <= _HALF)
        return replace(
            candidates, relabelled=relabelled, partial=unlabelled & (shares > 0) & (shares <= _HALF)
        )

    def _without_copies(self, candidates: Candidates) -> Candidates:
        """Returns the candidates, copies of what is relabelled being excluded as copies of a positive."""
        if candidates.relabelled is None or not candidates.relabelled.any():
            return candidates
        assert candidates.excluded is not None
        alike = self._collection.documents.first_alike[candidates.docs]
        excluded, relabelled = candidates.excluded.copy(), candidates.relabelled
        for row in np.flatnonzero(relabelled.any(axis=1)):
            found = np.flatnonzero(relabelled[row])
            first = found[np.unique(alike[row, found], return_index=True)[1]]
            copies = np.isin(alike[row], alike[row, first]) & (candidates.docs[row] >= 0)
            copies[first] = False
            excluded[row, copies & (excluded[row] < 0)] = EXCLUSIONS.index(DUPLICATE_OF_POSITIVE)
        return replace(candidates, excluded=excluded)

    def with_hidden_positives(self, candidates: Candidates) -> tuple[Candidates, BoolArray]:
        """Returns candidates with their evidence as if nothing were labelled, and which are known positives.

        Probabilities are as high as they may be without more verdicts; see `Calibration.highest_scale`.
        Verdicts on the candidates themselves do not count: candidates that nobody judged pass no more easily
        because others were judged.
        """
        sample = self._sample(candidates)
        learned = self.calibration
        positive, known = (
            sample.status == POSITIVE,
            (sample.status == POSITIVE) | (sample.status == UNLABELLED),
        )
        probability = np.where(known, learned.if_unlabelled(sample, learned.highest_scale), np.nan).astype(
            np.float32
        )
        assert candidates.excluded is not None
        shown = replace(
            candidates,
            votes=self._votes(candidates),
            probability=self._unjudged(sample, probability),
            excluded=np.where(positive, np.int8(-1), candidates.excluded),
        )
        return shown, positive

    def _sample(self, candidates: Candidates) -> Sample:
        """Returns the candidates with their status for calibration."""
        excluded = candidates.excluded
        assert excluded is not None
        own = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        status = np.where((excluded >= 0) | (candidates.docs < 0), LEFT_OUT, UNLABELLED)
        if self._settings.negatives_are_judged:
            not_relevant = self._collection.judgments.not_relevant
            status[not_relevant.has(candidates.queries, candidates.docs)] = NOT_RELEVANT
        positive = own & (excluded == EXCLUSIONS.index(JUDGED_RELEVANT))
        status[positive if candidates.noisy is None else positive & ~candidates.noisy] = POSITIVE
        return Sample(candidates, status.astype(np.int32))

    def _probability(self, sample: Sample, probability: FloatArray) -> FloatArray:
        """Returns (n_queries, depth) float32: by verdicts where there are any, else as calibration has it."""
        probability = self._unjudged(sample, probability)
        shares = self.verdict_shares(sample.candidates)
        judged = ~np.isnan(shares) & (sample.status != POSITIVE)
        probability[judged] = np.clip(shares[judged], 1 - _MAX_VERDICT_PROBABILITY, _MAX_VERDICT_PROBABILITY)
        return probability

    def _unjudged(self, sample: Sample, probability: FloatArray) -> FloatArray:
        """Returns (n_queries, depth) float32: as calibration and the labels have it.

        Where labels are complete, what has none is not relevant.
        """
        if self._complete:
            probability = np.where(sample.status == UNLABELLED, np.float32(0), np.float32(np.nan))
        probability[sample.status == NOT_RELEVANT] = 0
        return probability

    def verdict_shares(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the share of judges who find it relevant, NaN without any."""
        shares = np.full(candidates.shape, np.nan, np.float32)
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            values = candidates.evidence.get(name)
            if validator.judges and values is not None:
                shares = np.where(np.isnan(values), shares, values)
        return shares

    def _votes(self, candidates: Candidates) -> npt.NDArray[np.int16]:
        own = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        if candidates.noisy is not None:
            own &= ~candidates.noisy
        count = np.zeros(candidates.shape, np.int16)
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            values = candidates.evidence.get(name)
            if values is not None:
                count += validator.suspects(values, _least(values, own)) & ~np.isnan(values)
        return count

    def _columns(self) -> list[Column]:
        """Returns the columns that calibration may read; rankers of one kind of score share one weight."""
        share = {kind: 1 / max(list(self._scorers.values()).count(kind), 1) for kind in (True, False)}
        columns = [
            Column("scores", name, "absolute" if absolute else "relative", share[absolute])
            for name, absolute in self._scorers.items()
        ]
        for name, validator in zip(self._settings.names, self._settings.validators, strict=True):
            if validator.kind == "score":
                kind: Kind = "alone" if validator.only_chosen else "absolute"
                columns.append(Column("evidence", name, kind, validator.weight))
            elif validator.kind == "flag":
                columns.append(Column("evidence", name, "flag", validator.weight))
        return columns


def _least(values: FloatArray, own: BoolArray) -> FloatArray:
    """Returns (n_queries, 1) float32: the least evidence of the positives, NaN where there is none."""
    least = np.where(own & ~np.isnan(values), values, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    return np.where(np.isinf(least), np.nan, least).astype(np.float32)
