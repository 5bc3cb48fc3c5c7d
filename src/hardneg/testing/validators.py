"""What every validator must do."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import VALIDATORS, Context, OpenedRanker
from hardneg.core.records import Collection
from hardneg.testing._common import check, check_array, check_settings, is_json, same
from hardneg.testing.fakes import FakeRanker, example_candidates, example_collection


def check_validator(
    validator: Any,
    known: Collection | None = None,
    rankers: Mapping[str, OpenedRanker] | None = None,
    cache: Path | None = None,
) -> None:
    """Checks what every validator must do.

    Args:
        validator: What stands for it in a recipe.
        known: The collection to validate; that of `example_collection` unless given.
        rankers: Opened rankers by name; a fake one unless given.
        cache: The cache's folder; a temporary one unless given.

    Raises:
        AssertionError: It does something else.
        HardnegError: It is no validator, or cannot be opened.
    """
    made = VALIDATORS.make(validator)
    name = check_settings(VALIDATORS, made)
    known = known or example_collection()
    shape = (len(known.queries), len(known.documents))
    rankers = rankers or {"fake": FakeRanker(np.linspace(1, 0, num=shape[0] * shape[1]).reshape(shape))}
    queries = np.arange(shape[0], dtype=np.int32)
    docs = np.tile(np.arange(shape[1], dtype=np.int32), (shape[0], 1))
    candidates = example_candidates(known, {n: ranker.score(queries, docs) for n, ranker in rankers.items()})
    with tempfile.TemporaryDirectory() as temporary:
        opened = made.open(known, rankers, Context(cache or Path(temporary)))
        evidence = opened.evidence(candidates)
        check_array(name, "evidence()", evidence, candidates.shape, np.float32)
        check(name, np.isnan(evidence[candidates.docs < 0]).all(), "evidence() of no candidate is not NaN")
        check(name, same(opened.evidence(candidates), evidence), "evidence() differs when called again")
        part = opened.evidence(candidates.take(np.array([1])))
        check(name, same(part[0], evidence[1]), "evidence() of one query depends on the others")
        check(name, is_json(opened.facts), "facts cannot be written as JSON")
    suspects = made.suspects(evidence, np.full((shape[0], 1), np.float32("nan")))
    check_array(name, "suspects()", suspects, evidence.shape, bool)
    check(name, not suspects[candidates.docs < 0].any(), "suspects() is true where there is no evidence")
    check(name, made.kind in ("score", "flag", "note"), f'kind is "{made.kind}", not score, flag or note')
    check(name, (made.weight > 0) == (made.kind != "note"), "weight is above 0 for all but a note")
    if made.kind == "flag":
        flags = evidence[~np.isnan(evidence)]
        check(name, ((flags >= 0) & (flags <= 1)).all(), "the evidence of a flag is outside 0 and 1")
