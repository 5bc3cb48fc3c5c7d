"""Calibrated probabilities for the stored candidates of a run, with more evidence if needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hardneg.core.components import RANKERS, VALIDATORS, Context, OpenedRanker, OpenedValidator
from hardneg.core.files import cache_folder, temp_memmap
from hardneg.core.progress import Progress
from hardneg.core.records import Candidates, FloatArray
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe, recipe_of
from hardneg.runs.finished import FinishedRun

_RANKER = "bm25"
_VALIDATOR = "similar-to-positive"

_Columns = dict[str, FloatArray]


def with_calibration(recipe: Recipe) -> Recipe:
    """Returns a recipe that estimates probabilities."""
    return recipe.model_copy(update={"validation": recipe.validation.model_copy(update={"calibrate": True})})


def calibrated_reselector(run: FinishedRun, progress: Progress) -> tuple[Reselector, dict[str, OpenedRanker]]:
    """Returns a calibrated reselector over a run's candidates, and the run's rankers opened for it, by name.

    A run that estimates probabilities stores the evidence for them. For any other, BM25's scores and the
    similarity to known positives are added: a single dense score separates relevant documents too badly, and
    rates estimated from it alone are too high.
    """
    recipe, vectors = recipe_of(run), dict[str, OpenedRanker]()
    if recipe.validation.calibrate:
        reselector = Reselector(run.collection, recipe, run.ledger, {})
    else:
        reselector, vectors = _with_evidence(run, recipe, Context(cache_folder(), progress))
    reselector.calibrate()
    return reselector, vectors


def _with_evidence(
    run: FinishedRun, recipe: Recipe, context: Context
) -> tuple[Reselector, dict[str, OpenedRanker]]:
    collection = run.collection
    rankers, validators = recipe.rank.rankers, recipe.validation.validators
    if _RANKER not in map(RANKERS.name_of, rankers):
        rankers = (*rankers, RANKERS.make(_RANKER))
    if _VALIDATOR not in map(VALIDATORS.name_of, validators):
        validators = (*validators, VALIDATORS.make(_VALIDATOR))
    extended = with_calibration(
        recipe.model_copy(
            update={
                "rank": recipe.rank.model_copy(update={"rankers": rankers}),
                "validation": recipe.validation.model_copy(update={"validators": validators}),
            }
        )
    )
    named = list(zip(extended.rank.names, rankers, strict=True))
    added = {name: ranker.open(collection, context) for name, ranker in named[len(recipe.rank.rankers) :]}
    vectors: dict[str, OpenedRanker] = {}
    opened: dict[str, OpenedValidator] = {}
    if len(validators) > len(recipe.validation.validators):
        vectors = {n: r.open(collection, context) for n, r in named if r.compares_documents}
        opened[extended.validation.names[-1]] = validators[-1].open(collection, vectors, context)
    return Reselector(collection, extended, run.ledger, {}, ExtraEvidence(added, opened)), vectors


class ExtraEvidence:
    """Adds scores and evidence to the candidates of a run's parts, computed once and stored in files."""

    def __init__(
        self, rankers: Mapping[str, OpenedRanker], validators: Mapping[str, OpenedValidator]
    ) -> None:
        self._rankers = rankers
        self._validators = validators
        self._computed: dict[int, tuple[_Columns, _Columns]] = {}

    def __call__(self, number: int, stored: Candidates) -> Candidates:
        """Returns the candidates of a part with the added columns."""
        if number not in self._computed:
            self._computed[number] = (
                {name: _on_disk(r.score(stored.queries, stored.docs)) for name, r in self._rankers.items()},
                {name: _on_disk(v.evidence(stored)) for name, v in self._validators.items()},
            )
        scores, evidence = self._computed[number]
        return replace(stored, scores={**stored.scores, **scores}, evidence={**stored.evidence, **evidence})


def _on_disk(values: FloatArray) -> FloatArray:
    """Returns the values in a temporary file that is deleted with the array."""
    stored: FloatArray = temp_memmap(values.shape, np.float32)
    stored[...] = values
    return stored
