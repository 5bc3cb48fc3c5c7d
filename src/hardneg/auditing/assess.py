"""A run's stored candidates, with evidence enough to tell how likely each is relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.components import Context, OpenedRanker, OpenedValidator
from hardneg.core.files import cache_folder, temp_memmap
from hardneg.core.progress import Progress
from hardneg.core.records import Candidates, Collection, FloatArray
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe

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


def calibrating(settings: Mapping[str, Any]) -> Recipe:
    """Returns a run's recipe with probabilities, whether or not the run itself had them."""
    return Recipe.build({**settings, "validation": {**settings["validation"], "calibrate": True}})


def assessed(known: Mapping[str, Any], folder: Path, collection: Collection, progress: Progress) -> Assessed:
    """Returns a calibrated chooser over a run's candidates, and the rankers opened for it.

    A run that estimates probabilities stores the evidence for them. For any other, BM25's scores and the
    likeness to known positives are added: one dense score alone tells too little apart, and rates that rest
    on it are too high.

    Args:
        known: run.json.
        folder: The run directory.
        collection: What was mined.
        progress: Is told how far the stages are.

    Raises:
        HardnegError: The run is not usable, or a model whose vectors are looked up is not there.
    """
    settings = known["recipe"]
    if settings["validation"]["calibrate"]:
        found = Assessed(Reselector(collection, calibrating(settings), folder, {}), {})
    else:
        found = _with_more(settings, folder, collection, Context(cache_folder(), progress))
    found.chooser.calibrate()
    return found


def _with_more(
    settings: Mapping[str, Any], folder: Path, collection: Collection, context: Context
) -> Assessed:
    rank, validation = settings["rank"], settings["validation"]
    words = _missing(_WORDS, rank["rankers"])
    likeness = _missing(_LIKENESS, validation["validators"])
    recipe = calibrating(
        {
            **settings,
            "rank": {**rank, "rankers": rank["rankers"] + words},
            "validation": {**validation, "validators": validation["validators"] + likeness},
        }
    )
    named = list(zip(recipe.rank.names, recipe.rank.rankers, strict=True))
    added = {name: ranker.open(collection, context) for name, ranker in named[len(rank["rankers"]) :]}
    vectors: dict[str, OpenedRanker] = {}
    looking: dict[str, OpenedValidator] = {}
    if likeness:
        vectors = {n: r.open(collection, context) for n, r in named if r.compares_documents}
        looking[recipe.validation.names[-1]] = recipe.validation.validators[-1].open(
            collection, vectors, context
        )
    return Assessed(Reselector(collection, recipe, folder, {}, ExtraEvidence(added, looking)), vectors)


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


def _missing(kind: str, described: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the kind if none of the described rankers or validators is of it."""
    return [] if any(kind in each for each in described) else [kind]
