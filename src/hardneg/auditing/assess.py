"""A run's stored candidates, with evidence enough to tell how likely each is relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.components import RANKERS, VALIDATORS, Context, OpenedRanker, OpenedValidator
from hardneg.core.files import cache_folder, temp_memmap
from hardneg.core.progress import Progress
from hardneg.core.records import Candidates, FloatArray
from hardneg.core.registry import Registry
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe, recipe_of
from hardneg.runs.finished import FinishedRun

_WORDS = "bm25"
_LIKENESS = "similar-to-positive"

_Columns = dict[str, FloatArray]


class Assessed(NamedTuple):
    """A run's candidates with their probabilities.

    Attributes:
        chooser: Gives them, calibrated.
        rankers: Those of the run that had to be opened for it, by name.
    """

    chooser: Reselector
    rankers: Mapping[str, OpenedRanker]


def calibrating(recipe: Recipe, rankers: Sequence[str] = (), validators: Sequence[str] = ()) -> Recipe:
    """Returns a run's recipe with probabilities, whether or not the run itself had them.

    Args:
        recipe: The run's.
        rankers: Rankers to add.
        validators: Validators to add.
    """
    rank, validation = recipe.rank, recipe.validation
    added = tuple(map(RANKERS.make, rankers)), tuple(map(VALIDATORS.make, validators))
    update = {"calibrate": True, "validators": (*validation.validators, *added[1])}
    return recipe.model_copy(
        update={
            "rank": rank.model_copy(update={"rankers": (*rank.rankers, *added[0])}),
            "validation": validation.model_copy(update=update),
        }
    )


def assessed(run: FinishedRun, progress: Progress) -> Assessed:
    """Returns a calibrated chooser over a run's candidates, and the rankers opened for it.

    A run that estimates probabilities stores the evidence for them. For any other, BM25's scores and the
    likeness to known positives are added: one dense score alone tells too little apart, and rates that rest
    on it are too high.

    Args:
        run: The run.
        progress: Receives the progress of all stages.

    Raises:
        HardnegError: The run is not usable, or a model whose vectors are looked up is not there.
    """
    recipe = recipe_of(run)
    if recipe.validation.calibrate:
        result = Assessed(Reselector(run.collection, recipe, run.ledger, {}), {})
    else:
        result = _with_more(run, recipe, Context(cache_folder(), progress))
    result.chooser.calibrate()
    return result


def _with_more(run: FinishedRun, own: Recipe, context: Context) -> Assessed:
    words = _missing(_WORDS, own.rank.rankers, RANKERS)
    likeness = _missing(_LIKENESS, own.validation.validators, VALIDATORS)
    recipe, collection = calibrating(own, words, likeness), run.collection
    named = list(zip(recipe.rank.names, recipe.rank.rankers, strict=True))
    added = {name: ranker.open(collection, context) for name, ranker in named[len(own.rank.rankers) :]}
    vectors: dict[str, OpenedRanker] = {}
    looking: dict[str, OpenedValidator] = {}
    if likeness:
        vectors = {n: r.open(collection, context) for n, r in named if r.compares_documents}
        looking[recipe.validation.names[-1]] = recipe.validation.validators[-1].open(
            collection, vectors, context
        )
    return Assessed(Reselector(collection, recipe, run.ledger, {}, ExtraEvidence(added, looking)), vectors)


class ExtraEvidence:
    """Adds scores and evidence to the candidates of a run's parts: made once, then kept on disk.

    Args:
        rankers: Whose scores are added, by name.
        witnesses: The validators whose evidence is, by name.
    """

    def __init__(self, rankers: Mapping[str, OpenedRanker], witnesses: Mapping[str, OpenedValidator]) -> None:
        self._rankers = rankers
        self._witnesses = witnesses
        self._made: dict[int, tuple[_Columns, _Columns]] = {}

    def __call__(self, number: int, stored: Candidates) -> Candidates:
        """Returns the candidates of a part with what is added.

        Raises:
            DataError: The disk is full.
        """
        if number not in self._made:
            self._made[number] = self._make(stored)
        scores, evidence = self._made[number]
        return replace(stored, scores={**stored.scores, **scores}, evidence={**stored.evidence, **evidence})

    def _make(self, stored: Candidates) -> tuple[_Columns, _Columns]:
        scores = {n: _kept(ranker.score(stored.queries, stored.docs)) for n, ranker in self._rankers.items()}
        return scores, {n: _kept(witness.evidence(stored)) for n, witness in self._witnesses.items()}


def _kept(values: FloatArray) -> FloatArray:
    """Returns the values in a file that is gone once nobody holds them."""
    kept: FloatArray = temp_memmap(values.shape, np.float32)
    kept[...] = values
    return kept


def _missing(kind: str, components: Sequence[Any], registry: Registry[Any]) -> list[str]:
    """Returns the kind if none of the rankers or validators is of it."""
    return [] if any(registry.name_of(component) == kind for component in components) else [kind]
