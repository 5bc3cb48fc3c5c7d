"""What rules learn from a sample of the queries, as the bound that keeps a rate of false negatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.components import RULES, Rule
from hardneg.core.errors import ConfigError
from hardneg.core.records import BoolArray, Candidates
from hardneg.selection.reasons import rule_reason
from hardneg.selection.selector import Selector

_PRIOR_COUNT = 5
"""So many labelled documents, as many as are expected, are added to those found: a few do not say much."""


class FitSample(NamedTuple):
    """Candidates in which known positives stand as if nobody had labelled them.

    Attributes:
        blocks: Candidates with anchor scores and probabilities, and which are known positives,
            (n_queries, depth) bool.
        per_labelled: How many unlabelled relevant documents a labelled one stands for.
    """

    blocks: Sequence[tuple[Candidates, BoolArray]]
    per_labelled: float


def rules_of(run: Mapping[str, Any]) -> list[Rule]:
    """Returns the rules that a run decided by, with what they learned, by its run.json.

    Those that this installation does not know are left out.
    """
    calibration = run.get("validation", {}).get("calibration") or {}
    rules = []
    for described in calibration.get("rules") or run["recipe"]["select"]["rules"]:
        with suppress(ConfigError):
            rules.append(RULES.make(described))
    return rules


def suspected_reasons(run: Mapping[str, Any]) -> frozenset[str]:
    """Returns the reasons for which a run dropped suspected false negatives: its rules on the probability."""
    return frozenset(rule_reason(rule) for rule in rules_of(run) if rule.reads == "probability")


def learns(rule: Rule) -> bool:
    """Returns whether a rule learns anything from a sample."""
    return type(rule).fitted is not Rule.fitted


def fitted_rules(selector: Selector, sample: FitSample) -> tuple[Rule, ...]:
    """Returns the selector's rules with what they learn, one after the other; () where none learns."""
    rules = list(selector.rules)
    learning = [place for place, rule in enumerate(rules) if learns(rule)]
    if not learning:
        return ()
    for place in learning:

        def expected_rate(rule: Rule, place: int = place) -> float:
            others = (*rules[:place], rule, *rules[place + 1 :])
            return _expected_rate(selector.with_rules(others), sample)

        rules[place] = rules[place].fitted(expected_rate)
    return tuple(rules)


def _expected_rate(selector: Selector, sample: FitSample) -> float:
    """Returns the expected share of false negatives among the negatives of a sample, NaN where unknown.

    It is their mean probability, corrected by what is known: if more of the labelled documents would be
    chosen than the probabilities let expect, then more of the unlabelled relevant ones are chosen, too.
    """
    expected, labelled, count = 0.0, 0, 0
    for candidates, positive in sample.blocks:
        if candidates.probability is None:
            continue
        copies = selector.select(candidates).copies
        known = ~np.isnan(candidates.probability)
        unlabelled = known & ~positive
        expected += float((copies * np.where(unlabelled, candidates.probability, 0)).sum())
        count += int(copies[unlabelled].sum())
        labelled += int(copies[known & positive].sum())
    if not count:
        return float("nan")
    labelled_expected = expected / sample.per_labelled if sample.per_labelled else 0.0
    correction = (labelled + _PRIOR_COUNT) / (labelled_expected + _PRIOR_COUNT)
    return expected / count * correction
