"""Systems to evaluate by name: a model, a ranker, a run file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hardneg.core.components import RANKERS, Context, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.files import user_path
from hardneg.core.records import Collection
from hardneg.evaluation.runs import SystemRun, read, search

_KINDS = {"SentenceTransformer": "dense", "SparseEncoder": "sparse", "CrossEncoder": "cross-encoder"}
"""The ranker of each of sentence-transformers' classes."""


def model_kind(model: str) -> str | None:
    """Returns the ranker that a saved model is for, by its configuration; None if that lacks it."""
    path = user_path(model) / "config_sentence_transformers.json"
    try:
        model_type = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return None
    return _KINDS.get(str(model_type))


def ranker_of(model: str, max_length: int | None = None) -> Ranker:
    """Returns the ranker of a model's name or of `RANKER[:VALUE]`.

    Args:
        model: A ranker such as `bm25`, `sparse:MODEL` or `cross-encoder:MODEL`; else a model, whose
            configuration tells its kind, a bi-encoder by default.
        max_length: Tokens after which texts are cut, for rankers that cut texts; None for their own limit.

    Raises:
        ConfigError: The ranker's name or setting is wrong.
    """
    kind, _, _ = model.partition(":")
    if kind not in RANKERS.names() or Path(model).exists():
        ranker = RANKERS.make({model_kind(model) or "dense": {"model": model}})
    else:
        ranker = RANKERS.make(model)
    settings: Any = ranker
    if max_length is not None and hasattr(settings, "max_length"):
        shortened: Ranker = dataclasses.replace(settings, max_length=max_length)
        return shortened
    return ranker


def run_model(
    model: str,
    collection: Collection,
    context: Context,
    depth: int = 1000,
    *,
    pool: str = "bm25",
    pool_depth: int = 100,
    max_length: int | None = None,
    name: str | None = None,
) -> SystemRun:
    """Returns the run of a model or ranker for a collection's queries.

    Args:
        model: See `ranker_of`.
        collection: What to search.
        context: Cache folder and progress.
        depth: Documents per query.
        pool: Ranker that retrieves documents for a cross-encoder.
        pool_depth: Documents per query that a cross-encoder scores.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        name: The system's name; the model's by default.

    Raises:
        HardnegError: A model is missing or does not fit.
    """
    ranker = ranker_of(model, max_length).open(collection, context)
    name = name or model
    if ranker.retrieves:
        return search(name, ranker, collection, depth)
    first = ranker_of(pool).open(collection, context)
    if not first.retrieves:
        raise ConfigError(f"the pool {pool} retrieves nothing; name a ranker that does, as bm25")
    run = search(name, ranker, collection, pool_depth, first)
    return dataclasses.replace(
        run, facts={**run.facts, "pool": pool, "pool_depth": pool_depth, "pool_facts": dict(first.facts)}
    )


def run_file(file: str, collection: Collection, name: str) -> SystemRun:
    """Returns a TREC run file; see `runs.read`."""
    return read(name, user_path(file), collection)


def distinct(names: Iterable[str]) -> list[str]:
    """Returns names made distinct by numbers: `bm25`, `bm25_2`."""
    chosen: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in chosen:
            number += 1
            candidate = f"{name}_{number}"
        chosen.append(candidate)
    return chosen
