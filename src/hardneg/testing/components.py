"""What every ranker, rule, draw and validator must do."""

from __future__ import annotations

import copy
import dataclasses
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.components import DRAWS, RANKERS, RULES, VALIDATORS, Context, OpenedRanker
from hardneg.core.records import Candidates, Collection, IntArray
from hardneg.core.registry import Registry, settings_of
from hardneg.rankers.sharded_search import ShardableRanker
from hardneg.testing.fakes import FakeRanker, example_candidates, example_collection

_NAN = np.float32("nan")


def check_ranker(ranker: Any, known: Collection | None = None, cache: Path | None = None) -> None:
    """Checks what every ranker must do.

    Args:
        ranker: What stands for it in a recipe.
        known: The collection to rank; that of `example_collection` unless given.
        cache: The cache's folder; a temporary one unless given.

    Raises:
        AssertionError: It does something else.
        HardnegError: It is no ranker, or cannot be opened.
    """
    made = RANKERS.make(ranker)
    name = check_settings(RANKERS, made)
    known = known or example_collection()
    with tempfile.TemporaryDirectory() as temporary:
        opened = made.open(known, Context(cache or Path(temporary)))
        check(name, is_json(opened.facts), "facts cannot be written as JSON")
        queries = np.arange(len(known.queries), dtype=np.int32)
        every = np.tile(np.arange(-1, len(known.documents), dtype=np.int32), (len(queries), 1))
        given = opened.score(queries, every)
        check_array(name, "score()", given, every.shape, np.float32)
        check(name, np.isnan(given[:, 0]).all(), "score() is not NaN where there is no document")
        alone = opened.score(queries[1:2], every[1:2])
        check(name, same(alone[0], given[1]), "score() depends on other queries")
        if opened.retrieves:
            _check_search(name, opened, queries, len(known.documents), made.scored)
            if isinstance(opened, ShardableRanker):
                _check_part(name, opened, queries, len(known.documents))


def check_rule(rule: Any) -> None:
    """Checks what every rule must do.

    Raises:
        AssertionError: It does something else.
        ConfigError: It is no rule, or a setting does not fit.
    """
    made = RULES.make(rule)
    name = check_settings(RULES, made)
    candidates = _scored_candidates(made.by)
    keep = made.keep(candidates)
    check_array(name, "keep()", keep, candidates.shape, bool)
    check(name, same(keep, made.keep(candidates)), "keep() differs when called again")
    part = made.keep(candidates.take(np.array([1])))
    check(name, same(part[0], keep[1]), "keep() of one query depends on the others")
    kinds = ("nothing", "rank", "score", "anchor", "probability")
    check(name, made.reads in kinds, f'reads is "{made.reads}", not one of {", ".join(kinds)}')
    if made.reads in ("score", "anchor"):
        unscored = np.isnan(candidates.score(made.by))
        check(name, not keep[unscored].any(), f"reads {made.reads}, but keeps candidates without a score")
    deeper = made.useful_deeper(candidates)
    check_array(name, "useful_deeper()", deeper, (len(keep),), bool)
    check(name, made.needed_depth() >= 0, "needed_depth() is below 0")
    if made.threshold is not None:
        setting = made.threshold.setting
        check(name, setting in settings_of(made), f"has no setting {setting} for its threshold")


def check_draw(draw: Any) -> None:
    """Checks what every draw must do.

    Raises:
        AssertionError: It does something else.
        ConfigError: It is no draw, or a setting does not fit.
    """
    made = DRAWS.make(draw)
    name = check_settings(DRAWS, made)
    candidates = _scored_candidates(made.by)
    candidates = candidates.only(~np.isnan(candidates.score(made.by)))
    noise = np.random.default_rng(1).uniform(1e-6, 1 - 1e-6, candidates.shape).astype(np.float32)
    priority = made.priority(candidates, noise)
    check_array(name, "priority()", priority, noise.shape, np.float64)
    check(name, np.isnan(priority[candidates.docs < 0]).all(), "draws what is no candidate")
    check(name, not np.isinf(priority).any(), "priority() is infinite")
    check(name, same(priority, made.priority(candidates, noise)), "priority() differs when called again")
    part = made.priority(candidates.take(np.array([1])), noise[1:2])
    check(name, same(part[0], priority[1]), "priority() of one query depends on the others")


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


