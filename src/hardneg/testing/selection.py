"""What every rule and every draw must do."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from hardneg.core.components import DRAWS, RULES
from hardneg.core.records import Candidates
from hardneg.core.registry import settings_of
from hardneg.testing._common import check, check_array, check_settings, same
from hardneg.testing.fakes import example_candidates, example_collection

_NAN = np.float32("nan")


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
