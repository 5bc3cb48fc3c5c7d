"""A run's stored candidates, with evidence enough to tell how likely each is relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.blocks import Chooser
from hardneg.files import cache_folder
from hardneg.progress import Progress
from hardneg.rank import RANKERS, Context
from hardneg.recipe import Recipe
from hardneg.records import Collection
from hardneg.validate import Witness

_VECTORS = ("dense", "vectors")
_WORDS = "bm25"
_LIKENESS = "similar-to-positive"


def calibrating(settings: Mapping[str, Any]) -> Recipe:
    """Returns a run's recipe with probabilities, whether or not the run itself had them."""
    return Recipe.build({**settings, "validation": {**settings["validation"], "calibrate": True}})


def assessed(known: Mapping[str, Any], folder: Path, collection: Collection, progress: Progress) -> Chooser:
    """Returns a chooser over a run's candidates, calibrated.

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
        chooser = Chooser(collection, calibrating(settings), folder, {})
    else:
        chooser = _with_more(settings, folder, collection, Context(cache_folder(), progress))
    chooser.calibrate()
    return chooser


def _with_more(
    settings: Mapping[str, Any], folder: Path, collection: Collection, context: Context
) -> Chooser:
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
    looking: dict[str, Witness] = {}
    if likeness:
        vectors = {n: r.open(collection, context) for n, r in named if RANKERS.name_of(r) in _VECTORS}
        looking[recipe.validation.names[-1]] = recipe.validation.validators[-1].open(
            collection, vectors, context
        )
    return Chooser(collection, recipe, folder, looking, added)


def _missing(kind: str, described: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the kind if none of the described rankers or validators is of it."""
    return [] if any(kind in each for each in described) else [kind]