def check_settings(registry: Registry[Any], component: Any) -> str:
    """Returns the component's name, its settings checked."""
    name = f"{registry.kind} {registry.name_of(component)}"
    described = registry.describe(component)
    check(name, is_json(described), "its settings cannot be written as JSON")
    if dataclasses.is_dataclass(component):
        made: Any = type(component)
        check(name, made.__dataclass_params__.frozen, "it is no frozen dataclass")
    if registry.can_make(described):
        again = registry.make(json.loads(json.dumps(described)))
        check(name, registry.describe(again) == described, f"{described} builds another component")
    return name


def check(name: str, holds: Any, problem: str) -> None:
    """Raises AssertionError in one line if something does not hold."""
    if not holds:
        raise AssertionError(f"{name}: {problem}")


def check_array(name: str, what: str, values: Any, shape: tuple[int, ...], dtype: Any) -> None:
    """Checks that a value is an array of this shape and type."""
    expected = f"{np.dtype(dtype)} {shape}"
    array = isinstance(values, np.ndarray)
    returned = f"{values.dtype} {values.shape}" if array else type(values).__name__
    check(name, returned == expected, f"{what} returns {returned}, expected {expected}")


def same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Returns whether two arrays hold the same bits, NaN the same as NaN."""
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def is_json(value: Mapping[str, Any]) -> bool:
    """Returns whether a mapping can be written as JSON."""
    try:
        json.dumps(dict(value))
    except (TypeError, ValueError):
        return False
    return True


def _check_search(name: str, opened: OpenedRanker, queries: IntArray, size: int, scored: bool) -> None:
    depth = max(size - 1, 1)
    docs, scores = opened.search(queries, depth)
    shape = (len(queries), depth)
    check_array(name, "search() docs", docs, shape, np.int32)
    check_array(name, "search() scores", scores, shape, np.float32)
    check(name, same(docs < 0, np.isnan(scores)), "search() has documents without scores, or the reverse")
    lower, higher = scores[:, 1:], scores[:, :-1]
    check(name, not (lower > higher).any(), "search() does not return the best first")
    tied = (lower == higher) & scored
    check(name, (docs[:, 1:] > docs[:, :-1])[tied].all(), "equal scores do not rank in the corpus's order")
    for row in docs:
        check(name, len(set(row[row >= 0])) == (row >= 0).sum(), "search() returns a document twice")
    again = opened.score(queries, docs)
    check(name, same(again, scores), "a pair's score differs between score() and search()")
    own_docs, own_scores = opened.search(queries[1:2], depth)
    alone = same(own_docs[0], docs[1]) and same(own_scores[0], scores[1])
    check(name, alone, "search() depends on other queries")


def _check_part(name: str, opened: ShardableRanker, queries: IntArray, size: int) -> None:
    whole, none = opened.search(queries, size), np.full(len(queries), -np.inf, np.float32)
    try:
        sent = copy.deepcopy(opened)  # by the same methods as a pickle
    except Exception as error:
        raise AssertionError(f"{name}: has part(), but cannot be pickled: {error}") from error
    found = sent.part(0, size, len(queries)).search(queries, size, none)
    equal = all(same(one, other) for one, other in zip(found, whole, strict=True))
    check(name, equal, "part() of all documents finds others than search(), or scores them otherwise")


def _scored_candidates(by: str | None) -> Candidates:
    """Returns candidates of which some have no score, and a query has no anchor score."""
    known = example_collection()
    scores = np.array(
        [[0.9, 0.8, 0.7, 0.6, _NAN, 0.2], [0.1, 0.9, 0.5, 0.5, 0.2, 0.3], [0.9, 0.1, 0.5, 0.4, _NAN, 0.5]]
    )
    candidates = example_candidates(known, {by or "dense": scores})
    unknown = np.full(candidates.shape, 0.01, np.float32)
    unknown[:, ::2] = _NAN
    return dataclasses.replace(candidates, probability=unknown, votes=np.zeros(candidates.shape, np.int16))
