"""From what a user names to a system that ranks: a model, a ranker's SPEC, a run file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hardneg.core.components import RANKERS, Context, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.records import Collection
from hardneg.evaluation.runs import Run, read, search

_KINDS = {"SentenceTransformer": "dense", "SparseEncoder": "sparse", "CrossEncoder": "cross-encoder"}
"""The ranker of each of sentence-transformers' classes."""


def model_kind(model: str) -> str | None:
    """Returns the ranker that a saved model is for, by its configuration; None if that does not tell."""
    path = Path(model).expanduser() / "config_sentence_transformers.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return None
    return _KINDS.get(str(told))


def ranker_of(model: str, max_length: int | None = None) -> Ranker:
    """Returns the ranker that a model's name or a SPEC stands for.

    Args:
        model: A SPEC such as `bm25`, `sparse:MODEL` or `cross-encoder:MODEL`; else a model, whose
            configuration tells its kind, a bi-encoder's unless it does.
        max_length: Tokens after which texts are cut, where the ranker cuts any.

    Raises:
        ConfigError: The SPEC is wrong.
    """
    kind, _, _ = model.partition(":")
    if kind not in RANKERS.names() or Path(model).exists():
        ranker = RANKERS.make({model_kind(model) or "dense": {"model": model}})
    else:
        ranker = RANKERS.make(model)
    given: Any = ranker
    if max_length is not None and hasattr(given, "max_length"):
        shortened: Ranker = dataclasses.replace(given, max_length=max_length)
        return shortened
    return ranker


def run_model(
    model: str,
    collection: Collection,
    context: Context,
    depth: int,
    *,
    pool: str = "bm25",
    pool_depth: int = 100,
    max_length: int | None = None,
    name: str | None = None,
) -> Run:
    """Returns what a model or a ranker's SPEC finds for a collection's queries.

    Args:
        model: See `ranker_of`.
        collection: What to search.
        context: Where vectors are kept.
        depth: How many documents a query.
        pool: The SPEC of what retrieves for a cross-encoder.
        pool_depth: How many documents of it a cross-encoder scores.
        max_length: Tokens after which texts are cut.
        name: The system's name; the model's unless given.

    Raises:
        HardnegError: A model is not there or does not fit.
    """
    ranker = ranker_of(model, max_length).open(collection, context)
    name = name or model
    if ranker.retrieves:
        return search(name, ranker, collection, depth)
    first = ranker_of(pool).open(collection, context)
    if not first.retrieves:
        raise ConfigError(f"the pool {pool} retrieves nothing; name a ranker that does, as bm25")
    found = search(name, ranker, collection, pool_depth, first)
    return dataclasses.replace(
        found, facts={**found.facts, "pool": pool, "pool_depth": pool_depth, "pool_facts": dict(first.facts)}
    )


def run_file(file: str, collection: Collection, name: str) -> Run:
    """Returns a TREC run file; see `runs.read`."""
    return read(name, Path(file).expanduser(), collection)


def distinct(names: Iterable[str]) -> list[str]:
    """Returns names made distinct by numbers: `bm25`, `bm25_2`."""
    given: list[str] = []
    for name in names:
        number, chosen = 1, name
        while chosen in given:
            number += 1
            chosen = f"{name}_{number}"
        given.append(chosen)
    return given
